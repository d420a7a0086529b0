//! The IR of a scalar function: structured control flow over slots, in A-normal form.
//!
//! Every binding of the user is a slot of its own (shadowed names are told apart), calls and
//! control flow stand in statements, and what remains of an expression is straight-line code, a
//! [`Body`]. Code that cannot carry a derivative (indices, conditions, bounds) stays in the user's
//! own tokens, so that rustc reports on it as on the original.

use std::fmt;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;

use super::body::{Body, ValueId};
pub(crate) use super::reversal::{Carried, Reversal};

/// A slot of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct SlotId(pub(crate) u32);

/// A loop of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LoopId(pub(crate) u32);

/// A statement of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StmtId(pub(crate) u32);

/// A variable: a parameter, a binding, a temporary, or the result.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Its name in generated code, unique in the function.
    pub(crate) name: Ident,
    /// Known to hold only integers or booleans.
    pub(crate) discrete: bool,
    /// A parameter behind a reference: nothing is ever saved, and its shadow belongs to the caller.
    pub(crate) reference: bool,
    /// The type, where the user wrote one.
    pub(crate) ty: Option<TokenStream>,
    /// Carries a derivative from a parameter to the result; found by `activity`.
    pub(crate) active: bool,
    /// Read by the reverse pass, hence restored by it; found by `residuals`.
    pub(crate) needed: bool,
}

/// A scalar function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// All variables.
    pub(crate) slots: Vec<Slot>,
    /// The slots of the parameters.
    pub(crate) params: Vec<SlotId>,
    /// The slot of the result.
    pub(crate) result: SlotId,
    /// Constants that the user declared in the body.
    pub(crate) items: Vec<TokenStream>,
    /// The code.
    pub(crate) body: Block,
    /// Whether everything that the reverse pass needs comes from the tape.
    pub(crate) taped: bool,
    /// Conversions to integers with the slots that they read: none of these may be active.
    pub(crate) conversions: Vec<(TokenStream, Vec<SlotId>)>,
}

impl Function {
    /// A slot.
    pub(crate) fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[id.0 as usize]
    }
}

/// Statements in order.
pub(crate) type Block = Vec<Stmt>;

/// A statement, with the place in the source that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Stmt {
    /// Its number.
    pub(crate) id: StmtId,
    /// Where errors about it point.
    pub(crate) span: Span,
    /// What it does.
    pub(crate) kind: StmtKind,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub(crate) enum StmtKind {
    /// Writes a place.
    Assign(Box<Assign>),
    /// Runs one of two blocks.
    If {
        condition: Inert,
        then: Block,
        otherwise: Block,
    },
    /// Runs a block some number of times.
    Loop(Loop),
    /// Leaves blocks early.
    Jump(Jump),
}

/// Code that carries no derivative: conditions, ranges, constants.
#[derive(Clone, Debug)]
pub(crate) struct Inert {
    /// The user's tokens with slots for names.
    pub(crate) tokens: TokenStream,
    /// Every slot that it reads.
    pub(crate) reads: Vec<SlotId>,
    /// Whether it calls something, so that it must not be evaluated again.
    pub(crate) impure: bool,
}

/// `once` marks what must not be evaluated again.
impl fmt::Display for Inert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let once = if self.impure { "once " } else { "" };
        write!(f, "{once}{}", self.tokens)
    }
}

impl ToTokens for Inert {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// A write.
#[derive(Clone, Debug)]
pub(crate) struct Assign {
    /// What is written.
    pub(crate) target: Place,
    /// `+=` and the like; the value then is that of the operator, and its tokens the operand's.
    pub(crate) operator: Option<TokenStream>,
    /// What is written to it.
    pub(crate) value: Rhs,
    /// The write of a declaration: the variable comes into being here, at every execution.
    pub(crate) declares: bool,
    /// The first write of its slot, and executed at most once: there is no old content.
    pub(crate) fresh: bool,
}

/// A place that can be read and written: a slot and a path into it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The variable.
    pub(crate) root: SlotId,
    /// `[i][j]`, `.0`, ..
    pub(crate) path: TokenStream,
    /// Whether it is what the reference refers to: `*x`.
    pub(crate) deref: bool,
    /// The slots that the path reads.
    pub(crate) reads: Vec<SlotId>,
}

impl Place {
    /// A whole slot.
    pub(crate) fn whole(root: SlotId) -> Place {
        Place {
            root,
            path: TokenStream::new(),
            deref: false,
            reads: Vec::new(),
        }
    }
}

/// The right side of an assignment.
#[derive(Clone, Debug)]
pub(crate) enum Rhs {
    /// Straight-line code.
    Value(Value),
    /// `[a, b, c]`
    Array(Vec<Value>),
    /// A value that carries no derivative.
    Constant(Inert),
    /// A value converted to another float type.
    Cast(Value, TokenStream),
    /// A call of another differentiable function.
    Call(Call),
}

/// Straight-line code, as the user wrote it and as a body over its leaves.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// The user's expression with slots for names.
    pub(crate) tokens: TokenStream,
    /// The same as operations; inputs are leaves by number.
    pub(crate) body: Body,
    /// The result in `body`.
    pub(crate) result: ValueId,
    /// What it reads.
    pub(crate) leaves: Vec<Leaf>,
    /// After differentiation: which leaf receives which value of `body`, where input number
    /// `leaves.len()` is the incoming cotangent.
    pub(crate) flows: Vec<(usize, ValueId)>,
}

/// Something that straight-line code reads.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// How it is read.
    pub(crate) tokens: TokenStream,
    /// The slots that reading it reads.
    pub(crate) reads: Vec<SlotId>,
    /// The place, if it can carry a derivative.
    pub(crate) place: Option<Place>,
}

