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
        Composite::Fract => {
            let whole = b.op(Op::Trunc, &[v]);
            b.op(Op::Sub, &[v, whole])
        }
    }
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
