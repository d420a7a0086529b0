//! Code that carries no derivative: indices, conditions, bounds, arguments of `no_diff!`.
//!
//! It stays in the user's tokens; only names are replaced by what they stand for. What it may
//! contain is anything that has no effect on a variable, since that would not be reversed.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat};

use super::Lowerer;
use super::purity::is_pure;
use super::scope::Binding;
use crate::diag::Code;
use crate::frontend::shape::Shape;
use crate::ir::scalar::{Inert, SlotId};

/// Tokens with the slots that they read.
#[derive(Clone, Default, Debug)]
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
            own: Vec::new(),
            constant: false,
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

    /// Whether an expression names something that may carry a derivative.
    pub(super) fn mentions_floats(&self, expr: &Expr) -> bool {
        fn any(lowerer: &Lowerer<'_>, tokens: TokenStream) -> bool {
            tokens.into_iter().any(|tree| match tree {
                proc_macro2::TokenTree::Ident(name) => match lowerer.lookup(&name) {
                    Some(Binding::View(view)) => !lowerer.discrete(view.place.root),
                    Some(Binding::Parts(_) | Binding::Raw(_)) => true,
                    None => false,
                },
                proc_macro2::TokenTree::Group(group) => any(lowerer, group.stream()),
                _ => false,
            })
        }
        any(self, expr.to_token_stream())
    }
}

struct Rename<'a, 'e> {
    lowerer: &'a mut Lowerer<'e>,
    reads: Vec<SlotId>,
    impure: bool,
    /// Names that the code itself binds.
    own: Vec<String>,
    /// Whether it stands in `no_diff!`, where a float may become an integer.
    constant: bool,
}

impl Rename<'_, '_> {
    fn effect(&mut self, at: &dyn ToTokens) {
        let message = "a condition, an index or a constant must have no effect";
        self.lowerer.error(at, Code::Expression, message);
    }

    /// The variable of this function that an expression is a part of.
    fn root(&self, expr: &Expr) -> Option<(SlotId, bool)> {
        match expr {
            Expr::Path(path) => {
                let name = path.path.get_ident()?;
                if self.own.contains(&name.to_string()) {
                    return None;
                }
                match self.lowerer.lookup(name)? {
                    Binding::View(view) => {
                        let shared = view.by_ref && !view.exclusive;
                        Some((view.place.root, shared))
                    }
                    Binding::Parts(_) | Binding::Raw(_) => None,
                }
            }
            Expr::Index(index) => self.root(&index.expr),
            Expr::Field(field) => self.root(&field.base),
            Expr::Paren(inner) => self.root(&inner.expr),
            Expr::Unary(unary) => self.root(&unary.expr),
            _ => None,
        }
    }

    fn within(&mut self, pats: &[&Pat], visit: impl FnOnce(&mut Self)) {
        let before = self.own.len();
        for pat in pats {
            self.own
                .extend(super::pattern::names(pat).iter().map(ToString::to_string));
        }
        visit(self);
        self.own.truncate(before);
    }

