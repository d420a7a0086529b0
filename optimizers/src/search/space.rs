//! The space of a search: named parameters and the values they may have.
//!
//! Samplers work in the unit cube, where a parameter is one coordinate; a space translates.

use serde::{Deserialize, Serialize};

use crate::Error;

/// The values that a parameter may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Domain {
    /// A number from `low` to `high`, uniform in itself or in its logarithm.
    Float {
        /// The smallest value.
        low: f64,
        /// The largest value.
        high: f64,
        /// Whether the logarithm is uniform.
        log: bool,
    },
    /// A whole number from `low` to `high`, both included.
    Int {
        /// The smallest value.
        low: i64,
        /// The largest value.
        high: i64,
        /// Whether the logarithm is uniform.
        log: bool,
    },
    /// One of these names.
    Choice(Vec<String>),
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Of a [`Domain::Float`].
    Float(f64),
    /// Of a [`Domain::Int`].
    Int(i64),
    /// The index of a name of a [`Domain::Choice`].
    Choice(usize),
}

/// Named parameters, in order; checked when a study is made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Space {
    parameters: Vec<(String, Domain)>,
}

impl Space {
    /// A space without parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, domain: Domain) -> Self {
        self.parameters.push((name.to_owned(), domain));
        self
    }

    /// A number from `low` to `high`.
    #[must_use]
    pub fn float(self, name: &str, low: f64, high: f64) -> Self {
        let log = false;
        self.with(name, Domain::Float { low, high, log })
    }

    /// A number from `low` to `high` whose logarithm is uniform.
    #[must_use]
    pub fn log_float(self, name: &str, low: f64, high: f64) -> Self {
        let log = true;
        self.with(name, Domain::Float { low, high, log })
    }

    /// A whole number from `low` to `high`, both included.
    #[must_use]
    pub fn int(self, name: &str, low: i64, high: i64) -> Self {
        let log = false;
        self.with(name, Domain::Int { low, high, log })
    }

    /// A whole number from `low` to `high`, both included, whose logarithm is uniform.
    #[must_use]
    pub fn log_int(self, name: &str, low: i64, high: i64) -> Self {
        let log = true;
        self.with(name, Domain::Int { low, high, log })
    }

    /// One of these names.
    #[must_use]
    pub fn choice(self, name: &str, options: &[&str]) -> Self {
        let options = options.iter().map(ToString::to_string).collect();
        self.with(name, Domain::Choice(options))
    }

    /// The parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[(String, Domain)] {
        &self.parameters
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if self.parameters.is_empty() {
            return Err(Error::configuration(
                "the search space has no parameters: add one with `float`, `int` or `choice`",
            ));
        }
        for (index, (name, domain)) in self.parameters.iter().enumerate() {
            let twice = self.parameters[..index].iter().any(|(n, _)| n == name);
            let fault = match domain {
                _ if twice => Some("the name is there twice".to_owned()),
                Domain::Float { low, high, log } => range_fault(
                    *low,
                    *high,
                    *log && *low <= 0.0,
                    low.is_finite() && high.is_finite(),
                ),
                Domain::Int { low, high, log } => {
                    // Beyond 2^52 a float can't tell one whole number from the next.
                    let exact = low.unsigned_abs().max(high.unsigned_abs()) <= 1 << 52;
                    range_fault(*low as f64, *high as f64, *log && *low <= 0, exact)
                }
                Domain::Choice(options) => options.is_empty().then(|| "no options".to_owned()),
            };
            if let Some(fault) = fault {
                return Err(Error::configuration(format!(
                    "the parameter `{name}` of the search space can't be used: {fault}"
                )));
            }
        }
        Ok(())
    }

    /// The values at a point of the unit cube.
    pub(super) fn values(&self, point: &[f64]) -> Vec<Value> {
        let domains = self.parameters.iter().map(|(_, domain)| domain);
        domains.zip(point).map(|(d, &u)| d.at_unit(u)).collect()
    }

    /// The point of the unit cube that stands for values.
    pub(super) fn point(&self, values: &[Value]) -> Vec<f64> {
        let domains = self.parameters.iter().map(|(_, domain)| domain);
        domains.zip(values).map(|(d, v)| d.to_unit(*v)).collect()
    }

    /// Whether values are of this space.
    pub(super) fn contains(&self, values: &[Value]) -> bool {
        let mut pairs = self.parameters.iter().zip(values);
        self.parameters.len() == values.len() && pairs.all(|((_, d), v)| d.contains(*v))
    }
}

