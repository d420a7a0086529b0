//! Statements: `let`, assignments, and expressions that stand for their effect.

use proc_macro2::Ident;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Local, Pat};

use super::Lowerer;
use super::aggregate::constructor;
use super::expr::arithmetic;
use super::opaque::{Opaque, is_compound};
use super::scope::{Binding, View};
use crate::diag::Code;
use crate::frontend::array;
use crate::frontend::shape::Shape;
use crate::ir::scalar::{Assign, Inert, Place, Rhs, SlotId, StmtKind, Value};

impl Lowerer<'_> {
    /// Lowers a block whose value, if asked for, goes into a slot. The block opens a scope.
    pub(super) fn block_into(&mut self, block: &syn::Block, target: Option<SlotId>) {
        self.scopes.push(std::collections::HashMap::new());
        for (at, stmt) in block.stmts.iter().enumerate() {
            self.stmt_into(stmt, target, at + 1 == block.stmts.len());
        }
        self.scopes.pop();
    }

    /// Lowers a statement of a block; the last one may be its value.
    pub(super) fn stmt_into(&mut self, stmt: &syn::Stmt, target: Option<SlotId>, last: bool) {
        match stmt {
            syn::Stmt::Local(local) => self.local(local),
            syn::Stmt::Item(syn::Item::Const(item)) => {
                self.items.push(item.to_token_stream());
            }
            syn::Stmt::Item(item) => {
                self.error(item, Code::Statement, "an item cannot stand in the body");
            }
            syn::Stmt::Expr(expr, None) if last => match target {
                Some(slot) => {
                    let discrete = self.expr_into(expr, slot);
                    self.slots[slot.0 as usize].discrete |= discrete && slot != self.result;
                }
                None => self.statement(expr),
            },
            syn::Stmt::Expr(expr, _) => self.statement(expr),
            syn::Stmt::Macro(call) => self.statement_macro(&call.mac),
        }
    }

    /// Whether a macro only checks something.
    pub(super) fn is_check(&self, call: &syn::Macro) -> bool {
        const CHECKS: [&str; 8] = [
            "assert",
            "assert_eq",
            "assert_ne",
            "debug_assert",
            "debug_assert_eq",
            "debug_assert_ne",
            "panic",
            "unreachable",
        ];
        let name = call.path.get_ident().map(ToString::to_string);
        name.is_some_and(|name| CHECKS.contains(&name.as_str()))
    }

    /// Assertions read and never write: they run in the forward pass and leave no trace.
    pub(super) fn statement_macro(&mut self, call: &syn::Macro) {
        let name = call.path.to_token_stream().to_string();
        if !self.is_check(call) {
            let message = format!("the macro `{name}!` is not understood");
            return self.error(&call.path, Code::Macro, message);
        }
        let parser = Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        let args = match call.parse_body_with(parser) {
            Ok(args) => args,
            Err(error) => return self.errors.syntax(&error),
        };
        let args: Vec<Opaque> = args.iter().map(|arg| self.opaque(arg)).collect();
        let (path, tokens) = (&call.path, args.iter().map(|arg| &arg.tokens));
        self.check(Opaque {
            tokens: quote!(#path!(#(#tokens),*)),
            reads: args.iter().flat_map(|arg| arg.reads.clone()).collect(),
            discrete: true,
            impure: true,
        });
    }

    fn local(&mut self, local: &Local) {
        let (pat, ty) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
            pat => (pat, None),
        };
        let Some(init) = &local.init else {
            return match pat {
                Pat::Ident(ident) => {
                    let discrete = ty.is_some_and(|ty| self.floats.shape(ty) == Shape::Discrete);
                    let slot = self.slot(&ident.ident, discrete, ty.map(ToTokens::to_token_stream));
                    self.slots[slot.0 as usize].mutable = true;
                }
                _ => self.error(pat, Code::Pattern, "this pattern is not understood"),
            };
        };
        if let Some((_, diverge)) = &init.diverge {
            return self.let_else(pat, &init.expr, diverge);
        }
        let mut bound = Vec::new();
        self.initial(pat, ty, &init.expr, &mut bound);
        // Names are visible only behind their own initialisers.
        for (pat, item) in bound {
            match (pat, item) {
                (Pat::Ident(ident), item) => self.name(&ident.ident, item),
                (pat, item) => self.bind(pat, item),
            }
        }
    }

    /// What the names of a pattern will stand for.
    fn initial<'p>(
        &mut self,
        pat: &'p Pat,
        ty: Option<&syn::Type>,
        init: &Expr,
        bound: &mut Vec<(&'p Pat, Binding)>,
    ) {
        if let (Pat::Tuple(names), Expr::Tuple(values)) = (pat, init)
            && names.elems.len() == values.elems.len()
        {
            for (pat, value) in names.elems.iter().zip(&values.elems) {
                self.initial(pat, None, value, bound);
            }
            return;
        }
        if let Expr::Closure(closure) = init {
            let message = "a closure in a variable is not understood; make it a function";
            return self.error(closure, Code::Expression, message);
        }
        if let Some(halves) = self.halves(init) {
            bound.push((pat, halves));
            return;
        }
        // A reference is another name for its place.
        let reference =
            matches!(init, Expr::Reference(_) | Expr::MethodCall(_)) || self.is_place(init);
        if reference && self.is_view(init) {
            let Some(view) = self.pinned(|l| l.view(init)) else {
                return;
            };
            if let Some(view) = view
                && view.by_ref
            {
                // A view of an array must be `mut` to be written through.
                let written = view.exclusive && view.place.line().is_some();
                if let Pat::Ident(ident) = pat
                    && ident.mutability.is_some()
                    && !written
                {
                    let message = "a reference that changes what it refers to is not understood";
                    return self.error(ident, Code::Pattern, message);
                }
                bound.push((pat, Binding::View(view)));
                return;
            }
        }
        let plain = match pat {
            Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => Some(ident),
            _ => None,
        };
        let name = match plain {
            Some(ident) => ident.ident.clone(),
            None => Ident::new("value", pat.span()),
        };
        let slot = self.hidden(&name, ty.map(ToTokens::to_token_stream));
        let discrete = self.expr_into(init, slot);
        self.slots[slot.0 as usize].discrete = match ty.map(|ty| self.floats.shape(ty)) {
            Some(shape) => !shape.holds_floats(),
            None => discrete,
        };
        self.slots[slot.0 as usize].mutable = plain.is_some_and(|p| p.mutability.is_some());
        if ty.is_some_and(array::is_array) || self.makes_array(init) {
            self.arrays.insert(slot);
        }
        let item = Binding::View(self.view_of(slot));
        match pat {
            Pat::Wild(_) => {}
            pat => bound.push((pat, item)),
        }
    }

    /// Whether an expression may denote a place that is behind a reference.
    fn is_view(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Reference(reference) => self.is_place(&reference.expr),
            Expr::MethodCall(call) => match &*call.receiver {
                Expr::MethodCall(inner) => self.is_place(&inner.receiver),
                receiver => self.is_place(receiver),
            },
            expr => self.is_place(expr),
        }
    }

    /// `x.split_at(k)` and `x.split_at_mut(k)`: two names for parts of one place.
    fn halves(&mut self, expr: &Expr) -> Option<Binding> {
        let Expr::MethodCall(call) = expr else {
            return None;
        };
        let name = call.method.to_string();
        let exclusive = name == "split_at_mut";
        if !(exclusive || name == "split_at") || !self.is_place(&call.receiver) {
            return None;
        }
        let view = self.pinned(|l| l.view(&call.receiver))??;
        let at = self.opaque(call.args.first()?);
        let at = self.settle_discrete("middle", at);
        let k = &at.tokens;
        let half = |path| {
            let part = view.part(path, &at.reads);
            Binding::View(View::behind(part.place, exclusive))
        };
        Some(Binding::Parts(vec![
            half(quote!([..#k])),
            half(quote!([#k..])),
        ]))
    }

    /// `let Some(x) = e else { return .. };`
    fn let_else(&mut self, pat: &Pat, init: &Expr, diverge: &Expr) {
        let Some(view) = self.scrutinee(init) else {
            return;
        };
        let rest: Pat = syn::parse_quote!(_);
        let chosen = self.test(&view, &[(pat, None), (&rest, None)]);
        let condition = self.is_arm(chosen, 1);
        let then = self.nested(|l| l.statement(diverge));
        self.either(diverge.span(), condition, then, Vec::new());
        self.bind_arm(pat, &view);
    }

    /// A call that is not one of the operation table.
    pub(super) fn is_plain_call(&self, call: &syn::ExprCall) -> bool {
        match &*call.func {
            Expr::Path(path) => {
                let first = path.path.segments.first();
                !first.is_some_and(|first| self.floats.is_name(&first.ident.to_string()))
            }
            _ => true,
        }
    }

    /// Whether an expression is known to be an integer or a boolean, by its form alone.
    pub(super) fn is_discrete(&self, expr: Option<&Expr>) -> bool {
        match expr {
            Some(Expr::Lit(literal)) => match &literal.lit {
                syn::Lit::Float(_) => false,
                syn::Lit::Int(int) => !matches!(int.suffix(), "f32" | "f64"),
                _ => true,
            },
            Some(Expr::Paren(inner)) => self.is_discrete(Some(&inner.expr)),
            Some(Expr::Unary(unary)) => self.is_discrete(Some(&unary.expr)),
            Some(Expr::Binary(binary)) => {
                arithmetic(&binary.op).is_none()
                    || self.is_discrete(Some(&binary.left))
                    || self.is_discrete(Some(&binary.right))
            }
            Some(Expr::Cast(cast)) => self.floats.shape(&cast.ty) == Shape::Discrete,
            Some(Expr::MethodCall(call)) => {
                super::method::is_discrete(&call.method)
                    || call.method.to_string().starts_with("is_")
                    || self.is_discrete(Some(&call.receiver))
            }
            Some(Expr::Index(index)) => self.is_discrete(Some(&index.expr)),
            Some(Expr::Field(field)) => self.is_discrete(Some(&field.base)),
            Some(Expr::Path(path)) => match path.path.get_ident().and_then(|n| self.lookup(n)) {
                Some(Binding::View(view)) => self.discrete(view.place.root),
                Some(Binding::Raw(_) | Binding::Parts(_)) | None => false,
            },
            _ => false,
        }
    }

    /// Lowers an expression for its effect.
    pub(super) fn statement(&mut self, expr: &Expr) {
        let span = expr.span();
        match expr {
            Expr::Assign(assign) => self.assignment(&assign.left, &assign.right),
            Expr::Binary(binary) if is_compound(&binary.op) => self.compound_stmt(binary),
            Expr::If(branch) => self.branch(branch, None),
            Expr::Match(of) => self.match_of(of, None),
            Expr::Block(block) if block.label.is_none() => self.block_into(&block.block, None),
            Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => self.repeat(expr, None),
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => self.jump(expr),
            Expr::Macro(call) => self.statement_macro(&call.mac),
            Expr::MethodCall(call) => self.method_statement(call),
            Expr::Call(call) if self.swaps(call) => {}
            Expr::Call(call) => {
                if let Some(value) = self.call(call) {
                    self.temporary("unused", span, value);
                }
            }
            Expr::Try(of) => {
                let slot = self.hidden(&Ident::new("unused", span), None);
                self.attempt(of, slot);
            }
            Expr::Paren(inner) => self.statement(&inner.expr),
            Expr::Tuple(tuple) if tuple.elems.is_empty() => {}
            other => {
                let message = "this expression is not understood as a statement";
                self.error(other, Code::Statement, message);
            }
        }
    }

    fn assignment(&mut self, left: &Expr, right: &Expr) {
        let span = left.span();
        if let Expr::Tuple(targets) = left {
            return self.tuple_assignment(targets, right);
        }
        if matches!(left, Expr::Infer(_)) {
            let slot = self.hidden(&Ident::new("unused", span), None);
            self.expr_into(right, slot);
            return;
        }
        let Some(target) = self.target(left) else {
            return;
        };
        if self.discrete(target.root) {
            let mut value = self.opaque(right);
            if self.is_place(right) {
                // It may be a list, which must stay where it is.
                let of = &value.tokens;
                value.tokens = quote!(::core::clone::Clone::clone(&#of));
            }
            self.assign(span, target, Rhs::Constant(value.into()), false);
            return;
        }
        if let Expr::Call(call) = right
            && self.is_plain_call(call)
            && !constructor(call)
        {
            if let Some(value) = self.call(call) {
                self.assign(span, target, value, false);
            }
            return;
        }
        if let Some(value) = self.value(right) {
            self.assign(span, target, Rhs::Value(value), false);
        }
    }

    /// `(a, b[i]) = (x, y)`: all right sides before any left side.
    fn tuple_assignment(&mut self, targets: &syn::ExprTuple, right: &Expr) {
        let Expr::Tuple(values) = right else {
            let slot = self.hidden(&Ident::new("value", right.span()), None);
            self.expr_into(right, slot);
            for (at, target) in targets.elems.iter().enumerate() {
                let index = syn::Index::from(at);
                let mut part = Place::whole(slot);
                part.path = quote!(.#index);
                if let Some(target) = self.target(target) {
                    let value = Rhs::Value(self.value_of(part));
                    self.assign(right.span(), target, value, false);
                }
            }
            return;
        };
        let slots: Vec<SlotId> = values
            .elems
            .iter()
            .map(|value| {
                let slot = self.hidden(&Ident::new("value", value.span()), None);
                let discrete = self.expr_into(value, slot);
                self.slots[slot.0 as usize].discrete = discrete;
                slot
            })
            .collect();
        for (target, slot) in targets.elems.iter().zip(slots) {
            let Some(target) = self.target(target) else {
                continue;
            };
            let item = Binding::View(self.view_of(slot));
            let value = Rhs::Value(self.value_of_binding(&item));
            self.assign(right.span(), target, value, false);
        }
    }

    fn target(&mut self, expr: &Expr) -> Option<Place> {
        let mut view = self.view(expr)?;
        if let Some(place) = view.as_ref().map(|view| &view.place)
            && place.reads.contains(&place.root)
        {
            // `v[v.len() - 1]`: the index is a variable of its own.
            view = self.pinned(|l| l.view(expr))?;
        }
        match view {
            Some(view) if view.by_ref => {
                let message = "a reference cannot be made to refer to something else";
                self.error(expr, Code::Statement, message);
                None
            }
            Some(view) if view.place.reads.contains(&view.place.root) => {
                let message = "this index is changed by its own assignment; bind it with `let`";
                self.error(expr, Code::Statement, message);
                None
            }
            Some(view) => Some(view.place),
            None => {
                let message = "only a variable of this function can be assigned to";
                self.error(expr, Code::Statement, message);
                None
            }
        }
    }

    fn compound_stmt(&mut self, binary: &syn::ExprBinary) {
        let Some(target) = self.target(&binary.left) else {
            return;
        };
        let operator = binary.op.to_token_stream();
        let value = match arithmetic(&binary.op) {
            Some(op) if !self.slots[target.root.0 as usize].discrete => self
                .compound(op, target.clone(), &binary.right)
                .map(Rhs::Value),
            _ => Some(Rhs::Constant(self.opaque(&binary.right).into())),
        };
        let Some(value) = value else { return };
        let assign = Assign {
            target,
            operator: Some(operator),
            value,
            declares: false,
            fresh: false,
        };
        self.push(binary.span(), StmtKind::Assign(Box::new(assign)));
    }
}

/// Constant code made of values whose leaves carry no derivative. Code that calls something has
/// been settled into a slot before it became a leaf.
pub(super) fn inert(tokens: proc_macro2::TokenStream, values: &[Value]) -> Inert {
    let leaves = values.iter().flat_map(|value| &value.leaves);
    Inert {
        tokens,
        reads: leaves.flat_map(|leaf| leaf.reads.clone()).collect(),
        impure: false,
    }
}
