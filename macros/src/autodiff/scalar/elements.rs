//! Arrays of which every turn of a loop touches an element of its own.
//!
//! The index must be the loop variable, or a sum of it and something that the loop does not change,
//! and the same wherever the array is mentioned: then no two turns touch the same element.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::uses::Uses;
use crate::ir::scalar::{
    Assign, Block, Element, Function, Loop, Place, Rhs, SlotId, Stmt, StmtKind,
};

/// The element of an array that a turn touches, if it is its own.
pub(crate) fn own(
    function: &Function,
    of: &Loop,
    touched: &Uses,
    slot: SlotId,
    variable: SlotId,
) -> Option<Element> {
    let mut found = Mentions {
        slot,
        index: None,
        reads: Vec::new(),
    };
    if !found.block(&of.body) || !of.body.iter().any(|stmt| touches(stmt, slot)) {
        return None;
    }
    let index = found.index?;
    let name = function.slot(variable).name.to_string();
    let fixed = |read: &SlotId| *read == variable || !touched.writes.contains(read);
    let own = is_sum_with(&index, &name) && found.reads.iter().all(fixed);
    own.then_some(Element {
        slot,
        index,
        reads: found.reads,
    })
}

/// Whether every turn touches an element by this statement, so that it exists.
fn touches(stmt: &Stmt, slot: SlotId) -> bool {
    match &stmt.kind {
        StmtKind::Assign(assign) => places(assign).iter().any(|place| place.root == slot),
        _ => false,
    }
}

/// The places that an assignment is certain to touch.
pub(super) fn places(assign: &Assign) -> Vec<&Place> {
    let mut places = assign.value.sources();
    places.push(&assign.target);
    places
}

/// The one index that an array is mentioned with.
struct Mentions {
    slot: SlotId,
    index: Option<TokenStream>,
    reads: Vec<SlotId>,
}

impl Mentions {
    /// False if the array is mentioned otherwise.
    fn block(&mut self, block: &Block) -> bool {
        block.iter().all(|stmt| match &stmt.kind {
            StmtKind::Assign(assign) => {
                let leaves = assign.value.values().into_iter().flat_map(|v| &v.leaves);
                let value = match &assign.value {
                    Rhs::Constant(code) => !code.reads.contains(&self.slot),
                    Rhs::Value(_) | Rhs::Aggregate(..) | Rhs::Cast(..) => true,
                    Rhs::Call(_) | Rhs::Repeat(..) | Rhs::Bound(_) | Rhs::Copied(..) => false,
                };
                value
                    && self.place(&assign.target)
                    && leaves.into_iter().all(|leaf| match &leaf.place {
                        Some(place) => self.place(place),
                        None => !leaf.reads.contains(&self.slot),
                    })
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => !condition.reads.contains(&self.slot) && self.block(then) && self.block(otherwise),
            StmtKind::Push { .. } | StmtKind::Pop { .. } | StmtKind::Loop(_) => false,
            StmtKind::Jump(_) => true,
        })
    }

    fn place(&mut self, place: &Place) -> bool {
        if place.reads.contains(&self.slot) {
            return false;
        }
        if place.root != self.slot {
            return true;
        }
        let Some(index) = first_index(&place.path).filter(|_| !place.deref) else {
            return false;
        };
        match &self.index {
            Some(known) => known.to_string() == index.to_string(),
            None => {
                // The path may have further indices; what they read need not stay.
                self.reads.clone_from(&place.reads);
                self.index = Some(index);
                true
            }
        }
    }
}

/// What stands in the first brackets of a path.
pub(super) fn first_index(path: &TokenStream) -> Option<TokenStream> {
    match path.clone().into_iter().next()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group.stream()),
        _ => None,
    }
}

/// Whether an index is `i`, `i + e`, `i - e` or `e + i`, where `e` does not mention `i`.
pub(super) fn is_sum_with(index: &TokenStream, name: &str) -> bool {
    let trees: Vec<TokenTree> = index.clone().into_iter().collect();
    let is_name = |tree: &TokenTree| matches!(tree, TokenTree::Ident(ident) if ident == name);
    let is_plus =
        |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '+');
    let is_minus =
        |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '-');
    let rest = match trees.as_slice() {
        [one] => return is_name(one),
        [rest @ .., plus, last] if is_plus(plus) && is_name(last) => rest,
        [first, sign, rest @ ..] if is_name(first) && (is_plus(sign) || is_minus(sign)) => rest,
        _ => return false,
    };
    // Only operators that bind as tightly as `+` or tighter may stand beside it.
    rest.iter().all(|tree| match tree {
        TokenTree::Ident(ident) => ident != name && ident != "as",
        TokenTree::Literal(_) => true,
        TokenTree::Punct(punct) => matches!(punct.as_char(), '+' | '-' | '*' | '/' | '%'),
        TokenTree::Group(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::is_sum_with;

    #[test]
    fn only_sums_with_the_loop_variable_tell_turns_apart() {
        let holds = |text: &str| is_sum_with(&text.parse().unwrap(), "i");
        for text in [
            "i",
            "i + 1",
            "k * n + i",
            "i + 2 * k",
            "n - 1 + i",
            "i - 1",
            "i - n + 2",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "n - i",
            "i * 2",
            "k * i",
            "i / 2",
            "i + i",
            "k + 2 * i",
            "a << b + i",
            "(i) + 1",
            "j",
        ] {
            assert!(!holds(text), "{text}");
        }
    }
}
