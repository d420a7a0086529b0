//! The signature of a differentiable function, as both regimes see it.
//!
//! Decides the regime, checks what can be seen without types, and resolves `wrt`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{FnArg, ItemFn, Pat, ReturnType, Type, Visibility};

use crate::args::Args;
use crate::diag::{Code, Errors};
use crate::frontend::array;
use crate::frontend::shape::{Failing, Floats, Shape, error_type, failing, shape_of, with_content};
use crate::frontend::tensor;
use crate::frontend::tensor::types::{Element, element, is_labels};
use crate::ir::dtype::Dtype;
use crate::names;

/// Which of the two compilers a function is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Regime {
    /// Ordinary Rust over floats, slices and arrays.
    Scalar,
    /// Tensors, or structures that hold them.
    Tensor,
}

/// How a parameter is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Passing {
    /// `x: T`
    Value,
    /// `x: &T`
    Shared,
    /// `x: &mut T`
    Exclusive,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    /// Its name.
    pub(crate) name: Ident,
    /// Whether it is bound `mut`.
    pub(crate) mutable: bool,
    /// How it is passed.
    pub(crate) passing: Passing,
    /// The type without the reference.
    pub(crate) ty: Type,
    /// The type of a view that is passed by value, as the user wrote it: `ty` is what it refers to.
    pub(crate) view: Option<Type>,
    /// Whether it is an array of ndarray, owned or not.
    pub(crate) array: bool,
    /// What the macro knows of that type.
    pub(crate) shape: Shape,
    /// Its helper attributes: `shape`, `no_diff`.
    pub(crate) attributes: Vec<syn::Attribute>,
    /// Whether `wrt` lists it, or would by default.
    pub(crate) wrt: bool,
}

impl Param {
    /// Whether it is marked `#[no_diff]`: no derivative flows through it.
    pub(crate) fn is_constant(&self) -> bool {
        self.attributes.iter().any(|a| a.path().is_ident("no_diff"))
    }
}

/// The signature of a differentiable function.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// The function.
    pub(crate) name: Ident,
    /// Its visibility, which its companion shares.
    pub(crate) visibility: Visibility,
    /// Its generics, verbatim.
    pub(crate) generics: syn::Generics,
    /// The type parameters that are floats.
    pub(crate) floats: Floats,
    /// Which compiler it is for.
    pub(crate) regime: Regime,
    /// `&self`, for a method.
    pub(crate) receiver: Option<syn::Receiver>,
    /// Parameters in order, without the receiver.
    pub(crate) params: Vec<Param>,
    /// Whether the receiver is differentiated: by default it is.
    pub(crate) wrt_receiver: bool,
    /// The positions of the differentiated parameters, in the order of `wrt`.
    pub(crate) wrt: Vec<usize>,
    /// The return type; `()` if there is none.
    pub(crate) output: Type,
    /// What its tensors hold, if it is for them.
    pub(crate) element: Element,
    /// Whether the reverse pass is to take everything from the tape.
    pub(crate) taped: bool,
    /// `order = 1`: there are no second derivatives.
    pub(crate) once: bool,
    /// Whether it is a method or an associated function: what the companion of another function has
    /// stands beside it.
    pub(crate) sibling: bool,
    /// The module that generated code names things through.
    pub(crate) private: TokenStream,
}

impl Signature {
    /// What the macro can know of a type that stands in the function.
    pub(crate) fn shape(&self, ty: &Type) -> Shape {
        self.floats.shape(ty)
    }

