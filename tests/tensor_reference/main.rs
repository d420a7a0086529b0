//! Every tensor operation against values and gradients of an independent system (JAX 0.10.2 in
//! double precision, `tests/reference/tensor_*.json`), eagerly and through the graph, in f64 and f32;
//! and so for derivatives in a direction, Hessian-vector products and Hessians (`*_modes.json`).
//!
//! A case whose derivative is a matter of convention may differ from the reference: `conventions`
//! lists what we say instead, and the test holds us to that.

#![allow(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "a comparison with NaN must fail"
)]
#![allow(
    non_snake_case,
    clippy::eq_op,
    clippy::op_ref,
    clippy::too_many_arguments,
    reason = "names and formulas are those of the reference"
)]

mod case;
mod conventions;
#[macro_use]
mod golden;
mod elementwise;
mod linalg;
mod losses;
mod nn_ops;
mod reductions;
mod shape_ops;

use std::collections::BTreeSet;

use case::Case;
use serde_json::Value;

type Check = fn(&Case<'_>) -> Option<Vec<String>>;

fn group(name: &str, text: &str, modes: &[&str], check: Check) {
    let file: Value = serde_json::from_str(text).unwrap();
    let list = |text: &&str| -> Vec<Value> {
        let file: Value = serde_json::from_str(text).unwrap();
        file["cases"].as_array().unwrap().clone()
    };
    let modes: Vec<Value> = modes.iter().flat_map(list).collect();
    let mut second = 0;
    let (mut ids, mut faults) = (BTreeSet::new(), Vec::new());
    for value in file["cases"].as_array().unwrap() {
        let of_case = modes.iter().find(|modes| modes["id"] == value["id"]);
        let case = Case::new(value, of_case.unwrap_or(&Value::Null));
        second += usize::from(case.has("hvp"));
        let Some(found) = check(&case) else {
            faults.push(format!("{}: no test for `{}`", case.id, case.function));
            continue;
        };
        faults.extend(found);
        assert!(ids.insert(case.id), "{} twice", case.id);
    }
    let own = |id: &&str| id.split('/').next() == Some(name) && !ids.contains(id);
    assert_eq!(conventions::ids().find(own), None, "no such case");
    println!(
        "golden: {} cases of {name}, {second} of them twice",
        ids.len()
    );
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn elementwise_functions() {
    let text = include_str!("../reference/elementwise.json");
    // The scalar tests share the first part.
    let modes = [
        include_str!("../reference/elementwise_modes.json"),
        include_str!("../reference/tensor_elementwise_modes.json"),
    ];
    group("elementwise", text, &modes, elementwise::check);
}

#[test]
fn reductions_over_axes() {
    let text = include_str!("../reference/tensor_reductions.json");
    let modes = include_str!("../reference/tensor_reductions_modes.json");
    group("reductions", text, &[modes], reductions::check);
}

#[test]
fn movements_of_elements() {
    let text = include_str!("../reference/tensor_shape_ops.json");
    let modes = include_str!("../reference/tensor_shape_ops_modes.json");
    group("shape_ops", text, &[modes], shape_ops::check);
}

#[test]
fn layers_of_networks() {
    let text = include_str!("../reference/tensor_nn_ops.json");
    let modes = include_str!("../reference/tensor_nn_ops_modes.json");
    group("nn_ops", text, &[modes], nn_ops::check);
}

#[test]
fn losses_of_every_kind() {
    let text = include_str!("../reference/tensor_losses.json");
    let modes = include_str!("../reference/tensor_losses_modes.json");
    group("losses", text, &[modes], losses::check);
}

#[test]
fn linear_algebra() {
    let text = include_str!("../reference/tensor_linalg.json");
    let modes = include_str!("../reference/tensor_linalg_modes.json");
    group("linalg", text, &[modes], linalg::check);
}
