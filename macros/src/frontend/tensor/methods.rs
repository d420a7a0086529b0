//! Method calls: the table of tensor methods, host containers, and the user's own methods.

use proc_macro2::Span;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall};

use crate::diag::Code;
use crate::ir::composite::{self, Composite};
use crate::ir::graph::{NodeId, RowOp, SumAxes, TensorOp};
use crate::ir::op::{Build, Kind, Op};

use super::{Lowered, Lowerer};

/// Methods that only tensors have: their receiver is a tensor whatever else is known.
const TENSOR_ONLY: &[&str] = &[
    "matmul",
    "t",
    "softmax",
    "log_softmax",
    "cross_entropy",
    "sum_axis",
    "mean_axis",
    "sum_axis_keep",
    "mean_axis_keep",
    "mean",
    "relu",
    "sigmoid",
    "softplus",
    "gelu",
    "gelu_erf",
    "silu",
    "mish",
    "elu",
    "selu",
    "leaky_relu",
    "softsign",
    "log_sigmoid",
    "square",
    "cube",
    "rsqrt",
    "zip_map",
];

/// Methods of the host's containers and numbers that `instantiate` may call as they are.
const HOST: &[&str] = &[
    "len",
    "is_empty",
    "iter",
    "iter_mut",
    "into_iter",
    "enumerate",
    "zip",
    "rev",
    "skip",
    "take",
    "step_by",
    "windows",
    "chunks",
    "first",
    "last",
    "get",
    "is_some",
    "is_none",
    "as_ref",
    "unwrap",
    "expect",
    "unwrap_or",
    "push",
    "pop",
    "shape",
    "rank",
    "clone",
    "fold",
    "cloned",
    "copied",
    "insert",
    "collect",
    "contains",
    "is_multiple_of",
    "pow",
    "saturating_sub",
    "abs_diff",
];