    /// Reads a signature; what is wrong with it is recorded.
    pub(crate) fn read(function: &ItemFn, args: &Args, errors: &mut Errors) -> Signature {
        let sig = &function.sig;
        for (found, what) in [
            (
                sig.asyncness.as_ref().map(ToTokens::to_token_stream),
                "`async` functions",
            ),
            (
                sig.constness.as_ref().map(ToTokens::to_token_stream),
                "`const` functions",
            ),
            (
                sig.variadic.as_ref().map(ToTokens::to_token_stream),
                "variadic functions",
            ),
        ] {
            if let Some(tokens) = found {
                errors.at(
                    &tokens,
                    Code::Signature,
                    format!("{what} cannot be differentiated"),
                );
            }
        }
        let mut params: Vec<Param> = sig
            .inputs
            .iter()
            .filter_map(|input| read_param(input, errors))
            .collect();
        let output = match &sig.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => syn::parse_quote!(()),
        };
        let receiver = sig.receiver().cloned();
        let regime = args
            .regime
            .unwrap_or_else(|| regime(&params, &output, &function.block));
        let (floats, element) = match regime {
            Regime::Scalar => (Floats::of(&sig.generics), Element::Known(Dtype::F64)),
            Regime::Tensor => (Floats::default(), element(sig, errors)),
        };
        let private = names::private(args);
        if regime == Regime::Scalar {
            for param in &mut params {
                array::refer(param, &floats, &private, errors);
            }
        }
        for param in params.iter_mut().filter(|param| param.view.is_none()) {
            param.shape = floats.shape(&element.known_in(param.ty.clone(), Dtype::F32));
        }
        if matches!(&sig.output, ReturnType::Default) && !writes(&params, &receiver) {
            errors.at(&sig.ident, Code::Signature, "the function returns nothing");
        }
        match (&receiver, regime) {
            (Some(receiver), Regime::Scalar) => params.insert(0, self_param(receiver, errors)),
            (Some(receiver), Regime::Tensor) => check_receiver(receiver, errors),
            (None, _) => {}
        }
        let traced = receiver.is_some() && regime == Regime::Tensor;
        let sibling = receiver.is_some() || args.associated || mentions_self(function);
        let listed = |names: &Vec<Ident>| names.iter().any(|name| name == "self");
        let wrt_receiver = receiver.is_some() && args.wrt.as_ref().is_none_or(listed);
        let wrt = resolve_wrt(&mut params, regime, args, &sig.ident, traced, errors);
        let mut output = output;
        if regime == Regime::Scalar {
            let named = params.iter_mut().filter(|param| !param.is_constant());
            let mut itself = Itself {
                private: &private,
                floats: &floats,
                generics: &sig.generics,
                unbound: Vec::new(),
            };
            named
                .filter(|param| param.name != "self" && array::parts(&param.ty).is_none())
                .map(|param| &mut param.ty)
                .chain([&mut output])
                .for_each(|ty| itself.visit_type_mut(ty));
            for name in itself.unbound {
                let message = format!(
                    "`{name}` is not known to be a float: a type parameter is one with the bound \
                     `Real`, as in `fn f<{name}: cotangent::Real>(..)`"
                );
                errors.at(&name, Code::Signature, message);
            }
        }
        Signature {
            name: sig.ident.clone(),
            visibility: function.vis.clone(),
            generics: sig.generics.clone(),
            floats,
            regime,
            receiver,
            params,
            wrt_receiver,
            wrt,
            output,
            element,
            taped: args.taped,
            once: args.order.is_some_and(|(order, _)| order == 1),
            sibling,
            private,
        }
    }
}

impl Signature {
    /// The result with a float type for a name of one: what the macro can know of it.
    pub(crate) fn known_output(&self) -> Type {
        self.element.known_in(self.output.clone(), Dtype::F32)
    }
}

