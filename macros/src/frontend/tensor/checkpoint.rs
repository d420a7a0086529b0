//! `#[checkpoint]` in tensor code: a loop, of which each turn is a stretch of its own, a block, a call,
//! a choice or a `let`, whose intermediate values are computed again in the backward pass.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Block, Expr, Meta, Stmt};

use super::{Lowered, Lowerer, Tail};
use crate::diag::{Code, Errors};

impl Lowerer<'_> {
    /// Lowers an expression that is a stretch of its own, if its attributes say so. Loops are none:
    /// their turns are.
    pub(super) fn checkpointed(&mut self, expression: &Expr) -> Option<Lowered> {
        let is_loop = matches!(
            expression,
            Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_)
        );
        if is_loop || !attributes(expression).iter().any(is_checkpoint) {
            return None;
        }
        let mut expression = expression.clone();
        strip(&mut expression);
        Some(self.stretch(expression))
    }

    /// Lowers an expression as a stretch of its own.
    pub(super) fn stretch(&mut self, expression: Expr) -> Lowered {
        let block = Block {
            brace_token: syn::token::Brace::default(),
            stmts: vec![Stmt::Expr(expression, None)],
        };
        let body = self.block(&block, &[]);
        let tokens = self.turn(body);
        match self.tail {
            Tail::Tensor => Lowered::Handle(tokens),
            _ => Lowered::Host(tokens),
        }
    }

    /// The body of a loop whose turns are stretches of their own, if `attributes` say so.
    pub(super) fn checkpointed_turn(
        &self,
        attributes: &[Attribute],
        body: TokenStream,
    ) -> TokenStream {
        match attributes.iter().any(is_checkpoint) {
            true => self.turn(body),
            false => body,
        }
    }

    /// A block that is a stretch of its own until it is left, in whatever way.
    fn turn(&self, body: TokenStream) -> TokenStream {
        let (builder, guard) = (&self.builder, crate::names::local("__checkpoint"));
        quote!({ let #guard = #builder.checkpoint(); #body })
    }
}

/// Reports every `#[checkpoint]` that no stretch follows, or that is given arguments.
pub(super) fn check(statements: &[Stmt], errors: &mut Errors) {
    let mut rest = Block {
        brace_token: syn::token::Brace::default(),
        stmts: statements.to_vec(),
    };
    let mut all = Found::default();
    all.visit_block(&rest);
    for attribute in &all.0 {
        if !matches!(attribute.meta, Meta::Path(_)) {
            let message = "`checkpoint` takes nothing in tensor code";
            errors.at(attribute, Code::Stretch, message);
        }
    }
    Placed.visit_block_mut(&mut rest);
    let mut misplaced = Found::default();
    misplaced.visit_block(&rest);
    for attribute in &misplaced.0 {
        let message = "`checkpoint` of what cannot be computed again on its own";
        errors.at(attribute, Code::Stretch, message);
    }
}

/// Collects the attributes.
#[derive(Default)]
struct Found(Vec<Attribute>);

impl<'ast> Visit<'ast> for Found {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if is_checkpoint(attribute) {
            self.0.push(attribute.clone());
        }
    }
}

/// Takes away the attributes that stand where they may.
struct Placed;

impl VisitMut for Placed {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        strip(expression);
        syn::visit_mut::visit_expr_mut(self, expression);
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        let initialised = local
            .init
            .as_ref()
            .is_some_and(|init| init.diverge.is_none());
        if initialised {
            local.attrs.retain(|attribute| !is_checkpoint(attribute));
        }
        syn::visit_mut::visit_local_mut(self, local);
    }
}

macro_rules! stretches {
    ($($kind:ident)*) => {
        /// The attributes of an expression that can be a stretch.
        fn attributes(expression: &Expr) -> &[Attribute] {
            match expression {
                $(Expr::$kind(of) => &of.attrs,)*
                _ => &[],
            }
        }

        /// Takes the attribute away from an expression that can be a stretch.
        fn strip(expression: &mut Expr) {
            match expression {
                $(Expr::$kind(of) => of.attrs.retain(|attribute| !is_checkpoint(attribute)),)*
                _ => {}
            }
        }
    };
}

stretches!(ForLoop While Loop Block Call MethodCall If Match Paren);

pub(super) fn is_checkpoint(attribute: &Attribute) -> bool {
    attribute.path().is_ident("checkpoint")
}
