//! Prints loops that walk along lists: the parts that they touch are cut out in front of them, and
//! the loop runs on these, in a closure that has them as parameters.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::{Emitter, body};
use crate::autodiff::scalar::costly::{self, Costly};
use crate::autodiff::scalar::windows::{self, Walk, Window};
use crate::ir::body::ValueId;
use crate::ir::scalar::{
    Assign, Function, Loop, Place, Rhs, SlotId, StmtId, StmtKind, Value, for_each_simple,
};
use crate::names;

/// Which way a loop is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// First turn first, without shadows.
    Forward,
    /// First turn first.
    Ascending,
    /// Last turn first.
    Descending,
}

impl Emitter<'_> {
    /// The windows of a loop, if it is to run on them.
    pub(super) fn walk_of(&self, of: &Loop) -> Option<Walk> {
        match self.tangents {
            true => None,
            false => windows::walk(self.function, of),
        }
    }

    /// A loop on its windows; `turn` prints the body of one. If only some variables are `owned`, the
    /// others have no shadow outside of a turn.
    pub(super) fn walked(
        &self,
        walk: &Walk,
        way: Way,
        owned: Option<&HashSet<SlotId>>,
        turn: &mut dyn FnMut(&Emitter<'_>) -> TokenStream,
    ) -> TokenStream {
        let (private, function) = (&self.private, self.function);
        let [turns, count, first, at] = ["turns", "count", "first", "at"].map(names::local);
        let variable = &function.slot(walk.variable).name;
        let (mut present, mut windows) = (TokenStream::new(), Vec::new());
        let (mut params, mut cut) = (Vec::new(), TokenStream::new());
        let walking = Emitter {
            walk: Some(walk),
            ..self.storing(self.storage)
        };
        let body = self.through(turn(&walking), walk);
        for (number, window) in walk.windows.iter().enumerate() {
            let (slot, index) = (function.slot(window.slot), &window.index);
            let (list, name) = (&slot.name, part(number));
            let index = quote!(&#turns, |#variable| #index);
            // What the reverse pass does not read, it does not restore: it may be shorter there.
            if mentions(&body, &name) {
                if window.written {
                    windows.push(quote!(#private::window_mut(&mut #list[..], #index)));
                    cut.extend(quote!(let #name = &mut #name[..#count];));
                } else {
                    windows.push(quote!(#private::window(&#list[..], #index)));
                    cut.extend(quote!(let #name = &#name[..#count];));
                }
                params.push(name.clone());
            }
            if way == Way::Forward || !(slot.active && window.own) {
                continue;
            }
            let (shadow, name) = (names::shadow(list), names::shadow(&name));
            if slot.reference {
                let wanted = wanted(number);
                present.extend(quote!(let #wanted = #shadow.is_some();));
                // Of an array too it is a slice.
                let shadow = quote!(#shadow.as_deref_mut().map(|list| &mut list[..]));
                windows.push(quote!(#private::shadow_window(#shadow, #index)));
                cut.extend(quote! {
                    let #name = if #wanted { &mut #name[..#count] } else { #name };
                });
            } else {
                windows.push(quote!(#private::window_mut(&mut #shadow[..], #index)));
                cut.extend(quote!(let #name = &mut #name[..#count];));
            }
            params.push(name);
        }
        let (mut kept, mut go_on) = (TokenStream::new(), TokenStream::new());
        if walk.rows_in_all() > 0 {
            let rows = names::local("rows");
            kept = self.rows_of(walk, way);
            windows.push(quote!(#rows));
            params.push(rows.clone());
            let forward = way == Way::Forward;
            let split = if forward {
                quote!(split_at_mut)
            } else {
                quote!(split_at)
            };
            for number in 0..walk.rows_in_all() {
                let row = row(number);
                cut.extend(quote!(let (#row, #rows) = #rows.#split(#count);));
            }
            for (number, &slot) in walk.rows.iter().enumerate() {
                let (row, name) = (row(number), &function.slot(slot).name);
                go_on.extend(if forward {
                    quote!(#row[#at] = #private::Word::word(#name);)
                } else {
                    quote!(#name = #private::Word::of_word(#row[#at]);)
                });
            }
            for (number, costly) in walk.costly.iter().enumerate().filter(|_| forward) {
                let row = row(walk.rows.len() + number);
                let compute = walking.costly_row(walk, costly, &row);
                cut.extend(self.through(compute, walk));
            }
        }
        let along = format_ident!("along{}", windows.len(), span = Span::mixed_site());
        let written = walk.written.iter();
        let mut numbers: Vec<Ident> = written.map(|&id| function.slot(id).name.clone()).collect();
        if way != Way::Forward {
            let shadows = walk.numbers.iter().filter(|id| {
                function.slot(**id).active && owned.is_none_or(|owned| owned.contains(id))
            });
            numbers.extend(shadows.map(|&id| names::shadow(&function.slot(id).name)));
        }
        // A tape in a local of the loop lives in registers.
        let (mut enter, mut leave) = (TokenStream::new(), TokenStream::new());
        let tape = names::local("tape");
        if mentions(&body, &tape) {
            let own = names::local("own_tape");
            enter = quote!(let mut #own = ::core::mem::take(#tape); let #tape = &mut #own;);
            leave = quote!(#own);
        }
        let comma = (!leave.is_empty()).then(|| quote!(,));
        let back = (!leave.is_empty()).then(|| quote!(*#tape,));
        let (from, to) = (&walk.from, &walk.to);
        let order = match way {
            Way::Forward | Way::Ascending => quote!(0..#count),
            Way::Descending => quote!((0..#count).rev()),
        };
        quote!({
            let #turns = (#from)..(#to);
            let (#first, #count) = (#turns.start, #private::length(&#turns));
            #present
            #kept
            (#back #(#numbers,)*) = #private::#along(#(#windows,)* |#(#params),*| {
                #cut
                #enter
                #(let mut #numbers = #numbers;)*
                for #at in #order {
                    #variable = #first + #at;
                    #go_on
                    #body
                }
                (#leave #comma #(#numbers,)*)
            });
        })
    }

    /// The rows of a loop on the tape, where the forward pass writes them and the reverse pass finds
    /// them: [`Self::take_rows`] has taken them off.
    fn rows_of(&self, walk: &Walk, way: Way) -> TokenStream {
        let private = &self.private;
        let [rows, tape, count, at] = ["rows", "tape", "count", "rows_at"].map(names::local);
        let number = proc_macro2::Literal::usize_unsuffixed(walk.rows_in_all());
        match way {
            Way::Forward => {
                quote!(let #rows = #private::Tape::rows(#tape, #number * #count);)
            }
            Way::Ascending | Way::Descending => {
                quote!(let #rows = #private::Tape::taken(#tape, #at, #number * #count);)
            }
        }
    }

    /// Fills the row of a costly operation: the operands, and then the results in their place.
    fn costly_row(&self, walk: &Walk, costly: &Costly, row: &Ident) -> TokenStream {
        let private = &self.private;
        let [count, first, at, operand, last] =
            ["count", "first", "at", "operand", "last"].map(names::local);
        let variable = &self.function.slot(walk.variable).name;
        let Some(value) = value_of(self.function, costly.stmt) else {
            return TokenStream::new();
        };
        let operand_code = self.operand_of(value, costly);
        let all = format_ident!("{}_words", costly.op.name(), span = Span::mixed_site());
        quote! {
            let mut #last = None;
            for #at in 0..#count {
                #variable = #first + #at;
                let #operand = #operand_code;
                #row[#at] = #private::Word::word(#operand);
                #last = Some(#operand);
            }
            #private::#all(#last, #row);
        }
    }

    /// The operand of a costly operation, as a block.
    fn operand_of(&self, value: &Value, costly: &Costly) -> TokenStream {
        let printed = body::print(&value.body, &[costly.operand], self.style(), &|number| {
            leaf_tokens(value, number)
        });
        let (bindings, outputs) = (&printed.bindings, &printed.outputs);
        quote!({ #bindings #(#outputs)* })
    }

    /// The result of the costly operation of a statement, where the loop that is printed has a row
    /// for it.
    pub(super) fn in_row(&self, stmt: StmtId, value: &Value) -> Option<(ValueId, TokenStream)> {
        let walk = self.walk?;
        let number = walk.costly.iter().position(|costly| costly.stmt == stmt)?;
        let costly = &walk.costly[number];
        let (row, at) = (row(walk.rows.len() + number), names::local("at"));
        let private = &self.private;
        // The operand tells the type, and nothing else.
        let like = self.operand_of(value, costly);
        Some((costly.result, quote!(#private::word_like(#like, #row[#at]))))
    }

    /// What an assignment computes where a row holds a part of it.
    pub(super) fn value_with_row(&self, assign: &Assign, stmt: StmtId) -> Option<TokenStream> {
        let Rhs::Value(value) = &assign.value else {
            return None;
        };
        let known = self.in_row(stmt, value)?;
        let handed = costly::handed(assign, value)?;
        let printed = body::print_knowing(
            &value.body,
            &[handed],
            Some(known),
            self.style(),
            &|number| leaf_tokens(value, number),
        );
        let (bindings, outputs) = (&printed.bindings, &printed.outputs);
        Some(quote!({ #bindings #(#outputs)* }))
    }

    /// Takes the rows of a loop off the tape.
    pub(super) fn take_rows(&self, walk: &Walk) -> TokenStream {
        if walk.rows_in_all() == 0 {
            return TokenStream::new();
        }
        let (private, from, to) = (&self.private, &walk.from, &walk.to);
        let [tape, at] = ["tape", "rows_at"].map(names::local);
        let number = proc_macro2::Literal::usize_unsuffixed(walk.rows_in_all());
        quote! {
            let #at = #private::Tape::take_rows(
                #tape, #number * #private::length(&((#from)..(#to)))
            );
        }
    }

    /// The window that a place lies in, with its number and what of the path follows the index.
    fn window_of(&self, place: &Place) -> Option<(usize, &Window, TokenStream)> {
        let mut path = place.path.clone().into_iter();
        let Some(TokenTree::Group(index)) = path.next().filter(|_| !place.deref) else {
            return None;
        };
        let text = index.stream().to_string();
        let walk = self.walk?;
        let (number, window) = walk.windows.iter().enumerate().find(|(_, window)| {
            window.slot == place.root && window.own && window.index.to_string() == text
        })?;
        Some((number, window, path.collect()))
    }

    /// The shadow of a place that lies in a window, and whether its caller wants it, if that is
    /// not certain.
    pub(super) fn shadow_in_window(&self, place: &Place) -> Option<(TokenStream, Option<Ident>)> {
        let (number, window, path) = self.window_of(place)?;
        let (name, at) = (names::shadow(&part(number)), names::local("at"));
        let doubtful = self.function.slot(window.slot).reference;
        Some((quote!(#name[#at] #path), doubtful.then(|| wanted(number))))
    }

    /// Code in which elements are read and written through the windows that they lie in.
    fn through(&self, code: TokenStream, walk: &Walk) -> TokenStream {
        let trees: Vec<TokenTree> = code.into_iter().collect();
        let mut changed = TokenStream::new();
        let mut at = 0;
        let mut after_dot = false;
        while at < trees.len() {
            let next = match trees.get(at + 1) {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
                    Some(group)
                }
                _ => None,
            };
            let window = match (&trees[at], next) {
                (TokenTree::Ident(name), Some(index)) if !after_dot => {
                    walk.windows.iter().position(|window| {
                        self.function.slot(window.slot).name == *name
                            && window.index.to_string() == index.stream().to_string()
                    })
                }
                _ => None,
            };
            after_dot = matches!(&trees[at], TokenTree::Punct(punct) if punct.as_char() == '.');
            match (&trees[at], window) {
                (_, Some(number)) => {
                    let (name, turn) = (part(number), names::local("at"));
                    changed.extend(quote!(#name[#turn]));
                    at += 1;
                }
                (TokenTree::Group(group), None) => {
                    let mut inner =
                        Group::new(group.delimiter(), self.through(group.stream(), walk));
                    inner.set_span(group.span());
                    changed.extend([TokenTree::Group(inner)]);
                }
                (tree, None) => changed.extend([tree.clone()]),
            }
            at += 1;
        }
        changed
    }
}

/// The value of an assignment.
fn value_of(function: &Function, id: StmtId) -> Option<&Value> {
    let mut found = None;
    for_each_simple(&function.body, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && let Rhs::Value(value) = &assign.value
            && stmt.id == id
        {
            found = Some(value);
        }
    });
    found
}

/// How a leaf is read within an expression.
fn leaf_tokens(value: &Value, number: usize) -> TokenStream {
    match value.leaves.get(number) {
        Some(leaf) if leaf.place.is_some() => leaf.tokens.clone(),
        Some(leaf) => {
            let tokens = &leaf.tokens;
            quote!((#tokens))
        }
        None => TokenStream::new(),
    }
}

/// Whether code mentions a name.
fn mentions(code: &TokenStream, name: &Ident) -> bool {
    code.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The name of a window.
fn part(number: usize) -> Ident {
    format_ident!("walk_{}", number, span = Span::mixed_site())
}

/// The name of a row.
fn row(number: usize) -> Ident {
    format_ident!("row_{}", number, span = Span::mixed_site())
}

/// Whether the caller wants the shadow that a window belongs to.
fn wanted(number: usize) -> Ident {
    format_ident!("wanted_{}", number, span = Span::mixed_site())
}
