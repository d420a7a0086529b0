//! Prints loops of which some states are kept instead of a tape: `runtime::scalar::Checkpoints`
//! says which.
//!
//! On the tape lie the states that are held, each with the turn that it stands in front of, then
//! how many they are and how many turns the loop took.

use proc_macro2::TokenStream;
use quote::quote;

use super::forward::{Frame, label};
use super::{Emitter, Storage};
use crate::autodiff::scalar::uses::Uses;
use crate::ir::scalar::{Checkpoint, Loop, Place, SlotId};
use crate::names;

impl Emitter<'_> {
    /// The forward pass: keeps states on the way, and no tape.
    pub(super) fn forward_checkpointed(
        &self,
        of: &Loop,
        checkpoint: &Checkpoint,
        state: &[SlotId],
    ) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let [plan, turns, at, to, held] = ["plan", "turns", "at", "to", "held"].map(names::local);
        let (_, range) = of.over();
        let planned = self.plan(checkpoint, &quote!(#turns));
        let keep = self.keep_state(state);
        let (piece, rest) = (
            self.run_plain(of, &quote!(#at), &quote!(#to)),
            self.run_plain(of, &quote!(#at), &quote!(#turns)),
        );
        quote!({
            let #turns = #private::turns(#range);
            let #plan = #planned;
            let (mut #at, mut #held) = (0, 0);
            while let Some(#to) = #private::Checkpoints::first(&#plan, #at, #turns, #held) {
                #keep
                #piece
                #at = #to;
            }
            if #turns > 0 {
                #keep
                #rest
            }
            #private::Tape::push(#tape, #held);
            #private::Tape::push(#tape, #turns);
        })
    }

    /// The reverse pass: goes back to the last state, runs on, and reverses the last turns.
    pub(super) fn reverse_checkpointed(
        &self,
        of: &Loop,
        checkpoint: &Checkpoint,
        state: &[SlotId],
    ) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let [plan, turns, at, to, end, held, next] =
            ["plan", "turns", "at", "to", "end", "held", "next"].map(names::local);
        let planned = self.plan(checkpoint, &quote!(#turns));
        let (keep, bring) = (self.keep_state(state), self.bring_state(state));
        let piece = self.run_plain(of, &quote!(#at), &quote!(#to));
        let mut frames = vec![Frame::Loop {
            id: of.id,
            counted: false,
        }];
        let forward = self.forward(&of.body, &mut frames);
        let reverse = self.reverse(&of.body);
        let ((variable, range), label) = (of.over(), label(of.id));
        let (save, load) = match variable {
            Some(slot) => (self.save_slot(slot), self.load_slot(slot)),
            None => Default::default(),
        };
        let set = self.set_variable(variable);
        let reshaped = self.reshaped(of, state);
        quote!({
            let #turns = #private::Tape::pop(#tape);
            let mut #held = #private::Tape::pop(#tape);
            let #plan = #planned;
            let mut #end = #turns;
            while #end > 0 {
                let mut #at = #private::Tape::pop(#tape);
                #held -= 1;
                #bring
                while let Some(#to) = #private::Checkpoints::next(&#plan, #at, #end, #held) {
                    #keep
                    #piece
                    #at = #to;
                }
                #label: for #next in (#range).skip(#at as usize).take((#end - #at) as usize) {
                    #save
                    #set
                    #forward
                }
                #reshaped
                for _ in #at..#end { #reverse #load }
                #end = #at;
            }
        })
    }

    /// Shadows of what a turn declares, in the shapes that the last turn left: those that they have
    /// are of the turns that were reversed before.
    fn reshaped(&self, of: &Loop, state: &[SlotId]) -> TokenStream {
        let private = &self.private;
        let declared = Uses::of(&of.body).writes.into_iter();
        let mut declared: Vec<SlotId> = declared
            .filter(|id| !state.contains(id) && self.function.slot(*id).active)
            .collect();
        declared.sort();
        let shadows = declared.into_iter().map(|id| {
            let name = &self.function.slot(id).name;
            let shadow = names::shadow(name);
            quote!(#shadow = #private::Val::zero_like(&#name);)
        });
        shadows.collect()
    }

    fn plan(&self, checkpoint: &Checkpoint, turns: &TokenStream) -> TokenStream {
        let private = &self.private;
        match checkpoint {
            Checkpoint::Root => quote!(#private::Checkpoints::root(#turns)),
            Checkpoint::States(states) => quote!(#private::Checkpoints::binomial(#states)),
        }
    }

    /// Runs some turns without a tape.
    fn run_plain(&self, of: &Loop, from: &TokenStream, to: &TokenStream) -> TokenStream {
        let plain = self.storing(Storage::Nowhere);
        let mut frames = vec![Frame::Loop {
            id: of.id,
            counted: false,
        }];
        let body = plain.forward(&of.body, &mut frames);
        let ((variable, range), label) = (of.over(), label(of.id));
        let (set, next) = (self.set_variable(variable), names::local("next"));
        quote! {
            #label: for #next in (#range).skip(#from as usize).take((#to - #from) as usize) {
                #set
                #body
            }
        }
    }

    /// Pushes the state in front of turn `at`.
    fn keep_state(&self, state: &[SlotId]) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let [at, held] = ["at", "held"].map(names::local);
        let save = state.iter().map(|&id| {
            let slot = self.function.slot(id);
            let name = &slot.name;
            match slot.reference {
                true => quote!(#private::Primal::keep(&*#name, #tape);),
                false => self.save(&Place::whole(id)),
            }
        });
        quote!(#(#save)* #private::Tape::push(#tape, #at); #held += 1;)
    }

    /// Pops it, but for its turn.
    fn bring_state(&self, state: &[SlotId]) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        state
            .iter()
            .rev()
            .map(|&id| {
                let slot = self.function.slot(id);
                let name = &slot.name;
                match slot.reference {
                    true => quote!(#private::Primal::bring(&mut *#name, #tape);),
                    false => self.load(&Place::whole(id)),
                }
            })
            .collect()
    }
}
