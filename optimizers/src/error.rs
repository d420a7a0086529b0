//! What can go wrong in this crate, in one type.
//!
//! A text names the thing, the place and the remedy; the kind lets a program tell them apart.

use std::fmt;
use std::path::Path;

/// The part of the library that an [`Error`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A hyperparameter, a pattern or an option that can't be used.
    Configuration,
    /// The parameters or gradients differ from those that the optimizer was built for.
    Structure,
    /// A file that can't be read or written.
    Io,
    /// A table whose content is damaged.
    Data,
    /// A function of the user's that reported an error.
    Evaluation,
}

/// An error of the optimizers or of training support; its text is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

impl Error {
    /// Which part of the library it comes from.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn configuration(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Configuration,
            text: text.into(),
        }
    }

    pub(crate) fn structure(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Structure,
            text: text.into(),
        }
    }

    pub(crate) fn data(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Data,
            text: text.into(),
        }
    }

    pub(crate) fn evaluation(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Evaluation,
            text: text.into(),
        }
    }

    pub(crate) fn io(doing: &str, path: &Path, source: &dyn fmt::Display) -> Self {
        Self {
            kind: ErrorKind::Io,
            text: format!("can't {doing} `{}`: {source}", path.display()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// Refuses a hyperparameter that isn't finite or lies outside `[low, high)`.
pub(crate) fn check_range(name: &str, value: f64, low: f64, high: f64) -> Result<(), Error> {
    if value.is_finite() && value >= low && value < high {
        return Ok(());
    }
    let wanted = if high.is_finite() {
        format!("at least {low} and below {high}")
    } else {
        format!("finite and at least {low}")
    };
    Err(Error::configuration(format!(
        "{name} = {value} can't be used: it must be {wanted}"
    )))
}

/// Refuses a hyperparameter that isn't finite or isn't above 0.
pub(crate) fn check_positive(name: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::configuration(format!(
        "{name} = {value} can't be used: it must be finite and above 0"
    )))
}

/// Refuses decays of two running averages that aren't in `[0, 1)`.
pub(crate) fn check_betas(beta1: f64, beta2: f64) -> Result<(), Error> {
    check_range("beta1", beta1, 0.0, 1.0)?;
    check_range("beta2", beta2, 0.0, 1.0)
}
