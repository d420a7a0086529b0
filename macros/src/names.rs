//! Names in generated code: the path to the runtime, the companion, fresh locals.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::args::Args;
use crate::frontend::signature::Signature;

/// The module that generated code names things through: `::cotangent::__private`, or the same
/// below the path given by `crate = path`.
pub(crate) fn private(args: &Args) -> TokenStream {
    match &args.krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::cotangent::__private),
    }
}

/// The name of the companion struct of a function.
pub(crate) fn companion(args: &Args, function: &Ident) -> Ident {
    args.companion.clone().unwrap_or_else(|| function.clone())
}

/// A local of generated code that no name of the user can meet.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The same tokens at the user's place: an error about an expression is shown where its first
/// token stands.
pub(crate) fn at(tokens: &TokenStream, span: Span) -> TokenStream {
    let place = |mut tree: proc_macro2::TokenTree| {
        tree.set_span(span);
        tree
    };
    tokens.clone().into_iter().map(place).collect()
}

/// The shadow (adjoint) of a variable.
pub(crate) fn shadow(of: &Ident) -> Ident {
    format_ident!("d_{}", of, span = Span::mixed_site())
}

/// The tangent of a variable or of a shadow.
pub(crate) fn tangent(of: &Ident) -> Ident {
    format_ident!("t_{}", of, span = Span::mixed_site())
}

/// Prints the generated code to standard error if `print` or `COTANGENT_PRINT` asks for it.
pub(crate) fn print_if_asked(args: &Args, signature: &Signature, code: &TokenStream) {
    let name = signature.name.to_string();
    if args.print || std::env::var("COTANGENT_PRINT").is_ok_and(|asked| asked == name) {
        let tokens = count(code.clone());
        let code = code.to_string();
        eprintln!(
            "// generated for `{name}`: {tokens} tokens\n{}",
            formatted(&code).unwrap_or(code)
        );
    }
}

/// How many tokens the compiler gets; a pair of brackets counts as two.
fn count(code: TokenStream) -> usize {
    code.into_iter()
        .map(|tree| match tree {
            proc_macro2::TokenTree::Group(group) => 2 + count(group.stream()),
            _ => 1,
        })
        .sum()
}

/// The code as `rustfmt` lays it out, where that is installed.
fn formatted(code: &str) -> Option<String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    rustfmt.stdin.take()?.write_all(code.as_bytes()).ok()?;
    let output = rustfmt.wait_with_output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())?
}
