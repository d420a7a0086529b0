//! Patterns that can fail: `match`, `if let`, `while let`, `let .. else`.
//!
//! The pattern is tested once, by a `match` that yields the number of the arm; the arms are a chain
//! of `if` on that number, and each name that a pattern binds is a variable that is written when
//! its arm is entered. So the reverse pass needs nothing that it does not have anyway.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Pat};

use super::Lowerer;
use super::opaque::Opaque;
use super::scope::{Binding, View};
use crate::diag::Code;
use crate::ir::scalar::{Aggregate, Bound, Inert, Place, Rhs, SlotId};

/// An arm: its pattern and guard.
pub(super) type Arm<'a> = (&'a Pat, Option<&'a Expr>);

/// What lowers the body of an arm, by its number.
pub(super) type Bodies<'b> = dyn FnMut(&mut Lowerer<'_>, usize) + 'b;

/// The names that a pattern binds. A name that begins with a capital is a constant or a variant.
pub(super) fn names(pat: &Pat) -> Vec<Ident> {
    struct Names(Vec<Ident>);
    impl Visit<'_> for Names {
        fn visit_pat_ident(&mut self, pat: &syn::PatIdent) {
            if is_binding(pat) && !self.0.contains(&pat.ident) {
                self.0.push(pat.ident.clone());
            }
            visit::visit_pat_ident(self, pat);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_pat(pat);
    names.0
}

fn is_binding(pat: &syn::PatIdent) -> bool {
    let first = pat.ident.to_string().chars().next();
    pat.subpat.is_some() || !first.is_some_and(char::is_uppercase)
}

impl Lowerer<'_> {
    /// What a pattern is matched against: a place, or a variable for a value.
    pub(super) fn scrutinee(&mut self, expr: &Expr) -> Option<View> {
        if let Some(view) = self.pinned(|l| l.view(expr))? {
            return Some(view);
        }
        if let Some(view) = self.element_that_may_lack(expr)? {
            return Some(view);
        }
        let slot = self.hidden(&Ident::new("v_matched", Span::mixed_site()), None);
        let discrete = self.expr_into(expr, slot);
        self.slots[slot.0 as usize].discrete = discrete;
        Some(View::of(Place::whole(slot)))
    }

    /// `v.first()`, `v.last()` and `v.get(i)` of a list, as an option of a copy of the element.
    fn element_that_may_lack(&mut self, expr: &Expr) -> Option<Option<View>> {
        let Expr::MethodCall(call) = expr else {
            return Some(None);
        };
        let (name, args): (String, Vec<&Expr>) =
            (call.method.to_string(), call.args.iter().collect());
        let known = matches!(
            (name.as_str(), args.as_slice()),
            ("first" | "last", []) | ("get", [_])
        );
        if !known || !self.is_place(&call.receiver) || !self.mentions_floats(&call.receiver) {
            return Some(None);
        }
        let Some(list) = self.pinned(|l| l.view(&call.receiver))? else {
            return Some(None);
        };
        // A type of the user's may have methods of these names.
        let declared = self.slots[list.place.root.0 as usize].ty.as_ref();
        let own = declared.is_some_and(|ty| ty.to_string().starts_with('<'));
        if own && list.place.path.is_empty() {
            return Some(None);
        }
        let of = self.opaque_place(&list.place);
        let (tokens, reads) = (&of.tokens, of.reads.clone());
        let at = match (name.as_str(), args.as_slice()) {
            ("get", [index]) => {
                if matches!(index, Expr::Range(_)) {
                    return Some(None);
                }
                self.opaque(index)
            }
            ("last", _) => Opaque {
                tokens: quote!(usize::wrapping_sub(#tokens.len(), 1)),
                reads: reads.clone(),
                ..Opaque::default()
            },
            _ => Opaque {
                tokens: quote!(0_usize),
                ..Opaque::default()
            },
        };
        let at = self.settle_discrete("index", at);
        let index = &at.tokens;
        let condition = Inert {
            tokens: quote!(#index < #tokens.len()),
            reads: [reads, at.reads.clone()].concat(),
            impure: false,
        };
        let span = expr.span();
        let slot = self.hidden(&Ident::new("v_matched", Span::mixed_site()), None);
        let then = self.nested(|l| {
            let element = Binding::View(View::of(list.element(index, &at.reads).place));
            let content = l.value_of_binding(&element);
            let some = Aggregate::Variant(syn::parse_quote!(Some));
            l.assign(
                span,
                Place::whole(slot),
                Rhs::Aggregate(some, vec![content]),
                true,
            );
        });
        let otherwise = self.nested(|l| {
            let none = Inert {
                tokens: quote!(::core::option::Option::None),
                reads: Vec::new(),
                impure: false,
            };
            l.assign(span, Place::whole(slot), Rhs::Constant(none), true);
        });
        self.either(span, condition, then, otherwise);
        Some(Some(View::behind(Place::whole(slot), false)))
    }

    /// Runs the body of the first arm whose pattern matches.
    pub(super) fn choose(
        &mut self,
        span: Span,
        view: &View,
        arms: &[Arm<'_>],
        bodies: &mut Bodies<'_>,
    ) {
        let chosen = (arms.len() > 1).then(|| self.test(view, arms));
        self.chain(span, view, arms, 0, chosen, bodies);
    }

    fn chain(
        &mut self,
        span: Span,
        view: &View,
        arms: &[Arm<'_>],
        number: usize,
        chosen: Option<SlotId>,
        bodies: &mut Bodies<'_>,
    ) {
        let (Some(chosen), true) = (chosen, number + 1 < arms.len()) else {
            if let Some((pat, _)) = arms.get(number) {
                self.bind_arm(pat, view);
                bodies(self, number);
            }
            return;
        };
        let condition = self.is_arm(chosen, number);
        let then = self.nested(|l| {
            l.bind_arm(arms[number].0, view);
            bodies(l, number);
        });
        let otherwise =
            self.nested(|l| l.chain(span, view, arms, number + 1, Some(chosen), bodies));
        self.either(span, condition, then, otherwise);
    }

    /// `arm == 2`
    pub(super) fn is_arm(&self, chosen: SlotId, number: usize) -> Inert {
        let (name, number) = (
            &self.slots[chosen.0 as usize].name,
            Literal::usize_suffixed(number),
        );
        Inert {
            tokens: quote!(#name == #number),
            reads: vec![chosen],
            impure: false,
        }
    }

    /// A variable for the number of the arm that matches.
    pub(super) fn test(&mut self, view: &View, arms: &[Arm<'_>]) -> SlotId {
        let binds = arms
            .iter()
            .any(|(pat, guard)| guard.is_some() && !names(pat).is_empty());
        let place = self.opaque_place(&view.place);
        let of = &place.tokens;
        let value = if binds || view.by_ref {
            quote!(&#of)
        } else {
            quote!(#of)
        };
        let (mut reads, mut impure) = (place.reads.clone(), false);
        let mut lines = TokenStream::new();
        for (number, (pat, guard)) in arms.iter().enumerate() {
            let number = Literal::usize_suffixed(number);
            let tested = tested(pat, guard.is_some());
            let guard = guard.map(|guard| {
                self.scopes.push(Default::default());
                for name in names(pat) {
                    let tokens = if view.by_ref {
                        quote!(#name)
                    } else {
                        quote!((*#name))
                    };
                    let raw = Opaque {
                        tokens,
                        ..Opaque::default()
                    };
                    self.name(&name, Binding::Raw(raw));
                }
                let guard = self.opaque(guard);
                self.scopes.pop();
                reads.extend(&guard.reads);
                impure |= guard.impure;
                guard.tokens
            });
            let guard = guard.iter();
            lines.extend(quote!(#tested #(if #guard)* => #number,));
        }
        let tokens = quote!(match #value { #lines });
        self.discrete_slot(
            &Ident::new("v_arm", Span::mixed_site()),
            Opaque {
                tokens,
                reads,
                discrete: true,
                impure,
            },
        )
    }

    /// Gives every name of a pattern that is known to match a variable of its own.
    pub(super) fn bind_arm(&mut self, pat: &Pat, view: &View) {
        let bound = self.bound_names(pat, view);
        if view.exclusive && !bound.is_empty() {
            let message = "a pattern cannot bind a part for writing; write to the place itself";
            self.error(pat, Code::Pattern, message);
            return;
        }
        for (ident, bound) in bound {
            let slot = self.hidden(&ident.ident, None);
            self.slots[slot.0 as usize].discrete = self.discrete(view.place.root);
            self.slots[slot.0 as usize].mutable = ident.mutability.is_some();
            self.matched.insert(slot);
            let span = ident.ident.span();
            self.assign(span, Place::whole(slot), Rhs::Bound(bound), true);
            let mut name = self.view_of(slot);
            name.by_ref = view.by_ref || ident.by_ref.is_some();
            self.name(&ident.ident, Binding::View(name));
        }
    }

    /// Each name of a pattern with how it is taken from the place.
    pub(super) fn bound_names(&mut self, pat: &Pat, view: &View) -> Vec<(syn::PatIdent, Bound)> {
        if has_ambiguous_or(pat) {
            let message = "alternatives that bind names must not test constants as well";
            self.error(pat, Code::Pattern, message);
            return Vec::new();
        }
        let name = Ident::new("bound", Span::mixed_site());
        let mut idents = Vec::new();
        collect(pat, &mut idents);
        idents
            .into_iter()
            .filter_map(|ident| {
                let pattern = only(pat, &ident.ident, &name)?;
                let bound = Bound {
                    place: view.place.clone(),
                    shadow: pattern.clone(),
                    pattern,
                    name: name.clone(),
                };
                Some((ident, bound))
            })
            .collect()
    }

    /// `matches` and its kin, as the two arms of a pattern and all else.
    pub(super) fn if_let(&mut self, span: Span, of: &syn::ExprLet, bodies: &mut Bodies<'_>) {
        let Some(view) = self.scrutinee(&of.expr) else {
            return;
        };
        let rest: Pat = syn::parse_quote!(_);
        self.choose(span, &view, &[(&of.pat, None), (&rest, None)], bodies);
    }
}

fn collect(pat: &Pat, into: &mut Vec<syn::PatIdent>) {
    struct Idents<'a>(&'a mut Vec<syn::PatIdent>);
    impl Visit<'_> for Idents<'_> {
        fn visit_pat_ident(&mut self, pat: &syn::PatIdent) {
            if is_binding(pat) && !self.0.iter().any(|other| other.ident == pat.ident) {
                self.0.push(pat.clone());
            }
            visit::visit_pat_ident(self, pat);
        }
    }
    Idents(into).visit_pat(pat);
}

/// The pattern as a test: names only where a guard reads them, and no `&`, because it is matched
/// through a reference.
fn tested(pat: &Pat, keep: bool) -> TokenStream {
    let list = |pats: &mut dyn Iterator<Item = &Pat>| -> Vec<TokenStream> {
        pats.map(|pat| tested(pat, keep)).collect()
    };
    match pat {
        Pat::Ident(ident) if is_binding(ident) => {
            let name = &ident.ident;
            match (&ident.subpat, keep) {
                (Some((_, inner)), true) => {
                    let inner = tested(inner, false);
                    quote!(#name @ #inner)
                }
                (Some((_, inner)), false) => tested(inner, false),
                (None, true) => quote!(#name),
                (None, false) => quote!(_),
            }
        }
        Pat::Reference(inner) => tested(&inner.pat, keep),
        Pat::Paren(inner) => {
            let inner = tested(&inner.pat, keep);
            quote!((#inner))
        }
        Pat::Tuple(tuple) => {
            let parts = list(&mut tuple.elems.iter());
            quote!((#(#parts,)*))
        }
        Pat::TupleStruct(of) => {
            let (path, parts) = (&of.path, list(&mut of.elems.iter()));
            quote!(#path(#(#parts),*))
        }
        Pat::Slice(slice) => {
            let parts = list(&mut slice.elems.iter());
            quote!([#(#parts),*])
        }
        Pat::Or(or) => {
            let cases = list(&mut or.cases.iter());
            quote!(#(#cases)|*)
        }
        Pat::Struct(of) => {
            let path = &of.path;
            let fields = of.fields.iter().map(|field| {
                let (member, pat) = (&field.member, tested(&field.pat, keep));
                quote!(#member: #pat)
            });
            quote!(#path { #(#fields,)* .. })
        }
        other => other.to_token_stream(),
    }
}

/// The pattern with one name alone, called `to`; `None` if it does not bind that name.
fn only(pat: &Pat, name: &Ident, to: &Ident) -> Option<TokenStream> {
    let list = |pats: &mut dyn Iterator<Item = &Pat>| -> Option<Vec<TokenStream>> {
        let mut found = false;
        let parts = pats
            .map(|pat| match (pat, only(pat, name, to)) {
                (_, Some(tokens)) => {
                    found = true;
                    tokens
                }
                (Pat::Rest(_), None) => quote!(..),
                (_, None) => quote!(_),
            })
            .collect();
        found.then_some(parts)
    };
    Some(match pat {
        Pat::Ident(ident) if ident.ident == *name && is_binding(ident) => quote!(#to),
        Pat::Ident(ident) => {
            let (_, inner) = ident.subpat.as_ref()?;
            only(inner, name, to)?
        }
        Pat::Reference(inner) => only(&inner.pat, name, to)?,
        Pat::Paren(inner) => only(&inner.pat, name, to)?,
        Pat::Tuple(tuple) => {
            let parts = list(&mut tuple.elems.iter())?;
            quote!((#(#parts,)*))
        }
        Pat::TupleStruct(of) => {
            let (path, parts) = (&of.path, list(&mut of.elems.iter())?);
            quote!(#path(#(#parts),*))
        }
        Pat::Slice(slice) => {
            let parts = list(&mut slice.elems.iter())?;
            quote!([#(#parts),*])
        }
        Pat::Or(or) => {
            let cases = list(&mut or.cases.iter())?;
            quote!((#(#cases)|*))
        }
        Pat::Struct(of) => {
            let field = of
                .fields
                .iter()
                .find_map(|field| Some((&field.member, only(&field.pat, name, to)?)));
            let ((member, pat), path) = (field?, &of.path);
            quote!(#path { #member: #pat, .. })
        }
        _ => return None,
    })
}

/// Whether alternatives that bind names are told apart by constants, which a shadow does not have.
fn has_ambiguous_or(pat: &Pat) -> bool {
    struct Search(bool);
    impl Visit<'_> for Search {
        fn visit_pat_or(&mut self, or: &syn::PatOr) {
            let binds = or.cases.iter().any(|case| !names(case).is_empty());
            self.0 |= binds && or.cases.iter().any(has_constants);
            visit::visit_pat_or(self, or);
        }
    }
    let mut search = Search(false);
    search.visit_pat(pat);
    search.0
}

fn has_constants(pat: &Pat) -> bool {
    struct Search(bool);
    impl Visit<'_> for Search {
        fn visit_pat(&mut self, pat: &Pat) {
            self.0 |= matches!(
                pat,
                Pat::Lit(_) | Pat::Range(_) | Pat::Path(_) | Pat::Const(_)
            );
            visit::visit_pat(self, pat);
        }
        fn visit_pat_ident(&mut self, pat: &syn::PatIdent) {
            self.0 |= !is_binding(pat) || pat.subpat.is_some();
        }
    }
    let mut search = Search(false);
    search.visit_pat(pat);
    search.0
}
