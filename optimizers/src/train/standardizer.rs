//! Standardisation of columns with the statistics of the training rows.

use serde::{Deserialize, Serialize};

/// Maps each column to zero mean and unit variance; constant columns become 0.
///
/// ```
/// use cotangent_optimizers::Standardizer;
/// let rows = [[1.0, 7.0], [3.0, 7.0]];
/// let standardizer = Standardizer::fit(rows.iter().map(|r| r.as_slice()));
/// assert_eq!(standardizer.apply(&rows[1]).collect::<Vec<_>>(), [1.0, 0.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standardizer {
    mean: Vec<f64>,
    /// The reciprocal deviation, or 0 for a constant column.
    scale: Vec<f64>,
}

impl Standardizer {
    /// Measures mean and (population) deviation of every column.
    pub fn fit<'a>(rows: impl Iterator<Item = &'a [f64]> + Clone) -> Self {
        let count = rows.clone().count().max(1) as f64;
        let width = rows.clone().next().map_or(0, <[f64]>::len);
        let mut mean = vec![0.0; width];
        for row in rows.clone() {
            for (sum, x) in mean.iter_mut().zip(row) {
                *sum += x / count;
            }
        }
        let mut variance = vec![0.0; width];
        for row in rows {
            for ((sum, x), mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (x - mean) * (x - mean) / count;
            }
        }
        let scale = variance.iter().zip(&mean).map(|(&variance, &mean)| {
            // Rounding leaves a constant column with a deviation of some ulps of its mean.
            if variance.sqrt() <= 1e-12 * f64::abs(mean) {
                0.0
            } else {
                variance.sqrt().recip()
            }
        });
        let scale = scale.collect();
        Self { mean, scale }
    }

    /// The standardised values of a row.
    pub fn apply<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        row.iter()
            .zip(&self.mean)
            .zip(&self.scale)
            .map(|((x, mean), scale)| (x - mean) * scale)
    }

    /// The standardised values of many rows, one after another.
    pub fn matrix<'a>(&self, rows: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
        let mut values = Vec::new();
        for row in rows {
            values.extend(self.apply(row));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_any_scale_become_standard_and_constant_ones_zero() {
        let rows: Vec<[f64; 4]> = (0..50)
            .map(|i| {
                let x = f64::from(i);
                [x * 1e-9, 1e6 + x.sin(), 0.1 + 0.2, 0.0]
            })
            .collect();
        let standardizer = Standardizer::fit(rows.iter().map(<[f64; 4]>::as_slice));
        let matrix = standardizer.matrix(rows.iter().map(<[f64; 4]>::as_slice));
        for (column, want) in [1.0, 1.0, 0.0, 0.0].into_iter().enumerate() {
            let values: Vec<f64> = matrix.iter().skip(column).step_by(4).copied().collect();
            let mean = values.iter().sum::<f64>() / 50.0;
            let square = values.iter().map(|x| x * x).sum::<f64>() / 50.0;
            // The second column's mean is 1e6 times its deviation, hence 1e-16 * 1e6 per term.
            assert!(
                mean.abs() < 1e-8 && (square - want).abs() < 1e-8,
                "{column}"
            );
        }
    }
}
