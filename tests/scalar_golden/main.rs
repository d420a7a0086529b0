//! Golden values: scalar functions against values and gradients computed by JAX in double
//! precision (`tests/reference/elementwise*.json`), which nothing of this crate had a part in. Every
//! case of the elementwise group is compared, element by element.

#![allow(
    clippy::manual_clamp,
    clippy::eq_op,
    reason = "the reference formulas are written so"
)]

use serde_json::Value;

// Both regimes keep the same conventions at kinks, ties and poles.
#[path = "../tensor_reference/conventions.rs"]
mod conventions;
mod functions;

use functions::{BINARY, TERNARY, UNARY};

/// Relative to the largest entry: the reference prints 17 digits, and transcendental functions of
/// the two systems differ by a few ulp that a gradient may amplify.
const TOLERANCE: f64 = 1e-11;

/// How many cases the elementwise reference holds.
const ELEMENTWISE: usize = 270;

/// What differs from the reference, which evaluates both sides of a choice: an `if` runs one.
const REAL_BRANCHES: &[(&str, &[f64])] = &[
    (
        "elementwise/where_sqrt_unsafe/points",
        &[0.0, 0.0, 0.353_553_390_593_273_73],
    ),
    ("elementwise/where_div_unsafe/points", &[-1.0, 0.0, -0.25]),
];

fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("the reference is JSON");
    file["cases"].as_array().expect("a list of cases").clone()
}

fn floats(array: &Value) -> Vec<f64> {
    let float = |entry: &Value| match entry.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some("nan") => f64::NAN,
        _ => entry.as_f64().expect("a number"),
    };
    array["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(float)
        .collect()
}

fn compare(id: &str, what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    if let Some(fault) = difference(id, what, found, expected, tolerance) {
        panic!("{fault}");
    }
}

/// What differs, if anything does.
fn difference(
    id: &str,
    what: &str,
    found: &[f64],
    expected: &[f64],
    tolerance: f64,
) -> Option<String> {
    let finite = expected.iter().filter(|entry| entry.is_finite());
    let scale = finite.fold(1.0_f64, |scale, entry| scale.max(entry.abs()));
    let mut pairs = found.iter().zip(expected);
    let same = pairs
        .all(|(f, e)| f == e || (f.is_nan() && e.is_nan()) || (f - e).abs() <= tolerance * scale);
    let same = same && found.len() == expected.len();
    (!same).then(|| format!("{id} {what}: {found:?}, the reference says {expected:?}"))
}

/// Value and partial derivatives of the function of a case.
fn differentiate(id: &str, function: &str, x: &[f64]) -> (f64, Vec<f64>) {
    let variant = id.trim_start_matches("elementwise/").replace('/', "_");
    let known = |name: &str| name == variant || name == function;
    if let Some((_, f)) = UNARY.iter().find(|(name, _)| known(name)) {
        let (value, dx) = (f.gradient)(x[0]);
        (value, vec![dx])
    } else if let Some((_, f)) = BINARY.iter().find(|(name, _)| known(name)) {
        let (value, (dx, dy)) = (f.gradient)(x[0], x[1]);
        (value, vec![dx, dy])
    } else if let Some((_, f)) = TERNARY.iter().find(|(name, _)| known(name)) {
        let (value, (dx, dy, dz)) = f(x[0], x[1], x[2]);
        (value, vec![dx, dy, dz])
    } else {
        panic!("{id} has no function here")
    }
}

fn shape(array: &Value) -> Vec<usize> {
    let sizes = array["shape"].as_array().into_iter().flatten();
    sizes
        .map(|size| size.as_u64().expect("a size") as usize)
        .collect()
}

/// Where element `at` of an array of shape `whole` is in one of shape `part`, which is broadcast.
fn broadcast(at: usize, whole: &[usize], part: &[usize]) -> usize {
    let (mut rest, mut index, mut stride) = (at, 0, 1);
    for (axis, &size) in whole.iter().rev().enumerate() {
        let here = rest % size;
        rest /= size;
        if let Some(&own) = part.iter().rev().nth(axis) {
            index += (here % own) * stride;
            stride *= own;
        }
    }
    index
}

