//! Control flow: branches, `match`, loops and jumps.

use proc_macro2::{Ident, Span};
use quote::quote;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, Pat};

use super::chain::Heading;
use super::opaque::Opaque;
use super::pattern::Arm;
use super::{Frame, Lowerer};
use crate::diag::Code;
use crate::ir::scalar::{
    Checkpoint, Head, Inert, Jump, Loop, LoopId, Place, Reversal, Rhs, SlotId, StmtKind,
};

impl Lowerer<'_> {
    /// The value of a block or an arm, into a slot if it has one.
    fn value_or_effect(&mut self, expr: &Expr, target: Option<SlotId>) {
        match target {
            Some(slot) => {
                let discrete = self.expr_into(expr, slot);
                self.slots[slot.0 as usize].discrete |= discrete && slot != self.result;
            }
            None => self.statement(expr),
        }
    }

    pub(super) fn branch(&mut self, branch: &syn::ExprIf, target: Option<SlotId>) {
        if let Expr::Let(of) = &*branch.cond {
            self.if_let(branch.span(), of, &mut |l, number| {
                if number == 0 {
                    l.block_into(&branch.then_branch, target);
                } else if let Some((_, other)) = &branch.else_branch {
                    l.value_or_effect(other, target);
                }
            });
            return;
        }
        let mut conditions = Vec::new();
        conjuncts(&branch.cond, &mut conditions);
        if conditions.iter().any(|one| matches!(one, Expr::Let(_))) {
            return self.conjunction(branch, &conditions, target);
        }
        let condition = self.opaque(&branch.cond).into();
        let then = self.nested(|l| l.block_into(&branch.then_branch, target));
        let otherwise = self.nested(|l| {
            if let Some((_, other)) = &branch.else_branch {
                l.value_or_effect(other, target);
            }
        });
        self.either(branch.span(), condition, then, otherwise);
    }

    /// `if let .. && c { .. } else { .. }`: nested conditions, and a flag for the `else`.
    fn conjunction(&mut self, branch: &syn::ExprIf, conditions: &[&Expr], target: Option<SlotId>) {
        let flag = |tokens| Opaque {
            tokens,
            discrete: true,
            ..Opaque::default()
        };
        let taken = self.discrete_slot(
            &Ident::new("v_taken", Span::mixed_site()),
            flag(quote!(false)),
        );
        self.conjunct(branch, conditions, target, taken);
        let Some((_, other)) = &branch.else_branch else {
            return;
        };
        let read = self.read_slot(taken);
        let name = &read.tokens;
        let condition = Inert {
            tokens: quote!(!#name),
            reads: read.reads,
            impure: false,
        };
        let then = self.nested(|l| l.value_or_effect(other, target));
        let otherwise = Vec::new();
        self.either(branch.span(), condition, then, otherwise);
    }

    fn conjunct(
        &mut self,
        branch: &syn::ExprIf,
        conditions: &[&Expr],
        target: Option<SlotId>,
        taken: SlotId,
    ) {
        match conditions {
            [] => {
                self.block_into(&branch.then_branch, target);
                let yes = Rhs::Constant(
                    Opaque {
                        tokens: quote!(true),
                        ..Opaque::default()
                    }
                    .into(),
                );
                self.assign(branch.span(), Place::whole(taken), yes, false);
            }
            [Expr::Let(of), rest @ ..] => {
                self.if_let(of.span(), of, &mut |l, number| {
                    if number == 0 {
                        l.conjunct(branch, rest, target, taken);
                    }
                });
            }
            [condition, rest @ ..] => {
                let span = condition.span();
                let condition = self.opaque(condition).into();
                let then = self.nested(|l| l.conjunct(branch, rest, target, taken));
                self.either(span, condition, then, Vec::new());
            }
        }
    }

    /// `match`
    pub(super) fn match_of(&mut self, of: &syn::ExprMatch, target: Option<SlotId>) {
        let Some(view) = self.scrutinee(&of.expr) else {
            return;
        };
        let arms: Vec<Arm<'_>> = of
            .arms
            .iter()
            .map(|arm| match &arm.pat {
                Pat::Guard(guarded) => (&*guarded.pat, Some(&*guarded.guard)),
                pat => (pat, None),
            })
            .collect();
        self.choose(of.span(), &view, &arms, &mut |l, number| {
            if let Some(arm) = of.arms.get(number) {
                l.value_or_effect(&arm.body, target);
            }
        });
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

    /// `return`, `break` and `continue`.
    pub(super) fn jump(&mut self, expr: &Expr) {
        let span = expr.span();
        match expr {
            Expr::Return(jump) if self.closures > 0 => {
                let message = "`return` in a closure; write the closure as one expression";
                self.error(jump, Code::Statement, message);
            }
            Expr::Return(jump) => {
                if let Some(value) = &jump.expr {
                    self.expr_into(value, self.result);
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
            _ => {}
        }
    }

    /// Lowers a loop.
    pub(super) fn repeat(&mut self, expr: &Expr, value: Option<SlotId>) {
        let checkpoint = self.checkpoint(expr);
        let (label, head, body) = match expr {
            Expr::ForLoop(of) => return self.for_loop(of, checkpoint),
            Expr::While(of) => (&of.label, Some(&of.cond), &of.body),
            Expr::Loop(of) => (&of.label, None, &of.body),
            _ => return,
        };
        let id = LoopId(self.loop_count);
        self.loop_count += 1;
        let label = label.as_ref().map(|label| label.name.ident.to_string());
        self.loops.push(Frame { id, label, value });
        let mut head_of = Head::Forever;
        let block = self.nested(|l| match head.map(|condition| &**condition) {
            Some(Expr::Let(of)) => {
                l.if_let(of.span(), of, &mut |l, number| {
                    if number == 0 {
                        l.block_into(body, None);
                    } else {
                        l.push(of.span(), StmtKind::Jump(Jump::Break(id)));
                    }
                });
            }
            Some(condition) => {
                head_of = Head::While(l.opaque(condition).into());
                l.block_into(body, None);
            }
            None => l.block_into(body, None),
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

    fn for_loop(&mut self, of: &syn::ExprForLoop, checkpoint: Option<Checkpoint>) {
        let label = of.label.as_ref().map(|label| label.name.ident.to_string());
        let (Some(range), Pat::Ident(_) | Pat::Wild(_)) = (plain_range(&of.expr), &*of.pat) else {
            let Some(stream) = self.stream_of(&of.expr) else {
                return;
            };
            let heading = Heading { label, checkpoint };
            self.drive(of.span(), stream, heading, |l, item| {
                l.bind(&of.pat, item);
                l.block_into(&of.body, None);
            });
            return;
        };
        let range: Inert = self.opaque(range).into();
        let id = LoopId(self.loop_count);
        self.loop_count += 1;
        self.loops.push(Frame {
            id,
            label,
            value: None,
        });
        let mut variable = None;
        let block = self.nested(|l| {
            if let Pat::Ident(ident) = &*of.pat {
                let slot = l.slot(&ident.ident, true, None);
                l.slots[slot.0 as usize].mutable = ident.mutability.is_some();
                variable = Some(slot);
            }
            l.block_into(&of.body, None);
        });
        self.loops.pop();
        let kind = StmtKind::Loop(Loop {
            id,
            span: of.span(),
            head: Head::For { variable, range },
            body: block,
            checkpoint,
            reversal: Reversal::Counted,
        });
        self.push(of.span(), kind);
    }
}

/// The range of a `for` loop that can be run as it stands: `a..b`, `a..=b`, and `.rev()` or
/// `.step_by(n)` of one.
fn plain_range(expr: &Expr) -> Option<&Expr> {
    let mut base = expr;
    loop {
        match base {
            Expr::Paren(inner) => base = &inner.expr,
            Expr::MethodCall(call) if call.method == "rev" || call.method == "step_by" => {
                base = &call.receiver;
            }
            Expr::Range(range) if range.start.is_some() && range.end.is_some() => {
                return Some(expr);
            }
            _ => return None,
        }
    }
}

/// The conditions that `&&` joins.
fn conjuncts<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            conjuncts(&binary.left, into);
            conjuncts(&binary.right, into);
        }
        other => into.push(other),
    }
}
