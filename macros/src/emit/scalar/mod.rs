//! Prints a differentiated scalar function: one generic function that holds both passes, and the
//! companion around it.
//!
//! Both passes stand in one `__split<const PASS: u8>`, so that type inference spans them and the
//! macro never has to name the type of a local; monomorphisation drops the half that is not asked
//! for. Where both are, one follows the other in the same frame: what has no loop then lives in
//! registers, and no tape is touched.

mod aggregate;
mod body;
mod call;
mod check;
mod checkpoint;
mod companion;
mod direction;
mod entries;
mod forward;
mod jacobian;
mod joint;
mod lent;
mod links;
mod modes;
mod nested;
pub(crate) mod prelude;
mod pullback;
mod replay;
mod reverse;
mod second;
mod selected;
pub(crate) mod sibling;
mod storage;
mod tangent;
mod walk;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

pub(crate) use companion::expand;

use crate::autodiff::scalar::windows::Walk;
use crate::frontend::signature::{Passing, Signature};
use crate::ir::scalar::{Carried, Function, Place, Slot, SlotId, StmtId};
use crate::names;

/// What printing needs to know.
struct Emitter<'a> {
    function: &'a Function,
    signature: &'a Signature,
    private: TokenStream,
    storage: Storage<'a>,
    /// The turn that is printed, of a loop that runs forwards and backwards at once.
    turn: Option<&'a joint::Turn>,
    /// The windows of the loop that is printed, if it runs on windows.
    walk: Option<&'a Walk>,
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
            turn: self.turn,
            walk: self.walk,
            tangents: self.tangents,
        }
    }
}

impl Emitter<'_> {
    /// How straight-line code is printed.
    fn style(&self) -> body::Style<'_> {
        body::Style {
            private: &self.private,
            generic: !self.signature.floats.is_empty(),
        }
    }

    /// 1, of the type that is asked for where it stands.
    fn one(&self) -> TokenStream {
        self.style().number(1.0)
    }

    /// `__split`: the forward pass, the reverse pass, or one after the other.
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
        let shaped: Vec<&Slot> = self.shaped().map(|slot| self.function.slot(slot)).collect();
        let save_shapes = shaped
            .iter()
            .map(|Slot { name, .. }| quote!(#private::Val::save_shape(&#name, #tape);));
        let shaped_shadows = shaped.iter().map(|Slot { name, .. }| {
            let shadow = names::shadow(name);
            quote!(let mut #shadow = #private::Val::zero_like(&#name);)
        });
        let load_shapes = shaped.iter().rev().map(|Slot { name, .. }| {
            let shadow = names::shadow(name);
            quote!(#private::Val::load_shape(&mut #shadow, #tape);)
        });
        let (slots, shadows) = (self.slot_declarations(), self.shadow_declarations(&shaped));
        let returned = function.params.iter().map(|&id| self.return_shadow(id));
        let d_result = names::shadow(result);
        let body = body_label();
        let (generics, bounds) = self.generics(quote!(const PASS: u8));
        let value = names::local("value");
        let params = self.primal_params();
        let shadow_params = self.shadow_params();
        let seeded = if function.slot(function.result).active {
            match output {
                // The seed of a loss says nothing of how long the lists beside it are.
                syn::Type::Tuple(parts) if !parts.elems.is_empty() => quote! {
                    if PASS == #private::pass::BOTH {
                        #private::Val::accumulate(&mut #d_result, &#seed);
                    } else {
                        #d_result = ::core::clone::Clone::clone(&#seed);
                    }
                },
                _ => quote!(#d_result = ::core::clone::Clone::clone(&#seed);),
            }
        } else {
            quote!()
        };
        quote! {
            #[inline]
            fn __split #generics (
                #(#params,)* #(#shadow_params,)* #seed: #output, #tape: &mut #private::Tape
            ) -> #output #bounds {
                #(#items)*
                #slots
                if #private::pass::runs(PASS) {
                    #body: { #forward }
                }
                if !#private::pass::reverses(PASS) {
                    #(#save)*
                    #(#save_shapes)*
                    return #result;
                }
                #(#shaped_shadows)*
                let #value = if PASS == #private::pass::BOTH {
                    ::core::clone::Clone::clone(&#result)
                } else {
                    #(#load_shapes)*
                    #(#load)*
                    ::core::clone::Clone::clone(&#seed)
                };
                #shadows
                #seeded
                #reverse
                #(#returned)*
                #value
            }
        }
    }

    fn slot_declarations(&self) -> TokenStream {
        let private = &self.private;
        let (found, lent) = (self.found_declarations(), self.lent_declarations());
        let slots = self.locals().map(|slot| {
            let (name, ty) = (&slot.name, slot.ty.iter());
            let tangent = (self.tangents && slot.active).then(|| {
                let tangent = names::tangent(name);
                let zero = self.zero_tangent(&quote!(#name));
                quote!(let mut #tangent = #zero;)
            });
            quote!(let mut #name #(: #ty)* = #private::Val::blank(); #tangent)
        });
        quote!(#(#slots)* #found #lent)
    }

    /// Shadows of the shape that their variable has now, but for those that are there already.
    fn shadow_declarations(&self, but: &[&Slot]) -> TokenStream {
        let private = &self.private;
        let locals = self.function.slots.iter().filter(|slot| {
            slot.active && !slot.reference && !but.iter().any(|other| other.name == slot.name)
        });
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
        place.within(&self.function.slot(place.root).name, false)
    }

    /// The shadow of a place in a local.
    fn shadow(&self, place: &Place) -> TokenStream {
        if let Some((shadow, None)) = self.shadow_in_window(place) {
            return shadow;
        }
        place.within(&names::shadow(&self.function.slot(place.root).name), true)
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
