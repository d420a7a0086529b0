//! Prints a differentiated scalar function: one generic function that holds both passes, and the
//! companion around it.
//!
//! Both passes stand in one `__split<const REV: bool>`, so that type inference spans them and the
//! macro never has to name the type of a local; monomorphisation drops the other half.

mod body;
mod check;
mod companion;
mod forward;
mod modes;
pub(crate) mod prelude;
mod pullback;
mod replay;
mod reverse;
mod second;
mod tangent;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

pub(crate) use companion::expand;

use crate::autodiff::scalar::reversal::for_each_loop;
use crate::autodiff::scalar::uses::Uses;
use crate::frontend::signature::{Passing, Signature};
use crate::ir::scalar::{
    Assign, Block, Call, Carried, Function, Head, Inert, Place, Reversal, Slot, SlotId, StmtId,
    StmtKind,
};
use crate::names;

/// What printing needs to know.
struct Emitter<'a> {
    function: &'a Function,
    signature: &'a Signature,
    private: TokenStream,
    storage: Storage<'a>,
    /// Whether every active variable and every shadow is accompanied by its tangent.
    tangents: bool,
}

/// Where what the reverse pass needs is kept.
#[derive(Clone, Copy)]
enum Storage<'a> {
    /// On the tape: always right.
    Tape,
    /// In one local per statement: for code that runs every statement at most once.
    Locals,
    /// The same, in a turn of a loop that is run again: what only the forward pass wants, and what
    /// is only added to, is left out.
    Turn(&'a Carried),
    /// Nowhere: for loops that keep nothing of a turn, and where there is no reverse pass.
    Nowhere,
}

/// The label of the function body, which `return` leaves.
fn body_label() -> syn::Lifetime {
    syn::Lifetime::new("'function", Span::mixed_site())
}

impl<'a> Emitter<'a> {
    /// The same emitter with another storage.
    fn storing<'b>(&'b self, storage: Storage<'b>) -> Emitter<'b>
    where
        'a: 'b,
    {
        Emitter {
            function: self.function,
            signature: self.signature,
            private: self.private.clone(),
            storage,
            tangents: self.tangents,
        }
    }
}

