//! Code that carries no derivative: indices, conditions, bounds, arguments of `no_diff!`.
//!
//! It stays in the user's tokens; only names are replaced by slots. What it may contain is
//! anything that has no effect on a slot and binds no name, since neither would be reversed.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat};

use super::Lowerer;
use crate::diag::Code;
use crate::ir::scalar::{Inert, SlotId};

/// Tokens with the slots that they read.
#[derive(Clone, Default)]
pub(super) struct Opaque {
    pub(super) tokens: TokenStream,
    pub(super) reads: Vec<SlotId>,
    /// Known to be an integer or a boolean.
    pub(super) discrete: bool,
    /// Calls something, so that it must not be evaluated again in the reverse pass.
    pub(super) impure: bool,
}

impl From<Opaque> for Inert {
    fn from(opaque: Opaque) -> Inert {
        Inert {
            tokens: opaque.tokens,
            reads: opaque.reads,
            impure: opaque.impure,
        }
    }
}

impl Lowerer<'_> {
    /// Replaces the names in an expression that carries no derivative.
    pub(super) fn opaque(&mut self, expr: &Expr) -> Opaque {
        let mut expr = expr.clone();
        let mut rename = Rename {
            lowerer: self,
            reads: Vec::new(),
            impure: false,
        };
        rename.visit_expr_mut(&mut expr);
        let Rename { reads, impure, .. } = rename;
        Opaque {
            tokens: expr.to_token_stream(),
            reads,
            discrete: false,
            impure,
        }
    }
}

struct Rename<'a, 'e> {
    lowerer: &'a mut Lowerer<'e>,
    reads: Vec<SlotId>,
    impure: bool,
}

impl VisitMut for Rename<'_, '_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Path(path) if path.qself.is_none() => {
                if let Some(name) = path.path.get_ident()
                    && let Some(slot) = self.lowerer.lookup(name)
                {
                    self.reads.push(slot);
                    let mut renamed = self.lowerer.slots[slot.0 as usize].name.clone();
                    renamed.set_span(name.span());
                    path.path = renamed.into();
                }
            }
            Expr::Macro(call) => {
                self.impure = true;
                if call
                    .mac
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "no_diff")
                {
                    match call.mac.parse_body::<Expr>() {
                        Ok(mut inner) => {
                            self.visit_expr_mut(&mut inner);
                            *expr = syn::parse_quote!((#inner));
                        }
                        Err(error) => self.lowerer.errors.syntax(&error),
                    }
                } else {
                    let name = call.mac.path.to_token_stream();
                    let message = format!("the macro `{name}!` is not understood here");
                    self.lowerer.error(&call.mac.path, Code::Macro, message);
                }
            }
            Expr::Assign(_) | Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => {
                let message = "a condition, an index or a constant must have no effect";
                self.lowerer.error(expr, Code::Expression, message);
            }
            Expr::Binary(binary) if is_compound(&binary.op) => {
                let message = "a condition, an index or a constant must have no effect";
                self.lowerer.error(expr, Code::Expression, message);
            }
            Expr::Call(call) => {
                self.impure = true;
                for argument in &mut call.args {
                    self.visit_expr_mut(argument);
                }
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }

    /// A binding that hides a slot would be renamed with it.
    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        if let Pat::Ident(ident) = pat
            && self.lowerer.lookup(&ident.ident).is_some()
        {
            let message = format!("`{}` hides a variable of the same name here", ident.ident);
            self.lowerer.error(ident, Code::Pattern, message);
        }
        visit_mut::visit_pat_mut(self, pat);
    }
}

/// `+=` and its kin.
pub(super) fn is_compound(op: &syn::BinOp) -> bool {
    use syn::BinOp;
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
