//! `Tensor`: a dynamically shaped array whose every method runs eagerly.
//!
//! Elements are contiguous in row-major order and shared: a clone costs nothing, and the first
//! write to a shared tensor copies it. A strided view is a copy. An operator whose
//! shapes do not fit panics at the caller's place with the text that `bind` returns as an error.

mod assign;
mod composite;
mod discrete;
mod elementwise;
mod interop;
mod operand;
mod serial;
mod structural;

pub use operand::Operand;

use crate::buffer::{Buffer, Shared};
use crate::{Element, Error, shape};

/// An array of any rank with elements of type `T`.
///
/// Axes and positions may be negative and count from the end. A reduction `name_axis(axes)` removes
/// the axes and `name_axis_keep(axes)` leaves them with size 1, where `axes` is `1`, `[0, 2]` or `..`
/// for all. The other operand of an elementwise method is a tensor or a number: `x.maximum(0.0)`. A
/// comparison (`greater`, `equal`, ..) yields ones and zeros, and `mask.choose(&a, &b)` picks by them;
/// `to_mask` makes a `Tensor<bool>` of them, which has `choose`, `masked_fill`, `any_axis`, `!`, `&`, `|`
/// and `^`. Labels are a `Tensor<u32>`; these, `bool`, `u8` and `i64` become numbers by `to_float` and
/// have no derivative. Losses yield one value per element or row: take `.mean()` or
/// `.sum()`, or multiply by weights first. Every method works eagerly and, inside a
/// `#[differentiable]` function, in the graph.
///
/// # Where a derivative is a matter of convention
///
/// | where | value | derivative |
/// | --- | --- | --- |
/// | `abs`, `relu`, `hinge` at the kink | | 0 |
/// | `leaky_relu`, `elu`, `selu`, `celu` at 0 | 0 | that of the negative side |
/// | `max`, `min`, `clamp`, `pinball` with equal operands | | to the first operand |
/// | `max`, `min` with a NaN | the other operand | to the other operand |
/// | `max_axis`, `min_axis`, `max_pool`, `adaptive_max_pool` with ties | | shared evenly |
/// | `max_axis`, `min_axis` with a NaN | NaN | 0 |
/// | `cummax` with ties | | to the first element |
/// | `argmax_axis`, `argmin_axis` with ties | the first position | 0 |
/// | `signum(0)`, `round` of a half | 1, away from 0 | 0 |
/// | `hypot`, `norm_axis`, `std_axis`, `safe_sqrt` at 0 | 0 | 0 |
/// | `sqrt`, `cbrt` at 0, logarithms and inverses at a pole | | infinite |
/// | `x^0` | 1 | 0 |
/// | `xlogy(0, y)` with `ln y` not finite | 0 | 0 |
/// | `logsumexp_axis` at infinity | infinite | to the infinite elements |
/// | `logaddexp` of equal operands | | one half each |
/// | the side that `choose` does not take | | 0, unless that side is itself NaN or infinite in slope |
/// | a sum of nothing, product of nothing | 0, 1 | |
/// | a mean, a variance, `max_axis`, `min_axis` of nothing | an error | |
/// | `logsumexp_axis`, `norm_axis` of nothing | minus infinity, 0 | |
/// | `cholesky` | NaN if not positive definite | that of a symmetric argument |
/// | `eigh`, `svd` at equal values | | what is not determined is left out |
/// | a label outside of its axis | an error of the call | |
///
/// ```
/// use cotangent_runtime::Tensor;
///
/// let x = Tensor::from_vec(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(x.shape(), [2, 3]);
/// assert_eq!((&x * 2.0).sum(), 42.0);
/// # Ok::<(), cotangent_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor<T: Element> {
    shape: Vec<usize>,
    data: Shared<T>,
}

/// The number of elements of a shape that a tensor may have.
#[track_caller]
fn count(shape: &[usize]) -> usize {
    match shape::checked_len(shape) {
        Some(count) => count,
        None => panic!("a tensor of shape {shape:?} has more elements than any memory holds"),
    }
}

impl<T: Element> Tensor<T> {
    /// A tensor of these elements in row-major order.
    ///
    /// # Errors
    /// When there are not as many elements as the shape has.
    pub fn from_vec(shape: &[usize], elements: Vec<T>) -> Result<Self, Error> {
        if shape::checked_len(shape) != Some(elements.len()) {
            let count = elements.len();
            return Err(Error::structure(format!(
                "{count} elements do not fill the shape {shape:?}"
            )));
        }
        Ok(Tensor {
            shape: shape.to_vec(),
            data: Shared::new(Buffer::adopt(elements)),
        })
    }

    /// As [`Tensor::from_vec`], for a number of elements that is right by construction. It is checked
    /// all the same: kernels trust a shape with their pointers.
    #[track_caller]
    pub(crate) fn built(shape: Vec<usize>, elements: Vec<T>) -> Self {
        assert_eq!(count(&shape), elements.len());
        Tensor {
            shape,
            data: Shared::new(Buffer::adopt(elements)),
        }
    }

    /// A tensor of zeros.
    ///
    /// # Panics
    /// When the shape has more elements than any memory holds; so for `full` and `from_fn`.
    #[must_use]
    #[track_caller]
    pub fn zeros(shape: &[usize]) -> Self {
        Tensor {
            shape: shape.to_vec(),
            data: Shared::new(Buffer::zeros(count(shape))),
        }
    }

    /// A tensor of one value.
    #[must_use]
    #[track_caller]
    pub fn full(shape: &[usize], value: T) -> Self {
        Tensor::built(shape.to_vec(), vec![value; count(shape)])
    }

    /// A tensor of rank 0.
    #[must_use]
    pub fn scalar(value: T) -> Self {
        Tensor::built(Vec::new(), vec![value])
    }

    /// The square matrix with ones on its diagonal and zeros elsewhere.
    ///
    /// # Panics
    /// When it has more elements than any memory holds.
    #[must_use]
    #[track_caller]
    pub fn eye(size: usize) -> Self {
        let on_diagonal = |i| i % (size + 1) == 0;
        Tensor::from_fn(
            &[size, size],
            |i| if on_diagonal(i) { T::ONE } else { T::ZERO },
        )
    }

    /// A tensor whose element number i, in row-major order, is `f(i)`.
    #[must_use]
    #[track_caller]
    pub fn from_fn(shape: &[usize], f: impl FnMut(usize) -> T) -> Self {
        Tensor::built(shape.to_vec(), (0..count(shape)).map(f).collect())
    }

    /// Sizes, outermost first; empty for a scalar.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data().len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in row-major order.
    #[must_use]
    pub fn data(&self) -> &[T] {
        self.data.as_slice()
    }

    /// The elements as a vector; a copy if they are shared.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.data.into_vec()
    }

    /// The elements for writing; copies them if they are shared.
    pub fn data_mut(&mut self) -> &mut [T] {
        self.parts_mut().1
    }

    /// Shape and elements for writing.
    #[inline]
    pub(crate) fn parts_mut(&mut self) -> (&[usize], &mut [T]) {
        (&self.shape, self.data.as_mut_slice())
    }

    /// The only element.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[must_use]
    #[track_caller]
    pub fn item(&self) -> T {
        match self.data() {
            &[value] => value,
            _ => panic!(
                "`item` of shape {:?}: it has not exactly one element",
                self.shape
            ),
        }
    }
}

impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data() == other.data()
    }
}
