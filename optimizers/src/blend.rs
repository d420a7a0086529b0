//! What is composed with every rule: scaling, clipping, penalties and decay before it, proximal
//! steps and bounds after it.
//!
//! All of it is a function of one element, so that it disappears into the rule's pass over memory.

use crate::{LeafOptions, Real};

/// The scalars of the composition, in one precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend<T> {
    pub(crate) scale: T,
    pub(crate) l2: T,
    pub(crate) shrink: T,
    pub(crate) limit: T,
    pub(crate) l1: T,
    pub(crate) threshold: T,
    pub(crate) lower: T,
    pub(crate) upper: T,
    /// Whether anything but scaling, L2 and decay is at work; without it the loop is shorter.
    pub(crate) extras: bool,
}

impl<T: Real> Blend<T> {
    /// The composition of one group; `scale` is the factor of the gradient, `shrink` that of the
    /// parameters, `limit` the largest element of the gradient.
    pub(crate) fn new(
        options: &LeafOptions,
        rate: f64,
        scale: f64,
        shrink: f64,
        limit: f64,
    ) -> Self {
        let extras = limit.is_finite()
            || options.l1 != 0.0
            || options.proximal_l1 != 0.0
            || options.lower != f64::NEG_INFINITY
            || options.upper != f64::INFINITY;
        Self {
            scale: T::from_f64(scale),
            l2: T::from_f64(options.l2),
            shrink: T::from_f64(shrink),
            limit: T::from_f64(limit),
            l1: T::from_f64(options.l1),
            threshold: T::from_f64(rate * options.proximal_l1),
            lower: T::from_f64(options.lower),
            upper: T::from_f64(options.upper),
            extras,
        }
    }

    /// The parameter after decoupled decay, and the gradient that the rule sees.
    #[inline(always)]
    pub(crate) fn before<const EXTRAS: bool>(&self, x: T, g: T) -> (T, T) {
        let mut g = g * self.scale;
        if EXTRAS {
            g = if g > self.limit { self.limit } else { g };
            g = if g < -self.limit { -self.limit } else { g };
            g += self.l1 * x.sign();
        }
        (x * self.shrink, g + self.l2 * x)
    }

    /// The updated parameter after the proximal step of L1 and the bounds.
    #[inline(always)]
    pub(crate) fn after<const EXTRAS: bool>(&self, x: T) -> T {
        if !EXTRAS {
            return x;
        }
        let zero = T::default();
        let shrunk = x.abs() - self.threshold;
        let x = if shrunk > zero {
            shrunk * x.sign()
        } else {
            zero * x
        };
        // Comparisons rather than `max`, which would hide a parameter that is not a number.
        let x = if x < self.lower { self.lower } else { x };
        if x > self.upper { self.upper } else { x }
    }

    /// The gradient that a rule over whole leaves sees.
    pub fn gradient_into(&self, x: &[T], g: &[T], out: &mut [T]) {
        for ((out, x), g) in out.iter_mut().zip(x).zip(g) {
            *out = self.before::<true>(*x, *g).1;
        }
    }

    /// Decays the parameters, subtracts `step` and bounds them; returns the sum of squared changes.
    pub fn subtract(&self, x: &mut [T], step: &[T]) -> f64 {
        let mut squares = 0.0;
        for (x, step) in x.iter_mut().zip(step) {
            let new = self.after::<true>(*x * self.shrink - *step);
            let change = (new - *x).to_f64();
            squares += change * change;
            *x = new;
        }
        squares
    }
}