impl Lowerer<'_> {
    /// Lowers a method call.
    pub(super) fn method(&mut self, call: &ExprMethodCall) -> Lowered {
        let name = call.method.to_string();
        let receiver = self.expr(&call.receiver);
        let maps_function = name == "map" && matches!(call.args.first(), Some(Expr::Path(_)));
        let known = !matches!(receiver, Lowered::Host(_));
        if known || maps_function || TENSOR_ONLY.contains(&name.as_str()) {
            if name == "clone" {
                return match receiver {
                    // The handle may stand behind a reference, which a clone takes off.
                    Lowered::Handle(tokens) => Lowered::Handle(quote!(#tokens.clone())),
                    other => other,
                };
            }
            if name == "shape" || name == "rank" {
                let receiver = self.tokens(receiver);
                let method = &call.method;
                return Lowered::Host(quote!(#receiver.#method()));
            }
            return self.tensor_method(call, &name, receiver);
        }
        let receiver = self.tokens(receiver);
        if HOST.contains(&name.as_str())
            || is_operation(&name)
            || matches!(name.as_str(), "sum" | "map" | "max" | "min")
        {
            self.hold(Lowered::Host(receiver));
            let arguments = self.arguments(call.args.iter());
            let receiver = self.release();
            let receiver = self.tokens(receiver);
            let (method, turbofish) = (&call.method, &call.turbofish);
            return Lowered::Host(quote!(#receiver.#method #turbofish(#(#arguments),*)));
        }
        self.user_method(call, receiver)
    }

    fn tensor_method(&mut self, call: &ExprMethodCall, name: &str, receiver: Lowered) -> Lowered {
        let span = call.method.span();
        // Operands first, because lowering one of them may end the region.
        self.hold(receiver);
        let mut operands = 0;
        if takes_tensors(name) {
            for argument in &call.args {
                let value = self.expr(argument);
                self.hold(value);
                operands += 1;
            }
        }
        let values = self.held.split_off(self.held.len() - operands - 1);
        let mut x = Vec::new();
        for (k, value) in values.into_iter().enumerate() {
            if k == 1 && name == "cross_entropy" {
                let tokens = self.tokens(value);
                x.push(self.lift(&tokens, call.args[0].span(), true));
            } else {
                let at = if k == 0 {
                    call.receiver.span()
                } else {
                    call.args[k - 1].span()
                };
                x.push(self.node(value, at));
            }
        }
        self.graph.set_span(span);
        match self.structural(call, name, &x, span) {
            Some(id) => Lowered::Node(id),
            None => {
                let text = format!("the method `{name}` on a tensor");
                self.errors.at(&call.method, Code::Method, text);
                Lowered::Node(x[0])
            }
        }
    }

    fn structural(
        &mut self,
        call: &ExprMethodCall,
        name: &str,
        x: &[NodeId],
        span: Span,
    ) -> Option<NodeId> {
        let axis = |this: &mut Self| {
            let axis = call.args.first().and_then(integer);
            if axis.is_none() {
                this.errors.at(
                    &call.args,
                    Code::Expression,
                    "an axis that is not an integer literal",
                );
            }
            axis.unwrap_or(0)
        };
        Some(match name {
            "matmul" if x.len() == 2 => self.graph.add(TensorOp::MatMul(false, false), x.to_vec()),
            "t" => self.graph.add(TensorOp::Transpose, x.to_vec()),
            "softmax" => self.graph.add(TensorOp::Rows(RowOp::Softmax), x.to_vec()),
            "log_softmax" => self
                .graph
                .add(TensorOp::Rows(RowOp::LogSoftmax), x.to_vec()),
            "cross_entropy" if x.len() == 2 => self
                .graph
                .add(TensorOp::Rows(RowOp::CrossEntropy), x.to_vec()),
            "sum" => self.graph.add(TensorOp::Sum(SumAxes::All), x.to_vec()),
            "mean" => {
                let sum = self.graph.add(TensorOp::Sum(SumAxes::All), x.to_vec());
                self.over_count(x[0], sum)
            }
            "sum_axis" | "sum_axis_keep" | "mean_axis" | "mean_axis_keep" => {
                let axes = vec![axis(self)];
                self.graph.set_span(span);
                let sum = TensorOp::Sum(SumAxes::These(axes.clone()));
                let mut value = self.graph.add(sum, x.to_vec());
                if name.starts_with("mean") {
                    value = self.over_count(x[0], value);
                }
                if name.ends_with("keep") {
                    value
                } else {
                    self.graph.add(TensorOp::Squeeze(axes), vec![value, x[0]])
                }
            }
            "reshape" => {
                let sizes = call.args.first().and_then(integers)?;
                self.graph.add(TensorOp::Reshape(sizes), x.to_vec())
            }
            "map" | "zip_map" => return self.map(call, x),
            "powi" => {
                let exponent = call.args.first().and_then(integer)?;
                let exponent = self.graph.integer(exponent);
                self.graph.op(Op::Powi, &[x[0], exponent])
            }
            "maximum" if x.len() == 2 => self.graph.op(Op::Max, x),
            "minimum" if x.len() == 2 => self.graph.op(Op::Min, x),
            "pow" if x.len() == 2 => self.graph.op(Op::Powf, x),
            _ => {
                let op = Op::ALL
                    .iter()
                    .copied()
                    .find(|op| op.name() == name && is_operation(name));
                match op {
                    Some(op) if op.arity() == x.len() => self.graph.op(op, x),
                    Some(_) => return None,
                    None => {
                        let composite = Composite::named(name)?;
                        if composite.arity() != x.len() {
                            return None;
                        }
                        composite::expand(&mut self.graph, composite, x)
                    }
                }
            }
        })
    }

    /// `sum / n`, where n is how many elements of `of` went into each sum.
    fn over_count(&mut self, of: NodeId, sum: NodeId) -> NodeId {
        let count = self.graph.add(TensorOp::Ratio, vec![of, sum]);
        self.graph.op(Op::Div, &[sum, count])
    }

    /// `x.map(f)` and `x.zip_map(&y, f)`: a named scalar function, or a closure of one expression.
    fn map(&mut self, call: &ExprMethodCall, x: &[NodeId]) -> Option<NodeId> {
        let mut operands = x.to_vec();
        if call.method == "zip_map" {
            let other = call.args.first()?;
            self.hold(Lowered::Node(x[0]));
            let value = self.expr(other);
            let first = self.release();
            let first = self.node(first, call.receiver.span());
            operands = vec![first, self.node(value, other.span())];
        }
        match call.args.last()? {
            Expr::Path(function) => {
                let id = self.graph.function(&function.path);
                self.graph.set_span(call.method.span());
                Some(self.graph.add(TensorOp::Map(id), operands))
            }
            Expr::Closure(closure) if closure.inputs.len() == operands.len() => {
                self.scopes.push(std::collections::BTreeMap::new());
                self.shapes.open();
                let outer = self.pending.clone();
                for (input, &operand) in closure.inputs.iter().zip(&operands) {
                    for name in super::statement::bound_names(input) {
                        self.declare(&name, super::Belief::Tensor);
                        self.pending.push((name, operand));
                    }
                }
                let value = self.expr(&closure.body);
                self.scopes.pop();
                self.shapes.close();
                self.pending = outer;
                Some(self.node(value, closure.body.span()))
            }
            other => {
                self.errors.at(
                    other,
                    Code::Callee,
                    "`map` needs the name of a scalar function, or a closure",
                );
                Some(operands[0])
            }
        }
    }
}

/// Whether every argument of the method is a tensor or a float.
fn takes_tensors(name: &str) -> bool {
    !matches!(
        name,
        "sum_axis"
            | "sum_axis_keep"
            | "mean_axis"
            | "mean_axis_keep"
            | "reshape"
            | "map"
            | "zip_map"
            | "powi"
    )
}

/// Whether it is a float operation that is written as a method.
fn is_operation(name: &str) -> bool {
    Op::ALL.iter().any(|op| {
        op.name() == name
            && op.kind() == Kind::Float
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !matches!(op, Op::Select | Op::ToFloat)
    })
}

/// An integer literal, with or without a sign.
fn integer(expression: &Expr) -> Option<i32> {
    match expression {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(value),
            ..
        }) => value.base10_parse().ok(),
        Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => integer(expr)?.checked_neg(),
        Expr::Paren(inner) => integer(&inner.expr),
        _ => None,
    }
}

/// `[2, -1]` or `&[2, -1]`.
fn integers(expression: &Expr) -> Option<Vec<i64>> {
    match expression {
        Expr::Array(array) => array
            .elems
            .iter()
            .map(|size| integer(size).map(i64::from))
            .collect(),
        Expr::Reference(reference) => integers(&reference.expr),
        _ => None,
    }
}
