//! The generator: programs of the accepted language, as text that is printed twice, once over
//! `f64` and once over dual numbers (`F` is the type, `C(..)` a constant).

#![allow(
    unreachable_pub,
    reason = "the build script includes this file as a module of its own"
)]

use std::fmt::Write;

/// Every construct that programs are made of, for the histogram.
pub const CONSTRUCTS: [&str; 30] = [
    "assign",
    "update",
    "element",
    "element update",
    "if",
    "if else",
    "for",
    "for reversed",
    "while",
    "loop",
    "break",
    "continue",
    "outer break",
    "outer continue",
    "return",
    "match",
    "option",
    "if let",
    "tuple",
    "push and pop",
    "swap",
    "mem::swap",
    "sum",
    "fold",
    "windows",
    "zip",
    "iter_mut",
    "view",
    "call",
    "call with &mut",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

/// A program under construction.
struct Program {
    random: Random,
    code: String,
    depth: usize,
    /// Integer variables in scope.
    indices: Vec<String>,
    /// Enclosing loops, outermost first.
    labels: Vec<String>,
    fresh: usize,
    used: Vec<bool>,
    budget: usize,
}

impl Program {
    fn line(&mut self, text: &str) {
        let pad = "    ".repeat(self.depth + 1);
        let _ = writeln!(self.code, "{pad}{text}");
    }

    fn name(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    fn uses(&mut self, construct: &str) {
        if let Some(at) = CONSTRUCTS.iter().position(|known| *known == construct) {
            self.used[at] = true;
        }
    }

    fn integer(&mut self) -> String {
        let c = self.random.below(5);
        if self.indices.is_empty() || self.random.below(4) == 0 {
            return format!("({c} + n)");
        }
        let at = self.random.below(self.indices.len());
        format!("({} + {c})", self.indices[at])
    }

    /// A variable of the program.
    fn scalar(&mut self) -> String {
        format!("s{}", self.random.below(3))
    }

    fn list(&mut self) -> &'static str {
        if self.random.below(2) == 0 { "a" } else { "b" }
    }

    fn element(&mut self) -> String {
        let (list, at) = (self.list(), self.integer());
        format!("{list}[{at} % {list}.len()]")
    }

    /// An element to be written; its index stands in a line of its own.
    fn target(&mut self) -> String {
        let (list, at) = (self.list(), self.integer());
        self.line(&format!("let at = {at} % {list}.len();"));
        format!("{list}[at]")
    }

    fn operand(&mut self) -> String {
        match self.random.below(8) {
            0 => format!("C({}.{})", self.random.below(2), self.random.below(10)),
            1 | 2 => {
                let at = self.integer();
                format!("x[{at} % n]")
            }
            3 | 4 => self.element(),
            _ => self.scalar(),
        }
    }

    /// An expression whose value stays small.
    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.operand();
        }
        let a = self.expression(depth - 1);
        match self.random.below(9) {
            0 => format!("({a}).sin()"),
            1 => format!("({a}).tanh()"),
            2 => format!("(({a}).sin()).exp()"),
            3 => format!("-({a})"),
            4 => {
                let b = self.operand();
                format!("({a}) / (C(2.5) + ({b}).cos())")
            }
            5 => {
                let b = self.operand();
                self.uses("call");
                format!("bend(({a}).sin(), {b})")
            }
            n => {
                let (b, sign) = (self.operand(), ["+", "-", "*"][n - 6]);
                format!("({a}) {sign} {b}")
            }
        }
    }

    fn bounded(&mut self) -> String {
        let depth = 1 + self.random.below(2);
        let inner = self.expression(depth);
        let bound = self.random.pick(&["sin", "tanh", "cos"]);
        format!("({inner}).{bound}()")
    }

    fn condition(&mut self) -> String {
        let a = self.operand();
        let sign = self.random.pick(&["<", ">"]);
        let c = self.random.below(9);
        format!("{a} {sign} C(0.{c}137)")
    }

    fn block(&mut self, statements: usize) {
        self.depth += 1;
        let scope = self.indices.len();
        for _ in 0..statements {
            self.statement();
        }
        self.indices.truncate(scope);
        self.depth -= 1;
    }

    fn looped(&mut self, head: &str, index: Option<String>, prelude: Option<String>) {
        let label = self.name("'l");
        self.line(&format!("{label}: {head} {{"));
        self.labels.push(label);
        let scope = self.indices.len();
        self.indices.extend(index);
        if let Some(prelude) = prelude {
            self.depth += 1;
            self.line(&prelude);
            self.depth -= 1;
        }
        let statements = 1 + self.random.below(3);
        self.block(statements);
        self.indices.truncate(scope);
        self.labels.pop();
        self.line("}");
    }

    fn trips(&mut self) -> String {
        let (of, c) = (self.integer(), self.random.below(4));
        format!("({of} * 3 + {c}) % 8")
    }

    fn statement(&mut self) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let nested = self.depth < 4;
        let looping = !self.labels.is_empty();
        let (s, e) = (self.scalar(), self.bounded());
        match self.random.below(34) {
            0 | 1 => {
                self.uses("assign");
                self.line(&format!("{s} = {e};"));
            }
            2 | 3 => {
                self.uses("update");
                let sign = self.random.pick(&["+=", "-=", "*="]);
                self.line(&format!("{s} {sign} {e};"));
            }
            4 | 5 => {
                self.uses("element");
                let at = self.target();
                self.line(&format!("{at} = {e};"));
            }
            6 | 7 => {
                self.uses("element update");
                let (at, sign) = (self.target(), self.random.pick(&["+=", "-=", "*="]));
                self.line(&format!("let e = {e};"));
                self.line(&format!("{at} {sign} e;"));
            }
            8 | 9 if nested => {
                let condition = self.condition();
                self.line(&format!("if {condition} {{"));
                self.block(2);
                if self.random.below(2) == 0 {
                    self.uses("if else");
                    self.line("} else {");
                    self.block(2);
                } else {
                    self.uses("if");
                }
                self.line("}");
            }
            10..=12 if nested => {
                let (i, trips) = (self.name("i"), self.trips());
                if self.random.below(3) == 0 {
                    self.uses("for reversed");
                    self.looped(&format!("for {i} in (0..{trips}).rev()"), Some(i), None);
                } else {
                    self.uses("for");
                    self.looped(&format!("for {i} in 0..{trips}"), Some(i), None);
                }
            }
            13 if nested => {
                self.uses("while");
                let (k, trips) = (self.name("k"), self.trips());
                self.line(&format!("let mut {k} = 0;"));
                let head = format!("while {k} < {trips} && s0 < C(40.0)");
                self.looped(&head, None, Some(format!("{k} += 1;")));
            }
            14 if nested => {
                self.uses("loop");
                let (k, trips) = (self.name("k"), self.trips());
                self.line(&format!("let mut {k} = 0;"));
                let stop = format!("{k} += 1; if {k} > {trips} {{ break; }}");
                self.looped("loop", None, Some(stop));
            }
            15..=17 if looping => {
                let condition = self.condition();
                let (inner, outer) = (self.labels.len() - 1, self.random.below(self.labels.len()));
                let target = if self.random.below(5) == 0 {
                    inner
                } else {
                    outer
                };
                let kind = self.random.pick(&["break", "continue"]);
                self.uses(&match target == inner {
                    true => kind.to_string(),
                    false => format!("outer {kind}"),
                });
                let label = self.labels[target].clone();
                self.line(&format!("if {condition} {{ {s} += {e}; {kind} {label}; }}"));
            }
            18 if looping => {
                self.uses("return");
                let condition = self.condition();
                self.line(&format!(
                    "if {condition} && {s} > C(0.85) {{ return {s} * {e}; }}"
                ));
            }
            19 | 20 if nested => {
                self.uses("match");
                let (of, other) = (self.integer(), self.operand());
                self.line(&format!("{s} = match {of} % 4 {{"));
                self.line(&format!("    0 => {e},"));
                self.line(&format!("    1 | 2 if {s} > C(0.1) => {s} * {other},"));
                self.line("    m => s0 * C(0.5) + if m > 2 { s1 } else { s2 },");
                self.line("};");
            }
            21 => {
                self.uses("option");
                self.uses("if let");
                let (o, condition) = (self.name("o"), self.condition());
                self.line(&format!(
                    "let {o} = if {condition} {{ Some({e}) }} else {{ None }};"
                ));
                self.line(&format!("if let Some(v) = {o} {{ {s} += v * s1; }}"));
            }
            22 => {
                self.uses("tuple");
                let (t, other) = (self.name("t"), self.operand());
                self.line(&format!("let ({t}, u) = ({e}, {other});"));
                self.line(
                    &format!("(s0, {s}) = ({t} * C(0.5), u + {t});")
                        .replace("(s0, s0)", "(s1, s0)"),
                );
            }
            23 => {
                self.uses("push and pop");
                let list = self.list();
                if self.random.below(2) == 0 {
                    self.line(&format!("if {list}.len() < 9 {{ {list}.push({e}); }}"));
                } else {
                    let p = self.name("p");
                    self.line(&format!("if {list}.len() > 2 {{"));
                    self.line(&format!("    let {p} = {list}.pop().unwrap();"));
                    self.line(&format!("    {s} += {p} * C(0.5);"));
                    self.line("}");
                }
            }
            24 => {
                self.uses("swap");
                let (list, i, j) = (self.list(), self.integer(), self.integer());
                self.line(&format!("let len = {list}.len();"));
                self.line(&format!("{list}.swap({i} % len, {j} % len);"));
            }
            25 => {
                self.uses("mem::swap");
                self.line("std::mem::swap(&mut a, &mut b);");
            }
            26 => {
                self.uses("sum");
                self.line(&format!(
                    "{s} += a.iter().map(|v| v * {s}).sum::<F>().sin();"
                ));
            }
            27 => {
                self.uses("fold");
                self.line(&format!(
                    "{s} = b.iter().fold({s}, |acc, &v| (acc * v + C(0.3)).sin());"
                ));
            }
            28 => {
                self.uses("windows");
                self.line(&format!(
                    "for w in a.windows(2) {{ {s} += (w[0] * w[1]).sin(); }}"
                ));
            }
            29 => {
                self.uses("zip");
                self.line(&format!(
                    "for (i, (u, &v)) in a.iter().zip(x.iter()).enumerate() {{ if i % 2 == 0 {{ {s} += (u * v).sin(); }} }}"
                ));
            }
            30 => {
                self.uses("iter_mut");
                self.line(&format!(
                    "for v in b.iter_mut() {{ *v = (*v * {s}).sin(); }}"
                ));
            }
            31 => {
                self.uses("view");
                let r = self.name("r");
                self.line(&format!("let {r} = &a[1..];"));
                self.line(&format!("{s} += dot({r}, &a[..1]) * {r}[0];"));
            }
            32 => {
                self.uses("call with &mut");
                self.line(&format!("let e = {e};"));
                self.line("let got = stir(&mut a[1..], e);");
                self.line(&format!("{s} += got.sin();"));
            }
            _ => {
                self.uses("assign");
                self.line(&format!("{s} = {e};"));
            }
        }
    }
}

