//! The pipeline of `#[differentiable]`, and what is emitted when it fails.
//!
//! Whatever happens, the user's function comes out unchanged but for helper attributes, so that
//! one mistake never costs more than its own errors; a failed function also gets stubs of its
//! companion, so that its callers get no second error.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::diag::Errors;
use crate::frontend::signature::{Regime, Signature};
use crate::{emit, frontend, names};

/// Expands `#[differentiable(args)] item`.
pub(crate) fn differentiable(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let function = match syn::parse2::<syn::ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.syntax(&error);
            let errors = errors.finish();
            return quote!(#item #errors);
        }
    };
    let signature = Signature::read(&function, &args, &mut errors);
    let generated = match signature.regime {
        Regime::Tensor => emit::tensor::expand(&signature, &function, &args, &mut errors),
        Regime::Scalar => scalar(&signature, &function, &args, &mut errors),
    };
    let user = frontend::signature::without_helpers(&function, signature.regime);
    match generated {
        Some(code) if errors.is_empty() => {
            names::print_if_asked(&args, &signature, &code);
            quote!(#user #code)
        }
        _ => {
            let stub = emit::stub(&signature, &args);
            let errors = errors.finish();
            quote!(#user #stub #errors)
        }
    }
}

/// The scalar regime, stage by stage.
fn scalar(
    _signature: &Signature,
    _function: &syn::ItemFn,
    _args: &Args,
    _errors: &mut Errors,
) -> Option<TokenStream> {
    None
}
