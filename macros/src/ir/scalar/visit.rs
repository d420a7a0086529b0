//! Walks over a scalar function, and what flows where in each statement.

use proc_macro2::{TokenStream, TokenTree};

use super::{
    Aggregate, Arg, Block, Function, Jump, LoopId, Place, Rhs, SlotId, Stmt, StmtKind, Value,
    Wanted,
};

/// What a statement writes and what it reads a derivative from.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The slots that it writes.
    pub(crate) targets: Vec<SlotId>,
    /// The slots whose content a target depends on.
    pub(crate) sources: Vec<SlotId>,
}

impl Function {
    /// Whether the function asks for the gradient of another one.
    pub(crate) fn nests(&self) -> bool {
        let mut nests = false;
        for_each_simple(&self.body, &mut |stmt| {
            if let StmtKind::Assign(assign) = &stmt.kind {
                nests |= matches!(&assign.value, Rhs::Call(call) if call.wanted != Wanted::Value);
            }
        });
        nests
    }

    /// Whether a slot is ever written by a statement.
    pub(crate) fn writes(&self, slot: SlotId) -> bool {
        let mut written = false;
        for_each_flow(&self.body, &mut |flow| {
            written |= flow.targets.contains(&slot)
        });
        written
    }
}

impl Function {
    /// Whether the printer can name the tangents of everything in this function. The tangent of a
    /// user's type has the same fields, but its own name: patterns and variants cannot be printed.
    pub(crate) fn has_tangents(&self) -> bool {
        let mut known = true;
        for_each_simple(&self.body, &mut |stmt| {
            let StmtKind::Assign(assign) = &stmt.kind else {
                return;
            };
            let plain = match &assign.value {
                Rhs::Aggregate(Aggregate::Struct(path, _), _) => !is_variant(path),
                Rhs::Aggregate(Aggregate::Variant(path), _) => {
                    path.is_ident("Some") || path.is_ident("Ok")
                }
                Rhs::Bound(bound) => !names_type(bound.shadow.clone()),
                _ => true,
            };
            known &= plain;
        });
        known
    }
}

/// Whether a path names a variant of an enum, as far as it shows.
fn is_variant(path: &syn::Path) -> bool {
    let mut segments = path.segments.iter().rev().skip(1);
    segments
        .next()
        .is_some_and(|of| of.ident.to_string().starts_with(char::is_uppercase))
}

