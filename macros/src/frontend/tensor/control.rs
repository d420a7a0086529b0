//! Control flow and calls: host code that runs at bind, with its tensor parts lowered.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall, Macro};

use crate::diag::Code;
use crate::names;

use super::known::{Call, Callee};
use super::links::Entry;
use super::statement::{as_block, bound_names};
use super::{Lowered, Lowerer, Tail};

/// Macros whose arguments are ordinary expressions or patterns over host values.
const HOST_MACROS: &[&str] = &[
    "vec",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "panic",
    "unreachable",
    "matches",
];

impl Lowerer<'_> {
    pub(super) fn control(&mut self, expression: &Expr) -> Option<Lowered> {
        Some(Lowered::Host(match expression {
            Expr::If(branch) => {
                let (condition, names) = self.condition(&branch.cond);
                let then = (self.block(&branch.then_branch, &names), self.tail);
                let Some((_, other)) = &branch.else_branch else {
                    let then = then.0;
                    return Some(Lowered::Host(quote!(if #condition #then)));
                };
                let other = (self.block(&as_block(other), &[]), self.tail);
                let (arms, tensor) = self.joined(vec![then, other]);
                let (then, other) = (&arms[0], &arms[1]);
                return Some(tensor(quote!(if #condition #then else #other)));
            }
            Expr::Match(matching) => {
                let value = self.expr(&matching.expr);
                let value = self.tokens(value);
                let mut arms = Vec::new();
                for arm in &matching.arms {
                    let names = bound_names(&arm.pat);
                    arms.push((self.block(&as_block(&arm.body), &names), self.tail));
                }
                let (arms, tensor) = self.joined(arms);
                let patterns = matching.arms.iter().map(|arm| &arm.pat);
                return Some(tensor(quote!(match #value { #(#patterns => #arms,)* })));
            }
            Expr::ForLoop(looping) => {
                let iterator = self.expr(&looping.expr);
                let iterator = self.tokens(iterator);
                let names = bound_names(&looping.pat);
                let body = self.block(&looping.body, &names);
                let body = self.checkpointed_turn(&looping.attrs, body);
                let (label, pattern) = (&looping.label, &looping.pat);
                quote!(#label for #pattern in #iterator #body)
            }
            Expr::While(looping) => {
                let (condition, names) = self.condition(&looping.cond);
                let body = self.block(&looping.body, &names);
                let body = self.checkpointed_turn(&looping.attrs, body);
                let label = &looping.label;
                quote!(#label while #condition #body)
            }
            Expr::Loop(looping) => {
                let body = self.block(&looping.body, &[]);
                let body = self.checkpointed_turn(&looping.attrs, body);
                let label = &looping.label;
                quote!(#label loop #body)
            }
            Expr::Block(block) => {
                let body = self.block(&block.block, &[]);
                let label = &block.label;
                quote!(#label #body)
            }
            Expr::Break(leave) => {
                let label = &leave.label;
                let value = leave.expr.as_ref().map(|value| self.expr(value));
                let value = value.map(|value| self.tokens(value));
                quote!(break #label #value)
            }
            Expr::Continue(next) => next.to_token_stream(),
            Expr::Return(leave) => {
                let value = leave.expr.as_ref().map(|value| self.expr(value));
                let value = value.map(|value| self.tokens(value));
                quote!(return #value)
            }
            _ => return None,
        }))
    }

    /// The arms of a choice, with float literals beside tensors made constants of the graph, and
    /// what the choice is then.
    fn joined(
        &self,
        arms: Vec<(TokenStream, Tail)>,
    ) -> (Vec<TokenStream>, fn(TokenStream) -> Lowered) {
        let is_tensor = arms.iter().any(|&(_, tail)| tail == Tail::Tensor);
        let of_graph = is_tensor || arms.iter().any(|&(_, tail)| tail == Tail::Linked);
        let builder = &self.builder;
        let ty = self.element.computed(&self.root);
        let arms = arms.into_iter().map(|(arm, tail)| {
            if of_graph && tail == Tail::Literal {
                quote!({ #builder.value::<#ty>(#arm) })
            } else {
                arm
            }
        });
        let wrap = if is_tensor {
            Lowered::Handle
        } else {
            Lowered::Host
        };
        (arms.collect(), wrap)
    }

    /// Whether an expression is a call that is linked to a differentiable function.
    pub(super) fn is_linked(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Call(call) => match &*call.func {
                Expr::Path(callee) => self.links.has_function(&callee.path),
                _ => false,
            },
            Expr::MethodCall(call) => self.links.has_method(&call.method),
            _ => false,
        }
    }

    /// A condition, which may bind names: `if let`, `while let`.
    fn condition(&mut self, condition: &Expr) -> (TokenStream, Vec<Ident>) {
        // The condition may read variables of the region; it ends there.
        self.finish_region(&[]);
        match condition {
            Expr::Let(binding) => {
                let value = self.expr(&binding.expr);
                let value = self.tokens(value);
                let pattern = &binding.pat;
                (quote!(let #pattern = #value), bound_names(pattern))
            }
            other => {
                let value = self.expr(other);
                (self.tokens(value), Vec::new())
            }
        }
    }

    /// A call of a function: linked to the function's own `instantiate`.
    pub(super) fn call(&mut self, call: &ExprCall) -> Lowered {
        let Expr::Path(callee) = &*call.func else {
            self.errors.at(
                &call.func,
                Code::Callee,
                "this callee is not the name of a function",
            );
            return Lowered::Host(quote!(::core::unreachable!()));
        };
        let arguments = self.arguments(call.args.iter());
        if let Some(made) = constant(&callee.path) {
            let (span, builder) = (callee.span(), &self.builder);
            let (root, ty) = (
                names::at(&self.root, span),
                self.element.computed(&self.root),
            );
            return Lowered::Handle(quote_spanned! {span=>
                #root::constant::#made::<#ty>(#builder, #(#arguments),*)
            });
        }
        let (path, entry) = entry(&callee.path);
        let path = &path;
        let is_constructor = path.segments.last().is_some_and(|segment| {
            segment
                .ident
                .to_string()
                .chars()
                .next()
                .is_some_and(char::is_uppercase)
        });
        let is_associated = path.segments.len() > 1
            && path.segments.iter().rev().nth(1).is_some_and(|segment| {
                segment
                    .ident
                    .to_string()
                    .chars()
                    .next()
                    .is_some_and(char::is_uppercase)
            });
        if is_constructor || is_associated {
            return Lowered::Host(quote!(#path(#(#arguments),*)));
        }
        let builder = self.builder.clone();
        let span = path.span();
        if let Some(name) = path.get_ident()
            && self.belief(name).is_some()
        {
            self.errors
                .at(path, Code::Callee, format!("`{name}` is a local variable"));
            return Lowered::Host(quote!(::core::unreachable!()));
        }
        let parameters = &self.parameters;
        let taken = |name: &Ident| parameters.contains(name);
        let Some(linked) = self.links.function(path, entry, arguments.len(), taken) else {
            return Lowered::Host(quote!(::core::unreachable!()));
        };
        let (alias, linked) = linked;
        let shapes = arguments.iter().map(|argument| self.shapes.of(argument));
        let shapes = Call {
            callee: Callee::Function(alias),
            span,
            arguments: shapes.collect(),
        };
        let call = quote_spanned! {span=> #linked(#builder, #(#arguments),*) };
        // A function that calls itself has no shape before it has one.
        if entry == Entry::Value && !path.is_ident(&self.name) {
            self.shapes.call(&call, shapes);
        }
        Lowered::Host(call)
    }

    /// A method that is neither a tensor's nor a host container's: the user's own, linked to its
    /// sibling `__instantiate_..` on the host value behind the handle.
    pub(super) fn user_method(&mut self, call: &ExprMethodCall, receiver: TokenStream) -> Lowered {
        let arguments = self.arguments(call.args.iter());
        let span = call.method.span();
        let (root, builder) = (names::at(&self.root, span), &self.builder);
        let name = self.links.method(&call.method, arguments.len());
        Lowered::Host(quote_spanned! {span=>
            #root::Receiver::host(&(#receiver)).#name(#builder, #(#arguments),*)
        })
    }

    /// Arguments in order; a by-value float literal stays a literal (the callee lifts it).
    pub(super) fn arguments<'e>(
        &mut self,
        arguments: impl Iterator<Item = &'e Expr>,
    ) -> Vec<TokenStream> {
        self.believed(arguments).0
    }

    /// As [`arguments`](Self::arguments), and which of them are believed to be tensors by value.
    pub(super) fn believed<'e>(
        &mut self,
        arguments: impl Iterator<Item = &'e Expr>,
    ) -> (Vec<TokenStream>, Vec<bool>) {
        let mut borrows = Vec::new();
        for argument in arguments {
            let (borrow, inner) = match argument {
                Expr::Reference(reference) => {
                    let mutability = &reference.mutability;
                    (quote!(& #mutability), &*reference.expr)
                }
                // The receiver is a reference, and its handle is a value.
                Expr::Path(path) if path.path.is_ident("self") => (quote!(&), argument),
                other => (TokenStream::new(), other),
            };
            borrows.push(borrow);
            let value = self.expr(inner);
            self.hold(value);
        }
        let first = self.held.len() - borrows.len();
        // All nodes leave the region together, so that it is not cut between two arguments.
        if self.held[first..]
            .iter()
            .any(|value| matches!(value, Lowered::Node(_)))
        {
            self.finish_region(&[]);
        }
        let values = self.held.split_off(first);
        let printed = values.into_iter().zip(borrows).map(|(value, borrow)| {
            let tensor = borrow.is_empty() && !matches!(value, Lowered::Host(_));
            let value = self.tokens(value);
            (quote!(#borrow #value), tensor)
        });
        printed.unzip()
    }

    pub(super) fn macro_call(&mut self, mac: &Macro) -> TokenStream {
        let name = mac
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string())
            .unwrap_or_default();
        self.finish_region(&[]);
        if name == "no_diff" {
            return self.no_diff(mac);
        }
        if HOST_MACROS.contains(&name.as_str()) {
            if name == "vec"
                && let Ok(list) = mac.parse_body_with(
                    syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated,
                )
            {
                let elements = self.arguments(list.iter());
                return quote!(::std::vec![#(#elements),*]);
            }
            return mac.to_token_stream();
        }
        self.errors.at(
            &mac.path,
            Code::Macro,
            format!("a call of the macro `{name}!`"),
        );
        quote!(::core::unreachable!())
    }

    /// `no_diff!(..)` runs on host values at bind: parameters stand for what the user passed.
    fn no_diff(&mut self, mac: &Macro) -> TokenStream {
        let root = &self.root;
        let body = &mac.tokens;
        let names = self
            .parameters
            .iter()
            .filter(|name| body.clone().into_iter().any(|tree| contains(&tree, name)));
        let hosts = names.map(|name| quote!(let #name = #root::Receiver::host(&#name);));
        quote!({ #(#hosts)* #body })
    }
}

/// The function of the runtime that makes in a graph what an associated function of `Tensor` makes of
/// numbers.
fn constant(path: &syn::Path) -> Option<&Ident> {
    let mut last = path.segments.iter().rev();
    let (made, ty) = (last.next()?, last.next()?);
    let known = ["zeros", "full", "scalar", "eye"];
    (ty.ident == "Tensor" && known.iter().any(|known| made.ident == known)).then_some(&made.ident)
}

/// The function that a path calls, and what of it: `f::grad` is the gradient of `f`.
fn entry(path: &syn::Path) -> (syn::Path, Entry) {
    let mut segments: Vec<_> = path.segments.iter().cloned().collect();
    let entry = match segments.last() {
        Some(last) if segments.len() > 1 && last.ident == "grad" => Entry::Gradient,
        Some(last) if segments.len() > 1 && last.ident == "value_and_grad" => Entry::Both,
        _ => return (path.clone(), Entry::Value),
    };
    segments.pop();
    let function = syn::Path {
        leading_colon: path.leading_colon,
        segments: segments.into_iter().collect(),
    };
    (function, entry)
}

fn contains(tree: &proc_macro2::TokenTree, name: &Ident) -> bool {
    match tree {
        proc_macro2::TokenTree::Ident(ident) => ident == name,
        proc_macro2::TokenTree::Group(group) => {
            group.stream().into_iter().any(|tree| contains(&tree, name))
        }
        _ => false,
    }
}
