//! What is done with numbers: operators, casts, functions, constants.

use super::form::Place::Anywhere;
use super::form::{Form, Without, form};

/// The table.
pub const FORMS: &[Form] = &[
    form("remainder", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = {e} % C(0.7137) + (-{s} * C(0.5)).sin();"));
    }),
    form("conditions joined", 1, Anywhere, |p| {
        let (s, c, d, i) = (p.scalar(), p.condition(), p.condition(), p.integer());
        p.line(&format!(
            "if {c} && {i} % 2 == 0 || !({d}) {{ {s} *= C(0.8); }}"
        ));
    }),
    form("number of an integer", 1, Anywhere, |p| {
        let (s, i) = (p.scalar(), p.integer());
        p.line(&format!("{s} += N({i} % 5) * C(0.1) * {s};"));
    }),
    form("cast between floats", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = R({e}) * C(0.9);"));
    })
    .without(Without::Precision),
    form("path of a method", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = F::max({e}, {s}) * C(0.9);"));
    }),
    form("functions of the prelude", 2, Anywhere, |p| {
        let (s, e, other) = (p.scalar(), p.bounded(), p.operand());
        let f = p.random.pick(&["softplus", "sigmoid", "relu"]);
        p.line(&format!("{s} = {f}({e} + {other}) * C(0.5);"));
    }),
    form("methods of floats", 3, Anywhere, |p| {
        let (s, e, other) = (p.scalar(), p.bounded(), p.operand());
        let f = p.random.pick(&[
            "hypot(C(1.3))",
            "atan2(C(1.7))",
            "mul_add(C(0.5), s0)",
            "exp_m1()",
            "floor()",
            "clamp(C(-0.8137), C(0.7137))",
            "cosh()",
        ]);
        p.line(&format!("{s} = (({e} + {other}).{f}).sin();"));
    }),
    form("powers", 1, Anywhere, |p| {
        let (s, e, other) = (p.scalar(), p.bounded(), p.operand());
        p.line(&format!(
            "{s} = (C(1.5) + {e}).powf({other}.sin()).recip();"
        ));
    }),
    form("constant item", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!("{s} = ({s} * HALF).cos();"));
    }),
    form("assertion", 1, Anywhere, |p| {
        let (list, s) = (p.list(), p.scalar());
        p.line(&format!("assert!({list}.len() > 1);"));
        p.line(&format!(
            "debug_assert!({s} < C(1e30) || {list}[0] >= s0 || true);"
        ));
    }),
    form("stopped gradient", 1, Anywhere, |p| {
        let (s, e, other) = (p.scalar(), p.bounded(), p.scalar());
        p.line(&format!("{s} = stop_gradient({other}).sin() * {e};"));
        p.line(&format!("{s} += no_diff!({other} * C(0.5)) * {s};"));
    })
    .without(Without::Differences),
    form("declared first", 1, Anywhere, |p| {
        let (v, c, e, d, s) = (
            p.name("v"),
            p.condition(),
            p.bounded(),
            p.bounded(),
            p.scalar(),
        );
        p.line(&format!("let {v};"));
        p.line(&format!(
            "if {c} {{ {v} = {e}; }} else {{ {v} = {d} * C(0.5); }}"
        ));
        p.line(&format!("{s} += {v} * {v};"));
    }),
    form("custom rule", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = cubed({e}) * C(0.5);"));
    })
    .without(Without::Second),
];
