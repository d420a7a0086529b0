//! The compiler of Cotangent: `#[differentiable]` and `#[derive(Differentiable)]`.
//!
//! Stages: `frontend` reads Rust into `ir`, `autodiff` differentiates it, `passes` simplify and
//! check it, `emit` prints Rust again. `expand` is the pipeline. Only this file mentions
//! `proc_macro`; everything else works on `proc_macro2` and can be tested outside a compiler.

mod args;
mod autodiff;
mod derivative;
mod derive;
mod diag;
mod emit;
mod equation;
mod expand;
mod frontend;
mod ir;
mod names;
mod passes;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Gives a function a compiled gradient.
///
/// Beside `fn f` it emits `struct f {}` with `value_and_grad`, `grad` and `value_and_grad_into`
/// (and, for a function over tensors, `bind` and `graph`, and `vjp` where the result is no single
/// float). A method cannot have a struct beside it: a method `f` gets siblings, `f_value_and_grad`
/// and so on (over tensors `f_bind`, `f_value`, `f_graph`). `#[shape(B, 784)]` on a parameter declares
/// its dimensions. Arguments:
///
/// - `wrt(a, b)`: the parameters to differentiate with respect to, `self` among them; without it,
///   every float one.
/// - `companion = Name`: another name for the struct, when `f` is taken in the type namespace.
/// - `crate = path`: where the `cotangent` crate is, when it was renamed.
/// - `scalar`, `tensor`: which code it is, where a structure in the signature may hold either.
/// - `associated`: it is an associated function without `self` and without `Self` in it.
/// - `order = n`: how many times it can be differentiated: once, or (the default for functions of
///   numbers) twice, or over tensors up to three times. With `order = 1` less code is generated.
/// - `strategy = tape`: the reverse pass takes everything from the tape.
/// - `print`: prints the generated code when the crate is compiled; the environment variable
///   `COTANGENT_PRINT=f` does the same.
#[proc_macro_attribute]
pub fn differentiable(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::differentiable(args.into(), item.into()).into()
}

/// Makes a function the derivative of another one, also of one in a foreign crate.
///
/// `#[derivative(of = path)] fn rule(x: f64, y: f64, cotangent: f64) -> (f64, f64)` says how the
/// cotangent of `f(x, y)` is handed on to its float parameters; a single one is returned bare, and
/// that of a slice is a vector. The signature is checked against that of the function. In a path of
/// several segments the function is also imported, so that it is called by its bare name.
/// `crate = path` says where the `cotangent` crate is, when it was renamed.
#[proc_macro_attribute]
pub fn derivative(args: TokenStream, item: TokenStream) -> TokenStream {
    derivative::expand(args.into(), item.into()).into()
}

/// Makes a struct of floats, tensors and other such structs a differentiable value.
///
/// `#[shape(A, 2 * B, 784)]` on a field declares its dimensions, which are checked where they are
/// known: between declarations when the crate is compiled, the rest at bind. Names are local to the
/// struct. `#[no_diff]` makes a field a constant.
#[proc_macro_derive(Differentiable, attributes(shape, no_diff))]
pub fn derive_differentiable(item: TokenStream) -> TokenStream {
    derive::expand(item.into()).into()
}

/// The sum of products of tensors over the indices that the result lacks, by an equation that is
/// checked when the crate is compiled: `einsum!("ij,jk->ik", a, b)` is the method call
/// `a.einsum("ij,jk->ik", &[&b])`. In a differentiable function, declared sizes are checked too.
#[proc_macro]
pub fn einsum(input: TokenStream) -> TokenStream {
    equation::expand(input.into()).into()
}

/// Prints the scalar functions of the prelude, with their companions, from the compiler's tables.
#[doc(hidden)]
#[proc_macro]
pub fn __scalar_functions(path: TokenStream) -> TokenStream {
    let path = proc_macro2::TokenStream::from(path);
    emit::scalar::prelude::functions(&path).into()
}

/// Prints the table of one-operation regions; expanded once, in the facade.
#[doc(hidden)]
#[proc_macro]
pub fn __one_ops(path: TokenStream) -> TokenStream {
    let path = proc_macro2::TokenStream::from(path);
    emit::tensor::one_ops::print_table(&path).into()
}
