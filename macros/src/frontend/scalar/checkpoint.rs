//! `#[checkpoint]` on loops: `#[checkpoint]` alone keeps the square root of the number of turns,
//! `#[checkpoint(states = 20)]` at most so many states.

use quote::ToTokens;
use syn::{Expr, Meta};

use super::Lowerer;
use crate::diag::Code;
use crate::ir::scalar::Checkpoint;

impl Lowerer<'_> {
    /// What the attributes of a loop ask for.
    pub(super) fn checkpoint(&mut self, expr: &Expr) -> Option<Checkpoint> {
        let (attributes, ranged) = match expr {
            Expr::ForLoop(of) => (&of.attrs, true),
            Expr::While(of) => (&of.attrs, false),
            Expr::Loop(of) => (&of.attrs, false),
            _ => return None,
        };
        let attribute = attributes
            .iter()
            .find(|a| a.path().is_ident("checkpoint"))?;
        if !ranged {
            let message = "only a `for` loop can be checkpointed";
            self.error(attribute, Code::Checkpoint, message);
            return None;
        }
        match &attribute.meta {
            Meta::Path(_) => Some(Checkpoint::Root),
            Meta::List(list) => match list.parse_args::<syn::MetaNameValue>() {
                Ok(pair) if pair.path.is_ident("states") => {
                    Some(Checkpoint::States(pair.value.to_token_stream()))
                }
                _ => {
                    let message = "`checkpoint` takes nothing or `states = 20`";
                    self.error(attribute, Code::Checkpoint, message);
                    None
                }
            },
            Meta::NameValue(_) => {
                let message = "`checkpoint` takes nothing or `states = 20`";
                self.error(attribute, Code::Checkpoint, message);
                None
            }
        }
    }
}
