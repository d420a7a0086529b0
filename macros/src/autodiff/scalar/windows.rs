//! Windows: the elements of lists that a loop without inner loops touches one after the other.
//!
//! A turn that reads `x[k + i]` for the loop variable `i` walks along a part of `x` whose ends are
//! known in front of the loop. The printer cuts these parts out once, so that no turn checks an
//! index, and hands them to the loop as separate slices, so that it may be compiled to vector
//! code. An index must be evaluated in every turn, or cutting its part could fail where the loop
//! would not.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::costly::Costly;
use super::elements::{self, first_index, is_sum_with, places};
use super::reversal;
use super::uses::Uses;
use crate::ir::body::Node;
use crate::ir::scalar::{
    Aggregate, Copying, Function, Head, Loop, Rhs, SlotId, StmtKind, for_each_simple, is_float,
};

/// How many windows a loop may have, shadows not counted.
const MOST: usize = 6;

/// The part of a list that a loop walks along.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The list.
    pub(crate) slot: SlotId,
    /// The index of a turn, a sum with the loop variable.
    pub(crate) index: TokenStream,
    /// Whether the loop mentions the list with this index only: then it may be written through
    /// the window, and so may its shadow.
    pub(crate) own: bool,
    /// Whether the loop writes the list.
    pub(crate) written: bool,
}

/// A loop over `from..to` and its windows.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// The loop variable.
    pub(crate) variable: SlotId,
    /// Where it begins.
    pub(crate) from: TokenStream,
    /// Where it ends.
    pub(crate) to: TokenStream,
    /// The windows.
    pub(crate) windows: Vec<Window>,
    /// The variables that the loop mentions and that hold a number. The loop works on copies of
    /// them, because a variable whose address is known elsewhere stays in memory.
    pub(crate) numbers: Vec<SlotId>,
    /// Those that it writes.
    pub(crate) written: Vec<SlotId>,
    /// Those of them whose content in front of every turn is kept in a row on the tape.
    pub(crate) rows: Vec<SlotId>,
    /// What is computed for all turns in front of the first, in rows that follow those.
    pub(crate) costly: Vec<Costly>,
}

impl Walk {
    /// How many rows the loop has on the tape.
    pub(crate) fn rows_in_all(&self) -> usize {
        self.rows.len() + self.costly.len()
    }
}

/// The windows of a loop; `None` if it has none.
pub(crate) fn walk(function: &Function, of: &Loop) -> Option<Walk> {
    let Head::For {
        variable: Some(variable),
        range,
    } = &of.head
    else {
        return None;
    };
    let (from, to) = ends(&range.tokens)?;
    let touched = Uses::of(&of.body);
    if function.taped || !reversal::is_steady(of, &touched) || !reversal::straight(&of.body) {
        return None;
    }
    let name = function.slot(*variable).name.to_string();
    let fixed = |read: &SlotId| read == variable || !touched.writes.contains(read);
    let mut windows: Vec<Window> = Vec::new();
    for stmt in &of.body {
        let StmtKind::Assign(assign) = &stmt.kind else {
            continue;
        };
        for place in places(assign) {
            let Some(index) = first_index(&place.path).filter(|_| !place.deref) else {
                continue;
            };
            let known = |window: &Window| {
                window.slot == place.root && window.index.to_string() == index.to_string()
            };
            let walks = is_sum_with(&index, &name) && place.reads.iter().all(fixed);
            if !walks || !is_list(function, place.root) || windows.iter().any(known) {
                continue;
            }
            let own = elements::own(function, of, &touched, place.root, *variable).is_some();
            let written = touched.writes.contains(&place.root);
            if windows.len() < MOST && (own || !written) {
                windows.push(Window {
                    slot: place.root,
                    index,
                    own,
                    written,
                });
            }
        }
    }
    let slots = (0..function.slots.len() as u32).map(SlotId);
    let numbers: Vec<SlotId> = slots
        .filter(|slot| touched.mentions(*slot) && is_number(function, *slot))
        .collect();
    let written = numbers.iter().copied();
    let written = written
        .filter(|slot| touched.writes.contains(slot))
        .collect();
    (!windows.is_empty()).then_some(Walk {
        variable: *variable,
        from,
        to,
        windows,
        numbers,
        written,
        rows: Vec::new(),
        costly: Vec::new(),
    })
}

/// The two sides of `from..to`.
pub(crate) fn ends(range: &TokenStream) -> Option<(TokenStream, TokenStream)> {
    let trees: Vec<TokenTree> = range.clone().into_iter().collect();
    let dot = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '.');
    let at = trees.windows(2).position(|pair| pair.iter().all(dot))?;
    let (from, to) = (&trees[..at], &trees[at + 2..]);
    let inclusive = matches!(to.first()?, TokenTree::Punct(punct) if punct.as_char() == '=');
    let side = |trees: &[TokenTree]| trees.iter().cloned().collect();
    (!from.is_empty() && !inclusive && !dot(&to[0])).then(|| (side(from), side(to)))
}

