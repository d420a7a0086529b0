//! The generator: programs of the accepted language, as text that is printed several times: over
//! `f64` with the reverse pass that is chosen, over `f64` on the tape, and over dual numbers
//! (`F` is the type, `C(..)` a constant).
//!
//! A statement is a `form::Form`; the tables of forms are `control`, `places`, `lists`, `iterators`
//! and `calls`. A new construct of the language is a row of one of them.

#![allow(
    unreachable_pub,
    reason = "the build script includes this file as a module of its own"
)]

mod calls;
mod control;
mod expression;
mod form;
mod iterators;
mod lists;
mod places;
mod program;
mod random;
mod text;

use std::fmt::Write;

use form::Form;
use program::Program;
use text::{HELPERS, marked, over};

/// The tables of statements.
const TABLES: [&[Form]; 5] = [
    control::FORMS,
    places::FORMS,
    lists::FORMS,
    iterators::FORMS,
    calls::FORMS,
];

/// Every construct that programs are made of, for the histogram.
pub fn constructs() -> Vec<&'static str> {
    let forms = TABLES.iter().flat_map(|table| table.iter());
    forms.map(|form| form.name).collect()
}

/// How many statements a program has at most, inner ones included.
const STATEMENTS: usize = 14;

/// Of how many programs one also has its forward modes compiled.
const WITH_MODES: u64 = 3;

/// `count` programs, with tables of them, of their text and of what they contain.
pub fn programs(count: u64, seed: u64) -> String {
    let names = constructs();
    let mut plain = String::from("pub mod plain {\nuse cotangent::prelude::*;\n");
    plain += &over(&marked(HELPERS), "f64", "");
    let mut dual = String::from("pub mod dual {\nuse fuzz::dual::Dual;\n");
    dual += &over(&HELPERS.replace("\nfn ", "\npub fn "), "Dual", "Dual::c");
    let mut taped =
        String::from("pub mod taped {\nuse cotangent::prelude::*;\nuse super::plain::*;\n");
    let mut table = String::from("const PROGRAMS: &[Program] = &[\n");
    for number in 0..count {
        let mut program = Program::new(
            (seed << 32) ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            STATEMENTS,
        );
        for _ in 0..STATEMENTS / 2 {
            program.statement();
        }
        let text = program.text(number);
        plain += &over(&format!("#[differentiable]\npub {text}"), "f64", "");
        taped += &over(
            &format!("#[differentiable(strategy = tape)]\npub {text}"),
            "f64",
            "",
        );
        dual += &over(&format!("pub {text}"), "Dual", "Dual::c").replace("#[checkpoint] ", "");
        let used: Vec<bool> = names
            .iter()
            .map(|name| program.used.contains(name))
            .collect();
        let modes = match number % WITH_MODES {
            0 => format!("Some((plain::p{number}::jvp, plain::p{number}::hvp))"),
            _ => String::from("None"),
        };
        let _ = writeln!(
            table,
            "Program {{ value: plain::p{number}, gradient: plain::p{number}::value_and_grad, \
             taped: taped::p{number}::value_and_grad, dual: dual::p{number}, modes: {modes}, \
             text: {text:?}, used: &{used:?} }},"
        );
    }
    let allow = "#[allow(warnings, clippy::all, clippy::pedantic, reason = \"generated code\")]\n";
    format!("{allow}{plain}}}\n{allow}{taped}}}\n{allow}{dual}}}\n{table}];\n")
}
