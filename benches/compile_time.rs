//! What losses of 200 operations, and one of 500 lines, cost when a crate is compiled: emitted tokens,
//! and the time of `cargo check` after a change, beside that of the same functions without the
//! attribute. Not a criterion bench: one check takes a second.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const OPERATIONS: usize = 200;
const LINES: usize = 500;
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

/// A loss of 500 lines as they are written: loops, branches, elements that are updated.
fn long() -> String {
    let mut body = String::new();
    for k in 0..LINES / 10 {
        body += &format!(
            "    let scale{k} = (x[{k} % n] * 0.5).tanh() + s;
    for i in 0..n {{
        let v = x[i] * scale{k};
        if v > 0.3 {{
            s += v.sin() * a[i];
        }} else {{
            a[i] = a[i] * 0.9 + v;
        }}
        s = s * 0.5 + v.exp() / (1.0 + v * v);
    }}\n"
        );
    }
    format!(
        "#[differentiable]\npub fn loss(x: &[f64]) -> f64 {{\n    let n = x.len();\n    let mut s = 0.0;\n    let mut a = vec![1.0; n];\n{body}    s\n}}\n"
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

/// The times of several checks, each after a change of the source: the best, and the median of what
/// the processes computed, where the system says so.
fn times(folder: &Path, text: &str) -> (f64, Option<f64>) {
    let mut best = f64::INFINITY;
    let mut computed = Vec::new();
    for round in 0..ROUNDS {
        std::fs::write(folder.join("src/lib.rs"), format!("{text}// {round}\n")).expect("a source");
        let before = computed_by_children();
        best = best.min(check(folder, false).0);
        if let (Some(before), Some(after)) = (before, computed_by_children()) {
            computed.push(after - before);
        }
    }
    computed.sort_by(f64::total_cmp);
    (best, computed.get(ROUNDS / 2).copied())
}

/// Seconds of user time of the processes that have ended, on Linux.
fn computed_by_children() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: f64 = fields.split(' ').nth(13)?.parse().ok()?;
    Some(ticks / 100.0)
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
    let operations = format!("{OPERATIONS} operations");
    let lines = format!("{LINES} lines");
    for (name, source, size) in [
        ("scalar", scalar(), &operations),
        ("tensor", tensor(), &operations),
        ("long", long(), &lines),
    ] {
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
        let (with, computed) = times(&folder, &text);
        let plain: String = text
            .lines()
            .filter(|line| !line.starts_with("#[differentiable"))
            .map(|line| format!("{line}\n"))
            .collect();
        let (without, computed_without) = times(&folder, &plain);
        println!(
            "compile_time/{name}: {size}, {tokens} tokens emitted, check after a change {with:.2} s, without the attribute {without:.2} s (best of {ROUNDS})"
        );
        if let (Some(with), Some(without)) = (computed, computed_without) {
            println!(
                "compile_time/{name}: user time of a check {with:.2} s, without the attribute {without:.2} s, difference {:.2} s (medians of {ROUNDS})",
                with - without
            );
        }
    }
}