/// Whether a variable is known to be a slice, an array or a vector.
pub(crate) fn is_list(function: &Function, slot: SlotId) -> bool {
    let of = function.slot(slot);
    if let Some(ty) = &of.ty {
        let text = ty.to_string();
        return text.starts_with('[') || text.starts_with("Vec <");
    }
    let (mut any, mut all) = (false, true);
    for_each_simple(&function.body, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && assign.target.root == slot
            && assign.target.path.is_empty()
        {
            any = true;
            all &= match &assign.value {
                Rhs::Repeat(..) | Rhs::Copied(_, Copying::List) => true,
                Rhs::Aggregate(kind, _) => matches!(kind, Aggregate::Array | Aggregate::Vec),
                Rhs::Constant(code) => makes_a_list(&code.tokens),
                Rhs::Value(_)
                | Rhs::Bound(_)
                | Rhs::Cast(..)
                | Rhs::Call(_)
                | Rhs::Copied(_, Copying::Array) => false,
            };
        }
    });
    any && all
}

/// Whether a variable is known to hold a float of a known type.
pub(crate) fn is_typed_number(function: &Function, slot: SlotId) -> bool {
    let of = function.slot(slot);
    !of.reference && of.ty.as_ref().is_some_and(is_float)
}

/// Whether a variable is known to hold a float: everything that is written to it is computed, a
/// literal, or another such variable.
pub(super) fn is_number(function: &Function, slot: SlotId) -> bool {
    is_number_but_for(function, slot, &mut Vec::new())
}

/// The same, where some variables hold a float if all others do.
fn is_number_but_for(function: &Function, slot: SlotId, seen: &mut Vec<SlotId>) -> bool {
    let of = function.slot(slot);
    if of.reference || of.discrete {
        return false;
    }
    if of.ty.is_some() {
        return is_typed_number(function, slot);
    }
    if seen.contains(&slot) {
        return true;
    }
    seen.push(slot);
    let (mut any, mut all) = (false, true);
    for_each_simple(&function.body, &mut |stmt| {
        if !all || !stmt.flow().targets.contains(&slot) {
            return;
        }
        any = true;
        all &= match &stmt.kind {
            StmtKind::Assign(assign)
                if assign.target.root == slot && assign.target.path.is_empty() =>
            {
                match &assign.value {
                    Rhs::Value(value) => match value.body.node(value.result) {
                        Node::Input(leaf, _) => {
                            let place =
                                value.leaves.get(*leaf).and_then(|leaf| leaf.place.as_ref());
                            place.is_some_and(|place| {
                                place.path.is_empty()
                                    && !place.deref
                                    && is_number_but_for(function, place.root, seen)
                            })
                        }
                        Node::Op(..) | Node::Float(_) | Node::Integer(_) => true,
                    },
                    Rhs::Constant(code) => is_literal(&code.tokens),
                    _ => false,
                }
            }
            _ => false,
        };
    });
    any && all
}

/// Whether code is a float literal, one with a minus, or a constant of `f32` or `f64`.
fn is_literal(code: &TokenStream) -> bool {
    let trees: Vec<TokenTree> = code.clone().into_iter().collect();
    let literal = |tree: &TokenTree| matches!(tree, TokenTree::Literal(literal) if literal.to_string().contains('.'));
    let float =
        |tree: &TokenTree| matches!(tree, TokenTree::Ident(name) if name == "f32" || name == "f64");
    let colon =
        |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ':');
    match trees.as_slice() {
        [one] => literal(one),
        [TokenTree::Punct(minus), one] => minus.as_char() == '-' && literal(one),
        [ty, first, second, TokenTree::Ident(_)] => float(ty) && colon(first) && colon(second),
        _ => false,
    }
}

/// Whether code is `[..]` or `vec![..]`.
fn makes_a_list(code: &TokenStream) -> bool {
    let mut trees = code.clone().into_iter();
    let bare = matches!(trees.next(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket);
    (bare && trees.next().is_none()) || code.to_string().starts_with(":: std :: vec")
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn only_half_open_ranges_have_ends() {
        let ends = |text: &str| ends(&text.parse().unwrap()).map(|(a, b)| format!("{a}|{b}"));
        assert_eq!(ends("0..n"), Some("0|n".to_string()));
        assert_eq!(ends("a + 1..x.len()"), Some("a + 1|x . len ()".to_string()));
        for text in ["0..=n", "(0..n).rev()", "..n", "0..", "x.iter()"] {
            assert_eq!(ends(text), None, "{text}");
        }
    }
}
