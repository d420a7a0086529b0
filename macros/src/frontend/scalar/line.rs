//! Arrays of ndarray: which variables are ones, and their rows and columns as names for places.
//!
//! `m.row(i)` is another name for a part of `m`. An element of it is one of `m`, at two indices, so
//! that its cotangent goes to the right entry without a view of the shadow.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, ExprMethodCall, Type};

use super::Lowerer;
use super::scope::View;
use crate::frontend::array;
use crate::ir::scalar::{SlotId, is_range};

impl View {
    /// An element or a range of it, by the brackets that are written behind it.
    pub(super) fn element(&self, at: &TokenStream, reads: &[SlotId]) -> View {
        let Some((path, line, index)) = self.place.line().filter(|_| !is_range(at)) else {
            return self.part(quote!([#at]), reads);
        };
        let mut element = self.clone();
        element.place.path = match line == "row" {
            true => quote!(#path [[#index, #at]]),
            false => quote!(#path [[#at, #index]]),
        };
        element.place.reads.extend(reads);
        element
    }
}

impl Lowerer<'_> {
    /// Whether an expression is a variable that is known to be an array.
    fn is_array(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(inner) => self.is_array(&inner.expr),
            Expr::Reference(reference) => self.is_array(&reference.expr),
            Expr::Path(path) => {
                let name = path.path.get_ident();
                name.and_then(|name| self.lookup(name))
                    .is_some_and(|binding| match binding {
                        super::scope::Binding::View(view) => {
                            view.place.path.is_empty() && self.arrays.contains(&view.place.root)
                        }
                        _ => false,
                    })
            }
            _ => false,
        }
    }

    /// Whether an expression is known to make an array: a copy of one, `Array2::zeros(..)`.
    pub(super) fn makes_array(&self, expr: &Expr) -> bool {
        match expr {
            Expr::MethodCall(call) => {
                let copies = call.method == "clone" || call.method == "to_owned";
                copies && self.is_array(&call.receiver)
            }
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) if path.path.segments.len() > 1 => {
                    let mut ty = path.path.clone();
                    ty.segments.pop();
                    ty.segments.pop_punct();
                    array::is_array(&Type::Path(syn::TypePath {
                        attrs: Vec::new(),
                        qself: None,
                        path: ty,
                    }))
                }
                _ => false,
            },
            expr => self.is_array(expr),
        }
    }

    /// Whether a method yields a view of an array: all of it, a row, a column.
    pub(super) fn is_view_of_array(&self, call: &ExprMethodCall) -> bool {
        let name = call.method.to_string();
        let given = match name.as_str() {
            "view" | "view_mut" => 0,
            "row" | "row_mut" | "column" | "column_mut" => 1,
            _ => return false,
        };
        call.args.len() == given && self.is_array(&call.receiver)
    }

    /// What such a method yields.
    pub(super) fn view_of_array(&mut self, call: &ExprMethodCall) -> Option<Option<View>> {
        let Some(view) = self.view(&call.receiver)? else {
            return Some(None);
        };
        let name = call.method.to_string();
        let exclusive = name.ends_with("_mut");
        let Some(index) = call.args.first() else {
            return Some(Some(View::behind(view.place, exclusive)));
        };
        let at = self.index(index);
        let (index, line) = (at.tokens, name.trim_end_matches("_mut"));
        let line = proc_macro2::Ident::new(line, call.method.span());
        let part = view.part(quote!(.#line(#index)), &at.reads);
        Some(Some(View::behind(part.place, exclusive)))
    }

    /// Whether an expression is a view of an array that can be handed over by value.
    pub(super) fn is_view_by_value(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(inner) => self.is_view_by_value(&inner.expr),
            Expr::MethodCall(call) => {
                let again = call.method == "clone" || call.method == "reborrow";
                self.is_view_of_array(call)
                    || (again && call.args.is_empty() && self.is_view_by_value(&call.receiver))
            }
            Expr::Path(path) => {
                let name = path.path.get_ident();
                let Some(super::scope::Binding::View(view)) = name.and_then(|n| self.lookup(n))
                else {
                    return false;
                };
                let whole = view.place.path.is_empty();
                view.by_ref
                    && (view.place.line().is_some()
                        || (whole && self.views.contains(&view.place.root)))
            }
            _ => false,
        }
    }
}
