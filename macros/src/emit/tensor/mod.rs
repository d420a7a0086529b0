//! The tensor regime: a function's static graph, its `instantiate` and its program.

mod arguments;
pub(crate) mod companion;
mod derivation;
pub(crate) mod kernel;
pub(crate) mod one_ops;
mod program;
pub(crate) mod region;
mod shapes;

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::diag::{Code, Errors};
use crate::frontend::dims;
use crate::frontend::shape::Shape;
use crate::frontend::signature::{Passing, Signature};
use crate::frontend::tensor::types::{dtype, handle_type, is_labels};
use crate::frontend::tensor::{Belief, Lowerer};
use crate::ir::dtype::Dtype;
use crate::names;

use derivation::Derivation;
use region::Kernels;
use shapes::Shapes;

/// A function, lowered: everything that its companion needs.
pub(crate) struct TensorFunction {
    /// The element type.
    pub(crate) dtype: Dtype,
    /// How many times it can be differentiated.
    pub(crate) order: usize,
    /// The signature's declared shapes and the result's, as two constants; empty where nothing is
    /// declared.
    pub(crate) constants: Option<(TokenStream, TokenStream)>,
    /// Statics: kernels and the graph.
    pub(crate) statics: TokenStream,
    /// The body of `instantiate`.
    pub(crate) body: TokenStream,
    /// The parameters of `instantiate` after the builder and the receiver.
    pub(crate) params: Vec<TokenStream>,
    /// The return type of `instantiate`.
    pub(crate) output: TokenStream,
}

/// Expands a function of the tensor regime.
pub(crate) fn expand(
    signature: &Signature,
    function: &syn::ItemFn,
    args: &Args,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let root = names::private(args);
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            Code::Signature,
            "a generic function over tensors",
        );
        return None;
    }
    let order = args.order.map_or(1, |(order, _)| order);
    let lowered = lower(signature, function, order, &root, errors)?;
    Some(if signature.receiver.is_some() {
        companion::method(signature, &lowered, &root)
    } else {
        companion::function(signature, &lowered, args, &root)
    })
}

fn lower(
    signature: &Signature,
    function: &syn::ItemFn,
    order: usize,
    root: &TokenStream,
    errors: &mut Errors,
) -> Option<TensorFunction> {
    let dtype = dtype(signature, errors);
    let builder = names::local("__builder");
    let name = signature.name.to_string();
    let declared: Vec<Option<TokenStream>> = signature
        .params
        .iter()
        .map(|param| dims::read(&param.attributes, root, errors))
        .collect();
    let mut lowerer = Lowerer::new(
        errors,
        dtype,
        root.clone(),
        builder.clone(),
        signature.name.clone(),
    );
    let mut params = Vec::new();
    let mut prologue = Vec::new();
    for (param, declared) in signature.params.iter().zip(&declared) {
        let ident = &param.name;
        lowerer.parameters.push(ident.clone());
        let by_value_float = param.passing == Passing::Value && param.shape == Shape::Float;
        let belief = match &param.shape {
            Shape::Tensor if is_labels(&param.ty) => Belief::Labels,
            Shape::Tensor if matches!(&param.ty, syn::Type::Path(_)) => Belief::Tensor,
            Shape::Float => Belief::Tensor,
            _ => Belief::Unknown,
        };
        lowerer.declare(ident, belief);
        if declared.is_some() && !param.mutable && param.passing != Passing::Exclusive {
            lowerer.shapes.parameter(ident);
        } else if param.shape == Shape::Named {
            lowerer.shapes.structure(ident, &param.ty);
        }
        let ty = &param.ty;
        if by_value_float {
            params.push(quote!(#ident: impl #root::Lift<'b, #ty>));
            prologue.push(quote!(let #ident = #builder.value::<#ty>(#ident);));
        } else {
            let handle = handle_type(ty, root);
            let borrow = match param.passing {
                Passing::Value => quote!(),
                Passing::Shared => quote!(&),
                Passing::Exclusive => quote!(&mut),
            };
            let mutability = param.mutable.then(|| quote!(mut));
            params.push(quote!(#mutability #ident: #borrow #handle));
        }
    }
    let body = lowerer.function(&function.block.stmts);
    let at = quote!(#builder);
    let mut checks = TokenStream::new();
    for (param, declared) in signature.params.iter().zip(&declared) {
        if let Some(declared) = declared {
            let name = &param.name;
            checks.extend(dims::check(declared, name, &quote!(#name), &at, root));
        }
    }
    if !checks.is_empty() {
        let dims = names::local("__dims");
        prologue.push(quote!(let mut #dims = #root::Dims::default(); #checks));
    }
    let named = signature.params.iter().map(|param| &param.name);
    let shapes = Shapes::new(
        &name,
        root,
        named.zip(declared.iter().map(Option::as_ref)).collect(),
        &body.regions,
        &body.calls,
    );
    let constants = (shapes.any() || declared.iter().any(Option::is_some)).then(|| {
        let chain = shapes.chain(body.result.as_ref());
        (shapes.signature(), body.links.wrap_constant(&chain, root))
    });
    let mut kernels = Kernels::new();
    let mut regions = Vec::new();
    for (index, region) in body.regions.into_iter().enumerate() {
        let mut printer = Derivation {
            dtype,
            root,
            kernels: &mut kernels,
            errors,
        };
        let name = format!("{name}.{index}");
        regions.push(printer.region(region.graph, &name, order));
    }
    if !errors.is_empty() {
        return None;
    }
    let kernels = kernels.into_items();
    let statics = quote! {
        #(#kernels)*
        static GRAPH: #root::Graph = #root::Graph { name: #name, regions: &[#(#regions),*] };
    };
    let output = handle_type(&signature.output, root);
    let tokens = body.links.wrap(body.tokens);
    Some(TensorFunction {
        dtype,
        order,
        constants,
        statics,
        body: quote!(#(#prologue)* #tokens),
        params,
        output,
    })
}
