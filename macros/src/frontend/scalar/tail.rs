//! How a function ends: `return` where nothing follows it anyway, and `?`.
//!
//! `if c { return a; } rest` is `if c { a } else { rest }`: no control leaves a block early, so the
//! reverse pass needs no record of where it was left.

use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprIf, Stmt};

use super::Lowerer;
use super::opaque::Opaque;
use crate::diag::Code;
use crate::frontend::shape::Failing;
use crate::ir::scalar::{Jump, Place, Rhs, SlotId, StmtKind};

impl Lowerer<'_> {
    /// Lowers statements behind which the function ends; their value is that of the function.
    pub(super) fn tail(&mut self, stmts: &[Stmt], target: Option<SlotId>) {
        self.scopes.push(std::collections::HashMap::new());
        for (at, stmt) in stmts.iter().enumerate() {
            let rest = &stmts[at + 1..];
            match stmt {
                Stmt::Expr(Expr::If(branch), _) if returns(branch) => {
                    self.fork(branch, target, |l| l.tail(rest, target));
                    break;
                }
                Stmt::Expr(Expr::If(branch), None) if rest.is_empty() && is_plain(branch) => {
                    self.fork(branch, target, |l| {
                        if let Some((_, otherwise)) = &branch.else_branch {
                            match &**otherwise {
                                Expr::Block(block) => l.tail(&block.block.stmts, target),
                                other => l.tail(&[Stmt::Expr(other.clone(), None)], target),
                            }
                        }
                    });
                }
                Stmt::Expr(Expr::Return(jump), _) if rest.is_empty() => {
                    if let Some(value) = &jump.expr {
                        self.expr_into(value, self.result);
                    }
                }
                stmt => self.stmt_into(stmt, target.filter(|_| rest.is_empty()), rest.is_empty()),
            }
        }
        self.scopes.pop();
    }

    fn fork(&mut self, branch: &ExprIf, target: Option<SlotId>, otherwise: impl FnOnce(&mut Self)) {
        let condition = self.opaque(&branch.cond).into();
        let then = self.nested(|l| l.tail(&branch.then_branch.stmts, target));
        let otherwise = self.nested(otherwise);
        self.either(branch.span(), condition, then, otherwise);
    }

    /// `value?` into a slot: without a content, the function returns.
    pub(super) fn attempt(&mut self, of: &syn::ExprTry, slot: SlotId) -> bool {
        let Some(failing) = self.failing.filter(|_| self.closures == 0) else {
            let message = "`?` is understood in functions that return an `Option` or a `Result`, \
                           outside of closures";
            self.error(of, Code::Expression, message);
            return false;
        };
        // `option.ok_or(error)?` makes the error where it is needed.
        let (scrutinee, error) = match (&*of.expr, failing) {
            (Expr::MethodCall(call), Failing::Result)
                if call.method == "ok_or" && call.args.len() == 1 =>
            {
                (&*call.receiver, call.args.first())
            }
            (expr, _) => (expr, None),
        };
        let Some(view) = self.scrutinee(scrutinee) else {
            return false;
        };
        let present = match (failing, error) {
            (Failing::Result, None) => quote!(Ok),
            _ => quote!(Some),
        };
        let (some, none) = (syn::parse_quote!(#present(_)), syn::parse_quote!(_));
        let chosen = self.test(&view, &[(&some, None), (&none, None)]);
        let condition = self.is_arm(chosen, 1);
        let span = of.span();
        let then = self.nested(|l| {
            let missing = match (failing, error) {
                (Failing::Option, _) => Opaque {
                    tokens: quote!(::core::option::Option::None),
                    ..Opaque::default()
                },
                (Failing::Result, Some(error)) => {
                    let error = l.opaque(error);
                    let tokens = &error.tokens;
                    Opaque {
                        tokens: quote!(::core::result::Result::Err(::core::convert::From::from(#tokens))),
                        ..error
                    }
                }
                (Failing::Result, None) => {
                    let place = l.opaque_place(&view.place);
                    let of = &place.tokens;
                    Opaque {
                        tokens: quote!(match &#of {
                            ::core::result::Result::Err(error) => ::core::result::Result::Err(
                                ::core::convert::From::from(::core::clone::Clone::clone(error))
                            ),
                            ::core::result::Result::Ok(_) => ::core::unreachable!(),
                        }),
                        ..place
                    }
                }
            };
            let result = Place::whole(l.result);
            l.assign(span, result, Rhs::Constant(missing.into()), true);
            l.push(span, StmtKind::Jump(Jump::Return));
        });
        let otherwise = Vec::new();
        self.either(span, condition, then, otherwise);
        let content = syn::parse_quote!(#present(content));
        if let Some(value) = self.content_of(&view, &content) {
            self.assign(span, Place::whole(slot), value, true);
        }
        self.discrete(view.place.root)
    }
}

/// Whether a condition is an expression.
fn is_plain(branch: &ExprIf) -> bool {
    struct Search(bool);
    impl syn::visit::Visit<'_> for Search {
        fn visit_expr_let(&mut self, _: &syn::ExprLet) {
            self.0 = true;
        }
    }
    let mut search = Search(false);
    syn::visit::Visit::visit_expr(&mut search, &branch.cond);
    !search.0
}

/// Whether it is an `if` without `else` that ends in a `return`.
fn returns(branch: &ExprIf) -> bool {
    let last = branch.then_branch.stmts.last();
    branch.else_branch.is_none()
        && is_plain(branch)
        && matches!(last, Some(Stmt::Expr(Expr::Return(_), _)))
}
