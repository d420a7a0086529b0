//! Iterator chains, as loops over an index.
//!
//! What an adapter does to the items is done to the index instead (`rev`, `skip`, `step_by`,
//! `windows`, ..), closures are inlined where their item is, and `filter` and `take_while` leave the
//! turn. So an item is another name for a place, and nothing is kept that has to be reversed.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall, RangeLimits};

use super::Lowerer;
use super::opaque::Opaque;
use super::scope::{Binding, View};
use crate::diag::Code;
use crate::ir::scalar::{Jump, Place, SlotId, StmtKind};

/// A chain of iterators whose items are found by their index.
#[derive(Clone)]
pub(super) enum Stream {
    /// The elements of a list.
    Elements(View),
    /// `windows(n)`
    Windows(Place, Opaque),
    /// `chunks(n)`, with the length of the list; without it, `chunks_exact(n)`.
    Chunks(View, Opaque, Option<Opaque>),
    /// `a..b`; no end for `a..`
    Range(Opaque, Option<Opaque>),
    /// Both at once.
    Zip(Box<Stream>, Box<Stream>),
    /// With the index.
    Enumerate(Box<Stream>),
    /// Last first; with the length.
    Rev(Box<Stream>, Opaque),
    /// Without the first.
    Skip(Box<Stream>, Opaque),
    /// The first only.
    Take(Box<Stream>, Opaque),
    /// Every n-th.
    StepBy(Box<Stream>, Opaque),
    /// `copied`, `cloned`
    ByValue(Box<Stream>),
    /// Through a closure or a function.
    Map(Box<Stream>, Expr),
    /// Those for which a closure holds.
    Filter(Box<Stream>, Expr),
    /// Those before the first for which a closure does not hold.
    TakeWhile(Box<Stream>, Expr),
}

const SOURCES: [&str; 8] = [
    "iter",
    "iter_mut",
    "into_iter",
    "windows",
    "chunks",
    "chunks_exact",
    "chunks_mut",
    "chunks_exact_mut",
];

const ADAPTERS: [&str; 11] = [
    "zip",
    "enumerate",
    "rev",
    "skip",
    "take",
    "step_by",
    "copied",
    "cloned",
    "map",
    "filter",
    "take_while",
];

/// Whether an expression is an iterator, by its form.
pub(crate) fn is_stream(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => is_stream(&inner.expr),
        Expr::Range(range) => range.start.is_some(),
        Expr::MethodCall(call) => {
            let name = call.method.to_string();
            SOURCES.contains(&name.as_str())
                || (ADAPTERS.contains(&name.as_str()) && is_stream(&call.receiver))
        }
        _ => false,
    }
}

impl Stream {
    /// Whether every index has an item.
    fn is_dense(&self) -> bool {
        match self {
            Stream::Filter(..) | Stream::TakeWhile(..) => false,
            Stream::Elements(_) | Stream::Windows(..) | Stream::Chunks(..) | Stream::Range(..) => {
                true
            }
            Stream::Zip(a, b) => a.is_dense() && b.is_dense(),
            Stream::Enumerate(of)
            | Stream::Rev(of, _)
            | Stream::Skip(of, _)
            | Stream::Take(of, _)
            | Stream::StepBy(of, _)
            | Stream::ByValue(of)
            | Stream::Map(of, _) => of.is_dense(),
        }
    }

