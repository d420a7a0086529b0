//! The user's functions and methods that a tensor function calls, and how their `__instantiate`
//! is found.
//!
//! A macro does not know whether a callee is marked. So a call goes to the inherent
//! `__instantiate` of the companion, and a local trait stands behind it that every type has: it is
//! found only where there is no companion, and asks for a marker that nothing has. The one error
//! is then a text of ours, at the user's token. Rustc tries inherent functions first, so a marked
//! callee never sees the trait.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Path, PathArguments};

/// What of a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// The function itself.
    Value,
    /// `f::grad`
    Gradient,
    /// `f::value_and_grad`
    Both,
}

impl Entry {
    /// The hidden function of the companion.
    fn name(self) -> &'static str {
        match self {
            Entry::Value => "__instantiate",
            Entry::Gradient => "__grad",
            Entry::Both => "__value_and_grad",
        }
    }

    /// What the error says and what it advises where the companion has no such function.
    fn refusal(self, function: &str) -> (String, &'static str) {
        match self {
            Entry::Value => (
                format!("the function `{function}` is not differentiable"),
                "put `#[differentiable]` on the function, or wrap the call in `no_diff!(..)`",
            ),
            Entry::Gradient | Entry::Both => (
                format!(
                    "the gradient of `{function}` cannot be taken inside a `#[differentiable]` function over tensors"
                ),
                "put `#[differentiable(order = 2)]` on it; it must yield a float, and `wrt(..)` may list tensors and floats",
            ),
        }
    }
}

/// A called function: its path, the name it goes by inside `instantiate`, how many arguments.
struct Function {
    path: Path,
    entry: Entry,
    alias: Ident,
    arity: usize,
}

/// A called method, by its hidden sibling's name.
struct Method {
    name: Ident,
    sibling: Ident,
    arity: usize,
}

/// Every callee of a function.
#[derive(Default)]
pub(crate) struct Links {
    functions: Vec<Function>,
    methods: Vec<Method>,
}

