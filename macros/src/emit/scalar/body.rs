//! Prints straight-line code as Rust expressions.
//!
//! A value that is used once is printed where it is used; one that is used more often gets a
//! name. Every operation that is not an operator is called as a function of `Real`, because a
//! method cannot be called on a number whose type is still to be inferred. What is computed from a
//! tangent is a tangent, whose type is not that of a float.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::ir::body::{Body, Node, ValueId};
use crate::ir::op::{Form, Kind, Op};

/// The printed code: named values first, then one expression per output.
pub(crate) struct Printed {
    /// `let` statements.
    pub(crate) bindings: TokenStream,
    /// The outputs.
    pub(crate) outputs: Vec<TokenStream>,
}

/// Prints the code of `outputs`. `input` says how an input is read.
pub(crate) fn print(
    body: &Body,
    outputs: &[ValueId],
    private: &TokenStream,
    input: &dyn Fn(usize) -> TokenStream,
) -> Printed {
    print_knowing(body, outputs, None, private, input)
}

/// The same, where the content of a variable is `known` to be one of the values.
pub(crate) fn print_knowing(
    body: &Body,
    outputs: &[ValueId],
    known: Option<(ValueId, TokenStream)>,
    private: &TokenStream,
    input: &dyn Fn(usize) -> TokenStream,
) -> Printed {
    let uses = body.uses_knowing(outputs, known.as_ref().map(|(id, _)| *id));
    let mut printed: Vec<TokenStream> = Vec::new();
    let mut bindings = TokenStream::new();
    let mut tangent: Vec<bool> = Vec::new();
    for (id, node) in body.nodes() {
        tangent.push(match node {
            Node::Input(_, kind) => *kind == Kind::Tangent,
            Node::Op(_, x) => x.iter().any(|operand| tangent[operand.index()]),
            Node::Float(_) | Node::Integer(_) => false,
        });
        if uses[id.index()] == 0 {
            printed.push(TokenStream::new());
            continue;
        }
        if let Some((known, tokens)) = &known
            && *known == id
        {
            printed.push(tokens.clone());
            continue;
        }
        let expression = match node {
            Node::Input(number, _) => input(*number),
            Node::Float(bits) => float(f64::from_bits(*bits)),
            Node::Integer(value) => {
                let literal = Literal::i32_unsuffixed(value.saturating_abs());
                if *value < 0 {
                    quote!((-#literal))
                } else {
                    quote!(#literal)
                }
            }
            Node::Op(op, x) => {
                let operands: Vec<&TokenStream> =
                    x.iter().map(|operand| &printed[operand.index()]).collect();
                let untyped = |id: &ValueId| matches!(body.node(*id), Node::Op(Op::ToFloat, _));
                if tangent[id.index()] && *op == Op::Select {
                    let arm = |at: usize| match tangent[x[at].index()] {
                        true => operands[at].clone(),
                        false => quote!(#private::Val::blank()),
                    };
                    let (condition, then, otherwise) = (operands[0], arm(1), arm(2));
                    quote!((if #condition { #then } else { #otherwise }))
                } else if *op == Op::Mul && !tangent[id.index()] && x.iter().any(untyped) {
                    // The type of the converted integer is that of the other factor.
                    quote!(#private::multiply(#(#operands),*))
                } else {
                    operation(*op, &operands, private)
                }
            }
        };
        if matches!(node, Node::Op(..)) && uses[id.index()] > 1 {
            let name: Ident = format_ident!("t{}", id.index(), span = Span::mixed_site());
            bindings.extend(quote!(let #name = #expression;));
            printed.push(quote!(#name));
        } else {
            printed.push(expression);
        }
    }
    let outputs = outputs
        .iter()
        .map(|id| printed[id.index()].clone())
        .collect();
    Printed { bindings, outputs }
}

fn operation(op: Op, x: &[&TokenStream], private: &TokenStream) -> TokenStream {
    let sign = match op {
        Op::Add => quote!(+),
        Op::Sub => quote!(-),
        Op::Mul => quote!(*),
        Op::Div => quote!(/),
        Op::Rem => quote!(%),
        Op::Lt => quote!(<),
        Op::Le => quote!(<=),
        Op::Gt => quote!(>),
        Op::Ge => quote!(>=),
        Op::Eq => quote!(==),
        Op::Ne => quote!(!=),
        Op::And => quote!(&),
        Op::Or => quote!(|),
        Op::Neg => quote!(-),
        Op::Not => quote!(!),
        _ => TokenStream::new(),
    };
    match (op.form(), x) {
        (Form::Infix, [a, b]) => quote!((#a #sign #b)),
        (Form::Prefix, [a]) => quote!((#sign #a)),
        _ if op == Op::Decrement => {
            let n = x[0];
            quote!((#n - 1))
        }
        _ => {
            let name = Ident::new(op.name(), Span::mixed_site());
            quote!(#private::Real::#name(#(#x),*))
        }
    }
}

/// A literal without suffix, so that it takes the type that is inferred.
fn float(value: f64) -> TokenStream {
    // No literal is infinite or NaN, and the type is left to inference.
    if value.is_nan() {
        return quote!((0.0 / 0.0));
    }
    if value.is_infinite() {
        return if value > 0.0 {
            quote!((1.0 / 0.0))
        } else {
            quote!((-1.0 / 0.0))
        };
    }
    let literal = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() {
        quote!((-#literal))
    } else {
        quote!(#literal)
    }
}
