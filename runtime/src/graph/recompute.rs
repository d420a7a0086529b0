//! Recomputation: which values of the forward pass are computed again in the backward pass, and where.
//!
//! A value is computed again right before the first backward step that reads it, from what is still
//! there. The same kernels run on the same operands, so that it is equal to the bit; what is random
//! has its key among the operands. A value that is computed again lives as long as the backward steps
//! of its own scope read it; those of scopes inside of it are made once more for each that asks. So
//! nested scopes need memory for one turn of each level at a time.

use std::collections::{BTreeSet, HashMap};

use super::checkpoint::{Scope, Scopes};
use super::in_place::{Merged, Pair, Uses, merge};
use super::memory::{Arena, Buffer};
use super::step::{Action, Location, Pass, Step};

/// A step as far as memory is concerned.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    reads: Vec<Buffer>,
    writes: Vec<Buffer>,
    forward: bool,
    /// What may be written over what.
    pairs: Vec<Pair>,
    /// What it costs to run it once more, in bytes moved.
    pub(super) cost: f64,
}

impl Sketch {
    /// The buffers that it reads or writes.
    pub(super) fn buffers(&self) -> impl Iterator<Item = Buffer> {
        self.reads.iter().chain(&self.writes).copied()
    }
}

/// A schedule as far as memory is concerned.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) steps: Vec<Sketch>,
    /// The step that computes a buffer, where it can be run again: nothing else writes to the buffer
    /// or to what the step reads.
    writers: HashMap<Buffer, usize>,
    bytes: HashMap<Buffer, usize>,
    kept: BTreeSet<Buffer>,
}

/// A step of the new schedule.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// Which step of the old one it is.
    pub(super) step: usize,
    /// Whether it runs again.
    pub(super) again: bool,
    /// The buffers that stand for others.
    pub(super) renamed: Vec<(Buffer, Buffer)>,
}

/// The values that are not kept, each with the scope whose backward steps share it.
pub(super) type Levels = HashMap<Buffer, Scope>;

impl Outline {
    pub(super) fn of(steps: &[Step], arena: &Arena) -> Outline {
        let steps: Vec<Sketch> = steps.iter().map(sketch).collect();
        let mut count: HashMap<Buffer, usize> = HashMap::new();
        for &buffer in steps.iter().flat_map(|step| &step.writes) {
            *count.entry(buffer).or_default() += 1;
        }
        let once = |buffer: &Buffer| count.get(buffer) == Some(&1);
        let mut writers = HashMap::new();
        for (index, step) in steps.iter().enumerate() {
            if step.forward && step.reads.iter().chain(&step.writes).all(once) {
                writers.extend(step.writes.iter().map(|&buffer| (buffer, index)));
            }
        }
        let bytes = |buffer: &Buffer| (*buffer, arena.bytes_of(*buffer));
        Outline {
            bytes: writers.keys().map(bytes).collect(),
            steps,
            writers,
            kept: arena.kept().collect(),
        }
    }

    /// The number of steps of the forward pass.
    pub(super) fn forward(&self) -> usize {
        self.steps.iter().filter(|step| step.forward).count()
    }

    /// The values that a backward step reads and that can be computed again.
    pub(super) fn saved(&self) -> BTreeSet<Buffer> {
        let backward = self.steps.iter().filter(|step| !step.forward);
        let reads = backward.flat_map(|step| step.reads.iter().copied());
        reads
            .filter(|buffer| self.writers.contains_key(buffer) && !self.kept.contains(buffer))
            .collect()
    }

    /// The values that no backward step reads: to have them kept for a recomputation would gain
    /// nothing over what is computed from them.
    pub(super) fn passing(&self) -> impl Iterator<Item = Buffer> {
        let saved = self.saved();
        let known = self.writers.keys().copied();
        known.filter(move |buffer| !saved.contains(buffer) && !self.kept.contains(buffer))
    }

    /// What a byte of a value costs to be computed again from what is not in `levels`.
    pub(super) fn price(&self, value: Buffer, levels: &Levels) -> f64 {
        let Some(&writer) = self.writers.get(&value) else {
            return f64::INFINITY;
        };
        let mut needed = BTreeSet::from([writer]);
        for &read in &self.steps[writer].reads {
            needed.extend(self.needed(read, levels, &|_| false));
        }
        let cost: f64 = needed.iter().map(|&step| self.steps[step].cost).sum();
        cost / self.bytes[&value] as f64
    }

