//! Where a shape that is known at compile time comes from: the declared parameters and fields, and
//! what is computed from them.
//!
//! Only what cannot change is followed: parameters, immutable variables, values of regions. Nothing
//! is decided here; `emit::tensor::shapes` prints the constants that rustc evaluates.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, Member, Type};

use crate::ir::graph::NodeId;

/// The source of a shape.
#[derive(Clone, Debug)]
pub(crate) enum ShapeOf {
    /// A parameter with `#[shape(..)]`, or one that may hold declared fields.
    Parameter(Ident),
    /// A field of a parameter of this type.
    Field {
        /// The parameter's type.
        ty: Box<Type>,
        /// The parameter.
        root: Ident,
        /// The fields, outermost first.
        members: Vec<Member>,
    },
    /// A node of a region.
    Node(usize, NodeId),
    /// The result of a call.
    Call(usize),
}

/// What a call's arguments must fit.
#[derive(Clone, Debug)]
pub(crate) enum Callee {
    /// The declared parameters of a differentiable function: what it is called inside the generated
    /// code.
    Function(Ident),
    /// An equation of `einsum`.
    Equation(String),
}

/// A call of which the shapes of arguments and result are followed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What is called.
    pub(crate) callee: Callee,
    /// The user's tokens.
    pub(crate) span: Span,
    /// The shapes of the arguments.
    pub(crate) arguments: Vec<Option<ShapeOf>>,
}

/// The shapes that are followed while a body is lowered.
#[derive(Default)]
pub(crate) struct KnownShapes {
    /// Variables and temporaries by name, one map for each open scope.
    scopes: Vec<BTreeMap<String, Option<ShapeOf>>>,
    /// Parameters whose fields may be declared.
    structures: BTreeMap<String, Type>,
    /// Expressions of the host that have a shape: calls.
    expressions: BTreeMap<String, ShapeOf>,
    /// Every call, in order.
    pub(crate) calls: Vec<Call>,
}

impl KnownShapes {
    /// A parameter whose shape is declared.
    pub(crate) fn parameter(&mut self, name: &Ident) {
        self.set(name, Some(ShapeOf::Parameter(name.clone())));
    }

    /// A parameter, already declared, that is a user's structure.
    pub(crate) fn structure(&mut self, name: &Ident, ty: &Type) {
        let text = name.to_string();
        for scope in &mut self.scopes {
            scope.remove(&text);
        }
        self.structures.insert(text, ty.clone());
    }

    pub(super) fn open(&mut self) {
        self.scopes.push(BTreeMap::new());
    }

    pub(super) fn close(&mut self) {
        self.scopes.pop();
    }

    /// Declares a variable of the innermost scope.
    pub(super) fn set(&mut self, name: &Ident, shape: Option<ShapeOf>) {
        if self.scopes.is_empty() {
            self.open();
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_string(), shape);
        }
    }

    /// Gives a variable that is in scope the shape that has become known.
    pub(super) fn learn(&mut self, name: &Ident, shape: Option<ShapeOf>) {
        let text = name.to_string();
        for scope in self.scopes.iter_mut().rev() {
            if let Some(entry) = scope.get_mut(&text) {
                *entry = shape;
                return;
            }
        }
        self.set(name, shape);
    }

    /// Records a call whose expression is `tokens`.
    pub(super) fn call(&mut self, tokens: &TokenStream, call: Call) {
        // Without a single known argument there is nothing to check and nothing to conclude.
        if call.arguments.iter().any(Option::is_some) {
            self.calls.push(call);
            let shape = ShapeOf::Call(self.calls.len() - 1);
            self.expressions.insert(tokens.to_string(), shape);
        }
    }

    /// The shape of an expression, if it is followed.
    pub(super) fn of(&self, tokens: &TokenStream) -> Option<ShapeOf> {
        if let Some(shape) = self.expressions.get(&tokens.to_string()) {
            return Some(shape.clone());
        }
        self.of_expression(&syn::parse2(tokens.clone()).ok()?)
    }

    fn of_expression(&self, expression: &Expr) -> Option<ShapeOf> {
        match expression {
            Expr::Path(path) => {
                let text = path.path.get_ident()?.to_string();
                let mut scopes = self.scopes.iter().rev();
                scopes.find_map(|scope| scope.get(&text))?.clone()
            }
            Expr::Field(_) => self.field(expression, Vec::new()),
            Expr::Paren(inner) => self.of_expression(&inner.expr),
            Expr::Group(inner) => self.of_expression(&inner.expr),
            Expr::Reference(inner) => self.of_expression(&inner.expr),
            _ => None,
        }
    }

    fn field(&self, expression: &Expr, mut members: Vec<Member>) -> Option<ShapeOf> {
        match expression {
            Expr::Field(field) => {
                members.insert(0, field.member.clone());
                self.field(&field.base, members)
            }
            Expr::Path(path) => {
                let root = path.path.get_ident()?;
                let text = root.to_string();
                // A variable of the same name hides the parameter.
                let hidden = self.scopes.iter().any(|scope| scope.contains_key(&text));
                let ty = Box::new(self.structures.get(&text).filter(|_| !hidden)?.clone());
                let root = root.clone();
                Some(ShapeOf::Field { ty, root, members })
            }
            _ => None,
        }
    }
}

impl ShapeOf {
    /// The path of a field as the user wrote it, and that of the structure it stands in.
    pub(crate) fn path(root: &Ident, members: &[Member]) -> (String, String) {
        let mut parts = vec![root.to_string()];
        parts.extend(
            members
                .iter()
                .map(|member| member.to_token_stream().to_string()),
        );
        let whole = parts.join(".");
        parts.pop();
        (whole, parts.join("."))
    }
}
