//! Expressions: what statements are made of. Their values stay small, so that derivatives do.

use super::program::Program;

impl Program {
    /// An integer.
    pub fn integer(&mut self) -> String {
        let c = self.random.below(5);
        if self.indices.is_empty() || self.random.below(4) == 0 {
            return format!("({c} + n)");
        }
        let at = self.random.below(self.indices.len());
        format!("({} + {c})", self.indices[at])
    }

    /// How often a loop turns: 0 to 7 times.
    pub fn trips(&mut self) -> String {
        let (of, c) = (self.integer(), self.random.below(4));
        format!("({of} * 3 + {c}) % 8")
    }

    /// A float variable.
    pub fn scalar(&mut self) -> String {
        format!("s{}", self.random.below(3))
    }

    /// A vector.
    pub fn list(&mut self) -> &'static str {
        if self.random.below(2) == 0 { "a" } else { "b" }
    }

    /// An element of a vector or an array, or a part of a pair, to be read.
    pub fn element(&mut self) -> String {
        match self.random.below(8) {
            0 => format!("q[{} % 3]", self.integer()),
            1 => format!("m[{} % 2][{} % 2]", self.integer(), self.integer()),
            2 => self.random.pick(&["t.0", "t.1"]).to_string(),
            _ => {
                let (list, at) = (self.list(), self.integer());
                format!("{list}[{at} % {list}.len()]")
            }
        }
    }

    /// An element of a vector to be written; its index stands in a line of its own.
    pub fn target(&mut self) -> String {
        let (list, at) = (self.list(), self.integer());
        self.line(&format!("let at = {at} % {list}.len();"));
        format!("{list}[at]")
    }

    /// Something that is read.
    pub fn operand(&mut self) -> String {
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

    /// An expression of that depth.
    pub fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.operand();
        }
        let a = self.expression(depth - 1);
        let b = self.operand();
        match self.random.below(18) {
            0 => format!("({a}).sin()"),
            1 => format!("({a}).tanh()"),
            2 => format!("(({a}).sin()).exp()"),
            3 => format!("-({a})"),
            4 => format!("({a}) / (C(2.5) + ({b}).cos())"),
            5 => format!("bend(({a}).sin(), {b})"),
            6 => format!("(C(1.2) + ({a}).sin()).ln()"),
            7 => format!("(C(0.3) + ({a}) * ({a})).sqrt()"),
            8 => format!("({a}).atan()"),
            9 => format!("({a}).max({b})"),
            10 => format!("({a}).min({b})"),
            11 => format!("({a}).abs()"),
            12 => format!("({a}).sin().powi(3)"),
            n => {
                let sign = ["+", "-", "*", "+", "*"][n - 13];
                format!("({a}) {sign} {b}")
            }
        }
    }

    /// An expression in -1..1.
    pub fn bounded(&mut self) -> String {
        let depth = 1 + self.random.below(2);
        let inner = self.expression(depth);
        let bound = self.random.pick(&["sin", "tanh", "cos"]);
        format!("({inner}).{bound}()")
    }

    /// A condition that depends on floats. Its odd constant is met by no value.
    pub fn condition(&mut self) -> String {
        let a = self.operand();
        let sign = self.random.pick(&["<", ">"]);
        let c = self.random.below(9);
        format!("{a} {sign} C(0.{c}137)")
    }
}