    /// Scopes of the steps of the forward pass as those of all steps. The backward steps of a forward
    /// step belong to its scope; which they are shows in what they read.
    pub(super) fn spread(&self, forward: &[Scope]) -> Vec<Scope> {
        let mut forward = forward.iter();
        let mut scope_of: Vec<Scope> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let scope = match step.forward {
                true => forward.next().copied().unwrap_or(Scope::WHOLE),
                false => {
                    let writers = step.reads.iter().filter_map(|read| self.writers.get(read));
                    writers
                        .max()
                        .map_or(Scope::WHOLE, |&writer| scope_of[writer])
                }
            };
            scope_of.push(scope);
        }
        scope_of
    }

    /// The values that stay inside of scopes. What a forward step outside of a scope reads is kept.
    pub(super) fn inside(&self, scope_of: &[Scope], scopes: &Scopes) -> Levels {
        let mut levels: Levels = self
            .writers
            .iter()
            .map(|(&buffer, &writer)| (buffer, scope_of[writer]))
            .collect();
        for (index, step) in self.steps.iter().enumerate() {
            if !step.forward {
                continue;
            }
            for buffer in &step.reads {
                if let Some(level) = levels.get_mut(buffer) {
                    *level = scopes.common(*level, scope_of[index]);
                }
            }
        }
        levels.retain(|buffer, level| *level != Scope::WHOLE && !self.kept.contains(buffer));
        levels
    }

    /// The schedule in which the values of `levels` are computed again. New buffers are taken from
    /// the arena.
    pub(super) fn again(
        &self,
        levels: &Levels,
        scope_of: &[Scope],
        scopes: &Scopes,
        arena: &mut Arena,
    ) -> Vec<Turn> {
        let mut turns = Vec::new();
        let mut shared: HashMap<Buffer, Buffer> = HashMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            let mut renamed = Vec::new();
            let mut fleeting: HashMap<Buffer, Buffer> = HashMap::new();
            let wanted = step.reads.iter().filter(|_| !step.forward);
            for &buffer in wanted.filter(|buffer| levels.contains_key(buffer)) {
                let known =
                    |buffer: &Buffer| shared.contains_key(buffer) || fleeting.contains_key(buffer);
                for writer in self.needed(buffer, levels, &known) {
                    let operands = self.steps[writer].reads.iter();
                    let mut names: Vec<(Buffer, Buffer)> = operands
                        .filter_map(|read| {
                            let copy = shared.get(read).or_else(|| fleeting.get(read))?;
                            Some((*read, *copy))
                        })
                        .collect();
                    for &written in &self.steps[writer].writes {
                        let copy = arena.another(written);
                        names.push((written, copy));
                        let lasting = levels
                            .get(&written)
                            .is_some_and(|&level| scopes.holds(level, scope_of[index]));
                        let copies = if lasting { &mut shared } else { &mut fleeting };
                        copies.insert(written, copy);
                    }
                    turns.push(Turn {
                        step: writer,
                        again: true,
                        renamed: names,
                    });
                }
                if let Some(&copy) = shared.get(&buffer).or_else(|| fleeting.get(&buffer)) {
                    renamed.push((buffer, copy));
                }
            }
            turns.push(Turn {
                step: index,
                again: false,
                renamed,
            });
        }
        turns
    }

    /// The steps to run, in order, for a value to be there again.
    fn needed(
        &self,
        buffer: Buffer,
        levels: &Levels,
        known: &dyn Fn(&Buffer) -> bool,
    ) -> BTreeSet<usize> {
        let mut needed = BTreeSet::new();
        let mut open = vec![buffer];
        while let Some(buffer) = open.pop() {
            if known(&buffer) || !levels.contains_key(&buffer) {
                continue;
            }
            if let Some(&writer) = self.writers.get(&buffer)
                && needed.insert(writer)
            {
                open.extend(&self.steps[writer].reads);
            }
        }
        needed
    }

    /// What may be written over what in a schedule, and is.
    pub(super) fn merge(&self, turns: &[Turn], arena: &Arena, least: usize) -> Merged {
        let uses = |turn: &Turn| Uses {
            buffers: self.steps[turn.step]
                .buffers()
                .map(|buffer| turn.name(buffer))
                .collect(),
            pairs: self.pairs(turn).collect(),
        };
        let uses: Vec<Uses> = turns.iter().map(uses).collect();
        merge(&uses, &self.kept, arena, least)
    }

    /// What a step of a schedule may write over what.
    pub(super) fn pairs<'o>(&'o self, turn: &'o Turn) -> impl Iterator<Item = Pair> + 'o {
        self.steps[turn.step].pairs.iter().map(|pair| Pair {
            read: turn.name(pair.read),
            written: turn.name(pair.written),
            ..*pair
        })
    }

    /// The most bytes that live at one time of a schedule.
    pub(super) fn peak(&self, turns: &[Turn], arena: &Arena, merged: &Merged) -> usize {
        let mut lives: HashMap<Buffer, (usize, usize)> = HashMap::new();
        for (at, turn) in turns.iter().enumerate() {
            let step = &self.steps[turn.step];
            for buffer in step.buffers() {
                let name = merged.name(turn.name(buffer));
                lives.entry(name).or_insert((at, at)).1 = at;
            }
        }
        let mut change = vec![0_isize; turns.len() + 1];
        for (buffer, (first, last)) in lives {
            let bytes = arena.bytes_of(buffer).cast_signed();
            change[first] += bytes;
            if !self.kept.contains(&buffer) {
                change[last + 1] -= bytes;
            }
        }
        let mut live = 0;
        let peaks = change.iter().map(|change| {
            live += change;
            live
        });
        peaks.max().unwrap_or(0).unsigned_abs()
    }
}

