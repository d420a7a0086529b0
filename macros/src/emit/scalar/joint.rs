//! Prints `__joint`: the forward and the reverse pass of a function at once, by its plan.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Emitter;
use super::replay::copied;
use super::walk::Way;
use crate::autodiff::scalar::joint::{self, Middle, Plan};
use crate::autodiff::scalar::reversal::adds;
use crate::autodiff::scalar::uses::Uses;
use crate::frontend::shape::Shape;
use crate::frontend::signature::{Param, Passing};
use crate::ir::scalar::{Block, Call, Carried, Loop, Rhs, SlotId, Stmt, StmtId, StmtKind};
use crate::names;

/// What a turn of a loop that runs forwards and backwards at once need not save.
pub(super) struct Turn {
    /// Variables that it declares.
    declared: HashSet<SlotId>,
    /// Variables that it only adds to.
    sums: Vec<SlotId>,
}

impl Turn {
    /// Whether what a statement overwrites need not come back.
    pub(super) fn forgets(&self, target: SlotId, declares: bool) -> bool {
        self.sums.contains(&target) || (declares && self.declared.contains(&target))
    }
}

/// Whether a parameter is a list of the function's own that it may make longer: the shadow, which is
/// there from the start, would not follow.
fn may_grow(param: &Param) -> bool {
    let plain = matches!(param.shape, Shape::Float | Shape::Discrete);
    param.mutable && !plain && !matches!(param.ty, syn::Type::Array(_))
}

