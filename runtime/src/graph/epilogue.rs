//! Epilogues: fused kernels right behind a product take its results while they are in the cache.
//!
//! They run in the same step, range by range, and write over what they read where nobody else reads that.
//! What they compute has the same bits as in steps of their own, because every element goes through the
//! same operations. A kernel that sums stays apart: sums have an order.

use std::collections::HashMap;

use super::memory::Buffer;
use super::step::{Action, Epilogue, Location, Step};

/// Results of fewer bytes stay in the first-level cache, where a step of its own finds them as well.
const SMALL: usize = 1 << 14;

/// Joins the steps of a schedule over buffers. What is `kept` is read after the last step.
pub(super) fn join(steps: Vec<Step>, kept: &[Buffer]) -> Vec<Step> {
    let mut uses: HashMap<Location, usize> = HashMap::new();
    for buffer in kept {
        uses.insert(Location::Arena(buffer.0), 1);
    }
    for step in &steps {
        step.action
            .visit(&mut |&location| *uses.entry(location).or_default() += 1);
    }
    // Who computes it, one reader, and nobody else.
    let fleeting = |location: Location| {
        matches!(location, Location::Arena(_)) && uses.get(&location) == Some(&2)
    };
    let mut joined: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        if let Some(last) = joined.last_mut()
            && last.origin.pass == step.origin.pass
            && let Some(epilogue) = fitting(&last.action, &step.action)
        {
            attach(&mut last.action, epilogue, &fleeting);
        } else {
            joined.push(step);
        }
    }
    joined
}

/// A step as an epilogue of the product before it, if it can be one.
fn fitting(product: &Action, step: &Action) -> Option<Epilogue> {
    let Action::Gemm { plan: gemm, .. } = product else {
        return None;
    };
    let Action::Fused {
        plan,
        inputs,
        outputs,
    } = step
    else {
        return None;
    };
    let mut written = Vec::new();
    product.visit_written(&mut |location| written.push(*location));
    let mut taken = false;
    product
        .visit(&mut |location| taken |= outputs.contains(location) && !written.contains(location));
    let mut reads = (0..inputs.len()).filter(|&k| written.contains(&inputs[k]));
    let fits = reads.clone().next().is_some()
        && reads.all(|input| plan.follows(input))
        && !taken
        && plan.has_ranges()
        && plan.elements() == gemm.results()
        && plan.result_bytes() >= SMALL
        && gemm.hands_over().is_some_and(|parts| plan.parts() <= parts);
    fits.then(|| Epilogue {
        plan: plan.clone(),
        inputs: inputs.clone(),
        outputs: outputs.clone(),
    })
}

/// Lets the product end with the epilogue, which writes over what is `fleeting`.
fn attach(product: &mut Action, mut epilogue: Epilogue, fleeting: &dyn Fn(Location) -> bool) {
    let (mut used, mut written) = (Vec::new(), Vec::new());
    product.visit(&mut |location| used.push(*location));
    product.visit_written(&mut |location| written.push(*location));
    let Epilogue {
        plan,
        inputs,
        outputs,
    } = &mut epilogue;
    let free = |place: &Location| {
        matches!(place, Location::Arena(_)) && !used.contains(place) && !inputs.contains(place)
    };
    let passing = |read: &Location| written.contains(read) && fleeting(*read);
    let pair = (0..inputs.len())
        .filter(|&input| passing(&inputs[input]))
        .find_map(|input| {
            let mut results = 0..outputs.len();
            let fits = |k: &usize| free(&outputs[*k]) && plan.may_overwrite(input, *k);
            Some((input, results.find(fits)?))
        });
    if let Some((input, output)) = pair {
        let (old, new) = (inputs[input], outputs[output]);
        plan.overwrite(input);
        inputs[input] = new;
        product.visit_mut(&mut |location| {
            if *location == old {
                *location = new;
            }
        });
    }
    if let Action::Gemm { then, .. } = product {
        then.push(epilogue);
    }
}
