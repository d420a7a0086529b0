//! Methods that change a list: each as the assignments, pushes and pops that it is made of.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall};

use super::Lowerer;
use super::chain::Heading;
use super::opaque::Opaque;
use super::scope::{Binding, View};
use super::stream;
use crate::diag::Code;
use crate::ir::scalar::{Head, Inert, Place, Rhs, SlotId, StmtKind};

/// Methods of lists that only the list itself could undo.
const CHANGES: &[&str] = &[
    "append",
    "dedup",
    "drain",
    "extend_from_within",
    "insert",
    "remove",
    "resize_with",
    "retain",
    "rotate_left",
    "rotate_right",
    "sort",
    "sort_by",
    "sort_by_key",
    "sort_unstable",
    "sort_unstable_by",
    "split_off",
    "swap_remove",
    "swap_with_slice",
];

impl Lowerer<'_> {
    /// A method call that stands as a statement.
    pub(super) fn method_statement(&mut self, call: &ExprMethodCall) {
        let name = call.method.to_string();
        if stream::is_stream(&call.receiver) && name == "for_each" {
            return self.for_each(call);
        }
        let Some(view) = self.view(&call.receiver) else {
            return;
        };
        let args: Vec<&Expr> = call.args.iter().collect();
        match (view, name.as_str(), args.as_slice()) {
            (Some(view), _, args) => self.change(call, &view, args),
            (None, _, _) => {
                let message = format!("`{name}` has no effect that is understood here");
                self.error(&call.method, Code::Statement, message);
            }
        }
    }

    fn change(&mut self, call: &ExprMethodCall, view: &View, args: &[&Expr]) {
        let (name, span) = (call.method.to_string(), call.span());
        let list = &view.place;
        match (name.as_str(), args) {
            ("push", [value]) => {
                if let Some(value) = self.value(value) {
                    self.append(span, list, value);
                }
            }
            ("pop", []) => {
                self.discard(span, list);
            }
            ("clear", []) => {
                let empty = Opaque {
                    tokens: quote!(::std::vec::Vec::new()),
                    ..Opaque::default()
                };
                self.assign(span, list.clone(), Rhs::Constant(empty.into()), false);
            }
            ("truncate", [length]) => {
                let length = self.once(length);
                self.shorten(span, list, &length);
            }
            ("resize", [length, value]) => {
                let (length, value) = (self.once(length), self.variable("value", value));
                self.shorten(span, list, &length);
                let (of, to) = (self.opaque_place(list), &length.tokens);
                let current = &of.tokens;
                let condition = condition(quote!(#current.len() < #to), &of, &length);
                self.turn(span, Head::While(condition), |l, _| {
                    let value = l.whole_value(value);
                    l.append(span, list, value);
                });
            }
            ("extend_from_slice" | "extend", [values]) => {
                if let Some(stream) = self.stream_of(values) {
                    self.drive(span, stream, Heading::default(), |l, item| {
                        let value = l.value_of_binding(&item);
                        l.append(span, list, value);
                    });
                }
            }
            ("fill", [value]) => {
                let value = self.variable("value", value);
                self.each_index(span, list, |l, at| {
                    let value = Rhs::Value(l.whole_value(value));
                    l.assign(span, element(list, &at), value, false);
                });
            }
            ("copy_from_slice" | "clone_from_slice", [from]) => {
                let Some(Some(from)) = self.pinned(|l| l.view(from)) else {
                    let message = "only a slice of a variable can be copied from";
                    self.error(*from, Code::Expression, message);
                    return;
                };
                self.same_length(list, &from.place);
                self.each_index(span, list, |l, at| {
                    let value = Binding::View(View::of(element(&from.place, &at)));
                    let value = l.value_of_binding(&value);
                    l.assign(span, element(list, &at), Rhs::Value(value), false);
                });
            }
            ("swap", [a, b]) => {
                let (a, b) = (self.once(a), self.once(b));
                self.exchange(span, &element(list, &a), &element(list, &b));
            }
            ("reverse", []) => {
                let of = self.opaque_place(list);
                let length = &of.tokens;
                let half = Opaque {
                    tokens: quote!(#length.len() / 2),
                    reads: of.reads.clone(),
                    ..Opaque::default()
                };
                let half = self.settle_discrete("half", half);
                self.count(span, &half, |l, at| {
                    let (length, k) = (&of.tokens, &at.tokens);
                    let other = Opaque {
                        tokens: quote!(#length.len() - 1 - #k),
                        reads: [of.reads.clone(), at.reads.clone()].concat(),
                        ..Opaque::default()
                    };
                    let other = l.settle_discrete("other", other);
                    l.exchange(span, &element(list, &at), &element(list, &other));
                });
            }
            ("reserve" | "shrink_to_fit", _) => {}
            (name, _) if !CHANGES.contains(&name) => {
                let written = view.exclusive || self.slots[list.root.0 as usize].mutable;
                if let Some(value) = self.method_call(call, written) {
                    self.temporary("unused", span, value);
                }
            }
            _ => {
                let message = format!(
                    "`{name}` may change what it is called on in a way that the reverse pass cannot undo"
                );
                self.error(&call.method, Code::Method, message);
            }
        }
    }

    /// `list.push(value)`
    pub(super) fn append(&mut self, span: Span, list: &Place, value: crate::ir::scalar::Value) {
        let (target, value) = (list.clone(), Box::new(value));
        self.push(span, StmtKind::Push { target, value });
    }

    /// `list.pop();`
    fn discard(&mut self, span: Span, list: &Place) {
        let into = self.hidden(&Ident::new("v_popped", Span::mixed_site()), None);
        let from = list.clone();
        self.push(span, StmtKind::Pop { into, from });
    }

    fn shorten(&mut self, span: Span, list: &Place, length: &Opaque) {
        let of = self.opaque_place(list);
        let (current, to) = (&of.tokens, &length.tokens);
        let condition = condition(quote!(#current.len() > #to), &of, length);
        self.turn(span, Head::While(condition), |l, _| l.discard(span, list));
    }

    /// Two elements trade places.
    pub(super) fn exchange(&mut self, span: Span, a: &Place, b: &Place) {
        let first = self.copy(&Ident::new("v_first", Span::mixed_site()), a);
        let second = Binding::View(View::of(b.clone()));
        let second = self.value_of_binding(&second);
        self.assign(span, a.clone(), Rhs::Value(second), false);
        let first = self.whole_value(first);
        self.assign(span, b.clone(), Rhs::Value(first), false);
    }

    /// A variable for an index or a length.
    fn once(&mut self, expr: &Expr) -> Opaque {
        let value = self.opaque(expr);
        self.settle_discrete("index", value)
    }

    /// The same for code; a literal needs none.
    pub(super) fn settle_discrete(&mut self, name: &str, value: Opaque) -> Opaque {
        if value.reads.is_empty() && !value.impure {
            return value;
        }
        let slot = self.discrete_slot(
            &format_ident!("v_{}", name, span = Span::mixed_site()),
            value,
        );
        self.read_slot(slot)
    }

    /// A variable for a value.
    fn variable(&mut self, name: &str, expr: &Expr) -> SlotId {
        let slot = self.hidden(
            &format_ident!("v_{}", name, span = Span::mixed_site()),
            None,
        );
        let discrete = self.expr_into(expr, slot);
        self.slots[slot.0 as usize].discrete = discrete;
        slot
    }

    /// Runs `body` for every index of a list.
    fn each_index(&mut self, span: Span, list: &Place, body: impl FnOnce(&mut Self, Opaque)) {
        let of = self.opaque_place(list);
        let tokens = &of.tokens;
        let length = Opaque {
            tokens: quote!(#tokens.len()),
            reads: of.reads.clone(),
            ..Opaque::default()
        };
        let length = self.settle_discrete("length", length);
        self.count(span, &length, body);
    }

    /// `for k in 0..length`
    fn count(&mut self, span: Span, length: &Opaque, body: impl FnOnce(&mut Self, Opaque)) {
        let to = &length.tokens;
        let range = Inert {
            tokens: quote!(0..#to),
            reads: length.reads.clone(),
            impure: false,
        };
        let head = Head::For {
            variable: None,
            range,
        };
        self.turn(span, head, |l, at| {
            if let Some(at) = at {
                let at = l.read_slot(at);
                body(l, at);
            }
        });
    }

    /// Lists of different lengths are an error of the user's, as in the function itself.
    fn same_length(&mut self, a: &Place, b: &Place) {
        let (a, b) = (self.opaque_place(a), self.opaque_place(b));
        let (x, y) = (&a.tokens, &b.tokens);
        let tokens = quote!(::core::assert_eq!(#x.len(), #y.len(), "slices of different lengths"));
        self.check(Opaque {
            tokens,
            reads: [a.reads, b.reads].concat(),
            impure: true,
            ..Opaque::default()
        });
    }

    /// Code that yields nothing and can only panic.
    pub(super) fn check(&mut self, code: Opaque) {
        let span = code.tokens.span();
        let name = Ident::new("v_checked", Span::mixed_site());
        let slot = self.hidden(&name, Some(quote!(())));
        self.slots[slot.0 as usize].discrete = true;
        self.assign(span, Place::whole(slot), Rhs::Constant(code.into()), true);
    }
}

/// An element of a list.
pub(super) fn element(list: &Place, at: &Opaque) -> Place {
    View::of(list.clone()).element(&at.tokens, &at.reads).place
}

fn condition(tokens: TokenStream, a: &Opaque, b: &Opaque) -> Inert {
    Inert {
        tokens,
        reads: [a.reads.clone(), b.reads.clone()].concat(),
        impure: false,
    }
}
