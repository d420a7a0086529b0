//! Values that may be missing.

use super::form::Place::{Anywhere, Looping};
use super::form::{Form, form};
use super::program::Program;

/// The table.
pub const FORMS: &[Form] = &[
    form("if let", 2, Anywhere, |p| {
        let (o, s) = (option(p), p.scalar());
        p.line(&format!("if let Some(v) = {o} {{ {s} += v * s1; }}"));
    }),
    form("if let with a condition", 1, Anywhere, |p| {
        let (o, s, c) = (option(p), p.scalar(), p.condition());
        p.line(&format!(
            "if let Some(v) = {o} && {c} {{ {s} = (v * {s}).sin(); }} else {{ {s} *= C(0.9); }}"
        ));
    }),
    form("matches!", 1, Anywhere, |p| {
        let (o, s) = (option(p), p.scalar());
        p.line(&format!(
            "if matches!({o}, Some(v) if v > C(0.1137)) {{ {s} = {s}.cos(); }}"
        ));
    }),
    form("match of options", 1, Anywhere, |p| {
        let (o, s, e) = (option(p), p.scalar(), p.bounded());
        p.line(&format!("match {o} {{"));
        p.line(&format!("    Some(v) if v > C(0.1137) => {s} = v * {s},"));
        p.line(&format!("    Some(v) => {s} += v * {e},"));
        p.line(&format!("    None => {s} = {s}.sin(),"));
        p.line("}");
    }),
    form("option that changes", 1, Anywhere, |p| {
        let (o, s, e, trips) = (option(p), p.scalar(), p.bounded(), p.trips());
        p.line(&format!("let mut held = {o};"));
        p.line(&format!("for k in 0..{trips} {{"));
        p.line(&format!(
            "    if let Some(h) = held {{ {s} = ({s} * h).sin(); }}"
        ));
        p.line(&format!(
            "    held = if k % 3 == 2 {{ None }} else {{ Some({e} + {s}) }};"
        ));
        p.line("}");
        p.line(&format!("if let Some(h) = held {{ {s} += h; }}"));
    }),
    form("let else", 5, Looping, |p| {
        let (o, s, v) = (option(p), p.scalar(), p.name("v"));
        p.line(&format!("let Some({v}) = {o} else {{ continue; }};"));
        p.line(&format!("{s} = ({s} * {v}).sin();"));
    }),
    form("call of an option", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("let got = root({e});"));
        p.line(&format!("if let Some(v) = got {{ {s} = v * C(0.7); }}"));
    }),
    form("question mark in a call", 1, Anywhere, |p| {
        let (s, e, list) = (p.scalar(), p.bounded(), p.list());
        p.line(&format!("{s} = match roots(&{list}, {e}) {{"));
        p.line("    Some(v) => v * C(0.8),");
        p.line(&format!("    None => {s} * C(0.5),"));
        p.line("};");
    }),
    form("call of a result", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("let got = checked({e});"));
        p.line(&format!("if let Ok(v) = got {{ {s} = v * C(0.7); }}"));
    }),
    form("question mark on results", 1, Anywhere, |p| {
        let (s, e, list) = (p.scalar(), p.bounded(), p.list());
        p.line(&format!("{s} = match all_checked(&{list}, {e}) {{"));
        p.line("    Ok(v) => v * C(0.8),");
        p.line(&format!("    Err(_) => {s} * C(0.5),"));
        p.line("};");
    }),
];

/// The name of a new option.
fn option(p: &mut Program) -> String {
    let (o, c, e) = (p.name("o"), p.condition(), p.bounded());
    p.line(&format!(
        "let {o} = if {c} {{ Some({e}) }} else {{ None }};"
    ));
    o
}
