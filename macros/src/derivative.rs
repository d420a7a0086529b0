//! `#[derivative(of = path)]`: a companion for a function whose derivative the user writes.
//!
//! The companion links to the rule as that of a differentiable function links to its gradient code.
//! The rule is the first derivative: forward mode follows from it, second derivatives do not.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{ItemFn, Path, Token};

use crate::args::Args;
use crate::diag::{self, Code, Errors};
use crate::frontend::shape::{Shape, shape_of};
use crate::frontend::signature::{Param, Passing, Signature};
use crate::names;

/// `of = path, crate = path`
struct Arguments {
    of: Path,
    args: Args,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Arguments> {
        let word: Ident = input.parse()?;
        if word != "of" {
            return Err(syn::Error::new(word.span(), "expected `of = path`"));
        }
        input.parse::<Token![=]>()?;
        let of = input.call(Path::parse_mod_style)?;
        let mut args = Args::default();
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            args.krate = Some(input.call(Path::parse_mod_style)?);
        }
        Ok(Arguments { of, args })
    }
}

/// Expands `#[derivative(arguments)] item`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let companion = companion(arguments, &item, &mut errors);
    let errors = errors.finish();
    quote!(#item #companion #errors)
}

fn companion(
    arguments: TokenStream,
    item: &TokenStream,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let Arguments { of, args } = match syn::parse2(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            errors.at_span(error.span(), Code::Rule, error.to_string());
            return None;
        }
    };
    let rule: ItemFn = match syn::parse2(item.clone()) {
        Ok(rule) => rule,
        Err(error) => {
            errors.syntax(&error);
            return None;
        }
    };
    let before = errors.len();
    let signature = Signature::read(&rule, &args, errors);
    if errors.len() > before {
        return None;
    }
    let generic = !rule.sig.generics.params.is_empty() || signature.receiver.is_some();
    let exclusive = |param: &Param| param.passing == Passing::Exclusive;
    let Some((cotangent, params)) = signature.params.split_last() else {
        errors.at(&rule.sig, Code::Rule, "the rule takes no cotangent");
        return None;
    };
    if generic || signature.params.iter().any(exclusive) || cotangent.passing != Passing::Value {
        let message = "a rule is a function of values and shared references, without generics";
        errors.at(&rule.sig, Code::Rule, message);
        return None;
    }
    if !params.iter().any(|param| param.shape.holds_floats()) {
        errors.at(&rule.sig, Code::Rule, "the function has no float parameter");
        return None;
    }
    Some(print(
        &of,
        &rule,
        params,
        &cotangent.ty,
        &names::private(&args),
    ))
}

