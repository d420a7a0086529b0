//! The world of graphs: a primitive records a region of one operation, and what does not fit is
//! the error of the bind.

use super::Array;
use crate::error::caller;
use crate::graph::{Lift, TensorHandle};
use crate::primitive::Primitive;
use crate::{Error, Float, Real};

impl<'b, T> Array for TensorHandle<'b, T> {
    type Labels = TensorHandle<'b, u32>;
}

impl<'b, T: Float + Real> TensorHandle<'b, T> {
    /// The shape, as a copy in both worlds.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.shape()
    }

    /// Whether what a method records is differentiated more than once.
    pub(crate) fn differentiated_again(&self) -> bool {
        self.builder().again.get() > 0
    }

    /// Records that the operand does not fit; the method goes on with something plausible.
    #[track_caller]
    pub(crate) fn refuse(&self, what: &'static str, why: impl Into<String>) -> Self {
        let (shape, origin) = (self.shape(), self.builder().origin(self.id()));
        let error = Error::shape(caller(what), &[&shape], why);
        self.builder().fail(error.with_origins(vec![origin]));
        *self
    }

    /// A constant of this world.
    #[track_caller]
    pub(crate) fn filled(&self, shape: &[usize], value: f64) -> Self {
        let number = TensorHandle::new(self.builder(), self.builder().constant(value));
        number.broadcast_to(shape)
    }

    /// `x gain + bias`, as one region: forward and backward one kernel each.
    #[track_caller]
    pub(crate) fn affine(&self, gain: &Self, bias: &Self) -> Self {
        let operands = [self.id(), gain.id(), bias.id()];
        self.builder().one_op("affine", "affine", &operands, &[])
    }

    /// The sum over axes, which stay with size 1.
    #[track_caller]
    pub(crate) fn sum_kept(&self, axes: &[i64]) -> Self {
        self.builder()
            .one_op("sum_axis", "sum_axis", &[self.id()], axes)
    }

    /// Records a primitive over this tensor and others.
    #[track_caller]
    pub(crate) fn call(
        &self,
        what: &'static str,
        op: &'static Primitive,
        others: &[&Self],
        args: &[i64],
    ) -> Self {
        let mut operands = vec![self.id()];
        operands.extend(others.iter().map(|other| other.id()));
        self.builder().one_op(op.name, what, &operands, args)
    }

    /// Records a primitive over this tensor and labels.
    #[track_caller]
    pub(crate) fn call_labels(
        &self,
        what: &'static str,
        op: &'static Primitive,
        labels: &TensorHandle<'b, u32>,
        args: &[i64],
    ) -> Self {
        self.builder()
            .one_op(op.name, what, &[self.id(), labels.id()], args)
    }

    /// This tensor with the entries of `src` added at the labels along an axis.
    #[track_caller]
    pub(crate) fn added_at(
        &self,
        what: &'static str,
        op: &'static Primitive,
        labels: &TensorHandle<'b, u32>,
        src: &Self,
        args: &[i64],
    ) -> Self {
        let operands = [self.id(), src.id(), labels.id()];
        self.builder().one_op(op.name, what, &operands, args)
    }

    /// Every element times a number.
    #[track_caller]
    pub(crate) fn times(&self, factor: f64) -> Self {
        self.with_number("*", factor)
    }

    /// Every element to the power of a number.
    #[track_caller]
    pub(crate) fn power(&self, exponent: f64) -> Self {
        self.with_number("powf", exponent)
    }

    /// Every element plus a number.
    #[track_caller]
    pub(crate) fn plus(&self, term: f64) -> Self {
        self.with_number("+", term)
    }

    #[track_caller]
    fn with_number(&self, sign: &'static str, number: f64) -> Self {
        let number = self.builder().constant(number);
        self.builder().one_op(sign, sign, &[self.id(), number], &[])
    }

    /// `x^n` of every element.
    #[must_use]
    #[track_caller]
    pub fn powi(&self, exponent: i32) -> Self {
        self.with_number("powf", f64::from(exponent))
    }

    /// The larger one of two elements.
    #[must_use]
    #[track_caller]
    pub fn maximum(&self, other: impl Lift<'b, T>) -> Self {
        self.max(other)
    }

    /// 1 where this element is larger than the other one, else 0.
    #[must_use]
    #[track_caller]
    pub fn greater(&self, other: &Self) -> Self {
        self.builder()
            .one_op("greater", "greater", &[self.id(), other.id()], &[])
    }

    /// `a` where this tensor, a mask, is not 0, else `b`.
    #[must_use]
    #[track_caller]
    pub fn choose(&self, a: &Self, b: &Self) -> Self {
        let operands = [self.id(), a.id(), b.id()];
        self.builder().one_op("choose", "choose", &operands, &[])
    }

    /// These elements, and `value` where the mask is true, broadcast against each other.
    #[must_use]
    #[track_caller]
    pub fn masked_fill(&self, mask: &TensorHandle<'b, bool>, value: T) -> Self {
        let value = self.builder().constant(value.to_f64());
        let operands = [mask.id(), value, self.id()];
        self.builder()
            .one_op("choose", "masked_fill", &operands, &[])
    }

    /// The same elements under another shape; one size may be -1 and follows from the others.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, sizes: &[i64]) -> Self {
        self.builder()
            .one_op("reshape", "reshape", &[self.id()], sizes)
    }

    /// The last two axes swapped.
    #[must_use]
    #[track_caller]
    pub fn t(&self) -> Self {
        self.builder().one_op("t", "t", &[self.id()], &[])
    }

    /// The matrix product over the last two axes; batches broadcast.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: impl Lift<'b, T>) -> Self {
        let other = other.lift(self.builder());
        self.builder()
            .one_op("matmul", "matmul", &[self.id(), other], &[])
    }
}

impl<'b> TensorHandle<'b, u32> {
    /// Records a primitive over labels alone.
    #[track_caller]
    pub(crate) fn call_alone<T: Float + Real>(
        &self,
        what: &'static str,
        op: &'static Primitive,
        args: &[i64],
    ) -> TensorHandle<'b, T> {
        self.builder().one_op(op.name, what, &[self.id()], args)
    }
}
