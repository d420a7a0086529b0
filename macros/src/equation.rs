//! Equations of `einsum`: `einsum!("ij,jk->ik", a, b)` and the literal of the method, checked before
//! any tensor exists.
//!
//! It knows the text alone; what is known of the operands' shapes is compared with it by the shape
//! rules of the runtime, and the rest at bind.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, LitStr, Token};

use crate::diag::{Code, Errors};

/// The arguments of `einsum!`.
pub(crate) struct Einsum {
    equation: LitStr,
    operands: Vec<Expr>,
}

impl Parse for Einsum {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let equation = input.parse()?;
        let mut operands = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if !input.is_empty() {
                operands.push(input.parse()?);
            }
        }
        Ok(Einsum { equation, operands })
    }
}

impl Einsum {
    /// What is wrong with the equation.
    pub(crate) fn fault(&self) -> Option<String> {
        fault(&self.equation.value(), self.operands.len())
    }

    /// The first operand.
    pub(crate) fn first(&self) -> Option<&Expr> {
        self.operands.first()
    }

    /// The call of the method that computes it.
    pub(crate) fn call(&self) -> TokenStream {
        let Some((first, rest)) = self.operands.split_first() else {
            return quote!(::core::unreachable!());
        };
        let (equation, span) = (&self.equation, self.equation.span());
        // What is borrowed already is not borrowed once more, which the user's linter would see.
        let first = closed(unborrowed(first));
        let rest = rest.iter().map(|operand| {
            let inner = closed(unborrowed(operand));
            quote_spanned!(operand.span()=> &#inner)
        });
        quote_spanned!(span=> #first.einsum(#equation, &[#(#rest),*]))
    }
}

/// An expression without its `&`.
fn unborrowed(operand: &Expr) -> &Expr {
    match operand {
        Expr::Reference(reference) if reference.mutability.is_none() => unborrowed(&reference.expr),
        other => other,
    }
}

/// An expression that binds as closely as the call of a method, in parentheses if need be.
fn closed(operand: &Expr) -> TokenStream {
    match operand {
        Expr::Path(_) | Expr::Field(_) | Expr::MethodCall(_) | Expr::Call(_) | Expr::Index(_) => {
            quote!(#operand)
        }
        other => quote!((#other)),
    }
}

/// Expands `einsum!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    match syn::parse2::<Einsum>(input) {
        Err(error) => errors.syntax(&error),
        Ok(einsum) => match einsum.fault() {
            Some(why) => errors.at(&einsum.equation, Code::Equation, why),
            None => return einsum.call(),
        },
    }
    errors.finish()
}

/// What is wrong with an equation over so many operands.
pub(crate) fn fault(text: &str, operands: usize) -> Option<String> {
    let Some((left, right)) = text.split_once("->") else {
        return Some("an equation without `->`".to_owned());
    };
    let letters = |part: &str| part.chars().filter(|c| *c != ' ').collect::<Vec<char>>();
    let lists: Vec<Vec<char>> = left.split(',').map(letters).collect();
    let result = letters(right);
    if let Some(strange) = lists
        .iter()
        .flatten()
        .chain(&result)
        .find(|c| !c.is_alphabetic())
    {
        return Some(format!("`{strange}` is no index of an equation"));
    }
    if lists.len() != operands {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        return Some(format!(
            "an equation of {} operand{} for {operands} tensor{}",
            lists.len(),
            plural(lists.len()),
            plural(operands)
        ));
    }
    let repeated = |(at, index): (usize, &char)| result[..at].contains(index);
    if let Some((_, index)) = result
        .iter()
        .enumerate()
        .find(|&(at, index)| repeated((at, index)))
    {
        return Some(format!("the index `{index}` stands twice in the result"));
    }
    let known = |index: &&char| lists.iter().flatten().any(|known| known == *index);
    let unknown = result.iter().find(|index| !known(index))?;
    Some(format!(
        "the index `{unknown}` of the result is that of no operand"
    ))
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn equations_are_read_before_tensors_exist() {
        for (text, operands) in [("ij,jk->ik", 2), ("ii->", 1), ("a b , b ->a", 2), ("->", 1)] {
            assert_eq!(fault(text, operands), None, "{text}");
        }
        for (text, operands, word) in [
            ("ij,jk", 2, "->"),
            ("ij,j1->i", 2, "`1`"),
            ("ij->j->i", 1, "`-`"),
            ("ij,jk->ik", 3, "2 operands for 3 tensors"),
            ("ij->ii", 1, "twice"),
            ("ij->k", 1, "`k`"),
        ] {
            let why = fault(text, operands).expect(text);
            assert!(why.contains(word), "{text}: {why}");
        }
    }
}
