//! Prints calls together with their tangents, in both passes.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};

use super::super::{Emitter, Storage};
use crate::ir::scalar::{Arg, Call, Wanted};
use crate::names;

impl Emitter<'_> {
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
            Arg::Shared { place, borrow, .. } => {
                let along = match self.tangent_place(place) {
                    Some(along) if *borrow => quote!(Some(&#along)),
                    Some(along) => quote!(Some(#along)),
                    None => quote!(None),
                };
                (TokenStream::new(), self.argument(arg), along)
            }
            Arg::Exclusive { place, borrow, .. } => {
                let slot = self.function.slot(place.root);
                let along = self.tangent_place(place);
                let along = along.map(|_| place.within(&names::tangent(&slot.name), true));
                let along = match along {
                    Some(along) if *borrow => quote!(Some(&mut #along)),
                    Some(along) => quote!(Some(&mut *#along)),
                    None => quote!(None),
                };
                (TokenStream::new(), self.argument(arg), along)
            }
        }
    }

    pub(super) fn call_with_tangent(&self, call: &Call) -> TokenStream {
        let (mut before, mut primals, mut tangents) = (TokenStream::new(), Vec::new(), Vec::new());
        for (position, arg) in call.args.iter().enumerate() {
            let (first, primal, tangent) = self.argument_with_tangent(arg, position);
            before.extend(first);
            primals.push(primal);
            tangents.push(tangent);
        }
        let [tape, lanes] = ["tape", "lanes"].map(names::local);
        if call.wanted != Wanted::Value {
            let arguments = primals.into_iter().chain(tangents).chain([quote!(#lanes)]);
            let method = match call.wanted {
                Wanted::Directional => "__jvp_tangent",
                _ => "__gradient_tangent",
            };
            let run = self.linked(call, method, arguments.collect());
            // Both are pairs of a value and a gradient.
            let part = match call.wanted {
                Wanted::Gradient => quote!((of.1, along.1)),
                _ => quote!((of, along)),
            };
            return quote!({ #before let (of, along) = #run; #part });
        }
        let (method, tape) = match self.storage {
            Storage::Nowhere => ("__tangent", None),
            _ => ("__second_forward", Some(quote!(#tape))),
        };
        let arguments = primals.into_iter().chain(tangents).chain(tape);
        let run = self.linked(call, method, arguments.chain([quote!(#lanes)]).collect());
        quote!({ #before #run })
    }

    pub(super) fn reverse_call_with_tangent(&self, call: &Call) -> TokenStream {
        let private = &self.private;
        let (mut before, mut after) = (TokenStream::new(), TokenStream::new());
        let (mut primals, mut tangents) = (Vec::new(), Vec::new());
        let (mut shadows, mut t_shadows) = (Vec::new(), Vec::new());
        // What is written must have its own shadow; what else has the same root gets a temporary.
        let mut borrowed: Vec<_> = call.written().map(|place| place.root).collect();
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
                Arg::Shared { place, borrow, .. }
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
                    if let Arg::Shared { .. } = arg {
                        borrowed.push(place.root);
                    }
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
        let last = [cotangent, t_cotangent, tape, lanes].map(|name| quote!(#name));
        let arguments = primals.into_iter().chain(tangents).chain(shadows);
        let arguments = arguments.chain(t_shadows).chain(last);
        let run = self.linked(call, "__second_reverse", arguments.collect());
        quote!(#before #run; #after)
    }
}
