//! Names: what each name of the user stands for, and how patterns that cannot fail bind them.
//!
//! A name is not always a variable of its own. A reference (`let row = &a[l..h]`), an item of an
//! iterator and a part of a tuple are other names for a place, and code that uses them is printed
//! with that place, so that nothing in generated code holds a borrow.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::Pat;
use syn::spanned::Spanned;

use super::Lowerer;
use super::opaque::Opaque;
use crate::diag::Code;
use crate::ir::scalar::{Place, Rhs, SlotId};

/// A place as a name or an expression denotes it.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The place.
    pub(super) place: Place,
    /// Whether the expression is a reference to the place instead of the place itself.
    pub(super) by_ref: bool,
    /// Whether that reference is `&mut`.
    pub(super) exclusive: bool,
}

impl View {
    /// The place itself.
    pub(super) fn of(place: Place) -> View {
        View {
            place,
            by_ref: false,
            exclusive: false,
        }
    }

    /// A reference to the place.
    pub(super) fn behind(place: Place, exclusive: bool) -> View {
        View {
            place,
            by_ref: true,
            exclusive,
        }
    }

    /// A part of it; a reference to the whole is a reference to the part.
    pub(super) fn part(&self, path: TokenStream, reads: &[SlotId]) -> View {
        let mut part = self.clone();
        part.place.path.extend(path);
        part.place.reads.extend(reads);
        part
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// A place.
    View(View),
    /// A tuple that exists in its parts only: an item of `zip` or `enumerate`.
    Parts(Vec<Binding>),
    /// Code: a name of a pattern in the guard of its arm, or of a closure that yields a condition.
    Raw(Opaque),
}

impl Lowerer<'_> {
    /// What a name stands for.
    pub(super) fn lookup(&self, name: &Ident) -> Option<&Binding> {
        let name = name.to_string();
        self.scopes.iter().rev().find_map(|scope| scope.get(&name))
    }

