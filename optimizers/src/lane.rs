//! The part of a step that depends on the precision: the scalars of every group, the room that a
//! leaf's update needs, and the update itself.

use crate::slots::DELTA;
use crate::tensor_rule::LeafStep;
use crate::{Blend, Constraint, Real, StepContext, Sums, TensorRule, Transform};

/// All leaves of one precision share a lane.
pub(crate) struct Lane<T: Real, R: TensorRule> {
    groups: Vec<Prepared<T, R>>,
    delta: Vec<T>,
    work: Vec<T>,
    gradient: Vec<T>,
    before: Vec<T>,
}

/// One group in this step.
pub(crate) struct Prepared<T: Real, R: TensorRule> {
    /// Without memory.
    pub(crate) context: StepContext<'static>,
    pub(crate) rule: R::Prepared<T>,
    pub(crate) blend: Blend<T>,
}

/// What a lane is told of one leaf.
pub(crate) struct Task<'a> {
    pub(crate) index: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) group: usize,
    /// The factor of this leaf's gradient, on top of the group's.
    pub(crate) factor: f64,
    pub(crate) memory: &'a mut [f64],
}

/// The most elements that a leaf of this precision needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    pub(crate) used: bool,
    pub(crate) work: usize,
    pub(crate) transformed: usize,
    pub(crate) constrained: usize,
}

impl<T: Real, R: TensorRule> Lane<T, R> {
    pub(crate) fn new(room: Room, groups: usize) -> Self {
        let zeros = |len| vec![T::default(); len];
        Self {
            groups: Vec::with_capacity(groups),
            delta: zeros(if room.used { DELTA } else { 0 }),
            work: zeros(room.work),
            gradient: zeros(room.transformed),
            before: zeros(room.constrained),
        }
    }

    /// Whether there are leaves of this precision.
    pub(crate) fn is_used(&self) -> bool {
        !self.delta.is_empty()
    }

    /// Computes the scalars of every group.
    pub(crate) fn prepare(&mut self, groups: impl Iterator<Item = Prepared<T, R>>) {
        self.groups.clear();
        self.groups.extend(groups);
    }

    pub(crate) fn measure(
        &mut self,
        transforms: &[Transform],
        task: Task<'_>,
        x: &mut [T],
        g: &[T],
        slots: &mut [T],
    ) -> Sums {
        let group = &self.groups[task.group];
        let mut changed = None;
        let g = transformed(
            &mut self.gradient,
            &task,
            x,
            g,
            group,
            transforms,
            &mut changed,
        );
        let mut leaf = LeafStep {
            shape: task.shape,
            x,
            g,
            slots,
            memory: task.memory,
            work: &mut self.work,
            delta: &mut self.delta,
        };
        R::measure(
            &group.rule,
            changed.as_ref().unwrap_or(&group.blend),
            &mut leaf,
        )
    }

    #[inline]
    #[allow(
        clippy::too_many_arguments,
        reason = "slices of one leaf and the constants of a step"
    )]
    pub(crate) fn update(
        &mut self,
        rule: &R,
        constraints: &[Constraint],
        transforms: &[Transform],
        task: Task<'_>,
        x: &mut [T],
        g: &[T],
        slots: &mut [T],
    ) -> f64 {
        let group = &self.groups[task.group];
        let mut changed = None;
        let g = transformed(
            &mut self.gradient,
            &task,
            x,
            g,
            group,
            transforms,
            &mut changed,
        );
        if !constraints.is_empty() {
            self.before[..x.len()].copy_from_slice(x);
        }
        let mut leaf = LeafStep {
            shape: task.shape,
            x,
            g,
            slots,
            memory: task.memory,
            work: &mut self.work,
            delta: &mut self.delta,
        };
        let blend = changed.as_ref().unwrap_or(&group.blend);
        let squares = rule.update(&group.context, &group.rule, blend, &mut leaf);
        if constraints.is_empty() {
            return squares;
        }
        constrain(
            constraints,
            task.shape,
            leaf.x,
            &self.before,
            group.context.rate,
        )
    }

    /// The second view of a leaf, over its parameters.
    pub(crate) fn view(prepared: &R::Prepared<T>, x: &mut [T], slots: &[T]) {
        R::view(prepared, x, slots);
    }
}

/// The gradient that the rule's loop reads; `changed` becomes the composition that is left to do,
/// where that isn't the group's.
#[inline]
fn transformed<'g, T: Real, R: TensorRule>(
    buffer: &'g mut [T],
    task: &Task<'_>,
    x: &[T],
    g: &'g [T],
    group: &Prepared<T, R>,
    transforms: &[Transform],
    changed: &mut Option<Blend<T>>,
) -> &'g [T] {
    if task.factor == 1.0 && transforms.is_empty() {
        return g;
    }
    let mut blend = group.blend;
    blend.scale = T::from_f64(blend.scale.to_f64() * task.factor);
    if transforms.is_empty() {
        *changed = Some(blend);
        return g;
    }
    let buffer = &mut buffer[..g.len()];
    for (copy, g) in buffer.iter_mut().zip(g) {
        *copy = *g * blend.scale;
    }
    blend.scale = T::from_f64(1.0);
    *changed = Some(blend);
    for transform in transforms {
        transform.apply(task.shape, x, buffer, group.context.step, task.index);
    }
    buffer
}

/// Projects a leaf; returns the sum of squared changes since `before`.
fn constrain<T: Real>(
    constraints: &[Constraint],
    shape: &[usize],
    x: &mut [T],
    before: &[T],
    rate: f64,
) -> f64 {
    for constraint in constraints {
        constraint.project(shape, x, rate);
    }
    let changes = x.iter().zip(before).map(|(x, old)| (*x - *old).to_f64());
    changes.map(|change| change * change).sum()
}
