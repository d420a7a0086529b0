//! Structures and enums: fields, patterns, methods, lists of them.

use super::form::Place::Anywhere;
use super::form::{Form, Without, form};

/// What programs with structures start from.
pub const VARIABLES: &str = "    \
    let mut part = Part { mass: s0, at: [x[n / 2], C(0.3)], kind: Kind::Plain, held: None, count: n % 3, rate: C(0.35) };
    let mut parts = vec![part.clone(), Part { mass: x[n - 1], ..part.clone() }, Part { at: [s2, s0], ..part.clone() }];
    let mut group = Group { parts: vec![part.clone(); n % 2 + 1], list: vec![s0, C(0.6)], center: part.clone() };
";

/// What they add to the result.
pub const RESULT: &str = " + part.mass * part.at[0] + part.at[1] + parts[0].mass * parts[1].at[1]
        + parts[2].at[0] * group.center.mass + group.list[0] * group.list[1] + group.parts[0].at[0]";

/// The table.
pub const FORMS: &[Form] = &[
    form("field", 2, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        let field = p.random.pick(&["part.mass", "part.at[0]", "part.at[1]", "group.center.mass"]);
        let sign = p.random.pick(&["=", "+=", "*="]);
        p.line(&format!("{field} {sign} {e};"));
        p.line(&format!("{s} += part.mass * part.at[1] * part.rate;"));
    }),
    form("field of an element", 2, Anywhere, |p| {
        let (i, j, s, e) = (p.integer(), p.integer(), p.scalar(), p.bounded());
        p.line(&format!("let at = {i} % parts.len();"));
        p.line(&format!("parts[at].mass = (parts[at].mass * {e}).sin();"));
        p.line(&format!("parts[at].at[{j} % 2] += {s} * C(0.5);"));
        p.line(&format!("{s} = parts[{j} % 3].mass * parts[{i} % 3].at[0];"));
    }),
    form("fields of elements in a loop", 1, Anywhere, |p| {
        let (s, trips) = (p.scalar(), p.trips());
        p.line(&format!("for k in 0..{trips} {{"));
        p.line(&format!("    parts[k % 3].at[1] = (parts[(k + 1) % 3].mass * {s}).sin();"));
        p.line("    let side = parts[k % 3].at[1];");
        p.line("    parts[k % 3].mass *= side;");
        p.line(&format!("    {s} += parts[k % 3].mass;"));
        p.line("}");
    }),
    form("structures by iterator", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!("for part in parts.iter() {{ {s} = ({s} * part.mass).cos(); }}"));
        p.line("for part in parts.iter_mut() { part.mass *= C(0.9); }");
        p.line(&format!("{s} += parts.iter().map(|b| b.mass * b.at[0]).sum::<F>();"));
    }),
    form("nested structure", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("group.list[1] = {e};"));
        p.line("group.parts[0].at[0] += group.center.mass * group.list[0];");
        p.line(&format!("for part in &group.parts {{ {s} += part.mass * group.list[1]; }}"));
    }),
    form("structure literal", 1, Anywhere, |p| {
        let (s, e, v) = (p.scalar(), p.bounded(), p.name("made"));
        p.line(&format!(
            "let {v} = Part {{ mass: {e}, at: [{s}, part.at[0]], kind: Kind::Bent, held: None, count: 2, rate: C(0.2) }};"
        ));
        p.line(&format!("parts[1] = Part {{ mass: {v}.at[1] * C(0.5), ..{v} }};"));
    }),
    form("structure in a pattern", 1, Anywhere, |p| {
        let (u, v, w, s) = (p.name("u"), p.name("v"), p.name("w"), p.scalar());
        p.line(&format!("let Part {{ mass: {u}, at: [{v}, {w}], .. }} = part.clone();"));
        p.line(&format!("{s} += ({u} * {v} - {w}).sin();"));
    }),
    form("structure moved", 1, Anywhere, |p| {
        let i = p.integer();
        p.line(&format!("let at = {i} % 3;"));
        p.line("let taken = std::mem::replace(&mut parts[at], part);");
        p.line("part = taken;");
    }),
    form("field that is an option", 1, Anywhere, |p| {
        let (c, s, e) = (p.condition(), p.scalar(), p.bounded());
        p.line(&format!("if {c} {{ part.held = Some({e}); }}"));
        p.line(&format!("if let Some(v) = part.held {{ {s} += v * part.mass; }}"));
    }),
    form("field that is an integer", 1, Anywhere, |p| {
        let s = p.scalar();
        p.line(&format!("for k in 0..part.count {{ {s} = ({s} * x[k % n]).sin(); }}"));
        p.line("part.count = (part.count + 1) % 4;");
    }),
    form("vector in a structure", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("if group.list.len() < 6 {{ group.list.push({e}); }}"));
        p.line(&format!("{s} += group.list[group.list.len() - 1] * C(0.5);"));
    }),
    form("enum", 1, Anywhere, |p| {
        let (c, s, e) = (p.condition(), p.scalar(), p.bounded());
        p.line(&format!("if {c} {{ part.kind = Kind::Bent; }} else if {s} > C(0.4137) {{ part.kind = Kind::Other; }}"));
        p.line(&format!("{s} = match part.kind {{ Kind::Plain => {s} * C(0.9), Kind::Bent => {e}, Kind::Other => s0 * s1 }};"));
        p.line(&format!("if part.kind == Kind::Bent {{ {s} *= part.mass; }}"));
    }),
    form("enum with fields", 1, Anywhere, |p| {
        let (f, c, s, e) = (p.name("f"), p.condition(), p.scalar(), p.bounded());
        p.line(&format!("let mut {f} = Figure::Line({e});"));
        p.line(&format!("if {c} {{ {f} = Figure::Box {{ wide: {s}, high: C(0.6) }}; }}"));
        p.line(&format!("{s} = match {f} {{ Figure::Dot => s1, Figure::Line(v) => v * {s}, Figure::Box {{ wide, high }} => (wide * high).sin() }};"));
    })
    .without(Without::Forward),
    form("method", 2, Anywhere, |p| {
        let (s, e, i) = (p.scalar(), p.bounded(), p.integer());
        p.line(&format!("{s} = part.pull({e});"));
        p.line(&format!("let other = parts[{i} % 3].clone();"));
        p.line(&format!("{s} += other.pull({s});"));
    }),
    form("method that writes", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("part.nudge({e});"));
    }),
    form("method by value", 1, Anywhere, |p| {
        let (v, e) = (p.name("moved"), p.bounded());
        p.line(&format!("let {v} = part.clone();"));
        p.line(&format!("part = {v}.moved({e});"));
    }),
    form("associated function", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = Part::associated_weight({e}, {s});"));
    }),
    form("generic structure", 1, Anywhere, |p| {
        let (v, s, e) = (p.name("poly"), p.scalar(), p.bounded());
        p.line(&format!("let {v} = Poly {{ c: [{e}, {s}, C(0.5)] }};"));
        p.line(&format!("{s} = {v}.at({s});"));
    }),
    form("slice of structures in a call", 1, Anywhere, |p| {
        let (s, e) = (p.scalar(), p.bounded());
        p.line(&format!("{s} = heavy(&parts, {e}) * C(0.5);"));
    }),
    form("structure behind &mut in a call", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("shift(&mut part, {e});"));
    }),
    form("structure as a result", 1, Anywhere, |p| {
        let e = p.bounded();
        p.line(&format!("part = lighter(part, {e});"));
    }),
];
