//! Prints calls of other differentiable functions, through their companions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::sibling::sibling;
use super::{Emitter, Storage};
use crate::ir::scalar::{Arg, Call, Callee, Place, Wanted};
use crate::names;

impl Emitter<'_> {
    /// The forward half of a call that the reverse pass visits.
    pub(super) fn forward_call(&self, call: &Call) -> TokenStream {
        let args = call.args.iter().map(|arg| self.argument(arg));
        let tape = names::local("tape");
        self.lending_call(call, "__forward", args.chain([quote!(#tape)]).collect())
    }

    /// A call that leaves nothing on the tape: one that the reverse pass does not visit, or one that
    /// is run again, whose callee is `known` to be differentiable.
    pub(super) fn plain_call(&self, call: &Call, known: bool) -> TokenStream {
        let callee = &call.callee;
        if known && matches!(callee, Callee::Method(_)) {
            let args = call.args.iter().map(|arg| self.argument(arg)).collect();
            return self.linked(call, "__plain", args);
        }
        let args: Vec<TokenStream> = call.args.iter().map(|arg| self.handed(arg)).collect();
        if let (Callee::Method(name), [of, rest @ ..]) = (callee, args.as_slice()) {
            return quote!((#of).#name(#(#rest),*));
        }
        let entry = call.wanted.entry().map(|entry| {
            let entry = Ident::new(entry, Span::call_site());
            quote!(::#entry)
        });
        quote!(#callee #entry (#(#args),*))
    }

    /// What such a call overwrites, kept and brought back.
    pub(super) fn written_by(&self, call: &Call, method: &str) -> Vec<TokenStream> {
        let (private, tape) = (&self.private, names::local("tape"));
        let method = Ident::new(method, Span::mixed_site());
        call.args
            .iter()
            .filter(|arg| {
                matches!(arg, Arg::Exclusive { place, .. } if self.function.slot(place.root).needed)
            })
            .map(|arg| {
                let argument = self.argument(arg);
                let code = quote!(#private::Primal::#method(#argument, #tape););
                match arg {
                    Arg::Exclusive { place, .. } => self.if_kept(place.root, code),
                    _ => code,
                }
            })
            .collect()
    }

    /// An argument as the user's function receives it.
    fn handed(&self, arg: &Arg) -> TokenStream {
        let argument = self.argument(arg);
        match arg {
            Arg::Shared { view: true, .. } => quote!((#argument).view()),
            Arg::Exclusive { view: true, .. } => quote!((#argument).view_mut()),
            _ => argument,
        }
    }

    /// An argument as generated code receives it: views of arrays by reference.
    pub(super) fn argument(&self, arg: &Arg) -> TokenStream {
        match arg {
            Arg::Value(value) => self.owned(value),
            Arg::Shared { place, borrow, .. } => {
                let place = self.place(place);
                match borrow {
                    true => quote!(&#place),
                    false => place,
                }
            }
            Arg::Exclusive { place, borrow, .. } => {
                let place = place.within(&self.function.slot(place.root).name, true);
                match borrow {
                    true => quote!(&mut #place),
                    false => quote!(&mut *#place),
                }
            }
        }
    }

    /// The reverse half of a call.
    pub(super) fn reverse_call(&self, call: &Call, cotangent: &TokenStream) -> TokenStream {
        let (before, run, after) = self.backward_call(call, "__reverse", cotangent);
        quote!(#before #run; #after)
    }

    /// A call that adds cotangents to the shadows of its arguments: what stands in front of it, the
    /// call, and what stands behind.
    pub(super) fn backward_call(
        &self,
        call: &Call,
        method: &str,
        cotangent: &TokenStream,
    ) -> (TokenStream, TokenStream, TokenStream) {
        let private = &self.private;
        let tape = names::local("tape");
        let (mut before, mut after) = (TokenStream::new(), TokenStream::new());
        let (mut primals, mut shadows) = (Vec::new(), Vec::new());
        // What is written must have its own shadow; what else has the same root gets a temporary.
        let mut borrowed: Vec<_> = call.written().map(|place| place.root).collect();
        for (position, arg) in call.args.iter().enumerate() {
            let name = format_ident!("a{}", position, span = Span::mixed_site());
            let shadow = names::shadow(&name);
            match arg {
                Arg::Value(value) if value.flows.is_empty() => {
                    primals.push(self.argument(arg));
                    shadows.push(quote!(None));
                }
                Arg::Value(value) => {
                    let tokens = self.owned(value);
                    before.extend(quote! {
                        let #name = #tokens;
                        let mut #shadow = #private::Val::zero_like(&#name);
                    });
                    primals.push(quote!(#name));
                    shadows.push(quote!(Some(&mut #shadow)));
                    after.extend(self.flows(value, &quote!(#shadow), false));
                }
                Arg::Shared { place, .. }
                    if borrowed.contains(&place.root) && self.function.slot(place.root).active =>
                {
                    let primal = self.argument(arg);
                    before.extend(quote! {
                        let mut #shadow = #private::Primal::gradient(#primal);
                    });
                    primals.push(primal);
                    shadows.push(quote!(Some(&mut #shadow)));
                    after.extend(self.with_shadow(place, |at| {
                        let at = match arg {
                            Arg::Shared { borrow: false, .. } => at,
                            _ => quote!(&mut #at),
                        };
                        quote!(#private::Primal::add(#at, &#shadow);)
                    }));
                }
                Arg::Shared { place, .. } => {
                    borrowed.push(place.root);
                    primals.push(self.argument(arg));
                    shadows.push(self.borrowed_shadow(place));
                }
                Arg::Exclusive { place, .. } => {
                    primals.push(self.argument(arg));
                    shadows.push(self.borrowed_shadow(place));
                }
            }
        }
        let arguments = primals.into_iter().chain(shadows);
        let run = match call.wanted {
            Wanted::Value => {
                let last = [cotangent.clone(), quote!(#tape)];
                self.lending_call(call, method, arguments.chain(last).collect())
            }
            Wanted::Directional => {
                let last = [quote!(#cotangent.0), quote!(#cotangent.1)];
                self.linked(call, "__jvp_reverse", arguments.chain(last).collect())
            }
            // Second derivatives are symmetric, so the cotangent of a gradient is a direction.
            wanted => {
                let last = match wanted {
                    Wanted::ValueAndGradient => [quote!(#cotangent.0), quote!(#cotangent.1)],
                    _ => [quote!(#private::Val::blank()), cotangent.clone()],
                };
                self.linked(call, "__gradient_reverse", arguments.chain(last).collect())
            }
        };
        (before, run, after)
    }

    /// The shadow of something that is passed by reference.
    fn borrowed_shadow(&self, place: &Place) -> TokenStream {
        let shadow = names::shadow(&self.function.slot(place.root).name);
        self.borrowed_shadow_named(&shadow, place)
    }

    /// The same for a shadow, or the tangent of a shadow, of that name.
    pub(super) fn borrowed_shadow_named(&self, shadow: &Ident, place: &Place) -> TokenStream {
        let slot = self.function.slot(place.root);
        if !slot.active {
            return quote!(None);
        }
        if !slot.reference {
            let at = place.within(shadow, true);
            return quote!(Some(&mut #at));
        }
        let inner = names::local("inner");
        if let Some((path, line, index)) = place.line() {
            // The view lives as long as the call.
            let line = format_ident!("{}_mut", line);
            return quote! {
                #shadow.as_deref_mut().map(|#inner| #inner #path.#line(#index)).as_deref_mut()
            };
        }
        let at = if place.path.is_empty() {
            quote!(#inner)
        } else {
            let at = self.inner_shadow(place);
            quote!(&mut #at)
        };
        quote!(match #shadow.as_deref_mut() { Some(#inner) => Some(#at), None => None })
    }

    /// Code that calls a companion. If the callee has none, the name falls through to an empty
    /// struct of the same name, and the only error is that this struct is not differentiable.
    pub(super) fn linked(
        &self,
        call: &Call,
        method: &str,
        arguments: Vec<TokenStream>,
    ) -> TokenStream {
        let path = match &call.callee {
            Callee::Path(path) => path,
            Callee::Associated(ty, name) => {
                let method = sibling(name, &Ident::new(method, name.span()));
                return self.by_name(call, &method, &quote!(<#ty>::#method), &arguments);
            }
            Callee::Method(name) => {
                let method = sibling(name, &Ident::new(method, name.span()));
                let Some((of, rest)) = arguments.split_first() else {
                    return TokenStream::new();
                };
                return self.by_name(call, &method, &quote!((#of).#method), rest);
            }
        };
        let Some(last) = path.segments.last().map(|segment| &segment.ident) else {
            return TokenStream::new();
        };
        let method = Ident::new(method, last.span());
        if path.get_ident() == Some(&self.signature.name) {
            return quote_spanned!(last.span()=> Self::#method(#(#arguments),*));
        }
        let code = quote_spanned!(last.span()=> #last::#method(#(#arguments),*));
        self.in_scope(call, path, &method, &code)
    }

    /// A constant of the companion of a function that is called by its path.
    pub(super) fn constant_of(&self, call: &Call, name: &str) -> TokenStream {
        let Callee::Path(path) = &call.callee else {
            return TokenStream::new();
        };
        let Some(last) = path.segments.last().map(|segment| &segment.ident) else {
            return TokenStream::new();
        };
        let name = Ident::new(name, last.span());
        match path.get_ident() == Some(&self.signature.name) {
            true => quote!(Self::#name),
            false => self.in_scope(
                call,
                path,
                &name,
                &quote_spanned!(last.span()=> #last::#name),
            ),
        }
    }

    /// Code about the companion of a function, where its last name stands for it.
    fn in_scope(
        &self,
        call: &Call,
        path: &syn::Path,
        method: &Ident,
        code: &TokenStream,
    ) -> TokenStream {
        let Some(last) = path.segments.last().map(|segment| &segment.ident) else {
            return TokenStream::new();
        };
        let private = &self.private;
        let import = names::local("__callee");
        let arity = format_ident!("Arity{}", call.args.len());
        let fallback = match self.storage {
            _ if ["__gradient", "__jvp"]
                .iter()
                .any(|of| method.to_string().starts_with(of)) =>
            {
                quote!(unmarked_nested)
            }
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

    /// Calls a sibling of a method or an associated function. If there is none, the name falls
    /// through to a trait of the same method, and the only error is what that one asks for.
    fn by_name(
        &self,
        call: &Call,
        method: &Ident,
        callee: &TokenStream,
        arguments: &[TokenStream],
    ) -> TokenStream {
        let private = &self.private;
        let is_method = matches!(call.callee, Callee::Method(_));
        let receiver = is_method.then(|| quote!(&self,));
        let types: Vec<Ident> = (0..arguments.len())
            .map(|at| format_ident!("T{}", at, span = Span::mixed_site()))
            .collect();
        let reported = !matches!(self.storage, Storage::Locals) && !self.tangents;
        let text = method.to_string();
        let (result, bounds) = match types.last() {
            _ if text.ends_with("_reverse") => (quote!(()), quote!()),
            // The last argument says how many lanes there are.
            Some(lanes) if self.tangents => (
                quote!((f64, #lanes::Of<f64>)),
                quote!(#lanes: #private::Lanes,),
            ),
            _ if reported => (
                quote!(R),
                quote!(Self: #private::MarkedMethod, R: #private::Val,),
            ),
            _ => (quote!(R), quote!(R: #private::Val,)),
        };
        let free = result.to_string() == "R";
        let more = free.then(|| quote!(R));
        quote! {{
            trait Unmarked {
                fn #method<#(#types,)* #more>(#receiver #(_: #types),*) -> #result
                where
                    #bounds
                {
                    #private::Val::blank()
                }
            }
            impl<T: ?Sized> Unmarked for T {}
            #callee(#(#arguments),*)
        }}
    }
}
