//! Prints the reverse pass: statements backwards; each restores what it overwrote, takes the
//! cotangent of its target and hands it on to what it read.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{Emitter, Storage, arm_name, body};
use crate::ir::scalar::{
    Arg, Assign, Block, Call, Head, Loop, Place, Reversal, Rhs, Stmt, StmtId, StmtKind, Value,
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
            StmtKind::Assign(assign) => self.reverse_assign(assign, stmt.id),
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
            StmtKind::Loop(of) => self.reverse_loop(of),
        }
    }

    fn reverse_loop(&self, of: &Loop) -> TokenStream {
        match (&of.reversal, &of.head) {
            (Reversal::Replayed(carried), Head::For { variable, range }) => {
                return self.reverse_replayed(of, carried, (*variable, range));
            }
            (Reversal::Skipped(carried), _) => return self.restore_changed(of, carried),
            _ if self.silent(&of.body) => return TokenStream::new(),
            (Reversal::Rebuilt, Head::For { variable, range }) => {
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

    fn reverse_assign(&self, assign: &Assign, id: StmtId) -> TokenStream {
        let private = &self.private;
        let load = if self.saved(assign) {
            self.restore(id, &assign.target)
        } else {
            TokenStream::new()
        };
        if !self.function.slot(assign.target.root).active {
            return load;
        }
        if self.tangents {
            let back = self.reverse_with_tangent(assign);
            return quote!({ #load #back });
        }
        let cotangent = names::local("cotangent");
        let shadow = self.shadow(&assign.target);
        // `s += e` hands the cotangent of the new `s` to the old one unchanged.
        if let (Some(_), Rhs::Value(value)) = (&assign.operator, &assign.value)
            && let [.., (0, last)] | [(0, last), ..] = value.flows.as_slice()
            && self.is_seed(value, *last)
        {
            let flows = self.flows(value, &quote!(#cotangent), true);
            return quote!({ #load let #cotangent = #shadow; #flows });
        }
        let take = quote!(let #cotangent = #private::Val::take(&mut #shadow););
        let flows = match &assign.value {
            Rhs::Value(value) => self.flows(value, &quote!(#cotangent), false),
            Rhs::Constant(_) => TokenStream::new(),
            Rhs::Cast(value, _) => {
                let operand = &value.tokens;
                let flows = self.flows(value, &quote!(#cotangent), false);
                quote!(let #cotangent = #private::Cast::cast_back(&(#operand), #cotangent); #flows)
            }
            Rhs::Array(values) => values
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    let index = proc_macro2::Literal::usize_unsuffixed(index);
                    self.flows(value, &quote!(#cotangent[#index]), false)
                })
                .collect(),
            Rhs::Call(call) => self.reverse_call(call, &quote!(#cotangent)),
        };
        quote!({ #load #take #flows })
    }

    pub(super) fn is_seed(&self, value: &Value, id: crate::ir::body::ValueId) -> bool {
        matches!(
            value.body.node(id),
            crate::ir::body::Node::Input(number, _) if *number == value.leaves.len()
        )
    }

    /// Hands a cotangent to the leaves of a value; with `but_first`, not to leaf 0.
    fn flows(&self, value: &Value, cotangent: &TokenStream, but_first: bool) -> TokenStream {
        let flows: Vec<_> = value
            .flows
            .iter()
            .filter(|(leaf, _)| !(but_first && *leaf == 0))
            .collect();
        let outputs: Vec<_> = flows.iter().map(|(_, id)| *id).collect();
        let printed = body::print(&value.body, &outputs, &self.private, &|number| match value
            .leaves
            .get(number)
        {
            Some(leaf) => {
                let tokens = &leaf.tokens;
                if leaf.place.is_some() {
                    quote!(#tokens)
                } else {
                    quote!((#tokens))
                }
            }
            None => cotangent.clone(),
        });
        let private = &self.private;
        let mut code = printed.bindings;
        for ((leaf, id), flow) in flows.iter().zip(printed.outputs) {
            let Some(place) = &value.leaves[*leaf].place else {
                continue;
            };
            let whole = self.is_seed(value, *id);
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
    fn with_shadow(
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
        let path = &place.path;
        if !self.function.slot(place.root).reference {
            return with(quote!(#shadow #path));
        }
        let inner = names::local("inner");
        let at = if place.deref {
            quote!((*#inner))
        } else {
            quote!(#inner #path)
        };
        let code = with(at);
        quote!(if let Some(#inner) = #shadow.as_deref_mut() { #code })
    }

    fn reverse_call(&self, call: &Call, cotangent: &TokenStream) -> TokenStream {
        let private = &self.private;
        let tape = names::local("tape");
        let (mut before, mut after) = (TokenStream::new(), TokenStream::new());
        let (mut primals, mut shadows) = (Vec::new(), Vec::new());
        for (position, arg) in call.args.iter().enumerate() {
            match arg {
                Arg::Value(value) if value.flows.is_empty() => {
                    primals.push(self.argument(arg));
                    shadows.push(quote!(None));
                }
                Arg::Value(value) => {
                    let name =
                        format_ident!("a{}", position, span = proc_macro2::Span::mixed_site());
                    let shadow = names::shadow(&name);
                    let tokens = &value.tokens;
                    before.extend(quote! {
                        let #name = #tokens;
                        let mut #shadow = #private::Val::zero_like(&#name);
                    });
                    primals.push(quote!(#name));
                    shadows.push(quote!(Some(&mut #shadow)));
                    after.extend(self.flows(value, &quote!(#shadow), false));
                }
                Arg::Shared { place, .. } => {
                    primals.push(self.argument(arg));
                    shadows.push(self.shared_shadow(place));
                }
            }
        }
        let run = self.linked(
            call,
            "__reverse",
            |callee| quote!(#callee(#(#primals,)* #(#shadows,)* #cotangent, #tape)),
        );
        quote!(#before #run; #after)
    }

    /// The shadow of something that is passed by reference.
    fn shared_shadow(&self, place: &Place) -> TokenStream {
        let shadow = names::shadow(&self.function.slot(place.root).name);
        self.shared_shadow_named(&shadow, place)
    }

    /// The same for a shadow, or the tangent of a shadow, of that name.
    pub(super) fn shared_shadow_named(&self, shadow: &Ident, place: &Place) -> TokenStream {
        let slot = self.function.slot(place.root);
        let path = &place.path;
        if !slot.active {
            return quote!(None);
        }
        if !slot.reference {
            return quote!(Some(&mut #shadow #path));
        }
        let inner = names::local("inner");
        let at = if place.deref || path.is_empty() {
            quote!(#inner)
        } else {
            quote!(&mut #inner #path)
        };
        quote!(match #shadow.as_deref_mut() { Some(#inner) => Some(#at), None => None })
    }
}
