//! The builder: a rule and everything that is composed with it, validated once.

use cotangent_runtime::Leaves;

use crate::clip::Norm;
use crate::error::check_range;
use crate::filter::Filter;
use crate::{
    Clip, Constant, Constraint, Error, LeafInfo, LeafOptions, Optimizer, Schedule, TensorRule,
    Transform,
};

/// Configures an [`Optimizer`]; made by `Sgd::new`, `AdamW::new` and so on.
pub struct OptimizerBuilder<R> {
    pub(crate) rule: R,
    pub(crate) rate: f64,
    pub(crate) schedule: Box<dyn Schedule>,
    pub(crate) momentum: Option<Box<dyn Schedule>>,
    pub(crate) decay_schedule: Option<Box<dyn Schedule>>,
    pub(crate) options: LeafOptions,
    pub(crate) clip: Option<Clip>,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) refusals: u64,
    pub(crate) groups: Vec<Group>,
}

/// A change of the options of some leaves.
pub(crate) struct Group {
    /// The name of the builder method, for error messages.
    pub(crate) option: &'static str,
    pub(crate) filter: Filter,
    pub(crate) change: Box<dyn Fn(LeafOptions) -> LeafOptions>,
}

impl<R: TensorRule> OptimizerBuilder<R> {
    /// An optimizer that follows `rule` at the learning rate `rate`.
    #[must_use]
    pub fn new(rule: R, rate: f64) -> Self {
        Self {
            rule,
            rate,
            schedule: Box::new(Constant),
            momentum: None,
            decay_schedule: None,
            options: LeafOptions::default(),
            clip: None,
            transforms: Vec::new(),
            refusals: u64::MAX,
            groups: Vec::new(),
        }
    }

    /// The same configuration around another rule.
    pub(crate) fn with_rule<S>(self, rule: S) -> OptimizerBuilder<S> {
        OptimizerBuilder {
            rule,
            rate: self.rate,
            schedule: self.schedule,
            momentum: self.momentum,
            decay_schedule: self.decay_schedule,
            options: self.options,
            clip: self.clip,
            transforms: self.transforms,
            refusals: self.refusals,
            groups: self.groups,
        }
    }

    /// Multiplies the rate by a function of the step.
    #[must_use]
    pub fn schedule(mut self, schedule: impl Schedule + 'static) -> Self {
        self.schedule = Box::new(schedule);
        self
    }

    /// Replaces the rule's momentum (SGD) or first beta (Adam) by a function of the step.
    #[must_use]
    pub fn momentum_schedule(mut self, schedule: impl Schedule + 'static) -> Self {
        self.momentum = Some(Box::new(schedule));
        self
    }

    /// Coupled L2: the gradient of `penalty / 2 |x|^2` is added to the (clipped) gradient.
    #[must_use]
    pub fn l2(mut self, penalty: f64) -> Self {
        self.options = self.options.l2(penalty);
        self
    }

