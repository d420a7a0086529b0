//! Errors of tensor code: each names the function, the operator's place, the shapes and the remedy.

use std::fmt;

use crate::graph::Place;

/// What went wrong in tensor code.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    function: Option<&'static str>,
    text: String,
}

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Error { function: None, text: text.into() }
    }

    /// Operands whose shapes do not fit at an operator.
    pub(crate) fn shape(place: &Place, operands: &[&[usize]], why: &str) -> Self {
        let shapes: Vec<String> = operands.iter().map(|shape| format!("{shape:?}")).collect();
        let Place { what, file, line, column } = place;
        Error::new(format!("{file}:{line}:{column}: `{what}` of {}: the shapes {why}", shapes.join(" and ")))
    }

    /// A label outside the classes.
    pub(crate) fn label(place: &Place, row: usize, label: u32, classes: usize) -> Self {
        let Place { what, file, line, column } = place;
        Error::new(format!(
            "{file}:{line}:{column}: `{what}`: the label of row {row} is {label}, but the logits have {classes} classes (0..{classes})"
        ))
    }

    /// A gradient of something that is not a scalar.
    pub(crate) fn not_scalar(shape: &[usize]) -> Self {
        Error::new(format!(
            "the value has shape {shape:?}, and only a scalar has a gradient: reduce it with `.sum()` or `.mean()`"
        ))
    }

    /// An invariant of generated code that does not hold.
    pub(crate) fn internal(what: &str) -> Self {
        Error::new(format!("the generated code is inconsistent ({what}): please report it"))
    }

    /// The same error, naming the function.
    pub(crate) fn in_function(mut self, name: &'static str) -> Self {
        self.function = Some(name);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.function {
            Some(name) => write!(f, "in `{name}`: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for Error {}