/// Whether a pattern names a type of the user.
fn names_type(pattern: TokenStream) -> bool {
    pattern.into_iter().any(|tree| match tree {
        TokenTree::Ident(name) => {
            !["Some", "None", "Ok", "Err"].contains(&name.to_string().as_str())
                && name.to_string().starts_with(char::is_uppercase)
        }
        TokenTree::Group(group) => names_type(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

impl Stmt {
    /// What flows where; nothing for control flow.
    pub(crate) fn flow(&self) -> Flow {
        match &self.kind {
            StmtKind::Assign(assign) => {
                let roots = |places: Vec<&Place>| places.iter().map(|place| place.root).collect();
                let mut flow = Flow {
                    targets: vec![assign.target.root],
                    sources: roots(assign.value.sources()),
                };
                if let Rhs::Call(call) = &assign.value {
                    flow.targets.extend(call.written().map(|place| place.root));
                }
                flow
            }
            StmtKind::Push { target, value } => Flow {
                targets: vec![target.root],
                sources: value.places().map(|place| place.root).collect(),
            },
            // The popped value goes back where it came from, so both ends are one.
            StmtKind::Pop { into, from } => Flow {
                targets: vec![*into, from.root],
                sources: vec![*into, from.root],
            },
            StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => Flow::default(),
        }
    }

    /// Whether control can leave the statement by a jump.
    pub(crate) fn escapes(&self) -> bool {
        fn escapes(stmt: &Stmt, inside: &mut Vec<LoopId>) -> bool {
            match &stmt.kind {
                StmtKind::Assign(_) | StmtKind::Push { .. } | StmtKind::Pop { .. } => false,
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

/// Calls `visit` on every statement of a block that holds no other, in order.
pub(crate) fn for_each_simple<'a>(block: &'a [Stmt], visit: &mut dyn FnMut(&'a Stmt)) {
    for stmt in block {
        match &stmt.kind {
            StmtKind::If {
                then, otherwise, ..
            } => {
                for_each_simple(then, visit);
                for_each_simple(otherwise, visit);
            }
            StmtKind::Loop(of) => for_each_simple(&of.body, visit),
            StmtKind::Assign(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::Jump(_) => visit(stmt),
        }
    }
}

/// Calls `visit` on every statement of a block that holds no other, for writing.
pub(crate) fn for_each_simple_mut(block: &mut Block, visit: &mut dyn FnMut(&mut Stmt)) {
    for stmt in block {
        match &mut stmt.kind {
            StmtKind::If {
                then, otherwise, ..
            } => {
                for_each_simple_mut(then, visit);
                for_each_simple_mut(otherwise, visit);
            }
            StmtKind::Loop(of) => for_each_simple_mut(&mut of.body, visit),
            StmtKind::Assign(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::Jump(_) => visit(stmt),
        }
    }
}

/// Calls `visit` on what flows in every statement.
pub(crate) fn for_each_flow(block: &[Stmt], visit: &mut dyn FnMut(&Flow)) {
    for_each_simple(block, &mut |stmt| visit(&stmt.flow()));
}

impl Value {
    /// The places that it reads.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.leaves.iter().filter_map(|leaf| leaf.place.as_ref())
    }
}

impl super::Call {
    /// The places that the callee may write.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Place> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Exclusive { place, .. } => Some(place),
            Arg::Shared { .. } | Arg::Value(_) => None,
        })
    }
}

impl Rhs {
    /// The straight-line parts.
    pub(crate) fn values(&self) -> Vec<&Value> {
        match self {
            Rhs::Value(value) | Rhs::Cast(value, _) => vec![value],
            Rhs::Repeat(value, ..) => vec![value],
            Rhs::Aggregate(_, values) => values.iter().collect(),
            Rhs::Constant(_) | Rhs::Bound(_) | Rhs::Copied(..) => Vec::new(),
            Rhs::Call(call) => call
                .args
                .iter()
                .filter_map(|arg| match arg {
                    Arg::Value(value) => Some(value),
                    Arg::Shared { .. } | Arg::Exclusive { .. } => None,
                })
                .collect(),
        }
    }

    /// The straight-line parts, for writing.
    pub(crate) fn values_mut(&mut self) -> Vec<&mut Value> {
        match self {
            Rhs::Value(value) | Rhs::Cast(value, _) => vec![value],
            Rhs::Repeat(value, ..) => vec![value],
            Rhs::Aggregate(_, values) => values.iter_mut().collect(),
            Rhs::Constant(_) | Rhs::Bound(_) | Rhs::Copied(..) => Vec::new(),
            Rhs::Call(call) => call
                .args
                .iter_mut()
                .filter_map(|arg| match arg {
                    Arg::Value(value) => Some(value),
                    Arg::Shared { .. } | Arg::Exclusive { .. } => None,
                })
                .collect(),
        }
    }

    /// The places that a derivative can come from.
    pub(crate) fn sources(&self) -> Vec<&Place> {
        let mut sources: Vec<&Place> = self.values().into_iter().flat_map(Value::places).collect();
        match self {
            Rhs::Call(call) => sources.extend(call.args.iter().filter_map(|arg| match arg {
                Arg::Shared { place, .. } | Arg::Exclusive { place, .. } => Some(place),
                Arg::Value(_) => None,
            })),
            Rhs::Bound(bound) => sources.push(&bound.place),
            Rhs::Copied(place, _) => sources.push(place),
            Rhs::Value(_)
            | Rhs::Cast(..)
            | Rhs::Repeat(..)
            | Rhs::Aggregate(..)
            | Rhs::Constant(_) => {}
        }
        sources
    }
}