    /// Decoupled decay: `x *= 1 - rate decay` before the update.
    ///
    /// The decay is multiplied by the current rate, as in every peer; see
    /// [`decay_schedule`](Self::decay_schedule) for the other form.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.options = self.options.weight_decay(decay);
        self
    }

    /// Frees the decoupled decay from the rate: `x *= 1 - decay schedule(step)`, the form in which
    /// Loshchilov and Hutter (2019) wrote AdamW.
    #[must_use]
    pub fn decay_schedule(mut self, schedule: impl Schedule + 'static) -> Self {
        self.decay_schedule = Some(Box::new(schedule));
        self
    }

    /// The subgradient of `penalty |x|_1` is added to the (clipped) gradient.
    #[must_use]
    pub fn l1(mut self, penalty: f64) -> Self {
        self.options = self.options.l1(penalty);
        self
    }

    /// The proximal step of `penalty |x|_1` after every update: gives exact zeros.
    ///
    /// With [`l2`](Self::l2) this is the elastic net.
    #[must_use]
    pub fn proximal_l1(mut self, penalty: f64) -> Self {
        self.options = self.options.proximal_l1(penalty);
        self
    }

    /// Keeps every parameter within these bounds.
    #[must_use]
    pub fn bounds(mut self, lower: f64, upper: f64) -> Self {
        self.options = self.options.bounds(lower, upper);
        self
    }

    /// Projects every leaf after every update.
    #[must_use]
    pub fn constraint(mut self, constraint: Constraint) -> Self {
        self.options = self.options.constraint(constraint);
        self
    }

    /// Clips the gradient; a later call replaces an earlier one.
    #[must_use]
    pub fn clip(mut self, clip: Clip) -> Self {
        self.clip = Some(clip);
        self
    }

    /// Scales the whole gradient to this norm if it is longer: by `norm / |g|`, exactly.
    #[must_use]
    pub fn clip_global_norm(self, norm: f64) -> Self {
        self.clip(Clip::Global {
            limit: norm,
            eps: 0.0,
            norm: Norm::Two,
        })
    }

    /// Changes the gradient leaf by leaf, after clipping by norm; several act in this order.
    #[must_use]
    pub fn transform(mut self, transform: Transform) -> Self {
        self.transforms.push(transform);
        self
    }

    /// After more than this many refused gradients in a row, `step` is an error. Without it any
    /// number of gradients that aren't finite is refused, and reported.
    #[must_use]
    pub fn refuse_at_most(mut self, in_a_row: u64) -> Self {
        self.refusals = in_a_row;
        self
    }

    /// Neither L2 nor weight decay on the leaves whose path matches; `*` stands for any text.
    #[must_use]
    pub fn no_decay(self, pattern: &str) -> Self {
        let filter = Filter::Pattern(pattern.to_owned());
        self.add("no_decay", filter, LeafOptions::no_decay)
    }

    /// Neither L2 nor weight decay on the leaves that satisfy a predicate.
    #[must_use]
    pub fn no_decay_where(self, predicate: impl Fn(&LeafInfo<'_>) -> bool + 'static) -> Self {
        let filter = Filter::Predicate(Box::new(predicate));
        self.add("no_decay", filter, LeafOptions::no_decay)
    }

    /// Leaves the leaves whose path matches as they are; they have no state and don't enter norms.
    #[must_use]
    pub fn freeze(self, pattern: &str) -> Self {
        let filter = Filter::Pattern(pattern.to_owned());
        self.add("freeze", filter, LeafOptions::frozen)
    }

    /// Other options for the leaves whose path matches; later groups change what earlier ones set.
    ///
    /// ```
    /// use cotangent_optimizers::Sgd;
    /// let mut model = vec![vec![1.0_f64], vec![1.0]];
    /// let mut optimizer = Sgd::new(0.5)
    ///     .weight_decay(0.1)
    ///     .group("1", |group| group.rate_factor(0.1).no_decay())
    ///     .build(&model)?;
    /// optimizer.step(&mut model, &vec![vec![0.0], vec![1.0]])?;
    /// assert_eq!(model, [vec![0.95], vec![0.95]]);
    /// # Ok::<(), cotangent_optimizers::Error>(())
    /// ```
    #[must_use]
    pub fn group(
        self,
        pattern: &str,
        change: impl Fn(LeafOptions) -> LeafOptions + 'static,
    ) -> Self {
        self.add("group", Filter::Pattern(pattern.to_owned()), change)
    }

    /// As [`group`](Self::group), for the leaves that satisfy a predicate.
    #[must_use]
    pub fn group_where(
        self,
        predicate: impl Fn(&LeafInfo<'_>) -> bool + 'static,
        change: impl Fn(LeafOptions) -> LeafOptions + 'static,
    ) -> Self {
        self.add("group", Filter::Predicate(Box::new(predicate)), change)
    }

    fn add(
        mut self,
        option: &'static str,
        filter: Filter,
        change: impl Fn(LeafOptions) -> LeafOptions + 'static,
    ) -> Self {
        let change = Box::new(change);
        self.groups.push(Group {
            option,
            filter,
            change,
        });
        self
    }

    /// Checks the configuration and makes the state for `model`.
    ///
    /// # Errors
    /// When a hyperparameter is out of its range, or a filter matches no leaf of `model`.
    pub fn build(self, model: &impl Leaves) -> Result<Optimizer<R>, Error> {
        check_range("the learning rate", self.rate, 0.0, f64::INFINITY)?;
        self.options.validate()?;
        self.clip.iter().try_for_each(Clip::validate)?;
        self.transforms.iter().try_for_each(Transform::validate)?;
        if R::OWN_DECAY && self.decay_schedule.is_some() {
            return Err(Error::configuration(format!(
                "decay_schedule can't be used with {}, whose decay is a part of its update: \
                 use weight_decay alone",
                R::NAME
            )));
        }
        self.rule.validate()?;
        Optimizer::from_builder(self, model)
    }
}
