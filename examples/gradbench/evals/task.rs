//! A function with its input and the place for its output, ready to be timed.

use serde_json::Value;

/// What is run as often as the eval wants.
pub(crate) trait Task {
    /// Runs the function once.
    fn run(&mut self);
    /// The output of the last run.
    fn output(&self) -> Value;
}

struct Prepared<S> {
    state: S,
    run: fn(&mut S),
    output: fn(&S) -> Value,
}

impl<S> Task for Prepared<S> {
    fn run(&mut self) {
        (self.run)(&mut self.state);
    }

    fn output(&self) -> Value {
        (self.output)(&self.state)
    }
}

/// A task over a state that holds the input and takes the output.
pub(crate) fn task<S: 'static>(
    state: S,
    run: fn(&mut S),
    output: fn(&S) -> Value,
) -> Result<Box<dyn Task>, String> {
    Ok(Box::new(Prepared { state, run, output }))
}

/// The error for a function that an eval does not have.
pub(crate) fn unknown(eval: &str, function: &str) -> Result<Box<dyn Task>, String> {
    Err(format!("the eval `{eval}` has no function `{function}`"))
}
