//! Prints writes together with their tangents.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::super::Emitter;
use crate::ir::scalar::{Aggregate, Assign, Inert, Place, Rhs, SlotId, Stmt, StmtId, Value};
use crate::names;

impl Emitter<'_> {
    /// An assignment to something active, or a call that writes something active.
    pub(in crate::emit::scalar) fn assign_with_tangent(
        &self,
        assign: &Assign,
        stmt: &Stmt,
    ) -> TokenStream {
        let save = if self.saved(assign) {
            self.keep(stmt.id, &assign.target)
        } else {
            TokenStream::new()
        };
        let [value, t_value] = ["__value", "__t_value"].map(names::local);
        let compute = match &assign.value {
            Rhs::Value(of) => self.bind(of, &value, &t_value),
            Rhs::Constant(code) => {
                let zero = self.zero_tangent(&quote!(#value));
                quote!(let #value = #code; let #t_value = #zero;)
            }
            Rhs::Cast(of, ty) => {
                let (private, lanes) = (&self.private, Self::lanes());
                let [operand, t_operand] = ["__operand", "__t_operand"].map(names::local);
                let bound = self.bind(of, &operand, &t_operand);
                quote! {
                    #bound
                    let #value = #operand as #ty;
                    let #t_value =
                        #private::cast_tangent::<#lanes, _, #ty>(&#operand, #t_operand);
                }
            }
            Rhs::Aggregate(kind, values) => {
                let element = |prefix: &str, at: usize| {
                    format_ident!("{}{}", prefix, at, span = Span::mixed_site())
                };
                let at = 0..values.len();
                let names: Vec<_> = at.clone().map(|at| element("__e", at)).collect();
                let tangents: Vec<_> = at.map(|at| element("__t_e", at)).collect();
                let bound = values
                    .iter()
                    .zip(names.iter().zip(&tangents))
                    .map(|(of, (name, tangent))| self.bind(of, name, tangent));
                let plain = assembled(kind, &names);
                let along = match kind {
                    // The tangent of a structure has a name of its own.
                    Aggregate::Struct(_, members) => {
                        let zero = self.zero_tangent(&quote!(#value));
                        let whole = names::local("whole");
                        quote!({ let mut #whole = #zero; #(#whole.#members = #tangents;)* #whole })
                    }
                    _ => assembled(kind, &tangents),
                };
                quote! {
                    #(#bound)*
                    let #value = #plain;
                    let #t_value = #along;
                }
            }
            Rhs::Repeat(of, kind, count) => {
                let [one, t_one] = ["__one", "__t_one"].map(names::local);
                let bound = self.bind(of, &one, &t_one);
                let (plain, along) = (repeated(kind, &one, count), repeated(kind, &t_one, count));
                quote!(#bound let #value = #plain; let #t_value = #along;)
            }
            Rhs::Bound(bound) => {
                let plain = self.bound(bound);
                let zero = self.zero_tangent(&quote!(#value));
                let along = self.tangent_place(&bound.place).map_or(zero, |at| {
                    let (private, pattern, name) = (&self.private, &bound.shadow, &bound.name);
                    quote! {
                        match &#at {
                            #pattern => ::core::clone::Clone::clone(#name),
                            _ => #private::lost_shadow(),
                        }
                    }
                });
                quote!(let #value = #plain; let #t_value = #along;)
            }
            Rhs::Copied(place, how) => {
                let (plain, copy) = (self.place(place), how.method());
                let zero = self.zero_tangent(&quote!(#value));
                let along = self.tangent_place(place);
                let along = along.map_or(zero, |at| quote!(#at.#copy()));
                quote!(let #value = #plain.#copy(); let #t_value = #along;)
            }
            Rhs::Call(call) => {
                let called = self.call_with_tangent(call);
                quote!(let (#value, #t_value) = #called;)
            }
        };
        let target = self.place(&assign.target);
        let along = self.tangent_place(&assign.target);
        let along = along.map(|target| quote!(#target = #t_value;));
        quote!({ #compute #save #target = #value; #along })
    }

    /// `target.push(value)` on something active.
    pub(in crate::emit::scalar) fn push_with_tangent(
        &self,
        target: &Place,
        value: &Value,
    ) -> TokenStream {
        let [pushed, t_pushed] = ["__value", "__t_value"].map(names::local);
        let bound = self.bind(value, &pushed, &t_pushed);
        let (at, along) = (self.place(target), self.tangent_place(target));
        let along = along.map(|at| quote!(#at.push(#t_pushed);));
        quote!({ #bound #at.push(#pushed); #along })
    }

    /// `into = from.pop()` on something active.
    pub(in crate::emit::scalar) fn pop_with_tangent(
        &self,
        id: StmtId,
        into: SlotId,
        from: &Place,
    ) -> TokenStream {
        let into = Place::whole(into);
        let save = if self.function.slot(into.root).needed {
            self.keep(id, &into)
        } else {
            TokenStream::new()
        };
        let (at, source) = (self.place(&into), self.place(from));
        let along = match (self.tangent_place(&into), self.tangent_place(from)) {
            (Some(at), Some(source)) => quote!(#at = #source.pop();),
            _ => TokenStream::new(),
        };
        quote!(#save #at = #source.pop(); #along)
    }
}

/// `[a, b]` and its kin, of names.
fn assembled(kind: &Aggregate, names: &[Ident]) -> TokenStream {
    match kind {
        Aggregate::Array => quote!([#(#names),*]),
        Aggregate::Vec => quote!(::std::vec![#(#names),*]),
        Aggregate::Tuple => quote!((#(#names,)*)),
        Aggregate::Struct(path, members) => quote!(#path { #(#members: #names),* }),
        Aggregate::Variant(path) => quote!(#path(#(#names),*)),
    }
}

/// `[a; n]` or `vec![a; n]`.
fn repeated(kind: &Aggregate, one: &Ident, count: &Inert) -> TokenStream {
    let count = &count.tokens;
    if matches!(kind, Aggregate::Vec) {
        quote!(::std::vec![#one; #count])
    } else {
        quote!([#one; #count])
    }
}