impl Emitter<'_> {
    /// The plan by which the function runs forwards and backwards at once, if it has one.
    pub(super) fn joint_plan(&self) -> Option<Plan> {
        let by_reference = |passing: Passing| passing == Passing::Exclusive;
        let plain = self.signature.shape(&self.signature.output) == Shape::Float
            && self.function.slot(self.function.result).active
            && !self
                .signature
                .params
                .iter()
                .any(|param| by_reference(param.passing) || may_grow(param));
        plain
            .then(|| joint::plan(self.function, &self.signature.name))
            .flatten()
    }

    /// `__joint`: the value, while the cotangents are added to the shadows.
    pub(super) fn joint_function(&self, plan: &Plan) -> TokenStream {
        let (function, private) = (self.function, &self.private);
        let [tape, seed, value] = ["tape", "seed", "value"].map(names::local);
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, shadow_params) = (self.primal_params(), self.shadow_params());
        let (output, items) = (&self.signature.output, &function.items);
        let slots = self.slot_declarations();
        let result = &function.slot(function.result).name;
        let d_result = names::shadow(result);
        let own = function.params.iter().map(|&id| function.slot(id));
        let shadows = own
            .filter(|slot| slot.active && !slot.reference)
            .map(|slot| {
                let (name, shadow) = (&slot.name, names::shadow(&slot.name));
                quote!(let mut #shadow = #private::Val::zero_like(&#name);)
            });
        let mut owned: HashSet<SlotId> = function.params.iter().copied().collect();
        owned.insert(function.result);
        let end = quote!(let #value = #result;);
        let body = self.joint_block(plan, &owned, end);
        let returned = function.params.iter().map(|&id| self.return_shadow(id));
        quote! {
            #[inline]
            fn __joint #generics (
                #(#params,)* #(#shadow_params,)* #seed: #output, #tape: &mut #private::Tape
            ) -> #output #bounds {
                #(#items)*
                #slots
                #(#shadows)*
                let mut #d_result = #seed;
                #body
                #(#returned)*
                #value
            }
        }
    }

    /// A block by its plan; `end` stands where it has run forwards. What is `owned` has a shadow.
    fn joint_block(&self, plan: &Plan, owned: &HashSet<SlotId>, end: TokenStream) -> TokenStream {
        let private = &self.private;
        let after: Block = plan.after.iter().map(|(stmt, _)| stmt.clone()).collect();
        let (first, last) = (Uses::of(&plan.before), Uses::of(&after));
        let mut owned = owned.clone();
        let mut shadows = TokenStream::new();
        for index in 0..self.function.slots.len() as u32 {
            let id = SlotId(index);
            let slot = self.function.slot(id);
            if (first.mentions(id) || last.mentions(id)) && owned.insert(id) && slot.active {
                let (name, shadow) = (&slot.name, names::shadow(&slot.name));
                shadows.extend(quote!(let mut #shadow = #private::Val::zero_like(&#name);));
            }
        }
        let forward = self.forward(&plan.before, &mut Vec::new());
        let reverse = self.reverse(&plan.before);
        let Some(middle) = &plan.middle else {
            return quote!(#forward #shadows #end #reverse);
        };
        let early: TokenStream = plan
            .after
            .iter()
            .rev()
            .map(|(s, early)| self.early(s, early))
            .collect();
        let late: TokenStream = plan
            .after
            .iter()
            .rev()
            .map(|(s, early)| self.late(s, early))
            .collect();
        let (save, middle, restore) = self.joint_middle(middle, &owned);
        let forward_after = self.forward(&after, &mut Vec::new());
        quote! {
            #forward #shadows #early #save #middle #forward_after #end #late #restore #reverse
        }
    }

    fn joint_middle(
        &self,
        middle: &Middle,
        owned: &HashSet<SlotId>,
    ) -> (TokenStream, TokenStream, TokenStream) {
        let none = TokenStream::new;
        match middle {
            Middle::Loop { of, carried, turn } => {
                let code = self.joint_loop(of, carried, turn, owned);
                (
                    self.save_changed(of, carried),
                    code,
                    self.restore_changed(of, carried),
                )
            }
            Middle::If {
                condition,
                then,
                otherwise,
                changed,
            } => {
                let forgets = |slot| self.turn.is_some_and(|turn| turn.forgets(slot, false));
                let changed: Vec<SlotId> = changed
                    .iter()
                    .copied()
                    .filter(|&slot| !forgets(slot))
                    .collect();
                let names: Vec<&Ident> = changed
                    .iter()
                    .map(|&slot| &self.function.slot(slot).name)
                    .collect();
                let copies: Vec<Ident> = names.iter().map(|name| copied("through", name)).collect();
                // An arm backwards undoes what it changed, but what follows reads it.
                let end = quote!(#(#copies = ::core::clone::Clone::clone(&#names);)*);
                let then = self.joint_block(then, owned, end.clone());
                let otherwise = self.joint_block(otherwise, owned, end);
                let save = changed.iter().map(|&slot| self.save_slot(slot)).collect();
                let restore = changed
                    .iter()
                    .rev()
                    .map(|&slot| self.load_slot(slot))
                    .collect();
                let code = quote! {
                    #(let mut #copies = ::core::clone::Clone::clone(&#names);)*
                    if #condition { #then } else { #otherwise }
                    #(#names = #copies;)*
                };
                (save, code, restore)
            }
            Middle::Call { target, call } => (none(), self.joint_call(*target, call), none()),
        }
    }

    fn joint_loop(
        &self,
        of: &Loop,
        carried: &Carried,
        plan: &Plan,
        owned: &HashSet<SlotId>,
    ) -> TokenStream {
        let turn = Turn {
            declared: joint::declared(&of.body),
            sums: carried.sums.clone(),
        };
        let turning = Emitter {
            turn: Some(&turn),
            ..self.storing(self.storage)
        };
        // A turn backwards undoes what it changed, but the next turn wants to go on from it.
        let whole: Vec<&Ident> = carried
            .whole
            .iter()
            .map(|&slot| self.function.slot(slot))
            .filter(|slot| slot.needed)
            .map(|slot| &slot.name)
            .collect();
        let copies: Vec<Ident> = whole.iter().map(|name| copied("after", name)).collect();
        let end = quote!(#(let #copies = ::core::clone::Clone::clone(&#whole);)*);
        let mut turn_of = |on: &Emitter<'_>| {
            let block = on.joint_block(plan, owned, end.clone());
            quote!(#block #(#whole = #copies;)*)
        };
        if let Some(walk) = turning.walk_of(of) {
            return turning.walked(&walk, Way::Ascending, Some(owned), &mut turn_of);
        }
        let (next, (variable, range)) = (names::local("next"), of.over());
        let (set, body) = (self.set_variable(variable), turn_of(&turning));
        quote!(for #next in #range { #set #body })
    }

    fn joint_call(&self, target: SlotId, call: &Call) -> TokenStream {
        let (name, private) = (&self.function.slot(target).name, &self.private);
        let (shadow, cotangent) = (names::shadow(name), names::local("cotangent"));
        let (before, run, after) = self.backward_call(call, "__joint", &quote!(#cotangent));
        quote! {
            let #cotangent = #private::Val::take(&mut #shadow);
            #before
            #name = #run;
            #after
        }
    }

    /// The cotangent of a statement behind the middle, and what of it must flow on at once.
    fn early(&self, stmt: &Stmt, early: &[usize]) -> TokenStream {
        let StmtKind::Assign(assign) = &stmt.kind else {
            return TokenStream::new();
        };
        if !self.function.slot(assign.target.root).active {
            return TokenStream::new();
        }
        let (private, shadow) = (&self.private, self.shadow(&assign.target));
        let cotangent = cotangent_of(stmt.id);
        let sum = adds(assign);
        let take = if sum {
            quote!(let #cotangent = #shadow;)
        } else {
            quote!(let #cotangent = #private::Val::take(&mut #shadow);)
        };
        let Rhs::Value(value) = &assign.value else {
            return take;
        };
        let itself = |leaf: usize| self.is_own_old_value(stmt, leaf);
        let flows = self.flows_where(value, &quote!(#cotangent), None, &|number, leaf| {
            early.contains(&number) && !(sum && itself(leaf))
        });
        quote!(#take #flows)
    }

    /// The rest.
    fn late(&self, stmt: &Stmt, early: &[usize]) -> TokenStream {
        let StmtKind::Assign(assign) = &stmt.kind else {
            return TokenStream::new();
        };
        let restore = if self.saved(assign) {
            self.restore(stmt.id, &assign.target)
        } else {
            TokenStream::new()
        };
        let Rhs::Value(value) = &assign.value else {
            return restore;
        };
        if !self.function.slot(assign.target.root).active {
            return restore;
        }
        let (sum, cotangent) = (adds(assign), cotangent_of(stmt.id));
        let itself = |leaf: usize| self.is_own_old_value(stmt, leaf);
        let (remember, known) = self.remembered(assign);
        let flows = self.flows_where(value, &quote!(#cotangent), known, &|number, leaf| {
            !(early.contains(&number) || sum && itself(leaf))
        });
        quote!(#remember #restore #flows)
    }

    /// Whether a leaf of a sum is the sum itself.
    fn is_own_old_value(&self, stmt: &Stmt, leaf: usize) -> bool {
        match &stmt.kind {
            StmtKind::Assign(assign) => match &assign.value {
                Rhs::Value(value) => value.leaves[leaf]
                    .place
                    .as_ref()
                    .is_some_and(|place| place.root == assign.target.root),
                _ => false,
            },
            _ => false,
        }
    }
}

/// The local that holds the cotangent of a statement.
fn cotangent_of(stmt: StmtId) -> Ident {
    format_ident!("cotangent_{}", stmt.0, span = Span::mixed_site())
}
