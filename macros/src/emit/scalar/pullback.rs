//! `__pullback`: both passes of a function of scalars in one call. Without a loop and an early exit it
//! is one straight piece of code without a tape, which fused tensor kernels inline; any other function
//! runs its two halves over a tape.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Emitter, Storage, arm_name, kept_name};
use crate::frontend::shape::Shape;
use crate::frontend::signature::Passing;
use crate::ir::scalar::{Block, Rhs, StmtKind};
use crate::names;

impl Emitter<'_> {
    /// The pullback, or nothing for a function that has none.
    pub(super) fn pullback(&self) -> TokenStream {
        let scalars = self.signature.params.iter().all(|param| {
            param.passing == Passing::Value && matches!(param.shape, Shape::Float | Shape::Discrete)
        });
        if !scalars {
            return TokenStream::new();
        }
        let mut kept = TokenStream::new();
        if !self.declare(&self.function.body, &mut kept) {
            return self.taped_pullback();
        }
        let locals = self.storing(Storage::Locals);
        let private = &self.private;
        let (generics, bounds) = self.generics(TokenStream::new());
        let [tape, seed] = ["tape", "cotangent"].map(names::local);
        let params = self.primal_params();
        let output = &self.signature.output;
        let forward = locals.forward(&self.function.body, &mut Vec::new());
        let reverse = locals.reverse(&self.function.body);
        let (slots, shadows) = (self.slot_declarations(), self.shadow_declarations(&[]));
        let result = self.function.slot(self.function.result);
        let d_result = names::shadow(&result.name);
        let seeded = if result.active {
            quote!(#d_result = #seed;)
        } else {
            quote!()
        };
        let floats = self.signature.params.iter().zip(&self.function.params);
        let (types, values): (Vec<_>, Vec<_>) = floats
            .filter(|(param, _)| param.shape == Shape::Float)
            .map(|(param, &id)| {
                let (ty, slot) = (&param.ty, self.function.slot(id));
                let shadow = names::shadow(&slot.name);
                (
                    quote!(#ty),
                    if slot.active {
                        quote!(#shadow)
                    } else {
                        quote!(#private::Val::blank())
                    },
                )
            })
            .unzip();
        let items = &self.function.items;
        quote! {
            #[doc(hidden)]
            #[inline(always)]
            pub fn __pullback #generics (
                #(#params,)* #seed: #output
            ) -> (#(#types,)*) #bounds {
                #(#items)*
                let #tape = &mut #private::Tape::default();
                #slots
                #kept
                #forward
                #shadows
                #seeded
                #reverse
                (#(#values,)*)
            }
        }
    }

    /// The two halves, one after the other.
    fn taped_pullback(&self) -> TokenStream {
        let private = &self.private;
        let (generics, bounds) = self.generics(TokenStream::new());
        let [tape, seed] = ["tape", "cotangent"].map(names::local);
        let output = &self.signature.output;
        let (mut params, mut primals, mut passed) = (Vec::new(), Vec::new(), Vec::new());
        let (mut shadows, mut types) = (Vec::new(), Vec::new());
        for (param, &id) in self.signature.params.iter().zip(&self.function.params) {
            let (name, ty) = (&self.function.slot(id).name, &param.ty);
            params.push(quote!(#name: #ty));
            primals.push(name);
            if param.shape == Shape::Float {
                let shadow = names::shadow(name);
                passed.push(quote!(Some(&mut #shadow)));
                shadows.push(shadow);
                types.push(ty);
            } else {
                passed.push(quote!(None));
            }
        }
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __pullback #generics (
                #(#params,)* #seed: #output
            ) -> (#(#types,)*) #bounds {
                #(let mut #shadows: #types = #private::Val::blank();)*
                #private::Tape::with(|#tape| {
                    Self::__forward(#(#primals,)* #tape);
                    Self::__reverse(#(#primals,)* #(#passed,)* #seed, #tape);
                });
                (#(#shadows,)*)
            }
        }
    }

    /// Declares the locals that keep old contents and arms; false if the block has a loop or can
    /// be left early.
    pub(super) fn declare(&self, block: &Block, kept: &mut TokenStream) -> bool {
        let private = &self.private;
        block.iter().all(|stmt| match &stmt.kind {
            StmtKind::Assign(assign) => {
                // The reverse of such a call wants the tape of its forward half.
                if let Rhs::Call(call) = &assign.value
                    && call.written().next().is_some()
                {
                    return false;
                }
                if self.saved(assign) {
                    let name = kept_name(stmt.id);
                    kept.extend(quote!(let mut #name = #private::Val::blank();));
                    if self.tangent_place(&assign.target).is_some() {
                        let along = names::tangent(&name);
                        kept.extend(quote!(let mut #along = #private::Val::blank();));
                    }
                }
                true
            }
            StmtKind::If {
                then, otherwise, ..
            } => {
                let name = arm_name(stmt.id);
                kept.extend(quote!(let mut #name = false;));
                self.declare(then, kept) && self.declare(otherwise, kept)
            }
            StmtKind::Loop(_)
            | StmtKind::Jump(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. } => false,
        })
    }
}
