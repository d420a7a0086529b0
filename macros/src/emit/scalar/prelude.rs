//! The scalar functions of the prelude, printed from the tables: the operations that `std` lacks,
//! the composites, and `stop_gradient`, each with its companion.
//!
//! They are found by their companions like any function of the user, never by their bare names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::body::{self, Style};
use super::companion::over_graphs;
use crate::autodiff::scalar::{adjoint, tangent};
use crate::ir::body::{Body, Node, ValueId};
use crate::ir::composite::{self, Composite};
use crate::ir::op::{Build, Form, Kind, Op};
use crate::ir::scalar::{Leaf, Place, SlotId, Value};

/// What `std` has as a method already, and what scalar code writes with `if`.
const UNLISTED: [&str; 11] = [
    "clamp",
    "to_radians",
    "to_degrees",
    "fract",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "equal",
    "not_equal",
    "choose",
];

/// A function of the prelude.
struct Row {
    name: &'static str,
    doc: String,
    value: Value,
    /// The method that does the same to a number of a graph.
    method: Option<Ident>,
}

/// Prints all of them. `private` is the path to the runtime.
pub(crate) fn functions(private: &TokenStream) -> TokenStream {
    let mut rows = vec![Row {
        method: Some(Ident::new("detach", Span::call_site())),
        ..row("stop_gradient", 1, true, |_, x| x[0])
    }];
    for &op in Op::ALL {
        if op.form() == Form::Runtime
            && op.arity() == 1
            && op.kind() == Kind::Float
            && op != Op::ToFloat
        {
            rows.push(Row {
                method: Some(Ident::new(op.name(), Span::call_site())),
                ..row(op.name(), 1, false, |body, x| body.op(op, x))
            });
        }
    }
    for &composite in Composite::ALL {
        if !UNLISTED.contains(&composite.name()) {
            let build = |body: &mut Body, x: &[ValueId]| composite::expand(body, composite, x);
            rows.push(row(composite.name(), composite.arity(), false, build));
        }
    }
    rows.iter().map(|row| items(row, private)).collect()
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
        method: None,
    }
}

fn param(number: usize) -> Ident {
    let name = ["x", "a", "b"].get(number).copied().unwrap_or("c");
    Ident::new(name, Span::mixed_site())
}

fn params(row: &Row) -> Vec<Ident> {
    (0..row.value.leaves.len()).map(param).collect()
}

/// Whether the forward pass keeps the value of a function for the reverse pass, because the adjoint
/// would compute it again.
fn keeps(row: &Row) -> bool {
    let Value {
        body,
        result,
        flows,
        ..
    } = &row.value;
    let outputs: Vec<ValueId> = flows.iter().map(|(_, id)| *id).collect();
    body.uses(&outputs)[result.index()] > 0
        && matches!(body.node(*result), Node::Op(op, _) if op.is_worth_keeping())
}

