//! Deterministic splits of rows into training, validation and test rows.

use crate::Error;
use crate::random::Random;

/// What a row is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To fit parameters and standardisation.
    Train,
    /// To choose: early stopping, hyperparameters.
    Validation,
    /// To judge once, at the end.
    Test,
}

/// Row indices of the three parts; every row is in exactly one.
///
/// ```
/// use cotangent_optimizers::train::{Part, Split};
/// let split = Split::by(10, |row| match row % 5 {
///     4 => Part::Test,
///     3 => Part::Validation,
///     _ => Part::Train,
/// });
/// assert_eq!(split.test, [4, 9]);
/// assert_eq!(split.validation, [3, 8]);
///
/// let shuffled = Split::shuffled(10, 0.2, 0.3, 7)?;
/// assert_eq!((shuffled.validation.len(), shuffled.test.len()), (2, 3));
/// assert_eq!(shuffled, Split::shuffled(10, 0.2, 0.3, 7)?);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows to fit on.
    pub train: Vec<usize>,
    /// Rows to choose by.
    pub validation: Vec<usize>,
    /// Rows to judge by.
    pub test: Vec<usize>,
}

impl Split {
    /// A split by a rule over the row index.
    #[must_use]
    pub fn by(rows: usize, part: impl Fn(usize) -> Part) -> Self {
        let mut split = Self::default();
        for row in 0..rows {
            match part(row) {
                Part::Train => split.train.push(row),
                Part::Validation => split.validation.push(row),
                Part::Test => split.test.push(row),
            }
        }
        split
    }

    /// A random split by seed: `validation` and `test` are fractions of all rows, rounded to whole
    /// rows.
    ///
    /// # Errors
    /// When a fraction is not in [0, 1], or no training row is left.
    pub fn shuffled(rows: usize, validation: f64, test: f64, seed: u64) -> Result<Self, Error> {
        for (name, fraction) in [("validation", validation), ("test", test)] {
            if !(0.0..=1.0).contains(&fraction) {
                return Err(Error::configuration(format!(
                    "the {name} fraction {fraction} can't be used: it must be from 0 to 1"
                )));
            }
        }
        let count = |fraction: f64| (fraction * rows as f64).round() as usize;
        let (validation, test) = (count(validation), count(test));
        if validation + test >= rows {
            return Err(Error::configuration(format!(
                "{validation} validation rows and {test} test rows leave none of {rows} rows for \
                 training"
            )));
        }
        let mut order: Vec<usize> = (0..rows).collect();
        Random::named(seed, "split").shuffle(&mut order);
        let train = order.split_off(validation + test);
        let test = order.split_off(validation);
        Ok(Self {
            train,
            validation: order,
            test,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_exactly_one_part() {
        for seed in 0..5 {
            let split = Split::shuffled(103, 0.25, 0.1, seed).unwrap();
            let mut rows = [split.train, split.validation, split.test].concat();
            rows.sort_unstable();
            assert_eq!(rows, (0..103).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_split_without_training_rows_is_refused() {
        for (validation, test) in [(0.5, 0.5), (1.0, 0.0), (f64::NAN, 0.1), (-0.1, 0.2)] {
            assert!(Split::shuffled(10, validation, test, 0).is_err());
        }
        assert!(Split::shuffled(0, 0.0, 0.0, 0).is_err());
    }
}
