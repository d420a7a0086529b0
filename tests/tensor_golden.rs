//! Tensor operations in graphs against values and gradients computed by JAX 0.10.2 in double
//! precision (`tests/reference/tensor_cases.json`).

use std::collections::BTreeSet;

use cotangent::prelude::*;
use serde_json::Value;

/// Most operations get 1e-12; products and polynomials of the error function a little less.
const RELATIVE: f64 = 1e-11;
const ABSOLUTE: f64 = 1e-12;

fn tensor(value: &Value) -> Tensor<f64> {
    let shape: Vec<usize> = list(&value["shape"]).map(|size| size as usize).collect();
    Tensor::from_vec(&shape, list(&value["data"]).collect()).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = f64> {
    value.as_array().unwrap().iter().map(|x| match x.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some(_) => f64::NAN,
        None => x.as_f64().unwrap(),
    })
}

fn compare(id: &str, what: &str, found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(
        found.len(),
        expected.len(),
        "{id}: {what} {found:?} {expected:?}"
    );
    for (found, expected) in found.data().iter().zip(expected.data()) {
        let near = (found - expected).abs() <= ABSOLUTE + RELATIVE * expected.abs();
        assert!(
            near || found == expected,
            "{id}: {what} is {found}, expected {expected}"
        );
    }
}

/// The functions of one operand: value and, as a graph, the cotangent applied to the result.
macro_rules! unary {
    ($($key:literal $name:ident |$x:ident| $body:expr;)*) => {
        $(mod $name {
            use super::*;

            #[differentiable(wrt($x))]
            pub(crate) fn weighted($x: &Tensor<f64>, cotangent: &Tensor<f64>) -> f64 {
                ($body * cotangent).sum()
            }

            pub(crate) fn check(id: &str, case: &Value) {
                let $x = &tensor(&case["inputs"][0]);
                let cotangent = tensor(&case["cotangent"]);
                let value = $body * Tensor::full(&[], 1.0);
                compare(id, "the value", &value, &tensor(&case["output"]));
                let mut program = weighted::bind($x, &cotangent).unwrap();
                let (_, gradient) = program.value_and_grad($x, &cotangent).unwrap();
                compare(id, "the gradient", gradient, &tensor(&case["grads"][0]));
            }
        })*

        fn check_unary(key: &str, id: &str, case: &Value) -> bool {
            match key {
                $($key => $name::check(id, case),)*
                _ => return false,
            }
            true
        }
    };
}

unary! {
    "exp" exp |x| x.exp();
    "log" ln |x| x.ln();
    "tanh" tanh |x| x.tanh();
    "sigmoid" sigmoid |x| x.sigmoid();
    "softplus" softplus |x| x.softplus();
    "relu" relu |x| x.relu();
    "sqrt" sqrt |x| x.sqrt();
    "sin" sin |x| x.sin();
    "cos" cos |x| x.cos();
    "square" square |x| x.square();
    "reciprocal" recip |x| x.recip();
    "silu" silu |x| x.silu();
    "gelu_tanh" gelu |x| x.gelu();
    "gelu_erf" gelu_erf |x| x.gelu_erf();
    "mish" mish |x| x.mish();
    "elu" elu |x| x.elu();
    "leaky_relu" leaky_relu |x| x.leaky_relu(0.01);
    "log_sigmoid" log_sigmoid |x| x.log_sigmoid();
    "sum" sum |x| x.sum();
    "sum_axis0" sum_axis0 |x| x.sum_axis(0);
    "sum_axis1" sum_axis1 |x| x.sum_axis(1);
    "sum_axism1" sum_last |x| x.sum_axis(-1);
    "mean" mean |x| x.mean();
    "mean_axis0" mean_axis0 |x| x.mean_axis(0);
    "mean_axis1" mean_axis1 |x| x.mean_axis(1);
    "mean_axis1_keep" mean_axis1_keep |x| x.mean_axis_keep(1);
    "softmax" softmax |x| x.softmax();
    "log_softmax" log_softmax |x| x.log_softmax();
}

