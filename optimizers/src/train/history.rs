//! The metrics of a run, epoch by epoch.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::file::write_atomically;
use crate::Error;

/// Named metrics, one value an epoch each.
///
/// ```
/// use cotangent_optimizers::train::History;
///
/// let mut history = History::new(&["train loss", "validation loss"]);
/// history.record(&[0.9, 1.0]);
/// history.record(&[0.4, 0.6]);
/// assert_eq!(history.epochs(), 2);
/// assert_eq!(history.series("validation loss"), Some(&[1.0, 0.6][..]));
/// assert_eq!(history.csv(), "epoch,train loss,validation loss\n1,0.9,1\n2,0.4,0.6\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    names: Vec<String>,
    #[serde(with = "series")]
    values: Vec<Vec<f64>>,
}

impl History {
    /// A history of these metrics, without epochs.
    #[must_use]
    pub fn new(names: &[&str]) -> Self {
        History {
            names: names.iter().map(ToString::to_string).collect(),
            values: vec![Vec::new(); names.len()],
        }
    }

    /// Adds an epoch: a value for each metric, in their order. A metric without a value gets NaN.
    pub fn record(&mut self, values: &[f64]) {
        for (index, series) in self.values.iter_mut().enumerate() {
            series.push(values.get(index).copied().unwrap_or(f64::NAN));
        }
    }

    /// How many epochs were recorded.
    #[must_use]
    pub fn epochs(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// The names of the metrics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The values of a metric.
    #[must_use]
    pub fn series(&self, name: &str) -> Option<&[f64]> {
        let index = self.names.iter().position(|known| known == name)?;
        Some(&self.values[index])
    }

    /// The history as comma-separated text, one line an epoch, with the digits that read back
    /// exactly.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = format!("epoch,{}\n", self.names.join(","));
        for epoch in 0..self.epochs() {
            let values: Vec<String> = self.values.iter().map(|v| v[epoch].to_string()).collect();
            text += &format!("{},{}\n", epoch + 1, values.join(","));
        }
        text
    }

    /// Writes [`History::csv`] to a file, which appears whole or not at all.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path.as_ref(), self.csv().as_bytes())
    }
}

/// JSON has no NaN: a value that isn't finite is written as text.
mod series {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Value {
        Number(f64),
        Text(String),
    }

    pub(super) fn serialize<S: Serializer>(all: &[Vec<f64>], to: S) -> Result<S::Ok, S::Error> {
        let value = |x: &f64| match x.is_finite() {
            true => Value::Number(*x),
            false => Value::Text(x.to_string()),
        };
        let all: Vec<Vec<Value>> = all.iter().map(|s| s.iter().map(value).collect()).collect();
        all.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Vec<f64>>, D::Error> {
        let number = |value| match value {
            Value::Number(x) => Ok(x),
            Value::Text(text) => text.parse().map_err(serde::de::Error::custom),
        };
        let all = Vec::<Vec<Value>>::deserialize(from)?;
        all.into_iter()
            .map(|series| series.into_iter().map(number).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_survives_json_with_values_that_are_no_numbers() {
        let mut history = History::new(&["loss", "norm"]);
        history.record(&[0.1 + 0.2, f64::INFINITY]);
        history.record(&[1e-300]);
        let text = serde_json::to_string(&history).unwrap();
        let back: History = serde_json::from_str(&text).unwrap();
        assert_eq!(back.series("loss"), history.series("loss"));
        let norms = back.series("norm").unwrap();
        assert!(norms[0] == f64::INFINITY && norms[1].is_nan());
    }
}
