//! Prints statements together with their tangents: forward mode, and forward over reverse, where
//! the cotangents have tangents too.
//!
//! Values are computed from the operations rather than from the user's tokens, so that a value and
//! its tangent share them (one `exp` serves both). Both are computed before either is written.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};

use super::{Emitter, body};
use crate::autodiff::scalar::tangent;
use crate::ir::body::{Node, ValueId};
use crate::ir::scalar::{Arg, Assign, Call, Place, Rhs, Stmt, Value, Wanted};
use crate::names;

/// Code with its tangent: what must run first, and both expressions.
pub(super) struct Joint {
    bindings: TokenStream,
    value: TokenStream,
    /// `None` where no derivative flows.
    tangent: Option<TokenStream>,
}

impl Emitter<'_> {
    /// The generic parameter that says how many directions there are.
    pub(super) fn lanes() -> TokenStream {
        quote!(__Lanes)
    }

    /// The zero tangent of an expression.
    pub(super) fn zero_tangent(&self, of: &TokenStream) -> TokenStream {
        let (private, lanes) = (&self.private, Self::lanes());
        quote!(#private::Tangent::<#lanes>::zero_tangent(&#of))
    }

    /// The tangent of a place; `None` if none is carried.
    pub(super) fn tangent_place(&self, place: &Place) -> Option<TokenStream> {
        let slot = self.function.slot(place.root);
        if !(self.tangents && slot.active) {
            return None;
        }
        let (name, path) = (names::tangent(&slot.name), &place.path);
        Some(if place.deref {
            quote!((*#name))
        } else {
            quote!(#name #path)
        })
    }

    /// An assignment to something active.
    pub(super) fn assign_with_tangent(&self, assign: &Assign, stmt: &Stmt) -> TokenStream {
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
            Rhs::Aggregate(_, values) => {
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
                quote! {
                    #(#bound)*
                    let #value = [#(#names),*];
                    let #t_value = [#(#tangents),*];
                }
            }
            // Functions with these have no code with tangents: `Function::has_tangents`.
            Rhs::Repeat(..) | Rhs::Bound(_) | Rhs::Copied(_) => TokenStream::new(),
            Rhs::Call(call) => {
                let called = self.call_with_tangent(call);
                quote!(let (#value, #t_value) = #called;)
            }
        };
        let target = self.place(&assign.target);
        let t_target = self.tangent_place(&assign.target);
        quote!({ #compute #save #target = #value; #t_target = #t_value; })
    }

    /// `let value = ..; let tangent = ..;`
    fn bind(
        &self,
        of: &Value,
        value: &proc_macro2::Ident,
        tangent: &proc_macro2::Ident,
    ) -> TokenStream {
        let joint = self.joint(of);
        let (bindings, computed) = (joint.bindings, joint.value);
        let along = match joint.tangent {
            Some(tangent) => tangent,
            None => self.zero_tangent(&quote!(#value)),
        };
        quote! {
            let (#value, #tangent) = { #bindings let #value = #computed; (#value, #along) };
        }
    }

    /// The value of straight-line code and its tangent.
    fn joint(&self, value: &Value) -> Joint {
        let mut body = value.body.clone();
        let along = |number: usize| self.leaf_tangent(value, number);
        let tangent = tangent::extend(&mut body, &[value.result], &along)[0];
        let outputs: Vec<ValueId> = [Some(value.result), tangent]
            .into_iter()
            .flatten()
            .collect();
        let printed = body::print(&body, &outputs, &self.private, &|number| {
            self.input_with_tangent(value, number, &TokenStream::new(), &TokenStream::new())
        });
        // A whole variable that is only handed on may be a list, which must stay where it is.
        let whole = matches!(body.node(value.result), Node::Input(..));
        let mut expressions = printed.outputs.into_iter().map(|tokens| match whole {
            true => quote!(::core::clone::Clone::clone(&#tokens)),
            false => tokens,
        });
        Joint {
            bindings: printed.bindings,
            value: expressions.next().unwrap_or_default(),
            tangent: expressions.next(),
        }
    }

    /// The number of the input that holds the tangent of a leaf, or of the incoming cotangent.
    fn leaf_tangent(&self, value: &Value, number: usize) -> Option<usize> {
        let count = value.leaves.len();
        let carried = match value.leaves.get(number) {
            Some(leaf) => {
                let place = leaf.place.as_ref();
                place.is_some_and(|place| self.function.slot(place.root).active)
            }
            None => number == count,
        };
        carried.then_some(count + 1 + number)
    }

    /// How an input is read: leaves, the cotangent, and then the tangents of both.
    fn input_with_tangent(
        &self,
        value: &Value,
        number: usize,
        cotangent: &TokenStream,
        t_cotangent: &TokenStream,
    ) -> TokenStream {
        let count = value.leaves.len();
        if number == count {
            return cotangent.clone();
        }
        if number == 2 * count + 1 {
            return t_cotangent.clone();
        }
        let place = |number: usize| value.leaves.get(number)?.place.as_ref();
        if number > count {
            return place(number - count - 1)
                .and_then(|place| self.tangent_place(place))
                .unwrap_or_default();
        }
        let tokens = &value.leaves[number].tokens;
        match place(number) {
            Some(_) => tokens.clone(),
            None => quote!((#tokens)),
        }
    }

    /// An argument of a call: code that runs first, the argument, and its optional tangent.
    fn argument_with_tangent(
        &self,
        arg: &Arg,
        position: usize,
    ) -> (TokenStream, TokenStream, TokenStream) {
        match arg {
            Arg::Value(value) => {
                let name = format_ident!("__a{}", position, span = Span::mixed_site());
                let along = names::tangent(&name);
                if value.leaves.iter().any(|leaf| {
                    let place = leaf.place.as_ref();
                    place.is_some_and(|place| self.function.slot(place.root).active)
                }) {
                    let bound = self.bind(value, &name, &along);
                    (bound, quote!(#name), quote!(Some(#along)))
                } else {
                    let tokens = &value.tokens;
                    (quote!(let #name = #tokens;), quote!(#name), quote!(None))
                }
            }
            Arg::Shared { place, borrow } | Arg::Exclusive { place, borrow } => {
                let along = match self.tangent_place(place) {
                    Some(along) if *borrow => quote!(Some(&#along)),
                    Some(along) => quote!(Some(#along)),
                    None => quote!(None),
                };
                (TokenStream::new(), self.argument(arg), along)
            }
        }
    }

    fn call_with_tangent(&self, call: &Call) -> TokenStream {
        let (mut before, mut primals, mut tangents) = (TokenStream::new(), Vec::new(), Vec::new());
        for (position, arg) in call.args.iter().enumerate() {
            let (first, primal, tangent) = self.argument_with_tangent(arg, position);
            before.extend(first);
            primals.push(primal);
            tangents.push(tangent);
        }
        let [tape, lanes] = ["tape", "lanes"].map(names::local);
        if call.wanted != Wanted::Value {
            let run = self.linked(
                call,
                "__gradient_tangent",
                |callee| quote!(#callee(#(#primals,)* #(#tangents,)* #lanes)),
            );
            // Both are pairs of a value and a gradient.
            let part = match call.wanted {
                Wanted::Gradient => quote!((of.1, along.1)),
                _ => quote!((of, along)),
            };
            return quote!({ #before let (of, along) = #run; #part });
        }
        let (method, tape) = match self.storage {
            super::Storage::Nowhere => ("__tangent", quote!()),
            _ => ("__second_forward", quote!(#tape,)),
        };
        let run = self.linked(
            call,
            method,
            |callee| quote!(#callee(#(#primals,)* #(#tangents,)* #tape #lanes)),
        );
        quote!({ #before #run })
    }

    /// The reverse of an assignment to something active whose target has been restored.
    pub(super) fn reverse_with_tangent(&self, assign: &Assign) -> TokenStream {
        let private = &self.private;
        let shadow = self.shadow(&assign.target);
        let slot = self.function.slot(assign.target.root);
        let (t_shadow, path) = (
            names::tangent(&names::shadow(&slot.name)),
            &assign.target.path,
        );
        let [cotangent, t_cotangent] = ["__cotangent", "__t_cotangent"].map(names::local);
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
            Rhs::Aggregate(_, values) => values
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    let at = proc_macro2::Literal::usize_unsuffixed(index);
                    let (plain, along) = (quote!(#cotangent[#at]), quote!(#t_cotangent[#at]));
                    self.flows_with_tangent(value, &plain, &along)
                })
                .collect(),
            // Functions with these have no code with tangents: `Function::has_tangents`.
            Rhs::Repeat(..) | Rhs::Bound(_) | Rhs::Copied(_) => TokenStream::new(),
            Rhs::Call(call) => self.reverse_call_with_tangent(call),
        };
        quote! {
            let #cotangent = #private::Val::take(&mut #shadow);
            let #t_cotangent = #private::Val::take(&mut #t_shadow #path);
            #flows
        }
    }

    /// Hands a cotangent and its tangent to the leaves of a value.
    fn flows_with_tangent(
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
        let printed = body::print(&body, &outputs, private, &|number| {
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
            let add = |to: TokenStream, flow: &TokenStream| match self.is_seed(value, *id) {
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

    fn reverse_call_with_tangent(&self, call: &Call) -> TokenStream {
        let private = &self.private;
        let (mut before, mut after) = (TokenStream::new(), TokenStream::new());
        let (mut primals, mut tangents) = (Vec::new(), Vec::new());
        let (mut shadows, mut t_shadows) = (Vec::new(), Vec::new());
        let mut borrowed = Vec::new();
        for (position, arg) in call.args.iter().enumerate() {
            let (first, primal, tangent) = self.argument_with_tangent(arg, position);
            before.extend(first);
            match arg {
                Arg::Value(value) if value.flows.is_empty() => {
                    shadows.push(quote!(None));
                    t_shadows.push(quote!(None));
                }
                Arg::Value(value) => {
                    let name = format_ident!("__a{}", position, span = Span::mixed_site());
                    let (shadow, along) = (names::shadow(&name), names::tangent(&name));
                    let t_shadow = names::tangent(&shadow);
                    before.extend(quote! {
                        let mut #shadow = #private::Val::zero_like(&#name);
                        let mut #t_shadow = #private::Val::zero_like(&#along);
                    });
                    shadows.push(quote!(Some(&mut #shadow)));
                    t_shadows.push(quote!(Some(&mut #t_shadow)));
                    after.extend(self.flows_with_tangent(
                        value,
                        &quote!(#shadow),
                        &quote!(#t_shadow),
                    ));
                }
                Arg::Shared { place, borrow }
                    if borrowed.contains(&place.root) && self.function.slot(place.root).active =>
                {
                    // The variable is in another argument already: a temporary, added afterwards.
                    let name = format_ident!("__a{}", position, span = Span::mixed_site());
                    let (shadow, lanes) = (names::shadow(&name), Self::lanes());
                    let t_shadow = names::tangent(&shadow);
                    before.extend(quote! {
                        let mut #shadow = #private::Primal::gradient(#primal);
                        let mut #t_shadow = #private::Direction::<#lanes>::direction(#primal);
                    });
                    shadows.push(quote!(Some(&mut #shadow)));
                    t_shadows.push(quote!(Some(&mut #t_shadow)));
                    let root = names::shadow(&self.function.slot(place.root).name);
                    for (root, of) in [(root.clone(), &shadow), (names::tangent(&root), &t_shadow)]
                    {
                        after.extend(self.with_shadow_named(&root, place, |at| {
                            let at = if *borrow { quote!(&mut #at) } else { at };
                            quote!(#private::Primal::add(#at, &#of);)
                        }));
                    }
                }
                Arg::Shared { place, .. } | Arg::Exclusive { place, .. } => {
                    borrowed.push(place.root);
                    let shadow = names::shadow(&self.function.slot(place.root).name);
                    shadows.push(self.borrowed_shadow_named(&shadow, place));
                    t_shadows.push(self.borrowed_shadow_named(&names::tangent(&shadow), place));
                }
            }
            primals.push(primal);
            tangents.push(tangent);
        }
        let [cotangent, t_cotangent, tape, lanes] =
            ["__cotangent", "__t_cotangent", "tape", "lanes"].map(names::local);
        let run = self.linked(call, "__second_reverse", |callee| {
            quote! {
                #callee(
                    #(#primals,)* #(#tangents,)* #(#shadows,)* #(#t_shadows,)*
                    #cotangent, #t_cotangent, #tape, #lanes
                )
            }
        });
        quote!(#before #run; #after)
    }
}
