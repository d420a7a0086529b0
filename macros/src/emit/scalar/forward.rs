//! Prints the forward pass: the user's code over slots, with saves before overwrites and, on the
//! tape, how control flowed.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::walk::Way;
use super::{Emitter, Storage, arm_name};
use crate::ir::scalar::{
    Assign, Block, Head, Inert, Jump, Loop, LoopId, Place, Reversal, Rhs, Stmt, StmtId, StmtKind,
    Wanted,
};
use crate::names;

/// What encloses the statement that is printed, innermost last.
pub(super) enum Frame {
    /// A block that can be left early, and which of its segments is running.
    Block { segment: u64 },
    /// An arm of an `if`, with its number if that is recorded.
    Arm(Option<u64>),
    /// A loop, and whether its trip count is recorded.
    Loop { id: LoopId, counted: bool },
}

impl Emitter<'_> {
    /// Prints a block.
    pub(super) fn forward(&self, block: &Block, frames: &mut Vec<Frame>) -> TokenStream {
        let leaves_early = block.iter().any(|stmt| stmt.escapes());
        if leaves_early {
            frames.push(Frame::Block { segment: 0 });
        }
        let mut code = TokenStream::new();
        for stmt in block {
            code.extend(match &stmt.kind {
                StmtKind::Assign(assign) => self.forward_assign(assign, stmt),
                StmtKind::Push { target, value } if self.along(stmt) => {
                    self.push_with_tangent(target, value)
                }
                StmtKind::Pop { into, from } if self.along(stmt) => {
                    self.pop_with_tangent(stmt.id, *into, from)
                }
                StmtKind::Push { target, value } => {
                    let (target, value) = (self.place(target), self.owned(value));
                    quote_spanned!(stmt.span=> #target.push(#value);)
                }
                StmtKind::Pop { into, from } => {
                    let into = Place::whole(*into);
                    let saved = self.function.slot(into.root).needed;
                    let save = self.save_old(stmt.id, &into, saved, false);
                    let (into, from) = (self.place(&into), self.place(from));
                    quote_spanned!(stmt.span=> #save #into = #from.pop();)
                }
                StmtKind::If {
                    condition,
                    then,
                    otherwise,
                } => self.forward_if(stmt.id, (condition, then, otherwise), frames),
                StmtKind::Loop(of) => {
                    let code = self.forward_loop(of, frames);
                    self.apart(stmt, code)
                }
                StmtKind::Jump(jump) => self.forward_jump(*jump, frames),
            });
            if stmt.escapes()
                && let Some(Frame::Block { segment }) = frames.last_mut()
            {
                *segment += 1;
            }
        }
        if leaves_early && let Some(Frame::Block { segment }) = frames.pop() {
            code.extend(self.push_word(segment));
        }
        code
    }

    fn forward_assign(&self, assign: &Assign, stmt: &Stmt) -> TokenStream {
        if let Storage::Turn(carried) = self.storage
            && !carried.runs_again(assign.target.root)
        {
            return TokenStream::new();
        }
        if self.along(stmt) {
            return self.assign_with_tangent(assign, stmt);
        }
        let (target, span) = (self.place(&assign.target), stmt.span);
        let save = match &assign.operator {
            Some(_) if !self.saved(assign) => TokenStream::new(),
            _ => self.save_old(stmt.id, &assign.target, self.saved(assign), assign.fresh),
        };
        if let Some(value) = self.value_with_row(assign, stmt.id) {
            let operator = assign.operator.clone().unwrap_or_else(|| quote!(=));
            return quote_spanned!(span=> #save #target #operator #value;);
        }
        let value = match &assign.value {
            Rhs::Value(value) if assign.operator.is_some() => value.tokens.clone(),
            Rhs::Value(value) => self.owned(value),
            Rhs::Constant(code) => code.tokens.clone(),
            Rhs::Cast(value, ty) => {
                let tokens = &value.tokens;
                quote_spanned!(span=> (#tokens) as #ty)
            }
            Rhs::Aggregate(kind, values) => self.aggregate(kind, values),
            Rhs::Repeat(value, kind, count) => self.repeat(value, kind, count),
            Rhs::Bound(bound) => self.bound(bound),
            Rhs::Copied(place, how) => {
                let (place, copy) = (self.place(place), how.method());
                quote_spanned!(span=> #place.#copy())
            }
            // A gradient has a tape of its own.
            Rhs::Call(call) if call.wanted != Wanted::Value => self.plain_call(call, false),
            Rhs::Call(call) => {
                // The callee's record lies below the old content of the target.
                let value = names::local("value");
                let (taped, visited) = (
                    !matches!(self.storage, Storage::Nowhere),
                    self.visited(stmt),
                );
                let (keep, called) = match (taped, visited) {
                    (true, true) => (Vec::new(), self.forward_call(call)),
                    (true, false) => (self.written_by(call, "keep"), self.plain_call(call, false)),
                    (false, _) => (Vec::new(), self.plain_call(call, visited)),
                };
                return quote!(#(#keep)* let #value = #called; #save #target = #value;);
            }
        };
        match &assign.operator {
            Some(operator) => quote_spanned!(span=> #save #target #operator #value;),
            None => quote_spanned!(span=> #save #target = #value;),
        }
    }

    fn forward_if(
        &self,
        id: StmtId,
        (condition, then, otherwise): (&Inert, &Block, &Block),
        frames: &mut Vec<Frame>,
    ) -> TokenStream {
        let silent = self.silent(then) && self.silent(otherwise);
        let recorded = !silent && !self.is_evident(condition, then, otherwise);
        let mut arm = |block: &Block, number: u64| {
            frames.push(Frame::Arm(recorded.then_some(number)));
            let code = self.forward(block, frames);
            frames.pop();
            let record = match self.storage {
                _ if !recorded => TokenStream::new(),
                Storage::Nowhere => TokenStream::new(),
                Storage::Tape => self.push_word(number),
                Storage::Locals | Storage::Turn(_) => {
                    let (arm, taken) = (arm_name(id), number == 1);
                    quote!(#arm = #taken;)
                }
            };
            quote!({ #code #record })
        };
        let (then, otherwise) = (arm(then, 1), arm(otherwise, 0));
        quote!(if #condition #then else #otherwise)
    }

    pub(super) fn forward_loop(&self, of: &Loop, frames: &mut Vec<Frame>) -> TokenStream {
        if let (Reversal::Replayed(carried) | Reversal::Skipped(carried), Storage::Tape) =
            (&of.reversal, self.storage)
        {
            return self.forward_untaped(of, carried);
        }
        if let (Reversal::Selected(found), Storage::Tape) = (&of.reversal, self.storage) {
            return self.forward_selected(of, found);
        }
        if let (Reversal::Checkpointed(checkpoint, state), Storage::Tape) =
            (&of.reversal, self.storage)
        {
            return self.forward_checkpointed(of, checkpoint, state);
        }
        let counted = matches!(self.storage, Storage::Tape)
            && matches!(of.reversal, Reversal::Counted)
            && !self.silent(&of.body);
        if let Some(walk) = self.walk_of(of) {
            let mut turn = |on: &Emitter<'_>| on.forward(&of.body, &mut Vec::new());
            return self.walked(&walk, Way::Forward, None, &mut turn);
        }
        frames.push(Frame::Loop { id: of.id, counted });
        let body = self.forward(&of.body, frames);
        frames.pop();
        let (label, count) = (label(of.id), count(of.id));
        let (before, step, after) = if counted {
            let (private, tape) = (&self.private, names::local("tape"));
            (
                quote!(let mut #count: u64 = 0;),
                quote!(#count += 1;),
                quote!(#private::Tape::push(#tape, #count);),
            )
        } else {
            Default::default()
        };
        let run = match &of.head {
            Head::For {
                variable: Some(slot),
                range,
            } => {
                let (name, next) = (&self.function.slot(*slot).name, names::local("next"));
                let save = if matches!(of.reversal, Reversal::Counted) {
                    self.save_slot(*slot)
                } else {
                    TokenStream::new()
                };
                quote!(for #next in #range { #step #save #name = #next; #body })
            }
            Head::For {
                variable: None,
                range,
            } => quote!(for _ in #range { #step #body }),
            Head::While(condition) => quote!(while #condition { #step #body }),
            Head::Forever => quote!(loop { #step #body }),
        };
        quote!(#before #label: #run #after)
    }

    /// Records where every block on the way was left, innermost first, and goes.
    fn forward_jump(&self, jump: Jump, frames: &[Frame]) -> TokenStream {
        let mut code = TokenStream::new();
        for frame in frames.iter().rev() {
            match frame {
                Frame::Block { segment } => code.extend(self.push_word(*segment)),
                Frame::Arm(Some(number)) => code.extend(self.push_word(*number)),
                Frame::Arm(None) => {}
                Frame::Loop { id, .. } if jump == Jump::Break(*id) => {
                    let label = label(*id);
                    return quote!(#code break #label;);
                }
                Frame::Loop { id, .. } if jump == Jump::Continue(*id) => {
                    let label = label(*id);
                    return quote!(#code continue #label;);
                }
                Frame::Loop { id, counted: true } => {
                    let (private, tape, count) = (&self.private, names::local("tape"), count(*id));
                    code.extend(quote!(#private::Tape::push(#tape, #count);));
                }
                Frame::Loop { .. } => {}
            }
        }
        let function = super::body_label();
        quote!(#code break #function;)
    }

    fn push_word(&self, word: u64) -> TokenStream {
        if !matches!(self.storage, Storage::Tape) {
            return TokenStream::new();
        }
        let (private, tape) = (&self.private, names::local("tape"));
        let word = proc_macro2::Literal::u64_unsuffixed(word);
        quote!(#private::Tape::push(#tape, #word);)
    }
}

pub(super) fn label(id: LoopId) -> syn::Lifetime {
    syn::Lifetime::new(&format!("'loop_{}", id.0), Span::mixed_site())
}

fn count(id: LoopId) -> proc_macro2::Ident {
    format_ident!("trips_{}", id.0, span = Span::mixed_site())
}
