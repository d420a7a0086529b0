//! The tensor regime: a function's static graph, its `instantiate` and its program.

mod arguments;
pub(crate) mod companion;
mod derivation;
pub(crate) mod kernel;
mod mapped;
pub(crate) mod one_ops;
mod program;
pub(crate) mod region;
mod shapes;

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::diag::Errors;
use crate::frontend::dims;
use crate::frontend::shape::Shape;
use crate::frontend::signature::{Passing, Signature};
use crate::frontend::tensor::types::{Element, handle_type, is_labels, parameter_type};
use crate::frontend::tensor::{Belief, Lowerer};
use crate::ir::dtype::Dtype;
use crate::ir::graph::Graph;
use crate::names;

use derivation::Derivation;
use region::Kernels;
use shapes::Shapes;

/// A function, lowered: everything that its companion needs.
pub(crate) struct TensorFunction {
    /// How many times it can be differentiated.
    pub(crate) order: usize,
    /// The signature's declared shapes and the result's, as two constants; empty where nothing is
    /// declared.
    pub(crate) constants: Option<(TokenStream, TokenStream)>,
    /// Statics: kernels and the graph, or one of each float type that the function may be of.
    pub(crate) statics: TokenStream,
    /// A reference to the graph.
    pub(crate) graph: TokenStream,
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
    let element = &signature.element;
    let builder = names::local("__builder");
    let name = signature.name.to_string();
    let declared: Vec<Option<TokenStream>> = signature
        .params
        .iter()
        .map(|param| dims::read(&param.attributes, root, errors))
        .collect();
    let mut lowerer = Lowerer::new(
        errors,
        element.clone(),
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
            // Constants cannot name a parameter; shapes are the same for either float type.
            let known = element.known_in(param.ty.clone(), Dtype::F32);
            lowerer.shapes.structure(ident, &known);
        }
        let ty = &param.ty;
        if by_value_float {
            params.push(quote!(#ident: impl #root::Lift<'b, #ty>));
            prologue.push(quote!(let #ident = #builder.value::<#ty>(#ident);));
        } else {
            let float = match element {
                Element::Parameter(float) => Some(float),
                _ => None,
            };
            let handle = parameter_type(ty, float, root);
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
    let graphs: Vec<Graph> = body
        .regions
        .into_iter()
        .map(|region| region.graph)
        .collect();
    let (statics, graph) = print_graphs(&name, graphs, element, order, root, errors);
    if !errors.is_empty() {
        return None;
    }
    let output = handle_type(&signature.output, root);
    let tokens = body.links.wrap(body.tokens);
    Some(TensorFunction {
        order,
        constants,
        statics,
        graph,
        body: quote!(#(#prologue)* #tokens),
        params,
        output,
    })
}

/// The statics of a function's regions, and the expression of its graph.
fn print_graphs(
    name: &str,
    graphs: Vec<Graph>,
    element: &Element,
    order: usize,
    root: &TokenStream,
    errors: &mut Errors,
) -> (TokenStream, TokenStream) {
    let Some(float) = element.name() else {
        let dtypes = element.dtypes().iter();
        let statics =
            dtypes.map(|&dtype| print_graph(name, graphs.clone(), dtype, order, root, errors));
        return (statics.collect(), quote!(&GRAPH));
    };
    let of = |dtype: Dtype, errors: &mut Errors| {
        let mut graphs = graphs.clone();
        for path in graphs.iter_mut().flat_map(|graph| &mut graph.functions) {
            element.known_in_path(path, dtype);
        }
        print_graph(name, graphs, dtype, order, root, errors)
    };
    // What is wrong with one of them is wrong with both.
    let (single, double) = (
        of(Dtype::F32, errors),
        of(Dtype::F64, &mut Errors::default()),
    );
    let statics = quote! {
        static SINGLE: &#root::Graph = { #single &GRAPH };
        static DOUBLE: &#root::Graph = { #double &GRAPH };
    };
    let graph = quote! {
        match <#float as #root::Element>::DTYPE { #root::DType::F64 => DOUBLE, _ => SINGLE }
    };
    (statics, graph)
}

/// The kernels and the graph of one float type, as statics.
fn print_graph(
    name: &str,
    graphs: Vec<Graph>,
    dtype: Dtype,
    order: usize,
    root: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let mut kernels = Kernels::new();
    let mut regions = Vec::new();
    for (index, graph) in graphs.into_iter().enumerate() {
        let mut printer = Derivation {
            dtype,
            root,
            kernels: &mut kernels,
            errors,
        };
        regions.push(printer.region(graph, &format!("{name}.{index}"), order));
    }
    let kernels = kernels.into_items();
    quote! {
        #(#kernels)*
        static GRAPH: #root::Graph = #root::Graph { name: #name, regions: &[#(#regions),*] };
    }
}
