//! Branches, loops and jumps.

use super::form::Place::{Anywhere, Inner, Looping, Nested, Returning};
use super::form::{Form, form};
use super::program::Program;

/// The table.
pub const FORMS: &[Form] = &[
    form("if", 3, Nested, |p| branch(p, false)),
    form("if else", 3, Nested, |p| branch(p, true)),
    form("if as value", 1, Anywhere, |p| {
        let (s, c, a, b) = (p.scalar(), p.condition(), p.bounded(), p.bounded());
        p.line(&format!(
            "{s} = if {c} {{ {a} }} else if {s} > C(0.2137) {{ {b} }} else {{ s1 }};"
        ));
    }),
    form("for", 8, Nested, |p| {
        let (i, trips) = (p.name("i"), p.trips());
        p.looped(&format!("for {i} in 0..{trips}"), Some(i), None);
    }),
    form("for reversed", 4, Nested, |p| {
        let (i, trips) = (p.name("i"), p.trips());
        p.looped(&format!("for {i} in (0..{trips}).rev()"), Some(i), None);
    }),
    form("for stepped", 2, Nested, |p| {
        let (i, trips) = (p.name("i"), p.trips());
        p.looped(
            &format!("for {i} in (1..={trips}).step_by(2)"),
            Some(i),
            None,
        );
    }),
    form("for over elements", 4, Nested, |p| {
        let (v, s) = (p.name("v"), p.scalar());
        p.looped(
            &format!("for {v} in x"),
            None,
            Some(format!("{s} += {v} * C(0.25);")),
        );
    }),
    form("while", 5, Nested, |p| {
        let (k, trips) = (p.name("k"), p.trips());
        p.line(&format!("let mut {k} = 0;"));
        let head = format!("while {k} < {trips} && s0 < C(40.0)");
        p.looped(&head, None, Some(format!("{k} += 1;")));
    }),
    form("loop", 5, Nested, |p| {
        let (k, trips) = (p.name("k"), p.trips());
        p.line(&format!("let mut {k} = 0;"));
        let stop = format!("{k} += 1; if {k} > {trips} {{ break; }}");
        p.looped("loop", None, Some(stop));
    }),
    form("loop with a value", 2, Nested, |p| {
        let (k, trips, s, e) = (p.name("k"), p.trips(), p.scalar(), p.bounded());
        p.line(&format!("let mut {k} = 0;"));
        p.line(&format!("{s} = loop {{"));
        p.line(&format!(
            "    if {k} >= {trips} || s1 > C(0.9137) {{ break {s} * {e}; }}"
        ));
        p.line(&format!("    {k} += 1;"));
        p.line(&format!("    s1 = (s1 * x[{k} % n]).cos();"));
        p.line("};");
    }),
    form("search", 2, Anywhere, |p| {
        let (m, i, e, s) = (p.name("m"), p.name("i"), p.bounded(), p.scalar());
        p.line(&format!("let mut {m} = C(-3.0);"));
        p.line(&format!("for {i} in 0..n {{"));
        p.line(&format!("    let v = x[{i}] * {e} + x[{i}];"));
        p.line(&format!("    if v > {m} {{ {m} = v; }}"));
        p.line("}");
        p.line(&format!("{s} = {s} * C(0.5) + {m} * C(0.25);"));
    }),
    form("checkpoint", 3, Nested, |p| {
        let (i, trips) = (p.name("i"), p.trips());
        p.closed_loop(&format!("#[checkpoint] for {i} in 0..{trips}"), i);
    }),
    form("checkpoint of a few states", 2, Nested, |p| {
        let (i, trips, states) = (p.name("i"), p.trips(), 1 + p.random.below(3));
        p.closed_loop(
            &format!("#[checkpoint(states = {states})] for {i} in 0..{trips}"),
            i,
        );
    }),
    form("break", 5, Looping, |p| jump(p, "break", true)),
    form("continue", 5, Looping, |p| jump(p, "continue", true)),
    form("outer break", 9, Inner, |p| jump(p, "break", false)),
    form("outer continue", 9, Inner, |p| jump(p, "continue", false)),
    form("return", 6, Returning, |p| {
        let (c, s, e) = (p.condition(), p.scalar(), p.bounded());
        p.line(&format!("if {c} && {s} > C(0.85) {{ return {s} * {e}; }}"));
    }),
    form("match", 2, Anywhere, |p| {
        let (s, e, of, other) = (p.scalar(), p.bounded(), p.integer(), p.operand());
        p.line(&format!("{s} = match {of} % 4 {{"));
        p.line(&format!("    0 => {e},"));
        p.line(&format!("    1 | 2 if {s} > C(0.1) => {s} * {other},"));
        p.line("    m => s0 * C(0.5) + if m > 2 { s1 } else { s2 },");
        p.line("};");
    }),
    form("match as statement", 1, Nested, |p| {
        let of = p.integer();
        p.line(&format!("match {of} % 5 {{"));
        p.line("    0..=1 => {");
        p.block(1);
        p.line("    }");
        p.line("    3 => {");
        p.block(1);
        p.line("    }");
        p.line("    _ => s2 *= C(0.9),");
        p.line("}");
    }),
    form("block with a value", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!(
            "{s} = {{ let s1 = {e}; let v = s1 * s1; v.cos() * s1 }};"
        ));
    }),
];

fn branch(p: &mut Program, both: bool) {
    let condition = p.condition();
    p.line(&format!("if {condition} {{"));
    p.block(2);
    if both {
        p.line("} else {");
        p.block(2);
    }
    p.line("}");
}

/// Leaves or goes on with the innermost loop, or with one around it.
fn jump(p: &mut Program, kind: &str, inner: bool) {
    let (c, s, e) = (p.condition(), p.scalar(), p.bounded());
    let last = p.labels.len() - 1;
    let target = if inner { last } else { p.random.below(last) };
    let label = if inner && p.random.below(2) == 0 {
        String::new()
    } else {
        format!(" {}", p.labels[target])
    };
    p.line(&format!("if {c} {{ {s} += {e}; {kind}{label}; }}"));
}
