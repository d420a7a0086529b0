//! The error catalogue, and the collector that reports all errors of a function at once.
//!
//! Every text that a user of the macros can meet stands here, with its code, so that they are
//! reviewed in one place. A text says what is wrong, why, and what to write instead. What rustc
//! reports better (types, names, borrows) is left to rustc.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident $code:literal $note:literal $help:literal;)*) => {
        /// An entry of the catalogue. The message is written where the error is found, because it
        /// names what stands there; code, reason and remedy are fixed.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// `AD001` and so on.
            pub(crate) const fn code(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// Why it is an error.
            const fn note(self) -> &'static str {
                match self { $(Code::$variant => $note,)* }
            }

            /// What to write instead.
            const fn help(self) -> &'static str {
                match self { $(Code::$variant => $help,)* }
            }
        }
    };
}

catalogue! {
    /// An attribute argument that does not exist or is malformed.
    Argument "AD001"
        "the arguments of `#[differentiable]` are `wrt(a, b)`, `companion = Name`, `crate = path`, `order = n`, `strategy = tape`, `scalar`, `tensor`, `associated` and `print`"
        "correct the argument";
    /// `wrt` names something that is not a differentiable parameter.
    Wrt "AD002"
        "`wrt` lists the parameters that the gradient is taken with respect to"
        "name a parameter of this function whose type holds floats";
    /// A kind of item, parameter or return type that cannot be differentiated.
    Signature "AD003"
        "the gradient code needs a signature that it can mirror"
        "use named parameters of float, integer, bool, slice, array or tensor type, and a float or tensor result";
    /// A statement that cannot be differentiated.
    Statement "AD004"
        "a statement that is not understood would make the gradient silently wrong"
        "rewrite it with `let`, assignment, `if`, `for` over a range, or move it into `no_diff!(..)`";
    /// An expression that cannot be differentiated.
    Expression "AD005"
        "an expression that is not understood would make the gradient silently wrong"
        "rewrite it with arithmetic, comparisons, indexing and calls, or wrap it in `no_diff!(..)`";
    /// A pattern that cannot be differentiated.
    Pattern "AD006"
        "the gradient code mirrors every binding by its name"
        "bind plain names: `let x = ..`, `let (a, b) = ..`";
    /// A method without a derivative rule.
    Method "AD007"
        "the method has no derivative rule"
        "use a method of the table in the documentation, write it out, or wrap the call in `no_diff!(..)`";
    /// A call whose callee cannot be named.
    Callee "AD008"
        "only a call of a named function can be linked to that function's derivative"
        "call a function marked `#[differentiable]` by its path, or wrap the call in `no_diff!(..)`";
    /// A macro call in the body.
    Macro "AD009"
        "the expansion of a macro is not visible to `#[differentiable]`"
        "write the code out, or wrap it in `no_diff!(..)`";
    /// A loop that cannot be differentiated.
    Loop "AD010"
        "the reverse pass must be able to run the loop backwards"
        "write `for i in a..b` over integers";
    /// The result does not depend on anything differentiable.
    Constant "AD011"
        "its derivative would always be zero, which is hardly what was meant"
        "use a parameter in the result, or list another one in `wrt(..)`";
    /// A float used as an integer or a condition on a traced tensor value.
    Discrete "AD012"
        "no derivative passes through an integer"
        "keep the value a float, or wrap the conversion in `no_diff!(..)` to say that it is meant as a constant";
    /// A malformed declaration of a shape.
    Shape "AD013"
        "`#[shape(..)]` lists one dimension for each axis, outermost first"
        "write sizes, names, multiples of a name plus a size, or `..` for any axes, as in `#[shape(B, 2 * H, 784)]`";
    /// A derive on something it does not support.
    Derive "AD014"
        "the derived gradient is a value of the same struct"
        "derive it on a struct of floats, integers, lists of them, tensors and other such structs, or on an enum without tensors; mark fields that are constant `#[no_diff]`";
    /// Syntax that does not parse.
    Syntax "AD015"
        "the item could not be parsed"
        "correct the syntax";
    /// A second derivative of a function that has only first ones: it asks for a derivative itself, or
    /// says `order = 1`.
    Order "AD016"
        "at most two derivatives can be nested: `grad`, `value_and_grad` and `jvp` of a function that takes none itself and does not say `order = 1`"
        "write one of the derivatives out as a function of its own, or leave `order = 1` out";
    /// Forward mode of a function that has none.
    Forward "AD017"
        "it matches the fields of a user's type in a pattern, or makes a variant of an enum, which forward mode cannot do"
        "use its gradient, or read the fields by name: `value.field`";
    /// A loop that cannot be checkpointed.
    Checkpoint "AD018"
        "a checkpointed loop is run again from states that were kept of it"
        "use it on a `for` loop over a range that the loop does not change and that it runs to its end";
    /// A `#[checkpoint]` in tensor code that nothing follows that could be computed again.
    Stretch "AD022"
        "what follows the attribute is run again in the backward pass, so it must be a stretch of code of its own"
        "write `#[checkpoint]` before a loop, a block, a call, `if`, `match` or `let` of tensor code; whether less is kept than that, a byte budget decides: `f::bind_within(.., bytes)`";
    /// A custom rule that is malformed, or is asked for more than it says.
    Rule "AD019"
        "a custom rule is a function of the arguments and of the cotangent of the result, and returns the cotangents of the float parameters: the first derivative, and no more"
        "write `#[derivative(of = f)] fn rule(x: f64, y: f64, cotangent: f64) -> (f64, f64)` for `fn f(x: f64, y: f64) -> f64`";
    /// A derivative of a higher order than there is.
    Higher "AD020"
        "what stands in the adjoint of this operation has no derivative rule of its own, and leaving it out would be a silent zero"
        "lower `order`, or write the operation out with others";
    /// A malformed equation of `einsum`.
    Equation "AD021"
        "an equation names each axis of each tensor by a letter, and those of the result: what the result lacks is summed"
        "write it as in `einsum!(\"ij,jk->ik\", a, b)`, with one list of letters for each tensor";
    /// A closure that `map` cannot write into a kernel.
    Closure "AD023"
        "a closure is written into the kernel that runs for every element, where no code branches, repeats or writes"
        "make it a function, `#[differentiable] fn bent(x: f32) -> f32 { if x > 0.0 { x } else { 0.1 * x } }`, and pass its name: `x.map(bent)`";
    /// The compiler broke one of its own invariants.
    Internal "AD099"
        "this is a bug of Cotangent, not of your code; no gradient was made from it"
        "please report it with the function; splitting the expression may avoid it";
}

