//! The part of a step that depends on the precision: the scalars of every group, the state of every
//! leaf, the room that a leaf's update needs, and the update itself.

use cotangent_runtime::RowIndex;

use crate::block::Blocks;
use crate::row_room::RowRoom;
use crate::slots::DELTA;
use crate::storage::{LeafEntry, Place};
use crate::tensor_rule::LeafStep;
use crate::{Blend, Constraint, LeafOptions, Real, StepContext, Sums, TensorRule, Transform};

/// All leaves of one precision share a lane.
pub(crate) struct Lane<T: Real, R: TensorRule> {
    pub(crate) blocks: Blocks<T>,
    groups: Vec<Prepared<T, R>>,
    /// The room of the rule for each shape.
    rooms: Vec<(Vec<usize>, R::Room<T>)>,
    delta: Vec<T>,
    gradient: Vec<T>,
    before: Vec<T>,
    projection: Vec<f64>,
    rows: RowRoom<T>,
}

/// One group in this step.
pub(crate) struct Prepared<T: Real, R: TensorRule> {
    /// Without memory.
    pub(crate) context: StepContext<'static>,
    pub(crate) rule: R::Prepared<T>,
    pub(crate) blend: Blend<T>,
}

/// What a lane is told of one leaf that isn't gathered.
pub(crate) struct Task<'a> {
    pub(crate) index: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) group: usize,
    pub(crate) block: usize,
    /// The factor of this leaf's gradient, on top of the group's.
    pub(crate) factor: f64,
    pub(crate) memory: &'a mut [f64],
}

/// A leaf with all that its update reads.
struct Ready<'a, T: Real, R: TensorRule> {
    group: &'a Prepared<T, R>,
    /// The composition that is left to do: the group's, but for the leaf's own factor and what its
    /// transforms did already.
    blend: Blend<T>,
    leaf: LeafStep<'a, T>,
    room: &'a mut R::Room<T>,
    before: &'a mut [T],
    projection: &'a mut Vec<f64>,
}

