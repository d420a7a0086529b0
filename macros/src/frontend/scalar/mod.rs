//! Lowers the body of a scalar function to [`Function`].
//!
//! Everything it does not know is an error at its own tokens, and lowering goes on, so that all
//! errors of a function are reported at once. What it accepts keeps its meaning: the forward pass
//! prints the user's tokens with slots for names.

mod aggregate;
mod call;
mod chain;
mod checkpoint;
mod control;
mod expr;
mod line;
mod method;
mod opaque;
mod pattern;
mod place;
mod purity;
mod scope;
mod stmt;
mod stream;
mod tail;
mod vector;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident};

use scope::Binding;

use super::shape::{Failing, Floats, failing};
use super::signature::{Passing, Signature};
use crate::diag::{Code, Errors};
use crate::ir::scalar::{
    Assign, Block, Function, Inert, LoopId, Place, Rhs, Slot, SlotId, Stmt, StmtId, StmtKind,
};
pub(crate) use stream::is_stream;

/// Lowers a function; `None` if it has errors.
pub(crate) fn lower(
    signature: &Signature,
    function: &syn::ItemFn,
    errors: &mut Errors,
) -> Option<Function> {
    let before = errors.len();
    let mut lowerer = Lowerer {
        errors,
        slots: Vec::new(),
        names: HashSet::new(),
        scopes: vec![HashMap::new()],
        pin: false,
        whole: false,
        closures: 0,
        loops: Vec::new(),
        loop_count: 0,
        stmt_count: 0,
        blocks: vec![Block::new()],
        items: Vec::new(),
        conversions: Vec::new(),
        vague: HashSet::new(),
        matched: HashSet::new(),
        arrays: HashSet::new(),
        views: HashSet::new(),
        failing: failing(&signature.output).map(|(failing, _)| failing),
        floats: &signature.floats,
        private: &signature.private,
        result: SlotId(0),
    };
    let receiver = signature.receiver.as_ref();
    let by_value = receiver.is_some_and(|of| matches!(of.kind, syn::ReceiverKind::Value));
    let params: Vec<SlotId> = signature
        .params
        .iter()
        .map(|param| {
            let ty = param.ty.to_token_stream();
            let discrete = !param.shape.holds_floats();
            let slot = lowerer.slot(&param.name, discrete, Some(ty));
            lowerer.slots[slot.0 as usize].reference = param.passing != Passing::Value;
            let slot_of = &mut lowerer.slots[slot.0 as usize];
            slot_of.exclusive = param.passing == Passing::Exclusive;
            slot_of.mutable = param.mutable || slot_of.exclusive;
            if param.array {
                lowerer.arrays.insert(slot);
            }
            if param.view.is_some() {
                lowerer.views.insert(slot);
            }
            let mut view = lowerer.view_of(slot);
            if param.name == "self" && by_value {
                view.place.deref = true;
                view.by_ref = false;
            }
            lowerer.name(&param.name, Binding::View(view));
            slot
        })
        .collect();
    let output = signature.output.to_token_stream();
    let result = Ident::new("result", Span::mixed_site());
    lowerer.result = lowerer.hidden(&result, Some(output));
    let nothing = matches!(&signature.output, syn::Type::Tuple(parts) if parts.elems.is_empty());
    lowerer.tail(&function.block.stmts, (!nothing).then_some(lowerer.result));
    let body = lowerer.blocks.pop().unwrap_or_default();
    let Lowerer {
        slots,
        items,
        conversions,
        result,
        errors,
        ..
    } = lowerer;
    (errors.len() == before).then_some(Function {
        slots,
        params,
        result,
        items,
        body,
        taped: false,
        along: false,
        whole: false,
        conversions,
    })
}

/// What is known of a loop while its body is lowered.
struct Frame {
    id: LoopId,
    label: Option<String>,
    /// Where `break value` writes.
    value: Option<SlotId>,
}