    fn path(&mut self, expr: &mut Expr) {
        let Expr::Path(path) = expr else { return };
        let Some(name) = path.path.get_ident().cloned() else {
            return;
        };
        if path.qself.is_some() || self.own.contains(&name.to_string()) {
            return;
        }
        match self.lowerer.lookup(&name).cloned() {
            None => {}
            Some(Binding::Raw(raw)) => {
                self.reads.extend(raw.reads);
                *expr = Expr::Verbatim(raw.tokens);
            }
            Some(Binding::Parts(_)) => {
                let message = format!("`{name}` is a tuple of an iterator; bind its parts");
                self.lowerer.error(&name, Code::Pattern, message);
            }
            Some(Binding::View(view)) => {
                let place = &view.place;
                self.reads.push(place.root);
                self.reads.extend(&place.reads);
                let whole = place.path.is_empty() && !place.deref;
                let is_reference = self.lowerer.slots[place.root.0 as usize].reference;
                if whole && is_reference == view.by_ref {
                    let mut renamed = self.lowerer.slots[place.root.0 as usize].name.clone();
                    renamed.set_span(name.span().resolved_at(renamed.span()));
                    path.path = renamed.into();
                    return;
                }
                let tokens = self.lowerer.place_tokens(place);
                *expr = Expr::Verbatim(if view.by_ref {
                    quote!((&#tokens))
                } else {
                    quote!((#tokens))
                });
            }
        }
    }

    fn macro_call(&mut self, expr: &mut Expr) {
        let Expr::Macro(call) = expr else { return };
        let name = call
            .mac
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string());
        match name.as_deref() {
            Some("no_diff") => {
                self.impure = true;
                match call.mac.parse_body::<Expr>() {
                    Ok(mut inner) => {
                        let before = std::mem::replace(&mut self.constant, true);
                        self.visit_expr_mut(&mut inner);
                        self.constant = before;
                        *expr = syn::parse_quote!((#inner));
                    }
                    Err(error) => self.lowerer.errors.syntax(&error),
                }
            }
            Some("matches") => match call.mac.parse_body::<Matches>() {
                Ok(mut body) => {
                    self.visit_expr_mut(&mut body.value);
                    if let Some(guard) = &mut body.guard {
                        let pat = body.pat.clone();
                        self.within(&[&pat], |rename| rename.visit_expr_mut(guard));
                    }
                    let Matches { value, pat, guard } = &body;
                    let guard = guard.iter();
                    *expr = Expr::Verbatim(quote!((match #value {
                        #pat #(if #guard)* => true,
                        _ => false,
                    })));
                }
                Err(error) => self.lowerer.errors.syntax(&error),
            },
            Some("vec") => match call.mac.parse_body::<Elements>() {
                Ok(Elements::List(mut list)) => {
                    list.iter_mut()
                        .for_each(|element| self.visit_expr_mut(element));
                    *expr = Expr::Verbatim(quote!(::std::vec![#(#list),*]));
                }
                Ok(Elements::Repeat(mut element, mut count)) => {
                    self.visit_expr_mut(&mut element);
                    self.visit_expr_mut(&mut count);
                    *expr = Expr::Verbatim(quote!(::std::vec![#element; #count]));
                }
                Err(error) => self.lowerer.errors.syntax(&error),
            },
            _ => {
                self.impure = true;
                let name = call.mac.path.to_token_stream();
                let message = format!("the macro `{name}!` is not understood here");
                self.lowerer.error(&call.mac.path, Code::Macro, message);
            }
        }
    }
}

impl VisitMut for Rename<'_, '_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Path(_) => self.path(expr),
            Expr::Macro(_) => self.macro_call(expr),
            Expr::Assign(_) | Expr::Return(_) => self.effect(&expr.clone()),
            Expr::Binary(binary) if is_compound(&binary.op) => self.effect(&expr.clone()),
            Expr::Reference(reference) if reference.mutability.is_some() => {
                self.effect(&reference.clone());
            }
            Expr::Call(call) => {
                let of_floats = self.lowerer.float_function(&call.func);
                self.impure |= !of_floats.is_some_and(|(name, _)| name == "of" || is_pure(&name));
                for argument in &mut call.args {
                    self.visit_expr_mut(argument);
                }
            }
            Expr::MethodCall(call) => {
                if !is_pure(&call.method.to_string()) {
                    self.impure = true;
                    if let Some((root, shared)) = self.root(&call.receiver)
                        && self.lowerer.slots[root.0 as usize].mutable
                        && !shared
                    {
                        let message = format!(
                            "`{}` may change what it is called on; call it on a variable that is \
                             not `mut`",
                            call.method
                        );
                        self.lowerer.error(&call.method, Code::Expression, message);
                    }
                }
                visit_mut::visit_expr_method_call_mut(self, call);
            }
            Expr::Cast(cast) => {
                let (before, user) = (self.reads.len(), cast.to_token_stream());
                let vague = self.lowerer.is_vague(&cast.expr);
                self.visit_expr_mut(&mut cast.expr);
                if vague && !self.constant && self.lowerer.floats.shape(&cast.ty) == Shape::Discrete
                {
                    let (private, inner) = (self.lowerer.private, &cast.expr);
                    *cast.expr =
                        Expr::Verbatim(quote_spanned!(inner.span()=> #private::integer(#inner)));
                    return;
                }
                if !self.constant && self.lowerer.floats.shape(&cast.ty) == Shape::Discrete {
                    let reads = self.reads[before..].to_vec();
                    self.lowerer.conversions.push((user, reads));
                }
            }
            Expr::Closure(closure) => {
                let pats: Vec<Pat> = closure.inputs.iter().cloned().collect();
                let pats: Vec<&Pat> = pats.iter().collect();
                self.within(&pats, |rename| rename.visit_expr_mut(&mut closure.body));
            }
            Expr::If(branch) => {
                let before = self.own.len();
                self.visit_expr_mut(&mut branch.cond);
                self.visit_block_mut(&mut branch.then_branch);
                self.own.truncate(before);
                if let Some((_, otherwise)) = &mut branch.else_branch {
                    self.visit_expr_mut(otherwise);
                }
            }
            Expr::Let(of) => {
                self.visit_expr_mut(&mut of.expr);
                let names = super::pattern::names(&of.pat);
                self.own.extend(names.iter().map(ToString::to_string));
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        let pat = arm.pat.clone();
        self.within(&[&pat], |rename| {
            if let Pat::Guard(guarded) = &mut arm.pat {
                rename.visit_expr_mut(&mut guarded.guard);
            }
            rename.visit_expr_mut(&mut arm.body);
        });
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        let before = self.own.len();
        for stmt in &mut block.stmts {
            visit_mut::visit_stmt_mut(self, stmt);
            if let syn::Stmt::Local(local) = stmt {
                let names = super::pattern::names(&local.pat);
                self.own.extend(names.iter().map(ToString::to_string));
            }
        }
        self.own.truncate(before);
    }

    fn visit_pat_mut(&mut self, _: &mut Pat) {}
}

/// What `matches!` takes.
struct Matches {
    value: Expr,
    pat: Pat,
    guard: Option<Expr>,
}

impl Parse for Matches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let value = input.parse()?;
        input.parse::<syn::Token![,]>()?;
        let pat = Pat::parse_multi_with_leading_vert(input)?;
        let guard = if input.peek(syn::Token![if]) {
            input.parse::<syn::Token![if]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        input.parse::<Option<syn::Token![,]>>()?;
        Ok(Matches { value, pat, guard })
    }
}

/// What `vec!` takes.
pub(super) enum Elements {
    /// `[a, b, c]`
    List(Vec<Expr>),
    /// `[a; n]`
    Repeat(Box<Expr>, Box<Expr>),
}

impl Parse for Elements {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Elements::List(Vec::new()));
        }
        let first: Expr = input.parse()?;
        if input.parse::<Option<syn::Token![;]>>()?.is_some() {
            return Ok(Elements::Repeat(Box::new(first), Box::new(input.parse()?)));
        }
        let mut list = vec![first];
        while input.parse::<Option<syn::Token![,]>>()?.is_some() && !input.is_empty() {
            list.push(input.parse()?);
        }
        Ok(Elements::List(list))
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
