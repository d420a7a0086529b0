//! Whether the types of a function's variables say everything about their shapes.

use proc_macro2::{TokenStream, TokenTree};

use super::{Aggregate, Arg, Function, Inert, Rhs, SlotId, Stmt, StmtKind, Value, is_float};
use crate::ir::body::Node;

impl Function {
    /// Whether every variable has the same shape from its declaration on.
    pub(crate) fn keeps_shapes(&self) -> bool {
        let mut known = true;
        super::for_each_simple(&self.body, &mut |stmt| {
            known &= match &stmt.kind {
                StmtKind::Push { .. } | StmtKind::Pop { .. } => false,
                StmtKind::Assign(assign) => match &assign.value {
                    Rhs::Aggregate(kind, _) => matches!(kind, Aggregate::Array | Aggregate::Tuple),
                    Rhs::Repeat(_, kind, _) => matches!(kind, Aggregate::Array),
                    Rhs::Constant(code) => !makes_a_vector(&code.tokens),
                    // What a callee returns, and a copy, may be a list.
                    Rhs::Call(_) => !self.may_be_list(assign.target.root, &mut Vec::new()),
                    Rhs::Value(value) => match value.body.node(value.result) {
                        Node::Input(..) => !self.may_be_list(assign.target.root, &mut Vec::new()),
                        Node::Op(..) | Node::Float(_) | Node::Integer(_) => true,
                    },
                    Rhs::Cast(..) => true,
                    Rhs::Bound(_) | Rhs::Copied(..) => false,
                },
                StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => true,
            };
        });
        known
    }

    /// Whether a variable may be a list, whose length its type does not say: its type is not known,
    /// and it is not only read as a number.
    fn may_be_list(&self, slot: SlotId, seen: &mut Vec<SlotId>) -> bool {
        let of = self.slot(slot);
        if let Some(ty) = &of.ty {
            return !is_float(ty);
        }
        if seen.contains(&slot) {
            return false;
        }
        seen.push(slot);
        self.body
            .iter()
            .any(|stmt| self.uses_list(stmt, slot, seen))
    }

    /// Whether a statement uses a variable as only a list can be used, as far as is known.
    fn uses_list(&self, stmt: &Stmt, slot: SlotId, seen: &mut Vec<SlotId>) -> bool {
        let name = self.slot(slot).name.to_string();
        let inert = |code: &Inert| code.reads.contains(&slot) && as_list(&code.tokens, &name);
        match &stmt.kind {
            StmtKind::Assign(assign) => {
                let target = &assign.target;
                if target.root == slot && !target.path.is_empty() {
                    return true;
                }
                let parts = assign.value.values();
                let read = |value: &&Value| {
                    let whole = |at: usize| {
                        let place = value.leaves[at].place.as_ref();
                        place.is_some_and(|place| place.root == slot)
                    };
                    let part = value
                        .places()
                        .any(|place| place.root == slot && !place.path.is_empty());
                    let code = value.leaves.iter().any(|leaf| {
                        leaf.place.is_none()
                            && leaf.reads.contains(&slot)
                            && as_list(&leaf.tokens, &name)
                    });
                    let handed = matches!(value.body.node(value.result), Node::Input(at, _)
                        if *at < value.leaves.len() && whole(*at));
                    (part || code, handed)
                };
                let mut handed = false;
                for value in &parts {
                    let (list, whole) = read(value);
                    if list {
                        return true;
                    }
                    handed |= whole;
                }
                let elsewhere = match &assign.value {
                    Rhs::Call(call) => call.args.iter().any(|arg| match arg {
                        Arg::Shared { place, .. } | Arg::Exclusive { place, .. } => {
                            place.root == slot
                        }
                        Arg::Value(_) => false,
                    }),
                    Rhs::Bound(bound) => bound.place.root == slot,
                    Rhs::Copied(place, _) => place.root == slot,
                    Rhs::Constant(code) | Rhs::Repeat(_, _, code) => inert(code),
                    Rhs::Value(_) | Rhs::Aggregate(..) | Rhs::Cast(..) => false,
                };
                // Handed on as it is: to what may be one in turn, or to a callee or an aggregate.
                let on = handed
                    && match &assign.value {
                        Rhs::Value(_) => {
                            !target.path.is_empty() || self.may_be_list(target.root, seen)
                        }
                        Rhs::Cast(..) => false,
                        _ => true,
                    };
                elsewhere || on
            }
            StmtKind::Push { value, .. } => value.places().any(|place| place.root == slot),
            StmtKind::Pop { into, from } => *into == slot || from.root == slot,
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                inert(condition)
                    || then
                        .iter()
                        .chain(otherwise)
                        .any(|stmt| self.uses_list(stmt, slot, seen))
            }
            StmtKind::Loop(of) => {
                let head = match &of.head {
                    super::Head::For { range, .. } => inert(range),
                    super::Head::While(condition) => inert(condition),
                    super::Head::Forever => false,
                };
                head || of.body.iter().any(|stmt| self.uses_list(stmt, slot, seen))
            }
            StmtKind::Jump(_) => false,
        }
    }
}

/// Whether code may make a vector, whose length can change from one turn of a loop to the next.
fn makes_a_vector(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(name) => ["vec", "Vec", "to_vec", "collect", "clone", "Clone"]
            .contains(&name.to_string().as_str()),
        TokenTree::Group(group) => makes_a_vector(&group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Whether code uses a name as a list: indexed, through a method or a field, or behind `&`.
fn as_list(tokens: &TokenStream, name: &str) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    trees.iter().enumerate().any(|(at, tree)| match tree {
        TokenTree::Group(group) => as_list(&group.stream(), name),
        TokenTree::Ident(found) if *found == name => {
            let borrowed =
                at > 0 && matches!(&trees[at - 1], TokenTree::Punct(mark) if mark.as_char() == '&');
            let behind = match trees.get(at + 1) {
                Some(TokenTree::Punct(mark)) => mark.as_char() == '.',
                Some(TokenTree::Group(_)) => true,
                _ => false,
            };
            borrowed || behind
        }
        _ => false,
    })
}
