//! Calls of other differentiable functions, and names for parts of vectors.

use super::form::Place::Anywhere;
use super::form::{Form, form};

/// The table.
pub const FORMS: &[Form] = &[
    form("view", 1, Anywhere, |p| {
        let (r, s) = (p.name("r"), p.scalar());
        p.line(&format!("let {r} = &a[1..];"));
        p.line(&format!("{s} += dot({r}, &a[..1]) * {r}[0];"));
    }),
    form("view that writes", 1, Anywhere, |p| {
        let (r, e) = (p.name("r"), p.bounded());
        p.line(&format!("let e = {e};"));
        p.line(&format!("let {r} = &mut b[1..];"));
        p.line(&format!("{r}[0] = e * C(0.5);"));
    }),
    form("split_at", 1, Anywhere, |p| {
        let (l, r, s) = (p.name("l"), p.name("r"), p.scalar());
        p.line(&format!("let ({l}, {r}) = a.split_at(1);"));
        p.line(&format!("{s} += ({l}[0] * {r}[0]).sin();"));
    }),
    form("call", 2, Anywhere, |p| {
        let (s, e, other) = (p.scalar(), p.bounded(), p.operand());
        p.line(&format!("{s} = bend({e}, {other}) * C(0.5);"));
    }),
    form("one variable twice", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} = (dot(&a[..2], &a[a.len() - 2..]) + dot(&b, &b)).sin();"
        ));
    }),
    form("call with &mut", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("let e = {e};"));
        p.line("let got = stir(&mut a[1..], e);");
        p.line(&format!("{s} += got.sin();"));
    }),
    form("recursion", 2, Anywhere, |p| {
        let (s, e, trips) = (p.scalar(), p.bounded(), p.trips());
        p.line(&format!("{s} = nest(&b, {e}, {trips});"));
    }),
    form("call of a tuple", 1, Anywhere, |p| {
        let (u, v, s, e) = (p.name("u"), p.name("v"), p.scalar(), p.bounded());
        p.line(&format!("let ({u}, {v}) = twist({e}, {s});"));
        p.line(&format!("{s} = {u} * {v};"));
    }),
    form("call of an array", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("q = turned(q, {e});"));
    }),
    form("call without a result", 1, Anywhere, |p| {
        let (list, e) = (p.list(), p.bounded());
        p.line(&format!("let e = {e};"));
        p.line(&format!("damp(&mut {list}, e);"));
    }),
    form("call with a reference to a float", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("let e = {e};"));
        p.line("let got = bump(&mut s0, e);");
        p.line("s1 = (s1 + got).sin();");
    }),
    form("scratch of the caller", 1, Anywhere, |p| {
        let (v, s) = (p.name("scratch"), p.scalar());
        p.line(&format!("let mut {v} = [C(0.0); 3];"));
        p.line(&format!("let got = through(&a, &mut {v});"));
        p.line(&format!("{s} += got * {v}[1];"));
    }),
    form("slice of arrays in a call", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = corners(&m, {e}).sin();"));
    }),
    form("call of a generic function", 1, Anywhere, |p| {
        let (s, e, list) = (p.scalar(), p.bounded(), p.list());
        p.line(&format!("{s} = softened(&{list}, {e}).sin();"));
    }),
];