    /// Makes a name visible from now on.
    pub(super) fn name(&mut self, name: &Ident, binding: Binding) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_string(), binding);
        }
    }

    /// What a slot is to its readers.
    pub(super) fn view_of(&self, slot: SlotId) -> View {
        let of = &self.slots[slot.0 as usize];
        let place = Place::whole(slot);
        if of.reference {
            View::behind(place, of.exclusive)
        } else {
            View::of(place)
        }
    }

    /// Whether a place is known to hold integers and booleans only.
    pub(super) fn discrete(&self, slot: SlotId) -> bool {
        self.slots[slot.0 as usize].discrete
    }

    /// The content of a place, to be evaluated where it stands.
    pub(super) fn opaque_place(&self, place: &Place) -> Opaque {
        let mut reads = place.reads.clone();
        reads.push(place.root);
        Opaque {
            tokens: self.place_tokens(place),
            reads,
            discrete: self.discrete(place.root),
            impure: false,
        }
    }

    /// A variable of its own with the content of a place.
    pub(super) fn copy(&mut self, name: &Ident, place: &Place) -> SlotId {
        let slot = self.hidden(name, None);
        let value = if self.discrete(place.root) {
            self.slots[slot.0 as usize].discrete = true;
            let Opaque { tokens, reads, .. } = self.opaque_place(place);
            Rhs::Constant(
                Opaque {
                    tokens: quote!(::core::clone::Clone::clone(&#tokens)),
                    reads,
                    ..Opaque::default()
                }
                .into(),
            )
        } else {
            Rhs::Value(self.value_of(place.clone()))
        };
        self.assign(name.span(), Place::whole(slot), value, true);
        slot
    }

    /// Binds the names of a pattern that cannot fail to the parts of an item. The item must not
    /// change while the names are visible.
    pub(super) fn bind(&mut self, pat: &Pat, item: Binding) {
        match (pat, item) {
            (Pat::Wild(_), _) => {}
            (Pat::Paren(inner), item) => self.bind(&inner.pat, item),
            (Pat::Type(inner), item) => self.bind(&inner.pat, item),
            (Pat::Ident(ident), item) if ident.subpat.is_none() => {
                self.bind_name(ident, item);
            }
            (Pat::Reference(inner), Binding::View(view)) if view.by_ref => {
                self.bind(&inner.pat, Binding::View(View::of(view.place)));
            }
            (Pat::Tuple(tuple), Binding::Parts(parts)) if tuple.elems.len() == parts.len() => {
                for (pat, part) in tuple.elems.iter().zip(parts) {
                    self.bind(pat, part);
                }
            }
            (Pat::Tuple(tuple), Binding::View(view)) => {
                for (at, pat) in tuple.elems.iter().enumerate() {
                    let index = syn::Index::from(at);
                    self.bind_part(pat, &view, quote!(.#index));
                }
            }
            (Pat::TupleStruct(tuple), Binding::View(view)) => {
                for (at, pat) in tuple.elems.iter().enumerate() {
                    let index = syn::Index::from(at);
                    self.bind_part(pat, &view, quote!(.#index));
                }
            }
            (Pat::Struct(of), Binding::View(view)) => {
                for field in &of.fields {
                    let member = &field.member;
                    self.bind_part(&field.pat, &view, quote!(.#member));
                }
            }
            (Pat::Slice(slice), Binding::View(view)) => {
                for (at, pat) in slice.elems.iter().enumerate() {
                    let index = proc_macro2::Literal::usize_unsuffixed(at);
                    self.bind_part(pat, &view, quote!([#index]));
                }
            }
            (pat, _) => self.error(pat, Code::Pattern, "this pattern is not understood here"),
        }
    }

    fn bind_part(&mut self, pat: &Pat, of: &View, path: TokenStream) {
        if let Pat::Rest(rest) = pat {
            self.error(rest, Code::Pattern, "`..` is not understood here");
            return;
        }
        self.bind(pat, Binding::View(of.part(path, &[])));
    }

    fn bind_name(&mut self, ident: &syn::PatIdent, item: Binding) {
        let item = match (item, &ident.by_ref) {
            (Binding::View(view), Some(_)) if !view.by_ref => {
                Binding::View(View::behind(view.place, ident.mutability.is_some()))
            }
            (Binding::View(view), None) if ident.mutability.is_some() && !view.by_ref => {
                let slot = self.copy(&ident.ident, &view.place);
                self.slots[slot.0 as usize].mutable = true;
                Binding::View(self.view_of(slot))
            }
            (item, None) if ident.mutability.is_none() => item,
            (item, _) => {
                let message = "this binding is not understood; bind a plain name";
                self.error(ident, Code::Pattern, message);
                item
            }
        };
        self.name(&ident.ident, item);
    }

    /// Evaluates a place once: indices that could change while a name for it is visible become
    /// variables of their own.
    pub(super) fn pinned<R>(&mut self, lower: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.pin, true);
        let result = lower(self);
        self.pin = before;
        result
    }

    /// An index or a bound, evaluated once if it has to be.
    pub(super) fn index(&mut self, expr: &syn::Expr) -> Opaque {
        let at = self.opaque(expr);
        let changes = |slot: &SlotId| self.slots[slot.0 as usize].mutable;
        if at.impure || (self.pin && at.reads.iter().any(changes)) {
            self.settle(at)
        } else {
            at
        }
    }

    /// A variable for an integer.
    pub(super) fn discrete_slot(&mut self, name: &Ident, value: Opaque) -> SlotId {
        let slot = self.hidden(name, None);
        self.slots[slot.0 as usize].discrete = true;
        let span = value.tokens.span();
        self.assign(span, Place::whole(slot), Rhs::Constant(value.into()), true);
        slot
    }

    /// The name of a slot, as code that reads it.
    pub(super) fn read_slot(&self, slot: SlotId) -> Opaque {
        Opaque {
            tokens: self.slots[slot.0 as usize].name.to_token_stream(),
            reads: vec![slot],
            discrete: self.discrete(slot),
            impure: false,
        }
    }

    /// Whether an expression reads a field, or a copy of one: nothing shows whether it is a float or
    /// an integer.
    pub(super) fn is_vague(&self, expr: &syn::Expr) -> bool {
        match expr {
            syn::Expr::Paren(inner) => self.is_vague(&inner.expr),
            syn::Expr::Unary(unary) => self.is_vague(&unary.expr),
            syn::Expr::Field(field) => self.is_place(&field.base) && !self.is_discrete(Some(expr)),
            syn::Expr::Index(index) => self.is_vague(&index.expr),
            syn::Expr::Path(path) => match path.path.get_ident().and_then(|name| self.lookup(name))
            {
                Some(Binding::View(view)) => {
                    let dot = |tree| matches!(tree, proc_macro2::TokenTree::Punct(p) if p.as_char() == '.');
                    let direct = view.place.path.clone().into_iter().any(dot);
                    !self.discrete(view.place.root)
                        && (direct || self.vague.contains(&view.place.root))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether an expression is a name that a pattern bound, which may be an integer beside floats.
    fn is_matched(&self, expr: &syn::Expr) -> bool {
        match expr {
            syn::Expr::Paren(inner) => self.is_matched(&inner.expr),
            syn::Expr::Path(path) => {
                let found = path.path.get_ident().and_then(|name| self.lookup(name));
                matches!(found, Some(Binding::View(view))
                    if view.place.path.is_empty() && self.matched.contains(&view.place.root))
            }
            _ => false,
        }
    }

    /// The place that a view is of, also where it is all that a parameter refers to.
    pub(super) fn content(&self, view: View) -> Place {
        let reference = self.slots[view.place.root.0 as usize].reference;
        let whole = view.place.path.is_empty();
        Place {
            deref: view.place.deref || (view.by_ref && reference && whole),
            ..view.place
        }
    }

    /// Whether an operator has an integer on one side and on the other what may be one: then it is
    /// one, or an error of the user's.
    pub(super) fn is_integer(&self, expr: &syn::Expr) -> bool {
        match expr {
            syn::Expr::Paren(inner) => self.is_integer(&inner.expr),
            syn::Expr::Binary(binary) => {
                let sides = [&*binary.left, &*binary.right];
                let known =
                    |side: &&syn::Expr| self.is_discrete(Some(side)) || self.is_integer(side);
                let vague = |side: &&syn::Expr| self.is_vague(side) || self.is_matched(side);
                sides.iter().any(known)
                    && sides.iter().all(|side| known(side) || vague(side))
                    && sides
                        .iter()
                        .any(|side| vague(side) || self.is_integer(side))
            }
            _ => false,
        }
    }
}
