//! The backward half of a plan: instances in reverse, cotangents stored by their first writer and
//! accumulated by later ones, nodes whose results nobody needs left out.

use std::collections::HashMap;

use super::builder::{Source, ValueId};
use super::checkpoint::Scope;
use super::memory::Buffer;
use super::plan::{Gradients, Home, Planner, Seed};
use super::plan_node::Targets;
use super::region::{Node, ValueIndex};
use super::step::{Action, Pass};
use crate::Error;
use crate::cpu::Write;
use crate::primitive::{PLACE_ZERO, Strided, VIEW};

impl Planner<'_> {
    /// Plans the backward pass; yields the leaves whose gradient is written.
    ///
    /// # Errors
    /// When a table of rows is used by something else than a lookup, which its handle forbids.
    pub(super) fn backward(
        &mut self,
        outputs: &[(ValueId, Seed)],
        gradients: Gradients,
    ) -> Result<Vec<usize>, Error> {
        (self.pass, self.scope) = (Pass::Backward, Scope::WHOLE);
        let mut cotangents: HashMap<ValueId, Home> = HashMap::new();
        if gradients == Gradients::Added {
            cotangents = self.earlier_gradients();
        }
        let mut written = Vec::new();
        for &(output, seed) in outputs {
            let seed = match seed {
                Seed::One => self.constant(1.0),
                Seed::Leaf(leaf) => self.leaf(leaf),
                Seed::Nothing => continue,
            };
            let several = outputs
                .iter()
                .filter(|&&(other, _)| other == output)
                .count()
                > 1;
            self.seed((output, several), seed, &mut cotangents, &mut written);
        }
        for index in (0..self.instances.len()).rev() {
            let instance = &self.instances[index];
            self.scope = instance.scope;
            if !instance
                .outputs
                .iter()
                .any(|id| cotangents.contains_key(id))
            {
                continue;
            }
            // What this instance may hand on: the cotangents of its outputs, of which nobody else hears
            // any more, and what its nodes compute.
            let mut own: Vec<Home> = Vec::new();
            for (id, &seed) in instance.outputs.iter().zip(instance.region.seeds) {
                let place = match cotangents.remove(id) {
                    Some(place) => place,
                    None => self.zeros(&instance.shapes[usize::from(seed)]),
                };
                own.push(place);
                self.locals[index].insert(seed, place);
            }
            let computed = self.arena.count();
            let contributions: Vec<(ValueId, ValueIndex)> = instance
                .region
                .cotangents
                .iter()
                .map(|&(input, value)| (instance.inputs[input], value))
                .filter(|(id, _)| self.values[id.index()].active)
                .collect();
            let direct = self.direct(index, &contributions, &mut cotangents, &mut written);
            self.backward_nodes(index, &contributions, &direct);
            own.extend((computed..self.arena.count()).map(|buffer| Home::Buffer(Buffer(buffer))));
            self.contribute(
                index,
                &contributions,
                &own,
                &direct,
                &mut cotangents,
                &mut written,
            )?;
        }
        self.round_gradients();
        let probe = |id: &ValueId| self.values[id.index()].source == Source::Probe;
        self.probes = cotangents;
        self.probes.retain(|id, _| probe(id));
        Ok(written)
    }

    /// Adds the contributions of an instance, but for those that were written straight into their
    /// cotangents, to the cotangents of its inputs. What the instance has of its `own` may become one.
    fn contribute(
        &mut self,
        index: usize,
        contributions: &[(ValueId, ValueIndex)],
        own: &[Home],
        direct: &Targets,
        cotangents: &mut HashMap<ValueId, Home>,
        written: &mut Vec<usize>,
    ) -> Result<(), Error> {
        let mut flows: Vec<(ValueId, ValueIndex, Home)> = contributions
            .iter()
            .filter(|(_, value)| !direct.contains_key(value))
            .map(|&(id, value)| (id, value, self.local(index, value)))
            .collect();
        // Views first, as long as nobody adds to what they show.
        flows.sort_by_key(|&(.., from)| !matches!(from, Home::Latent(_)));
        for &(id, value, from) in &flows {
            if self.values[id.index()].rows {
                return Err(Error::structure(
                    "an embedding takes part in something else than a lookup: make it a tensor",
                ));
            }
            let leaf = match self.values[id.index()].source {
                Source::Leaf(leaf) => Some(leaf),
                _ => None,
            };
            let known = self.ready(id, cotangents);
            let fresh = known.is_none() && leaf.is_none();
            if fresh && let Some(base) = self.shown(from) {
                // A view may be the cotangent as long as nobody adds to it, nor to what it shows.
                self.shown.insert(base);
                cotangents.insert(id, from);
                continue;
            }
            let once = flows.iter().filter(|(.., home)| *home == from).count() == 1;
            let ours = matches!(from, Home::Buffer(_))
                && own.contains(&from)
                && !self.shown.contains(&from)
                && !self.is_copy(from);
            if fresh && once && ours {
                // Others may add to it: all who read it have run.
                cotangents.insert(id, from);
                continue;
            }
            let elements = self.instances[index].shapes[usize::from(value)]
                .iter()
                .product();
            let to = known.unwrap_or_else(|| match leaf {
                Some(leaf) => self.gradient(leaf),
                None => self.room(elements),
            });
            cotangents.insert(id, to);
            if known.is_some() || !self.pack_into(from, to) {
                self.copy(from, to, elements, known.is_some());
            }
            written.extend(leaf);
        }
        Ok(())
    }

    /// The cotangent that a value has already, with room for more.
    fn ready(&mut self, id: ValueId, cotangents: &mut HashMap<ValueId, Home>) -> Option<Home> {
        let known = *cotangents.get(&id)?;
        if !matches!(known, Home::Latent(_)) {
            return Some(known);
        }
        let elements = self.values[id.index()].shape.iter().product();
        let home = self.room(elements);
        if !self.pack_into(known, home) {
            self.copy(known, home, elements, false);
        }
        cotangents.insert(id, home);
        Some(home)
    }

    /// Gives an output, which may be yielded several times, its cotangent.
    fn seed(
        &mut self,
        (output, several): (ValueId, bool),
        seed: Home,
        cotangents: &mut HashMap<ValueId, Home>,
        written: &mut Vec<usize>,
    ) {
        let value = &self.values[output.index()];
        let elements = value.shape.iter().product();
        let known = cotangents.get(&output).copied();
        if let Source::Leaf(leaf) = value.source {
            if value.active {
                let home = known.unwrap_or_else(|| self.gradient(leaf));
                self.copy(seed, home, elements, known.is_some());
                cotangents.insert(output, home);
                written.push(leaf);
            }
        } else if let Some(home) = known {
            self.copy(seed, home, elements, true);
        } else if several || self.receives_more(output) {
            // Others will add to it, and the seed is not ours to write to.
            let home = self.room(elements);
            self.copy(seed, home, elements, false);
            cotangents.insert(output, home);
        } else {
            cotangents.insert(output, seed);
        }
    }

    /// Whether an output is also an operand.
    fn receives_more(&self, output: ValueId) -> bool {
        let inputs = self.instances.iter().flat_map(|instance| &instance.inputs);
        inputs.into_iter().any(|&id| id == output)
    }

    /// The contributions that their node can write straight into the cotangent: computed by a
    /// kernel or a product, for one input only, and read by nobody else.
    ///
    /// One value may be several inputs of a region, as in `helper(&h, &h)`. The first to *run*
    /// stores, whatever the order of the contributions, and a node writes to a cotangent only once,
    /// because its outputs must not overlap.
    fn direct(
        &mut self,
        index: usize,
        contributions: &[(ValueId, ValueIndex)],
        cotangents: &mut HashMap<ValueId, Home>,
        written: &mut Vec<usize>,
    ) -> Targets {
        let instance = &self.instances[index];
        let nodes = instance.region.backward;
        let mut direct = HashMap::new();
        let mut candidates: Vec<(usize, ValueId, ValueIndex)> = contributions
            .iter()
            .filter_map(|&(id, value)| {
                let writer = nodes
                    .iter()
                    .position(|node| node.outputs().contains(&value))?;
                let uses = contributions.iter().filter(|&&(_, other)| other == value);
                let read = nodes.iter().any(|node| node.inputs().contains(&value));
                (uses.count() == 1 && !read).then_some((writer, id, value))
            })
            .collect();
        candidates.sort_by_key(|&(writer, ..)| writer);
        let mut writers: Vec<(usize, ValueId)> = Vec::new();
        for (writer, id, value) in candidates {
            let accumulates = cotangents.contains_key(&id);
            let node = &nodes[writer];
            if writers.contains(&(writer, id)) || !self.goes_straight(index, node, id, accumulates)
            {
                continue;
            }
            let leaf = matches!(self.values[id.index()].source, Source::Leaf(_));
            if !accumulates && !leaf && self.twin(index, node, value, &direct).is_some() {
                // It is there already, and may be ours to hand on.
                continue;
            }
            writers.push((writer, id));
            let elements = instance.shapes[usize::from(value)].iter().product();
            let write = if accumulates {
                Write::Accumulate
            } else {
                Write::Store
            };
            let value_info = &self.values[id.index()];
            let source = value_info.source;
            let known = self.ready(id, cotangents);
            let home = known.unwrap_or_else(|| match source {
                Source::Leaf(leaf) if value_info.rows => Home::RowList(leaf),
                Source::Leaf(leaf) => self.gradient(leaf),
                _ => self.room(elements),
            });
            cotangents.insert(id, home);
            if let Source::Leaf(leaf) = source {
                written.push(leaf);
            }
            direct.insert(value, (home, write));
        }
        direct
    }

    /// Whether a node can write its result straight into the cotangent of a value.
    fn goes_straight(&self, index: usize, node: &Node, id: ValueId, accumulates: bool) -> bool {
        let value = &self.values[id.index()];
        let stores = matches!(value.source, Source::Leaf(_)) && !accumulates;
        match node {
            Node::Fused { .. } | Node::MatMul { .. } => !value.rows,
            Node::Primitive { op, .. } if value.rows => op.rows.is_some(),
            // What only orders elements anew is a view until somebody needs it.
            Node::Primitive { op, .. } if std::ptr::eq(*op, &PLACE_ZERO) => {
                let place = || Strided::from_args(&self.instances[index].args);
                accumulates || place().inverse().is_none()
            }
            Node::Primitive { op, .. } => stores && !std::ptr::eq(*op, &VIEW),
            Node::Rows { .. } => stores,
            Node::Transpose { .. } | Node::Reshape { .. } => false,
        }
    }

    /// Plans the backward nodes that the contributions need.
    fn backward_nodes(
        &mut self,
        index: usize,
        contributions: &[(ValueId, ValueIndex)],
        direct: &Targets,
    ) {
        let nodes = self.instances[index].region.backward;
        let mut wanted: Vec<ValueIndex> = contributions.iter().map(|&(_, value)| value).collect();
        let mut needed = vec![false; nodes.len()];
        for (node, needed) in nodes.iter().zip(&mut needed).rev() {
            if node.outputs().iter().any(|value| wanted.contains(value)) {
                *needed = true;
                wanted.extend(node.inputs());
            }
        }
        for (node, needed) in nodes.iter().zip(needed) {
            if needed {
                let write = |value| {
                    let mode = direct.get(&value).map_or(Write::Store, |&(_, write)| write);
                    wanted.contains(&value).then_some(mode)
                };
                self.node(index, node, &write, direct);
            }
        }
    }

    fn copy(&mut self, from: Home, to: Home, elements: usize, accumulate: bool) {
        let (from, to) = (self.location(from), self.location(to));
        let dtype = self.dtype;
        let action = Action::Copy {
            from,
            to,
            elements,
            dtype,
            accumulate,
        };
        self.push(action, "");
    }
}