/// The state of lowering.
struct Lowerer<'e> {
    errors: &'e mut Errors,
    slots: Vec<Slot>,
    names: HashSet<String>,
    scopes: Vec<HashMap<String, Binding>>,
    /// How many closures enclose the code that is lowered.
    closures: u32,
    /// Whether indices are evaluated once, because a name for the place is being made.
    pin: bool,
    /// Whether what is lowered next is the whole value of a statement.
    whole: bool,
    loops: Vec<Frame>,
    loop_count: u32,
    stmt_count: u32,
    blocks: Vec<Block>,
    items: Vec<TokenStream>,
    conversions: Vec<(TokenStream, Vec<SlotId>)>,
    /// Variables that hold what a field held, which may be an integer.
    vague: HashSet<SlotId>,
    /// Names of patterns that can fail.
    matched: HashSet<SlotId>,
    /// Variables that are known to be arrays of ndarray.
    arrays: HashSet<SlotId>,
    /// Those of them that are views and are passed by value.
    views: HashSet<SlotId>,
    /// How the function may end without a value.
    failing: Option<Failing>,
    /// The types of floats.
    floats: &'e Floats,
    private: &'e TokenStream,
    result: SlotId,
}

impl Lowerer<'_> {
    /// A new slot for a name of the user, visible from now on.
    fn slot(&mut self, name: &Ident, discrete: bool, ty: Option<TokenStream>) -> SlotId {
        let slot = self.hidden(name, ty);
        self.slots[slot.0 as usize].discrete = discrete;
        self.name(name, Binding::View(self.view_of(slot)));
        slot
    }

    /// A new slot that no name of the user refers to. Its own name is the given one, numbered if
    /// that is taken.
    fn hidden(&mut self, name: &Ident, ty: Option<TokenStream>) -> SlotId {
        let mut unique = name.clone();
        let mut number = 0_u32;
        while !self.names.insert(unique.to_string()) {
            number += 1;
            unique = format_ident!("{}_{}", name, number);
        }
        let id = SlotId(self.slots.len() as u32);
        self.slots.push(Slot {
            name: unique,
            discrete: false,
            reference: false,
            exclusive: false,
            mutable: false,
            ty,
            active: false,
            needed: false,
            doubtful: false,
        });
        id
    }

    /// A temporary that receives `value`, written here.
    fn temporary(&mut self, name: &str, span: Span, value: Rhs) -> SlotId {
        let slot = self.hidden(&Ident::new(name, span), None);
        self.assign(span, Place::whole(slot), value, true);
        slot
    }

    fn push(&mut self, span: Span, kind: StmtKind) {
        let id = StmtId(self.stmt_count);
        self.stmt_count += 1;
        if let Some(block) = self.blocks.last_mut() {
            block.push(Stmt { id, span, kind });
        }
    }

    /// Runs one of two blocks.
    fn either(&mut self, span: Span, condition: Inert, then: Vec<Stmt>, otherwise: Vec<Stmt>) {
        let kind = StmtKind::If {
            condition,
            then,
            otherwise,
        };
        self.push(span, kind);
    }

    /// Writes a place. `first` says that nothing was written to it before in this turn of the
    /// innermost loop.
    fn assign(&mut self, span: Span, target: Place, value: Rhs, first: bool) {
        let fresh = first && self.loops.is_empty();
        self.push(
            span,
            StmtKind::Assign(Box::new(Assign {
                target,
                operator: None,
                value,
                declares: first,
                fresh,
            })),
        );
    }

    /// Lowers into a block of its own.
    fn nested(&mut self, lower: impl FnOnce(&mut Self)) -> Block {
        self.blocks.push(Block::new());
        self.scopes.push(HashMap::new());
        lower(self);
        self.scopes.pop();
        self.blocks.pop().unwrap_or_default()
    }

    fn error(&mut self, tokens: &dyn ToTokens, code: Code, message: impl AsRef<str>) {
        self.errors.at(tokens, code, message);
    }
}