macro_rules! binary {
    ($($key:literal $name:ident |$a:ident, $b:ident| $body:expr;)*) => {
        $(mod $name {
            use super::*;

            #[differentiable(wrt($a, $b))]
            pub(crate) fn weighted($a: &Tensor<f64>, $b: &Tensor<f64>, cotangent: &Tensor<f64>) -> f64 {
                ($body * cotangent).sum()
            }

            pub(crate) fn check(id: &str, case: &Value) {
                let ($a, $b) = (&tensor(&case["inputs"][0]), &tensor(&case["inputs"][1]));
                let cotangent = tensor(&case["cotangent"]);
                compare(id, "the value", &($body), &tensor(&case["output"]));
                let mut program = weighted::bind($a, $b, &cotangent).unwrap();
                let (_, (to_a, to_b)) = program.value_and_grad($a, $b, &cotangent).unwrap();
                compare(id, "the gradient", to_a, &tensor(&case["grads"][0]));
                compare(id, "the gradient", to_b, &tensor(&case["grads"][1]));
            }
        })*

        fn check_binary(key: &str, id: &str, case: &Value) -> bool {
            match key {
                $($key => $name::check(id, case),)*
                _ => return false,
            }
            true
        }
    };
}

binary! {
    "add" add |a, b| a + b;
    "sub" sub |a, b| a - b;
    "mul" mul |a, b| a * b;
    "div" div |a, b| a / b;
    "matmul" matmul |a, b| a.matmul(b);
}

#[differentiable(wrt(x, w, b))]
fn dense(x: &Tensor<f64>, w: &Tensor<f64>, b: &Tensor<f64>, cotangent: &Tensor<f64>) -> f64 {
    ((x.matmul(w) + b) * cotangent).sum()
}

fn check_dense(id: &str, case: &Value) {
    let [x, w, b] = [0, 1, 2].map(|k| tensor(&case["inputs"][k]));
    let cotangent = tensor(&case["cotangent"]);
    compare(
        id,
        "the value",
        &(x.matmul(&w) + &b),
        &tensor(&case["output"]),
    );
    let mut program = dense::bind(&x, &w, &b, &cotangent).unwrap();
    let (_, (to_x, to_w, to_b)) = program.value_and_grad(&x, &w, &b, &cotangent).unwrap();
    for (k, found) in [to_x, to_w, to_b].into_iter().enumerate() {
        compare(id, "the gradient", found, &tensor(&case["grads"][k]));
    }
}

#[differentiable(wrt(logits))]
fn cross_entropy(logits: &Tensor<f64>, labels: &Tensor<u32>) -> f64 {
    logits.cross_entropy(labels).mean()
}

fn check_cross_entropy(id: &str, case: &Value) {
    let logits = tensor(&case["inputs"][0]);
    let labels: Vec<u32> = list(&case["inputs"][1]["data"])
        .map(|label| label as u32)
        .collect();
    let labels = Tensor::from_vec(&[labels.len()], labels).unwrap();
    let mut program = cross_entropy::bind(&logits, &labels).unwrap();
    let (value, gradient) = program.value_and_grad(&logits, &labels).unwrap();
    compare(
        id,
        "the value",
        &Tensor::scalar(value),
        &tensor(&case["output"]),
    );
    compare(id, "the gradient", gradient, &tensor(&case["grads"][0]));
}

#[test]
fn every_case_agrees() {
    let text = include_str!("reference/tensor_cases.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    let mut ids = BTreeSet::new();
    for case in &cases {
        let (id, key) = (case["id"].as_str().unwrap(), case["key"].as_str().unwrap());
        let known = check_unary(key, id, case) || check_binary(key, id, case);
        match key {
            _ if known => {}
            "dense" => check_dense(id, case),
            "cross_entropy" => check_cross_entropy(id, case),
            _ => panic!("{id}: no test for {key}"),
        }
        assert!(ids.insert(id), "{id} twice");
    }
    println!("golden: {} cases", ids.len());
}