const HELPERS: &str = "
fn bend(x: F, y: F) -> F {
    if x > y { x * y } else { (x * C(0.5)).sin() + y * y * C(0.25) }
}

fn dot(a: &[F], b: &[F]) -> F {
    let mut s = C(0.0);
    for (u, v) in a.iter().zip(b) { s += u * v; }
    s
}

fn stir(v: &mut [F], k: F) -> F {
    let mut last = k;
    for i in 0..v.len() {
        if v[i] > C(0.9) { return last; }
        last = (last * v[i]).sin();
        v[i] = last + k;
    }
    last
}
";

/// The text over one type of number. Constants lose their mark, or get that of the type.
fn over(text: &str, ty: &str, constant: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['F', 'C']) {
        let before = rest[..at].chars().next_back().unwrap_or(' ');
        let after = rest[at + 1..].chars().next().unwrap_or(' ');
        out.push_str(&rest[..at]);
        let alone = !before.is_alphanumeric();
        match (&rest[at..=at], after) {
            ("F", after) if alone && !after.is_alphanumeric() => out.push_str(ty),
            ("C", '(') if alone && constant.is_empty() => {
                let end = rest[at..].find(')').map_or(rest.len(), |end| at + end);
                let _ = write!(out, "{}_f64", &rest[at + 1..end]);
                rest = &rest[end..];
                continue;
            }
            ("C", '(') if alone => out.push_str(constant),
            (letter, _) => out.push_str(letter),
        }
        rest = &rest[at + 1..];
    }
    out + rest
}

