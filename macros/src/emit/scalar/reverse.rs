//! Prints the reverse pass: statements backwards; each restores what it overwrote, takes the
//! cotangent of its target and hands it on to what it read.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::walk::Way;
use super::{Emitter, Storage, arm_name, body};
use crate::autodiff::scalar::residuals;
use crate::ir::body::ValueId;
use crate::ir::scalar::{
    Assign, Block, Head, Loop, Place, Reversal, Rhs, SlotId, Stmt, StmtId, StmtKind, Value,
};
use crate::names;

impl Emitter<'_> {
    /// Prints a block backwards.
    pub(super) fn reverse(&self, block: &Block) -> TokenStream {
        if !block.iter().any(Stmt::escapes) {
            return block
                .iter()
                .rev()
                .map(|stmt| self.reverse_stmt(stmt))
                .collect();
        }
        // Segments end with the statements that control can leave by.
        let mut segments: Vec<Vec<&Stmt>> = vec![Vec::new()];
        for stmt in block {
            if let Some(segment) = segments.last_mut() {
                segment.push(stmt);
            }
            if stmt.escapes() {
                segments.push(Vec::new());
            }
        }
        let (private, tape, reached) =
            (&self.private, names::local("tape"), names::local("reached"));
        let mut code = quote!(let #reached = #private::Tape::pop(#tape););
        for (number, segment) in segments.iter().enumerate().rev() {
            let back: TokenStream = segment
                .iter()
                .rev()
                .map(|stmt| self.reverse_stmt(stmt))
                .collect();
            let number = proc_macro2::Literal::usize_unsuffixed(number);
            if !back.is_empty() {
                code.extend(quote!(if #reached >= #number { #back }));
            }
        }
        quote!({ #code })
    }

    fn reverse_stmt(&self, stmt: &Stmt) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        match &stmt.kind {
            StmtKind::Assign(assign) => self.reverse_assign(assign, stmt),
            StmtKind::Push { target, value } if self.along(stmt) => {
                self.reverse_push_with_tangent(target, value)
            }
            StmtKind::Pop { into, from } if self.along(stmt) => {
                self.reverse_pop_with_tangent(stmt.id, *into, from)
            }
            StmtKind::Push { target, value } => self.reverse_push(target, value),
            StmtKind::Pop { into, from } => self.reverse_pop(stmt.id, *into, from),
            StmtKind::Jump(_) => TokenStream::new(),
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                if self.silent(then) && self.silent(otherwise) {
                    return TokenStream::new();
                }
                let evident = self.is_evident(condition, then, otherwise);
                let (then, otherwise) = (self.reverse(then), self.reverse(otherwise));
                let taken = match self.storage {
                    _ if evident => quote!(#condition),
                    Storage::Nowhere => return TokenStream::new(),
                    Storage::Tape => quote!(#private::Tape::pop(#tape) == 1),
                    Storage::Locals | Storage::Turn(_) => {
                        let arm = arm_name(stmt.id);
                        quote!(#arm)
                    }
                };
                quote!(if #taken { #then } else { #otherwise })
            }
            StmtKind::Loop(of) => self.apart(stmt, self.reverse_loop(of)),
        }
    }

    fn reverse_loop(&self, of: &Loop) -> TokenStream {
        match (&of.reversal, &of.head) {
            (Reversal::Replayed(carried), Head::For { variable, range }) => {
                return self.reverse_replayed(of, carried, (*variable, range));
            }
            (Reversal::Checkpointed(checkpoint, state), _) => {
                return self.reverse_checkpointed(of, checkpoint, state);
            }
            (Reversal::Selected(found), _) => return self.reverse_selected(of, found),
            (Reversal::Skipped(carried), _) => return self.restore_changed(of, carried),
            _ if self.silent(&of.body) => return TokenStream::new(),
            (Reversal::Rebuilt, Head::For { variable, range }) => {
                if let Some(walk) = self.walk_of(of) {
                    let mut turn = |on: &Emitter<'_>| on.reverse(&of.body);
                    return self.walked(&walk, Way::Descending, None, &mut turn);
                }
                let (set, next) = (self.set_variable(*variable), names::local("next"));
                let body = self.reverse(&of.body);
                return quote!(for #next in (#range).rev() { #set #body });
            }
            _ => {}
        }
        let (private, tape) = (&self.private, names::local("tape"));
        let body = self.reverse(&of.body);
        let load = match &of.head {
            Head::For {
                variable: Some(slot),
                ..
            } => self.load_slot(*slot),
            _ => TokenStream::new(),
        };
        quote!(for _ in 0..#private::Tape::pop(#tape) { #body #load })
    }

    fn reverse_assign(&self, assign: &Assign, stmt: &Stmt) -> TokenStream {
        let private = &self.private;
        let target = &assign.target;
        if self.along(stmt) {
            return self.reverse_with_tangent(assign, stmt);
        }
        if let Rhs::Call(call) = &assign.value
            && !(self.visited(stmt) && self.function.slot(target.root).active)
        {
            let load = self.take_cotangent(stmt.id, target, self.saved(assign), assign.fresh);
            let back = if self.visited(stmt) {
                // The result is an integer; what matters is written in place.
                self.reverse_call(call, &quote!(#private::Val::blank()))
            } else {
                self.written_by(call, "bring").into_iter().rev().collect()
            };
            return quote!({ #load #back });
        }
        let cotangent = names::local("cotangent");
        // `s += e` hands the cotangent of the new `s` to the old one unchanged.
        if let (Some(_), Rhs::Value(value)) = (&assign.operator, &assign.value)
            && let [.., (0, last)] | [(0, last), ..] = value.flows.as_slice()
            && self.is_seed(value, *last)
            && self.function.slot(target.root).active
        {
            let load = if self.saved(assign) {
                self.if_kept(target.root, self.restore(stmt.id, target))
            } else {
                TokenStream::new()
            };
            let read = self.on_shadow(target, |shadow| quote!(#shadow));
            let known = self.in_row(stmt.id, value);
            let flows = self.flows_where(value, &quote!(#cotangent), known, &|_, leaf| leaf != 0);
            return quote!({ #load let #cotangent = #read; #flows });
        }
        // The operand of an operator is a number, which has no shape to remember.
        let shapeless = assign.operator.is_some() && !self.saved(assign);
        let take = self.take_cotangent(
            stmt.id,
            target,
            self.saved(assign),
            assign.fresh || shapeless,
        );
        if !self.function.slot(target.root).active {
            return take;
        }
        let cot = quote!(#cotangent);
        let (remember, known) = self.remembered(assign);
        let flows = match &assign.value {
            Rhs::Value(value) => {
                let known = known.or_else(|| self.in_row(stmt.id, value));
                self.flows_where(value, &cot, known, &|_, _| true)
            }
            Rhs::Constant(_) => TokenStream::new(),
            Rhs::Cast(value, _) => {
                let operand = &value.tokens;
                let flows = self.flows(value, &cot, false);
                quote!(let #cotangent = #private::Cast::cast_back(&(#operand), #cotangent); #flows)
            }
            Rhs::Aggregate(kind, values) => self.aggregate_back(kind, values, &cot),
            Rhs::Repeat(value, ..) => {
                let part = names::local("part");
                let flows = self.flows(value, &quote!((*#part)), false);
                quote!(for #part in &#cotangent { #flows })
            }
            Rhs::Bound(bound) => self.bound_back(bound, &cot),
            Rhs::Copied(place, how) => self.copied_back(place, *how, &cot),
            Rhs::Call(call) => self.reverse_call(call, &cot),
        };
        quote!({ #remember #take #flows })
    }

    /// Reads the result of an assignment before its target gets the old content back: the code, and
    /// what is then known, if the adjoint wants it.
    pub(super) fn remembered(
        &self,
        assign: &Assign,
    ) -> (TokenStream, Option<(ValueId, TokenStream)>) {
        match residuals::remembered(self.function, assign) {
            Some(id) => {
                let (result, target) = (names::local("result_of"), self.place(&assign.target));
                (quote!(let #result = #target;), Some((id, quote!(#result))))
            }
            None => (TokenStream::new(), None),
        }
    }

    fn reverse_push(&self, target: &Place, value: &Value) -> TokenStream {
        let private = &self.private;
        let slot = self.function.slot(target.root);
        let mut code = TokenStream::new();
        if slot.needed {
            let at = self.place(target);
            code.extend(quote!(#at.pop();));
        }
        if slot.active {
            let cotangent = names::local("cotangent");
            let popped = self.on_shadow(target, |shadow| quote!(#shadow.pop()));
            let flows = self.flows(value, &quote!(#cotangent), false);
            code.extend(quote! {
                let #cotangent = match #popped {
                    Some(popped) => popped,
                    None => #private::lost_shadow(),
                };
                #flows
            });
        }
        quote!({ #code })
    }

    fn reverse_pop(&self, id: StmtId, into: SlotId, from: &Place) -> TokenStream {
        let mut code = TokenStream::new();
        let name = &self.function.slot(into).name;
        let slot = self.function.slot(from.root);
        if slot.needed {
            let at = self.place(from);
            code.extend(quote! {
                if let Some(popped) = &#name { #at.push(::core::clone::Clone::clone(popped)); }
            });
        }
        let saved = self.function.slot(into).needed;
        code.extend(self.take_cotangent(id, &Place::whole(into), saved, false));
        if slot.active {
            let cotangent = names::local("cotangent");
            let push = self.with_shadow(from, |shadow| quote!(#shadow.push(popped);));
            code.extend(quote!(if let Some(popped) = #cotangent { #push }));
        }
        quote!({ #code })
    }

    pub(super) fn is_seed(&self, value: &Value, id: crate::ir::body::ValueId) -> bool {
        matches!(
            value.body.node(id),
            crate::ir::body::Node::Input(number, _) if *number == value.leaves.len()
        )
    }

    /// Hands a cotangent to the leaves of a value; with `but_first`, not to leaf 0.
    pub(super) fn flows(
        &self,
        value: &Value,
        cotangent: &TokenStream,
        but_first: bool,
    ) -> TokenStream {
        self.flows_where(value, cotangent, None, &|_, leaf| !(but_first && leaf == 0))
    }

    /// Hands a cotangent on by some of the flows, told by their number and leaf, where a value may
    /// be known.
    pub(super) fn flows_where(
        &self,
        value: &Value,
        cotangent: &TokenStream,
        known: Option<(ValueId, TokenStream)>,
        wanted: &dyn Fn(usize, usize) -> bool,
    ) -> TokenStream {
        let flows: Vec<_> = value
            .flows
            .iter()
            .enumerate()
            .filter(|(number, (leaf, _))| wanted(*number, *leaf))
            .map(|(_, flow)| flow)
            .collect();
        let outputs: Vec<_> = flows.iter().map(|(_, id)| *id).collect();
        let read = |number: usize| match value.leaves.get(number) {
            Some(leaf) => {
                let tokens = &leaf.tokens;
                if leaf.place.is_some() {
                    quote!(#tokens)
                } else {
                    quote!((#tokens))
                }
            }
            None => cotangent.clone(),
        };
        let printed = body::print_knowing(&value.body, &outputs, known, self.style(), &read);
        let private = &self.private;
        let mut code = printed.bindings;
        for ((leaf, id), flow) in flows.iter().zip(printed.outputs) {
            let Some(place) = &value.leaves[*leaf].place else {
                continue;
            };
            let whole = self.is_seed(value, *id) && !self.is_float(place);
            code.extend(self.with_shadow(place, |shadow| {
                // What is only handed on may be an array.
                if whole {
                    quote!(#private::Val::accumulate(&mut #shadow, &#flow);)
                } else {
                    quote!(#shadow += #flow;)
                }
            }));
        }
        code
    }

    /// Runs `with` on the shadow of a place, which the caller of this function may not want.
    pub(super) fn with_shadow(
        &self,
        place: &Place,
        with: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let shadow = names::shadow(&self.function.slot(place.root).name);
        self.with_shadow_named(&shadow, place, with)
    }

    /// The same for a shadow, or the tangent of a shadow, of that name.
    pub(super) fn with_shadow_named(
        &self,
        shadow: &Ident,
        place: &Place,
        with: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        self.shadow_or(shadow, place, with, None)
    }
}
