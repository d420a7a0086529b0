//! Samplers: how the next trial is chosen.

use serde::{Deserialize, Serialize};

use super::halton::{PRIMES, halton};
use super::sobol::{COORDINATES, sobol};
use super::{Domain, GaussianProcess, Kernel, Shape, Space, tpe};
use crate::Error;
use crate::random::Random;

/// How the next trial is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Sampler {
    /// Every combination once, the last parameter fastest; of a float parameter, and of a whole
    /// number with more values than that, so many values evenly spread.
    Grid {
        /// How many values.
        points: usize,
    },
    /// Independent uniform points.
    Random,
    /// Halton's sequence: points that fill the space evenly; for at most 32 parameters.
    QuasiRandom,
    /// Sobol's sequence: more even still where the number of trials is a power of two; for at most
    /// 21 parameters.
    Sobol,
    /// The tree-structured Parzen estimator.
    Tpe(Tpe),
    /// A Gaussian process and the expected improvement.
    GaussianProcess(GaussianProcessSearch),
}

/// Settings of the tree-structured Parzen estimator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tpe {
    /// How many trials are random before it begins; 10 by default.
    pub startup: usize,
    /// The part of the trials that counts as good; 0.1 by default, and never more than 25.
    pub good: f64,
    /// How many candidates are drawn; 24 by default.
    pub candidates: usize,
}

/// Settings of the search by a Gaussian process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianProcessSearch {
    /// How many trials fill the space evenly before it begins; 10 by default.
    pub startup: usize,
    /// The variance of an observation's error, relative to that of the values; 1e-6 by default.
    pub noise: f64,
    /// How many points are compared; 2000 by default.
    pub candidates: usize,
}

impl Default for Tpe {
    fn default() -> Self {
        Self {
            startup: 10,
            good: 0.1,
            candidates: 24,
        }
    }
}

impl Default for GaussianProcessSearch {
    fn default() -> Self {
        Self {
            startup: 10,
            noise: 1e-6,
            candidates: 2000,
        }
    }
}

/// A finished trial as samplers see it: its point and its value, not a number if it failed.
pub(super) struct Known {
    pub(super) point: Vec<f64>,
    pub(super) value: f64,
}

impl Sampler {
    /// The tree-structured Parzen estimator with its defaults.
    #[must_use]
    pub fn tpe() -> Self {
        Sampler::Tpe(Tpe::default())
    }

    /// The Gaussian process with its defaults.
    #[must_use]
    pub fn gaussian_process() -> Self {
        Sampler::GaussianProcess(GaussianProcessSearch::default())
    }

    pub(super) fn validate(&self, space: &Space) -> Result<(), Error> {
        let fault = match self {
            Sampler::Grid { points: 0 } => "a grid needs at least one point a parameter".to_owned(),
            Sampler::Tpe(tpe) if tpe.candidates == 0 || !(tpe.good > 0.0 && tpe.good < 1.0) => {
                format!(
                    "TPE needs candidates (there are {}) and a part of good trials above 0 and \
                     below 1 (it is {})",
                    tpe.candidates, tpe.good
                )
            }
            Sampler::GaussianProcess(gp)
                if gp.candidates == 0 || gp.noise.is_nan() || gp.noise <= 0.0 =>
            {
                format!(
                    "a Gaussian process needs candidates (there are {}) and positive noise (it is {})",
                    gp.candidates, gp.noise
                )
            }
            Sampler::QuasiRandom | Sampler::GaussianProcess(_)
                if space.parameters().len() > PRIMES.len() =>
            {
                too_many("a quasi-random sequence", PRIMES.len(), space)
            }
            Sampler::Sobol if space.parameters().len() > COORDINATES => {
                too_many("Sobol's sequence", COORDINATES, space)
            }
            _ => return Ok(()),
        };
        Err(Error::configuration(fault))
    }

    /// The point of trial `id`, or `None` when a grid is through.
    pub(super) fn propose(
        &self,
        space: &Space,
        known: &[Known],
        id: u64,
        seed: u64,
    ) -> Option<Vec<f64>> {
        let size = space.parameters().len();
        let mut random = Random::named(seed, format_args!("trial {id}"));
        let uniform = |random: &mut Random| (0..size).map(|_| random.unit()).collect();
        Some(match self {
            Sampler::Grid { points } => return grid(space, *points, id),
            Sampler::Random => uniform(&mut random),
            Sampler::QuasiRandom => halton(id, size, seed),
            Sampler::Sobol => sobol(id, size, seed),
            Sampler::Tpe(tpe) if known.len() < tpe.startup => uniform(&mut random),
            Sampler::Tpe(settings) => {
                let order = best_first(known);
                (0..size)
                    .map(|index| {
                        let domain = &space.parameters()[index].1;
                        let column: Vec<f64> =
                            order.iter().map(|known| known.point[index]).collect();
                        tpe::propose(settings, domain, &column, &mut random)
                    })
                    .collect()
            }
            Sampler::GaussianProcess(settings) => {
                let finished = known.iter().filter(|k| k.value.is_finite()).count();
                if finished < settings.startup.max(1) {
                    return Some(halton(id, size, seed));
                }
                by_gaussian_process(settings, space, known, &mut random)
                    .unwrap_or_else(|| uniform(&mut random))
            }
        })
    }
}