fn marked(helpers: &str) -> String {
    helpers.replace("\nfn ", "\n#[differentiable]\npub fn ")
}

/// `count` programs, with tables of them, of their text and of what they contain.
pub fn programs(count: u64, seed: u64) -> String {
    let mut plain = String::from("pub mod plain {\nuse cotangent::prelude::*;\n");
    plain += &over(&marked(HELPERS), "f64", "");
    let mut dual = String::from("pub mod dual {\nuse fuzz::dual::Dual;\n");
    dual += &over(&HELPERS.replace("\nfn ", "\npub fn "), "Dual", "Dual::c");
    let mut taped = String::from(
        "pub mod taped {\nuse cotangent::prelude::*;\nuse super::plain::{bend, dot, stir};\n",
    );
    let mut table = String::from("const PROGRAMS: &[Program] = &[\n");
    for number in 0..count {
        let mut program = Program {
            random: Random((seed << 32) ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            code: String::new(),
            depth: 0,
            indices: Vec::new(),
            labels: Vec::new(),
            fresh: 0,
            used: vec![false; CONSTRUCTS.len()],
            budget: 14,
        };
        program.random.below(2);
        for _ in 0..7 {
            program.statement();
        }
        let text = format!(
            "fn p{number}(x: &[F]) -> F {{
    let n = x.len();
    let (mut s0, mut s1, mut s2) = (x[0], C(0.5), x[n - 1] * C(0.7));
    let mut a = vec![x[0], C(0.4), x[n / 2], s2];
    let mut b = a.clone();
    b[1] = x[n - 1];
{}    s0 * C(0.3) + s1 * s2 + a.iter().copied().sum::<F>() * b[0] + b[1]
}}
",
            program.code
        );
        plain += &over(&format!("#[differentiable]\npub {text}"), "f64", "");
        taped += &over(
            &format!("#[differentiable(strategy = tape)]\npub {text}"),
            "f64",
            "",
        );
        dual += &over(&format!("pub {text}"), "Dual", "Dual::c");
        let used: Vec<String> = program.used.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            table,
            "Program {{ value: plain::p{number}, gradient: plain::p{number}::value_and_grad, \
             taped: taped::p{number}::value_and_grad, dual: dual::p{number}, \
             text: {text:?}, used: &[{}] }},",
            used.join(", ")
        );
    }
    let allow = "#[allow(warnings, clippy::all, clippy::pedantic, reason = \"generated code\")]\n";
    format!("{allow}{plain}}}\n{allow}{taped}}}\n{allow}{dual}}}\n{table}];\n")
}
