//! Composite functions of every element; the formulas are those of the macro's table
//! (`ir::composite`), and the golden tests compare both with a third system.

use super::{Operand, Tensor};
use crate::methods::half::eager;
use crate::{Float, Real};

/// A constant of the element type.
fn c<T: Float>(value: f64) -> T {
    T::from_f64(value)
}

/// A comparison as 1 or 0.
fn flag<T: Float>(holds: bool) -> T {
    if holds { T::ONE } else { T::ZERO }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident |$x:ident| $body:expr;)*) => {
        eager! {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Tensor<T> {
                self.map(|$x| $body)
            }
        )*}
    };
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident |$x:ident, $y:ident| $body:expr;)*) => {
        eager! {$(
            $(#[$doc])*
            ///
            /// # Panics
            /// When the shapes do not broadcast.
            #[must_use]
            #[track_caller]
            pub fn $name(&self, other: impl Operand<Self>) -> Tensor<T> {
                self.zip(stringify!($name), &other.whole(), |$x, $y| $body)
            }
        )*}
    };
}

unary! {
    /// `sqrt x`, with derivative 0 at 0
    safe_sqrt |x| x.sqrt();
    /// `min(max(x, 0), 6)`
    relu6 |x| x.max(c(0.0)).min(c(6.0));
    /// `relu6(x + 3) / 6`
    hard_sigmoid |x| (x + c(3.0)).max(c(0.0)).min(c(6.0)) / c(6.0);
    /// `x relu6(x + 3) / 6`
    hard_swish |x| x * ((x + c(3.0)).max(c(0.0)).min(c(6.0)) / c(6.0));
    /// `x - tanh x`
    tanh_shrink |x| x - x.tanh();
    /// `e^(-x^2)`
    gaussian |x| (-(x * x)).exp();
    /// `x + sin(x)^2`
    snake |x| x + x.sin() * x.sin();
    /// `ln cosh x` without overflow
    log_cosh |x| x + (x * c(-2.0)).softplus() - c(std::f64::consts::LN_2);
    /// `ln(x / (1 - x))`
    logit |x| x.ln() - (-x).ln_1p();
    /// `-x ln x`, 0 at 0
    entr |x| if x == T::ZERO { T::ZERO } else { -(x * x.ln()) };
    /// `sin(pi x) / (pi x)`, 1 at 0
    sinc |x| {
        let angle = x * c(std::f64::consts::PI);
        if x == T::ZERO { T::ONE } else { angle.sin() / angle }
    };
    /// the standard normal distribution function
    normal_cdf |x| c::<T>(0.5) * (x * c(-std::f64::consts::FRAC_1_SQRT_2)).erfc();
    /// the fractional part, with the sign of `x`
    fract |x| x - x.trunc();
    /// degrees to radians
    to_radians |x| x * c(std::f64::consts::PI / 180.0);
    /// radians to degrees
    to_degrees |x| x * c(180.0 / std::f64::consts::PI);
}

binary! {
    /// `ln(e^x + e^y)` without overflow
    logaddexp |x, y| if x == y {
        c::<T>(0.5) * (x + y) + c(std::f64::consts::LN_2)
    } else {
        x.max(y) + (-(x - y).abs()).softplus()
    };
    /// `ln(e^x - e^y)` for x > y
    logsubexp |x, y| x + (-(y - x).exp_m1()).ln();
    /// `x ln y`, 0 where x is 0
    xlogy |x, y| if x == T::ZERO { T::ZERO } else { x * y.ln() };
    /// `x ln(1 + y)`, 0 where x is 0
    xlog1py |x, y| if x == T::ZERO { T::ZERO } else { x * y.ln_1p() };
    /// `(x - y)^2`
    squared_difference |x, y| (x - y) * (x - y);
    /// `x - y trunc(x / y)`, with the sign of x
    fmod |x, y| x % y;
    /// `x - y floor(x / y)`
    floor_mod |x, y| x - y * (x / y).floor();
    /// `ln B(x, y)`
    log_beta |x, y| x.lgamma() + y.lgamma() - (x + y).lgamma();
    /// `softplus(x) - y x`: binary cross-entropy of a logit
    bce_with_logits |x, y| x.softplus() - y * x;
    /// `-(y ln x + (1 - y) ln(1 - x))`: binary cross-entropy of a probability
    bce |x, y| {
        let hit = if y == T::ZERO { T::ZERO } else { y * x.ln() };
        let rest = T::ONE - y;
        let miss = if rest == T::ZERO { T::ZERO } else { rest * (-x).ln_1p() };
        -(hit + miss)
    };
    /// `e^x - y x`: minus the log-likelihood of a count y with log-rate x, but for a constant
    poisson_nll |x, y| x.exp() - y * x;
    /// `max(0, 1 - y x)`
    hinge |x, y| (T::ONE - y * x).relu();
    /// 1 where `x > y`, else 0
    greater |x, y| flag(x > y);
    /// 1 where `x >= y`, else 0
    greater_equal |x, y| flag(x >= y);
    /// 1 where `x < y`, else 0
    less |x, y| flag(x < y);
    /// 1 where `x <= y`, else 0
    less_equal |x, y| flag(x <= y);
    /// 1 where `x == y`, else 0
    equal |x, y| flag(x == y);
    /// 1 where `x != y`, else 0
    not_equal |x, y| flag(x != y);
}

