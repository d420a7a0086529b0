//! Iterator chains, as values and in loops.

use super::form::Place::Anywhere;
use super::form::{Form, form};

/// The table.
pub const FORMS: &[Form] = &[
    form("sum", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} += a.iter().map(|v| v * {s}).sum::<F>().sin();"
        ));
    }),
    form("product", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} = b.iter().map(|v| (v * {s}).cos()).product::<F>();"
        ));
    }),
    form("fold", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} = b.iter().fold({s}, |acc, &v| (acc * v + C(0.3)).sin());"
        ));
    }),
    form("maximum", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} = a.iter().copied().fold({s}, F::max) * C(0.5);"
        ));
    }),
    form("windows", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for w in a.windows(2) {{ {s} += (w[0] * w[1]).sin(); }}"
        ));
    }),
    form("chunks", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for c in b.chunks(2) {{ {s} = ({s} + c[0] * c[c.len() - 1]).cos(); }}"
        ));
    }),
    form("zip and enumerate", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for (i, (u, &v)) in a.iter().zip(x.iter()).enumerate() {{ if i % 2 == 0 {{ {s} += (u * v).sin(); }} }}"
        ));
    }),
    form("skip and take", 1, Anywhere, |p| {
        let (s, c) = (p.scalar(), p.random.below(3));
        p.line(&format!(
            "for v in b.iter().skip({c}).take(3) {{ {s} = ({s} * v).sin() + v; }}"
        ));
    }),
    form("rev", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for v in a.iter().rev() {{ {s} = (v - {s}).tanh(); }}"
        ));
    }),
    form("filter", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} -= x.iter().filter(|v| **v > C(0.3137)).map(|v| v * s0).sum::<F>().sin();"
        ));
    }),
    form("take_while", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for v in a.iter().take_while(|v| **v < C(0.8137)) {{ {s} += v * C(0.5); }}"
        ));
    }),
    form("collect", 1, Anywhere, |p| {
        let (v, s) = (p.name("made"), p.scalar());
        p.line(&format!(
            "let {v}: Vec<F> = a.iter().map(|u| (u * {s}).sin()).collect();"
        ));
        p.line(&format!("{s} += {v}[0] * {v}[{v}.len() - 1];"));
    }),
    form("iter_mut", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for v in b.iter_mut() {{ *v = (*v * {s}).sin(); }}"
        ));
    }),
    form("iter_mut and zip", 1, Anywhere, |p| {
        p.line("for (u, v) in a.iter_mut().zip(b.iter()) { *u -= v * C(0.3); }");
    }),
    form("step_by and cloned", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for (k, v) in x.iter().cloned().enumerate().step_by(2) {{ {s} = ({s} * v).sin() + N(k) * C(0.1); }}"
        ));
    }),
    form("chunks_exact", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for c in a.chunks_exact(2) {{ {s} -= (c[1] * c[0]).sin(); }}"
        ));
    }),
    form("chunks_mut", 1, Anywhere, |p| {
        p.line("for c in b.chunks_mut(2) { c[0] = (c[0] * c[c.len() - 1]).sin(); }");
    }),
    form("for_each", 1, Anywhere, |p| {
        let (list, s) = (p.list(), p.scalar());
        p.line(&format!("let by = {s};"));
        p.line(&format!(
            "{list}.iter_mut().for_each(|v| *v = (*v + by).sin());"
        ));
    }),
    form("filter in a loop", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "for v in b.iter().filter(|v| **v > C(0.1137)) {{ {s} = ({s} * v).cos(); }}"
        ));
    }),
    form("paths in a chain", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!(
            "{s} += a.iter().copied().map(F::sin).sum::<F>() * C(0.3);"
        ));
        p.line(&format!(
            "{s} = x.iter().map(|&v| bend(v, {s})).sum::<F>().sin();"
        ));
    }),
    form("nested closures", 1, Anywhere, |p| {
        let (s, trips) = (p.scalar(), p.trips());
        p.line(&format!("let by = {s};"));
        p.line(&format!(
            "{s} = (0..{trips}).map(|i| (0..=i).map(|j| x[j % n] * by).sum::<F>().sin()).sum::<F>() * C(0.3);"
        ));
    }),
];