/// Collects errors; all of them are reported at once.
///
/// Dropping a collector that was not asked for its errors would lose them, so `finish` consumes
/// it and every path through `expand` ends there.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Records an error at the given tokens.
    pub(crate) fn at(&mut self, tokens: &dyn ToTokens, code: Code, message: impl AsRef<str>) {
        let text = render(code, message.as_ref());
        self.0
            .push(syn::Error::new_spanned(tokens.to_token_stream(), text));
    }

    /// Records an error at a span.
    pub(crate) fn at_span(&mut self, span: Span, code: Code, message: impl AsRef<str>) {
        self.0
            .push(syn::Error::new(span, render(code, message.as_ref())));
    }

    /// Records what syn reports.
    pub(crate) fn syntax(&mut self, error: &syn::Error) {
        let text = render(Code::Syntax, &error.to_string());
        self.0.push(syn::Error::new(error.span(), text));
    }

    /// Whether nothing was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were recorded.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every recorded error as a `compile_error!` at its tokens.
    pub(crate) fn finish(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// The text of an error that generated code reports, because only its use is one.
pub(crate) fn deferred(code: Code, message: &str) -> String {
    render(code, message)
}

/// The full text of an error: message, then reason and remedy.
fn render(code: Code, message: &str) -> String {
    format!(
        "[{}] {message}\n\n  note: {}\n  help: {}",
        code.code(),
        code.note(),
        code.help()
    )
}
