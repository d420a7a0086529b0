//! The generator: programs of the accepted language, as text that is printed several times: over
//! `f64` with the reverse pass that is chosen, over `f64` on the tape, some over `f32`, and over dual
//! numbers (`text::Over` says how).
//!
//! A statement is a `form::Form`; the tables of forms are `control`, `places`, `lists`, `iterators`,
//! `calls`, `numbers`, `options` and `structures`. A new construct of the language is a row of one of
//! them, and is named beside its line of the language's chapter in `tests/chapter.rs`.

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
mod numbers;
mod options;
mod places;
mod program;
mod random;
mod structures;
mod text;

use std::fmt::Write;

use form::{Form, Without};
use program::Program;
use text::{Over, helpers, over, without_attributes};

/// The tables of statements.
const TABLES: [&[Form]; 8] = [
    control::FORMS,
    places::FORMS,
    lists::FORMS,
    iterators::FORMS,
    calls::FORMS,
    numbers::FORMS,
    options::FORMS,
    structures::FORMS,
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

/// Of how many programs one is also compiled with everything on the tape.
const WITH_TAPE: u64 = 2;

/// Of how many programs one is also compiled over `f32`.
const IN_SINGLE: u64 = 6;

/// `count` programs, with tables of them, of their text and of what they contain.
pub fn programs(count: u64, seed: u64) -> String {
    let names = constructs();
    let ours = "use cotangent::Real;\nuse cotangent::prelude::*;\n";
    let mut plain = format!("pub mod plain {{\n{ours}{}", helpers(Over::Double));
    let mut taped = format!("pub mod taped {{\n{ours}use super::plain::*;\n");
    let mut single = format!("pub mod single {{\n{ours}{}", helpers(Over::Single));
    let duals = "use fuzz::dual::*;\n";
    let mut dual = format!("pub mod dual {{\n{duals}{}", helpers(Over::Dual));
    let mut single_dual = format!(
        "pub mod single_dual {{\n{duals}{}",
        helpers(Over::SingleDual)
    );
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
        let marked = |arguments: &str, numbers: Over| {
            over(
                &format!("#[differentiable{arguments}]\npub {text}"),
                numbers,
            )
        };
        let bare = |numbers: Over| over(&without_attributes(&format!("pub {text}")), numbers);
        let modes = number % WITH_MODES == 0;
        let once = "(order = 1)";
        plain += &marked(if modes { "" } else { once }, Over::Double);
        let on_tape = number % WITH_TAPE == 0;
        if on_tape {
            taped += &marked("(order = 1, strategy = tape)", Over::Double);
        }
        dual += &bare(Over::Dual);
        let (rounded, forward) = (
            program.without(Without::Precision),
            !program.without(Without::Forward),
        );
        let optional = |present: bool, function: &str| match present {
            true => format!("Some({function})"),
            false => String::from("None"),
        };
        let jvp = modes && forward;
        let hvp = modes && forward && !program.without(Without::Second);
        let in_single = number % IN_SINGLE == 1;
        if in_single {
            single += &marked(once, Over::Single);
            single_dual += &bare(Over::SingleDual);
        }
        let used: Vec<bool> = names
            .iter()
            .map(|name| program.used.contains(name))
            .collect();
        let _ = writeln!(
            table,
            "Program {{ value: plain::p{number}, gradient: plain::p{number}::value_and_grad, \
             taped: {}, dual: dual::p{number}, smooth: {}, rounded: {rounded}, jvp: {}, hvp: {}, single: {}, text: {text:?}, used: &{used:?} }},",
            optional(on_tape, &format!("taped::p{number}::value_and_grad")),
            !rounded && !program.without(Without::Differences),
            optional(jvp, &format!("plain::p{number}::jvp")),
            optional(hvp, &format!("plain::p{number}::hvp")),
            optional(
                in_single,
                &format!("(single::p{number}::value_and_grad, single_dual::p{number})")
            ),
        );
    }
    let allow = "#[allow(warnings, clippy::all, clippy::pedantic, reason = \"generated code\")]\n";
    let modules =
        [plain, taped, single, dual, single_dual].map(|module| format!("{allow}{module}}}\n"));
    format!("{}{table}];\n", modules.concat())
}
