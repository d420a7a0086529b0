//! Statements and blocks.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Block, Expr, Local, Pat, Stmt};

use crate::diag::Code;

use super::{Belief, Lowered, Lowerer, Tail};

impl Lowerer<'_> {
    /// Lowers a block in a scope of its own; `names` are declared in it first.
    pub(super) fn block(&mut self, block: &Block, names: &[Ident]) -> TokenStream {
        // A region never reaches across the border of a block.
        self.finish_region(&[]);
        let outer = std::mem::take(&mut self.out);
        let mentioned = self.mentioned.clone();
        self.scopes.push(BTreeMap::new());
        self.shapes.open();
        for name in names {
            self.declare(name, Belief::Unknown);
        }
        let tail = self.statements(&block.stmts);
        self.scopes.pop();
        self.shapes.close();
        self.mentioned = mentioned;
        let statements = std::mem::replace(&mut self.out, outer);
        quote!({ #(#statements)* #tail })
    }

    /// Lowers statements; yields the tail expression.
    pub(crate) fn statements(&mut self, statements: &[Stmt]) -> Option<TokenStream> {
        let outer = self.mentioned.clone();
        for (index, statement) in statements.iter().enumerate() {
            let last = index + 1 == statements.len();
            self.mentioned = outer.clone();
            // While a statement is lowered, its own tokens still count: it may be cut in two.
            for later in &statements[index..] {
                mention(later.to_token_stream(), &mut self.mentioned);
            }
            match statement {
                Stmt::Local(local) => self.local(local),
                Stmt::Expr(expression, None) if last => {
                    let value = self.expr(expression);
                    self.mentioned = outer.clone();
                    let kind = match &value {
                        Lowered::Host(_) if self.is_number(expression) => Tail::Literal,
                        Lowered::Host(_) if self.is_linked(expression) => Tail::Linked,
                        Lowered::Host(_) => Tail::Other,
                        _ => Tail::Tensor,
                    };
                    let tail = self.tokens(value);
                    self.finish_region(&[]);
                    self.tail = kind;
                    return Some(tail);
                }
                Stmt::Expr(expression, semicolon) => {
                    let value = self.expr(expression);
                    let tokens = self.tokens(value);
                    if !tokens.is_empty() {
                        self.out.push(quote!(#tokens #semicolon));
                    }
                }
                Stmt::Macro(statement) => {
                    let tokens = self.macro_call(&statement.mac);
                    self.out.push(quote!(#tokens;));
                }
                Stmt::Item(item) => {
                    self.errors.at(
                        item,
                        Code::Statement,
                        "an item inside a differentiable function",
                    );
                }
            }
        }
        self.mentioned = outer;
        self.finish_region(&[]);
        self.tail = Tail::Other;
        None
    }

    fn local(&mut self, local: &Local) {
        let Some(init) = &local.init else {
            // `let x;` is assigned later; what it holds is not known yet.
            for name in bound_names(&local.pat) {
                self.declare(&name, Belief::Unknown);
            }
            self.out.push(quote!(#local));
            return;
        };
        if let Some((_, diverge)) = &init.diverge {
            let value = self.expr(&init.expr);
            let value = self.tokens(value);
            let diverge = self.expr(diverge);
            let diverge = self.tokens(diverge);
            let pattern = &local.pat;
            self.out
                .push(quote!(let #pattern = #value else { #diverge };));
            for name in bound_names(pattern) {
                self.declare(&name, Belief::Unknown);
            }
            return;
        }
        if let (Pat::Tuple(names), Expr::Tuple(values)) = (&local.pat, &*init.expr)
            && local.attrs.is_empty()
            && names.elems.len() == values.elems.len()
            && names.elems.iter().all(|name| matches!(name, Pat::Ident(_)))
        {
            return self.several(names, values);
        }
        let (pattern, annotation) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
            pattern => (pattern, None),
        };
        let value = if local.attrs.iter().any(super::checkpoint::is_checkpoint) {
            self.stretch((*init.expr).clone())
        } else {
            self.expr(&init.expr)
        };
        match (pattern, value) {
            // The plain case: the variable is a name for a node, and nothing is emitted yet.
            (Pat::Ident(name), Lowered::Node(id))
                if name.mutability.is_none() && name.by_ref.is_none() && name.subpat.is_none() =>
            {
                self.declare(&name.ident, Belief::Tensor);
                self.pending.push((name.ident.clone(), id));
            }
            (pattern, value) => {
                let spelled = annotation.is_some_and(super::types::is_tensor);
                let belief = match (&value, pattern) {
                    (Lowered::Host(_), Pat::Ident(_)) if spelled => Belief::Tensor,
                    (Lowered::Host(_), _) => Belief::Unknown,
                    (_, Pat::Ident(_)) => Belief::Tensor,
                    _ => Belief::Unknown,
                };
                let value = self.tokens(value);
                // A pending variable that is shadowed here may still be needed inside a region.
                let names = bound_names(pattern);
                if self.pending.iter().any(|(known, _)| names.contains(known)) {
                    self.finish_region(&[]);
                }
                let annotation = annotation.map(|ty| {
                    let handle = super::types::handle_type(ty, &self.root);
                    quote!(: #handle)
                });
                // What is never assigned again keeps the shape of its first value.
                let shape = match pattern {
                    Pat::Ident(name) if name.mutability.is_none() => self.shapes.of(&value),
                    _ => None,
                };
                self.out.push(quote!(let #pattern #annotation = #value;));
                for name in names {
                    self.declare(&name, belief);
                    self.shapes.set(&name, shape.clone());
                }
            }
        }
    }

    /// `let (a, b) = (x, y);`: each variable is believed to be what its value is.
    fn several(&mut self, names: &syn::PatTuple, values: &syn::ExprTuple) {
        let (printed, tensors) = self.believed(values.elems.iter());
        let bound: Vec<Ident> = names.elems.iter().flat_map(bound_names).collect();
        // A pending variable that is shadowed here may still be needed inside a region.
        if self.pending.iter().any(|(known, _)| bound.contains(known)) {
            self.finish_region(&[]);
        }
        self.out.push(quote!(let #names = (#(#printed,)*);));
        for (name, tensor) in bound.iter().zip(tensors) {
            let belief = if tensor {
                Belief::Tensor
            } else {
                Belief::Unknown
            };
            self.declare(name, belief);
        }
    }
}

/// The variables that a pattern binds.
pub(super) fn bound_names(pattern: &Pat) -> Vec<Ident> {
    struct Names(Vec<Ident>);
    impl<'ast> syn::visit::Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.push(pattern.ident.clone());
            syn::visit::visit_pat_ident(self, pattern);
        }
    }
    let mut names = Names(Vec::new());
    syn::visit::Visit::visit_pat(&mut names, pattern);
    names.0
}

/// Collects every identifier in the tokens.
fn mention(tokens: TokenStream, into: &mut BTreeSet<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) => {
                into.insert(ident.to_string());
            }
            TokenTree::Group(group) => mention(group.stream(), into),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Whether an expression ends a block with a value, as `syn` sees it.
pub(super) fn as_block(expression: &Expr) -> Block {
    match expression {
        Expr::Block(block) => block.block.clone(),
        other => syn::parse_quote!({ #other }),
    }
}
