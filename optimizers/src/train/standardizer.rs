//! Standardisation of columns with the statistics of the training rows.

/// Maps each column to zero mean and unit variance; constant columns become 0.
///
/// ```
/// use cotangent_optimizers::Standardizer;
/// let rows = [[1.0, 7.0], [3.0, 7.0]];
/// let standardizer = Standardizer::fit(rows.iter().map(|r| r.as_slice()));
/// assert_eq!(standardizer.apply(&rows[1]).collect::<Vec<_>>(), [1.0, 0.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standardizer {
    mean: Vec<f64>,
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
        // Rounding leaves a constant column with a deviation of some ulps of its mean.
        let scale = variance
            .iter()
            .zip(&mean)
            .map(|(v, m): (&f64, &f64)| {
                if v.sqrt() <= 1e-12 * m.abs() {
                    0.0
                } else {
                    v.sqrt().recip()
                }
            })
            .map(|scale: f64| if scale.is_finite() { scale } else { 0.0 })
            .collect();
        Self { mean, scale }
    }

    /// The standardised values of a row.
    pub fn apply<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        row.iter()
            .zip(&self.mean)
            .zip(&self.scale)
            .map(|((x, mean), scale)| (x - mean) * scale)
    }
}
