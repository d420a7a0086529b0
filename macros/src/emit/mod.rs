//! From the IR to Rust.

pub(crate) mod scalar;
pub(crate) mod tensor;

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::frontend::signature::Signature;
use crate::names;

/// The companion of a function that could not be differentiated: it has the entry points, so that
/// callers get no second error, and none of them can run because the crate does not compile.
pub(crate) fn stub(signature: &Signature, args: &Args) -> TokenStream {
    let name = names::companion(args, &signature.name);
    let visibility = &signature.visibility;
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #name {}
    }
}
