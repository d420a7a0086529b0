//! Writes to variables, elements of arrays, parts of pairs.

use super::form::Place::Anywhere;
use super::form::{Form, form};

/// The table.
pub const FORMS: &[Form] = &[
    form("assign", 3, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = {e};"));
    }),
    form("update", 3, Anywhere, |p| {
        let (s, e, sign) = (p.scalar(), p.bounded(), p.random.pick(&["+=", "-=", "*="]));
        p.line(&format!("{s} {sign} {e};"));
    }),
    form("divide", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} /= C(1.5) + {e};"));
    }),
    form("element", 2, Anywhere, |p| {
        let (e, at) = (p.bounded(), p.target());
        p.line(&format!("{at} = {e};"));
    }),
    form("element update", 2, Anywhere, |p| {
        let (e, at, sign) = (p.bounded(), p.target(), p.random.pick(&["+=", "-=", "*="]));
        p.line(&format!("let e = {e};"));
        p.line(&format!("{at} {sign} e;"));
    }),
    form("aliasing read", 2, Anywhere, |p| {
        let (list, i, j) = (p.list(), p.integer(), p.integer());
        p.line(&format!(
            "let (i, j) = ({i} % {list}.len(), {j} % {list}.len());"
        ));
        p.line(&format!(
            "{list}[i] = ({list}[i] * {list}[j]).sin() + {list}[j] * C(0.5);"
        ));
    }),
    form("array element", 2, Anywhere, |p| {
        let (i, e, sign) = (p.integer(), p.bounded(), p.random.pick(&["=", "+=", "*="]));
        p.line(&format!("q[{i} % 3] {sign} {e};"));
    }),
    form("array", 1, Anywhere, |p| {
        let (e, s) = (p.bounded(), p.scalar());
        p.line(&format!("q = [q[2] * C(0.5), {e}, {s}];"));
    }),
    form("nested element", 2, Anywhere, |p| {
        let (i, j, e) = (p.integer(), p.integer(), p.bounded());
        let sign = p.random.pick(&["=", "+=", "*="]);
        p.line(&format!("m[{i} % 2][{j} % 2] {sign} {e};"));
    }),
    form("row", 1, Anywhere, |p| {
        let (i, e) = (p.integer(), p.bounded());
        p.line(&format!("m[{i} % 2] = [m[1][0], {e}];"));
    }),
    form("tuple", 1, Anywhere, |p| {
        let (s, e, u, other) = (p.scalar(), p.bounded(), p.name("u"), p.operand());
        p.line(&format!("let ({u}, w) = ({e}, {other});"));
        p.line(&format!("(s0, {s}) = ({u} * C(0.5), w + {u});").replace("(s0, s0)", "(s1, s0)"));
    }),
    form("tuple into elements", 1, Anywhere, |p| {
        let (i, e, s) = (p.integer(), p.bounded(), p.scalar());
        p.line(&format!("let at = {i} % b.len();"));
        p.line(&format!("({s}, b[at]) = (b[at] * C(0.5), {e} + {s});"));
    }),
    form("part of a tuple", 2, Anywhere, |p| {
        let (part, e) = (p.random.pick(&["t.0", "t.1"]), p.bounded());
        let sign = p.random.pick(&["=", "+=", "*="]);
        p.line(&format!("{part} {sign} {e};"));
    }),
    form("tuple as a whole", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("t = (t.1 * C(0.5), {e});"));
    }),
    form("shadowing", 1, Anywhere, |p| {
        let (v, e, s) = (p.name("v"), p.bounded(), p.scalar());
        p.line(&format!("let {v} = {e};"));
        p.line(&format!("let {v} = {v} * {v} + {s};"));
        p.line(&format!("{s} = {v}.sin();"));
    }),
    form("array in a pattern", 1, Anywhere, |p| {
        let (u, v, w, s) = (p.name("u"), p.name("v"), p.name("w"), p.scalar());
        p.line(&format!("let [{u}, {v}, {w}] = q;"));
        p.line(&format!("{s} += ({u} * {v} - {w}).sin();"));
    }),
];
