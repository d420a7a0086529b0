//! A trial: a point of the space, to be tried.

use super::{Domain, Space, Value};
use crate::Error;

/// The values of all parameters for one try; read by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub(super) id: u64,
    pub(super) space: Space,
    pub(super) values: Vec<Value>,
}

impl Trial {
    /// The number of the trial in its study, from 0.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The values, in the order of the space.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of a float parameter.
    ///
    /// # Errors
    /// When there is no float parameter of this name.
    pub fn float(&self, name: &str) -> Result<f64, Error> {
        match self.find(name) {
            Some((_, Value::Float(value))) => Ok(value),
            _ => Err(self.wrong(name, "float")),
        }
    }

    /// The value of a whole-number parameter.
    ///
    /// # Errors
    /// When there is no whole-number parameter of this name.
    pub fn int(&self, name: &str) -> Result<i64, Error> {
        match self.find(name) {
            Some((_, Value::Int(value))) => Ok(value),
            _ => Err(self.wrong(name, "int")),
        }
    }

    /// The name chosen for a choice parameter.
    ///
    /// # Errors
    /// When there is no choice parameter of this name.
    pub fn choice(&self, name: &str) -> Result<&str, Error> {
        match self.find(name) {
            Some((Domain::Choice(options), Value::Choice(index))) => Ok(&options[index]),
            _ => Err(self.wrong(name, "choice")),
        }
    }

    fn find(&self, name: &str) -> Option<(&Domain, Value)> {
        let mut pairs = self.space.parameters().iter().zip(&self.values);
        let ((_, domain), value) = pairs.find(|((known, _), _)| known == name)?;
        Some((domain, *value))
    }

    fn wrong(&self, name: &str, kind: &str) -> Error {
        let known = self.space.parameters().iter().map(|(known, domain)| {
            let kind = match domain {
                Domain::Float { .. } => "float",
                Domain::Int { .. } => "int",
                Domain::Choice(_) => "choice",
            };
            format!("{kind} `{known}`")
        });
        let known: Vec<String> = known.collect();
        Error::configuration(format!(
            "the search space has no {kind} parameter `{name}`; it has {}",
            known.join(", ")
        ))
    }
}
