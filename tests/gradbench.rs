//! The evals of the GradBench example against golden outputs, through the code that the example
//! runs. The suite itself accepts 1e-4, absolute for small numbers; here it is 1e-9.

#![allow(
    clippy::needless_range_loop,
    clippy::too_many_arguments,
    reason = "the objectives are written as a user would, by index"
)]

#[path = "../examples/gradbench/evals/mod.rs"]
mod evals;
#[path = "../examples/gradbench/protocol.rs"]
mod protocol;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Equal up to rounding, relative to the larger of the two and of the whole list they are in.
fn compare(path: &str, got: &Value, want: &Value, scale: f64) {
    match (got, want) {
        (Value::Array(got), Value::Array(want)) => {
            assert_eq!(got.len(), want.len(), "{path}: the length");
            let scale = want
                .iter()
                .filter_map(Value::as_f64)
                .fold(scale, |scale, number| scale.max(number.abs()));
            for (index, (got, want)) in got.iter().zip(want).enumerate() {
                compare(&format!("{path}[{index}]"), got, want, scale);
            }
        }
        (Value::Object(got), Value::Object(want)) => {
            assert!(got.keys().eq(want.keys()), "{path}: the keys");
            for (key, want) in want {
                compare(&format!("{path}.{key}"), &got[key], want, scale);
            }
        }
        (Value::Number(got), Value::Number(want)) => {
            let (got, want) = (got.as_f64().unwrap(), want.as_f64().unwrap());
            let scale = scale.max(want.abs());
            assert!(
                (got - want).abs() <= 1e-9 * scale,
                "{path}: {got}, not {want}"
            );
        }
        _ => panic!("{path}: {got}, not {want}"),
    }
}

#[test]
fn every_eval_agrees_with_its_golden_outputs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/gradbench");
    let mut cases = 0;
    for eval in evals::NAMES {
        let text = fs::read_to_string(folder.join(format!("{eval}.jsonl"))).unwrap();
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let function = case["function"].as_str().unwrap();
            let name = format!("{eval} {function} {}", case["description"]);
            let message = json!({
                "id": 7, "kind": "evaluate", "module": eval, "function": function, "input": case["input"],
            });
            let answer = protocol::answer(&message.to_string()).unwrap();
            assert_eq!(answer["success"], true, "{name}: {}", answer["error"]);
            assert_eq!(answer["id"], 7);
            compare(&name, &answer["output"], &case["output"], 0.0);
            cases += 1;
        }
    }
    println!("golden: {cases} cases");
}

/// A point at a vertex of the hand is as far as one at a corner of a triangle that is that vertex.
#[test]
fn hand_tracking_without_triangles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/gradbench");
    let text = fs::read_to_string(folder.join("ht.jsonl")).unwrap();
    let case: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let mut input = case["input"].clone();
    let run = |input: &Value, function: &str| {
        let mut task = evals::named("ht").unwrap()(function, input).unwrap();
        task.run();
        task.output()
    };
    for us in input["us"].as_array_mut().unwrap() {
        *us = json!([1.0, 0.0]);
    }
    let (corners, slopes) = (run(&input, "objective"), run(&input, "jacobian"));
    input["us"] = json!([]);
    let triangles = input["data"]["model"]["triangles"].clone();
    for place in input["data"]["correspondences"].as_array_mut().unwrap() {
        *place = triangles[place.as_u64().unwrap() as usize][0].clone();
    }
    compare("objective", &run(&input, "objective"), &corners, 0.0);
    let of_pose: Vec<Value> = slopes
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!(row.as_array().unwrap()[2..]))
        .collect();
    compare("jacobian", &run(&input, "jacobian"), &json!(of_pose), 0.0);
}

#[test]
fn a_conversation_follows_the_protocol() {
    let ask = |message: Value| protocol::answer(&message.to_string()).unwrap();
    assert_eq!(
        ask(json!({"id": 0, "kind": "start", "eval": "llsq"})),
        json!({"id": 0, "tool": "cotangent"})
    );
    assert_eq!(
        ask(json!({"id": 1, "kind": "define", "module": "llsq"})),
        json!({"id": 1, "success": true})
    );
    let unknown = ask(json!({"id": 1, "kind": "define", "module": "nothing"}));
    assert_eq!(
        (&unknown["success"], unknown["error"].is_string()),
        (&json!(false), true)
    );
    let input = json!({"x": [1.0, 2.0], "n": 3, "min_runs": 4});
    let answer = ask(
        json!({"id": 2, "kind": "evaluate", "module": "llsq", "function": "gradient", "input": input}),
    );
    let runs = answer["timings"].as_array().unwrap();
    let evaluations = runs.iter().filter(|timing| timing["name"] == "evaluate");
    assert_eq!(
        (answer["success"].as_bool(), evaluations.count()),
        (Some(true), 4)
    );
    assert!(runs.iter().all(|timing| timing["nanoseconds"].is_u64()));
    let failed = ask(
        json!({"id": 3, "kind": "evaluate", "module": "llsq", "function": "hessian", "input": {"x": [], "n": 1}}),
    );
    assert_eq!(
        (&failed["success"], failed.get("output")),
        (&json!(false), None)
    );
    assert_eq!(
        ask(json!({"id": 4, "kind": "analysis", "of": 2, "valid": true})),
        json!({"id": 4})
    );
    assert_eq!(
        ask(json!({"id": 5, "kind": "something new"})),
        json!({"id": 5})
    );
    assert!(protocol::answer("{").is_err());
}
