//! Prints the reverse of writes together with the tangents of their cotangents.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use super::super::{Emitter, body};
use crate::autodiff::scalar::tangent;
use crate::ir::body::ValueId;
use crate::ir::scalar::{Aggregate, Assign, Place, Rhs, SlotId, Stmt, StmtId, Value};
use crate::names;

impl Emitter<'_> {
    /// The reverse of a write to something active, or of a call that writes something active.
    pub(in crate::emit::scalar) fn reverse_with_tangent(
        &self,
        assign: &Assign,
        stmt: &Stmt,
    ) -> TokenStream {
        let private = &self.private;
        let [cotangent, t_cotangent] = ["__cotangent", "__t_cotangent"].map(names::local);
        let take = self.take_with_tangent(stmt.id, &assign.target, self.saved(assign));
        if !self.function.slot(assign.target.root).active {
            // The result is an integer or nothing; what matters is written in place.
            let Rhs::Call(call) = &assign.value else {
                return take;
            };
            let back = self.reverse_call_with_tangent(call);
            return quote!({
                #take
                let #cotangent = #private::Val::blank();
                let #t_cotangent = #private::Val::blank();
                #back
            });
        }
        let (plain, along) = (quote!(#cotangent), quote!(#t_cotangent));
        let flows = match &assign.value {
            Rhs::Value(value) => self.flows_with_tangent(value, &plain, &along),
            Rhs::Constant(_) => TokenStream::new(),
            Rhs::Cast(value, ty) => {
                let operand = names::local("__operand");
                let (bound, lanes) = (self.joint(value), Self::lanes());
                let (bindings, computed) = (bound.bindings, bound.value);
                let flows = self.flows_with_tangent(value, &plain, &along);
                quote! {
                    let #operand = { #bindings #computed };
                    let #t_cotangent =
                        #private::cast_back_tangent::<#lanes, _, #ty>(&#operand, #t_cotangent);
                    let #cotangent = #private::Cast::cast_back(&#operand, #cotangent);
                    #flows
                }
            }
            Rhs::Aggregate(kind, values) => self.aggregate_back_with_tangent(kind, values),
            Rhs::Repeat(value, ..) => {
                let [part, t_part] = ["part", "__t_part"].map(names::local);
                let flows = self.flows_with_tangent(value, &quote!((*#part)), &quote!((*#t_part)));
                quote!(for (#part, #t_part) in #plain.iter().zip(&#along) { #flows })
            }
            Rhs::Bound(bound) => {
                let (pattern, name) = (&bound.shadow, &bound.name);
                self.on_both_shadows(&bound.place, &|at, cotangent| {
                    quote! {
                        match &mut #at {
                            #pattern => #private::Val::accumulate(#name, &#cotangent),
                            _ => #private::lost_shadow(),
                        }
                    }
                })
            }
            Rhs::Copied(place, how) => self.on_both_shadows(place, &|at, cotangent| {
                let at = how.content(at);
                quote!(#private::Primal::add(#at, &#cotangent);)
            }),
            Rhs::Call(call) => self.reverse_call_with_tangent(call),
        };
        quote!({ #take #flows })
    }

    /// Brings back what a write overwrote and binds the cotangent of the target and its tangent;
    /// both shadows become zero in the shape that the target has now again.
    fn take_with_tangent(&self, id: StmtId, target: &Place, saved: bool) -> TokenStream {
        let private = &self.private;
        let load = if saved {
            self.restore(id, target)
        } else {
            TokenStream::new()
        };
        let slot = self.function.slot(target.root);
        if !slot.active {
            return load;
        }
        let at = self.place(target);
        let shadow = names::shadow(&slot.name);
        let take = |name: &Ident, shadow: Ident, zero: TokenStream| {
            let taken = self.on_shadow_named(&shadow, target, |shadow| {
                if saved && !self.is_float(target) {
                    quote!(::core::mem::replace(&mut #shadow, #zero))
                } else {
                    quote!(#private::Val::take(&mut #shadow))
                }
            });
            quote!(let #name = #taken;)
        };
        let [cotangent, t_cotangent] = ["__cotangent", "__t_cotangent"].map(names::local);
        let plain = take(
            &cotangent,
            shadow.clone(),
            quote!(#private::Val::zero_like(&#at)),
        );
        let along = take(
            &t_cotangent,
            names::tangent(&shadow),
            self.zero_tangent(&at),
        );
        quote!(#load #plain #along)
    }

    /// Code on both shadows of a place, with the cotangent that belongs to each.
    fn on_both_shadows(
        &self,
        place: &Place,
        code: &dyn Fn(TokenStream, Ident) -> TokenStream,
    ) -> TokenStream {
        let slot = self.function.slot(place.root);
        if !slot.active {
            return TokenStream::new();
        }
        let shadow = names::shadow(&slot.name);
        let [cotangent, t_cotangent] = ["__cotangent", "__t_cotangent"].map(names::local);
        let plain = self.with_shadow_named(&shadow, place, |at| code(at, cotangent));
        let along =
            self.with_shadow_named(&names::tangent(&shadow), place, |at| code(at, t_cotangent));
        quote!(#plain #along)
    }

    fn aggregate_back_with_tangent(&self, kind: &Aggregate, values: &[Value]) -> TokenStream {
        let private = &self.private;
        let [cotangent, t_cotangent] = ["__cotangent", "__t_cotangent"].map(names::local);
        if let Aggregate::Variant(path) = kind {
            let part = |prefix: &str, at: usize| {
                format_ident!("{}{}", prefix, at, span = Span::mixed_site())
            };
            let names: Vec<_> = (0..values.len()).map(|at| part("part_", at)).collect();
            let along: Vec<_> = (0..values.len()).map(|at| part("__t_part_", at)).collect();
            let flows = values.iter().zip(names.iter().zip(&along));
            let flows = flows.map(|(value, (name, along))| {
                self.flows_with_tangent(value, &quote!(#name), &quote!(#along))
            });
            return quote! {
                match (#cotangent, #t_cotangent) {
                    (#path(#(#names),*), #path(#(#along),*)) => { #(#flows)* }
                    _ => #private::lost_shadow(),
                }
            };
        }
        values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let part = match kind {
                    Aggregate::Struct(_, members) => {
                        let member = &members[index];
                        quote!(.#member)
                    }
                    Aggregate::Tuple => {
                        let index = syn::Index::from(index);
                        quote!(.#index)
                    }
                    Aggregate::Array | Aggregate::Vec | Aggregate::Variant(_) => {
                        let index = Literal::usize_unsuffixed(index);
                        quote!([#index])
                    }
                };
                let (plain, along) = (quote!(#cotangent #part), quote!(#t_cotangent #part));
                self.flows_with_tangent(value, &plain, &along)
            })
            .collect()
    }

    /// The reverse of a push: the vector loses its last element again.
    pub(in crate::emit::scalar) fn reverse_push_with_tangent(
        &self,
        target: &Place,
        value: &Value,
    ) -> TokenStream {
        let private = &self.private;
        let slot = self.function.slot(target.root);
        let (at, t_at) = (self.place(target), self.tangent_place(target));
        let restore = slot.needed.then(|| quote!(#at.pop(); #t_at.pop();));
        let shadow = names::shadow(&slot.name);
        let [cotangent, t_cotangent] = ["__cotangent", "__t_cotangent"].map(names::local);
        let pop = |name: &Ident, shadow: &Ident| {
            let popped = self.on_shadow_named(shadow, target, |at| quote!(#at.pop()));
            quote! {
                let #name = match #popped {
                    Some(popped) => popped,
                    None => #private::lost_shadow(),
                };
            }
        };
        let (plain, along) = (
            pop(&cotangent, &shadow),
            pop(&t_cotangent, &names::tangent(&shadow)),
        );
        let flows = self.flows_with_tangent(value, &quote!(#cotangent), &quote!(#t_cotangent));
        quote!({ #restore #plain #along #flows })
    }

    /// The reverse of a pop: what was popped goes back.
    pub(in crate::emit::scalar) fn reverse_pop_with_tangent(
        &self,
        id: StmtId,
        into: SlotId,
        from: &Place,
    ) -> TokenStream {
        let target = Place::whole(into);
        let push = |to: TokenStream, popped: TokenStream| {
            quote!(if let Some(popped) = &#popped {
                #to.push(::core::clone::Clone::clone(popped));
            })
        };
        let mut code = TokenStream::new();
        if self.function.slot(from.root).needed {
            code.extend(push(self.place(from), self.place(&target)));
            if let (Some(to), Some(popped)) =
                (self.tangent_place(from), self.tangent_place(&target))
            {
                code.extend(push(to, popped));
            }
        }
        code.extend(self.take_with_tangent(id, &target, self.function.slot(into).needed));
        code.extend(self.on_both_shadows(from, &|at, cotangent| push(at, quote!(#cotangent))));
        quote!({ #code })
    }

    /// Hands a cotangent and its tangent to the leaves of a value.
    pub(super) fn flows_with_tangent(
        &self,
        value: &Value,
        cotangent: &TokenStream,
        t_cotangent: &TokenStream,
    ) -> TokenStream {
        let private = &self.private;
        let mut body = value.body.clone();
        let flows: Vec<ValueId> = value.flows.iter().map(|&(_, id)| id).collect();
        let along = |number: usize| self.leaf_tangent(value, number);
        let tangents = tangent::extend(&mut body, &flows, &along);
        let outputs: Vec<ValueId> = flows
            .iter()
            .copied()
            .chain(tangents.iter().copied().flatten())
            .collect();
        let printed = body::print(&body, &outputs, self.style(), &|number| {
            self.input_with_tangent(value, number, cotangent, t_cotangent)
        });
        let (plain, along) = printed.outputs.split_at(flows.len());
        let mut along = along.iter();
        let mut code = printed.bindings;
        for (((leaf, id), plain), tangent) in value.flows.iter().zip(plain).zip(tangents) {
            let along = tangent.and_then(|_| along.next());
            let Some(place) = &value.leaves[*leaf].place else {
                continue;
            };
            let shadow = names::shadow(&self.function.slot(place.root).name);
            let whole = self.is_seed(value, *id) && !self.is_float(place);
            let add = |to: TokenStream, flow: &TokenStream| match whole {
                // What is only handed on may be a list.
                true => quote!(#private::Val::accumulate(&mut #to, &#flow);),
                false => quote!(#to += #flow;),
            };
            code.extend(self.with_shadow_named(&shadow, place, |to| add(to, plain)));
            if let Some(along) = along {
                let t_shadow = names::tangent(&shadow);
                code.extend(self.with_shadow_named(&t_shadow, place, |to| add(to, along)));
            }
        }
        quote!({ #code })
    }
}
