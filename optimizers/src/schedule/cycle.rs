//! Cycles of rate and momentum: one cycle, and triangles.

use super::Schedule;

/// The form of the way between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// A line.
    Linear,
    /// Half of a cosine.
    Cosine,
}

/// One cycle (Smith and Topin 2018), as in torch: from `1 / div` up to 1 over the part `rise` of
/// the steps, and down to `1 / (div final_div)`; with three phases down to `1 / div` over as many
/// steps first. Momentum goes the other way: [`momentum`](Self::momentum).
///
/// ```
/// use cotangent_optimizers::{OneCycle, Schedule, Sgd};
/// let cycle = OneCycle::new(100);
/// let momentum = cycle.momentum(0.95, 0.85);
/// assert!((cycle.at(0) - 0.04).abs() < 1e-12 && (cycle.at(29) - 1.0).abs() < 1e-12);
/// assert!((momentum.at(0) - 0.95).abs() < 1e-12 && (momentum.at(29) - 0.85).abs() < 1e-12);
/// let optimizer = Sgd::new(0.1)
///     .momentum(0.95)
///     .schedule(cycle)
///     .momentum_schedule(momentum)
///     .build(&vec![0.0_f64])?;
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// The number of steps; the last value stays afterwards.
    pub steps: u64,
    /// The part of the steps that rise.
    pub rise: f64,
    /// The peak over the first value.
    pub div: f64,
    /// The first value over the last.
    pub final_div: f64,
    /// The form of rise and fall.
    pub form: Anneal,
    /// Whether the fall has a phase as long as the rise, and one from the first value to the last.
    pub three_phases: bool,
}

impl OneCycle {
    /// Torch's defaults: a rise over 30 % of the steps, from 1 / 25, to 1 / 250,000, by cosines.
    #[must_use]
    pub fn new(steps: u64) -> Self {
        Self {
            steps,
            rise: 0.3,
            div: 25.0,
            final_div: 1e4,
            form: Anneal::Cosine,
            three_phases: false,
        }
    }

    /// The momentum that goes with it: `high` where the rate starts, `low` at its peak, `high`
    /// where it ends.
    pub fn momentum(self, high: f64, low: f64) -> impl Schedule + Copy + 'static {
        move |step| self.values(step, [high, low, high, high])
    }

    /// The way through start, peak, the end of the second phase, and the end.
    fn values(&self, step: u64, [start, peak, middle, end]: [f64; 4]) -> f64 {
        let last = self.steps.saturating_sub(1) as f64;
        let rise = self.rise * self.steps as f64;
        // Without a third phase the second one goes to the end.
        let (fall, at_fall) = if self.three_phases {
            (2.0 * rise - 2.0, middle)
        } else {
            (last, end)
        };
        let phases = [
            (rise - 1.0, start, peak),
            (fall, peak, at_fall),
            (last, middle, end),
        ];
        let (step, mut from) = (step as f64, 0.0);
        for (to, value, next) in phases {
            if step <= to {
                return self.form.between(value, next, (step - from) / (to - from));
            }
            from = to;
        }
        end
    }
}

impl Schedule for OneCycle {
    fn at(&self, step: u64) -> f64 {
        let start = self.div.recip();
        self.values(step, [start, 1.0, start, start / self.final_div])
    }
}

/// How the height of a triangle changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// It doesn't.
    Constant,
    /// It halves with every cycle.
    Halving,
    /// `gamma^step`.
    Exponential {
        /// The factor of each step.
        gamma: f64,
    },
}

/// Triangular cycles (Smith 2017), as in torch: from `low` up to 1 over `up` steps and back over
/// `down` steps, again and again. Momentum goes the other way: [`momentum`](Self::momentum).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triangular {
    /// The least factor.
    pub low: f64,
    /// The number of steps that rise; 0 counts as 1.
    pub up: u64,
    /// The number of steps that fall; 0 counts as 1.
    pub down: u64,
    /// How the height changes.
    pub scaling: Scaling,
}

impl Triangular {
    /// The momentum that goes with it: `high` where the rate is least, towards `low` at its peaks.
    pub fn momentum(self, high: f64, low: f64) -> impl Schedule + Copy + 'static {
        move |step| high - (high - low) * self.height(step)
    }

    /// The height in [0, 1].
    fn height(&self, step: u64) -> f64 {
        let (up, down) = (self.up.max(1), self.down.max(1));
        let (cycle, within) = (step / (up + down), step % (up + down));
        let height = if within <= up {
            within as f64 / up as f64
        } else {
            (up + down - within) as f64 / down as f64
        };
        match self.scaling {
            Scaling::Constant => height,
            Scaling::Halving => height * 0.5_f64.powf(cycle as f64),
            Scaling::Exponential { gamma } => height * gamma.powf(step as f64),
        }
    }
}

impl Schedule for Triangular {
    fn at(&self, step: u64) -> f64 {
        self.low + (1.0 - self.low) * self.height(step)
    }
}