impl Turn {
    /// The buffer that stands for another in this step.
    pub(super) fn name(&self, buffer: Buffer) -> Buffer {
        let mut found = self.renamed.iter().filter(|(old, _)| *old == buffer);
        found.next().map_or(buffer, |&(_, new)| new)
    }

    /// The step of the new schedule, still without what is written in place.
    pub(super) fn apply(&self, steps: &[Step]) -> Step {
        let mut step = steps[self.step].clone();
        if self.again {
            step.origin.pass = Pass::Again;
        }
        step.action.visit_mut(&mut |location| {
            location.rename(|buffer| self.name(buffer).0);
        });
        step
    }
}

fn sketch(step: &Step) -> Sketch {
    let mut writes = Vec::new();
    step.action.visit_written(&mut |location| {
        if let Location::Arena(buffer) = location {
            writes.push(Buffer(*buffer));
        }
    });
    let mut reads = Vec::new();
    let mut outside = false;
    step.action.visit(&mut |location| match location {
        Location::Arena(buffer) if !writes.contains(&Buffer(*buffer)) => {
            reads.push(Buffer(*buffer));
        }
        Location::Gradient(_) => outside = true,
        _ => {}
    });
    Sketch {
        reads,
        writes,
        forward: step.origin.pass == Pass::Forward && !outside,
        pairs: pairs(&step.action),
        cost: cost(&step.action),
    }
}

/// What a step may write over which of its operands.
fn pairs(action: &Action) -> Vec<Pair> {
    let Action::Fused {
        plan,
        inputs,
        outputs,
    } = action
    else {
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for (input, read) in inputs.iter().enumerate() {
        for (output, written) in outputs.iter().enumerate() {
            if let (Location::Arena(read), Location::Arena(written)) = (read, written)
                && plan.may_overwrite(input, output)
            {
                let (read, written) = (Buffer(*read), Buffer(*written));
                pairs.push(Pair {
                    input,
                    read,
                    written,
                });
            }
        }
    }
    pairs
}

/// What a step costs, in bytes moved, as far as its form tells.
fn cost(action: &Action) -> f64 {
    match action {
        // A multiply-add costs about what a quarter of a byte does.
        Action::Gemm { plan, .. } => plan.multiplications() as f64 / 4.0,
        Action::Fused { plan, .. } => plan.bytes() as f64,
        // Row operations pass twice over their operand.
        Action::Rows { rows, classes, .. } => (rows * classes * 12) as f64,
        Action::Transpose { shape, .. } => (shape.iter().product::<usize>() * 8) as f64,
        // What a primitive does is not known; most of the heavy ones are.
        Action::Primitive { plan, .. } | Action::AddRows { plan, .. } => plan.bytes() as f64 * 8.0,
        Action::Copy { elements, .. } | Action::Convert { elements, .. } => (elements * 8) as f64,
        Action::Zero { bytes, .. } => *bytes as f64,
    }
}
