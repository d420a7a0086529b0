//! What a function lends to another one by `&mut`, and gets back in the reverse pass.
//!
//! The reverse pass of a function brings back what its `&mut` parameters held, in case the caller
//! reads it there, and the caller brings back what they hold in the end, in case the function does.
//! Often neither does, and nothing need be kept. A function says of its parameters which it reads, in a
//! constant of its companion; the caller asks for the passes that lose the rest.

use proc_macro2::{TokenStream, TokenTree};

use crate::ir::scalar::{
    Arg, Call, Callee, Function, Rhs, SlotId, StmtKind, Wanted, for_each_simple,
};

/// Whether a slot can be left as it is where neither side reads it: its shape never changes, and it
/// is clear which functions it is lent to.
pub(super) fn may_lose(function: &Function, slot: SlotId) -> bool {
    let of = function.slot(slot);
    if function.taped || !of.active || (of.reference && !has_constant_shape(function, slot)) {
        return false;
    }
    let mut may = true;
    for_each_simple(&function.body, &mut |stmt| match &stmt.kind {
        StmtKind::Assign(assign) => {
            let whole = assign.target.path.is_empty() && !assign.target.deref;
            may &= assign.target.root != slot || !whole || assign.fresh;
            if let Rhs::Call(call) = &assign.value
                && lends(call, slot)
            {
                may &= asks(call).is_some();
            }
        }
        StmtKind::Push { target, .. } => may &= target.root != slot,
        StmtKind::Pop { into, from } => may &= from.root != slot && *into != slot,
        StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => {}
    });
    may
}

/// Whether the reverse pass of a function may read what a parameter holds in the end, or wants it
/// back in another shape.
pub(crate) fn reads(function: &Function, param: SlotId) -> bool {
    let mut passed_on = false;
    for_each_simple(&function.body, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && let Rhs::Call(call) = &assign.value
        {
            passed_on |= lends(call, param);
        }
    });
    passed_on || !function.slot(param).doubtful
}

/// The functions that a slot is lent to, each with the position of the argument.
pub(crate) fn borrowers(function: &Function, slot: SlotId) -> Vec<(&Call, usize)> {
    let mut found = Vec::new();
    for_each_simple(&function.body, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && let Rhs::Call(call) = &assign.value
        {
            let lent =
                |arg: &Arg| matches!(arg, Arg::Exclusive { place, .. } if place.root == slot);
            found.extend(call.args.iter().position(lent).map(|at| (call, at)));
        }
    });
    found
}

fn lends(call: &Call, slot: SlotId) -> bool {
    call.written().any(|place| place.root == slot)
}

/// The path of a function that says which of its parameters it reads.
pub(crate) fn asks(call: &Call) -> Option<&syn::Path> {
    match &call.callee {
        Callee::Path(path) if matches!(call.wanted, Wanted::Value) => Some(path),
        _ => None,
    }
}

/// Whether the shape of a parameter is told by its type, or is that of a slice of numbers.
fn has_constant_shape(function: &Function, slot: SlotId) -> bool {
    function.slot(slot).ty.clone().is_some_and(is_of_numbers)
}

fn is_of_numbers(ty: TokenStream) -> bool {
    ty.into_iter().all(|tree| match tree {
        TokenTree::Ident(name) => name == "f32" || name == "f64",
        TokenTree::Group(group) => is_of_numbers(group.stream()),
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Literal(_) => true,
    })
}
