//! The arguments of `#[differentiable(..)]`.

use proc_macro2::{Ident, Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprPath, Meta, Path, Token};

use crate::diag::{Code, Errors};
use crate::frontend::signature::Regime;

/// The arguments, checked for form; whether the names in `wrt` exist is for the signature to say.
#[derive(Default)]
pub(crate) struct Args {
    /// `wrt(a, b)`
    pub(crate) wrt: Option<Vec<Ident>>,
    /// `companion = Name`
    pub(crate) companion: Option<Ident>,
    /// `crate = path`
    pub(crate) krate: Option<Path>,
    /// `print`
    pub(crate) print: bool,
    /// `order = n`: how many times a function can be differentiated
    pub(crate) order: Option<(usize, Span)>,
    /// `strategy = tape`: the reverse pass takes everything from the tape
    pub(crate) taped: bool,
    /// `scalar` or `tensor`, where the signature does not show which code it is
    pub(crate) regime: Option<Regime>,
    /// `associated`: an associated function, which is not seen to be one
    pub(crate) associated: bool,
}

impl Args {
    /// Reads the arguments; what is wrong is recorded and left out.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Args {
        let mut args = Args::default();
        // `crate` is a keyword, which `Meta` does not take as a path.
        let parser = Punctuated::<Argument, Token![,]>::parse_terminated;
        let list = match parser.parse2(tokens) {
            Ok(list) => list,
            Err(error) => {
                errors.at_span(error.span(), Code::Argument, error.to_string());
                return args;
            }
        };
        for argument in list {
            match argument {
                Argument::Crate(path) => args.krate = Some(path),
                Argument::Meta(meta) => args.read(&meta, errors),
            }
        }
        args
    }

    fn read(&mut self, meta: &Meta, errors: &mut Errors) {
        let name = meta
            .path()
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match (name.as_str(), meta) {
            ("wrt", Meta::List(list)) => {
                // `self` is a keyword.
                let name = <Ident as syn::ext::IdentExt>::parse_any;
                let parser = |input: syn::parse::ParseStream<'_>| {
                    Punctuated::<Ident, Token![,]>::parse_terminated_with(input, name)
                };
                match parser.parse2(list.tokens.clone()) {
                    Ok(names) if names.is_empty() => {
                        errors.at(meta, Code::Argument, "`wrt()` names no parameter");
                    }
                    Ok(names) => self.wrt.get_or_insert_default().extend(names),
                    Err(error) => errors.at_span(
                        error.span(),
                        Code::Argument,
                        "`wrt` takes names of parameters, as in `wrt(a, b)`",
                    ),
                }
            }
            ("companion", Meta::NameValue(pair)) => match plain_ident(&pair.value) {
                Some(ident) => self.companion = Some(ident),
                None => errors.at(&pair.value, Code::Argument, "`companion` takes a name"),
            },
            ("print", Meta::Path(_)) => self.print = true,
            ("scalar", Meta::Path(_)) => self.regime = Some(Regime::Scalar),
            ("associated", Meta::Path(_)) => self.associated = true,
            ("tensor", Meta::Path(_)) => self.regime = Some(Regime::Tensor),
            ("strategy", Meta::NameValue(pair)) => match plain_ident(&pair.value) {
                Some(ident) if ident == "tape" => self.taped = true,
                _ => errors.at(
                    &pair.value,
                    Code::Argument,
                    "`strategy` takes `tape`; leave it out for the fastest way that is right",
                ),
            },
            ("order", Meta::NameValue(pair)) => match order(&pair.value) {
                Some(order) => self.order = Some((order, pair.value.span())),
                None => errors.at(
                    &pair.value,
                    Code::Argument,
                    "`order` takes 1, 2 or 3: how many times the function is differentiated",
                ),
            },
            (
                "wrt" | "companion" | "print" | "order" | "strategy" | "scalar" | "tensor"
                | "associated",
                _,
            ) => {
                errors.at(
                    &meta,
                    Code::Argument,
                    format!("malformed argument `{name}`"),
                );
            }
            _ => errors.at(meta, Code::Argument, "unknown argument"),
        }
    }
}

fn order(value: &Expr) -> Option<usize> {
    let Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Int(order),
        ..
    }) = value
    else {
        return None;
    };
    let order = order.base10_parse().ok()?;
    (1..=3).contains(&order).then_some(order)
}

enum Argument {
    Crate(Path),
    Meta(Box<Meta>),
}

impl syn::parse::Parse for Argument {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            return input.call(Path::parse_mod_style).map(Argument::Crate);
        }
        input.parse().map(|meta| Argument::Meta(Box::new(meta)))
    }
}

fn plain_ident(value: &Expr) -> Option<Ident> {
    match value {
        Expr::Path(ExprPath {
            path, qself: None, ..
        }) => path.get_ident().cloned(),
        _ => None,
    }
}