impl<T: Real, R: TensorRule> Lane<T, R> {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Blocks::new(),
            groups: Vec::new(),
            rooms: Vec::new(),
            delta: Vec::new(),
            gradient: Vec::new(),
            before: Vec::new(),
            projection: Vec::new(),
            rows: RowRoom::new(),
        }
    }

    /// Makes room for the update of a leaf, and for its state if it isn't gathered.
    pub(crate) fn admit(
        &mut self,
        rule: &R,
        transforms: &[Transform],
        options: &LeafOptions,
        leaf: &LeafEntry,
        gathered: bool,
    ) -> Place {
        let longer = |room: &mut Vec<T>, len: usize| room.resize(room.len().max(len), T::default());
        longer(&mut self.delta, DELTA);
        let room = self.room(rule, &leaf.shape);
        if !transforms.is_empty() {
            longer(&mut self.gradient, leaf.len);
        }
        if !options.constraints.is_empty() {
            longer(&mut self.before, leaf.len);
        }
        if gathered {
            return Place::Gathered { block: 0, start: 0 };
        }
        let sizes = leaf
            .specs
            .iter()
            .map(|slot| slot.shape.iter().product::<usize>());
        self.blocks.own(leaf, sizes.sum(), room)
    }

    /// The number of the room for a shape.
    fn room(&mut self, rule: &R, shape: &[usize]) -> usize {
        let known = self.rooms.iter().position(|(known, _)| known == shape);
        known.unwrap_or_else(|| {
            self.rooms.push((shape.to_vec(), rule.room(shape)));
            self.rooms.len() - 1
        })
    }

    /// Whether there are leaves of this precision to update.
    pub(crate) fn is_used(&self) -> bool {
        !self.blocks.list.is_empty()
    }

    /// Computes the scalars of every group.
    pub(crate) fn prepare(&mut self, groups: impl Iterator<Item = Prepared<T, R>>) {
        self.groups.clear();
        self.groups.extend(groups);
    }

    #[inline]
    fn ready<'a>(
        &'a mut self,
        transforms: &[Transform],
        task: Task<'a>,
        x: &'a mut [T],
        g: &'a [T],
    ) -> Ready<'a, T, R> {
        let group = &self.groups[task.group];
        let mut blend = group.blend;
        blend.scale = T::from_f64(blend.scale.to_f64() * task.factor);
        let mut read = g;
        if !transforms.is_empty() {
            let buffer = &mut self.gradient[..g.len()];
            for (copy, g) in buffer.iter_mut().zip(g) {
                *copy = *g * blend.scale;
            }
            blend.scale = T::from_f64(1.0);
            for transform in transforms {
                transform.apply(task.shape, x, buffer, group.context.step, task.index);
            }
            read = buffer;
        }
        let block = &mut self.blocks.list[task.block];
        let leaf = LeafStep {
            shape: task.shape,
            x,
            g: read,
            slots: &mut block.slots,
            memory: task.memory,
            delta: &mut self.delta,
            len: g.len(),
        };
        Ready {
            group,
            blend,
            leaf,
            room: &mut self.rooms[block.room].1,
            before: &mut self.before,
            projection: &mut self.projection,
        }
    }

    /// The sums of one leaf.
    pub(crate) fn measure(
        &mut self,
        transforms: &[Transform],
        task: Task<'_>,
        x: &mut [T],
        g: &[T],
    ) -> Sums {
        if x.is_empty() {
            return [0.0; 4];
        }
        let mut ready = self.ready(transforms, task, x, g);
        R::measure(&ready.group.rule, &ready.blend, &mut ready.leaf)
    }

    /// Updates one leaf; returns the sum of squared changes.
    #[inline]
    pub(crate) fn update(
        &mut self,
        rule: &R,
        constraints: &[Constraint],
        transforms: &[Transform],
        task: Task<'_>,
        x: &mut [T],
        g: &[T],
    ) -> f64 {
        if x.is_empty() {
            return 0.0;
        }
        let Ready {
            group,
            blend,
            mut leaf,
            room,
            before,
            projection,
        } = self.ready(transforms, task, x, g);
        if constraints.is_empty() {
            return rule.update(&group.context, &group.rule, &blend, &mut leaf, room);
        }
        let before = &mut before[..leaf.x.len()];
        before.copy_from_slice(leaf.x);
        rule.update(&group.context, &group.rule, &blend, &mut leaf, room);
        for constraint in constraints {
            constraint.project_with(leaf.shape, leaf.x, group.context.rate, projection);
        }
        square_distance(leaf.x, before)
    }

    /// Does something with a leaf as if it consisted of some of its rows; with all of it where no
    /// rows are listed.
    #[inline]
    pub(crate) fn on_rows<O>(
        &mut self,
        task: Task<'_>,
        x: &mut [T],
        rows: Option<&RowIndex>,
        act: impl FnOnce(&mut Self, Task<'_>, &mut [T]) -> O,
    ) -> O {
        let Some(rows) = rows else {
            return act(self, task, x);
        };
        let (shape, block) = (task.shape, task.block);
        let mut room = std::mem::replace(&mut self.rows, RowRoom::new());
        room.gather(shape, x, &self.blocks.list[block].slots, rows);
        std::mem::swap(&mut room.slots, &mut self.blocks.list[block].slots);
        let task = Task {
            shape: &room.shape,
            ..task
        };
        let result = act(self, task, &mut room.x);
        std::mem::swap(&mut room.slots, &mut self.blocks.list[block].slots);
        room.scatter(shape, x, &mut self.blocks.list[block].slots, rows);
        self.rows = room;
        result
    }

    /// Visits every block of gathered leaves as if it were one leaf.
    #[inline]
    fn gathered(
        &mut self,
        mut visit: impl FnMut(&Prepared<T, R>, &mut LeafStep<'_, T>, &mut R::Room<T>),
    ) {
        let Blocks { list, x, g } = &mut self.blocks;
        for block in list {
            if block.gathered.is_empty() {
                continue;
            }
            let mut leaf = LeafStep {
                shape: &[block.len],
                x: &mut x[block.gathered.clone()],
                g: &g[block.gathered.clone()],
                slots: &mut block.slots,
                memory: &mut [],
                delta: &mut self.delta,
                len: block.len,
            };
            let room = &mut self.rooms[block.room].1;
            visit(&self.groups[block.group], &mut leaf, room);
        }
    }

    /// The sums of all gathered leaves.
    pub(crate) fn measure_gathered(&mut self) -> Sums {
        let mut total = [0.0; 4];
        self.gathered(|group, leaf, _| {
            let sums = R::measure(&group.rule, &group.blend, leaf);
            total
                .iter_mut()
                .zip(sums)
                .for_each(|(total, sum)| *total += sum);
        });
        total
    }

    /// Updates all gathered leaves, in their blocks; returns the sum of squared changes.
    #[inline]
    pub(crate) fn update_gathered(&mut self, rule: &R) -> f64 {
        let mut squares = 0.0;
        self.gathered(|group, leaf, room| {
            squares += rule.update(&group.context, &group.rule, &group.blend, leaf, room);
        });
        squares
    }
}

fn square_distance<T: Real>(x: &[T], y: &[T]) -> f64 {
    let changes = x.iter().zip(y).map(|(x, y)| (*x - *y).to_f64());
    changes.map(|change| change * change).sum()
}
