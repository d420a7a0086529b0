//! Functions that are not operations but expand into a few of them, for both regimes.
//!
//! Being expanded, they need no derivative rule of their own. They are written so that neither the
//! value nor the derivative overflows or turns NaN where the function itself is finite, also in
//! the branch of a `Select` that is not taken.

use super::op::{Build, Op};

macro_rules! composites {
    ($($(#[$doc:meta])* $variant:ident $name:literal $arity:literal;)*) => {
        /// A composite function. Parameters follow the argument: `leaky_relu(x, slope)`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub(crate) enum Composite { $($(#[$doc])* $variant,)* }

        impl Composite {
            /// Every composite, in the order of the table.
            pub(crate) const ALL: &'static [Composite] = &[$(Composite::$variant,)*];

            /// The name of the function and of the tensor method.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Composite::$variant => $name,)* }
            }

            /// How many operands it takes.
            pub(crate) const fn arity(self) -> usize {
                match self { $(Composite::$variant => $arity,)* }
            }

            /// The composite of that name.
            pub(crate) fn named(name: &str) -> Option<Composite> {
                Composite::ALL.iter().copied().find(|composite| composite.name() == name)
            }
        }
    };
}

composites! {
    /// `x sigmoid(x)`
    Silu "silu" 1;
    /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`
    Gelu "gelu" 1;
    /// `x/2 (1 + erf(x / sqrt 2))`
    GeluErf "gelu_erf" 1;
    /// `x tanh(softplus(x))`
    Mish "mish" 1;
    /// `x` above 0, else `e^x - 1`
    Elu "elu" 1;
    /// `l x` above 0, else `l a (e^x - 1)`, with the constants of Klambauer et al. 2017
    Selu "selu" 1;
    /// `x` above 0, else `slope x`
    LeakyRelu "leaky_relu" 2;
    /// `x / (1 + |x|)`
    Softsign "softsign" 1;
    /// `ln sigmoid(x)`
    LogSigmoid "log_sigmoid" 1;
    /// `x^2`
    Square "square" 1;
    /// `x^3`
    Cube "cube" 1;
    /// `1 / sqrt x`
    Rsqrt "rsqrt" 1;
    /// `clamp(x, -1, 1)`
    HardTanh "hard_tanh" 1;
    /// `min(max(x, lo), hi)`; at an edge the derivative is that of `x`
    Clamp "clamp" 3;
    /// degrees to radians
    ToRadians "to_radians" 1;
    /// radians to degrees
    ToDegrees "to_degrees" 1;
    /// the fractional part, with the sign of `x`
    Fract "fract" 1;
    /// `sqrt x`, with derivative 0 at 0
    SafeSqrt "safe_sqrt" 1;
    /// `min(max(x, 0), 6)`
    Relu6 "relu6" 1;
    /// `max(x, 0) + min(0, a (e^(x/a) - 1))`
    Celu "celu" 2;
    /// `relu6(x + 3) / 6`
    HardSigmoid "hard_sigmoid" 1;
    /// `x relu6(x + 3) / 6`
    HardSwish "hard_swish" 1;
    /// `x - tanh x`
    TanhShrink "tanh_shrink" 1;
    /// `e^(-x^2)`
    Gaussian "gaussian" 1;
    /// `x + sin(x)^2`
    Snake "snake" 1;
    /// `ln cosh x` without overflow
    LogCosh "log_cosh" 1;
    /// `ln(x / (1 - x))`
    Logit "logit" 1;
    /// `-x ln x`, 0 at 0
    Entr "entr" 1;
    /// `sin(pi x) / (pi x)`, 1 at 0
    Sinc "sinc" 1;
    /// the standard normal distribution function
    NormalCdf "normal_cdf" 1;
    /// `ln(e^x + e^y)` without overflow
    LogAddExp "logaddexp" 2;
    /// `ln(e^x - e^y)` for x > y
    LogSubExp "logsubexp" 2;
    /// `x ln y`, 0 where x is 0
    Xlogy "xlogy" 2;
    /// `x ln(1 + y)`, 0 where x is 0
    Xlog1py "xlog1py" 2;
    /// `(x - y)^2`
    SquaredDifference "squared_difference" 2;
    /// `x - y floor(x / y)`
    FloorMod "floor_mod" 2;
    /// `ln B(x, y)`
    LogBeta "log_beta" 2;
    /// `x + t (y - x)`
    Lerp "lerp" 3;
    /// `r^2 / 2` for `|r| < d`, else `d (|r| - d/2)`; r = x - y
    Huber "huber" 3;
    /// `r^2 / (2 b)` for `|r| < b`, else `|r| - b/2`; r = x - y
    SmoothL1 "smooth_l1" 3;
    /// `max(q r, (q - 1) r)`, r = y - x: the loss of the quantile q
    Pinball "pinball" 3;
    /// `sqrt((x - y)^2 + e^2)`
    Charbonnier "charbonnier" 3;
    /// `softplus(x) - y x`: binary cross-entropy of a logit
    BceWithLogits "bce_with_logits" 2;
    /// `-(y ln x + (1 - y) ln(1 - x))`: binary cross-entropy of a probability
    Bce "bce" 2;
    /// `e^x - y x`: minus the log-likelihood of a count y with log-rate x, but for a constant
    PoissonNll "poisson_nll" 2;
    /// `max(0, 1 - y x)`
    Hinge "hinge" 2;
    /// `(s + (t - x)^2 e^-s) / 2`: minus the log-likelihood of t with log-variance s
    GaussianNll "gaussian_nll" 3;
    /// 1 where `x > y`, else 0
    Greater "greater" 2;
    /// 1 where `x >= y`, else 0
    GreaterEqual "greater_equal" 2;
    /// 1 where `x < y`, else 0
    Less "less" 2;
    /// 1 where `x <= y`, else 0
    LessEqual "less_equal" 2;
    /// 1 where `x == y`, else 0
    Equal "equal" 2;
    /// 1 where `x != y`, else 0
    NotEqual "not_equal" 2;
    /// `a` where `x` is not 0, else `b`
    Choose "choose" 3;
}

/// Expands a composite over its operands.
pub(crate) fn expand<B: Build>(b: &mut B, composite: Composite, x: &[B::Id]) -> B::Id {
    let (v, zero, one) = (x[0], b.constant(0.0), b.constant(1.0));
    match composite {
        Composite::Silu => {
            let gate = b.op(Op::Sigmoid, &[v]);
            b.op(Op::Mul, &[v, gate])
        }
        Composite::Gelu => {
            // sqrt(2/pi)
            let scale = b.constant(0.797_884_560_802_865_4);
            let cubic = b.constant(0.044_715);
            let square = b.op(Op::Mul, &[v, v]);
            let bend = b.op(Op::Mul, &[cubic, square]);
            let bend = b.op(Op::Add, &[one, bend]);
            let inner = b.op(Op::Mul, &[v, bend]);
            let inner = b.op(Op::Mul, &[scale, inner]);
            let step = b.op(Op::Tanh, &[inner]);
            half_of_one_plus(b, v, step)
        }
        Composite::GeluErf => {
            let scale = b.constant(std::f64::consts::FRAC_1_SQRT_2);
            let inner = b.op(Op::Mul, &[v, scale]);
            let step = b.op(Op::Erf, &[inner]);
            half_of_one_plus(b, v, step)
        }
        Composite::Mish => {
            let soft = b.op(Op::Softplus, &[v]);
            let gate = b.op(Op::Tanh, &[soft]);
            b.op(Op::Mul, &[v, gate])
        }
        Composite::Elu => exponential_below(b, v, 1.0, 1.0),
        Composite::Selu => {
            exponential_below(b, v, 1.050_700_987_355_480_5, 1.758_099_340_847_376_6)
        }
        Composite::LeakyRelu => {
            let above = b.op(Op::Gt, &[v, zero]);
            let below = b.op(Op::Mul, &[v, x[1]]);
            b.op(Op::Select, &[above, v, below])
        }
        Composite::Softsign => {
            let size = b.op(Op::Abs, &[v]);
            let divisor = b.op(Op::Add, &[one, size]);
            b.op(Op::Div, &[v, divisor])
        }
        Composite::LogSigmoid => {
            let minus = b.op(Op::Neg, &[v]);
            let soft = b.op(Op::Softplus, &[minus]);
            b.op(Op::Neg, &[soft])
        }
        Composite::Square => b.op(Op::Mul, &[v, v]),
        Composite::Cube => {
            let square = b.op(Op::Mul, &[v, v]);
            b.op(Op::Mul, &[square, v])
        }
        Composite::Rsqrt => {
            let root = b.op(Op::Sqrt, &[v]);
            b.op(Op::Div, &[one, root])
        }
        Composite::HardTanh => {
            let minus = b.constant(-1.0);
            clamp(b, v, minus, one)
        }
        Composite::Clamp => clamp(b, v, x[1], x[2]),
        Composite::ToRadians => {
            let factor = b.constant(std::f64::consts::PI / 180.0);
            b.op(Op::Mul, &[v, factor])
        }
        Composite::ToDegrees => {
            let factor = b.constant(180.0 / std::f64::consts::PI);
            b.op(Op::Mul, &[v, factor])
        }
        Composite::SafeSqrt => {
            let zeroes = b.op(Op::Eq, &[v, zero]);
            let safe = b.op(Op::Select, &[zeroes, one, v]);
            let root = b.op(Op::Sqrt, &[safe]);
            b.op(Op::Select, &[zeroes, zero, root])
        }
        Composite::Relu6 => {
            let six = b.constant(6.0);
            clamp(b, v, zero, six)
        }
        Composite::Celu => {
            let positive = b.op(Op::Gt, &[v, zero]);
            let capped = b.op(Op::Select, &[positive, zero, v]);
            let scaled = b.op(Op::Div, &[capped, x[1]]);
            let decay = b.op(Op::ExpM1, &[scaled]);
            let curve = b.op(Op::Mul, &[x[1], decay]);
            b.op(Op::Select, &[positive, v, curve])
        }
        Composite::HardSigmoid => hard_gate(b, v),
        Composite::HardSwish => {
            let gate = hard_gate(b, v);
            b.op(Op::Mul, &[v, gate])
        }
        Composite::TanhShrink => {
            let bend = b.op(Op::Tanh, &[v]);
            b.op(Op::Sub, &[v, bend])
        }
        Composite::Gaussian => {
            let square = b.op(Op::Mul, &[v, v]);
            let exponent = b.op(Op::Neg, &[square]);
            b.op(Op::Exp, &[exponent])
        }
        Composite::Snake => {
            let wave = b.op(Op::Sin, &[v]);
            let square = b.op(Op::Mul, &[wave, wave]);
            b.op(Op::Add, &[v, square])
        }
        // |x| + softplus(-2|x|) - ln 2 loses the digits of a small result; with softplus(-2x)
        // instead the slope is 1 - 2 sigmoid(-2x) = tanh x, also at 0.
        Composite::LogCosh => {
            let (minus_two, ln2) = (b.constant(-2.0), b.constant(std::f64::consts::LN_2));
            let exponent = b.op(Op::Mul, &[minus_two, v]);
            let soft = b.op(Op::Softplus, &[exponent]);
            let sum = b.op(Op::Add, &[v, soft]);
            b.op(Op::Sub, &[sum, ln2])
        }
        Composite::Logit => {
            let minus = b.op(Op::Neg, &[v]);
            let (upper, lower) = (b.op(Op::Ln, &[v]), b.op(Op::Ln1p, &[minus]));
            b.op(Op::Sub, &[upper, lower])
        }
        Composite::Entr => {
            let product = x_times_log(b, v, v, Op::Ln);
            b.op(Op::Neg, &[product])
        }
        Composite::Sinc => {
            let pi = b.constant(std::f64::consts::PI);
            let zeroes = b.op(Op::Eq, &[v, zero]);
            let safe = b.op(Op::Select, &[zeroes, one, v]);
            let angle = b.op(Op::Mul, &[pi, safe]);
            let wave = b.op(Op::Sin, &[angle]);
            let quotient = b.op(Op::Div, &[wave, angle]);
            b.op(Op::Select, &[zeroes, one, quotient])
        }
        // erfc keeps the digits of the lower tail.
        Composite::NormalCdf => {
            let (half, scale) = (
                b.constant(0.5),
                b.constant(-std::f64::consts::FRAC_1_SQRT_2),
            );
            let scaled = b.op(Op::Mul, &[v, scale]);
            let tail = b.op(Op::Erfc, &[scaled]);
            b.op(Op::Mul, &[half, tail])
        }
        // Equal operands apart: equal infinities have no difference, and the slopes are 1/2.
        Composite::LogAddExp => {
            let (half, ln2) = (b.constant(0.5), b.constant(std::f64::consts::LN_2));
            let equal = b.op(Op::Eq, &[v, x[1]]);
            let larger = b.op(Op::Max, &[v, x[1]]);
            let gap = b.op(Op::Sub, &[v, x[1]]);
            let gap = b.op(Op::Select, &[equal, one, gap]);
            let gap = b.op(Op::Abs, &[gap]);
            let gap = b.op(Op::Neg, &[gap]);
            let soft = b.op(Op::Softplus, &[gap]);
            let apart = b.op(Op::Add, &[larger, soft]);
            let sum = b.op(Op::Add, &[v, x[1]]);
            let middle = b.op(Op::Mul, &[half, sum]);
            let together = b.op(Op::Add, &[middle, ln2]);
            b.op(Op::Select, &[equal, together, apart])
        }
        Composite::LogSubExp => {
            let gap = b.op(Op::Sub, &[x[1], v]);
            let rest = b.op(Op::ExpM1, &[gap]);
            let rest = b.op(Op::Neg, &[rest]);
            let log = b.op(Op::Ln, &[rest]);
            b.op(Op::Add, &[v, log])
        }
        Composite::Xlogy => x_times_log(b, v, x[1], Op::Ln),
        Composite::Xlog1py => x_times_log(b, v, x[1], Op::Ln1p),
        Composite::SquaredDifference => {
            let difference = b.op(Op::Sub, &[v, x[1]]);
            b.op(Op::Mul, &[difference, difference])
        }
        Composite::FloorMod => {
            let quotient = b.op(Op::Div, &[v, x[1]]);
            let whole = b.op(Op::Floor, &[quotient]);
            let part = b.op(Op::Mul, &[x[1], whole]);
            b.op(Op::Sub, &[v, part])
        }
        Composite::LogBeta => {
            let sum = b.op(Op::Add, &[v, x[1]]);
            let (first, second) = (b.op(Op::Lgamma, &[v]), b.op(Op::Lgamma, &[x[1]]));
            let both = b.op(Op::Add, &[first, second]);
            let joint = b.op(Op::Lgamma, &[sum]);
            b.op(Op::Sub, &[both, joint])
        }
        Composite::Lerp => {
            let gap = b.op(Op::Sub, &[x[1], v]);
            let part = b.op(Op::Mul, &[x[2], gap]);
            b.op(Op::Add, &[v, part])
        }
        Composite::Huber | Composite::SmoothL1 => {
            let half = b.constant(0.5);
            let gap = b.op(Op::Sub, &[v, x[1]]);
            let size = b.op(Op::Abs, &[gap]);
            let near = b.op(Op::Lt, &[size, x[2]]);
            let square = b.op(Op::Mul, &[gap, gap]);
            let bowl = b.op(Op::Mul, &[half, square]);
            let edge = b.op(Op::Mul, &[half, x[2]]);
            let line = b.op(Op::Sub, &[size, edge]);
            if composite == Composite::Huber {
                let line = b.op(Op::Mul, &[x[2], line]);
                b.op(Op::Select, &[near, bowl, line])
            } else {
                let bowl = b.op(Op::Div, &[bowl, x[2]]);
                b.op(Op::Select, &[near, bowl, line])
            }
        }
        Composite::Pinball => {
            let gap = b.op(Op::Sub, &[x[1], v]);
            let less = b.op(Op::Sub, &[x[2], one]);
            let (above, below) = (b.op(Op::Mul, &[x[2], gap]), b.op(Op::Mul, &[less, gap]));
            b.op(Op::Max, &[above, below])
        }
        Composite::Charbonnier => {
            let gap = b.op(Op::Sub, &[v, x[1]]);
            b.op(Op::Hypot, &[gap, x[2]])
        }
        Composite::BceWithLogits => {
            let soft = b.op(Op::Softplus, &[v]);
            let part = b.op(Op::Mul, &[x[1], v]);
            b.op(Op::Sub, &[soft, part])
        }
        Composite::Bce => {
            let (rest, minus) = (b.op(Op::Sub, &[one, x[1]]), b.op(Op::Neg, &[v]));
            let hit = x_times_log(b, x[1], v, Op::Ln);
            let miss = x_times_log(b, rest, minus, Op::Ln1p);
            let sum = b.op(Op::Add, &[hit, miss]);
            b.op(Op::Neg, &[sum])
        }
        Composite::PoissonNll => {
            let rate = b.op(Op::Exp, &[v]);
            let part = b.op(Op::Mul, &[x[1], v]);
            b.op(Op::Sub, &[rate, part])
        }
        Composite::Hinge => {
            let product = b.op(Op::Mul, &[x[1], v]);
            let margin = b.op(Op::Sub, &[one, product]);
            b.op(Op::Relu, &[margin])
        }
        Composite::GaussianNll => {
            let half = b.constant(0.5);
            let gap = b.op(Op::Sub, &[x[2], v]);
            let square = b.op(Op::Mul, &[gap, gap]);
            let minus = b.op(Op::Neg, &[x[1]]);
            let precision = b.op(Op::Exp, &[minus]);
            let scaled = b.op(Op::Mul, &[square, precision]);
            let sum = b.op(Op::Add, &[x[1], scaled]);
            b.op(Op::Mul, &[half, sum])
        }
        Composite::Greater => mask(b, Op::Gt, x),
        Composite::GreaterEqual => mask(b, Op::Ge, x),
        Composite::Less => mask(b, Op::Lt, x),
        Composite::LessEqual => mask(b, Op::Le, x),
        Composite::Equal => mask(b, Op::Eq, x),
        Composite::NotEqual => mask(b, Op::Ne, x),
        Composite::Choose => {
            let condition = b.op(Op::Ne, &[v, zero]);
            b.op(Op::Select, &[condition, x[1], x[2]])
        }
        Composite::Fract => {
            let whole = b.op(Op::Trunc, &[v]);
            b.op(Op::Sub, &[v, whole])
        }
    }
}

/// A comparison as 1 or 0.
fn mask<B: Build>(b: &mut B, comparison: Op, x: &[B::Id]) -> B::Id {
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let condition = b.op(comparison, x);
    b.op(Op::Select, &[condition, one, zero])
}

/// `relu6(x + 3) / 6`
fn hard_gate<B: Build>(b: &mut B, x: B::Id) -> B::Id {
    let (zero, three, six) = (b.constant(0.0), b.constant(3.0), b.constant(6.0));
    let moved = b.op(Op::Add, &[x, three]);
    let cut = clamp(b, moved, zero, six);
    b.op(Op::Div, &[cut, six])
}

/// `x log(y)`, 0 where x is 0: there a logarithm that is not finite is never taken, and a finite
/// one stays the slope of x.
fn x_times_log<B: Build>(b: &mut B, x: B::Id, y: B::Id, log: Op) -> B::Id {
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let (least, most) = (
        b.constant(if log == Op::Ln { 0.0 } else { -1.0 }),
        b.constant(f64::INFINITY),
    );
    let (above, below) = (b.op(Op::Gt, &[y, least]), b.op(Op::Lt, &[y, most]));
    let finite = b.op(Op::And, &[above, below]);
    let infinite = b.op(Op::Not, &[finite]);
    let vanishes = b.op(Op::Eq, &[x, zero]);
    let hidden = b.op(Op::And, &[vanishes, infinite]);
    let safe = b.op(Op::Select, &[hidden, one, y]);
    let value = b.op(log, &[safe]);
    b.op(Op::Mul, &[x, value])
}

/// `x/2 (1 + step)`
fn half_of_one_plus<B: Build>(b: &mut B, x: B::Id, step: B::Id) -> B::Id {
    let (half, one) = (b.constant(0.5), b.constant(1.0));
    let gate = b.op(Op::Add, &[one, step]);
    let halved = b.op(Op::Mul, &[half, x]);
    b.op(Op::Mul, &[halved, gate])
}

/// `above * x` for positive x, else `below * (e^x - 1)`. The exponent is capped at 0, so that the
/// side that is not taken cannot overflow and put `0 * inf` into the derivative.
fn exponential_below<B: Build>(b: &mut B, x: B::Id, above: f64, below: f64) -> B::Id {
    let zero = b.constant(0.0);
    let positive = b.op(Op::Gt, &[x, zero]);
    let capped = b.op(Op::Select, &[positive, zero, x]);
    let decay = b.op(Op::ExpM1, &[capped]);
    let (above, below) = (b.constant(above), b.constant(below));
    let line = b.op(Op::Mul, &[above, x]);
    let curve = b.op(Op::Mul, &[below, decay]);
    b.op(Op::Select, &[positive, line, curve])
}

/// Ties go to the first operand of `max` and `min`, hence `x` comes first.
fn clamp<B: Build>(b: &mut B, x: B::Id, low: B::Id, high: B::Id) -> B::Id {
    let raised = b.op(Op::Max, &[x, low]);
    b.op(Op::Min, &[raised, high])
}
