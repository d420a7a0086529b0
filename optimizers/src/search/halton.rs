//! Halton's sequence with scrambled digits: points that fill the unit cube evenly.

use crate::random::Random;

/// The bases, one a coordinate.
pub(super) const PRIMES: [u64; 32] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131,
];

/// Point `index` (from 0) of the sequence of a seed, of at most 32 coordinates. The digits other than
/// 0 are permuted by the seed, in every base by another permutation (Braaten and Weller 1979), which
/// takes apart the coordinates of large bases.
pub(super) fn halton(index: u64, coordinates: usize, seed: u64) -> Vec<f64> {
    let bases = PRIMES.iter().take(coordinates);
    bases
        .map(|&base| {
            let mut digits: Vec<u64> = (1..base).collect();
            Random::named(seed, format_args!("halton {base}")).shuffle(&mut digits);
            let (mut rest, mut weight, mut sum) = (index + 1, 1.0, 0.0);
            while rest > 0 {
                weight /= base as f64;
                if let Some(digit) = (rest % base).checked_sub(1) {
                    sum += weight * digits[digit as usize] as f64;
                }
                rest /= base;
            }
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_of_a_base_has_its_share() {
        for seed in 0..3 {
            // Points 0 to 2 * 3 * 5 * 7 - 2 and the origin that the sequence leaves out.
            let mut points: Vec<Vec<f64>> = (0..209).map(|i| halton(i, 4, seed)).collect();
            points.push(vec![0.0; 4]);
            for (coordinate, base) in [2, 3, 5, 7].into_iter().enumerate() {
                let mut counts = vec![0; base];
                for point in &points {
                    counts[(point[coordinate] * base as f64 + 1e-9) as usize] += 1;
                }
                assert_eq!(counts, vec![210 / base; base], "base {base}");
            }
        }
    }

    #[test]
    fn a_seed_names_one_sequence() {
        assert_eq!(halton(17, 6, 1), halton(17, 6, 1));
        assert_ne!(halton(17, 6, 1), halton(17, 6, 2));
    }
}
