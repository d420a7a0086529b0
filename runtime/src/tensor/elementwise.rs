//! Elementwise methods and operators, with NumPy's broadcasting.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Tensor;
use crate::error::{caller, fail};
use crate::{Element, Error, Float, Real, shape};

impl<T: Element> Tensor<T> {
    /// Applies a function to every element.
    #[must_use]
    pub fn map(&self, f: impl Fn(T) -> T) -> Tensor<T> {
        Tensor::built(
            self.shape.clone(),
            self.data().iter().map(|&x| f(x)).collect(),
        )
    }

    /// Applies a function to the elements of both, broadcast against each other.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn zip_map(&self, other: &Tensor<T>, f: impl Fn(T, T) -> T) -> Tensor<T> {
        self.zip("zip_map", other, f)
    }

    #[track_caller]
    fn zip(&self, what: &'static str, other: &Tensor<T>, f: impl Fn(T, T) -> T) -> Tensor<T> {
        if self.shape == other.shape {
            let pairs = self.data().iter().zip(other.data());
            return Tensor::built(self.shape.clone(), pairs.map(|(&a, &b)| f(a, b)).collect());
        }
        let Some(domain) = shape::broadcast(&[&self.shape, &other.shape]) else {
            let shapes: [&[usize]; 2] = [&self.shape, &other.shape];
            fail(&Error::shape(
                caller(what),
                &shapes,
                "they do not broadcast against each other",
            ));
        };
        let strides =
            [&self.shape, &other.shape].map(|shape| shape::broadcast_strides(shape, &domain));
        let (mut index, mut at) = (vec![0; domain.len()], [0; 2]);
        let count: usize = domain.iter().product();
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(f(self.data()[at[0]], other.data()[at[1]]));
            for axis in (0..domain.len()).rev() {
                index[axis] += 1;
                at[0] += strides[0][axis];
                at[1] += strides[1][axis];
                if index[axis] < domain[axis] {
                    break;
                }
                at[0] -= strides[0][axis] * domain[axis];
                at[1] -= strides[1][axis] * domain[axis];
                index[axis] = 0;
            }
        }
        Tensor::built(domain, elements)
    }
}

macro_rules! unary {
    ($($name:ident $formula:literal;)*) => {
        impl<T: Float + Real> Tensor<T> {$(
            #[doc = concat!("`", $formula, "` of every element.")]
            #[must_use]
            pub fn $name(&self) -> Tensor<T> {
                self.map(|x| x.$name())
            }
        )*}
    };
}

unary! {
    abs "|x|"; exp "e^x"; exp2 "2^x"; exp_m1 "e^x - 1"; ln "ln x"; log2 "log2 x"; log10 "log10 x";
    ln_1p "ln(1 + x)"; sqrt "sqrt x"; cbrt "cube root of x"; recip "1 / x"; sin "sin x";
    cos "cos x"; tan "tan x"; asin "arcsin x"; acos "arccos x"; atan "arctan x"; sinh "sinh x";
    cosh "cosh x"; tanh "tanh x"; asinh "arsinh x"; acosh "arcosh x"; atanh "artanh x";
    floor "floor x"; ceil "ceil x"; round "x rounded"; trunc "integer part of x"; signum "sign of x";
    sigmoid "1 / (1 + e^-x)"; softplus "ln(1 + e^x)"; erf "erf x"; relu "max(x, 0)";
}

macro_rules! binary {
    ($($name:ident $function:ident $formula:literal;)*) => {
        impl<T: Float + Real> Tensor<T> {$(
            #[doc = concat!("`", $formula, "` of the elements, broadcast against each other.")]
            ///
            /// # Panics
            /// When the shapes do not broadcast.
            #[must_use]
            #[track_caller]
            pub fn $name(&self, other: &Tensor<T>) -> Tensor<T> {
                self.zip(stringify!($name), other, |a, b| a.$function(b))
            }
        )*}
    };
}

binary! {
    pow powf "a^b"; maximum max "max(a, b)"; minimum min "min(a, b)"; atan2 atan2 "atan2(a, b)";
    hypot hypot "sqrt(a^2 + b^2)"; copysign copysign "|a| with the sign of b";
}

/// Composite functions; the formulas are those of the macro's table, which `tests/` compares.
impl<T: Float + Real> Tensor<T> {
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
}

macro_rules! operators {
    ($($trait:ident $method:ident $sign:literal;)*) => {$(
        impl<T: Float + Real> $trait<&Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                self.zip($sign, other, |a, b| a.$method(b))
            }
        }

        impl<T: Float + Real> $trait<Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                self.$method(&other)
            }
        }

        impl<T: Float + Real> $trait<&Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                (&self).$method(other)
            }
        }

        impl<T: Float + Real> $trait<Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                (&self).$method(&other)
            }
        }

        impl<T: Float + Real> $trait<T> for &Tensor<T> {
            type Output = Tensor<T>;

            fn $method(self, other: T) -> Tensor<T> {
                self.map(|x| x.$method(other))
            }
        }

        impl<T: Float + Real> $trait<T> for Tensor<T> {
            type Output = Tensor<T>;

            fn $method(self, other: T) -> Tensor<T> {
                (&self).$method(other)
            }
        }

        operators!(@left $trait $method f32);
        operators!(@left $trait $method f64);
    )*};
    (@left $trait:ident $method:ident $ty:ident) => {
        impl $trait<&Tensor<$ty>> for $ty {
            type Output = Tensor<$ty>;

            fn $method(self, other: &Tensor<$ty>) -> Tensor<$ty> {
                other.map(|x| self.$method(x))
            }
        }

        impl $trait<Tensor<$ty>> for $ty {
            type Output = Tensor<$ty>;

            fn $method(self, other: Tensor<$ty>) -> Tensor<$ty> {
                self.$method(&other)
            }
        }
    };
}

operators! { Add add "+"; Sub sub "-"; Mul mul "*"; Div div "/"; }

impl<T: Float + Real> Neg for &Tensor<T> {
    type Output = Tensor<T>;

    fn neg(self) -> Tensor<T> {
        self.map(|x| -x)
    }
}

impl<T: Float + Real> Neg for Tensor<T> {
    type Output = Tensor<T>;

    fn neg(self) -> Tensor<T> {
        -&self
    }
}
