//! The functions that programs call, and the printing over one type of number.

use std::fmt::Write;

/// The types and functions that programs use.
pub const HELPERS: &str = include_str!("helpers.txt");

/// The type of number that a text is printed over. In it `F` is the type, `C(..)` a constant,
/// `N(..)` the number of an integer, and `R(..)` a number rounded to another precision and back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// `f64`
    Double,
    /// `f32`
    Single,
    /// Dual numbers of `f64`.
    Dual,
    /// Dual numbers of `f32`.
    SingleDual,
}

impl Over {
    fn ty(self) -> &'static str {
        match self {
            Over::Double => "f64",
            Over::Single => "f32",
            Over::Dual => "Dual64",
            Over::SingleDual => "Dual32",
        }
    }

    fn is_dual(self) -> bool {
        matches!(self, Over::Dual | Over::SingleDual)
    }

    /// What stands for a mark with that content.
    fn mark(self, mark: &str, content: &str) -> String {
        let ty = self.ty();
        match (mark, self) {
            ("C", _) if self.is_dual() => format!("{ty}::c({content})"),
            ("C", _) => format!("{content}_{ty}"),
            ("N", _) if self.is_dual() => format!("{ty}::c(({content}) as _)"),
            ("N", _) => format!("(({content}) as {ty})"),
            (_, Over::Double) => format!("(({content}) as f32 as f64)"),
            (_, Over::Single) => format!("(({content}) as f64 as f32)"),
            _ => format!("({content}).rounded()"),
        }
    }
}

/// The text over one type of number.
pub fn over(text: &str, numbers: Over) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(at) = rest.find(['F', 'C', 'N', 'R']) {
        let before_mark = rest[..at].chars().next_back().unwrap_or(before);
        let (mark, behind) = (&rest[at..=at], &rest[at + 1..]);
        let alone = !before_mark.is_alphanumeric();
        out.push_str(&rest[..at]);
        rest = behind;
        before = mark.chars().next().unwrap_or(' ');
        if alone && mark != "F" && behind.starts_with('(') {
            let end = closing(behind);
            out.push_str(&numbers.mark(mark, &over(&behind[1..end], numbers)));
            rest = &behind[end + 1..];
            before = ')';
        } else if alone && mark == "F" && !behind.starts_with(char::is_alphanumeric) {
            out.push_str(numbers.ty());
        } else {
            out.push_str(mark);
        }
    }
    out + rest
}

/// Where the bracket closes that the text starts with.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 1 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len() - 1
}

/// The types and functions of `HELPERS`, differentiable, or as they stand for dual numbers. An
/// item is marked by how its line starts: `fn` by itself, `plain fn` is none of ours, `rule of f fn`
/// is a rule for `f`.
pub fn helpers(numbers: Over) -> String {
    let mut out = String::new();
    let mut helpers = over(HELPERS, numbers);
    if numbers.is_dual() {
        helpers = helpers.replace("<T: Real>", "");
        let _ = writeln!(out, "pub type T = {};", numbers.ty());
    }
    for line in helpers.lines() {
        let text = line.trim_start();
        let (attribute, item) = if let Some(rest) = text.strip_prefix("rule of ") {
            let (of, item) = rest.split_once(' ').unwrap_or((rest, ""));
            (format!("#[derivative(of = {of})] "), item)
        } else if let Some(item) = text.strip_prefix("plain ") {
            (String::new(), item)
        } else if text.starts_with("fn associated_") {
            (String::from("#[differentiable(associated)] "), text)
        } else if text.starts_with("fn ") {
            (String::from("#[differentiable] "), text)
        } else if text.starts_with("struct ") || text.starts_with("enum ") {
            (String::from("#[derive(Differentiable)] "), text)
        } else {
            let text = match numbers.is_dual() {
                true => without_attributes(line),
                false => line.to_string(),
            };
            let _ = writeln!(out, "{text}");
            continue;
        };
        if text.starts_with("struct ") || text.starts_with("enum ") {
            out.push_str("#[derive(Clone, Debug, PartialEq)] ");
        }
        let attribute = if numbers.is_dual() { "" } else { &attribute };
        let _ = writeln!(out, "{attribute}pub {item}");
    }
    out
}

/// The text without what only differentiable functions know.
pub fn without_attributes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["#[checkpoint", "#[no_diff"]
        .iter()
        .filter_map(|start| rest.find(start))
        .min()
    {
        out.push_str(&rest[..at]);
        let end = rest[at..].find("] ").map_or(rest.len(), |end| at + end + 2);
        rest = &rest[end..];
    }
    (out + rest).replace("no_diff!(", "stop_gradient(")
}
