//! The limited-memory BFGS matrix in its compact form, `B = theta I - W M W'`, with
//! `W = [Y, theta S]` (Byrd, Nocedal and Schnabel 1994).

use std::collections::VecDeque;

use super::dense::solve;
use super::vector::dot;

/// The matrix; `theta I` with `theta = 1` until something was learned.
pub(super) struct Compact {
    memory: usize,
    pub(super) theta: f64,
    steps: VecDeque<Vec<f64>>,
    changes: VecDeque<Vec<f64>>,
    /// `M`, row after row, of twice as many rows as there are pairs.
    middle: Vec<f64>,
}

impl Compact {
    pub(super) fn new(memory: usize) -> Self {
        Self {
            memory,
            theta: 1.0,
            steps: VecDeque::new(),
            changes: VecDeque::new(),
            middle: Vec::new(),
        }
    }

    /// The number of rows of `M`.
    pub(super) fn rank(&self) -> usize {
        2 * self.steps.len()
    }

    pub(super) fn forget(&mut self) -> bool {
        let any = !self.steps.is_empty();
        *self = Self::new(self.memory);
        any
    }

    /// Takes a step and the change of the gradient over it, if the curvature is positive.
    pub(super) fn learn(&mut self, s: Vec<f64>, y: Vec<f64>) {
        let (curvature, square) = (dot(&s, &y), dot(&y, &y));
        if curvature <= f64::EPSILON * (dot(&s, &s) * square).sqrt() {
            return;
        }
        if self.steps.len() == self.memory {
            self.steps.pop_front();
            self.changes.pop_front();
        }
        self.steps.push_back(s);
        self.changes.push_back(y);
        self.theta = square / curvature;
        match self.inverse() {
            Some(middle) => self.middle = middle,
            // Rounding made the pairs dependent: start afresh.
            None => {
                self.forget();
            }
        }
    }

    /// `M`, the inverse of `[[-D, L'], [L, theta S'S]]`, where `D` holds the products of a step
    /// with its own change and `L` those with earlier changes.
    fn inverse(&self) -> Option<Vec<f64>> {
        let (count, rank) = (self.steps.len(), self.rank());
        let mut matrix = vec![0.0; rank * rank];
        for (i, s) in self.steps.iter().enumerate() {
            for (j, y) in self.changes.iter().enumerate().take(i + 1) {
                let product = dot(s, y);
                if i == j {
                    matrix[i * rank + i] = -product;
                } else {
                    matrix[(count + i) * rank + j] = product;
                    matrix[j * rank + count + i] = product;
                }
            }
            for (j, other) in self.steps.iter().enumerate() {
                matrix[(count + i) * rank + count + j] = self.theta * dot(s, other);
            }
        }
        let mut inverse = vec![0.0; rank * rank];
        for column in 0..rank {
            let mut unit = vec![0.0; rank];
            unit[column] = 1.0;
            solve(&mut matrix.clone(), &mut unit)?;
            // The matrix is symmetric, hence a column is a row.
            inverse[column * rank..][..rank].copy_from_slice(&unit);
        }
        inverse.iter().all(|x| x.is_finite()).then_some(inverse)
    }

    /// `M v`.
    pub(super) fn middle_times(&self, v: &[f64]) -> Vec<f64> {
        if v.is_empty() {
            return Vec::new();
        }
        self.middle.chunks(v.len()).map(|row| dot(row, v)).collect()
    }

    /// `M`, row after row.
    pub(super) fn middle(&self) -> &[f64] {
        &self.middle
    }

    /// Row `index` of `W`.
    pub(super) fn row(&self, index: usize) -> Vec<f64> {
        let changes = self.changes.iter().map(|y| y[index]);
        let steps = self.steps.iter().map(|s| self.theta * s[index]);
        changes.chain(steps).collect()
    }

    /// `W' v`.
    pub(super) fn transposed_times(&self, v: &[f64]) -> Vec<f64> {
        let changes = self.changes.iter().map(|y| dot(y, v));
        let steps = self.steps.iter().map(|s| self.theta * dot(s, v));
        changes.chain(steps).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_maps_the_last_step_to_the_last_change() {
        let mut compact = Compact::new(2);
        let pairs = [
            ([1.0, 0.5, -0.2], [2.0, 1.0, 0.3]),
            ([-0.3, 1.0, 0.4], [0.1, 3.0, 0.2]),
            ([0.2, -0.1, 1.0], [0.5, 0.1, 4.0]),
        ];
        for (s, y) in pairs {
            compact.learn(s.to_vec(), y.to_vec());
        }
        assert_eq!(compact.rank(), 4);
        let (s, y) = pairs[2];
        let inner = compact.middle_times(&compact.transposed_times(&s));
        for index in 0..3 {
            let product = compact.theta * s[index] - dot(&compact.row(index), &inner);
            assert!((product - y[index]).abs() < 1e-12, "{product}");
        }
    }
}
