//! The tensor regime.

use proc_macro2::TokenStream;

use crate::args::Args;
use crate::diag::Errors;
use crate::frontend::signature::Signature;

/// Expands a function of the tensor regime.
pub(crate) fn expand(
    _signature: &Signature,
    _function: &syn::ItemFn,
    _args: &Args,
    _errors: &mut Errors,
) -> Option<TokenStream> {
    None
}