fn read_param(input: &FnArg, errors: &mut Errors) -> Option<Param> {
    let typed = match input {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(_) => return None,
    };
    let Pat::Ident(pattern) = &*typed.pat else {
        errors.at(
            &typed.pat,
            Code::Signature,
            "a parameter must be a plain name",
        );
        return None;
    };
    if let Type::ImplTrait(_) = &*typed.ty {
        errors.at(
            &typed.ty,
            Code::Signature,
            "`impl Trait` parameters cannot be differentiated",
        );
        return None;
    }
    let (passing, ty) = match &*typed.ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            (Passing::Exclusive, (*reference.elem).clone())
        }
        Type::Reference(reference) => (Passing::Shared, (*reference.elem).clone()),
        other => (Passing::Value, other.clone()),
    };
    Some(Param {
        name: pattern.ident.clone(),
        mutable: pattern.mutability.is_some(),
        passing,
        shape: shape_of(&ty),
        view: None,
        array: array::is_array(&ty),
        ty,
        attributes: typed
            .attrs
            .iter()
            .filter(|a| is_helper(a))
            .cloned()
            .collect(),
        wrt: false,
    })
}

/// Whether a function writes to what its caller owns: that is its result, if it returns nothing.
fn writes(params: &[Param], receiver: &Option<syn::Receiver>) -> bool {
    let itself = receiver.as_ref().is_some_and(|receiver| {
        matches!(receiver.kind, syn::ReceiverKind::Reference(_, _, Some(_)))
    });
    let written =
        |param: &Param| param.passing == Passing::Exclusive && param.shape != Shape::Discrete;
    itself || params.iter().any(written)
}

fn check_receiver(receiver: &syn::Receiver, errors: &mut Errors) {
    let text = receiver.to_token_stream().to_string().replace(' ', "");
    if text != "&self" {
        let message =
            format!("a receiver `{text}`: only `&self` can be differentiated over tensors");
        errors.at(receiver, Code::Signature, message);
    }
}

/// The receiver as a parameter. One that is taken by value is read through a reference, so that
/// callers need not know which it is.
fn self_param(receiver: &syn::Receiver, errors: &mut Errors) -> Param {
    let passing = match (&receiver.kind, &receiver.mutability) {
        (syn::ReceiverKind::Reference(_, _, Some(_)), _) => Passing::Exclusive,
        (syn::ReceiverKind::Reference(_, _, None), _) | (syn::ReceiverKind::Value, None) => {
            Passing::Shared
        }
        _ => {
            let message = "a receiver must be `self`, `&self` or `&mut self`";
            errors.at(receiver, Code::Signature, message);
            Passing::Shared
        }
    };
    let span = receiver.self_token.span;
    Param {
        name: Ident::new("self", span),
        mutable: false,
        passing,
        ty: syn::parse_quote_spanned!(span=> Self),
        shape: Shape::Named,
        view: None,
        array: false,
        attributes: Vec::new(),
        wrt: false,
    }
}

/// Whether a function speaks of `Self`, so that it stands in an `impl`.
fn mentions_self(function: &ItemFn) -> bool {
    struct Search(bool);
    impl<'ast> syn::visit::Visit<'ast> for Search {
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            self.0 |= segment.ident == "Self";
            syn::visit::visit_path_segment(self, segment);
        }
    }
    let mut search = Search(false);
    syn::visit::Visit::visit_item_fn(&mut search, function);
    search.0
}

/// A `Tensor` or a `#[shape]` in the signature decides for the tensor regime. A structure may be
/// either: then the body decides, by what only tensors can do.
fn regime(params: &[Param], output: &Type, body: &syn::Block) -> Regime {
    let tensor = params.iter().any(|param| {
        param.shape.mentions_tensor() || param.attributes.iter().any(|a| a.path().is_ident("shape"))
    });
    if tensor || shape_of(output).mentions_tensor() || tensor::table::speaks_of_tensors(body) {
        Regime::Tensor
    } else {
        Regime::Scalar
    }
}

