//! Writes the types of variables out where they follow from the declared types of the parameters:
//! what is read from a list of `f64`, and what is computed from that, is an `f64`.
//!
//! Generated code declares its variables before anything is written to them. The compiler keeps asking
//! what each of them is until it finds out, which takes long where there are hundreds; what is
//! written here it need not ask. Nothing is guessed: a variable of which this pass is not certain stays
//! without a type.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::ir::body::{Node, ValueId};
use crate::ir::op::{Kind, Op};
use crate::ir::scalar::{
    Function, Place, Rhs, StmtKind, Value, for_each_simple, is_float, is_range,
};

/// Gives variables that are certainly floats of a known type that type.
pub(crate) fn write(function: &mut Function) {
    loop {
        let mut found = Vec::new();
        for_each_simple(&function.body, &mut |stmt| {
            if let StmtKind::Assign(assign) = &stmt.kind
                && assign.target.path.is_empty()
                && !assign.target.deref
                && let slot = function.slot(assign.target.root)
                && slot.ty.is_none()
                && !slot.discrete
                && let Rhs::Value(value) = &assign.value
                && let Some(ty) = type_of(function, value, value.result)
            {
                found.push((assign.target.root, ty));
            }
        });
        if found.is_empty() {
            return;
        }
        for (slot, ty) in found {
            function.slots[slot.0 as usize].ty = Some(ty);
        }
    }
}

/// The type of a value of straight-line code.
fn type_of(function: &Function, value: &Value, id: ValueId) -> Option<TokenStream> {
    match value.body.node(id) {
        Node::Input(number, _) => type_at(function, value.leaves.get(*number)?.place.as_ref()?),
        Node::Float(_) | Node::Integer(_) | Node::Op(Op::ToFloat, _) => None,
        Node::Op(op, _) if op.kind() != Kind::Float => None,
        Node::Op(_, operands) => operands
            .iter()
            .find_map(|&operand| type_of(function, value, operand)),
    }
}

/// The type of what stands at a place, if that is a float.
fn type_at(function: &Function, place: &Place) -> Option<TokenStream> {
    let mut ty = function.slot(place.root).ty.clone()?;
    for step in place.path.clone() {
        let TokenTree::Group(index) = step else {
            return None;
        };
        if index.delimiter() != Delimiter::Bracket || is_range(&index.stream()) {
            return None;
        }
        ty = element(ty)?;
    }
    is_float(&ty).then_some(ty)
}

/// `T` of `[T]` and `[T; N]`.
fn element(list: TokenStream) -> Option<TokenStream> {
    let mut trees = list.into_iter();
    match (trees.next()?, trees.next()) {
        (TokenTree::Group(group), None) if group.delimiter() == Delimiter::Bracket => {
            let end =
                |tree: &TokenTree| matches!(tree, TokenTree::Punct(mark) if mark.as_char() == ';');
            Some(
                group
                    .stream()
                    .into_iter()
                    .take_while(|tree| !end(tree))
                    .collect(),
            )
        }
        _ => None,
    }
}
