//! The builder: a rule and everything that is composed with it, validated once.

use cotangent_runtime::Leaves;

use crate::error::check_range;
use crate::filter::Filter;
use crate::{Constant, Error, LeafInfo, Optimizer, Rule, Schedule};

/// Configures an [`Optimizer`]; made by `Sgd::new`, `AdamW::new` and so on.
pub struct OptimizerBuilder<R> {
    pub(crate) rule: R,
    pub(crate) rate: f64,
    pub(crate) schedule: Box<dyn Schedule>,
    pub(crate) l2: f64,
    pub(crate) weight_decay: f64,
    pub(crate) clip: Option<f64>,
    pub(crate) no_decay: Vec<Filter>,
}

impl<R: Rule> OptimizerBuilder<R> {
    /// An optimizer that follows `rule` at the learning rate `rate`.
    #[must_use]
    pub fn new(rule: R, rate: f64) -> Self {
        let schedule = Box::new(Constant);
        Self {
            rule,
            rate,
            schedule,
            l2: 0.0,
            weight_decay: 0.0,
            clip: None,
            no_decay: Vec::new(),
        }
    }

    /// Multiplies the rate by a function of the step.
    #[must_use]
    pub fn schedule(mut self, schedule: impl Schedule + 'static) -> Self {
        self.schedule = Box::new(schedule);
        self
    }

    /// Coupled L2: the gradient of `penalty / 2 |x|^2` is added to the (clipped) gradient.
    #[must_use]
    pub fn l2(mut self, penalty: f64) -> Self {
        self.l2 = penalty;
        self
    }

    /// Decoupled decay: `x *= 1 - lr decay` before the update.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.weight_decay = decay;
        self
    }

    /// Scales the whole gradient to this norm if it is longer: by `norm / |g|`, exactly.
    #[must_use]
    pub fn clip_global_norm(mut self, norm: f64) -> Self {
        self.clip = Some(norm);
        self
    }

    /// Neither L2 nor weight decay on the leaves whose path matches; `*` stands for any text.
    #[must_use]
    pub fn no_decay(mut self, pattern: &str) -> Self {
        self.no_decay.push(Filter::Pattern(pattern.to_owned()));
        self
    }

    /// Neither L2 nor weight decay on the leaves that satisfy a predicate.
    #[must_use]
    pub fn no_decay_where(mut self, predicate: impl Fn(&LeafInfo<'_>) -> bool + 'static) -> Self {
        self.no_decay.push(Filter::Predicate(Box::new(predicate)));
        self
    }

    /// Checks the configuration and makes the state for `model`.
    ///
    /// # Errors
    /// When a hyperparameter is out of its range, or a filter matches no leaf of `model`.
    pub fn build(self, model: &impl Leaves) -> Result<Optimizer<R>, Error> {
        check_range("the learning rate", self.rate, 0.0, f64::INFINITY)?;
        check_range("the L2 penalty", self.l2, 0.0, f64::INFINITY)?;
        check_range("the weight decay", self.weight_decay, 0.0, f64::INFINITY)?;
        if let Some(norm) = self.clip.filter(|norm| norm.is_nan() || *norm <= 0.0) {
            return Err(Error::configuration(format!(
                "clip_global_norm({norm}) can't be used: the norm must be above 0"
            )));
        }
        self.rule.validate()?;
        Optimizer::from_builder(self, model)
    }
}
