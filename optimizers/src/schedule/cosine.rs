//! Cosine schedules: one fall, waves, and restarts.

use std::f64::consts::PI;

use super::{Schedule, Warmup, progress};

/// `floor + (1 - floor) (1 + cos(pi min(step, steps) / steps)) / 2` (Loshchilov and Hutter 2017,
/// without restarts).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// The number of steps until `floor` is reached.
    pub steps: u64,
    /// The final factor.
    pub floor: f64,
}

impl Schedule for Cosine {
    fn at(&self, step: u64) -> f64 {
        let cosine = 0.5 * (1.0 + (PI * progress(step, self.steps)).cos());
        self.floor + (1.0 - self.floor) * cosine
    }
}

/// As [`Cosine`], but it rises again after `steps`, and so on: what torch's CosineAnnealingLR does
/// beyond its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineWave {
    /// Half of a period; 0 counts as 1.
    pub steps: u64,
    /// The least factor.
    pub floor: f64,
}

impl Schedule for CosineWave {
    fn at(&self, step: u64) -> f64 {
        let cosine = (PI * step as f64 / self.steps.max(1) as f64).cos();
        self.floor + (1.0 - self.floor) * 0.5 * (1.0 + cosine)
    }
}

/// Warm restarts (Loshchilov and Hutter 2017): cosines from a peak to `floor`, each `growth` times
/// as long as the one before, from a peak `shrink` times as high.
///
/// ```
/// use cotangent_optimizers::{Schedule, WarmRestarts};
/// let schedule = WarmRestarts { steps: 10, growth: 2.0, shrink: 0.5, floor: 0.0 };
/// assert_eq!([0, 10, 30].map(|step| schedule.at(step)), [1.0, 0.5, 0.25]);
/// assert!((schedule.at(20) - 0.25).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmRestarts {
    /// The length of the first cosine; 0 counts as 1.
    pub steps: u64,
    /// The ratio of two lengths; below 1 counts as 1.
    pub growth: f64,
    /// The ratio of two peaks.
    pub shrink: f64,
    /// The least factor, of the first peak.
    pub floor: f64,
}

impl Schedule for WarmRestarts {
    fn at(&self, step: u64) -> f64 {
        let done = step as f64 / self.steps.max(1) as f64;
        let growth = self.growth.max(1.0);
        let (restarts, part) = if growth == 1.0 {
            (done.floor(), done.fract())
        } else {
            // The sum of n lengths is (growth^n - 1) / (growth - 1); the logarithm may be off by
            // rounding at a restart.
            let length = |n: f64| (growth.powf(n) - 1.0) / (growth - 1.0);
            let mut n = (1.0 + done * (growth - 1.0)).log(growth).floor();
            if length(n + 1.0) <= done {
                n += 1.0;
            } else if length(n) > done {
                n -= 1.0;
            }
            (n, (done - length(n)) / growth.powf(n))
        };
        let cosine = 0.5 * self.shrink.powf(restarts) * (1.0 + (PI * part).cos());
        self.floor + (1.0 - self.floor) * cosine
    }
}

/// A linear rise over `warmup` steps, then a cosine to `floor` at step `total`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupCosine {
    inner: Warmup<Cosine>,
}

impl WarmupCosine {
    /// Rises for `warmup` steps and reaches 0 at step `total`, which includes the rise.
    #[must_use]
    pub fn new(warmup: u64, total: u64) -> Self {
        let after = Cosine {
            steps: total.saturating_sub(warmup),
            floor: 0.0,
        };
        Self {
            inner: Warmup {
                steps: warmup,
                after,
            },
        }
    }

    /// Ends at this factor instead of 0.
    #[must_use]
    pub fn floor(mut self, floor: f64) -> Self {
        self.inner.after.floor = floor;
        self
    }
}

impl Schedule for WarmupCosine {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step)
    }
}
