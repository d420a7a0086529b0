//! The eager world: a primitive runs at once, and what does not fit panics at the caller's place.

use super::Array;
use crate::error::{caller, fail};
use crate::primitive::{MOST_OPERANDS, Primitive, Resolved, SUM};
use crate::{Element, Error, Float, Real, Tensor};

impl<T: Element> Array for Tensor<T> {
    type Labels = Tensor<u32>;
}

impl<T: Float + Real> Tensor<T> {
    /// The shape, as a copy in both worlds.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.shape().to_vec()
    }

    /// Whether what a method records is differentiated more than once.
    #[allow(clippy::unused_self, reason = "the world of graphs asks its builder")]
    pub(crate) fn differentiated_again(&self) -> bool {
        false
    }

    /// Ends a method whose operand does not fit.
    #[track_caller]
    pub(crate) fn refuse(&self, what: &'static str, why: impl Into<String>) -> Self {
        fail(&Error::shape(caller(what), &[self.shape()], why))
    }

    /// A constant of this world.
    pub(crate) fn filled(&self, shape: &[usize], value: f64) -> Self {
        Tensor::full(shape, T::from_f64(value))
    }

    /// `x gain + bias`
    #[track_caller]
    pub(crate) fn affine(&self, gain: &Self, bias: &Self) -> Self {
        self * gain + bias
    }

    /// The sum over axes, which stay with size 1.
    #[track_caller]
    pub(crate) fn sum_kept(&self, axes: &[i64]) -> Self {
        self.call("sum_axis", &SUM, &[], axes)
    }

    /// Runs a primitive over this tensor and others.
    #[track_caller]
    pub(crate) fn call(
        &self,
        what: &'static str,
        op: &'static Primitive,
        others: &[&Tensor<T>],
        args: &[i64],
    ) -> Self {
        let (mut shapes, mut data) = (vec![self.shape()], vec![self.data().as_ptr().cast()]);
        for other in others {
            shapes.push(other.shape());
            data.push(other.data().as_ptr().cast());
        }
        run(what, op, &shapes, &data, None, args)
    }

    /// Runs a primitive over this tensor and labels.
    #[track_caller]
    pub(crate) fn call_labels(
        &self,
        what: &'static str,
        op: &'static Primitive,
        labels: &Tensor<u32>,
        args: &[i64],
    ) -> Self {
        let shapes = [self.shape(), labels.shape()];
        let data = [self.data().as_ptr().cast(), labels.data().as_ptr().cast()];
        run(what, op, &shapes, &data, Some(labels), args)
    }

    /// This tensor with the entries of `src` added at the labels along an axis.
    #[track_caller]
    pub(crate) fn added_at(
        &self,
        what: &'static str,
        op: &'static Primitive,
        labels: &Tensor<u32>,
        src: &Tensor<T>,
        args: &[i64],
    ) -> Self {
        let shapes = [src.shape(), labels.shape()];
        let data = [src.data().as_ptr().cast(), labels.data().as_ptr().cast()];
        self + run_into(what, op, &shapes, &data, Some(labels), args, self.shape())
    }
}

impl Tensor<u32> {
    /// Runs a primitive over labels alone.
    #[track_caller]
    pub(crate) fn call_alone<T: Float + Real>(
        &self,
        what: &'static str,
        op: &'static Primitive,
        args: &[i64],
    ) -> Tensor<T> {
        let data = [self.data().as_ptr().cast()];
        run(what, op, &[self.shape()], &data, Some(self), args)
    }
}

#[track_caller]
fn run<T: Float + Real>(
    what: &'static str,
    op: &'static Primitive,
    shapes: &[&[usize]],
    data: &[*const u8],
    labels: Option<&Tensor<u32>>,
    args: &[i64],
) -> Tensor<T> {
    match (op.infer)(shapes, args) {
        Ok(shape) => run_into(what, op, shapes, data, labels, args, &shape),
        Err(why) => fail(&Error::shape(caller(what), shapes, why)),
    }
}

#[track_caller]
fn run_into<T: Float + Real>(
    what: &'static str,
    op: &'static Primitive,
    shapes: &[&[usize]],
    data: &[*const u8],
    labels: Option<&Tensor<u32>>,
    args: &[i64],
    shape: &[usize],
) -> Tensor<T> {
    assert!(shapes.len() == data.len() && shapes.len() <= MOST_OPERANDS);
    let resolved = Resolved::new(op, T::DTYPE, shapes, shape, args);
    let limit = resolved.limit();
    for (row, &label) in labels
        .iter()
        .flat_map(|labels| labels.data().iter().enumerate())
    {
        if label as usize >= limit {
            let place = caller(what);
            fail(&Error::Label {
                place,
                row,
                label,
                classes: limit,
            });
        }
    }
    let mut scratch = vec![0.0_f64; resolved.scratch_bytes() / 8];
    let mut result = Tensor::<T>::zeros(shape);
    let to = result.data_mut().as_mut_ptr().cast();
    // SAFETY: the pointers are those of tensors of these shapes, the labels were checked, and
    // result and scratch space are new.
    unsafe { resolved.run(data, to, scratch.as_mut_ptr().cast()) };
    result
}
