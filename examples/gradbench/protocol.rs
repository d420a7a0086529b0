//! The messages of GradBench: what an eval asks, and what a tool answers. JSON is decoded before
//! and encoded after what is timed.

use std::time::Instant;

use serde_json::{Value, json};

use crate::evals;

/// Answers one message. An error is a message that is none.
pub(crate) fn answer(line: &str) -> Result<Value, String> {
    let message: Value =
        serde_json::from_str(line).map_err(|error| format!("this is not JSON: {error}"))?;
    let id = message
        .get("id")
        .filter(|id| id.is_i64() || id.is_u64())
        .ok_or("a message without an integer `id`")?;
    let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default();
    Ok(match text("kind") {
        "start" => json!({ "id": id, "tool": "cotangent" }),
        "define" if evals::named(text("module")).is_some() => json!({ "id": id, "success": true }),
        "define" => {
            json!({ "id": id, "success": false, "error": missing(text("module")) })
        }
        "evaluate" => match evaluate(text("module"), text("function"), &message["input"]) {
            Ok((output, timings)) => {
                json!({ "id": id, "success": true, "output": output, "timings": timings })
            }
            Err(error) => json!({ "id": id, "success": false, "error": error }),
        },
        _ => json!({ "id": id }),
    })
}

/// The output of a function, and how long each of its runs took.
fn evaluate(module: &str, function: &str, input: &Value) -> Result<(Value, Vec<Value>), String> {
    let eval = evals::named(module).ok_or_else(|| missing(module))?;
    let least_runs = input["min_runs"].as_u64().unwrap_or(1);
    let least_seconds = input["min_seconds"].as_f64().unwrap_or(0.0);
    let timing = |name: &str, nanoseconds: u128| json!({ "name": name, "nanoseconds": u64::try_from(nanoseconds).unwrap_or(u64::MAX) });
    let start = Instant::now();
    let mut task = eval(function, input)?;
    let mut timings = vec![timing("prepare", start.elapsed().as_nanos())];
    let (mut runs, mut seconds) = (0, 0.0);
    while runs < least_runs.max(1) || seconds < least_seconds {
        let start = Instant::now();
        task.run();
        let elapsed = start.elapsed();
        timings.push(timing("evaluate", elapsed.as_nanos()));
        seconds += elapsed.as_secs_f64();
        runs += 1;
    }
    Ok((task.output(), timings))
}

fn missing(module: &str) -> String {
    let names = evals::NAMES.join(", ");
    format!("there is no eval `{module}` here, only {names}")
}
