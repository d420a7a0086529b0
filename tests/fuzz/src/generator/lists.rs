//! Vectors: what changes their length, what moves their elements.

use super::form::Place::Anywhere;
use super::form::{Form, form};

/// The table.
pub const FORMS: &[Form] = &[
    form("push", 2, Anywhere, |p| {
        let (list, e) = (p.list(), p.bounded());
        p.line(&format!("if {list}.len() < 9 {{ {list}.push({e}); }}"));
    }),
    form("pop", 2, Anywhere, |p| {
        let (list, v, s) = (p.list(), p.name("v"), p.scalar());
        p.line(&format!("if {list}.len() > 2 {{"));
        p.line(&format!("    let {v} = {list}.pop().unwrap();"));
        p.line(&format!("    {s} += {v} * C(0.5);"));
        p.line("}");
    }),
    form("while let pop", 1, Anywhere, |p| {
        let (v, s) = (p.name("stack"), p.scalar());
        p.line(&format!("let mut {v} = b.clone();"));
        p.line(&format!(
            "while let Some(top) = {v}.pop() {{ {s} = ({s} * top).cos(); }}"
        ));
    }),
    form("vector in a loop", 1, Anywhere, |p| {
        let (v, trips, s, e) = (p.name("row"), p.trips(), p.scalar(), p.bounded());
        p.line(&format!("let mut {v} = vec![{e}; {trips} + 1];"));
        p.line(&format!(
            "for k in 0..{v}.len() {{ {v}[k] = ({v}[k] * {s}).sin(); }}"
        ));
        p.line(&format!("{s} -= {v}[{v}.len() - 1] * {v}[0];"));
    }),
    form("resize", 1, Anywhere, |p| {
        let (list, e, c) = (p.list(), p.bounded(), p.random.below(5));
        p.line(&format!("{list}.resize({c} + 2, {e});"));
    }),
    form("truncate", 1, Anywhere, |p| {
        let (list, c) = (p.list(), p.random.below(3));
        p.line(&format!("{list}.truncate({c} + 2);"));
    }),
    form("clear and extend", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line("b.clear();");
        p.line("b.extend_from_slice(&a);");
        p.line(&format!("b[1] = {e};"));
    }),
    form("extend", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line("if a.len() < 8 {");
        p.line(&format!("    a.extend(x.iter().take(2).map(|v| v * {s}));"));
        p.line("}");
    }),
    form("to_vec and copy_from_slice", 1, Anywhere, |p| {
        let (v, s) = (p.name("copy"), p.scalar());
        p.line(&format!("let mut {v} = a.to_vec();"));
        p.line(&format!("{v}[..2].copy_from_slice(&b[..2]);"));
        p.line(&format!("{s} += {v}[0] * {v}[{v}.len() - 1];"));
    }),
    form("vector of vectors", 1, Anywhere, |p| {
        let (v, s, trips) = (p.name("grid"), p.scalar(), p.trips());
        p.line(&format!("let mut {v}: Vec<Vec<F>> = Vec::new();"));
        p.line(&format!(
            "for k in 0..{trips} {{ {v}.push(vec![x[k % n], {s} * C(0.5)]); }}"
        ));
        p.line(&format!("for k in 0..{v}.len() {{"));
        p.line(&format!("    let row = &{v}[k];"));
        p.line(&format!("    {s} = (row[0] * row[1] + {s}).sin();"));
        p.line(&format!("    {v}[k][0] = {s};"));
        p.line(&format!("    {s} += {v}[0][0];"));
        p.line("}");
    }),
    form("first and last", 1, Anywhere, |p| {
        let (list, s) = (p.list(), p.scalar());
        p.line(&format!(
            "{s} = (*{list}.first().unwrap() * {list}.last().unwrap()).sin();"
        ));
    }),
    form("mem::take", 1, Anywhere, |p| {
        let (v, s) = (p.name("old"), p.scalar());
        p.line(&format!("let {v} = std::mem::take(&mut b);"));
        p.line(&format!("{s} += {v}[0] * {v}[{v}.len() - 1];"));
        p.line(&format!("b = vec![{s}, {v}[1]];"));
    }),
    form("fill", 1, Anywhere, |p| {
        let (list, e) = (p.list(), p.bounded());
        p.line(&format!("let e = {e};"));
        p.line(&format!("{list}.fill(e);"));
    }),
    form("reverse", 1, Anywhere, |p| {
        let list = p.list();
        p.line(&format!("{list}.reverse();"));
    }),
    form("swap", 2, Anywhere, |p| {
        let (list, i, j) = (p.list(), p.integer(), p.integer());
        p.line(&format!("let len = {list}.len();"));
        p.line(&format!("{list}.swap({i} % len, {j} % len);"));
    }),
    form("mem::swap", 1, Anywhere, |p| {
        p.line("std::mem::swap(&mut a, &mut b);");
    }),
    form("mem::replace", 1, Anywhere, |p| {
        let (v, s) = (p.name("old"), p.scalar());
        p.line("let copy = a.clone();");
        p.line(&format!("let {v} = std::mem::replace(&mut b, copy);"));
        p.line(&format!("{s} += {v}[0] * {v}[{v}.len() - 1];"));
    }),
    form("whole vector", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("a = vec![s0, {e}, x[n / 2]];"));
    }),
];