impl Links {
    /// The name of a function inside the generated code, and the expression of its
    /// `__instantiate`. `taken` says which names the
    /// parameters have: an alias must not hide them.
    pub(super) fn function(
        &mut self,
        path: &Path,
        entry: Entry,
        arity: usize,
        taken: impl Fn(&Ident) -> bool,
    ) -> Option<(Ident, TokenStream)> {
        let last = path.segments.last()?;
        let span = last.ident.span();
        let plain = without_arguments(path);
        let mut known = self.functions.iter();
        let known = known.find(|known| known.path == plain && known.entry == entry);
        let alias = match known {
            Some(known) => known.alias.clone(),
            None => {
                let mut alias = last.ident.clone();
                let count = self.functions.len();
                if taken(&alias) || self.functions.iter().any(|known| known.alias == alias) {
                    alias = format_ident!("{}_{}", alias, count);
                }
                self.functions.push(Function {
                    path: plain,
                    entry,
                    alias: alias.clone(),
                    arity,
                });
                alias
            }
        };
        let alias = Ident::new(&alias.to_string(), span);
        let name = Ident::new(entry.name(), span);
        let linked = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => {
                let list = &arguments.args;
                quote_spanned!(span=> #alias::#name::<#list>)
            }
            _ => quote_spanned!(span=> #alias::#name),
        };
        Some((alias, linked))
    }

    /// The hidden sibling of a method.
    pub(super) fn method(&mut self, name: &Ident, arity: usize) -> Ident {
        let sibling = format_ident!("__instantiate_{}", name, span = name.span());
        if self.methods.iter().all(|known| known.sibling != sibling) {
            self.methods.push(Method {
                name: name.clone(),
                sibling: sibling.clone(),
                arity,
            });
        }
        sibling
    }

    /// Whether a path is that of a linked function.
    pub(super) fn has_function(&self, path: &Path) -> bool {
        let plain = without_arguments(path);
        let mut functions = self.functions.iter();
        functions.any(|known| known.path == plain && known.entry == Entry::Value)
    }

    /// Whether a name is that of a linked method.
    pub(super) fn has_method(&self, name: &Ident) -> bool {
        self.methods.iter().any(|known| known.name == *name)
    }

    /// A constant's block with every callee in scope; one that declares nothing has the constants
    /// of a trait of the runtime.
    pub(crate) fn wrap_constant(&self, body: &TokenStream, root: &TokenStream) -> TokenStream {
        let imports = self.imports();
        let paths = self.functions.iter().map(|function| &function.path);
        let aliases: Vec<&Ident> = self
            .functions
            .iter()
            .map(|function| &function.alias)
            .collect();
        quote! {
            #(use #paths as #imports;)*
            {
                #(struct #aliases {})*
                {
                    #(use #imports as #aliases;)*
                    use #root::UnknownSignature as _;
                    #body
                }
            }
        }
    }

    /// What the user's paths are called in the outer scope.
    fn imports(&self) -> Vec<Ident> {
        (0..self.functions.len())
            .map(|k| format_ident!("__linked_{}", k))
            .collect()
    }

    /// The body of `instantiate` with everything in scope that its calls need.
    ///
    /// The scopes are nested: in the outer one, whatever the user's path names; in the next, an
    /// empty struct of the same name; in the inner one, the user's companion hides the struct
    /// where there is one.
    pub(crate) fn wrap(&self, body: TokenStream) -> TokenStream {
        if self.functions.is_empty() && self.methods.is_empty() {
            return body;
        }
        let methods = self.methods.iter().enumerate().map(|(k, method)| {
            let message = format!(
                "the method `{}` of `{{Self}}` is not differentiable",
                method.name
            );
            let remedy =
                "put `#[differentiable]` on the method, or wrap the call in `no_diff!(..)`";
            let receiver = quote!(&self,);
            fallback(
                k,
                "Method",
                &method.sibling,
                method.arity,
                &receiver,
                &message,
                remedy,
            )
        });
        let functions = self.functions.iter().enumerate().map(|(k, function)| {
            let name = readable(&function.path);
            let (message, remedy) = function.entry.refusal(&name);
            let span = function.alias.span();
            let entry = Ident::new(function.entry.name(), span);
            let alias = &function.alias;
            let found = fallback(
                k,
                "Function",
                &entry,
                function.arity,
                &quote!(),
                &message,
                remedy,
            );
            let trait_name = format_ident!("Function{}", k, span = Span::mixed_site());
            // Another callee has another text, so that the trait is for this one struct alone. But a
            // companion without the gradient needs the text, too.
            let everywhere = match function.entry {
                Entry::Value => quote!(impl #trait_name for #alias {}),
                Entry::Gradient | Entry::Both => quote!(impl<T: ?Sized> #trait_name for T {}),
            };
            quote! {
                struct #alias {}
                #found
                #everywhere
            }
        });
        let imports = self.imports();
        let paths = self.functions.iter().map(|function| &function.path);
        let aliases = self.functions.iter().map(|function| &function.alias);
        quote! {
            #(use #paths as #imports;)*
            {
                #(#functions)*
                #(#methods)*
                { #(use #imports as #aliases;)* #body }
            }
        }
    }
}

/// The trait behind a callee. It can be named nowhere else, so that it needs no doc.
fn fallback(
    index: usize,
    kind: &str,
    entry: &Ident,
    arity: usize,
    receiver: &TokenStream,
    message: &str,
    remedy: &str,
) -> TokenStream {
    let name = format_ident!("{}{}", kind, index, span = Span::mixed_site());
    // This name is in the error, below the text.
    let marker = format_ident!("Differentiable{}{}", kind, index, span = Span::mixed_site());
    let types: Vec<Ident> = (0..arity).map(|k| format_ident!("A{}", k)).collect();
    // Methods are looked up on a value whose type is unknown here, so that all types need it.
    let everywhere = (!receiver.is_empty()).then(|| quote!(impl<T: ?Sized> #name for T {}));
    quote! {
        #[diagnostic::on_unimplemented(
            message = #message,
            label = "called from a `#[differentiable]` function",
            note = #remedy
        )]
        trait #marker {}
        trait #name {
            fn #entry<B, #(#types,)* R>(#receiver _: B, #(_: #types),*) -> R
            where
                Self: #marker,
            {
                loop {}
            }
        }
        #everywhere
    }
}

/// The path as `use` takes it.
fn without_arguments(path: &Path) -> Path {
    let mut plain = path.clone();
    for segment in &mut plain.segments {
        segment.arguments = PathArguments::None;
    }
    plain
}

/// A path as the user wrote it.
fn readable(path: &Path) -> String {
    quote!(#path).to_string().replace(' ', "")
}
