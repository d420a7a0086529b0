//! Every case of the reference, by its id and what it holds beyond the gradient, is in a file that a
//! golden test reads: `ids.txt` lists all of them, made from the reference itself. The tests that read
//! the files fail on a case without a function, so that none of the 828 is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The files that `tensor_reference`, `scalar_golden`, `scalar_golden_programs` and
/// `scalar_golden_language` read.
const FILES: [&str; 15] = [
    include_str!("reference/elementwise.json"),
    include_str!("reference/elementwise_modes.json"),
    include_str!("reference/tensor_elementwise_modes.json"),
    include_str!("reference/tensor_reductions.json"),
    include_str!("reference/tensor_reductions_modes.json"),
    include_str!("reference/tensor_shape_ops.json"),
    include_str!("reference/tensor_shape_ops_modes.json"),
    include_str!("reference/tensor_linalg.json"),
    include_str!("reference/tensor_linalg_modes.json"),
    include_str!("reference/tensor_nn_ops.json"),
    include_str!("reference/tensor_nn_ops_modes.json"),
    include_str!("reference/tensor_losses.json"),
    include_str!("reference/tensor_losses_modes.json"),
    include_str!("reference/scalar_programs.json"),
    include_str!("reference/scalar_programs_language.json"),
];

/// What else a program holds stands in a file of its own.
const PROGRAM_MODES: &str = include_str!("reference/scalar_programs_modes.json");

#[test]
fn every_case_of_the_reference_is_read_by_a_test() {
    let mut held: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for text in FILES.into_iter().chain([PROGRAM_MODES]) {
        let file: Value = serde_json::from_str(text).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let modes = ["jvp", "hvp", "hessian"];
            let known = modes.into_iter().filter(|mode| case.get(mode).is_some());
            let id = case["id"].as_str().unwrap().to_owned();
            held.entry(id).or_default().extend(known);
        }
    }
    let listed = include_str!("reference/ids.txt").lines();
    let mut expected = BTreeMap::new();
    for line in listed {
        let mut words = line.split(' ');
        let id = words.next().unwrap().to_owned();
        expected.insert(id, words.collect::<BTreeSet<&str>>());
    }
    assert_eq!(expected.len(), 828);
    assert_eq!(held, expected);
    let second = expected.values().filter(|modes| modes.contains("hvp"));
    println!(
        "golden: {} cases, {} of them twice",
        expected.len(),
        second.count()
    );
}
