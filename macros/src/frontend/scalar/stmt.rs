//! Statements and control flow.

use proc_macro2::Span;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, Local, Pat, RangeLimits};

use super::expr::arithmetic;
use super::opaque::is_compound;
use super::{Frame, Lowerer};
use crate::diag::Code;
use crate::frontend::signature::{Shape, shape_of};
use crate::ir::scalar::{
    Aggregate, Assign, Head, Inert, Jump, Loop, LoopId, Place, Reversal, Rhs, SlotId, StmtKind,
    Value,
};

impl Lowerer<'_> {
    /// Lowers a block whose value, if asked for, goes into a slot. The block opens a scope.
    pub(super) fn block_into(&mut self, block: &syn::Block, target: Option<SlotId>) {
        self.scopes.push(std::collections::HashMap::new());
        for (at, stmt) in block.stmts.iter().enumerate() {
            let last = at + 1 == block.stmts.len();
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
                        self.expr_into(expr, slot);
                    }
                    None => self.statement(expr),
                },
                syn::Stmt::Expr(expr, _) => self.statement(expr),
                syn::Stmt::Macro(call) => self.statement_macro(&call.mac),
            }
        }
        self.scopes.pop();
    }

    /// Assertions read and never write: they run in the forward pass and leave no trace.
    fn statement_macro(&mut self, call: &syn::Macro) {
        let name = call.path.to_token_stream().to_string();
        self.error(
            &call.path,
            Code::Macro,
            format!("the macro `{name}!` is not understood"),
        );
    }

    fn local(&mut self, local: &Local) {
        let (pat, ty) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
            pat => (pat, None),
        };
        let Some(init) = &local.init else {
            return match pat {
                Pat::Ident(ident) => {
                    let discrete = ty.is_some_and(|ty| shape_of(ty) == Shape::Discrete);
                    self.slot(&ident.ident, discrete, ty.map(ToTokens::to_token_stream));
                }
                _ => self.error(pat, Code::Pattern, "this pattern is not understood"),
            };
        };
        if let Some((_, diverge)) = &init.diverge {
            self.error(diverge, Code::Statement, "`let .. else` is not understood");
            return;
        }
        if let (Pat::Tuple(names), Expr::Tuple(values)) = (pat, &*init.expr)
            && names.elems.len() == values.elems.len()
        {
            return self.tuple(names, values);
        }
        let name = match pat {
            Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => &ident.ident,
            Pat::Wild(_) => &syn::Ident::new("unused", pat.span()),
            _ => {
                self.error(pat, Code::Pattern, "this pattern is not understood");
                return;
            }
        };
        // The name is visible only behind its own initialiser.
        let slot = self.hidden(name, ty.map(ToTokens::to_token_stream));
        let discrete = self.expr_into(&init.expr, slot);
        let declared = ty.map(shape_of);
        self.slots[slot.0 as usize].discrete = match declared {
            Some(shape) => !shape.holds_floats() && shape != Shape::Named,
            None => discrete,
        };
        if !matches!(pat, Pat::Wild(_))
            && let Some(scope) = self.scopes.last_mut()
        {
            scope.insert(name.to_string(), slot);
        }
    }

    /// `let (a, b) = (x, y)`: all right sides before any name.
    fn tuple(&mut self, names: &syn::PatTuple, values: &syn::ExprTuple) {
        let mut bound = Vec::new();
        for (pat, value) in names.elems.iter().zip(&values.elems) {
            let Pat::Ident(ident) = pat else {
                self.error(pat, Code::Pattern, "this pattern is not understood");
                continue;
            };
            let slot = self.hidden(&ident.ident, None);
            let discrete = self.expr_into(value, slot);
            self.slots[slot.0 as usize].discrete = discrete;
            bound.push((ident.ident.to_string(), slot));
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.extend(bound);
        }
    }

    /// Lowers an expression into a slot, written here for the first time. Returns whether it is
    /// known to be an integer or a boolean.
    pub(super) fn expr_into(&mut self, expr: &Expr, slot: SlotId) -> bool {
        let span = expr.span();
        match expr {
            Expr::Paren(inner) => return self.expr_into(&inner.expr, slot),
            Expr::If(branch) => self.branch(branch, Some(slot)),
            Expr::Block(block) if block.label.is_none() => {
                self.block_into(&block.block, Some(slot));
            }
            Expr::Loop(_) => self.repeat(expr, Some(slot)),
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => self.statement(expr),
            Expr::Array(array) => {
                let values: Option<Vec<Value>> = array
                    .elems
                    .iter()
                    .map(|element| self.value(element))
                    .collect();
                let Some(values) = values else { return false };
                let constant = |value: &Value| value.leaves.iter().all(|leaf| leaf.place.is_none());
                let discrete = self.is_discrete(array.elems.first());
                if values.iter().all(constant) {
                    let tokens = values.iter().map(|value| &value.tokens);
                    let value = Rhs::Constant(inert(quote!([#(#tokens),*]), &values));
                    self.assign(span, Place::whole(slot), value, true);
                    return discrete;
                }
                self.assign(
                    span,
                    Place::whole(slot),
                    Rhs::Aggregate(Aggregate::Array, values),
                    true,
                );
            }
            Expr::Call(call) if self.is_plain_call(call) => {
                if let Some(value) = self.call(call) {
                    self.assign(span, Place::whole(slot), value, true);
                }
            }
            _ => {
                let discrete = self.is_discrete(Some(expr));
                let Some(value) = self.value(expr) else {
                    return false;
                };
                let constant = value.leaves.iter().all(|leaf| leaf.place.is_none());
                let value = if constant {
                    Rhs::Constant(inert(value.tokens.clone(), &[value]))
                } else {
                    Rhs::Value(value)
                };
                self.assign(span, Place::whole(slot), value, true);
                return discrete;
            }
        }
        false
    }

    /// A call that is not one of the operation table.
    fn is_plain_call(&self, call: &syn::ExprCall) -> bool {
        match &*call.func {
            Expr::Path(path) => {
                let first = path.path.segments.first();
                !first.is_some_and(|s| s.ident == "f64" || s.ident == "f32")
            }
            _ => true,
        }
    }

    /// Whether an expression is known to be an integer or a boolean, by its form alone.
    fn is_discrete(&self, expr: Option<&Expr>) -> bool {
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
            Some(Expr::Cast(cast)) => shape_of(&cast.ty) == Shape::Discrete,
            Some(Expr::MethodCall(call)) => {
                matches!(call.method.to_string().as_str(), "len" | "is_empty")
                    || call.method.to_string().starts_with("is_")
                    || self.is_discrete(Some(&call.receiver))
            }
            Some(Expr::Index(index)) => self.is_discrete(Some(&index.expr)),
            Some(Expr::Field(field)) => self.is_discrete(Some(&field.base)),
            Some(Expr::Path(path)) => path
                .path
                .get_ident()
                .and_then(|name| self.lookup(name))
                .is_some_and(|slot| self.slots[slot.0 as usize].discrete),
            _ => false,
        }
    }

    /// Lowers an expression for its effect.
    pub(super) fn statement(&mut self, expr: &Expr) {
        let span = expr.span();
        match expr {
            Expr::Assign(assign) => {
                let Some(target) = self.target(&assign.left) else {
                    return;
                };
                if let Expr::Call(call) = &*assign.right
                    && self.is_plain_call(call)
                {
                    if let Some(value) = self.call(call) {
                        self.assign(span, target, value, false);
                    }
                    return;
                }
                let Some(value) = self.value(&assign.right) else {
                    return;
                };
                self.assign(span, target, Rhs::Value(value), false);
            }
            Expr::Binary(binary) if is_compound(&binary.op) => self.compound_stmt(binary),
            Expr::If(branch) => self.branch(branch, None),
            Expr::Block(block) if block.label.is_none() => self.block_into(&block.block, None),
            Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => self.repeat(expr, None),
            Expr::Return(jump) => {
                if let Some(value) = &jump.expr {
                    self.expr_into_result(value);
                }
                self.push(span, StmtKind::Jump(Jump::Return));
            }
            Expr::Break(jump) => {
                let Some((id, target)) = self.loop_of(jump.label.as_ref(), span) else {
                    return;
                };
                match (&jump.expr, target) {
                    (Some(value), Some(slot)) => {
                        self.expr_into(value, slot);
                    }
                    (Some(value), None) => {
                        self.error(value, Code::Loop, "this loop has no value to break with");
                    }
                    (None, _) => {}
                }
                self.push(span, StmtKind::Jump(Jump::Break(id)));
            }
            Expr::Continue(jump) => {
                let Some((id, _)) = self.loop_of(jump.label.as_ref(), span) else {
                    return;
                };
                self.push(span, StmtKind::Jump(Jump::Continue(id)));
            }
            Expr::Macro(call) => self.statement_macro(&call.mac),
            Expr::Call(call) => {
                if let Some(value) = self.call(call) {
                    self.temporary("unused", span, value);
                }
            }
            Expr::Paren(inner) => self.statement(&inner.expr),
            Expr::Tuple(tuple) if tuple.elems.is_empty() => {}
            other => {
                let message = "this expression is not understood as a statement";
                self.error(other, Code::Statement, message);
            }
        }
    }

    /// The value of the function. It may be written at several exits, each of them once.
    fn expr_into_result(&mut self, value: &Expr) {
        self.expr_into(value, self.result);
    }

    fn target(&mut self, expr: &Expr) -> Option<Place> {
        match self.place(expr)? {
            Some(place) if place.reads.contains(&place.root) => {
                let message = "this index is changed by its own assignment; bind it with `let`";
                self.error(expr, Code::Statement, message);
                None
            }
            Some(place) => Some(place),
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

    fn branch(&mut self, branch: &syn::ExprIf, target: Option<SlotId>) {
        if let Expr::Let(pattern) = &*branch.cond {
            self.error(pattern, Code::Pattern, "`if let` is not understood");
            return;
        }
        let condition = self.opaque(&branch.cond).into();
        let then = self.nested(|l| l.block_into(&branch.then_branch, target));
        let otherwise = self.nested(|l| match (&branch.else_branch, target) {
            (Some((_, other)), Some(slot)) => {
                l.expr_into(other, slot);
            }
            (Some((_, other)), None) => l.statement(other),
            (None, _) => {}
        });
        self.push(
            branch.span(),
            StmtKind::If {
                condition,
                then,
                otherwise,
            },
        );
    }

    fn loop_of(
        &mut self,
        label: Option<&syn::Lifetime>,
        span: Span,
    ) -> Option<(LoopId, Option<SlotId>)> {
        let wanted = label.map(|label| label.ident.to_string());
        let found = self
            .loops
            .iter()
            .rev()
            .find(|frame| wanted.is_none() || frame.label == wanted)
            .map(|frame| (frame.id, frame.value));
        if found.is_none() {
            self.errors
                .at_span(span, Code::Loop, "there is no such loop to leave");
        }
        found
    }

    /// Lowers a loop.
    fn repeat(&mut self, expr: &Expr, value: Option<SlotId>) {
        let id = LoopId(self.loop_count);
        self.loop_count += 1;
        let checkpoint = self.checkpoint(expr);
        let (label, head, body) = match expr {
            Expr::ForLoop(of) => {
                let Some(range) = self.range(&of.expr) else {
                    return;
                };
                let variable = match &*of.pat {
                    Pat::Ident(ident) => Some(ident.ident.clone()),
                    Pat::Wild(_) => None,
                    other => {
                        self.error(other, Code::Pattern, "a loop variable must be a plain name");
                        return;
                    }
                };
                (&of.label, (Some((variable, range)), None), &of.body)
            }
            Expr::While(of) => {
                if let Expr::Let(pattern) = &*of.cond {
                    self.error(pattern, Code::Pattern, "`while let` is not understood");
                    return;
                }
                (&of.label, (None, Some(&of.cond)), &of.body)
            }
            Expr::Loop(of) => (&of.label, (None, None), &of.body),
            _ => return,
        };
        let label = label.as_ref().map(|label| label.name.ident.to_string());
        self.loops.push(Frame { id, label, value });
        let mut head_of = Head::Forever;
        let block = self.nested(|l| {
            head_of = match head {
                (Some((variable, range)), _) => {
                    let variable = variable.map(|name| l.slot(&name, true, None));
                    Head::For { variable, range }
                }
                (None, Some(condition)) => Head::While(l.opaque(condition).into()),
                (None, None) => Head::Forever,
            };
            l.block_into(body, None);
        });
        self.loops.pop();
        let kind = StmtKind::Loop(Loop {
            id,
            span: expr.span(),
            head: head_of,
            body: block,
            checkpoint,
            reversal: Reversal::Counted,
        });
        self.push(expr.span(), kind);
    }

    /// The range of a `for` loop: `a..b`, `a..=b`, and `.rev()` or `.step_by(n)` of one.
    fn range(&mut self, expr: &Expr) -> Option<Inert> {
        let mut base = expr;
        loop {
            match base {
                Expr::Paren(inner) => base = &inner.expr,
                Expr::MethodCall(call) if call.method == "rev" || call.method == "step_by" => {
                    base = &call.receiver;
                }
                Expr::Range(range) if range.start.is_some() && range.end.is_some() => {
                    let (RangeLimits::HalfOpen(_) | RangeLimits::Closed(_)) = &range.limits;
                    return Some(self.opaque(expr).into());
                }
                other => {
                    self.error(other, Code::Loop, "this is not a range");
                    return None;
                }
            }
        }
    }
}

/// Constant code made of values whose leaves carry no derivative. Code that calls something has
/// been settled into a slot before it became a leaf.
fn inert(tokens: proc_macro2::TokenStream, values: &[Value]) -> Inert {
    let leaves = values.iter().flat_map(|value| &value.leaves);
    Inert {
        tokens,
        reads: leaves.flat_map(|leaf| leaf.reads.clone()).collect(),
        impure: false,
    }
}
