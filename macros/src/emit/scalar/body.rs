//! Prints straight-line code as Rust expressions.
//!
//! A value that is used once is printed where it is used; one that is used more often gets a
//! name. Every operation that is not an operator is called as a function of `Real`, because a
//! method cannot be called on a number whose type is still to be inferred. What is computed from a
//! tangent is a tangent, whose type is not that of a float.
//!
//! In a function that is generic over its floats a literal has no type of its own. There an operator
//! with an operand that is made of literals is a function of two operands of one type.

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

/// How code is printed.
#[derive(Clone, Copy)]
pub(crate) struct Style<'a> {
    /// The path to the runtime.
    pub(crate) private: &'a TokenStream,
    /// Whether the type of the floats is a parameter.
    pub(crate) generic: bool,
}

impl Style<'_> {
    /// A number of the type that is asked for where it stands.
    pub(crate) fn number(self, value: f64) -> TokenStream {
        let private = self.private;
        if !self.generic {
            return float(value);
        }
        let literal = match value {
            value if value.is_nan() => quote!(::core::f64::NAN),
            value if value == f64::INFINITY => quote!(::core::f64::INFINITY),
            value if value == f64::NEG_INFINITY => quote!(::core::f64::NEG_INFINITY),
            value => float(value),
        };
        quote!(#private::Real::of(#literal))
    }
}

/// Prints the code of `outputs`. `input` says how an input is read.
pub(crate) fn print(
    body: &Body,
    outputs: &[ValueId],
    style: Style<'_>,
    input: &dyn Fn(usize) -> TokenStream,
) -> Printed {
    print_knowing(body, outputs, None, style, input)
}

/// The same, where the content of a variable is `known` to be one of the values.
pub(crate) fn print_knowing(
    body: &Body,
    outputs: &[ValueId],
    known: Option<(ValueId, TokenStream)>,
    style: Style<'_>,
    input: &dyn Fn(usize) -> TokenStream,
) -> Printed {
    let uses = body.uses_knowing(outputs, known.as_ref().map(|(id, _)| *id));
    let mut printed: Vec<TokenStream> = Vec::new();
    let mut bindings = TokenStream::new();
    let private = style.private;
    let mut tangent: Vec<bool> = Vec::new();
    // What is made of literals and converted integers alone.
    let mut untyped: Vec<bool> = Vec::new();
    for (id, node) in body.nodes() {
        untyped.push(match node {
            Node::Input(..) | Node::Integer(_) => false,
            Node::Float(_) | Node::Op(Op::ToFloat, _) => true,
            Node::Op(Op::Select, x) => x[1..].iter().all(|operand| untyped[operand.index()]),
            Node::Op(_, x) => x.iter().all(|operand| untyped[operand.index()]),
        });
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
            Node::Float(bits) => style.number(f64::from_bits(*bits)),
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
                let converted = |id: &ValueId| matches!(body.node(*id), Node::Op(Op::ToFloat, _));
                let open = style.generic && x.iter().any(|operand| untyped[operand.index()]);
                let along = x.iter().any(|operand| tangent[operand.index()]);
                if tangent[id.index()] && *op == Op::Select {
                    let arm = |at: usize| match tangent[x[at].index()] {
                        true => operands[at].clone(),
                        false => quote!(#private::Val::blank()),
                    };
                    let (condition, then, otherwise) = (operands[0], arm(1), arm(2));
                    quote!((if #condition { #then } else { #otherwise }))
                } else if let Some(name) = function(*op)
                    && !along
                    && (open || (*op == Op::Mul && x.iter().any(converted)))
                {
                    // The type of the open operand is that of the other one.
                    let name = Ident::new(name, Span::mixed_site());
                    let closed = x.iter().any(|operand| !untyped[operand.index()]);
                    // Nothing else would say what type two constants are compared in.
                    let ty = (op.kind() == Kind::Bool && !closed).then(|| quote!(::<f64>));
                    quote!(#private::#name #ty (#(#operands),*))
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

/// The function of two operands of one type that an operator is.
fn function(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Add => "add",
        Op::Sub => "subtract",
        Op::Mul => "multiply",
        Op::Div => "divide",
        Op::Rem => "remainder",
        Op::Lt => "less",
        Op::Le => "less_equal",
        Op::Gt => "greater",
        Op::Ge => "greater_equal",
        Op::Eq => "equal",
        Op::Ne => "unequal",
        _ => return None,
    })
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
