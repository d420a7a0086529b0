//! The pipeline of `#[differentiable]`, and what is emitted when it fails.
//!
//! Whatever happens, the user's function comes out unchanged but for helper attributes, so that
//! one mistake never costs more than its own errors; a failed function also gets stubs of its
//! companion, so that its callers get no second error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;

use crate::args::Args;
use crate::autodiff::scalar::{activity, adjoint, reversal};
use crate::diag::{Code, Errors};
use crate::frontend::signature::{Regime, Signature};
use crate::ir::scalar::Function;
use crate::passes::{evident_types, verify_scalar};
use crate::{emit, frontend, names};

/// Expands `#[differentiable(args)] item`.
pub(crate) fn differentiable(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let mut function = match syn::parse2::<syn::ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.syntax(&error);
            let errors = errors.finish();
            return quote!(#item #errors);
        }
    };
    Parentheses.visit_item_fn_mut(&mut function);
    let signature = Signature::read(&function, &args, &mut errors);
    let generated = match signature.regime {
        Regime::Tensor => emit::tensor::expand(&signature, &function, &args, &mut errors),
        Regime::Scalar => {
            if let Some((3.., span)) = args.order {
                let text = "a function of numbers is differentiated twice at most";
                errors.at_span(span, Code::Argument, text);
            }
            scalar(&signature, &function, &args, &mut errors)
        }
    };
    let user = frontend::signature::without_helpers(&function, signature.regime);
    match generated {
        Some(code) if errors.is_empty() => {
            names::print_if_asked(&args, &signature, &code);
            quote!(#user #code)
        }
        _ => {
            let stub = emit::stub(&signature, &args);
            let errors = errors.finish();
            quote!(#user #stub #errors)
        }
    }
}

/// Writes out the invisible parentheses of what a `macro_rules!` macro captured as `$x:expr`: rustc
/// drops them from what a macro like this one yields, and `$x * y` would become another product.
struct Parentheses;

impl VisitMut for Parentheses {
    fn visit_expr_mut(&mut self, expression: &mut syn::Expr) {
        if let syn::Expr::Group(group) = expression {
            let inner = &group.expr;
            *expression = syn::parse_quote!((#inner));
        }
        syn::visit_mut::visit_expr_mut(self, expression);
    }
}

/// The scalar regime, stage by stage.
fn scalar(
    signature: &Signature,
    function: &syn::ItemFn,
    args: &Args,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let ir = scalar_ir(signature, function, errors)?;
    Some(emit::scalar::expand(signature, &ir, args))
}

/// The differentiated IR of a scalar function, if it has no errors.
pub(crate) fn scalar_ir(
    signature: &Signature,
    function: &syn::ItemFn,
    errors: &mut Errors,
) -> Option<Function> {
    let mut ir = frontend::scalar::lower(signature, function, errors)?;
    evident_types::write(&mut ir);
    verified(&ir, signature, errors)?;
    let holds_floats = |at: usize| {
        let param = &signature.params[at];
        param.shape.holds_floats() && !param.is_constant()
    };
    let sources: Vec<_> = (0..ir.params.len())
        .filter(|&at| holds_floats(at))
        .map(|at| ir.params[at])
        .collect();
    let wrt: Vec<_> = signature.wrt.iter().map(|&at| ir.params[at]).collect();
    activity::mark(&mut ir, &sources, &wrt, &signature.name, errors);
    adjoint::differentiate(&mut ir);
    ir.taped = signature.taped;
    reversal::check(&ir, errors);
    reversal::choose(&mut ir);
    verified(&ir, signature, errors)?;
    errors.is_empty().then_some(ir)
}

/// Reports a broken invariant of the IR: a bug of this crate, at the function that shows it.
fn verified(ir: &Function, signature: &Signature, errors: &mut Errors) -> Option<()> {
    match verify_scalar::verify(ir) {
        Ok(()) => Some(()),
        Err(broken) => {
            let message = format!("a bug of cotangent in `{}`: {broken}", signature.name);
            errors.at(&signature.name, Code::Internal, message);
            None
        }
    }
}