fn resolve_wrt(
    params: &mut [Param],
    regime: Regime,
    args: &Args,
    function: &Ident,
    is_method: bool,
    errors: &mut Errors,
) -> Vec<usize> {
    let differentiable = |param: &Param| match regime {
        Regime::Scalar => param.shape.holds_floats(),
        // Whether a structure or a tensor holds floats is for its type to say.
        Regime::Tensor => param.shape != Shape::Discrete && !is_labels(&param.ty),
    };
    let mut chosen = Vec::new();
    match &args.wrt {
        Some(names) => {
            for name in names {
                if is_method && name == "self" {
                    continue;
                }
                match params.iter().position(|param| param.name == *name) {
                    None => {
                        let known: Vec<String> = params
                            .iter()
                            .map(|param| format!("`{}`", param.name))
                            .collect();
                        errors.at(
                            name,
                            Code::Wrt,
                            format!(
                                "`{function}` has no parameter `{name}`; it has {}",
                                known.join(", ")
                            ),
                        );
                    }
                    Some(at) if !differentiable(&params[at]) => {
                        errors.at(name, Code::Wrt, format!("`{name}` holds no floats"));
                    }
                    Some(at) if params[at].is_constant() => {
                        let message = format!("`{name}` is marked `#[no_diff]`");
                        errors.at(name, Code::Wrt, message);
                    }
                    Some(at) if chosen.contains(&at) => {
                        errors.at(name, Code::Wrt, format!("`{name}` is listed twice"));
                    }
                    Some(at) => chosen.push(at),
                }
            }
        }
        None => {
            chosen = (0..params.len())
                .filter(|&at| differentiable(&params[at]) && !params[at].is_constant())
                .collect();
            if chosen.is_empty() && regime == Regime::Scalar {
                errors.at(
                    function,
                    Code::Wrt,
                    format!("`{function}` has no float parameter"),
                );
            }
        }
    }
    for &at in &chosen {
        params[at].wrt = true;
    }
    chosen
}

/// Prints a user's type as what it must be to be used, with every token where the type stands.
struct Itself<'p> {
    private: &'p TokenStream,
    floats: &'p Floats,
    generics: &'p syn::Generics,
    /// Type parameters that stand where a float could, and are not known to be one.
    unbound: Vec<Ident>,
}

impl Itself<'_> {
    /// A type as what it must be, by the trait that says so.
    fn print(&self, ty: &Type, is: &str) -> Type {
        let span = ty.span();
        let (root, is) = (names::at(self.private, span), Ident::new(is, span));
        Type::Verbatim(quote_spanned!(span=> <#ty as #root::#is>::Itself))
    }
}

impl VisitMut for Itself<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Some((Failing::Result, content)) = failing(ty) {
            let mut content = content.clone();
            self.visit_type_mut(&mut content);
            let mut changed = with_content(ty, &content);
            if let Some(error) = error_type(&mut changed) {
                *error = self.print(error, "ErrorValue");
            }
            *ty = changed;
            return;
        }
        if let Type::Path(path) = &*ty
            && let Some(name) = path.path.get_ident()
            && self
                .generics
                .type_params()
                .any(|param| param.ident == *name)
            && !self.floats.is_name(&name.to_string())
        {
            self.unbound.push(name.clone());
            return;
        }
        if self.floats.shape(ty) != Shape::Named {
            return syn::visit_mut::visit_type_mut(self, ty);
        }
        *ty = self.print(ty, "ScalarValue");
    }
}

fn is_helper(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("checkpoint")
        || attribute.path().is_ident("shape")
        || attribute.path().is_ident("no_diff")
}

/// The user's function without the helper attributes, which only this macro understands. A scalar
/// one becomes `#[inline]` if it says nothing of inlining, because kernels call it.
pub(crate) fn without_helpers(function: &ItemFn, regime: Regime) -> ItemFn {
    struct Strip;
    impl VisitMut for Strip {
        fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
            attributes.retain(|attribute| !is_helper(attribute));
        }
    }
    let mut function = function.clone();
    let speaks = function
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("inline"));
    Strip.visit_item_fn_mut(&mut function);
    if regime == Regime::Scalar && !speaks {
        function.attrs.push(syn::parse_quote!(#[inline]));
    }
    function
}