/// A call of another differentiable function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The path as the user wrote it.
    pub(crate) callee: syn::Path,
    /// Arguments in order.
    pub(crate) args: Vec<Arg>,
}

/// An argument.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    /// Passed by value.
    Value(Value),
    /// `&place`, or a parameter that is itself a reference (then `borrow` is false).
    Shared { place: Place, borrow: bool },
}

/// A loop.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    /// Its number.
    pub(crate) id: LoopId,
    /// What decides on another turn.
    pub(crate) head: Head,
    /// The code.
    pub(crate) body: Block,
    /// How the reverse pass goes through it; chosen by `reversal`.
    pub(crate) reversal: Reversal,
}

/// The head of a loop.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// `for variable in range`
    For {
        variable: Option<SlotId>,
        range: Inert,
    },
    /// `while condition`
    While(Inert),
    /// `loop`
    Forever,
}

/// Where a jump goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Jump {
    /// Behind the loop.
    Break(LoopId),
    /// To the next turn of the loop.
    Continue(LoopId),
    /// Out of the function; the result has been written.
    Return,
}

impl Stmt {
    /// Whether control can leave the statement by a jump.
    pub(crate) fn escapes(&self) -> bool {
        fn escapes(stmt: &Stmt, inside: &mut Vec<LoopId>) -> bool {
            match &stmt.kind {
                StmtKind::Assign(_) => false,
                StmtKind::Jump(Jump::Return) => true,
                StmtKind::Jump(Jump::Break(target) | Jump::Continue(target)) => {
                    !inside.contains(target)
                }
                StmtKind::If {
                    then, otherwise, ..
                } => then
                    .iter()
                    .chain(otherwise)
                    .any(|stmt| escapes(stmt, inside)),
                StmtKind::Loop(of) => {
                    inside.push(of.id);
                    let found = of.body.iter().any(|stmt| escapes(stmt, inside));
                    inside.pop();
                    found
                }
            }
        }
        escapes(self, &mut Vec::new())
    }
}

/// Calls `visit` on every assignment of a block, in order.
pub(crate) fn for_each_assign<'a>(block: &'a [Stmt], visit: &mut dyn FnMut(&'a Assign)) {
    for stmt in block {
        match &stmt.kind {
            StmtKind::Assign(assign) => visit(assign),
            StmtKind::If {
                then, otherwise, ..
            } => {
                for_each_assign(then, visit);
                for_each_assign(otherwise, visit);
            }
            StmtKind::Loop(of) => for_each_assign(&of.body, visit),
            StmtKind::Jump(_) => {}
        }
    }
}

/// Calls `visit` on every assignment of a block, for writing.
pub(crate) fn for_each_assign_mut(block: &mut [Stmt], visit: &mut dyn FnMut(&mut Assign)) {
    for stmt in block {
        match &mut stmt.kind {
            StmtKind::Assign(assign) => visit(assign),
            StmtKind::If {
                then, otherwise, ..
            } => {
                for_each_assign_mut(then, visit);
                for_each_assign_mut(otherwise, visit);
            }
            StmtKind::Loop(of) => for_each_assign_mut(&mut of.body, visit),
            StmtKind::Jump(_) => {}
        }
    }
}

impl Rhs {
    /// The straight-line parts.
    pub(crate) fn values(&self) -> Vec<&Value> {
        match self {
            Rhs::Value(value) | Rhs::Cast(value, _) => vec![value],
            Rhs::Array(values) => values.iter().collect(),
            Rhs::Constant(_) => Vec::new(),
            Rhs::Call(call) => call
                .args
                .iter()
                .filter_map(|arg| match arg {
                    Arg::Value(value) => Some(value),
                    Arg::Shared { .. } => None,
                })
                .collect(),
        }
    }

    /// The straight-line parts, for writing.
    pub(crate) fn values_mut(&mut self) -> Vec<&mut Value> {
        match self {
            Rhs::Value(value) | Rhs::Cast(value, _) => vec![value],
            Rhs::Array(values) => values.iter_mut().collect(),
            Rhs::Constant(_) => Vec::new(),
            Rhs::Call(call) => call
                .args
                .iter_mut()
                .filter_map(|arg| match arg {
                    Arg::Value(value) => Some(value),
                    Arg::Shared { .. } => None,
                })
                .collect(),
        }
    }

    /// The places that a derivative can come from.
    pub(crate) fn sources(&self) -> Vec<&Place> {
        let mut sources: Vec<&Place> = self
            .values()
            .into_iter()
            .flat_map(|value| value.leaves.iter().filter_map(|leaf| leaf.place.as_ref()))
            .collect();
        if let Rhs::Call(call) = self {
            sources.extend(call.args.iter().filter_map(|arg| match arg {
                Arg::Shared { place, .. } => Some(place),
                Arg::Value(_) => None,
            }));
        }
        sources
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for slot in &self.slots {
            let mut marks = Vec::new();
            for (mark, holds) in [
                ("reference", slot.reference),
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
                        Rhs::Array(_) => writeln!(f, "array")?,
                        Rhs::Constant(code) => writeln!(f, "constant {code}")?,
                        Rhs::Cast(_, ty) => writeln!(f, "cast to {ty}")?,
                        Rhs::Call(call) => {
                            let callee = &call.callee;
                            writeln!(f, "call {}", quote::quote!(#callee))?;
                            for arg in &call.args {
                                if let Arg::Shared { place, .. } = arg {
                                    writeln!(f, "{pad}  &{}", self.place_text(place))?;
                                }
                            }
                        }
                    }
                    for value in assign.value.values() {
                        self.fmt_value(f, value, depth + 1)?;
                    }
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