impl Emitter<'_> {
    /// `__split`: the forward pass, or the reverse pass.
    fn split(&self) -> TokenStream {
        let Emitter {
            function,
            signature,
            private,
            ..
        } = self;
        let tape = names::local("tape");
        let seed = names::local("seed");
        let output = &signature.output;
        let items = &function.items;
        let result = &function.slot(function.result).name;
        let (forward, reverse) = (
            self.forward(&function.body, &mut Vec::new()),
            self.reverse(&function.body),
        );
        let kept: Vec<SlotId> = self.kept().collect();
        let save = kept.iter().map(|&slot| self.save_slot(slot));
        let load = kept.iter().rev().map(|&slot| self.load_slot(slot));
        let (slots, shadows) = (self.slot_declarations(), self.shadow_declarations());
        let returned = function.params.iter().map(|&id| self.return_shadow(id));
        let d_result = names::shadow(result);
        let body = body_label();
        let (generics, bounds) = self.generics(quote!(const REV: bool));
        let params = self.primal_params();
        let shadow_params = self.shadow_params();
        let seeded = if function.slot(function.result).active {
            quote!(#d_result = #seed;)
        } else {
            quote!()
        };
        quote! {
            fn __split #generics (
                #(#params,)* #(#shadow_params,)* #seed: #output, #tape: &mut #private::Tape
            ) -> #output #bounds {
                #(#items)*
                #slots
                if !REV {
                    #body: { #forward }
                    #(#save)*
                    #result
                } else {
                    #(#load)*
                    #shadows
                    #seeded
                    #reverse
                    #(#returned)*
                    #seed
                }
            }
        }
    }

    fn slot_declarations(&self) -> TokenStream {
        let private = &self.private;
        self.locals()
            .map(|slot| {
                let (name, ty) = (&slot.name, slot.ty.iter());
                let tangent = (self.tangents && slot.active).then(|| {
                    let tangent = names::tangent(name);
                    let zero = self.zero_tangent(&quote!(#name));
                    quote!(let mut #tangent = #zero;)
                });
                quote!(let mut #name #(: #ty)* = #private::Val::blank(); #tangent)
            })
            .collect()
    }

    fn shadow_declarations(&self) -> TokenStream {
        let private = &self.private;
        let locals = self
            .function
            .slots
            .iter()
            .filter(|slot| slot.active && !slot.reference);
        locals
            .map(|Slot { name, .. }| {
                let shadow = names::shadow(name);
                let tangent = self.tangents.then(|| {
                    let tangent = names::tangent(&shadow);
                    let zero = self.zero_tangent(&quote!(#name));
                    quote!(let mut #tangent = #zero;)
                });
                quote!(let mut #shadow = #private::Val::zero_like(&#name); #tangent)
            })
            .collect()
    }

    /// Slots that are locals of `__split`.
    fn locals(&self) -> impl Iterator<Item = &Slot> {
        let params = &self.function.params;
        self.function
            .slots
            .iter()
            .enumerate()
            .filter(|(index, _)| !params.contains(&SlotId(*index as u32)))
            .map(|(_, slot)| slot)
    }

    /// Slots whose final content the reverse pass starts from.
    fn kept(&self) -> impl Iterator<Item = SlotId> {
        (0..self.function.slots.len() as u32)
            .map(SlotId)
            .filter(|&slot| self.function.slot(slot).needed && self.is_written(slot))
            .filter(|&slot| !self.is_rebuilt(slot))
    }

    /// Whether a slot is the variable of a loop that the reverse pass runs over its range.
    fn is_rebuilt(&self, slot: SlotId) -> bool {
        let mut rebuilt = false;
        for_each_loop(&self.function.body, &mut |of| {
            rebuilt |= matches!(of.head, Head::For { variable, .. } if variable == Some(slot))
                && !matches!(of.reversal, Reversal::Counted);
        });
        rebuilt
    }

    /// Whether the reverse pass finds a slot with the content that it had here.
    fn is_restored(&self, slot: SlotId) -> bool {
        let Slot {
            needed, reference, ..
        } = *self.function.slot(slot);
        needed || reference || self.is_rebuilt(slot) || !self.is_written(slot)
    }

    /// Whether the reverse pass finds out which arm of an `if` ran by evaluating the condition.
    fn is_evident(&self, condition: &Inert, then: &Block, otherwise: &Block) -> bool {
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

    /// Whether a slot is ever written; a parameter may not be.
    fn is_written(&self, slot: SlotId) -> bool {
        let mut written = !self.function.params.contains(&slot);
        crate::ir::scalar::for_each_assign(&self.function.body, &mut |assign| {
            written |= assign.target.root == slot;
        });
        written
    }

    /// Hands the cotangent of a parameter that was passed by value to the caller.
    fn return_shadow(&self, id: SlotId) -> TokenStream {
        let Slot {
            name,
            active,
            reference,
            ..
        } = self.function.slot(id);
        if *reference || !*active {
            return TokenStream::new();
        }
        let private = &self.private;
        let hand_over = |shadow: Ident, outer: Ident| quote!(if let Some(outer) = #outer { #private::Val::accumulate(outer, &#shadow); });
        let (shadow, outer) = (names::shadow(name), outer_shadow(name));
        let tangent = self
            .tangents
            .then(|| hand_over(names::tangent(&shadow), names::tangent(&outer)));
        let primal = hand_over(shadow, outer);
        quote!(#primal #tangent)
    }

    /// The parameters of the primal, by value ones mutable.
    fn primal_params(&self) -> Vec<TokenStream> {
        self.signature
            .params
            .iter()
            .zip(&self.function.params)
            .map(|(param, &slot)| {
                let (name, ty) = (&self.function.slot(slot).name, &param.ty);
                match param.passing {
                    Passing::Value => quote!(mut #name: #ty),
                    Passing::Shared => quote!(#name: &#ty),
                    Passing::Exclusive => quote!(#name: &mut #ty),
                }
            })
            .collect()
    }

    /// One optional shadow per parameter: `None` where the caller wants no derivative.
    fn shadow_params(&self) -> Vec<TokenStream> {
        self.signature
            .params
            .iter()
            .zip(&self.function.params)
            .map(|(param, &id)| {
                let slot = self.function.slot(id);
                let ty = &param.ty;
                let name = if slot.reference {
                    names::shadow(&slot.name)
                } else {
                    outer_shadow(&slot.name)
                };
                quote!(mut #name: Option<&mut #ty>)
            })
            .collect()
    }

    /// The user's generics with one more, and their where clause.
    fn generics(&self, more: TokenStream) -> (TokenStream, TokenStream) {
        let params = self.signature.generics.params.iter();
        let bounds = &self.signature.generics.where_clause;
        (quote!(<#(#params,)* #more>), quote!(#bounds))
    }

    /// A place as it is written in generated code.
    fn place(&self, place: &Place) -> TokenStream {
        let (name, path) = (&self.function.slot(place.root).name, &place.path);
        if place.deref {
            quote!((*#name))
        } else {
            quote!(#name #path)
        }
    }

    /// The shadow of a place in a local.
    fn shadow(&self, place: &Place) -> TokenStream {
        let (shadow, path) = (
            names::shadow(&self.function.slot(place.root).name),
            &place.path,
        );
        quote!(#shadow #path)
    }

    /// Keeps the old content of the target of a statement.
    fn keep(&self, stmt: StmtId, target: &Place) -> TokenStream {
        match self.storage {
            Storage::Nowhere => TokenStream::new(),
            Storage::Tape => self.save(target),
            Storage::Locals | Storage::Turn(_) => {
                let (kept, target) = (kept_name(stmt), self.place(target));
                quote!(#kept = ::core::clone::Clone::clone(&#target);)
            }
        }
    }

    /// Brings it back.
    fn restore(&self, stmt: StmtId, target: &Place) -> TokenStream {
        match self.storage {
            Storage::Nowhere => TokenStream::new(),
            Storage::Tape => self.load(target),
            Storage::Locals | Storage::Turn(_) => {
                let (kept, target) = (kept_name(stmt), self.place(target));
                quote!(#target = #kept;)
            }
        }
    }

    /// Pushes the content of a place, and its tangent.
    fn save(&self, place: &Place) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let tangent = self.tangent_place(place);
        let tangent = tangent.map(|tangent| quote!(#private::Val::save(&#tangent, #tape);));
        let place = self.place(place);
        quote!(#private::Val::save(&#place, #tape); #tangent)
    }

    /// Pops the tangent and the content of a place.
    fn load(&self, place: &Place) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let tangent = self.tangent_place(place);
        let tangent = tangent.map(|tangent| quote!(#private::Val::load(&mut #tangent, #tape);));
        let place = self.place(place);
        quote!(#tangent #private::Val::load(&mut #place, #tape);)
    }

    /// Whether an assignment saves what it overwrites.
    fn saved(&self, assign: &Assign) -> bool {
        let target = assign.target.root;
        self.function.slot(target).needed
            && match self.storage {
                Storage::Tape | Storage::Locals => !assign.fresh,
                Storage::Turn(carried) => !assign.declares && !carried.sums.contains(&target),
                Storage::Nowhere => false,
            }
    }

    fn save_slot(&self, slot: SlotId) -> TokenStream {
        if self.function.slot(slot).needed && matches!(self.storage, Storage::Tape) {
            self.save(&Place::whole(slot))
        } else {
            TokenStream::new()
        }
    }

    fn load_slot(&self, slot: SlotId) -> TokenStream {
        if self.function.slot(slot).needed {
            self.load(&Place::whole(slot))
        } else {
            TokenStream::new()
        }
    }

    /// Whether the reverse pass has nothing to do for a block, so that its control flow need not
    /// be recorded.
    fn silent(&self, block: &Block) -> bool {
        block.iter().all(|stmt| match &stmt.kind {
            StmtKind::Assign(assign) => {
                !self.saved(assign) && !self.function.slot(assign.target.root).active
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
                Reversal::Replayed(_) => false,
                Reversal::Skipped(carried) => self.changed(carried).next().is_none(),
            },
            StmtKind::Jump(_) => false,
        })
    }

    /// Code that calls a companion. If the callee has none, the name falls through to an empty
    /// struct of the same name, and the only error is that this struct is not differentiable.
    fn linked(
        &self,
        call: &Call,
        method: &str,
        code: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let path = &call.callee;
        let Some(last) = path.segments.last().map(|segment| &segment.ident) else {
            return TokenStream::new();
        };
        let method = Ident::new(method, last.span());
        if path.get_ident() == Some(&self.signature.name) {
            return code(quote_spanned!(last.span()=> Self::#method));
        }
        let private = &self.private;
        let import = names::local("__callee");
        let arity = format_ident!("Arity{}", call.args.len());
        let code = code(quote_spanned!(last.span()=> #last::#method));
        let fallback = match self.storage {
            _ if self.tangents => quote!(unmarked_modes),
            // `__split` has reported it.
            Storage::Locals => quote!(unmarked::again),
            Storage::Tape | Storage::Turn(_) | Storage::Nowhere => quote!(unmarked),
        };
        quote! {{
            use #path as #import;
            {
                struct #last {}
                {
                    use #import as #last;
                    use #private::#fallback::#arity as _;
                    #code
                }
            }
        }}
    }
}

/// The local that keeps what a statement overwrote.
fn kept_name(stmt: StmtId) -> Ident {
    format_ident!("kept_{}", stmt.0, span = Span::mixed_site())
}

/// The local that says which arm of a statement ran.
fn arm_name(stmt: StmtId) -> Ident {
    format_ident!("arm_{}", stmt.0, span = Span::mixed_site())
}

/// The caller's shadow of a parameter that is passed by value.
fn outer_shadow(name: &Ident) -> Ident {
    format_ident!("d_{}_outer", name, span = Span::mixed_site())
}
