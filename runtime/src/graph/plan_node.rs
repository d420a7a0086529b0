//! One node of a region as a step, or as no step: views and reshapes are places under other strides, and
//! results that are made of the same elements share one place.

use std::collections::HashMap;

use super::plan::{Home, Planner};
use super::product::matrices;
use super::region::{Node, Operand, RowOp, ValueIndex};
use super::step::{Action, Location};
use crate::cpu::{FusedPlan, GemmPlan, Write};
use crate::primitive::{PLACE_ADD, PLACE_ZERO, Resolved, Strided};

/// Whether and how each value is written.
type Writes<'w> = &'w dyn Fn(ValueIndex) -> Option<Write>;

/// Where values are written that get no buffer of their own.
pub(super) type Targets = HashMap<ValueIndex, (Home, Write)>;

impl Planner<'_> {
    /// Plans a node.
    pub(super) fn node(
        &mut self,
        index: usize,
        node: &'static Node,
        write: Writes<'_>,
        targets: &Targets,
    ) {
        if let Some((value, home)) = self.stands(index, node, targets) {
            self.locals[index].insert(value, home);
            return;
        }
        let action = match node {
            Node::Fused { .. } => self.fused(index, node, write, targets),
            Node::MatMul { .. } => self.product(index, node, write, targets),
            _ => self.structural(index, node, targets),
        };
        if let Some(action) = action {
            self.push(action, self.instances[index].region.name);
        }
    }

    /// What a node yields without a step, unless it has to write somewhere.
    fn stands(
        &mut self,
        index: usize,
        node: &'static Node,
        targets: &Targets,
    ) -> Option<(ValueIndex, Home)> {
        let instance = &self.instances[index];
        let shape = |value: ValueIndex| instance.shapes[usize::from(value)].as_slice();
        let (input, output) = match node {
            Node::Reshape { input, output } | Node::Transpose { input, output } => {
                (*input, *output)
            }
            Node::Primitive { inputs, output, .. } => (inputs[0], *output),
            _ => return None,
        };
        if targets.contains_key(&output) {
            return None;
        }
        let home = self.local(index, input);
        let home = match node {
            Node::Reshape { .. } => self.reshaped(home, shape(output)),
            Node::Transpose { .. } => self.seen(home, Strided::transpose_of(shape(input))?)?,
            Node::Primitive { op, .. } => {
                self.moved((op, &instance.args), (home, shape(input)), shape(output))?
            }
            _ => return None,
        };
        Some((output, home))
    }

    /// Where a value is written.
    fn output(&mut self, index: usize, value: ValueIndex, targets: &Targets) -> Location {
        let place = match targets.get(&value) {
            Some(&(home, _)) => home,
            None => {
                let shape = &self.instances[index].shapes[usize::from(value)];
                self.room(shape.iter().product())
            }
        };
        self.locals[index].insert(value, place);
        self.location(place)
    }

    /// The place of a result of a fused kernel that is made of the elements of another value.
    pub(super) fn twin(
        &mut self,
        index: usize,
        node: &Node,
        value: ValueIndex,
        targets: &Targets,
    ) -> Option<Home> {
        let Node::Fused {
            domain,
            twins,
            outputs,
            ..
        } = node
        else {
            return None;
        };
        if targets.contains_key(&value) {
            return None;
        }
        let shapes = &self.instances[index].shapes;
        let whole = |value: ValueIndex| shapes[usize::from(value)] == shapes[usize::from(*domain)];
        let serves = |other: ValueIndex| {
            whole(other)
                && !targets.contains_key(&other)
                && (!outputs.contains(&other) || self.locals[index].contains_key(&other))
        };
        let mut twins = twins.iter().filter(|(twin, _)| *twin == value);
        let found = twins.find(|(_, other)| serves(*other));
        found
            .filter(|_| whole(value))
            .map(|&(_, other)| self.local(index, other))
    }

    fn fused(
        &mut self,
        index: usize,
        node: &'static Node,
        write: Writes<'_>,
        targets: &Targets,
    ) -> Option<Action> {
        let Node::Fused {
            kernel,
            domain,
            inputs,
            outputs,
            ..
        } = node
        else {
            return None;
        };
        let instance = &self.instances[index];
        let shape = |value: ValueIndex| instance.shapes[usize::from(value)].as_slice();
        let domain = shape(*domain);
        let (mut sources, mut reads) = (Vec::new(), Vec::new());
        for operand in *inputs {
            let (source, read) = match *operand {
                Operand::Value(value) => {
                    let home = self.local(index, value);
                    self.read(home, shape(value), domain)
                }
                Operand::Ratio { of, by } => {
                    let count = |value| shape(value).iter().product::<usize>() as f64;
                    let home = self.constant(count(of) / count(by));
                    self.read(home, &[], domain)
                }
            };
            sources.push(source);
            reads.push(read);
        }
        let (mut results, mut writes) = (Vec::new(), Vec::new());
        for &value in *outputs {
            let twin = self.twin(index, node, value, targets);
            let mode = write(value).filter(|_| twin.is_none());
            if let Some(home) = twin {
                self.locals[index].insert(value, home);
            }
            results.push(match mode {
                Some(_) => self.output(index, value, targets),
                None => Location::Nowhere,
            });
            writes.push((shape(value), mode.unwrap_or(Write::Discard)));
        }
        let some = results.iter().any(|result| *result != Location::Nowhere);
        some.then(|| Action::Fused {
            plan: FusedPlan::reading(kernel, domain, reads, &writes),
            inputs: sources,
            outputs: results,
        })
    }

    fn product(
        &mut self,
        index: usize,
        node: &'static Node,
        write: Writes<'_>,
        targets: &Targets,
    ) -> Option<Action> {
        let Node::MatMul {
            a,
            b,
            transpose_a,
            transpose_b,
            output,
        } = node
        else {
            return None;
        };
        let instance = &self.instances[index];
        let shape = |value: ValueIndex| instance.shapes[usize::from(value)].as_slice();
        let read = matrices(
            shape(*a),
            *transpose_a,
            shape(*b),
            *transpose_b,
            shape(*output),
        );
        let (at_a, at_b) = (self.local(index, *a), self.local(index, *b));
        let (at_a, left) = self.side(at_a, shape(*a), (&read.a, *transpose_a));
        let (at_b, right) = self.side(at_b, shape(*b), (&read.b, *transpose_b));
        let mode = write(*output).unwrap_or(Write::Store);
        Some(Action::Gemm {
            plan: GemmPlan::reading(self.dtype, &left, &right, &read.result, mode),
            a: at_a,
            b: at_b,
            c: self.output(index, *output, targets),
            then: Vec::new(),
        })
    }

    /// A node whose operands have their elements in a row.
    fn structural(
        &mut self,
        index: usize,
        node: &'static Node,
        targets: &Targets,
    ) -> Option<Action> {
        let instance = &self.instances[index];
        let shape = |value: ValueIndex| instance.shapes[usize::from(value)].as_slice();
        let inputs = node.inputs();
        let mut sources = Vec::with_capacity(inputs.len());
        for &input in &inputs {
            let home = self.local(index, input);
            sources.push(self.location(home));
        }
        Some(match node {
            Node::Transpose { input, output } => Action::Transpose {
                dtype: self.dtype,
                shape: shape(*input).to_vec(),
                input: sources[0],
                output: self.output(index, *output, targets),
            },
            Node::Primitive { op, output, .. } => {
                let shapes: Vec<&[usize]> = inputs.iter().map(|&input| shape(input)).collect();
                let added = matches!(targets.get(output), Some((_, Write::Accumulate)));
                let op = if added && std::ptr::eq(*op, &PLACE_ZERO) {
                    &PLACE_ADD
                } else {
                    *op
                };
                let plan = Resolved::new(op, self.dtype, &shapes, shape(*output), &instance.args);
                if let Some(Location::Leaf(leaf)) = op.labels.map(|at| sources[at]) {
                    let place = instance.place(*output);
                    self.labels.push((leaf, plan.labels(), plan.limit(), place));
                }
                match targets.get(output) {
                    Some(&(Home::RowList(leaf), _)) => Action::AddRows {
                        plan,
                        inputs: sources,
                        list: Location::Gradient(leaf),
                    },
                    _ => Action::Primitive {
                        plan,
                        inputs: sources,
                        output: self.output(index, *output, targets),
                    },
                }
            }
            Node::Rows { op, output, .. } => {
                let logits = shape(inputs[0]);
                let classes = logits.last().copied().unwrap_or(0);
                let elements: usize = logits.iter().product();
                let rows = elements.checked_div(classes).unwrap_or(0);
                let labels = sources.get(1).copied();
                if let (RowOp::CrossEntropy, Some(Location::Leaf(leaf))) = (op, labels) {
                    let place = instance.place(*output);
                    self.labels.push((leaf, rows, classes, place));
                }
                Action::Rows {
                    dtype: self.dtype,
                    op: *op,
                    rows,
                    classes,
                    input: sources[0],
                    labels,
                    output: self.output(index, *output, targets),
                }
            }
            Node::Reshape { .. } | Node::Fused { .. } | Node::MatMul { .. } => return None,
        })
    }
}
