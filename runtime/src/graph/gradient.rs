//! The gradient of a recorded graph, recorded in turn: what second derivatives, and losses that
//! contain a derivative, are made of.
//!
//! Every region may bring its gradient as a region of its own. Those are recorded in reverse order,
//! and what they yield are values like any other, which a plan can differentiate again. No rule
//! stands here: where a region has no gradient that can be differentiated, it is an error.

use std::collections::HashMap;

use super::builder::{Builder, Instance, Lift, Source, TensorHandle, ValueId, ValueInfo};
use crate::{DType, Error, Float, Real};

/// What is recorded of an instance, without its shapes.
struct Link {
    region: &'static super::region::Region,
    inputs: Vec<ValueId>,
    outputs: Vec<ValueId>,
    args: Vec<i64>,
    operator: Option<super::region::Place>,
}

impl Builder {
    /// The value under a new name, so that its uses from here on are told from those before.
    pub fn renamed<'b, T: Float>(&'b self, value: &impl Lift<'b, T>) -> TensorHandle<'b, T> {
        let id = value.lift(self);
        self.one_op("identity", "grad", &[id], &[])
    }

    /// What `record` records is differentiated once more than the rest.
    pub fn nested<V>(&self, record: impl FnOnce() -> V) -> V {
        self.again.set(self.again.get() + 1);
        let value = record();
        self.again.set(self.again.get() - 1);
        value
    }

    /// Records the derivatives of a float with respect to values that were renamed for it.
    #[must_use]
    pub fn derivatives<const N: usize>(&self, of: ValueId, wrt: [ValueId; N]) -> [ValueId; N] {
        let dtype = self.dtype();
        let gradients = self.gradient(&[(of, self.constant(1.0))], &wrt);
        let mut gradients = gradients.into_iter();
        wrt.map(|id| match gradients.next().flatten() {
            Some(gradient) => gradient,
            None => self.zeros(id, dtype),
        })
    }

    /// The element type of what is recorded.
    fn dtype(&self) -> DType {
        let instances = self.instances.borrow();
        instances
            .first()
            .map_or(DType::F32, |link| link.region.dtype)
    }

    /// Records the gradient of outputs, each with its cotangent, with respect to `wrt`; `None` for
    /// what they do not depend on.
    pub(crate) fn gradient(
        &self,
        seeds: &[(ValueId, ValueId)],
        wrt: &[ValueId],
    ) -> Vec<Option<ValueId>> {
        let link = |instance: &Instance| Link {
            region: instance.region,
            inputs: instance.inputs.clone(),
            outputs: instance.outputs.clone(),
            args: instance.args.clone(),
            operator: instance.operator,
        };
        let links: Vec<Link> = self.instances.borrow().iter().map(link).collect();
        let mut depends = vec![false; self.values.borrow().len()];
        wrt.iter().for_each(|id| depends[id.index()] = true);
        for link in &links {
            if link.inputs.iter().any(|id| depends[id.index()]) {
                link.outputs
                    .iter()
                    .for_each(|id| depends[id.index()] = true);
            }
        }
        let mut cotangents: HashMap<ValueId, ValueId> = HashMap::new();
        let dtype = self.dtype();
        for &(output, cotangent) in seeds {
            self.add_cotangent(&mut cotangents, output, cotangent, dtype);
        }
        for link in links.iter().rev() {
            let reached = link.outputs.iter().any(|id| cotangents.contains_key(id));
            let useful = link.inputs.iter().any(|id| depends[id.index()]);
            if !reached || !useful || link.region.cotangents.is_empty() {
                continue;
            }
            let Some(region) = link.region.gradient else {
                self.fail(not_again(link));
                continue;
            };
            let dtype = link.region.dtype;
            let mut inputs = link.inputs.clone();
            for id in &link.outputs {
                let known = cotangents.get(id).copied();
                inputs.push(known.unwrap_or_else(|| self.zeros(*id, dtype)));
            }
            let results = self.record(region, &inputs, &link.args, link.operator);
            for (&(input, _), result) in link.region.cotangents.iter().zip(results) {
                let to = link.inputs[input];
                if depends[to.index()] {
                    self.add_cotangent(&mut cotangents, to, result, dtype);
                }
            }
        }
        wrt.iter().map(|id| cotangents.get(id).copied()).collect()
    }

    fn add_cotangent(
        &self,
        cotangents: &mut HashMap<ValueId, ValueId>,
        to: ValueId,
        flow: ValueId,
        dtype: DType,
    ) {
        let sum = match cotangents.get(&to) {
            None => flow,
            Some(&earlier) => match dtype {
                DType::F64 => self.sum::<f64>(earlier, flow),
                _ => self.sum::<f32>(earlier, flow),
            },
        };
        cotangents.insert(to, sum);
    }

    fn sum<T: Float>(&self, a: ValueId, b: ValueId) -> ValueId {
        self.one_op::<T>("+", "+", &[a, b], &[]).id()
    }

    /// Zeros of the shape of a value.
    pub(crate) fn zeros(&self, like: ValueId, dtype: DType) -> ValueId {
        match dtype {
            DType::F64 => self.zeros_of::<f64>(like),
            _ => self.zeros_of::<f32>(like),
        }
    }

    fn zeros_of<T: Float + Real>(&self, like: ValueId) -> ValueId {
        let shape = TensorHandle::<T>::new(self, like).shape();
        let zero = TensorHandle::<T>::new(self, self.constant(0.0));
        if shape.is_empty() {
            zero.id()
        } else {
            zero.filled(&shape, 0.0).id()
        }
    }

    /// Leaves only what is recorded from now on from `probes` active: a probe for each given value,
    /// of its shape. Derivatives are linear in probes, so that nobody reads what they hold.
    pub(crate) fn probes(&self, of: &[ValueId]) -> Vec<ValueId> {
        for value in self.values.borrow_mut().iter_mut() {
            value.active = false;
        }
        let probe = |id: &ValueId| {
            let shape = self.values.borrow()[id.index()].shape.clone();
            self.push(ValueInfo {
                source: Source::Probe,
                shape,
                active: true,
                rows: false,
            })
        };
        of.iter().map(probe).collect()
    }
}

/// Why a region cannot be differentiated again.
fn not_again(link: &Link) -> Error {
    let name = link.region.name;
    let order = 2 + name.matches('\'').count();
    let name = name.trim_end_matches('\'');
    match link.operator {
        Some(place) => Error::structure(format!(
            "derivative number {order} of `{}` (at {}:{}:{}) is not known",
            place.what, place.file, place.line, place.column
        )),
        None => {
            let function = name.rsplit_once('.').map_or(name, |(function, _)| function);
            Error::structure(format!(
                "`{function}` is differentiated {order} times here: write `#[differentiable(order = {order})]` on it"
            ))
        }
    }
}
