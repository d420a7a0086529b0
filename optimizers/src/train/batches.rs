//! Shuffled mini-batches by seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

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
    rng: ChaCha8Rng,
}

impl Batches {
    /// Batches of `size` (at least 1) of these rows.
    #[must_use]
    pub fn new(rows: Vec<usize>, size: usize, seed: u64) -> Self {
        Self {
            rows,
            size: size.max(1),
            drop_last: false,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Leaves out a last batch that is smaller than the others.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.drop_last = true;
        self
    }

    /// Shuffles (Fisher and Yates) and yields the batches of one epoch.
    pub fn epoch(&mut self) -> impl Iterator<Item = &[usize]> {
        for last in (1..self.rows.len()).rev() {
            // The high half of a 64 x 64-bit product is a near-uniform index up to `last`.
            let wide = u128::from(self.rng.next_u64()) * (last as u128 + 1);
            self.rows.swap(last, (wide >> 64) as usize);
        }
        let (size, drop_last) = (self.size, self.drop_last);
        self.rows
            .chunks(size)
            .filter(move |batch| !drop_last || batch.len() == size)
    }
}
