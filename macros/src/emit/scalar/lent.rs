//! Prints what depends on whether another function reads what is lent: to this function, or by it.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use super::Emitter;
use crate::autodiff::scalar::lending;
use crate::ir::scalar::{Call, Slot, SlotId};

impl Emitter<'_> {
    /// Whether code about a slot depends on that.
    fn is_doubtful(&self, slot: SlotId) -> bool {
        self.function.slot(slot).doubtful && !self.tangents
    }

    /// Constants that say of each such slot whether what it holds is kept.
    pub(super) fn lent_declarations(&self) -> TokenStream {
        let private = &self.private;
        let slots = (0..self.function.slots.len() as u32).map(SlotId);
        slots
            .filter(|&slot| self.is_doubtful(slot))
            .map(|id| {
                let slot = self.function.slot(id);
                let keeps = keeps(slot);
                let caller = match slot.exclusive {
                    true => quote!(#private::pass::keeps(PASS)),
                    false => quote!(false),
                };
                let others = lending::borrowers(self.function, id);
                let others = others.into_iter().map(|(call, at)| {
                    let at = Literal::usize_unsuffixed(at);
                    let reads = self.constant_of(call, "__READS");
                    quote!(| (#reads >> #at & 1 == 1))
                });
                quote!(let #keeps = #caller #(#others)*;)
            })
            .collect()
    }

    /// Code that keeps or brings back what a slot holds.
    pub(super) fn if_kept(&self, slot: SlotId, code: TokenStream) -> TokenStream {
        if code.is_empty() || !self.is_doubtful(slot) {
            return code;
        }
        let keeps = keeps(self.function.slot(slot));
        quote!(if #keeps { #code })
    }

    /// A call of one of the two passes of another function, by `__forward` or `__reverse`: where all
    /// that is lent to it may be lost, its pass of that kind.
    pub(super) fn lending_call(
        &self,
        call: &Call,
        method: &str,
        arguments: Vec<TokenStream>,
    ) -> TokenStream {
        let lent: Vec<SlotId> = call.written().map(|place| place.root).collect();
        let may_lose = !lent.is_empty() && lent.iter().all(|&slot| self.is_doubtful(slot));
        let plain = self.linked(call, method, arguments.clone());
        if !may_lose {
            return plain;
        }
        let keeps = lent.iter().map(|&slot| keeps(self.function.slot(slot)));
        let losing = self.linked(call, &method.replace("__", "__losing_"), arguments);
        quote!(if #(#keeps)||* { #plain } else { #losing })
    }

    /// What the companion says of its parameters: a bit for each that the reverse pass reads.
    pub(super) fn reads_constant(&self) -> TokenStream {
        let params = self.function.params.iter().enumerate();
        let bits = params
            .filter(|(at, param)| *at >= 64 || lending::reads(self.function, **param))
            .fold(0_u64, |bits, (at, _)| {
                bits | 1_u64.checked_shl(at as u32).unwrap_or(0)
            });
        quote! {
            #[doc(hidden)]
            pub const __READS: u64 = #bits;
        }
    }
}

/// The constant that says whether what a slot holds is kept.
fn keeps(slot: &Slot) -> Ident {
    format_ident!("keeps_{}", slot.name, span = Span::mixed_site())
}
