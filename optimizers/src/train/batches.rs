//! Shuffled mini-batches by seed.

use crate::random::Random;

/// Row indices in a new order each epoch, cut into batches.
///
/// ```
/// use cotangent_optimizers::Batches;
/// let mut batches = Batches::new((0..10).collect(), 4, 7);
/// let sizes: Vec<usize> = batches.epoch().map(<[usize]>::len).collect();
/// assert_eq!(sizes, [4, 4, 2]); // `drop_last` leaves the ragged batch out
/// let mut seen: Vec<usize> = batches.epoch().flatten().copied().collect();
/// seen.sort();
/// assert_eq!(seen, (0..10).collect::<Vec<_>>());
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    rows: Vec<usize>,
    size: usize,
    drop_last: bool,
    random: Random,
}

impl Batches {
    /// Batches of `size` (at least 1) of these rows.
    #[must_use]
    pub fn new(rows: Vec<usize>, size: usize, seed: u64) -> Self {
        Self {
            rows,
            size: size.max(1),
            drop_last: false,
            random: Random::new(seed),
        }
    }

    /// Leaves out a last batch that is smaller than the others.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.drop_last = true;
        self
    }

    /// How many batches an epoch has.
    #[must_use]
    pub fn per_epoch(&self) -> usize {
        if self.drop_last {
            self.rows.len() / self.size
        } else {
            self.rows.len().div_ceil(self.size)
        }
    }

    /// Shuffles and yields the batches of one epoch.
    pub fn epoch(&mut self) -> impl Iterator<Item = &[usize]> {
        self.random.shuffle(&mut self.rows);
        let count = self.per_epoch();
        self.rows.chunks(self.size).take(count)
    }
}
