//! The scalar functions of the prelude, printed from the tables: the operations that `std` lacks,
//! the composites, and `stop_gradient`, each with its companion.
//!
//! They are found by their companions like any function of the user, never by their bare names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::body;
use crate::autodiff::scalar::adjoint;
use crate::ir::body::{Body, ValueId};
use crate::ir::composite::{self, Composite};
use crate::ir::op::{Build, Form, Kind, Op};
use crate::ir::scalar::{Leaf, Place, SlotId, Value};

/// What `std` has as a method already.
const INHERENT: [&str; 4] = ["clamp", "to_radians", "to_degrees", "fract"];

/// A function of the prelude.
struct Row {
    name: &'static str,
    doc: String,
    value: Value,
}

/// Prints all of them. `private` is the path to the runtime.
pub(crate) fn functions(private: &TokenStream) -> TokenStream {
    let mut rows = vec![row("stop_gradient", 1, true, |_, x| x[0])];
    for &op in Op::ALL {
        if op.form() == Form::Runtime
            && op.arity() == 1
            && op.kind() == Kind::Float
            && op != Op::ToFloat
        {
            rows.push(row(op.name(), 1, false, |body, x| body.op(op, x)));
        }
    }
    for &composite in Composite::ALL {
        if !INHERENT.contains(&composite.name()) {
            let build = |body: &mut Body, x: &[ValueId]| composite::expand(body, composite, x);
            rows.push(row(composite.name(), composite.arity(), false, build));
        }
    }
    let declared = rows.iter().map(declaration);
    let (single, double) = (
        rows.iter().map(|row| definition(row, private)),
        rows.iter().map(|row| definition(row, private)),
    );
    let items = rows.iter().map(|row| items(row, private));
    quote! {
        /// The floats that the scalar functions of the prelude take: `f32` and `f64`.
        #[doc(hidden)]
        #[allow(missing_docs, reason = "it is no interface of its own")]
        pub trait Scalar: #private::Val + Copy + ::core::ops::AddAssign {
            #(#declared)*
        }
        #[allow(warnings, clippy::all, reason = "generated code")]
        impl Scalar for f32 { #(#single)* }
        #[allow(warnings, clippy::all, reason = "generated code")]
        impl Scalar for f64 { #(#double)* }
        #(#items)*
    }
}

fn row(
    name: &'static str,
    arity: usize,
    constant: bool,
    build: impl FnOnce(&mut Body, &[ValueId]) -> ValueId,
) -> Row {
    let mut body = Body::default();
    let inputs: Vec<ValueId> = (0..arity).map(|n| body.input(n, Kind::Float)).collect();
    let result = build(&mut body, &inputs);
    let leaves = (0..arity)
        .map(|number| {
            let name = param(number);
            let place = Place::whole(SlotId(number as u32));
            Leaf {
                tokens: quote!(#name),
                reads: Vec::new(),
                place: Some(place),
            }
        })
        .collect();
    let tokens = TokenStream::new();
    let mut value = Value {
        tokens,
        body,
        result,
        leaves,
        flows: Vec::new(),
    };
    if !constant {
        adjoint::reverse(&mut value, &|_| true);
    }
    Row {
        name,
        doc: format!(" `{name}`, with its companion."),
        value,
    }
}

fn param(number: usize) -> Ident {
    let name = ["x", "a", "b"].get(number).copied().unwrap_or("c");
    Ident::new(name, Span::mixed_site())
}

fn names(row: &Row) -> (Ident, Ident, Vec<Ident>) {
    let name = Ident::new(row.name, Span::call_site());
    let adjoint = format_ident!("{}_adjoint", name);
    (
        name,
        adjoint,
        (0..row.value.leaves.len()).map(param).collect(),
    )
}

fn declaration(row: &Row) -> TokenStream {
    let (name, adjoint, params) = names(row);
    let parts = params.iter().map(|_| quote!(Self));
    quote! {
        fn #name(#(#params: Self),*) -> Self;
        fn #adjoint(#(#params: Self,)* cotangent: Self) -> (#(#parts,)*);
    }
}

fn definition(row: &Row, private: &TokenStream) -> TokenStream {
    let (name, adjoint, params) = names(row);
    let Value {
        body,
        result,
        leaves,
        flows,
        ..
    } = &row.value;
    let read = |number: usize| match params.get(number) {
        Some(param) => quote!(#param),
        None => quote!(cotangent),
    };
    let primal = body::print(body, &[*result], private, &read);
    let (bindings, value) = (primal.bindings, &primal.outputs[0]);
    let outputs: Vec<ValueId> = flows.iter().map(|(_, id)| *id).collect();
    let back = body::print(body, &outputs, private, &read);
    let back_bindings = back.bindings;
    let parts = (0..leaves.len()).map(|leaf| match flows.iter().position(|(to, _)| *to == leaf) {
        Some(at) => back.outputs[at].clone(),
        None => quote!(0.0),
    });
    let types = params.iter().map(|_| quote!(Self));
    quote! {
        #[inline(always)]
        fn #name(#(#params: Self),*) -> Self {
            #bindings
            #value
        }
        #[inline(always)]
        fn #adjoint(#(#params: Self,)* cotangent: Self) -> (#(#types,)*) {
            #back_bindings
            (#(#parts,)*)
        }
    }
}

fn items(row: &Row, private: &TokenStream) -> TokenStream {
    let (name, adjoint, params) = names(row);
    let (text, doc) = (row.name, &row.doc);
    let types: Vec<TokenStream> = params.iter().map(|_| quote!(T)).collect();
    let shadows: Vec<Ident> = params
        .iter()
        .map(|param| format_ident!("d_{}", param))
        .collect();
    let indices = (0..params.len()).map(syn::Index::from);
    let gradient = if params.len() == 1 {
        quote!(T)
    } else {
        quote!((#(#types),*))
    };
    let bare = if params.len() == 1 {
        quote!(.0)
    } else {
        quote!()
    };
    let companion = format!("Derivatives of [`{text}`](fn@{text}).");
    quote! {
        #[doc = #doc]
        #[inline(always)]
        pub fn #name<T: Scalar>(#(#params: T),*) -> T {
            T::#name(#(#params),*)
        }

        #[doc = #companion]
        #[allow(non_camel_case_types, reason = "it is named like the function")]
        #[derive(Debug)]
        pub struct #name {}

        impl #private::DifferentiableFn for #name {
            const NAME: &'static str = #text;
        }

        #[allow(missing_docs, reason = "linked to by generated code")]
        impl #name {
            /// The gradient.
            #[inline(always)]
            pub fn grad<T: Scalar + From<f32>>(#(#params: T),*) -> #gradient {
                T::#adjoint(#(#params,)* T::from(1.0)) #bare
            }
            /// The value and the gradient.
            #[inline(always)]
            pub fn value_and_grad<T: Scalar + From<f32>>(#(#params: T),*) -> (T, #gradient) {
                (T::#name(#(#params),*), Self::grad(#(#params),*))
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __pullback<T: Scalar>(#(#params: T,)* cotangent: T) -> (#(#types,)*) {
                T::#adjoint(#(#params,)* cotangent)
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __forward<T: Scalar>(#(#params: T,)* _: &mut #private::Tape) -> T {
                T::#name(#(#params),*)
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __reverse<T: Scalar>(
                #(#params: T,)* #(#shadows: Option<&mut T>,)* cotangent: T, _: &mut #private::Tape
            ) {
                let parts = T::#adjoint(#(#params,)* cotangent);
                #(if let Some(shadow) = #shadows { *shadow += parts.#indices; })*
            }
        }
    }
}
