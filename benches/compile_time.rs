//! What a loss of 200 operations costs when a crate is compiled: emitted tokens, and the time of
//! `cargo check` after a change, beside that of the same functions without the attribute. Not a
//! criterion bench: one check takes a second.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const OPERATIONS: usize = 200;
const ROUNDS: usize = 5;

/// A scalar loss: a long chain in which every line is one operation.
fn scalar() -> String {
    let mut body = String::new();
    for k in 0..OPERATIONS / 2 {
        body += &format!("    let a{k} = x * {k}.5;\n    x = a{k}.sin();\n");
    }
    format!(
        "#[differentiable]\npub fn loss(start: f64) -> f64 {{\n    let mut x = start;\n{body}    x\n}}\n"
    )
}

/// A tensor loss: products with elementwise chains between them.
fn tensor() -> String {
    let mut body = String::new();
    for k in 0..OPERATIONS / 4 {
        let last = if k == 0 {
            "x".to_owned()
        } else {
            format!("h{}", k - 1)
        };
        body += &format!("    let h{k} = ({last}.matmul(w) + {k}.5).tanh() * 0.5;\n");
    }
    format!(
        "#[differentiable(wrt(w))]\npub fn loss(w: &Tensor<f32>, x: &Tensor<f32>) -> f32 {{\n{body}    h{}.mean()\n}}\n",
        OPERATIONS / 4 - 1
    )
}

/// Checks the crate; yields the time and what was printed.
fn check(folder: &Path, print: bool) -> (f64, String) {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["check", "--offline", "--quiet"])
        .current_dir(folder);
    command.env("CARGO_TARGET_DIR", folder.join("target"));
    if print {
        command.env("COTANGENT_PRINT", "loss");
    }
    let start = Instant::now();
    let output = command.output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    (start.elapsed().as_secs_f64(), text)
}

/// The best time of several checks, each after a change of the source.
fn best(folder: &Path, text: &str) -> f64 {
    let mut best = f64::INFINITY;
    for round in 0..ROUNDS {
        std::fs::write(folder.join("src/lib.rs"), format!("{text}// {round}\n")).expect("a source");
        best = best.min(check(folder, false).0);
    }
    best
}

/// The number of tokens in the header of the printed code.
fn tokens(printed: &str) -> &str {
    let count = printed.lines().find_map(|line| {
        let (_, count) = line.split_once("// generated for `loss`: ")?;
        count.split(' ').next()
    });
    count.unwrap_or("?")
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    for (name, source) in [("scalar", scalar()), ("tensor", tensor())] {
        let folder: PathBuf = std::env::temp_dir().join(format!("cotangent-compile-{name}"));
        std::fs::create_dir_all(folder.join("src")).expect("a folder for the crate");
        let manifest = format!(
            "[package]\nname = \"measured\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\ncotangent = {{ path = {root:?} }}\n"
        );
        std::fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
        std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
        let file = folder.join("src/lib.rs");
        let text = format!("use cotangent::prelude::*;\n{source}");
        std::fs::write(&file, &text).expect("a source");
        let (_, printed) = check(&folder, true);
        let tokens = tokens(&printed);
        let with = best(&folder, &text);
        let plain: String = text
            .lines()
            .filter(|line| !line.starts_with("#[differentiable"))
            .map(|line| format!("{line}\n"))
            .collect();
        let without = best(&folder, &plain);
        println!(
            "compile_time/{name}: {OPERATIONS} operations, {tokens} tokens emitted, check after a change {with:.2} s, without the attribute {without:.2} s (best of {ROUNDS})"
        );
    }
}
