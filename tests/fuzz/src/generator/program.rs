//! A program under construction: its text so far, what is in scope, what may still be added.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::form::{Form, Place, Without};
use super::random::Random;
use super::{TABLES, structures};

/// How deep blocks are nested at most.
const DEPTH: usize = 4;

/// A program under construction. Its variables are `s0`, `s1`, `s2` (floats), `a`, `b` (vectors that
/// never get shorter than two elements), `q` (an array of three), `m` (two rows of two) and `t` (a
/// pair); where structures occur also those of `structures::VARIABLES`.
pub struct Program {
    /// Its random numbers.
    pub random: Random,
    /// The forms that occur.
    pub used: BTreeSet<&'static str>,
    /// Integer variables in scope.
    pub indices: Vec<String>,
    /// Enclosing loops, outermost first.
    pub labels: Vec<String>,
    code: String,
    depth: usize,
    fresh: usize,
    budget: usize,
    /// In a loop that must run to its end.
    closed: bool,
}

impl Program {
    /// An empty program that gets so many statements.
    pub fn new(seed: u64, budget: usize) -> Program {
        Program {
            random: Random::new(seed),
            used: BTreeSet::new(),
            indices: Vec::new(),
            labels: Vec::new(),
            code: String::new(),
            depth: 0,
            fresh: 0,
            budget,
            closed: false,
        }
    }

    /// The whole function.
    pub fn text(&self, number: u64) -> String {
        let structured = structures::FORMS
            .iter()
            .any(|form| self.used.contains(form.name));
        let (variables, rest) = match structured {
            true => (structures::VARIABLES, structures::RESULT),
            false => ("", ""),
        };
        format!(
            "fn p{number}(x: &[F]) -> F {{
    let n = x.len();
    let (mut s0, mut s1, mut s2) = (x[0], C(0.5), x[n - 1] * C(0.7));
    let mut a = vec![x[0], C(0.4), x[n / 2], s2];
    let mut b = a.clone();
    b[1] = x[n - 1];
    let mut q = [s0, C(0.2), x[n / 3]];
    let mut m = [[C(0.1), s2], [x[n / 2], C(0.6)]];
    let mut t = (s0 * C(0.5), C(0.3));
{variables}{}    s0 * C(0.3) + s1 * s2 + a.iter().copied().sum::<F>() * b[0] + b[1]
        + (q[0] * q[1] - q[2]).sin() + m[0][0] * m[1][1] + m[0][1] * m[1][0] + t.0 * t.1{rest}
}}
",
            self.code
        )
    }

    /// Whether this is not compared of it.
    pub fn without(&self, what: Without) -> bool {
        let mut forms = TABLES.iter().flat_map(|table| table.iter());
        forms.any(|form| form.without == what && self.used.contains(form.name))
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) {
        let pad = "    ".repeat(self.depth + 1);
        let _ = writeln!(self.code, "{pad}{text}");
    }

    /// A new name.
    pub fn name(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    fn fits(&self, form: &Form) -> bool {
        match form.place {
            Place::Anywhere => true,
            Place::Nested => self.depth < DEPTH && !self.closed,
            Place::Looping => !self.labels.is_empty(),
            Place::Inner => self.labels.len() > 1,
            Place::Returning => !self.labels.is_empty() && !self.closed,
        }
    }

    /// Adds a statement, if there is room for it.
    pub fn statement(&mut self) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let forms = || TABLES.iter().flat_map(|table| table.iter());
        let total: usize = forms()
            .filter(|form| self.fits(form))
            .map(|form| form.weight)
            .sum();
        let mut at = self.random.below(total);
        let chosen = forms().filter(|form| self.fits(form)).find(|form| {
            let here = at < form.weight;
            at = at.saturating_sub(form.weight);
            here
        });
        if let Some(form) = chosen {
            self.used.insert(form.name);
            (form.write)(self);
        }
    }

    /// Adds some statements one level deeper.
    pub fn block(&mut self, statements: usize) {
        self.depth += 1;
        let scope = self.indices.len();
        for _ in 0..statements {
            self.statement();
        }
        self.indices.truncate(scope);
        self.depth -= 1;
    }

    /// A loop that starts with `head`, with an integer variable and a first line.
    pub fn looped(&mut self, head: &str, index: Option<String>, first: Option<String>) {
        let label = self.name("'l");
        self.line(&format!("{label}: {head} {{"));
        self.labels.push(label);
        let scope = self.indices.len();
        self.indices.extend(index);
        if let Some(first) = first {
            self.line(&format!("    {first}"));
        }
        let statements = 1 + self.random.below(3);
        self.block(statements);
        self.indices.truncate(scope);
        self.labels.pop();
        self.line("}");
    }

    /// A loop that nothing leaves early, and that holds no other.
    pub fn closed_loop(&mut self, head: &str, index: String) {
        self.line(&format!("{head} {{"));
        let (labels, closed) = (std::mem::take(&mut self.labels), self.closed);
        self.closed = true;
        self.indices.push(index);
        let statements = 1 + self.random.below(3);
        self.block(statements);
        self.indices.pop();
        (self.labels, self.closed) = (labels, closed);
        self.line("}");
    }
}