eager! {
    fn constant(value: f64) -> T {
        T::from_f64(value)
    }

    /// `x^p` of every element.
    #[must_use]
    pub fn powf(&self, exponent: T) -> Tensor<T> {
        self.map(|x| x.powf(exponent))
    }

    /// `x^n` of every element.
    #[must_use]
    pub fn powi(&self, exponent: i32) -> Tensor<T> {
        self.map(|x| x.powi(exponent))
    }

    /// `x sigmoid(x)`
    #[must_use]
    pub fn silu(&self) -> Tensor<T> {
        self.map(|x| x * x.sigmoid())
    }

    /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`
    #[must_use]
    pub fn gelu(&self) -> Tensor<T> {
        let [half, scale, cubic] = [0.5, 0.797_884_560_802_865_4, 0.044_715].map(Self::constant);
        self.map(|x| half * x * (T::ONE + (scale * (x * (T::ONE + cubic * (x * x)))).tanh()))
    }

    /// `x/2 (1 + erf(x / sqrt 2))`
    #[must_use]
    pub fn gelu_erf(&self) -> Tensor<T> {
        let [half, scale] = [0.5, std::f64::consts::FRAC_1_SQRT_2].map(Self::constant);
        self.map(|x| half * x * (T::ONE + (x * scale).erf()))
    }

    /// `x tanh(softplus(x))`
    #[must_use]
    pub fn mish(&self) -> Tensor<T> {
        self.map(|x| x * x.softplus().tanh())
    }

    /// `x` above 0, else `e^x - 1`
    #[must_use]
    pub fn elu(&self) -> Tensor<T> {
        self.map(|x| if x > T::ZERO { x } else { x.exp_m1() })
    }

    /// `l x` above 0, else `l a (e^x - 1)` with the constants of Klambauer et al. 2017
    #[must_use]
    pub fn selu(&self) -> Tensor<T> {
        let [above, below] = [1.050_700_987_355_480_5, 1.758_099_340_847_376_6].map(Self::constant);
        self.map(|x| {
            if x > T::ZERO {
                above * x
            } else {
                below * x.exp_m1()
            }
        })
    }

    /// `x` above 0, else `slope x`
    #[must_use]
    pub fn leaky_relu(&self, slope: T) -> Tensor<T> {
        self.map(|x| if x > T::ZERO { x } else { x * slope })
    }

    /// `x / (1 + |x|)`
    #[must_use]
    pub fn softsign(&self) -> Tensor<T> {
        self.map(|x| x / (T::ONE + x.abs()))
    }

    /// `ln sigmoid(x)`
    #[must_use]
    pub fn log_sigmoid(&self) -> Tensor<T> {
        self.map(|x| -(-x).softplus())
    }

    /// `x^2`
    #[must_use]
    pub fn square(&self) -> Tensor<T> {
        self.map(|x| x * x)
    }

    /// `x^3`
    #[must_use]
    pub fn cube(&self) -> Tensor<T> {
        self.map(|x| x * x * x)
    }

    /// `1 / sqrt x`
    #[must_use]
    pub fn rsqrt(&self) -> Tensor<T> {
        self.map(|x| T::ONE / x.sqrt())
    }

    /// `min(max(x, low), high)`
    #[must_use]
    pub fn clamp(&self, low: T, high: T) -> Tensor<T> {
        self.map(|x| x.max(low).min(high))
    }

    /// `clamp(x, -1, 1)`
    #[must_use]
    pub fn hard_tanh(&self) -> Tensor<T> {
        self.clamp(-T::ONE, T::ONE)
    }

    /// `max(x, 0) + min(0, a (e^(x/a) - 1))`
    #[must_use]
    pub fn celu(&self, a: T) -> Tensor<T> {
        self.map(|x| if x > T::ZERO { x } else { a * (x / a).exp_m1() })
    }

    /// `r^2 / 2` for `|r| < delta`, else `delta (|r| - delta / 2)`; r = x - y
    ///
    /// # Panics
    /// When the shapes do not broadcast; so for the next three.
    #[must_use]
    #[track_caller]
    pub fn huber(&self, target: &Tensor<T>, delta: T) -> Tensor<T> {
        self.zip("huber", target, |x, y| {
            let (r, half) = (x - y, c::<T>(0.5));
            if r.abs() < delta {
                half * (r * r)
            } else {
                delta * (r.abs() - half * delta)
            }
        })
    }

    /// `r^2 / (2 beta)` for `|r| < beta`, else `|r| - beta / 2`; r = x - y
    #[must_use]
    #[track_caller]
    pub fn smooth_l1(&self, target: &Tensor<T>, beta: T) -> Tensor<T> {
        self.zip("smooth_l1", target, |x, y| {
            let (r, half) = (x - y, c::<T>(0.5));
            if r.abs() < beta {
                half * (r * r) / beta
            } else {
                r.abs() - half * beta
            }
        })
    }

    /// `max(q r, (q - 1) r)`, r = y - x: the loss of the quantile q
    #[must_use]
    #[track_caller]
    pub fn pinball(&self, target: &Tensor<T>, q: T) -> Tensor<T> {
        self.zip("pinball", target, |x, y| {
            (q * (y - x)).max((q - T::ONE) * (y - x))
        })
    }

    /// `sqrt((x - y)^2 + eps^2)`
    #[must_use]
    #[track_caller]
    pub fn charbonnier(&self, target: &Tensor<T>, eps: T) -> Tensor<T> {
        self.zip("charbonnier", target, |x, y| (x - y).hypot(eps))
    }

    /// `(s + (t - x)^2 e^-s) / 2`: minus the log-likelihood of targets t with log-variance s
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn gaussian_nll(&self, log_variance: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        let square = self.zip("gaussian_nll", target, |x, t| (t - x) * (t - x));
        log_variance.zip("gaussian_nll", &square, |s, square| {
            c::<T>(0.5) * (s + square * (-s).exp())
        })
    }

    /// `x + t (y - x)`
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn lerp(&self, other: &Tensor<T>, t: &Tensor<T>) -> Tensor<T> {
        let gap = other.zip("lerp", self, |y, x| y - x);
        self + gap.zip("lerp", t, |gap, t| t * gap)
    }

    /// `x y + z`, rounded once.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn mul_add(&self, factor: &Tensor<T>, addend: &Tensor<T>) -> Tensor<T> {
        // A pair of positions keeps both factors together until the addend is known.
        let spread = |x: &Tensor<T>, like: &Tensor<T>| x.zip("mul_add", like, |x, _| x);
        let (x, y) = (spread(self, factor), spread(factor, self));
        let (x, y) = (spread(&x, addend), spread(&y, addend));
        let addend = spread(addend, &x);
        let factors = x.data().iter().zip(y.data()).zip(addend.data());
        let results = factors
            .map(|((&x, &y), &z)| Real::mul_add(x, y, z))
            .collect();
        Tensor::built(x.shape().to_vec(), results)
    }

    /// `a` where this tensor, a mask, is not 0, else `b`. The cotangent of the side that is not taken
    /// is 0; both sides are computed, so that an infinite slope there makes 0 times infinity, NaN, as
    /// everywhere in NumPy's descendants. Choose the argument first, `mask.choose(&x, &one).sqrt()`, or
    /// write an `if` in a scalar function for `map`, whose untaken branch never runs.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn choose(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        let spread = |x: &Tensor<T>, like: &Tensor<T>| x.zip("choose", like, |x, _| x);
        let (mask, a, b) = (spread(&spread(self, a), b), spread(a, b), spread(b, a));
        let (a, b) = (spread(&a, &mask), spread(&b, &mask));
        let sides = mask.data().iter().zip(a.data()).zip(b.data());
        let results = sides
            .map(|((&mask, &a), &b)| if mask == T::ZERO { b } else { a })
            .collect();
        Tensor::built(mask.shape().to_vec(), results)
    }

    /// The same values; a constant for derivatives.
    #[must_use]
    pub fn detach(&self) -> Tensor<T> {
        self.clone()
    }

    /// 1 where an element is not 0, else 0.
    pub(crate) fn truth(&self) -> Tensor<T> {
        self.map(|x| flag(x != T::ZERO))
    }

    /// What a number is divided by so that its square neither overflows nor vanishes.
    pub(crate) fn scale(&self) -> Tensor<T> {
        let usable = |x: T| x > T::ZERO && x.to_f64().is_finite();
        self.map(|x| if usable(x) { x } else { T::ONE })
    }

    /// Every element times a number.
    pub(crate) fn times(&self, factor: f64) -> Tensor<T> {
        self.map(|x| x * c(factor))
    }

    /// Every element to the power of a number.
    pub(crate) fn power(&self, exponent: f64) -> Tensor<T> {
        self.map(|x| x.powf(c(exponent)))
    }

    /// Every element plus a number.
    pub(crate) fn plus(&self, term: f64) -> Tensor<T> {
        self.map(|x| x + c(term))
    }
}