fn too_many(sequence: &str, most: usize, space: &Space) -> String {
    let count = space.parameters().len();
    format!("{sequence} has at most {most} parameters, and the space has {count}")
}

/// Finished trials by their value; failed ones are the worst.
fn best_first(known: &[Known]) -> Vec<&Known> {
    let mut order: Vec<&Known> = known.iter().collect();
    let cost = |value: f64| if value.is_nan() { f64::INFINITY } else { value };
    order.sort_by(|a, b| cost(a.value).total_cmp(&cost(b.value)));
    order
}

fn grid(space: &Space, points: usize, id: u64) -> Option<Vec<f64>> {
    let mut rest = id;
    let mut point = vec![0.0; space.parameters().len()];
    for (u, (_, domain)) in point.iter_mut().zip(space.parameters()).rev() {
        let whole = matches!(domain, Domain::Choice(_));
        let count = match domain.count() {
            Some(count) if whole || count <= points => count,
            _ => points,
        } as u64;
        let index = (rest % count) as f64;
        rest /= count;
        *u = match domain {
            // The ends of a range belong to its grid.
            Domain::Float { .. } if count > 1 => index / (count - 1) as f64,
            _ => (index + 0.5) / count as f64,
        };
    }
    (rest == 0).then_some(point)
}

/// A point of the cube as the process sees it: a choice is a coordinate per option, so that no two
/// options are nearer than others.
fn features(space: &Space, point: &[f64]) -> Vec<f64> {
    let mut features = Vec::new();
    let canonical = space.point(&space.values(point));
    for ((_, domain), u) in space.parameters().iter().zip(canonical) {
        match domain {
            Domain::Choice(options) => {
                let chosen = (u * options.len() as f64) as usize;
                features.extend((0..options.len()).map(|k| f64::from(u8::from(k == chosen))));
            }
            _ => features.push(u),
        }
    }
    features
}

/// The candidate of largest expected improvement.
fn by_gaussian_process(
    settings: &GaussianProcessSearch,
    space: &Space,
    known: &[Known],
    random: &mut Random,
) -> Option<Vec<f64>> {
    let finished: Vec<&Known> = best_first(known)
        .into_iter()
        .filter(|known| known.value.is_finite())
        .collect();
    let count = finished.len() as f64;
    let mean = finished.iter().map(|k| k.value).sum::<f64>() / count;
    let variance = finished
        .iter()
        .map(|k| (k.value - mean).powi(2))
        .sum::<f64>()
        / count;
    let scale = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    let values: Vec<f64> = finished.iter().map(|k| (k.value - mean) / scale).collect();
    let points: Vec<Vec<f64>> = finished.iter().map(|k| features(space, &k.point)).collect();
    let kernel = Kernel {
        shape: Shape::Matern52,
        variance: 1.0,
        lengths: vec![0.5; points.first()?.len()],
    };
    let process = GaussianProcess::fit(kernel, settings.noise, points, &values).ok()?;
    let best = *values.first()?;
    let size = space.parameters().len();
    let mut winner: Option<(f64, Vec<f64>)> = None;
    for candidate in 0..settings.candidates {
        // Half of the candidates are anywhere, half near the best trials or the best candidate.
        let centre = match (candidate % 4, &winner) {
            (0, _) | (1, _) | (_, None) => None,
            (2, _) => Some(&finished[random.below(finished.len().min(5))].point),
            (_, Some((_, point))) => Some(point),
        };
        let width = 10.0_f64.powf(-3.0 * random.unit());
        let point: Vec<f64> = match centre {
            None => (0..size).map(|_| random.unit()).collect(),
            Some(centre) => centre
                .iter()
                .map(|u| (u + 0.5 * width * random.normal()).clamp(0.0, 1.0))
                .collect(),
        };
        let gain = process
            .predict(&features(space, &point))
            .log_expected_improvement(best);
        if winner.as_ref().is_none_or(|(most, _)| gain > *most) {
            winner = Some((gain, point));
        }
    }
    winner.map(|(_, point)| point)
}
