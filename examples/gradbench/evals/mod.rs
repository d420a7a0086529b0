//! The evals: one file each, with the objective as a user would write it.

mod descent;
mod input;
mod task;

use serde_json::Value;

use task::Task;

/// Prepares a function of an eval for an input; an error says what is wrong with either.
pub(crate) type Eval = fn(function: &str, input: &Value) -> Result<Box<dyn Task>, String>;

macro_rules! evals {
    ($($name:ident)*) => {
        $(pub(crate) mod $name;)*

        /// Every eval.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The eval of that name.
        pub(crate) fn named(name: &str) -> Option<Eval> {
            match name {
                $(stringify!($name) => Some($name::eval),)*
                _ => None,
            }
        }
    };
}

evals! { ba det gmm hello ht kmeans llsq lse lstm ode particle saddle }
