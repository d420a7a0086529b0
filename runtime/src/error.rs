//! The one error type of the tensor regime.
//!
//! It knows places in the user's source, shapes and labels, and nothing of graphs or kernels.
//! Eager operators panic with the text of an `Error`; plans return the same value, so that both
//! say the same words about the same mistake.

use std::fmt;
use std::panic::Location;

use crate::graph::region::Place;
use crate::leaf::StructureMismatch;
use crate::shape::Shape;

/// Why a tensor operation, a bind or a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Operands whose shapes do not fit an operator.
    Shape {
        /// The operator.
        place: Place,
        /// The shapes of its operands, in their order.
        shapes: Vec<Vec<usize>>,
        /// What does not fit and what would.
        text: String,
        /// Where each operand comes from, as far as is known: a parameter or an operator.
        origins: Vec<String>,
    },
    /// A class label outside the classes.
    Label {
        /// The operator.
        place: Place,
        /// The row of the offending label, counted in row-major order.
        row: usize,
        /// The label.
        label: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// A program that does not fit into its byte budget, whatever is computed again.
    Budget {
        /// The budget.
        budget: usize,
        /// The least bytes that would do.
        least: usize,
    },
    /// Two structures that had to be alike, or an argument and the plan it was bound to, differ.
    Structure {
        /// Where and how they differ.
        text: String,
    },
}

impl Error {
    /// A shape error at `place`.
    pub fn shape(place: Place, shapes: &[&[usize]], text: impl Into<String>) -> Error {
        let shapes = shapes.iter().map(|shape| shape.to_vec()).collect();
        Error::Shape {
            place,
            shapes,
            text: text.into(),
            origins: Vec::new(),
        }
    }

    /// An update that an optimizer refused.
    pub fn update(error: &dyn std::error::Error) -> Error {
        Error::structure(error.to_string())
    }

    /// The same error, told where its operands come from.
    pub(crate) fn with_origins(mut self, found: Vec<String>) -> Error {
        if let Error::Shape { origins, .. } = &mut self {
            *origins = found;
        }
        self
    }

    /// The same shape error at another place.
    pub(crate) fn at(mut self, moved: Place) -> Error {
        if let Error::Shape { place, .. } = &mut self {
            *place = moved;
        }
        self
    }

    /// A structure error.
    pub fn structure(text: impl Into<String>) -> Error {
        Error::Structure { text: text.into() }
    }
}

/// Why there is no mean.
pub(crate) const EMPTY_MEAN: &str = "a mean over no elements";

/// The caller's place, for an eager operator that is called `what`.
#[track_caller]
pub(crate) fn caller(what: &'static str) -> Place {
    let at: &'static Location<'static> = Location::caller();
    Place {
        what,
        file: at.file(),
        line: at.line(),
        column: at.column(),
    }
}

/// Ends an eager operator with the text that a plan would have returned as an error.
#[track_caller]
pub(crate) fn fail(error: &Error) -> ! {
    panic!("{error}")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shape {
                place,
                shapes,
                text,
                origins,
            } => {
                write!(f, "`{}`", place.what)?;
                for (k, shape) in shapes.iter().enumerate() {
                    let join = if k == 0 { " of" } else { " and" };
                    write!(f, "{join} {}", Shape(shape))?;
                }
                write!(f, ": {text}")?;
                for (shape, origin) in shapes.iter().zip(origins) {
                    write!(f, "; {} is {origin}", Shape(shape))?;
                }
                at(f, place)
            }
            Error::Label {
                place,
                row,
                label,
                classes,
            } => {
                write!(
                    f,
                    "`{}`: the label {label} of row {row} is not below the {classes} classes",
                    place.what
                )?;
                at(f, place)
            }
            Error::Budget { budget, least } => write!(
                f,
                "the intermediate values do not fit into {budget} bytes: with as much as possible computed again they take {least}"
            ),
            Error::Structure { text } => f.write_str(text),
        }
    }
}

fn at(f: &mut fmt::Formatter<'_>, place: &Place) -> fmt::Result {
    write!(f, " (at {}:{}:{})", place.file, place.line, place.column)
}

impl std::error::Error for Error {}

impl From<StructureMismatch> for Error {
    fn from(mismatch: StructureMismatch) -> Error {
        Error::Structure {
            text: mismatch.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        what: "matmul",
        file: "src/model.rs",
        line: 12,
        column: 9,
    };

    #[test]
    fn texts_name_the_operator_the_shapes_and_the_place() {
        let error = Error::shape(PLACE, &[&[2, 3], &[4]], "the inner sizes 3 and 4 differ");
        assert_eq!(
            error.to_string(),
            "`matmul` of [2, 3] and [4]: the inner sizes 3 and 4 differ (at src/model.rs:12:9)"
        );
        let error = Error::Label {
            place: PLACE,
            row: 3,
            label: 10,
            classes: 10,
        };
        assert_eq!(
            error.to_string(),
            "`matmul`: the label 10 of row 3 is not below the 10 classes (at src/model.rs:12:9)"
        );
    }
}