#[test]
fn elementwise() {
    let (mut count, mut differing, mut faults) = (0, 0, Vec::new());
    let mut ids = std::collections::BTreeSet::new();
    for case in cases(include_str!("../reference/elementwise.json")) {
        let id = case["id"].as_str().expect("an id");
        assert!(ids.insert(id.to_string()), "{id} twice");
        let function = case["function"].as_str().expect("a function");
        let inputs = case["inputs"].as_array().expect("inputs");
        let x: Vec<Vec<f64>> = inputs.iter().map(floats).collect();
        let whole = shape(&case["output"]);
        let mut gradients: Vec<Vec<f64>> = x.iter().map(|x| vec![0.0; x.len()]).collect();
        let mut values = Vec::new();
        for (at, c) in floats(&case["cotangent"]).into_iter().enumerate() {
            let places: Vec<usize> = inputs
                .iter()
                .map(|input| broadcast(at, &whole, &shape(input)))
                .collect();
            let point: Vec<f64> = places.iter().zip(&x).map(|(&place, x)| x[place]).collect();
            let (value, slopes) = differentiate(id, function, &point);
            values.push(value);
            for ((gradient, place), slope) in gradients.iter_mut().zip(places).zip(slopes) {
                gradient[place] += c * slope;
            }
        }
        let tolerance = case["rtol"].as_f64().unwrap_or(TOLERANCE);
        let mut check = |what: &str, found: &[f64], expected: &Value| {
            let branch = REAL_BRANCHES
                .iter()
                .find(|row| row.0 == id && what == "d/dx");
            let ours = branch
                .map(|row| row.1)
                .or_else(|| conventions::ours(id, what));
            differing += usize::from(ours.is_some());
            let expected = ours.map_or_else(|| floats(expected), <[f64]>::to_vec);
            faults.extend(difference(id, what, found, &expected, tolerance));
        };
        check("value", &values, &case["output"]);
        for (input, gradient) in inputs.iter().zip(&gradients) {
            if input["diff"] == true {
                let name = input["name"].as_str().expect("a name");
                check(&format!("d/d{name}"), gradient, &case["grads"][name]);
            }
        }
        count += 1;
    }
    println!("golden: {count} cases");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(count, ELEMENTWISE);
    let rows = conventions::ids().filter(|id| ids.contains(*id)).count() + REAL_BRANCHES.len();
    assert_eq!(
        differing, rows,
        "a convention belongs to nothing that was compared"
    );
}

#[test]
fn elementwise_in_other_modes() {
    let primals = cases(include_str!("../reference/elementwise.json"));
    let (mut count, mut hessians) = (0, 0);
    for case in cases(include_str!("../reference/elementwise_modes.json")) {
        let id = case["id"].as_str().expect("an id");
        let primal = primals.iter().find(|primal| primal["id"] == id);
        let primal = primal.expect("the inputs of the case");
        let name = primal["function"].as_str().expect("a function");
        let unary = UNARY.iter().find(|(known, _)| *known == name);
        let binary = BINARY.iter().find(|(known, _)| *known == name);
        let inputs = primal["inputs"].as_array().expect("inputs");
        let names: Vec<&str> = inputs.iter().filter_map(|i| i["name"].as_str()).collect();
        let parts =
            |of: &Value| -> Vec<Vec<f64>> { names.iter().map(|name| floats(&of[*name])).collect() };
        let x: Vec<Vec<f64>> = inputs.iter().map(floats).collect();
        let c = floats(&primal["cotangent"]);
        let v = parts(&case["jvp"]["tangents"]);
        let along = |i: usize| match (unary, binary) {
            (Some((_, f)), _) => (f.jvp)(x[0][i], v[0][i]).1,
            (_, Some((_, f))) => (f.jvp)(x[0][i], x[1][i], v[0][i], v[1][i]).1,
            _ => panic!("{id} has no function here"),
        };
        let found: Vec<f64> = (0..c.len()).map(along).collect();
        let expected = floats(&case["jvp"]["output_tangent"]);
        compare(id, "jvp", &found, &expected, TOLERANCE);
        if !case["hvp"].is_null() {
            let v = parts(&case["hvp"]["v"]);
            let along = |i: usize| match (unary, binary) {
                (Some((_, f)), _) => vec![c[i] * (f.hvp)(x[0][i], v[0][i])],
                (_, Some((_, f))) => {
                    let (a, b) = (f.hvp)(x[0][i], x[1][i], v[0][i], v[1][i]);
                    vec![c[i] * a, c[i] * b]
                }
                _ => Vec::new(),
            };
            let found: Vec<Vec<f64>> = (0..c.len()).map(along).collect();
            for (at, product) in parts(&case["hvp"]["product"]).iter().enumerate() {
                let found: Vec<f64> = found.iter().map(|product| product[at]).collect();
                compare(id, "hvp", &found, product, TOLERANCE);
            }
            count += 1;
        }
        if let (Some((_, f)), false) = (binary, case["hessian"].is_null()) {
            let n = c.len();
            let mut found = vec![0.0; 4 * n * n];
            for i in 0..n {
                let block = (f.hessian)(x[0][i], x[1][i]);
                for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let at = (row * n + i) * 2 * n + column * n + i;
                    found[at] = c[i] * block[(row, column)];
                }
            }
            compare(id, "hessian", &found, &floats(&case["hessian"]), TOLERANCE);
            hessians += 1;
        }
    }
    println!("golden: {count} products, {hessians} Hessians");
    assert_eq!((count, hessians), (148, 10));
}
