//! Prints loops that keep nothing of their turns: those that the reverse pass runs again, turn by
//! turn, and those through which no derivative flows.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::walk::Way;
use super::{Emitter, Storage};
use crate::autodiff::scalar::costly;
use crate::autodiff::scalar::windows::{Walk, ends, is_list};
use crate::ir::scalar::{Carried, Element, Inert, Loop, Place, Reversal, SlotId};
use crate::names;

/// Onto the tape, or from it.
#[derive(Clone, Copy)]
enum Direction {
    Save,
    Load,
}

impl Emitter<'_> {
    /// The variables that a loop changes and the reverse pass reads. A sum that a loop around it
    /// carries as well goes on from turn to turn: that loop brings it back.
    fn changed_whole(&self, carried: &Carried) -> Vec<SlotId> {
        let whole = carried.whole.iter().chain(&carried.sums).copied();
        let goes_on = |slot| self.turn.is_some_and(|turn| turn.forgets(slot, false));
        whole
            .filter(|&slot| self.function.slot(slot).needed && !goes_on(slot))
            .collect()
    }

    /// The same of arrays by element.
    fn changed_elements<'c>(&self, carried: &'c Carried) -> Vec<&'c Element> {
        let elements = carried.elements.iter();
        let goes_on = |slot| self.turn.is_some_and(|turn| turn.forgets(slot, false));
        elements
            .filter(|element| self.function.slot(element.slot).needed && !goes_on(element.slot))
            .collect()
    }

    /// Whether the reverse pass reads nothing that a loop changes.
    pub(super) fn changes_nothing(&self, carried: &Carried) -> bool {
        self.changed_whole(carried).is_empty() && self.changed_elements(carried).is_empty()
    }

    /// Saves what a loop changes.
    pub(super) fn save_changed(&self, of: &Loop, carried: &Carried) -> TokenStream {
        let whole = self.changed_whole(carried);
        let whole = whole.iter().map(|&slot| self.save(&Place::whole(slot)));
        let elements = self.changed_elements(carried);
        let elements = elements.iter().map(|element| {
            let save = self.each_element(of, element, Direction::Save);
            self.if_kept(element.slot, save)
        });
        quote!(#(#whole)* #(#elements)*)
    }

    /// Saves or loads the elements of an array that the turns of a loop touch: all at once, if they
    /// lie one after the other.
    fn each_element(&self, of: &Loop, element: &Element, direction: Direction) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let [next, turns] = ["next", "turns"].map(names::local);
        let ((variable, range), index) = (of.over(), &element.index);
        let set = self.set_variable(variable);
        let along = self.function.slot(element.slot);
        let list = &along.name;
        let consecutive = ends(&range).filter(|_| is_list(self.function, element.slot));
        let (Some((from, to)), Some(variable)) = (consecutive, variable) else {
            let place = place_of(element);
            return match direction {
                Direction::Save => {
                    let save = self.save(&place);
                    quote!(for #next in #range { #set #save })
                }
                Direction::Load => {
                    let load = self.load(&place);
                    quote!(for #next in (#range).rev() { #set #load })
                }
            };
        };
        let variable = &self.function.slot(variable).name;
        let tangent = (self.tangents && along.active).then(|| names::tangent(list));
        let lists = [Some(list.clone()), tangent].into_iter().flatten();
        let each = |list: Ident| match direction {
            Direction::Save => quote! {
                #private::save_window(&#list[..], &#turns, |#variable| #index, #tape);
            },
            Direction::Load => quote! {
                #private::load_window(&mut #list[..], &#turns, |#variable| #index, #tape);
            },
        };
        let moves: TokenStream = match direction {
            Direction::Save => lists.map(each).collect(),
            Direction::Load => lists.rev().map(each).collect(),
        };
        quote!({ let #turns = (#from)..(#to); #moves })
    }

    /// The forward pass: saves what the loop changes, then runs it.
    pub(super) fn forward_untaped(&self, of: &Loop, carried: &Carried) -> TokenStream {
        let save = self.save_changed(of, carried);
        let plain = self.storing(Storage::Nowhere);
        let run = match self.walk_with_rows(of, carried) {
            Some(walk) => {
                let mut turn = |on: &Emitter<'_>| on.forward(&of.body, &mut Vec::new());
                plain.walked(&walk, Way::Forward, None, &mut turn)
            }
            None => plain.forward_loop(of, &mut Vec::new()),
        };
        quote!(#save #run)
    }

    /// The windows of a loop, with rows for what it computes from turn to turn and its adjoints read:
    /// no turn of the reverse pass then waits for the one before.
    fn walk_with_rows(&self, of: &Loop, carried: &Carried) -> Option<Walk> {
        let mut walk = self.walk_of(of)?;
        // A row holds words of a type that is known.
        let typed = self.signature.generics.type_params().next().is_none();
        if typed && matches!(of.reversal, Reversal::Replayed(_)) {
            walk.costly = costly::of(self.function, of);
            let whole = carried.whole.iter().copied();
            walk.rows = whole
                .filter(|slot| walk.written.contains(slot) && carried.runs_again(*slot))
                .collect();
        }
        Some(walk)
    }

    /// Brings back what a loop changed.
    pub(super) fn restore_changed(&self, of: &Loop, carried: &Carried) -> TokenStream {
        let whole = self.changed_whole(carried);
        let whole = whole
            .iter()
            .rev()
            .map(|&slot| self.load(&Place::whole(slot)));
        let elements = self.changed_elements(carried);
        let elements = elements.iter().rev().map(|element| {
            let load = self.each_element(of, element, Direction::Load);
            self.if_kept(element.slot, load)
        });
        quote!(#(#elements)* #(#whole)*)
    }

    /// The reverse pass of a loop that is run again: every turn forwards and at once backwards.
    pub(super) fn reverse_replayed(
        &self,
        of: &Loop,
        carried: &Carried,
        (variable, range): (Option<SlotId>, &Inert),
    ) -> TokenStream {
        let turn = self.storing(Storage::Turn(carried));
        let mut kept = TokenStream::new();
        turn.declare(&of.body, &mut kept);
        let (restore, next) = (self.restore_changed(of, carried), names::local("next"));
        let walk = turn.walk_with_rows(of, carried);
        let rows = walk.iter().flat_map(|walk| &walk.rows);
        let rows: Vec<SlotId> = rows.copied().collect();
        let whole = carried.whole.iter().copied();
        let whole: Vec<SlotId> = whole
            .filter(|&slot| self.function.slot(slot).needed)
            .collect();
        // A turn backwards undoes what it changed, but the next turn wants to go on from it, unless
        // a row holds what it begins with.
        let goes_on = whole.iter().copied().filter(|slot| !rows.contains(slot));
        let goes_on: Vec<SlotId> = goes_on.collect();
        let name = |slot: &SlotId| &self.function.slot(*slot).name;
        let copy = |prefix: &str, slots: &[SlotId]| {
            let (copies, names) = (
                slots.iter().map(|slot| copied(prefix, name(slot))),
                slots.iter().map(name),
            );
            quote!(#(let #copies = ::core::clone::Clone::clone(&#names);)*)
        };
        let back = |prefix: &str, slots: &[SlotId]| {
            let (copies, names) = (
                slots.iter().map(|slot| copied(prefix, name(slot))),
                slots.iter().map(name),
            );
            quote!(#(#names = #copies;)*)
        };
        let (enter, leave) = (copy("before", &whole), back("before", &whole));
        let (end, go_on) = (copy("after", &goes_on), back("after", &goes_on));
        let mut turn_of = |on: &Emitter<'_>| {
            let forward = on.forward(&of.body, &mut Vec::new());
            let reverse = on.reverse(&of.body);
            quote!(#kept #forward #end #reverse #go_on)
        };
        let taken = walk.as_ref().map(|walk| turn.take_rows(walk));
        let run = match walk {
            Some(walk) => turn.walked(&walk, Way::Ascending, None, &mut turn_of),
            None => {
                let (set, body) = (self.set_variable(variable), turn_of(&turn));
                quote!(for #next in #range { #set #body })
            }
        };
        quote!(#taken #restore #enter #run #leave)
    }

    /// Gives the variable of a loop its value.
    pub(super) fn set_variable(&self, variable: Option<SlotId>) -> TokenStream {
        let next = names::local("next");
        match variable {
            Some(slot) => {
                let name = &self.function.slot(slot).name;
                quote!(#name = #next;)
            }
            None => TokenStream::new(),
        }
    }
}

pub(super) fn copied(prefix: &str, name: &Ident) -> Ident {
    format_ident!("{}_{}", prefix, name, span = Span::mixed_site())
}

/// The element of an array that a turn touches.
fn place_of(element: &Element) -> Place {
    let index = &element.index;
    Place {
        path: quote!([#index]),
        reads: element.reads.clone(),
        ..Place::whole(element.slot)
    }
}
