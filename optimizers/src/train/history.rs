//! The metrics of a run, epoch by epoch.

use serde::{Deserialize, Serialize};

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
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    names: Vec<String>,
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
}
