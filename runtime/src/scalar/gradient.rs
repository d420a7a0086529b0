//! The gradient that belongs to a parameter: a slice has a vector, everything else its own type.

use super::{Tape, Val};

/// A parameter that a gradient can be taken with respect to.
pub trait Primal {
    /// The type of its gradient.
    type Gradient;
    /// A gradient of zeros.
    fn gradient(&self) -> Self::Gradient;
    /// Sets a gradient to zero, with the length of this parameter.
    fn reset(&self, gradient: &mut Self::Gradient);
    /// Adds a gradient to this shadow.
    fn add(&mut self, gradient: &Self::Gradient);
    /// Takes the fields that are marked `#[no_diff]` into the gradient.
    fn adopt(&self, gradient: &mut Self::Gradient);
    /// Pushes the content.
    fn keep(&self, tape: &mut Tape);
    /// Pops the content that was kept last.
    fn bring(&mut self, tape: &mut Tape);
}

impl<T: Val> Primal for [T] {
    type Gradient = Vec<T>;
    fn gradient(&self) -> Vec<T> {
        self.iter().map(T::zero_like).collect()
    }
    fn reset(&self, gradient: &mut Vec<T>) {
        gradient.clear();
        gradient.extend(self.iter().map(T::zero_like));
    }
    fn add(&mut self, gradient: &Vec<T>) {
        let pairs = self.iter_mut().zip(gradient);
        pairs.for_each(|(shadow, cotangent)| shadow.accumulate(cotangent));
    }
    fn adopt(&self, gradient: &mut Vec<T>) {
        let pairs = gradient.iter_mut().zip(self);
        pairs.for_each(|(gradient, primal)| gradient.adopt_constants(primal));
    }
    fn keep(&self, tape: &mut Tape) {
        T::save_all(self, tape);
    }
    fn bring(&mut self, tape: &mut Tape) {
        T::load_all(self, tape);
    }
}

impl<T: Val> Primal for T {
    type Gradient = T;
    #[inline(always)]
    fn gradient(&self) -> T {
        self.zero_like()
    }
    #[inline(always)]
    fn reset(&self, gradient: &mut T) {
        self.zero_into(gradient);
    }
    #[inline(always)]
    fn add(&mut self, gradient: &T) {
        self.accumulate(gradient);
    }
    #[inline(always)]
    fn adopt(&self, gradient: &mut T) {
        gradient.adopt_constants(self);
    }
    #[inline(always)]
    fn keep(&self, tape: &mut Tape) {
        self.save(tape);
    }
    #[inline(always)]
    fn bring(&mut self, tape: &mut Tape) {
        self.load(tape);
    }
}
