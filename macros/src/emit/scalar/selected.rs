//! Prints loops that search: the forward pass runs them without the tape and keeps which turn found
//! what the loop leaves behind; the reverse pass runs that one again, and reverses it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::replay::copied;
use super::walk::Way;
use super::{Emitter, Storage};
use crate::autodiff::scalar::reversal::for_each_loop;
use crate::autodiff::scalar::selection;
use crate::ir::scalar::{Loop, LoopId, Place, Reversal, Selection, SlotId, Stmt, StmtKind};
use crate::names;

impl Emitter<'_> {
    /// The variables that hold which turn of a loop was the last to find something.
    pub(super) fn found_declarations(&self) -> TokenStream {
        let (private, mut code) = (&self.private, TokenStream::new());
        for_each_loop(&self.function.body, &mut |of| {
            let kept = matches!(self.storage, Storage::Tape);
            if kept && matches!(of.reversal, Reversal::Selected(_)) {
                let found = found_name(of.id);
                code.extend(quote!(let mut #found = #private::Val::blank();));
            }
        });
        code
    }

    /// What the loop overwrites and the reverse pass reads.
    fn overwritten<'s>(
        &self,
        selection: &'s Selection,
    ) -> impl DoubleEndedIterator<Item = Place> + use<'s, '_> {
        let whole = selection.whole.iter().copied();
        whole
            .filter(|&slot: &SlotId| self.function.slot(slot).needed)
            .map(Place::whole)
    }

    /// The forward pass: the loop without the tape, and then, where they are wanted, the tangents of
    /// what the turn found.
    pub(super) fn forward_selected(&self, of: &Loop, selection: &Selection) -> TokenStream {
        let (private, tape, next) = (&self.private, names::local("tape"), names::local("next"));
        let (variable, range) = of.over();
        let found = found_name(of.id);
        let save: TokenStream = self
            .overwritten(selection)
            .map(|place| self.save(&place))
            .collect();
        let search = Emitter {
            tangents: false,
            ..self.storing(Storage::Nowhere)
        };
        let mut turn = |on: &Emitter<'_>| -> TokenStream {
            let print = |stmt: &Stmt| match stmt.id == selection.decides {
                true => on.forward_deciding(stmt, of),
                false => on.forward(&vec![stmt.clone()], &mut Vec::new()),
            };
            of.body.iter().map(print).collect()
        };
        let run = match search.walk_of(of) {
            Some(walk) => search.walked(&walk, Way::Forward, None, &mut turn),
            None => {
                let (set, body) = (self.set_variable(variable), turn(&search));
                quote!(for #next in #range { #set #body })
            }
        };
        // The turn that found something is run again from what was there in front of the loop.
        let (mut enter, mut along) = (TokenStream::new(), TokenStream::new());
        if self.tangents {
            let again = self.storing(Storage::Nowhere);
            let turn = again.forward(&selection::turn(of, selection), &mut Vec::new());
            let whole = || {
                selection
                    .whole
                    .iter()
                    .map(|&slot| &self.function.slot(slot).name)
            };
            let copies: Vec<Ident> = whole().map(|name| copied("front", name)).collect();
            let (names, back) = (whole(), whole());
            enter = quote!(#(let #copies = ::core::clone::Clone::clone(&#names);)*);
            along = self.with_found(of, &quote!(#(#back = #copies;)* #turn));
        }
        quote!(#save #enter #found = None; #run #along #private::Val::save(&#found, #tape);)
    }

    /// The statement that decides, which also says that this turn found something.
    fn forward_deciding(&self, stmt: &Stmt, of: &Loop) -> TokenStream {
        let (found, (variable, _)) = (found_name(of.id), of.over());
        let name = variable.map(|slot| &self.function.slot(slot).name);
        let say = quote!(#found = Some(::core::clone::Clone::clone(&#name)););
        match &stmt.kind {
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                let arm = |block| self.forward(block, &mut Vec::new());
                let (yes, no) = (arm(then), arm(otherwise));
                match then.is_empty() {
                    true => quote!(if #condition {} else { #no #say }),
                    false => quote!(if #condition { #yes #say }),
                }
            }
            StmtKind::Assign(assign) => {
                let (before, target) = (names::local("before"), self.place(&assign.target));
                let write = self.forward(&vec![stmt.clone()], &mut Vec::new());
                quote!(let #before = #target; #write if !(#target == #before) { #say })
            }
            _ => self.forward(&vec![stmt.clone()], &mut Vec::new()),
        }
    }

    /// The reverse pass.
    pub(super) fn reverse_selected(&self, of: &Loop, selection: &Selection) -> TokenStream {
        let (private, tape) = (&self.private, names::local("tape"));
        let found = found_name(of.id);
        let restore: TokenStream = self
            .overwritten(selection)
            .rev()
            .map(|place| self.load(&place))
            .collect();
        let turn = selection::turn(of, selection);
        let forward = self.forward(&turn, &mut Vec::new());
        let (shadows, reverse) = (self.shadows_of_turn(of, selection), self.reverse(&turn));
        let run = self.with_found(of, &quote!(#forward #shadows #reverse));
        quote!(#private::Val::load(&mut #found, #tape); #restore #run)
    }

    /// Code for the turn that found something, if one did.
    fn with_found(&self, of: &Loop, code: &TokenStream) -> TokenStream {
        let (found, next, (variable, _)) = (found_name(of.id), names::local("next"), of.over());
        let set = self.set_variable(variable);
        quote!(if let Some(#next) = #found { #set #code })
    }

    /// Fresh shadows of what a turn declares, in the shape that it has in this turn.
    fn shadows_of_turn(&self, of: &Loop, selection: &Selection) -> TokenStream {
        let private = &self.private;
        let mut declared: Vec<SlotId> = selection::shaped_by_turn(self.function, of, selection);
        declared.retain(|&slot| self.function.slot(slot).active);
        let fresh = declared.iter().map(|&slot| {
            let name = &self.function.slot(slot).name;
            let shadow = names::shadow(name);
            let tangent = self.tangents.then(|| {
                let tangent = names::tangent(&shadow);
                let zero = self.zero_tangent(&quote!(#name));
                quote!(#tangent = #zero;)
            });
            quote!(#shadow = #private::Val::zero_like(&#name); #tangent)
        });
        quote!(#(#fresh)*)
    }
}

/// The variable that holds which turn of a loop was the last to find something.
fn found_name(id: LoopId) -> Ident {
    format_ident!("found_{}", id.0, span = Span::mixed_site())
}