    /// The range that a loop can run over itself, if the items are computed from its numbers.
    pub(super) fn base(&self) -> Option<Opaque> {
        match self {
            Stream::Range(start, end) => {
                let (from, to) = (&start.tokens, end.as_ref().map(|end| &end.tokens));
                let end = end.clone().unwrap_or_default();
                Some(Opaque {
                    tokens: quote!(#from..#to),
                    reads: [start.reads.clone(), end.reads].concat(),
                    discrete: true,
                    impure: false,
                })
            }
            Stream::Rev(of, _) if matches!(**of, Stream::Range(_, Some(_))) => {
                let range = of.base()?;
                let tokens = &range.tokens;
                Some(Opaque {
                    tokens: quote!((#tokens).rev()),
                    ..range
                })
            }
            Stream::StepBy(of, step) if matches!(**of, Stream::Range(_, Some(_))) => {
                let range = of.base()?;
                let (tokens, by) = (&range.tokens, &step.tokens);
                Some(Opaque {
                    tokens: quote!((#tokens).step_by(#by)),
                    reads: [range.reads.clone(), step.reads.clone()].concat(),
                    ..range
                })
            }
            Stream::Map(of, _)
            | Stream::Filter(of, _)
            | Stream::TakeWhile(of, _)
            | Stream::ByValue(of) => of.base(),
            _ => None,
        }
    }
}

/// Code made of other code.
pub(super) fn join(tokens: TokenStream, of: &[&Opaque]) -> Opaque {
    Opaque {
        tokens,
        reads: of.iter().flat_map(|part| part.reads.clone()).collect(),
        discrete: true,
        impure: false,
    }
}

impl Lowerer<'_> {
    /// Reads a chain of iterators, or something that can be iterated over. `None` after an error.
    pub(super) fn stream_of(&mut self, expr: &Expr) -> Option<Stream> {
        match expr {
            Expr::Paren(inner) => return self.stream_of(&inner.expr),
            Expr::Range(range) => return self.range_of(range),
            Expr::MethodCall(call) if is_stream(expr) => return self.adapted(call),
            _ => {}
        }
        let view = self.pinned(|l| l.view(expr))?;
        let view = match view {
            // Iterating over a value leaves the variable as it was.
            Some(view) if !view.by_ref && self.slots[view.place.root.0 as usize].mutable => {
                let slot = self.copy(&Ident::new("v_items", Span::mixed_site()), &view.place);
                self.view_of(slot)
            }
            Some(view) => view,
            None => self.scrutinee(expr)?,
        };
        Some(Stream::Elements(view))
    }

    fn range_of(&mut self, range: &syn::ExprRange) -> Option<Stream> {
        let Some(start) = &range.start else {
            self.error(range, Code::Loop, "this range has no beginning");
            return None;
        };
        let start = self.opaque(start);
        let start = self.settle_changing("start", start);
        let end = range.end.as_ref().map(|end| {
            let end = self.opaque(end);
            let end = match &range.limits {
                RangeLimits::HalfOpen(_) => end,
                RangeLimits::Closed(_) => {
                    let tokens = &end.tokens;
                    join(quote!((#tokens) + 1), &[&end])
                }
            };
            self.settle_changing("end", end)
        });
        Some(Stream::Range(start, end))
    }

    /// A variable for what could change while the loop runs.
    fn settle_changing(&mut self, name: &str, value: Opaque) -> Opaque {
        let changes = |slot: &SlotId| self.slots[slot.0 as usize].mutable;
        if value.impure || value.reads.iter().any(changes) {
            self.settle_discrete(name, value)
        } else {
            value
        }
    }

    fn adapted(&mut self, call: &ExprMethodCall) -> Option<Stream> {
        let name = call.method.to_string();
        let args: Vec<&Expr> = call.args.iter().collect();
        let over = &call.receiver;
        if SOURCES.contains(&name.as_str()) {
            if is_stream(over) {
                return self.stream_of(over);
            }
            let view = match self.pinned(|l| l.view(over))? {
                Some(view) => view,
                None => self.scrutinee(over)?,
            };
            let behind = View::behind(view.place.clone(), name.contains("mut"));
            return Some(match (name.as_str(), args.as_slice()) {
                ("iter" | "iter_mut", []) => Stream::Elements(behind),
                ("into_iter", []) => return self.stream_of(over),
                ("windows", [size]) => {
                    let size = self.opaque(size);
                    Stream::Windows(view.place, self.settle_changing("size", size))
                }
                (_, [size]) => {
                    let size = self.opaque(size);
                    let size = self.settle_changing("size", size);
                    let length = (!name.contains("exact")).then(|| {
                        let of = self.opaque_place(&behind.place);
                        let tokens = &of.tokens;
                        let length = join(quote!(#tokens.len()), &[&of]);
                        self.settle_discrete("length", length)
                    });
                    Stream::Chunks(behind, size, length)
                }
                _ => return self.unknown(call),
            });
        }
        let of = Box::new(self.stream_of(over)?);
        let dense = matches!(
            name.as_str(),
            "map" | "filter" | "take_while" | "copied" | "cloned"
        ) || of.is_dense();
        if !dense {
            let message = format!("`{name}` is not understood behind a filter; write a loop");
            self.error(&call.method, Code::Loop, message);
            return None;
        }
        Some(match (name.as_str(), args.as_slice()) {
            ("zip", [other]) => {
                let other = self.stream_of(other)?;
                if !other.is_dense() {
                    return self.unknown(call);
                }
                Stream::Zip(of, Box::new(other))
            }
            ("enumerate", []) => Stream::Enumerate(of),
            ("rev", []) => {
                let length = self.length(&of);
                let length = self.settle_discrete("length", length);
                Stream::Rev(of, length)
            }
            ("skip", [n]) => Stream::Skip(of, self.number(n)),
            ("take", [n]) => Stream::Take(of, self.number(n)),
            ("step_by", [n]) => Stream::StepBy(of, self.number(n)),
            ("copied" | "cloned", []) => Stream::ByValue(of),
            ("map", [f]) => Stream::Map(of, (*f).clone()),
            ("filter", [f]) => Stream::Filter(of, (*f).clone()),
            ("take_while", [f]) => Stream::TakeWhile(of, (*f).clone()),
            _ => return self.unknown(call),
        })
    }

    fn number(&mut self, expr: &Expr) -> Opaque {
        let number = self.opaque(expr);
        self.settle_changing("number", number)
    }

    pub(super) fn unknown<T>(&mut self, call: &ExprMethodCall) -> Option<T> {
        let message = format!(
            "`{}` is not understood in a chain of iterators",
            call.method
        );
        self.error(&call.method, Code::Method, message);
        None
    }

    /// How many indices there are.
    pub(super) fn length(&mut self, stream: &Stream) -> Opaque {
        match stream {
            Stream::Elements(view) => {
                let of = self.opaque_place(&view.place);
                let tokens = &of.tokens;
                join(quote!(#tokens.len()), &[&of])
            }
            Stream::Windows(place, size) => {
                let of = self.opaque_place(place);
                let (tokens, n) = (&of.tokens, &size.tokens);
                join(quote!((#tokens.len() + 1).saturating_sub(#n)), &[&of, size])
            }
            Stream::Chunks(_, size, Some(length)) => {
                let (of, n) = (&length.tokens, &size.tokens);
                join(quote!(usize::div_ceil(#of, #n)), &[length, size])
            }
            Stream::Chunks(view, size, None) => {
                let of = self.opaque_place(&view.place);
                let (tokens, n) = (&of.tokens, &size.tokens);
                join(quote!((#tokens.len() / (#n))), &[&of, size])
            }
            Stream::Range(start, Some(end)) => {
                let (from, to) = (&start.tokens, &end.tokens);
                join(quote!((#from..#to).count()), &[start, end])
            }
            Stream::Range(_, None) => join(quote!(usize::MAX), &[]),
            Stream::Zip(a, b) => {
                let (a, b) = (self.length(a), self.length(b));
                let (x, y) = (&a.tokens, &b.tokens);
                join(quote!(::core::cmp::Ord::min(#x, #y)), &[&a, &b])
            }
            Stream::Enumerate(of)
            | Stream::Rev(of, _)
            | Stream::ByValue(of)
            | Stream::Map(of, _)
            | Stream::Filter(of, _)
            | Stream::TakeWhile(of, _) => self.length(of),
            Stream::Skip(of, n) => {
                let of = self.length(of);
                let (x, by) = (&of.tokens, &n.tokens);
                join(quote!(usize::saturating_sub(#x, #by)), &[&of, n])
            }
            Stream::Take(of, n) => {
                let of = self.length(of);
                let (x, by) = (&of.tokens, &n.tokens);
                join(quote!(::core::cmp::Ord::min(#x, #by)), &[&of, n])
            }
            Stream::StepBy(of, n) => {
                let of = self.length(of);
                let (x, by) = (&of.tokens, &n.tokens);
                join(quote!(usize::div_ceil(#x, #by)), &[&of, n])
            }
        }
    }

    /// The item at an index; with `direct`, the index is already a number of the base range.
    pub(super) fn item(&mut self, stream: &Stream, at: &Opaque, direct: bool) -> Option<Binding> {
        let k = &at.tokens;
        Some(match stream {
            Stream::Elements(view) => Binding::View(view.element(k, &at.reads)),
            Stream::Windows(place, size) => {
                let n = &size.tokens;
                let mut view = View::behind(place.clone(), false);
                view = view.part(quote!([#k..#k + #n]), &at.reads);
                Binding::View(view.part(quote!(), &size.reads))
            }
            Stream::Chunks(view, size, length) => {
                let n = &size.tokens;
                let mut reads = [at.reads.clone(), size.reads.clone()].concat();
                let end = match length {
                    None => quote!(#k * (#n) + (#n)),
                    Some(length) => {
                        reads.extend(&length.reads);
                        let all = &length.tokens;
                        quote!(::core::cmp::Ord::min(#k * (#n) + (#n), #all))
                    }
                };
                Binding::View(view.part(quote!([#k * (#n)..#end]), &reads))
            }
            Stream::Range(start, _) => {
                let from = &start.tokens;
                let value = if direct {
                    at.clone()
                } else {
                    join(quote!((#from) + #k), &[start, at])
                };
                self.index_item(value)
            }
            Stream::Zip(a, b) => {
                Binding::Parts(vec![self.item(a, at, false)?, self.item(b, at, false)?])
            }
            Stream::Enumerate(of) => {
                let index = self.index_item(at.clone());
                Binding::Parts(vec![index, self.item(of, at, false)?])
            }
            Stream::Rev(of, _) | Stream::StepBy(of, _) if direct => self.item(of, at, true)?,
            Stream::Rev(of, length) => {
                let n = &length.tokens;
                let index = join(quote!(#n - 1 - #k), &[length, at]);
                let index = self.settle_discrete("index", index);
                self.item(of, &index, false)?
            }
            Stream::Skip(of, n) => {
                let by = &n.tokens;
                let index = join(quote!(#k + #by), &[at, n]);
                let index = self.settle_discrete("index", index);
                self.item(of, &index, false)?
            }
            Stream::StepBy(of, n) => {
                let by = &n.tokens;
                let index = join(quote!(#k * (#by)), &[at, n]);
                let index = self.settle_discrete("index", index);
                self.item(of, &index, false)?
            }
            Stream::Take(of, _) => self.item(of, at, direct)?,
            Stream::ByValue(of) => by_value(self.item(of, at, direct)?),
            Stream::Map(of, f) => {
                let item = self.item(of, at, direct)?;
                let slot = self.hidden(&Ident::new("v_item", Span::mixed_site()), None);
                let discrete = self.inline(f, vec![item], slot)?;
                self.slots[slot.0 as usize].discrete = discrete;
                Binding::View(self.view_of(slot))
            }
            Stream::Filter(of, f) | Stream::TakeWhile(of, f) => {
                let item = self.item(of, at, direct)?;
                let condition = self.predicate(f, &item)?;
                let id = self.loops.last()?.id;
                let jump = match stream {
                    Stream::Filter(..) => Jump::Continue(id),
                    _ => Jump::Break(id),
                };
                let otherwise = self.nested(|l| l.push(f.span(), StmtKind::Jump(jump)));
                self.either(f.span(), condition, Vec::new(), otherwise);
                item
            }
        })
    }

    fn index_item(&mut self, value: Opaque) -> Binding {
        if let [slot] = value.reads.as_slice()
            && self.slots[slot.0 as usize].name == value.tokens.to_string()
        {
            return Binding::View(self.view_of(*slot));
        }
        let slot = self.discrete_slot(&Ident::new("v_index", Span::mixed_site()), value);
        Binding::View(self.view_of(slot))
    }
}

fn by_value(item: Binding) -> Binding {
    match item {
        Binding::View(view) => Binding::View(View::of(view.place)),
        Binding::Parts(parts) => Binding::Parts(parts.into_iter().map(by_value).collect()),
        Binding::Raw(raw) => Binding::Raw(raw),
    }
}