fn range_fault(low: f64, high: f64, log_of_nothing: bool, usable: bool) -> Option<String> {
    if !usable {
        Some(format!("the range {low} to {high} is too wide"))
    } else if low >= high {
        Some(format!("{low} is not below {high}"))
    } else if log_of_nothing {
        Some(format!("{low} has no logarithm: a log range is above 0"))
    } else {
        None
    }
}

impl Domain {
    /// The ends of the range on the scale on which the parameter is uniform.
    fn scale(&self) -> (f64, f64) {
        let (low, high, log) = match self {
            Domain::Float { low, high, log } => (*low, *high, *log),
            Domain::Int { low, high, log } => (*low as f64 - 0.5, *high as f64 + 0.5, *log),
            Domain::Choice(options) => (0.0, options.len() as f64, false),
        };
        if log {
            (low.ln(), high.ln())
        } else {
            (low, high)
        }
    }

    fn at_unit(&self, u: f64) -> Value {
        let (low, high) = self.scale();
        let at = low + u.clamp(0.0, 1.0) * (high - low);
        match self {
            Domain::Float { low, high, log } => {
                let value = if *log { at.exp() } else { at };
                Value::Float(value.clamp(*low, *high))
            }
            Domain::Int { low, high, log } => {
                let value = if *log { at.exp() } else { at };
                Value::Int((value.round() as i64).clamp(*low, *high))
            }
            Domain::Choice(options) => Value::Choice((at as usize).min(options.len() - 1)),
        }
    }

    fn to_unit(&self, value: Value) -> f64 {
        let (low, high) = self.scale();
        let at = match (self, value) {
            (Domain::Float { log: true, .. }, Value::Float(x)) => x.ln(),
            (Domain::Int { log: true, .. }, Value::Int(x)) => (x as f64).ln(),
            (_, Value::Float(x)) => x,
            (_, Value::Int(x)) => x as f64,
            (_, Value::Choice(index)) => index as f64 + 0.5,
        };
        ((at - low) / (high - low)).clamp(0.0, 1.0)
    }

    fn contains(&self, value: Value) -> bool {
        match (self, value) {
            (Domain::Float { low, high, .. }, Value::Float(x)) => x >= *low && x <= *high,
            (Domain::Int { low, high, .. }, Value::Int(x)) => x >= *low && x <= *high,
            (Domain::Choice(options), Value::Choice(index)) => index < options.len(),
            _ => false,
        }
    }

    /// How many values there are, if they can be counted.
    pub(super) fn count(&self) -> Option<usize> {
        match self {
            Domain::Float { .. } => None,
            Domain::Int { low, high, .. } => usize::try_from(high - low + 1).ok(),
            Domain::Choice(options) => Some(options.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_points_of_the_cube_belong_together() {
        let space = Space::new()
            .float("a", -1.0, 3.0)
            .log_float("b", 1e-4, 1.0)
            .int("c", -2, 5)
            .log_int("d", 1, 1000)
            .choice("e", &["x", "y", "z"]);
        space.validate().unwrap();
        for k in 0..=100 {
            let values = space.values(&[f64::from(k) / 100.0; 5]);
            assert!(space.contains(&values));
            let again = space.values(&space.point(&values));
            for (one, two) in values.iter().zip(&again) {
                match (one, two) {
                    (Value::Float(a), Value::Float(b)) => assert!((a - b).abs() < 1e-12),
                    _ => assert_eq!(one, two),
                }
            }
        }
        assert_eq!(space.values(&[0.0; 5])[2], Value::Int(-2));
        assert_eq!(space.values(&[1.0; 5])[4], Value::Choice(2));
    }

    #[test]
    fn whole_numbers_are_equally_likely() {
        let domain = Domain::Int {
            low: 1,
            high: 4,
            log: false,
        };
        let mut counts = [0; 5];
        for k in 0..1000 {
            if let Value::Int(value) = domain.at_unit((f64::from(k) + 0.5) / 1000.0) {
                counts[value as usize] += 1;
            }
        }
        assert_eq!(counts, [0, 250, 250, 250, 250]);
    }
}
