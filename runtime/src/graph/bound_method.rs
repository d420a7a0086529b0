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
    /// A Hessian times a direction, and a derivative along one.
    second: (Option<G>, Option<R>),
}

/// What a sibling works on.
#[doc(hidden)]
#[derive(Debug)]
pub struct MethodParts<'p, G, R> {
    /// Plans and memory.
    pub engine: &'p mut Engine,
    /// The gradient.
    pub gradient: &'p mut G,
    /// The result.
    pub result: &'p mut Option<R>,
    /// The Hessian times a direction.
    pub product: &'p mut Option<G>,
    /// The derivative of the result along a direction.
    pub tangent: &'p mut Option<R>,
}

impl<G, R> BoundMethod<G, R> {
    /// A program that was bound by `engine`.
    #[doc(hidden)]
    pub fn new(engine: Engine, gradient: G) -> Self {
        BoundMethod {
            engine,
            gradient,
            result: None,
            second: (None, None),
        }
    }

    /// What a sibling works on.
    #[doc(hidden)]
    pub fn parts(&mut self) -> MethodParts<'_, G, R> {
        MethodParts {
            engine: &mut self.engine,
            gradient: &mut self.gradient,
            result: &mut self.result,
            product: &mut self.second.0,
            tangent: &mut self.second.1,
        }
    }

    /// The gradient of the call before, for keeps.
    #[doc(hidden)]
    pub fn into_gradient(self) -> G {
        self.gradient
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
