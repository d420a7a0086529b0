//! Tensors without floats: masks (`bool`), labels (`u32`) and other integers (`u8`, `i64`). They carry no
//! derivatives, and become floats by `to_float`. A comparison yields ones and zeros of the type that it
//! compares, which choose and count as they are; `to_mask` makes a mask of them, and masks have
//! `&`, `|`, `^` and `!`, eagerly and in a differentiable function.
//!
//! ```
//! use cotangent_runtime::Tensor;
//!
//! let x = Tensor::from_vec(&[4], vec![-1.0, 0.0, 2.0, 5.0])?;
//! let positive = x.greater(&Tensor::zeros(&[4])).to_mask();
//! let large = x.greater(&Tensor::full(&[4], 3.0)).to_mask();
//! let middle = &positive & !&large;
//! assert_eq!(middle.data(), [false, false, true, false]);
//! assert!(middle.any() && !middle.all() && middle.count() == 1);
//! assert_eq!(x.masked_fill(&middle, 9.0).data(), [-1.0, 0.0, 9.0, 5.0]);
//! assert_eq!(middle.to_float::<f64>().sum(), 1.0);
//! let labels = Tensor::from_vec(&[2], vec![3_i64, 1])?.to_labels()?;
//! assert_eq!(labels.data(), [3_u32, 1]);
//! # Ok::<(), cotangent_runtime::Error>(())
//! ```

use std::ops::{BitAnd, BitOr, BitXor, Not};

use super::Tensor;
use crate::axes::Over;
use crate::{Element, Error, Float, Real};

impl<T: Element> Tensor<T> {
    /// A tensor of what a function makes of each element.
    fn converted<U: Element>(&self, f: impl Fn(T) -> U) -> Tensor<U> {
        Tensor::built(
            self.shape.clone(),
            self.data().iter().map(|&x| f(x)).collect(),
        )
    }
}

impl<T: Element> Tensor<T> {
    /// True where an element is not 0. In a differentiable function a mask carries no derivative.
    #[must_use]
    pub fn to_mask(&self) -> Tensor<bool> {
        self.converted(|x| x != T::ZERO)
    }
}

impl<T: Float> Tensor<T> {
    /// The elements in another precision, each rounded once. This is for data: a differentiable
    /// function computes in one float type.
    #[must_use]
    pub fn to_float<U: Float>(&self) -> Tensor<U> {
        self.converted(|x| U::from_f64(x.to_f64()))
    }
}

impl<T: Float + Real> Tensor<T> {
    /// These elements, and `value` where the mask is true, broadcast against each other. No
    /// derivative passes where the mask is true.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn masked_fill(&self, mask: &Tensor<bool>, value: T) -> Tensor<T> {
        mask.to_float::<T>().choose(&Tensor::scalar(value), self)
    }
}

macro_rules! numbers {
    ($($ty:ident $number:expr;)*) => {$(
        impl Tensor<$ty> {
            /// The elements as numbers, which carry no derivative.
            #[must_use]
            pub fn to_float<T: Float>(&self) -> Tensor<T> {
                self.converted(|x| T::from_f64($number(x)))
            }
        }
    )*};
}

numbers! {
    bool |x| f64::from(u8::from(x));
    u8 f64::from;
    i64 |x| x as f64;
}

impl Tensor<bool> {
    /// `a` where this mask is true, else `b`, broadcast against each other.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn choose<T: Float + Real>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        self.to_float::<T>().choose(a, b)
    }

    /// Whether some element is true.
    #[must_use]
    pub fn any(&self) -> bool {
        self.data().contains(&true)
    }

    /// Whether every element is true.
    #[must_use]
    pub fn all(&self) -> bool {
        !self.data().contains(&false)
    }

    /// How many elements are true.
    #[must_use]
    pub fn count(&self) -> usize {
        self.data().iter().filter(|&&x| x).count()
    }
}

/// Reductions of masks.
macro_rules! reductions {
    ($($doc:literal $name:ident $kept:literal;)*) => {
        impl Tensor<bool> {$(
            #[doc = concat!("Whether ", $doc, " element along axes is true; the axes ", $kept, ".")]
            ///
            /// # Panics
            /// When there is no such axis.
            #[must_use]
            #[track_caller]
            pub fn $name(&self, axes: impl Into<Over>) -> Tensor<bool> {
                self.to_float::<f32>().$name(axes).to_mask()
            }
        )*}
    };
}

reductions! {
    "some" any_axis "vanish";
    "some" any_axis_keep "stay with size 1";
    "every" all_axis "vanish";
    "every" all_axis_keep "stay with size 1";
}

impl Tensor<u8> {
    /// The elements as labels.
    #[must_use]
    pub fn to_labels(&self) -> Tensor<u32> {
        self.converted(u32::from)
    }
}

impl Tensor<i64> {
    /// The elements as labels.
    ///
    /// # Errors
    /// When one is negative or above `u32::MAX`.
    pub fn to_labels(&self) -> Result<Tensor<u32>, Error> {
        let fits = |(at, &x): (usize, &i64)| {
            u32::try_from(x).map_err(|_| {
                Error::structure(format!(
                    "element {at} of a tensor of integers is {x}, which is no label: labels are 0 to {}",
                    u32::MAX
                ))
            })
        };
        let labels = self.data().iter().enumerate().map(fits);
        Ok(Tensor::built(
            self.shape.clone(),
            labels.collect::<Result<_, _>>()?,
        ))
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $sign:literal;)*) => {$(
        operators!(@by $trait $method $sign &Tensor<bool>, &Tensor<bool>);
        operators!(@by $trait $method $sign &Tensor<bool>, Tensor<bool>);
        operators!(@by $trait $method $sign Tensor<bool>, &Tensor<bool>);
        operators!(@by $trait $method $sign Tensor<bool>, Tensor<bool>);
    )*};
    (@by $trait:ident $method:ident $sign:literal $left:ty, $right:ty) => {
        impl $trait<$right> for $left {
            type Output = Tensor<bool>;

            #[track_caller]
            fn $method(self, other: $right) -> Tensor<bool> {
                self.zip($sign, std::borrow::Borrow::borrow(&other), |a, b| a.$method(b))
            }
        }
    };
}

operators! { BitAnd bitand "&"; BitOr bitor "|"; BitXor bitxor "^"; }

impl Not for &Tensor<bool> {
    type Output = Tensor<bool>;

    fn not(self) -> Tensor<bool> {
        self.converted(|x| !x)
    }
}

impl Not for Tensor<bool> {
    type Output = Tensor<bool>;

    fn not(self) -> Tensor<bool> {
        !&self
    }
}
