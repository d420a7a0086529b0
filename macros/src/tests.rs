//! Text snapshots, in `tests/snapshots`: the IR and the generated code of a few scalar functions,
//! and the generated code of a network.
//!
//! A change of what the compiler prints shows in them; `UPDATE_SNAPSHOTS=1 cargo test -p
//! cotangent-macros snapshots` rewrites them.

use std::path::Path;

use proc_macro2::TokenStream;

use crate::args::Args;
use crate::diag::Errors;
use crate::expand;
use crate::frontend::signature::Signature;

const FUNCTIONS: [(&str, &str); 5] = [
    (
        "straight_line",
        "fn straight_line(x: f64, y: f64) -> f64 { let e = (-x * x).exp(); e / (1.0 + y) }",
    ),
    (
        "branches",
        "fn branches(x: f64, y: f64) -> f64 {
            let mut s = if x > y { x * x } else { y * x };
            if x > 0.0 && y > 0.0 { s *= y; } else { s = s * s + x; }
            s
        }",
    ),
    (
        "accumulation",
        "fn accumulation(w: &[f64], x: &[f64], n: usize) -> f64 {
            let mut total = 0.0;
            for i in 0..n { let z = w[i] * x[i]; total += smooth(z) - z; }
            total
        }",
    ),
    (
        "early_exit",
        "fn early_exit(x: &[f64]) -> f64 {
            let mut q = 1.0;
            'outer: for i in 0..x.len() {
                for j in 0..i {
                    if q * x[j] > 1.2 { continue 'outer; }
                    q = q * x[j] + 0.3;
                }
                if q > 50.0 { return q * x[i]; }
            }
            q
        }",
    ),
    (
        "in_place",
        "fn in_place(x: [f64; 4]) -> f64 {
            let mut a = x;
            for i in 1..4 { a[i] = a[i] * a[i - 1] + a[0]; }
            a[3]
        }",
    ),
];

fn layout(code: &TokenStream) -> String {
    let file = syn::parse2(code.clone()).expect("generated code is Rust");
    prettyplease::unparse(&file)
}

/// The first line that differs, which is what a reader of a failure wants to see.
fn difference(found: &str, kept: &str) -> String {
    let line = found
        .lines()
        .zip(kept.lines())
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| found.lines().count().min(kept.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("(end)").to_string();
    format!(
        "line {}:\n  was {}\n  is  {}",
        line + 1,
        at(kept),
        at(found)
    )
}

#[test]
fn generated_code_and_ir_are_as_reviewed() {
    for (name, source) in FUNCTIONS {
        let item: syn::ItemFn = syn::parse_str(source).expect("the source is a function");
        let mut errors = Errors::default();
        let args = Args::default();
        let signature = Signature::read(&item, &args, &mut errors);
        let ir = expand::scalar_ir(&signature, &item, &mut errors).expect("it lowers");
        assert!(errors.is_empty(), "{name}: {}", errors.finish());
        let code = crate::emit::scalar::expand(&signature, &ir, &args);
        for (kind, text) in [("ir", ir.to_string()), ("rs", layout(&code))] {
            compare(name, kind, &text);
        }
    }
}

/// Compares a text with its snapshot, or rewrites that.
fn compare(name: &str, kind: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    // `.rs.txt`, so that no tool takes generated code for a source of the crate.
    let path = folder.join(format!("{name}.{kind}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text).expect("the folder can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} differs in {}; if that is meant, run with UPDATE_SNAPSHOTS=1",
        path.display(),
        difference(text, &kept)
    );
}

/// The network of the digits example, in one function.
const NETWORK: &str =
    "fn loss(model: &Mlp, #[shape(B, 64)] x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    let logits = hidden.matmul(&model.w2) + &model.b2;
    logits.cross_entropy(labels).mean()
}";

/// The parts of a model that the tensor regime links at bind: a loop over layers, a method, a
/// function in a module, a user's activation, an option.
const STRUCTURED: &str = "fn forward(net: &Net, x: &Tensor<f64>, steps: usize) -> Tensor<f64> {
    let mut h = x.clone();
    for layer in &net.layers { h = layer.forward(&h).map(swish); }
    for _ in 0..steps { h = helpers::normalise(&h, &net.scale); }
    if let Some(b) = &net.bias { h = h * 0.5 + b; }
    h
}";

#[test]
fn generated_tensor_code_is_as_reviewed() {
    for (name, arguments, source) in [
        ("network", "wrt(model)", NETWORK),
        ("structured", "wrt(net)", STRUCTURED),
    ] {
        let arguments = arguments.parse().expect("the arguments are tokens");
        let item: TokenStream = source.parse().expect("the source is tokens");
        let code = expand::differentiable(arguments, item);
        compare(name, "rs", &layout(&code));
    }
}
