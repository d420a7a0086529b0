//! Prints loops that keep nothing of their turns: those that the reverse pass runs again, turn by
//! turn, and those through which no derivative flows.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::walk::Way;
use super::{Emitter, Storage};
use crate::ir::scalar::{Carried, Element, Inert, Loop, SlotId};
use crate::names;

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
        elements
            .filter(|element| self.function.slot(element.slot).needed)
            .collect()
    }

    /// Whether the reverse pass reads nothing that a loop changes.
    pub(super) fn changes_nothing(&self, carried: &Carried) -> bool {
        self.changed_whole(carried).is_empty() && self.changed_elements(carried).is_empty()
    }

    /// Saves what a loop changes.
    pub(super) fn save_changed(&self, of: &Loop, carried: &Carried) -> TokenStream {
        let (private, tape, next) = (&self.private, names::local("tape"), names::local("next"));
        let (variable, range) = of.over();
        let set = self.set_variable(variable);
        let whole = self.changed_whole(carried);
        let whole = whole.iter().map(|&slot| {
            let name = &self.function.slot(slot).name;
            quote!(#private::Val::save(&#name, #tape);)
        });
        let elements = self.changed_elements(carried);
        let elements = elements.iter().map(|element| {
            let (name, index) = (&self.function.slot(element.slot).name, &element.index);
            quote!(for #next in #range { #set #private::Val::save(&#name[#index], #tape); })
        });
        quote!(#(#whole)* #(#elements)*)
    }

    /// The forward pass: saves what the loop changes, then runs it.
    pub(super) fn forward_untaped(&self, of: &Loop, carried: &Carried) -> TokenStream {
        let save = self.save_changed(of, carried);
        let run = self
            .storing(Storage::Nowhere)
            .forward_loop(of, &mut Vec::new());
        quote!(#save #run)
    }

    /// Brings back what a loop changed.
    pub(super) fn restore_changed(&self, of: &Loop, carried: &Carried) -> TokenStream {
        let (private, tape, next) = (&self.private, names::local("tape"), names::local("next"));
        let (variable, range) = of.over();
        let set = self.set_variable(variable);
        let whole = self.changed_whole(carried);
        let whole = whole.iter().rev().map(|&slot| {
            let name = &self.function.slot(slot).name;
            quote!(#private::Val::load(&mut #name, #tape);)
        });
        let elements = self.changed_elements(carried);
        let elements = elements.iter().rev().map(|element| {
            let (name, index) = (&self.function.slot(element.slot).name, &element.index);
            quote! {
                for #next in (#range).rev() { #set #private::Val::load(&mut #name[#index], #tape); }
            }
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
        // A turn backwards undoes what it changed, but the next turn wants to go on from it.
        let whole = || {
            let whole = carried.whole.iter().map(|&slot| self.function.slot(slot));
            whole.filter(|slot| slot.needed).map(|slot| &slot.name)
        };
        let copy = |prefix: &str| {
            let copies = whole().map(|name| copied(prefix, name));
            let names = whole();
            quote!(#(let #copies = ::core::clone::Clone::clone(&#names);)*)
        };
        let back = |prefix: &str| {
            let copies = whole().map(|name| copied(prefix, name));
            let names = whole();
            quote!(#(#names = #copies;)*)
        };
        let (enter, leave) = (copy("before"), back("before"));
        let (end, go_on) = (copy("after"), back("after"));
        let mut turn_of = |on: &Emitter<'_>| {
            let forward = on.forward(&of.body, &mut Vec::new());
            let reverse = on.reverse(&of.body);
            quote!(#kept #forward #end #reverse #go_on)
        };
        let run = match turn.walk_of(of) {
            Some(walk) => turn.walked(&walk, Way::Ascending, None, &mut turn_of),
            None => {
                let (set, body) = (self.set_variable(variable), turn_of(&turn));
                quote!(for #next in #range { #set #body })
            }
        };
        quote!(#restore #enter #run #leave)
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