fn print(
    of: &Path,
    rule: &ItemFn,
    params: &[Param],
    output: &syn::Type,
    private: &TokenStream,
) -> TokenStream {
    let (visibility, rule_name) = (&rule.vis, &rule.sig.ident);
    let Some(name) = of.segments.last().map(|last| &last.ident) else {
        return TokenStream::new();
    };
    let text = name.to_string();
    let reference = |param: &Param, ty: TokenStream| match param.passing {
        Passing::Value => ty,
        Passing::Shared | Passing::Exclusive => quote!(&#ty),
    };
    let names: Vec<&Ident> = params.iter().map(|param| &param.name).collect();
    let types: Vec<TokenStream> = params
        .iter()
        .map(|param| {
            let ty = &param.ty;
            reference(param, quote!(#ty))
        })
        .collect();
    let again: Vec<TokenStream> = params
        .iter()
        .map(|param| {
            let name = &param.name;
            match param.passing {
                Passing::Value => quote!(::core::clone::Clone::clone(&#name)),
                Passing::Shared | Passing::Exclusive => quote!(#name),
            }
        })
        .collect();
    let shadows: Vec<Ident> = names.iter().map(|name| names::shadow(name)).collect();
    let plain: Vec<&syn::Type> = params.iter().map(|param| &param.ty).collect();
    let floats: Vec<&Param> = params
        .iter()
        .filter(|param| param.shape.holds_floats())
        .collect();
    let parts: Vec<Ident> = floats
        .iter()
        .map(|param| format_ident!("part_{}", param.name, span = Span::mixed_site()))
        .collect();
    let part_types: Vec<TokenStream> = floats
        .iter()
        .map(|param| {
            let ty = &param.ty;
            quote!(<#ty as #private::Primal>::Gradient)
        })
        .collect();
    let single = floats.len() == 1;
    let gradient = if single {
        quote!(#(#part_types)*)
    } else {
        quote!((#(#part_types,)*))
    };
    let pattern = if single {
        quote!(#(#parts)*)
    } else {
        quote!((#(#parts,)*))
    };
    // A wrong return type of the rule is an error at that type.
    let back = quote_spanned! {rule.sig.output.span()=>
        let gradient: #gradient = #rule_name(#(#again,)* cotangent);
    };
    let adds = floats.iter().zip(&parts).map(|(param, part)| {
        let shadow = names::shadow(&param.name);
        quote!(if let Some(shadow) = #shadow { #private::Primal::add(shadow, &#part); })
    });
    let import = (of.segments.len() > 1).then(|| quote!(#visibility use #of;));
    // Another signature is an error at the path.
    let check = quote_spanned!(of.span()=> let function: fn(#(#types),*) -> #output = #of;);
    let doc = format!("The derivative of [`{text}`](fn@{text}), by [`{rule_name}`].");
    let entries = (shape_of(output) == Shape::Float).then(|| {
        quote! {
            /// The value and the gradient.
            #[inline]
            pub fn value_and_grad(#(#names: #types),*) -> (#output, #gradient) {
                let value = Self::__call(#(#again),*);
                let cotangent = 1.0;
                #back
                (value, gradient)
            }
            /// The gradient.
            #[inline]
            pub fn grad(#(#names: #types),*) -> #gradient {
                Self::value_and_grad(#(#names),*).1
            }
        }
    });
    let modes = modes(name, params, output, private, &back, &pattern);
    quote! {
        #import

        #[doc = #doc]
        #[allow(non_camel_case_types, reason = "it is named like the function")]
        #visibility struct #name {}

        #[automatically_derived]
        impl #private::DifferentiableFn for #name {
            const NAME: &'static str = #text;
        }

        #[automatically_derived]
        #[allow(warnings, clippy::all, clippy::pedantic, reason = "generated code")]
        impl #name {
            #entries
            #[inline]
            fn __call(#(#names: #types),*) -> #output {
                #check
                function(#(#names),*)
            }
            #[doc(hidden)]
            #[inline]
            pub fn __forward(#(#names: #types,)* _: &mut #private::Tape) -> #output {
                Self::__call(#(#names),*)
            }
            #[doc(hidden)]
            #[inline]
            pub fn __reverse(
                #(#names: #types,)* #(#shadows: Option<&mut #plain>,)* cotangent: #output,
                _: &mut #private::Tape
            ) {
                #back
                let #pattern = gradient;
                #(#adds)*
            }
            #modes
        }
    }
}

/// Forward mode, which follows from the rule for one float result; the rest is refused.
fn modes(
    name: &Ident,
    params: &[Param],
    output: &syn::Type,
    private: &TokenStream,
    back: &TokenStream,
    pattern: &TokenStream,
) -> TokenStream {
    let tangent_of = |param: &Param| match (&param.ty, param.shape.holds_floats()) {
        (_, false) => quote!(()),
        (syn::Type::Slice(slice), true) => {
            let element = &slice.elem;
            quote!([<#element as #private::Tangent<L>>::Of])
        }
        (ty, true) => quote!(<#ty as #private::Tangent<L>>::Of),
    };
    let names: Vec<&Ident> = params.iter().map(|param| &param.name).collect();
    let tangents: Vec<Ident> = names.iter().map(|name| names::tangent(name)).collect();
    let shadows: Vec<Ident> = names.iter().map(|name| names::shadow(name)).collect();
    let t_shadows: Vec<Ident> = shadows.iter().map(names::tangent).collect();
    let (types, t_types): (Vec<_>, Vec<_>) = params
        .iter()
        .map(|param| {
            let (ty, tangent) = (&param.ty, tangent_of(param));
            match param.passing {
                Passing::Value => (quote!(#ty), quote!(Option<#tangent>)),
                Passing::Shared | Passing::Exclusive => (quote!(&#ty), quote!(Option<&#tangent>)),
            }
        })
        .unzip();
    let plain: Vec<&syn::Type> = params.iter().map(|param| &param.ty).collect();
    let along: Vec<TokenStream> = params.iter().map(tangent_of).collect();
    let t_output = quote!(<#output as #private::Tangent<L>>::Of);
    let list = |shape: &Shape| matches!(shape, Shape::List(of) if **of == Shape::Float);
    let simple = shape_of(output) == Shape::Float
        && params.iter().all(|param| {
            !param.shape.holds_floats() || param.shape == Shape::Float || list(&param.shape)
        });
    let refused = |what: &str| {
        let message = format!("`{name}` has a custom rule, and no {what}");
        let message = diag::deferred(Code::Rule, &message);
        quote!(const { #private::refuse(#message) })
    };
    let forward =
        if simple {
            let sums = params.iter().filter(|param| param.shape.holds_floats()).map(|param| {
            let tangent = names::tangent(&param.name);
            let part = format_ident!("part_{}", param.name, span = Span::mixed_site());
            if param.shape == Shape::Float {
                quote!(if let Some(tangent) = #tangent { sum += tangent * #part; })
            } else {
                quote! {
                    for (tangent, part) in #tangent.iter().flat_map(|t| t.iter()).zip(&#part) {
                        sum += *tangent * *part;
                    }
                }
            }
        });
            quote! {
                let cotangent = 1.0;
                #back
                let #pattern = gradient;
                let mut sum: #t_output = #private::Val::blank();
                #(#sums)*
                (Self::__call(#(#names),*), sum)
            }
        } else {
            refused("forward mode")
        };
    let second = refused("second derivative");
    quote! {
        #[doc(hidden)]
        #[inline]
        pub fn __tangent<L: #private::Lanes>(
            #(#names: #types,)* #(#tangents: #t_types,)* _: L
        ) -> (#output, #t_output) {
            #forward
        }
        #[doc(hidden)]
        pub fn __second_forward<L: #private::Lanes>(
            #(#names: #types,)* #(#tangents: #t_types,)* _: &mut #private::Tape, _: L
        ) -> (#output, #t_output) {
            #second
        }
        #[doc(hidden)]
        pub fn __second_reverse<L: #private::Lanes>(
            #(#names: #types,)* #(#tangents: #t_types,)*
            #(#shadows: Option<&mut #plain>,)* #(#t_shadows: Option<&mut #along>,)*
            _: #output, _: #t_output, _: &mut #private::Tape, _: L
        ) {
            #second
        }
    }
}
