//! The bound program of a method. A method cannot have a companion, so its siblings run this.

use std::fmt;

use super::engine::Engine;
use super::report::Report;
use crate::Error;

/// What `model.f_bind(..)` yields: plans and memory, a gradient of type `G`, a result of type `R`.
pub struct BoundMethod<G, R> {
    engine: Engine,
    gradient: G,
    result: Option<R>,
}

impl<G, R> BoundMethod<G, R> {
    /// A program that was bound by `engine`.
    #[doc(hidden)]
    pub fn new(engine: Engine, gradient: G) -> Self {
        BoundMethod {
            engine,
            gradient,
            result: None,
        }
    }

    /// What a sibling works on.
    #[doc(hidden)]
    pub fn parts(&mut self) -> (&mut Engine, &mut G, &mut Option<R>) {
        (&mut self.engine, &mut self.gradient, &mut self.result)
    }

    /// What the plan does: steps, kernels, bytes, peak.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        self.engine.report()
    }
}

/// What the plan does.
impl<G, R> fmt::Debug for BoundMethod<G, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report(), f)
    }
}

/// The result that a call has filled in.
#[doc(hidden)]
pub fn yielded<R>(result: &Option<R>) -> Result<&R, Error> {
    result.as_ref().ok_or_else(no_result)
}

/// The result that a call has filled in, for keeps.
#[doc(hidden)]
pub fn taken<R>(result: Option<R>) -> Result<R, Error> {
    result.ok_or_else(no_result)
}

fn no_result() -> Error {
    Error::structure("the program has not run")
}