/// What calls on a tape are made of: the forward pass, and the parts of the cotangent.
fn passes(row: &Row, style: Style<'_>) -> (TokenStream, TokenStream) {
    let (private, params) = (style.private, params(row));
    let name = Ident::new(row.name, Span::call_site());
    if !keeps(row) {
        return (
            quote!(#name(#(#params),*)),
            quote!(Self::__adjoint(#(#params,)* cotangent)),
        );
    }
    let (back_bindings, parts) = adjoint_knowing(row, style, Some(quote!(value)));
    let forward = quote! {
        let value = #name(#(#params),*);
        #private::Val::save(&value, tape);
        value
    };
    let reverse = quote!({
        let mut value: T = #private::Val::blank();
        #private::Val::load(&mut value, tape);
        #back_bindings
        (#(#parts,)*)
    });
    (forward, reverse)
}

/// The parts of the cotangent, one for each parameter, where the value may be `known`.
fn adjoint_knowing(
    row: &Row,
    style: Style<'_>,
    known: Option<TokenStream>,
) -> (TokenStream, Vec<TokenStream>) {
    let (private, params) = (style.private, params(row));
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
    let outputs: Vec<ValueId> = flows.iter().map(|(_, id)| *id).collect();
    let known = known.map(|tokens| (*result, tokens));
    let back = body::print_knowing(body, &outputs, known, style, &read);
    let part = |leaf: usize| match flows.iter().position(|(to, _)| *to == leaf) {
        Some(at) => back.outputs[at].clone(),
        None => quote!(#private::Val::blank()),
    };
    let parts = (0..leaves.len()).map(part).collect();
    (back.bindings, parts)
}

/// The functions that the companion is made of: value, adjoint, and the tangents of both.
fn definitions(row: &Row, style: Style<'_>) -> (TokenStream, TokenStream) {
    let (private, params) = (style.private, params(row));
    let Value { body, result, .. } = &row.value;
    let read = |number: usize| {
        params
            .get(number)
            .map(|param| quote!(#param))
            .unwrap_or_default()
    };
    let primal = body::print(body, &[*result], style, &read);
    let (bindings, value) = (primal.bindings, &primal.outputs[0]);
    let (back_bindings, parts) = adjoint_knowing(row, style, None);
    let types = params.iter().map(|_| quote!(T));
    let tangents = tangents(row, style);
    let primal = quote!(#bindings #value);
    let definitions = quote! {
        #[doc(hidden)]
        #[inline(always)]
        fn __adjoint<T: #private::Number>(#(#params: T,)* cotangent: T) -> (#(#types,)*) {
            #back_bindings
            (#(#parts,)*)
        }
        #tangents
    };
    (primal, definitions)
}

/// The tangents of the value and of the adjoint.
fn tangents(row: &Row, style: Style<'_>) -> TokenStream {
    let (private, params) = (style.private, params(row));
    let tangents: Vec<Ident> = params.iter().map(crate::names::tangent).collect();
    let count = params.len();
    // No derivative flows through a function that has no adjoint.
    let constant = row.value.flows.is_empty();
    let input = |number: usize| (!constant).then_some(count + 1 + number);
    let read = |number: usize| match number {
        number if number < count => params[number].to_token_stream(),
        number if number == count => quote!(cotangent),
        number if number == 2 * count + 1 => quote!(t_cotangent),
        number => tangents[number - count - 1].to_token_stream(),
    };
    let print = |outputs: &[ValueId]| -> (TokenStream, Vec<TokenStream>) {
        let mut body = row.value.body.clone();
        let along = tangent::extend(&mut body, outputs, &input);
        let present: Vec<ValueId> = along.iter().copied().flatten().collect();
        let printed = body::print(&body, &present, style, &read);
        let mut printed_outputs = printed.outputs.into_iter();
        let zero = quote!(#private::Val::blank());
        let all = along
            .iter()
            .map(|id| id.and_then(|_| printed_outputs.next()))
            .map(|tokens| tokens.unwrap_or_else(|| zero.clone()));
        (printed.bindings, all.collect())
    };
    let (bindings, value) = print(&[row.value.result]);
    let flows: Vec<ValueId> = row.value.flows.iter().map(|(_, id)| *id).collect();
    let (back_bindings, back) = print(&flows);
    let parts =
        (0..count).map(
            |leaf| match row.value.flows.iter().position(|(to, _)| *to == leaf) {
                Some(at) => back[at].clone(),
                None => quote!(#private::Val::blank()),
            },
        );
    let types = params.iter().map(|_| quote!(L::Of<T>));
    let generics = quote!(<T: #private::Number, L: #private::Lanes>);
    quote! {
        #[doc(hidden)]
        #[inline(always)]
        fn __along #generics (#(#params: T,)* #(#tangents: L::Of<T>),*) -> L::Of<T> {
            #bindings
            #(#value)*
        }
        #[doc(hidden)]
        #[inline(always)]
        fn __adjoint_along #generics (
            #(#params: T,)* #(#tangents: L::Of<T>,)* cotangent: T, t_cotangent: L::Of<T>
        ) -> (#(#types,)*) {
            #back_bindings
            (#(#parts,)*)
        }
    }
}

fn items(row: &Row, private: &TokenStream) -> TokenStream {
    let (name, params) = (Ident::new(row.name, Span::call_site()), params(row));
    let (text, doc) = (row.name, &row.doc);
    let style = Style {
        private,
        generic: true,
    };
    let (primal, definitions) = definitions(row, style);
    let (forward, reverse) = passes(row, style);
    let one = style.number(1.0);
    let types: Vec<TokenStream> = params.iter().map(|_| quote!(T)).collect();
    let shadows: Vec<Ident> = params
        .iter()
        .map(|param| format_ident!("d_{}", param))
        .collect();
    let indices: Vec<syn::Index> = (0..params.len()).map(syn::Index::from).collect();
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
    let tangents: Vec<Ident> = params.iter().map(crate::names::tangent).collect();
    let t_shadows: Vec<Ident> = shadows.iter().map(crate::names::tangent).collect();
    let zero = quote!(unwrap_or_else(#private::Val::blank));
    let in_graphs = match &row.method {
        Some(method) => quote! {
            #[doc(hidden)]
            #[track_caller]
            pub fn __instantiate<'b, T: #private::Float>(
                builder: &'b #private::Builder, x: impl #private::Lift<'b, T>
            ) -> #private::TensorHandle<'b, T> {
                builder.value(x).#method()
            }
        },
        None => over_graphs(params.len(), private),
    };
    let companion = format!("Derivatives of [`{text}`](fn@{text}).");
    quote! {
        #[doc = #doc]
        #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
        #[inline(always)]
        pub fn #name<T: #private::Number>(#(#params: T),*) -> T {
            #primal
        }

        #[doc = #companion]
        #[allow(non_camel_case_types, reason = "it is named like the function")]
        #[derive(Debug)]
        pub struct #name {}

        impl #private::DifferentiableFn for #name {
            const NAME: &'static str = #text;
        }

        #[allow(missing_docs, clippy::too_many_arguments, reason = "linked to by generated code")]
        impl #name {
            #definitions
            #in_graphs
            /// The gradient.
            #[inline(always)]
            pub fn grad<T: #private::Number>(#(#params: T),*) -> #gradient {
                Self::__adjoint(#(#params,)* #one) #bare
            }
            /// The value and the gradient.
            #[inline(always)]
            pub fn value_and_grad<T: #private::Number>(#(#params: T),*) -> (T, #gradient) {
                (#name(#(#params),*), Self::grad(#(#params),*))
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __pullback<T: #private::Number>(#(#params: T,)* cotangent: T) -> (#(#types,)*) {
                Self::__adjoint(#(#params,)* cotangent)
            }
            #[doc(hidden)]
            #[inline(always)]
            #[allow(unused_variables, reason = "some keep nothing")]
            pub fn __forward<T: #private::Number>(#(#params: T,)* tape: &mut #private::Tape) -> T {
                #forward
            }
            #[doc(hidden)]
            #[inline(always)]
            #[allow(clippy::too_many_arguments, unused_variables, reason = "generated code")]
            pub fn __reverse<T: #private::Number>(
                #(#params: T,)* #(#shadows: Option<&mut T>,)* cotangent: T, tape: &mut #private::Tape
            ) {
                let parts = #reverse;
                #(if let Some(shadow) = #shadows { *shadow += parts.#indices; })*
            }
            /// The value, and its derivative in a direction.
            #[inline(always)]
            pub fn jvp<T: #private::Number>(#(#params: T,)* #(#tangents: T),*) -> (T, T) {
                (#name(#(#params),*), Self::__along::<T, #private::Single>(#(#params,)* #(#tangents),*))
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __tangent<T: #private::Number, L: #private::Lanes>(
                #(#params: T,)* #(#tangents: Option<L::Of<T>>,)* _: L
            ) -> (T, L::Of<T>) {
                let tangent = Self::__along::<T, L>(#(#params,)* #(#tangents.#zero),*);
                (#name(#(#params),*), tangent)
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __second_forward<T: #private::Number, L: #private::Lanes>(
                #(#params: T,)* #(#tangents: Option<L::Of<T>>,)* _: &mut #private::Tape, lanes: L
            ) -> (T, L::Of<T>) {
                Self::__tangent(#(#params,)* #(#tangents,)* lanes)
            }
            #[doc(hidden)]
            #[inline(always)]
            pub fn __second_reverse<T: #private::Number, L: #private::Lanes>(
                #(#params: T,)* #(#tangents: Option<L::Of<T>>,)*
                #(#shadows: Option<&mut T>,)* #(#t_shadows: Option<&mut L::Of<T>>,)*
                cotangent: T, t_cotangent: L::Of<T>, _: &mut #private::Tape, _: L
            ) {
                let parts = Self::__adjoint(#(#params,)* cotangent);
                let t_parts = Self::__adjoint_along::<T, L>(
                    #(#params,)* #(#tangents.#zero,)* cotangent, t_cotangent
                );
                #(if let Some(shadow) = #shadows { *shadow += parts.#indices; })*
                #(if let Some(shadow) = #t_shadows { *shadow += t_parts.#indices; })*
            }
        }
    }
}
