//! Dual numbers: forward mode by overloading, which shares nothing with the compiler under test.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A value and its derivative in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// Its derivative.
    pub slope: f64,
}

impl Dual {
    /// A constant.
    pub fn c(value: f64) -> Dual {
        Dual { value, slope: 0.0 }
    }
    /// Sine.
    pub fn sin(self) -> Dual {
        Dual {
            value: self.value.sin(),
            slope: self.value.cos() * self.slope,
        }
    }
    /// Cosine.
    pub fn cos(self) -> Dual {
        Dual {
            value: self.value.cos(),
            slope: -self.value.sin() * self.slope,
        }
    }
    /// Hyperbolic tangent.
    pub fn tanh(self) -> Dual {
        let value = self.value.tanh();
        Dual {
            value,
            slope: (1.0 - value * value) * self.slope,
        }
    }
    /// Exponential.
    pub fn exp(self) -> Dual {
        let value = self.value.exp();
        Dual {
            value,
            slope: value * self.slope,
        }
    }
    /// Natural logarithm.
    pub fn ln(self) -> Dual {
        Dual {
            value: self.value.ln(),
            slope: self.slope / self.value,
        }
    }
    /// Square root.
    pub fn sqrt(self) -> Dual {
        let value = self.value.sqrt();
        Dual {
            value,
            slope: self.slope / (2.0 * value),
        }
    }
    /// Arc tangent.
    pub fn atan(self) -> Dual {
        Dual {
            value: self.value.atan(),
            slope: self.slope / (1.0 + self.value * self.value),
        }
    }
    /// Absolute value; no slope at 0.
    pub fn abs(self) -> Dual {
        let sign = f64::from(u8::from(self.value > 0.0)) - f64::from(u8::from(self.value < 0.0));
        Dual {
            value: self.value.abs(),
            slope: self.slope * sign,
        }
    }
    /// An integer power.
    pub fn powi(self, n: i32) -> Dual {
        Dual {
            value: self.value.powi(n),
            slope: f64::from(n) * self.value.powi(n - 1) * self.slope,
        }
    }
    /// The smaller one; at a tie the first.
    pub fn min(self, other: Dual) -> Dual {
        if other.value < self.value {
            other
        } else {
            self
        }
    }
    /// The larger one; at a tie the first.
    pub fn max(self, other: Dual) -> Dual {
        if other.value > self.value {
            other
        } else {
            self
        }
    }
}

impl PartialEq for Dual {
    fn eq(&self, other: &Dual) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Dual) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Neg for Dual {
    type Output = Dual;
    fn neg(self) -> Dual {
        Dual {
            value: -self.value,
            slope: -self.slope,
        }
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident |$a:ident, $b:ident| $value:expr, $slope:expr;)*) => {$(
        impl $trait for Dual {
            type Output = Dual;
            fn $method(self, other: Dual) -> Dual {
                let ($a, $b) = (self, other);
                Dual { value: $value, slope: $slope }
            }
        }
        impl $trait<&Dual> for Dual {
            type Output = Dual;
            fn $method(self, other: &Dual) -> Dual {
                $trait::$method(self, *other)
            }
        }
        impl $trait<Dual> for &Dual {
            type Output = Dual;
            fn $method(self, other: Dual) -> Dual {
                $trait::$method(*self, other)
            }
        }
        impl $trait<&Dual> for &Dual {
            type Output = Dual;
            fn $method(self, other: &Dual) -> Dual {
                $trait::$method(*self, *other)
            }
        }
    )*};
}

operator! {
    Add add |a, b| a.value + b.value, a.slope + b.slope;
    Sub sub |a, b| a.value - b.value, a.slope - b.slope;
    Mul mul |a, b| a.value * b.value, a.slope * b.value + a.value * b.slope;
    Div div |a, b| a.value / b.value, (a.slope - a.value / b.value * b.slope) / b.value;
}

impl AddAssign for Dual {
    fn add_assign(&mut self, other: Dual) {
        *self = *self + other;
    }
}

impl SubAssign for Dual {
    fn sub_assign(&mut self, other: Dual) {
        *self = *self - other;
    }
}

impl MulAssign for Dual {
    fn mul_assign(&mut self, other: Dual) {
        *self = *self * other;
    }
}

impl DivAssign for Dual {
    fn div_assign(&mut self, other: Dual) {
        *self = *self / other;
    }
}

impl std::iter::Sum for Dual {
    fn sum<I: Iterator<Item = Dual>>(items: I) -> Dual {
        items.fold(Dual::c(-0.0), |a, b| a + b)
    }
}

impl std::iter::Product for Dual {
    fn product<I: Iterator<Item = Dual>>(items: I) -> Dual {
        items.fold(Dual::c(1.0), |a, b| a * b)
    }
}
