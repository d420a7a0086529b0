//! The entry point that also updates the model: `step_with`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Program, Yields};
use crate::frontend::signature::Passing;
use crate::names;

impl Program<'_> {
    /// `step_with`, for a function of one differentiated parameter that is passed by reference.
    pub(super) fn step_with(&self) -> Option<TokenStream> {
        let root = self.root;
        let [at] = self.signature.wrt.as_slice() else {
            return None;
        };
        let model = &self.signature.params[*at];
        if self.yields != Yields::Float || model.passing != Passing::Shared {
            return None;
        }
        let (name, ty, output) = (&model.name, &model.ty, &self.signature.output);
        let declared = self
            .arguments
            .declared
            .iter()
            .enumerate()
            .map(|(k, declared)| {
                if k == *at {
                    quote!(#name: &mut #ty)
                } else {
                    declared.clone()
                }
            });
        let passed = self.arguments.names.iter().enumerate().map(|(k, passed)| {
            if k == *at {
                quote!(&*#name)
            } else {
                passed.clone()
            }
        });
        let (optimizer, kind) = (names::local("optimizer"), format_ident!("__U"));
        Some(quote! {
            /// One training step: the value and the gradient, then the update of the model by an
            /// optimizer. Yields the value before the update and what the update did.
            ///
            /// # Errors
            /// As `value_and_grad`, and when the optimizer refuses; the model is unchanged then.
            pub fn step_with<#kind: #root::Update<#ty>>(
                &mut self, #(#declared,)* #optimizer: &mut #kind,
            ) -> ::core::result::Result<(#output, #kind::Report), #root::Error> {
                let (value, gradient) = self.value_and_grad(#(#passed),*)?;
                match #optimizer.update(#name, gradient, #root::Float::to_f64(value)) {
                    ::core::result::Result::Ok(report) => ::core::result::Result::Ok((value, report)),
                    ::core::result::Result::Err(error) => {
                        ::core::result::Result::Err(#root::Error::update(&error))
                    }
                }
            }
        })
    }
}
