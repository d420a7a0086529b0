//! The tree-structured Parzen estimator (Bergstra et al. 2011), a parameter at a time.
//!
//! Finished trials are split into the few good ones and the rest; each side becomes a density per
//! parameter, a mixture of truncated normals around its trials and a wide one over the whole range.
//! Candidates are drawn from the good density, and the one is proposed whose ratio of both is
//! largest.

use super::normal::below;
use super::{Domain, Tpe};
use crate::random::Random;

/// A new coordinate of the unit cube. `coordinates` are those of the finished trials, best first.
pub(super) fn propose(
    settings: &Tpe,
    domain: &Domain,
    coordinates: &[f64],
    random: &mut Random,
) -> f64 {
    let good = (settings.good * coordinates.len() as f64).ceil() as usize;
    let (good, bad) = coordinates.split_at(good.min(25).min(coordinates.len()));
    match domain {
        Domain::Choice(options) => {
            let weights = |trials: &[f64]| -> Vec<f64> {
                let mut weights = vec![1.0 / options.len() as f64; options.len()];
                for u in trials {
                    weights[((u * options.len() as f64) as usize).min(options.len() - 1)] += 1.0;
                }
                let sum: f64 = weights.iter().sum();
                weights.iter().map(|w| w / sum).collect()
            };
            let (good, bad) = (weights(good), weights(bad));
            let drawn = (0..settings.candidates).map(|_| draw(&good, random));
            let ratio = |option: usize| good[option] / bad[option];
            let best = drawn.max_by(|&a, &b| ratio(a).total_cmp(&ratio(b)));
            (best.unwrap_or(0) as f64 + 0.5) / options.len() as f64
        }
        _ => {
            let (good, bad) = (Mixture::around(good), Mixture::around(bad));
            let drawn = (0..settings.candidates).map(|_| good.sample(random));
            let scored = drawn.map(|u| (u, good.density(u).ln() - bad.density(u).ln()));
            let best = scored.max_by(|a, b| a.1.total_cmp(&b.1));
            best.map_or(0.5, |(u, _)| u)
        }
    }
}

/// An index by its weight; the weights have the sum 1.
fn draw(weights: &[f64], random: &mut Random) -> usize {
    let mut rest = random.unit();
    let position = weights.iter().position(|weight| {
        rest -= weight;
        rest <= 0.0
    });
    position.unwrap_or(weights.len() - 1)
}

/// Normals of equal weight, cut at 0 and 1.
struct Mixture {
    /// Mean and deviation of each.
    normals: Vec<(f64, f64)>,
}

impl Mixture {
    /// A normal around every trial, as wide as the distance to its farther neighbour, and a wide
    /// one over the whole interval.
    fn around(trials: &[f64]) -> Self {
        let mut means = trials.to_vec();
        means.sort_by(f64::total_cmp);
        let narrowest = 1.0 / (means.len() as f64 + 1.0).min(100.0);
        // The ends of the interval are neighbours only of a trial that has no other.
        let (below_all, above_all) = match means.as_slice() {
            [first, .., last] => (*first, *last),
            _ => (0.0, 1.0),
        };
        let around = |(k, &mean): (usize, &f64)| {
            let left = k.checked_sub(1).map_or(below_all, |k| means[k]);
            let right = means.get(k + 1).copied().unwrap_or(above_all);
            (mean, (mean - left).max(right - mean).clamp(narrowest, 1.0))
        };
        let normals = means.iter().enumerate().map(around);
        Self {
            normals: normals.chain([(0.5, 1.0)]).collect(),
        }
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let (mean, deviation) = self.normals[random.below(self.normals.len())];
        // At least 38 % of a normal whose mean is inside and whose deviation is at most 1 is inside.
        loop {
            let u = mean + deviation * random.normal();
            if (0.0..=1.0).contains(&u) {
                return u;
            }
        }
    }

    fn density(&self, u: f64) -> f64 {
        let each = self.normals.iter().map(|&(mean, deviation)| {
            let inside = below((1.0 - mean) / deviation) - below(-mean / deviation);
            super::normal::density((u - mean) / deviation) / (deviation * inside)
        });
        each.sum::<f64>() / self.normals.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_is_a_density_and_its_samples_follow_it() {
        let mixture = Mixture::around(&[0.1, 0.12, 0.8]);
        let steps = 20_000;
        let sum: f64 = (0..steps)
            .map(|k| mixture.density((f64::from(k) + 0.5) / f64::from(steps)))
            .sum();
        assert!((sum / f64::from(steps) - 1.0).abs() < 1e-6);
        let mut random = Random::new(2);
        let left = (0..20_000)
            .filter(|_| mixture.sample(&mut random) < 0.3)
            .count();
        let want: f64 = (0..6000)
            .map(|k| mixture.density((f64::from(k) + 0.5) / 20_000.0) / 20_000.0)
            .sum();
        assert!((left as f64 / 20_000.0 - want).abs() < 0.015);
    }
}
