//! What ends a chain of iterators: loops, sums, folds, vectors; and the closures in it, inlined.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall, Pat};

use super::scope::{Binding, View};
use super::stream::{Stream, join};
use super::{Frame, Lowerer};
use crate::diag::Code;
use crate::ir::body::ValueId;
use crate::ir::op::{Build, Op};
use crate::ir::scalar::{
    Aggregate, Assign, Checkpoint, Head, Inert, Loop, LoopId, Place, Reversal, Rhs, SlotId,
    StmtKind, Value,
};

/// What the user wrote in front of a loop.
#[derive(Default)]
pub(super) struct Heading {
    /// Its label.
    pub(super) label: Option<String>,
    /// `#[checkpoint]`
    pub(super) checkpoint: Option<Checkpoint>,
}

impl Lowerer<'_> {
    /// The condition of a `filter`, whose closure takes a reference to the item.
    pub(super) fn predicate(&mut self, f: &Expr, item: &Binding) -> Option<Inert> {
        let Expr::Closure(closure) = f else {
            self.error(f, Code::Expression, "a closure should stand here");
            return None;
        };
        let pat = closure.inputs.first()?;
        self.scopes.push(Default::default());
        self.bind_raw(pat, item, 1);
        let condition = self.opaque(&closure.body);
        self.scopes.pop();
        Some(condition.into())
    }

    /// Binds names to code that reads an item behind a number of references.
    fn bind_raw(&mut self, pat: &Pat, item: &Binding, references: usize) {
        match (pat, item) {
            (Pat::Reference(inner), _) if references > 0 => {
                self.bind_raw(&inner.pat, item, references - 1);
            }
            (Pat::Reference(inner), Binding::View(view)) if view.by_ref => {
                let item = Binding::View(View::of(view.place.clone()));
                self.bind_raw(&inner.pat, &item, references);
            }
            (Pat::Tuple(tuple), Binding::Parts(parts)) if tuple.elems.len() == parts.len() => {
                for (pat, part) in tuple.elems.iter().zip(parts) {
                    self.bind_raw(pat, part, references);
                }
            }
            (Pat::Ident(ident), Binding::View(view)) => {
                let mut raw = self.opaque_place(&view.place);
                let marks = (0..references + usize::from(view.by_ref)).map(|_| quote!(&));
                let tokens = &raw.tokens;
                raw.tokens = quote!((#(#marks)* #tokens));
                self.name(&ident.ident, Binding::Raw(raw));
            }
            (Pat::Wild(_), _) => {}
            _ => self.error(pat, Code::Pattern, "this pattern is not understood here"),
        }
    }

    /// The value of a closure, or of a function by its path, for arguments that are bound already.
    pub(super) fn inline(&mut self, f: &Expr, args: Vec<Binding>, slot: SlotId) -> Option<bool> {
        self.scopes.push(Default::default());
        let discrete = match f {
            Expr::Closure(closure) if closure.inputs.len() == args.len() => {
                for (pat, arg) in closure.inputs.iter().zip(args) {
                    self.bind(pat, arg);
                }
                self.closures += 1;
                let discrete = self.expr_into(&closure.body, slot);
                self.closures -= 1;
                Some(discrete)
            }
            Expr::Path(path) => {
                let names: Vec<Ident> = (0..args.len())
                    .map(|at| format_ident!("__argument_{}", at, span = path.span()))
                    .collect();
                for (name, arg) in names.iter().zip(args) {
                    self.name(name, arg);
                }
                let call: Expr = syn::parse_quote!(#path(#(#names),*));
                Some(self.expr_into(&call, slot))
            }
            other => {
                let message = "a closure or the path of a function should stand here";
                self.error(other, Code::Expression, message);
                None
            }
        };
        self.scopes.pop();
        discrete
    }

    /// A loop over the items of a stream.
    pub(super) fn drive(
        &mut self,
        span: Span,
        stream: Stream,
        heading: Heading,
        body: impl FnOnce(&mut Self, Binding),
    ) {
        let base = stream.base();
        let direct = base.is_some();
        let range = match base {
            Some(base) => base,
            None => {
                let length = self.length(&stream);
                let length = self.settle_discrete("length", length);
                let to = &length.tokens;
                join(quote!(0..#to), &[&length])
            }
        };
        let head = Head::For {
            variable: None,
            range: range.into(),
        };
        self.labelled(span, heading, head, |l, at| {
            if let Some(at) = at {
                let at = l.read_slot(at);
                if let Some(item) = l.item(&stream, &at, direct) {
                    body(l, item);
                }
            }
        });
    }

    /// A loop without a label of the user's; `body` gets the variable of a `for`.
    pub(super) fn turn(
        &mut self,
        span: Span,
        head: Head,
        body: impl FnOnce(&mut Self, Option<SlotId>),
    ) {
        self.labelled(span, Heading::default(), head, body);
    }

    fn labelled(
        &mut self,
        span: Span,
        heading: Heading,
        mut head: Head,
        body: impl FnOnce(&mut Self, Option<SlotId>),
    ) {
        let Heading { label, checkpoint } = heading;
        let id = LoopId(self.loop_count);
        self.loop_count += 1;
        self.loops.push(Frame {
            id,
            label,
            value: None,
        });
        let block = self.nested(|l| {
            let mut at = None;
            if let Head::For { variable, .. } = &mut head {
                let slot = l.hidden(&Ident::new("v_k", Span::mixed_site()), None);
                l.slots[slot.0 as usize].discrete = true;
                *variable = Some(slot);
                at = Some(slot);
            }
            body(l, at);
        });
        self.loops.pop();
        self.push(
            span,
            StmtKind::Loop(Loop {
                id,
                span,
                head,
                body: block,
                checkpoint,
                reversal: Reversal::Counted,
            }),
        );
    }

    /// The value of an item.
    pub(super) fn value_of_binding(&mut self, item: &Binding) -> Value {
        match item {
            Binding::View(view) if !self.discrete(view.place.root) => {
                self.value_of(view.place.clone())
            }
            Binding::View(view) => {
                let opaque = self.opaque_place(&view.place);
                let tokens = &opaque.tokens;
                self.opaque_value(join(
                    quote!(::core::clone::Clone::clone(&#tokens)),
                    &[&opaque],
                ))
            }
            Binding::Raw(opaque) => self.opaque_value(opaque.clone()),
            Binding::Parts(parts) => {
                let values = parts
                    .iter()
                    .map(|part| self.value_of_binding(part))
                    .collect();
                let slot = self.hidden(&Ident::new("v_pair", Span::mixed_site()), None);
                let value = Rhs::Aggregate(Aggregate::Tuple, values);
                self.assign(Span::mixed_site(), Place::whole(slot), value, true);
                self.whole_value(slot)
            }
        }
    }

    /// `for_each(closure)`
    pub(super) fn for_each(&mut self, call: &ExprMethodCall) {
        let Some(Expr::Closure(closure)) = call.args.first() else {
            self.error(
                &call.method,
                Code::Expression,
                "a closure should stand here",
            );
            return;
        };
        let Some(stream) = self.stream_of(&call.receiver) else {
            return;
        };
        self.drive(call.span(), stream, Heading::default(), |l, item| {
            if let Some(pat) = closure.inputs.first() {
                l.bind(pat, item);
            }
            l.closures += 1;
            l.statement(&closure.body);
            l.closures -= 1;
        });
    }

    /// The end of a chain, into a slot. Returns whether the value is an integer or a boolean.
    pub(super) fn consume(&mut self, call: &ExprMethodCall, slot: SlotId) -> Option<bool> {
        let name = call.method.to_string();
        let span = call.span();
        let ty = call.turbofish.as_ref().and_then(|list| list.args.first());
        let ty = ty
            .map(|ty| quote!(#ty))
            .filter(|ty| !ty.to_string().contains('_'));
        let args: Vec<&Expr> = call.args.iter().collect();
        let stream = self.stream_of(&call.receiver)?;
        let target = Place::whole(slot);
        match (name.as_str(), args.as_slice()) {
            ("sum" | "product", []) => {
                let integer = ty.as_ref().is_some_and(|ty| {
                    let ty = ty.to_string();
                    ty.starts_with(['i', 'u'])
                });
                // `std` begins a sum with -0.0, so that adding nothing changes nothing.
                let (op, sign, start) = match (name.as_str(), integer) {
                    ("sum", false) => (Op::Add, quote!(+=), self.float(quote!(-0.0))),
                    ("sum", true) => (Op::Add, quote!(+=), quote!(0)),
                    (_, false) => (Op::Mul, quote!(*=), self.float(quote!(1.0))),
                    (_, true) => (Op::Mul, quote!(*=), quote!(1)),
                };
                if self.slots[slot.0 as usize].ty.is_none() {
                    self.slots[slot.0 as usize].ty = ty;
                }
                self.assign(
                    span,
                    target.clone(),
                    Rhs::Constant(join(start, &[]).into()),
                    true,
                );
                self.drive(span, stream, Heading::default(), |l, item| {
                    let value = match &item {
                        Binding::View(view) if !l.discrete(view.place.root) => {
                            l.updated(op, target.clone(), view.place.clone())
                        }
                        item => {
                            let value = l.value_of_binding(item);
                            Rhs::Value(value)
                        }
                    };
                    let assign = Assign {
                        target,
                        operator: Some(sign),
                        value,
                        declares: false,
                        fresh: false,
                    };
                    l.push(span, StmtKind::Assign(Box::new(assign)));
                });
                Some(integer)
            }
            ("fold", [init, f]) => {
                if let Expr::Closure(closure) = f
                    && let Some(syn::Pat::Type(typed)) = closure.inputs.first()
                    && self.slots[slot.0 as usize].ty.is_none()
                {
                    let ty = &typed.ty;
                    self.slots[slot.0 as usize].ty = Some(quote!(#ty));
                }
                let discrete = self.expr_into(init, slot);
                self.slots[slot.0 as usize].discrete = discrete;
                self.slots[slot.0 as usize].mutable = true;
                self.drive(span, stream, Heading::default(), |l, item| {
                    let next = l.hidden(&Ident::new("v_next", Span::mixed_site()), None);
                    let before = Binding::View(l.view_of(slot));
                    if let Some(discrete) = l.inline(f, vec![before, item], next) {
                        l.slots[next.0 as usize].discrete = discrete;
                        let next = Binding::View(l.view_of(next));
                        let value = l.value_of_binding(&next);
                        l.assign(span, target, Rhs::Value(value), false);
                    }
                });
                Some(discrete)
            }
            ("collect", []) => {
                if self.slots[slot.0 as usize].ty.is_none() {
                    self.slots[slot.0 as usize].ty = ty;
                }
                let empty = join(quote!(::std::vec::Vec::new()), &[]);
                self.assign(span, target.clone(), Rhs::Constant(empty.into()), true);
                self.drive(span, stream, Heading::default(), |l, item| {
                    let value = l.value_of_binding(&item);
                    l.append(span, &target, value);
                });
                Some(false)
            }
            _ => self.unknown(call),
        }
    }

    /// A literal of the type that is asked for where it stands.
    fn float(&self, literal: TokenStream) -> TokenStream {
        let private = self.private;
        match self.floats.is_empty() {
            true => literal,
            false => quote!(#private::Real::of(#literal)),
        }
    }

    /// `target op= place`
    fn updated(&mut self, op: Op, target: Place, place: Place) -> Rhs {
        let mut builder = super::expr::Builder::default();
        let old: ValueId = self.leaf(&mut builder, target);
        let tokens = self.place_tokens(&place);
        let operand = self.leaf(&mut builder, place);
        let result = builder.body.op(op, &[old, operand]);
        Rhs::Value(super::expr::finish(builder, tokens, result))
    }
}
