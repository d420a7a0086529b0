//! Epilogues: a fused kernel right behind a product takes its results while they are in the cache.
//!
//! It runs in the same step, range by range, and writes over the product where nobody else reads that.
//! What it computes has the same bits as in a step of its own, because every element goes through the
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
    // The product and the kernel, and nobody else.
    let fleeting = |location: &Location| {
        matches!(location, Location::Arena(_)) && uses.get(location) == Some(&2)
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

/// A step as the epilogue of the product before it, if it can be one.
fn fitting(product: &Action, step: &Action) -> Option<Epilogue> {
    let Action::Gemm {
        plan: gemm,
        a,
        b,
        c,
        then: None,
    } = product
    else {
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
    let mut reads = (0..inputs.len()).filter(|&k| inputs[k] == *c).peekable();
    let fits = reads.peek().is_some()
        && reads.all(|input| plan.follows(input))
        && !outputs.iter().any(|written| [a, b].contains(&written))
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
fn attach(product: &mut Action, mut epilogue: Epilogue, fleeting: &dyn Fn(&Location) -> bool) {
    let Action::Gemm { a, b, c, then, .. } = product else {
        return;
    };
    let Epilogue {
        plan,
        inputs,
        outputs,
    } = &mut epilogue;
    if let Some(input) = inputs.iter().position(|read| read == c)
        && fleeting(c)
    {
        let free = |place: &Location| {
            matches!(place, Location::Arena(_))
                && !inputs.contains(place)
                && ![*a, *b].contains(place)
        };
        let mut results = 0..outputs.len();
        if let Some(output) = results.find(|&k| free(&outputs[k]) && plan.may_overwrite(input, k)) {
            plan.overwrite(input);
            *c = outputs[output];
            inputs[input] = *c;
        }
    }
    *then = Some(Box::new(epilogue));
}
