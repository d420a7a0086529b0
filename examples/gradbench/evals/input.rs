//! Reads the inputs of evals: sizes and nested lists of numbers, flattened row after row.

use serde_json::Value;

/// A size.
pub(crate) fn size(input: &Value, name: &str) -> Result<usize, String> {
    let size = input[name].as_u64().and_then(|size| size.try_into().ok());
    size.ok_or_else(|| format!("the input has no size `{name}`"))
}

/// All numbers of a list, however it is nested.
pub(crate) fn numbers(input: &Value, name: &str) -> Result<Vec<f64>, String> {
    let mut flat = Vec::new();
    flatten(&input[name], &mut flat)
        .then_some(flat)
        .ok_or_else(|| format!("the input has no list of numbers `{name}`"))
}

fn flatten(value: &Value, into: &mut Vec<f64>) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| match item {
            Value::Number(number) => {
                into.extend(number.as_f64());
                true
            }
            item => flatten(item, into),
        }),
        _ => false,
    }
}
