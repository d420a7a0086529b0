//! A tool for GradBench, the public benchmark of automatic differentiation
//! (<https://github.com/gradbench/gradbench>): it answers the requests of an eval, one line of
//! JSON each, on stdin and stdout. Every objective is plain Rust, every derivative comes from
//! `#[differentiable]`.
//!
//! ```text
//! gradbench run --eval "gradbench eval llsq" --tool "cargo run --release --example gradbench"
//! ```

#![allow(
    clippy::needless_range_loop,
    clippy::too_many_arguments,
    reason = "the objectives are written as most users would, by index"
)]

mod evals;
mod protocol;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match converse(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gradbench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers every line with a line, until there are no more.
fn converse(input: impl BufRead, mut output: impl Write) -> Result<(), String> {
    for line in input.lines() {
        let line = line.map_err(|error| format!("stdin: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = protocol::answer(&line)?;
        writeln!(output, "{answer}")
            .and_then(|()| output.flush())
            .map_err(|error| format!("stdout: {error}"))?;
    }
    Ok(())
}
