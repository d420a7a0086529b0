//! What the forward pass keeps and the reverse pass brings back: contents where they are read
//! again, shapes where only the shadow needs them, and how control flowed.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Emitter, Storage, kept_name};
use crate::autodiff::scalar::reversal::for_each_loop;
use crate::autodiff::scalar::uses::Uses;
use crate::autodiff::scalar::windows::is_typed_number;
use crate::ir::scalar::{
    Assign, Block, Head, Inert, Place, Reversal, Rhs, Slot, SlotId, Stmt, StmtId, StmtKind,
};
use crate::names;

impl Emitter<'_> {
    /// Slots whose final content the reverse pass starts from.
    pub(super) fn kept(&self) -> impl Iterator<Item = SlotId> {
        (0..self.function.slots.len() as u32)
            .map(SlotId)
            .filter(|&id| {
                let slot = self.function.slot(id);
                slot.needed && !slot.reference && self.is_written(id) && !self.is_rebuilt(id)
            })
    }

    /// Whether a slot is the variable of a loop that the reverse pass runs over its range.
    pub(super) fn is_rebuilt(&self, slot: SlotId) -> bool {
        let mut rebuilt = false;
        for_each_loop(&self.function.body, &mut |of| {
            rebuilt |= matches!(of.head, Head::For { variable, .. } if variable == Some(slot))
                && !matches!(of.reversal, Reversal::Counted | Reversal::Checkpointed(..));
        });
        rebuilt
    }

    /// Whether the reverse pass finds a slot with the content that it had here.
    pub(super) fn is_restored(&self, slot: SlotId) -> bool {
        let Slot {
            needed,
            reference,
            doubtful,
            ..
        } = *self.function.slot(slot);
        !doubtful && (needed || reference) || self.is_rebuilt(slot) || !self.is_written(slot)
    }

    /// Whether the reverse pass finds out which arm of an `if` ran by evaluating the condition.
    pub(super) fn is_evident(&self, condition: &Inert, then: &Block, otherwise: &Block) -> bool {
        let (then, otherwise) = (Uses::of(then), Uses::of(otherwise));
        matches!(self.storage, Storage::Tape)
            && !self.function.taped
            && !condition.impure
            && condition.reads.iter().all(|slot| {
                self.is_restored(*slot)
                    && !then.writes.contains(slot)
                    && !otherwise.writes.contains(slot)
            })
    }

    /// Slots of whose final content the reverse pass needs the shape alone, for their shadow.
    pub(super) fn shaped(&self) -> impl Iterator<Item = SlotId> {
        (0..self.function.slots.len() as u32)
            .map(SlotId)
            .filter(|&id| {
                let slot = self.function.slot(id);
                slot.active && !slot.needed && !slot.reference && self.is_written(id)
            })
    }

    /// Whether a slot has another content in the end than in the beginning.
    pub(super) fn is_written(&self, slot: SlotId) -> bool {
        !self.function.params.contains(&slot) || self.function.writes(slot)
    }

    /// Keeps the old content of the target of a statement.
    pub(super) fn keep(&self, stmt: StmtId, target: &Place) -> TokenStream {
        match self.storage {
            Storage::Nowhere => TokenStream::new(),
            Storage::Tape => self.save(target),
            Storage::Locals | Storage::Turn(_) => {
                let (kept, place) = (kept_name(stmt), self.place(target));
                let along = self.tangent_place(target).map(|place| {
                    let kept = names::tangent(&kept);
                    quote!(#kept = ::core::clone::Clone::clone(&#place);)
                });
                quote!(#kept = ::core::clone::Clone::clone(&#place); #along)
            }
        }
    }

    /// Brings it back.
    pub(super) fn restore(&self, stmt: StmtId, target: &Place) -> TokenStream {
        match self.storage {
            Storage::Nowhere => TokenStream::new(),
            Storage::Tape => self.load(target),
            Storage::Locals | Storage::Turn(_) => {
                let (kept, place) = (kept_name(stmt), self.place(target));
                let along = self.tangent_place(target).map(|place| {
                    let kept = names::tangent(&kept);
                    quote!(#place = #kept;)
                });
                quote!(#place = #kept; #along)
            }
        }
    }

    /// Pushes the content of a place, and its tangent.
    pub(super) fn save(&self, place: &Place) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let tangent = self.tangent_place(place);
        let place = self.place(place);
        match tangent {
            Some(tangent) => quote!(#private::save_both(&#place, &#tangent, #tape);),
            None => quote!(#private::Val::save(&#place, #tape);),
        }
    }

    /// Pops the tangent and the content of a place.
    pub(super) fn load(&self, place: &Place) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let tangent = self.tangent_place(place);
        let place = self.place(place);
        match tangent {
            Some(tangent) => quote!(#private::load_both(&mut #place, &mut #tangent, #tape);),
            None => quote!(#private::Val::load(&mut #place, #tape);),
        }
    }

    /// Saves what a write to a place is about to lose: the content, or what the shadow must know of
    /// its shape.
    pub(super) fn save_old(
        &self,
        stmt: StmtId,
        target: &Place,
        saved: bool,
        fresh: bool,
    ) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let at = self.place(target);
        if saved {
            self.if_kept(target.root, self.keep(stmt, target))
        } else if self.shaped_by(target, fresh) {
            quote!(#private::Val::save_shape(&#at, #tape);)
        } else {
            TokenStream::new()
        }
    }

    /// Whether the shape of what is overwritten is saved for the shadow, since the content is not.
    pub(super) fn shaped_by(&self, target: &Place, fresh: bool) -> bool {
        let slot = self.function.slot(target.root);
        slot.active && !slot.needed && !fresh && matches!(self.storage, Storage::Tape)
    }

    /// Brings the content back and binds `cotangent` to that of the place, whose shadow becomes
    /// zero in the shape that the place has now again.
    pub(super) fn take_cotangent(
        &self,
        stmt: StmtId,
        target: &Place,
        saved: bool,
        fresh: bool,
    ) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let cotangent = names::local("cotangent");
        let at = self.place(target);
        let load = if saved {
            self.if_kept(target.root, self.restore(stmt, target))
        } else {
            TokenStream::new()
        };
        if !self.function.slot(target.root).active {
            return load;
        }
        let take = self.on_shadow(target, |shadow| {
            if saved && !self.is_float(target) {
                quote!(::core::mem::replace(&mut #shadow, #private::Val::zero_like(&#at)))
            } else if self.shaped_by(target, fresh) {
                let taken = names::local("taken");
                quote!({
                    let #taken = ::core::mem::replace(&mut #shadow, #private::Val::blank());
                    #private::Val::load_shape(&mut #shadow, #tape);
                    #taken
                })
            } else {
                quote!(#private::Val::take(&mut #shadow))
            }
        });
        quote!(#load let #cotangent = #take;)
    }

    /// Whether a place is a whole variable that is known to be a float: then its shadow has one shape
    /// only.
    pub(super) fn is_float(&self, place: &Place) -> bool {
        place.path.is_empty() && !place.deref && is_typed_number(self.function, place.root)
    }

    /// A value computed from the shadow of a place, which must be there.
    pub(super) fn on_shadow(
        &self,
        place: &Place,
        with: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let shadow = names::shadow(&self.function.slot(place.root).name);
        self.on_shadow_named(&shadow, place, with)
    }

    /// The same for a shadow, or the tangent of a shadow, of that name.
    pub(super) fn on_shadow_named(
        &self,
        shadow: &Ident,
        place: &Place,
        with: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let private = &self.private;
        self.shadow_or(shadow, place, with, Some(quote!(#private::lost_shadow())))
    }

    /// Runs `with` on the shadow of a place; where the caller of this function does not want the shadow,
    /// `missing` stands for it, or nothing.
    pub(super) fn shadow_or(
        &self,
        shadow: &Ident,
        place: &Place,
        with: impl FnOnce(TokenStream) -> TokenStream,
        missing: Option<TokenStream>,
    ) -> TokenStream {
        let (wanted, code) = match self.shadow_in_window(place) {
            Some((shadow, None)) => return with(shadow),
            Some((shadow, Some(wanted))) => (quote!(#wanted), with(shadow)),
            None if !self.function.slot(place.root).reference => {
                return with(place.within(shadow, true));
            }
            None => {
                let inner = names::local("inner");
                let wanted = quote!(let Some(#inner) = #shadow.as_deref_mut());
                (wanted, with(self.inner_shadow(place)))
            }
        };
        let missing = missing.map(|missing| quote!(else { #missing }));
        quote!(if #wanted { #code } #missing)
    }

    /// The shadow of a place of a reference parameter, where `inner` is that of the parameter.
    pub(super) fn inner_shadow(&self, place: &Place) -> TokenStream {
        place.within(&names::local("inner"), true)
    }

    /// Whether an assignment saves what it overwrites.
    pub(super) fn saved(&self, assign: &Assign) -> bool {
        let target = assign.target.root;
        self.function.slot(target).needed
            && self
                .turn
                .is_none_or(|turn| !turn.forgets(target, assign.declares))
            && match self.storage {
                Storage::Tape | Storage::Locals => !assign.fresh,
                Storage::Turn(carried) => !assign.declares && carried.runs_again(target),
                Storage::Nowhere => false,
            }
    }

    pub(super) fn save_slot(&self, slot: SlotId) -> TokenStream {
        if self.function.slot(slot).needed && matches!(self.storage, Storage::Tape) {
            self.save(&Place::whole(slot))
        } else {
            TokenStream::new()
        }
    }

    pub(super) fn load_slot(&self, slot: SlotId) -> TokenStream {
        if self.function.slot(slot).needed {
            self.load(&Place::whole(slot))
        } else {
            TokenStream::new()
        }
    }

    /// Whether the reverse pass has nothing to do for a block, so that its control flow need not
    /// be recorded.
    pub(super) fn silent(&self, block: &Block) -> bool {
        block.iter().all(|stmt| match &stmt.kind {
            StmtKind::Assign(_) | StmtKind::Push { .. } | StmtKind::Pop { .. } => {
                !self.leaves_record(stmt)
            }
            StmtKind::If {
                then, otherwise, ..
            } => self.silent(then) && self.silent(otherwise),
            StmtKind::Loop(of) => match &of.reversal {
                Reversal::Counted => {
                    let restored = match &of.head {
                        Head::For {
                            variable: Some(slot),
                            ..
                        } => self.function.slot(*slot).needed,
                        _ => false,
                    };
                    !restored && self.silent(&of.body)
                }
                Reversal::Rebuilt => self.silent(&of.body),
                Reversal::Replayed(_) | Reversal::Checkpointed(..) | Reversal::Selected(_) => false,
                Reversal::Skipped(carried) => self.changes_nothing(carried),
            },
            StmtKind::Jump(_) => false,
        })
    }

    /// Whether the reverse pass has something to do for a statement.
    pub(super) fn leaves_record(&self, stmt: &Stmt) -> bool {
        let restored = match &stmt.kind {
            StmtKind::Assign(assign) => match &assign.value {
                Rhs::Call(call) => {
                    let needed = |place: &Place| self.function.slot(place.root).needed;
                    self.saved(assign) || call.written().any(needed)
                }
                _ => self.saved(assign),
            },
            _ => {
                let targets = stmt.flow().targets;
                targets.iter().any(|&id| self.function.slot(id).needed)
            }
        };
        restored || self.visited(stmt)
    }

    /// Whether the reverse pass visits a statement for the sake of a derivative.
    pub(super) fn visited(&self, stmt: &Stmt) -> bool {
        let targets = stmt.flow().targets;
        targets.iter().any(|&id| self.function.slot(id).active)
    }
}
