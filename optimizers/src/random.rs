//! Seeded random numbers, the same on every machine: one ChaCha stream per seed and purpose.
//!
//! It knows no distribution that only one caller needs, except the two that everybody does.

use std::fmt::{self, Display, Write};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    rng: ChaCha8Rng,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The stream of `seed` that belongs to `purpose`, independent of all others of that seed.
    pub(crate) fn named(seed: u64, purpose: impl Display) -> Self {
        let mut hash = Hash(0xcbf2_9ce4_8422_2325);
        // Hashing can't fail.
        let _ = write!(hash, "{purpose}");
        let mut random = Self::new(seed);
        random.rng.set_stream(hash.0);
        random
    }

    /// A number of the open interval (0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A near-uniform index below `count`: the high half of a 64 x 64-bit product.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let wide = u128::from(self.rng.next_u64()) * count as u128;
        (wide >> 64) as usize
    }

    /// A standard normal number by the method of Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Shuffles by the method of Fisher and Yates.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// FNV-1a of a text that is never stored: the number of a stream needs no more than being different
/// for different texts.
struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_streams_of_their_own_and_seeds_reproduce() {
        let first = |seed, purpose| Random::named(seed, purpose).unit();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let mut random = Random::new(3);
        let draws: Vec<f64> = (0..40_000).map(|_| random.normal()).collect();
        let moment = |power| draws.iter().map(|x| x.powi(power)).sum::<f64>() / 40_000.0;
        // Four standard errors of each moment.
        assert!(moment(1).abs() < 0.02, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.03, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.2, "{}", moment(4));
    }

    #[test]
    fn indices_reach_both_ends_and_stay_inside() {
        let mut random = Random::new(5);
        let mut seen = [0; 7];
        (0..7000).for_each(|_| seen[random.below(7)] += 1);
        assert!(
            seen.iter().all(|count| (850..1150).contains(count)),
            "{seen:?}"
        );
    }
}
