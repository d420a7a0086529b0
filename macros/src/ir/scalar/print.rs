//! The text form of a scalar function.

use std::fmt;

use quote::ToTokens;

use super::{Aggregate, Arg, Block, Function, Head, Jump, Place, Rhs, StmtKind, Value};

impl Aggregate {
    fn text(&self) -> String {
        match self {
            Aggregate::Array => "array".to_string(),
            Aggregate::Vec => "vector".to_string(),
            Aggregate::Tuple => "tuple".to_string(),
            Aggregate::Struct(path, _) => format!("structure {}", path.to_token_stream()),
            Aggregate::Variant(path) => format!("variant {}", path.to_token_stream()),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for slot in &self.slots {
            let mut marks = Vec::new();
            for (mark, holds) in [
                ("reference", slot.reference),
                ("exclusive", slot.exclusive),
                ("discrete", slot.discrete),
                ("active", slot.active),
                ("needed", slot.needed),
            ] {
                if holds {
                    marks.push(mark);
                }
            }
            writeln!(f, "slot {}: {}", slot.name, marks.join(" "))?;
        }
        self.fmt_block(f, &self.body, 0)
    }
}

impl Function {
    fn place_text(&self, place: &Place) -> String {
        let star = if place.deref { "*" } else { "" };
        format!("{star}{}{}", self.slot(place.root).name, place.path)
    }

    fn fmt_value(&self, f: &mut fmt::Formatter<'_>, value: &Value, depth: usize) -> fmt::Result {
        let pad = "  ".repeat(depth);
        for (number, leaf) in value.leaves.iter().enumerate() {
            writeln!(f, "{pad}in {number}: {}", leaf.tokens)?;
        }
        for line in value.body.to_string().lines() {
            writeln!(f, "{pad}{line}")?;
        }
        for (leaf, id) in &value.flows {
            writeln!(f, "{pad}flow to {leaf}: {id}")?;
        }
        writeln!(f, "{pad}value {}", value.result)
    }

    fn fmt_block(&self, f: &mut fmt::Formatter<'_>, block: &Block, depth: usize) -> fmt::Result {
        let pad = "  ".repeat(depth);
        for stmt in block {
            match &stmt.kind {
                StmtKind::Assign(assign) => {
                    let target = self.place_text(&assign.target);
                    let fresh = if assign.fresh { "fresh " } else { "" };
                    write!(f, "{pad}{fresh}{target} = ")?;
                    match &assign.value {
                        Rhs::Value(_) => writeln!(f, "value")?,
                        Rhs::Aggregate(kind, _) => writeln!(f, "{}", kind.text())?,
                        Rhs::Repeat(_, kind, count) => {
                            writeln!(f, "{} of {} times", kind.text(), count.tokens)?;
                        }
                        Rhs::Bound(bound) => {
                            let (name, pattern) = (&bound.name, &bound.pattern);
                            let place = self.place_text(&bound.place);
                            writeln!(f, "{name} of {pattern} in {place}")?;
                        }
                        Rhs::Copied(place, _) => {
                            writeln!(f, "copy of {}", self.place_text(place))?;
                        }
                        Rhs::Constant(code) => writeln!(f, "constant {code}")?,
                        Rhs::Cast(_, ty) => writeln!(f, "cast to {ty}")?,
                        Rhs::Call(call) => {
                            let callee = &call.callee;
                            let entry = call.wanted.entry().unwrap_or("value");
                            writeln!(f, "{entry} of {}", quote::quote!(#callee))?;
                            for arg in &call.args {
                                match arg {
                                    Arg::Value(_) => {}
                                    Arg::Shared { place, .. } => {
                                        writeln!(f, "{pad}  &{}", self.place_text(place))?;
                                    }
                                    Arg::Exclusive { place, .. } => {
                                        writeln!(f, "{pad}  &mut {}", self.place_text(place))?;
                                    }
                                }
                            }
                        }
                    }
                    for value in assign.value.values() {
                        self.fmt_value(f, value, depth + 1)?;
                    }
                }
                StmtKind::Push { target, value } => {
                    writeln!(f, "{pad}push to {}", self.place_text(target))?;
                    self.fmt_value(f, value, depth + 1)?;
                }
                StmtKind::Pop { into, from } => {
                    let into = &self.slot(*into).name;
                    writeln!(f, "{pad}{into} = pop from {}", self.place_text(from))?;
                }
                StmtKind::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    writeln!(f, "{pad}if {condition}")?;
                    self.fmt_block(f, then, depth + 1)?;
                    if !otherwise.is_empty() {
                        writeln!(f, "{pad}else")?;
                        self.fmt_block(f, otherwise, depth + 1)?;
                    }
                }
                StmtKind::Loop(of) => {
                    match &of.head {
                        Head::For { variable, range } => {
                            let name = variable.map(|id| self.slot(id).name.to_string());
                            let name = name.as_deref().unwrap_or("_");
                            writeln!(f, "{pad}loop {}: for {name} in {range}", of.id.0)?;
                        }
                        Head::While(c) => writeln!(f, "{pad}loop {}: while {c}", of.id.0)?,
                        Head::Forever => writeln!(f, "{pad}loop {}", of.id.0)?,
                    }
                    self.fmt_block(f, &of.body, depth + 1)?;
                }
                StmtKind::Jump(Jump::Return) => writeln!(f, "{pad}return")?,
                StmtKind::Jump(Jump::Break(to)) => writeln!(f, "{pad}break {}", to.0)?,
                StmtKind::Jump(Jump::Continue(to)) => writeln!(f, "{pad}continue {}", to.0)?,
            }
        }
        Ok(())
    }
}
