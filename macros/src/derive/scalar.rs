//! What scalar functions need of a user's type: that it can be saved and restored, that it has a
//! cotangent of its own type, and a tangent, a hidden type with the same fields.
//!
//! Every implementation is conditional on those of the fields, so that a struct of tensors, or of
//! structs of tensors, may derive the same trait. The `for<'a>` keeps the compiler from judging a
//! condition without parameters where it is written.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, GenericParam};

use super::fields::{Part, Variant, mentions};

/// Prints the code for a variant and the fields of two values of it.
type PairArm<'a> = dyn Fn(&Variant<'_>, &[Ident], &[Ident]) -> TokenStream + 'a;

/// What is printed for one type: the item, or its tangent.
struct Printer<'a> {
    root: &'a TokenStream,
    variants: &'a [Variant<'a>],
    /// The name of the type, as in `Name { .. }`.
    name: TokenStream,
    /// `<T, const N: usize>`, `Name<T, N>`, and what follows `where`.
    generics: TokenStream,
    ty: TokenStream,
    bounds: TokenStream,
}

/// Prints the implementations for an item, and its tangent type.
pub(super) fn implement(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    root: &TokenStream,
) -> (TokenStream, TokenStream) {
    let (name, tangent) = (&input.ident, format_ident!("__{}Tangent", input.ident));
    let params: Vec<TokenStream> = input.generics.params.iter().map(without_default).collect();
    let arguments: Vec<TokenStream> = input.generics.params.iter().map(argument).collect();
    let own: Vec<TokenStream> = input
        .generics
        .where_clause
        .iter()
        .flat_map(|clause| clause.predicates.iter().map(|one| quote!(#one)))
        .collect();
    let types: Vec<_> = variants
        .iter()
        .flat_map(|variant| variant.fields.iter().map(Part::ty))
        .filter(|ty| !mentions(ty, &name.to_string()) && !mentions(ty, "Self"))
        .collect();
    let ty = quote!(#name<#(#arguments),*>);
    let bound = |what: &TokenStream| {
        quote! {
            #(#own,)* #(for<'__of> #types: #what,)* for<'__of> #ty: ::core::clone::Clone
        }
    };
    let item = Printer {
        root,
        variants,
        name: quote!(#name),
        generics: quote!(<#(#params),*>),
        ty: ty.clone(),
        bounds: bound(&quote!(#root::Val)),
    };
    let (val, entries) = (item.val(), item.entries(&bound(&quote!(#root::Entries))));
    let val = quote! {
        #val
        impl<#(#params),*> #root::ScalarValue for #ty where #(#own,)* { type Itself = Self; }
    };
    // A type without fields is its own tangent.
    let hollow = variants.iter().all(|variant| variant.fields.is_empty());
    let along = quote!(__Lanes);
    let with_lanes = quote!(<#(#params,)* #along: #root::Lanes>);
    let bounds = bound(&quote!(#root::Tangent<#along> + #root::Val));
    let t_ty = match hollow {
        true => ty.clone(),
        false => quote!(#tangent<#(#arguments,)* #along>),
    };
    let t_name = match hollow {
        true => quote!(#name),
        false => quote!(#tangent),
    };
    let of_tangent = Printer {
        root,
        variants,
        name: t_name.clone(),
        generics: with_lanes.clone(),
        ty: t_ty.clone(),
        bounds: bounds.clone(),
    };
    let tangent_impl = item.tangent(&of_tangent);
    if hollow {
        return (TokenStream::new(), quote!(#val #entries #tangent_impl));
    }
    let (t_val, t_entries, t_clone) = (
        of_tangent.val(),
        of_tangent.entries(&bounds),
        of_tangent.clone_of(),
    );
    let declared = declare(input, variants, root, &tangent, &with_lanes, &bounds);
    (
        declared,
        quote!(#val #entries #tangent_impl #t_val #t_entries #t_clone),
    )
}

/// The tangent type.
fn declare(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    root: &TokenStream,
    tangent: &Ident,
    generics: &TokenStream,
    bounds: &TokenStream,
) -> TokenStream {
    let visibility = &input.vis;
    let fields = |variant: &Variant<'_>, with_visibility: bool| {
        let fields = variant.fields.iter().map(|part| {
            let (member, ty) = (&part.member, part.ty());
            let visibility = with_visibility.then_some(&part.field.vis);
            let of = quote!(<#ty as #root::Tangent<__Lanes>>::Of);
            match member {
                syn::Member::Named(name) => quote!(#visibility #name: #of),
                syn::Member::Unnamed(_) => quote!(#visibility #of),
            }
        });
        let fields: Vec<TokenStream> = fields.collect();
        match variant.fields.first().map(|part| &part.member) {
            Some(syn::Member::Named(_)) => (true, quote!({ #(#fields,)* })),
            Some(syn::Member::Unnamed(_)) => (false, quote!((#(#fields,)*))),
            None => (false, quote!()),
        }
    };
    let bounds = quote!(where #bounds);
    match variants {
        [one] if one.name.is_none() => {
            let (named, fields) = fields(one, true);
            let body = match named {
                true => quote!(#bounds #fields),
                false => quote!(#fields #bounds;),
            };
            quote!(#[doc(hidden)] #visibility struct #tangent #generics #body)
        }
        variants => {
            let variants = variants.iter().map(|variant| {
                let (name, (_, fields)) = (variant.name, fields(variant, false));
                quote!(#name #fields)
            });
            quote!(#[doc(hidden)] #visibility enum #tangent #generics #bounds { #(#variants,)* })
        }
    }
}

/// A generic parameter of an implementation.
pub(super) fn without_default(param: &GenericParam) -> TokenStream {
    match param {
        GenericParam::Lifetime(param) => quote!(#param),
        GenericParam::Type(param) => {
            let (name, bounds) = (&param.ident, &param.bounds);
            quote!(#name: #bounds)
        }
        GenericParam::Const(param) => {
            let (name, ty) = (&param.ident, &param.ty);
            quote!(const #name: #ty)
        }
    }
}

/// The same as an argument.
pub(super) fn argument(param: &GenericParam) -> TokenStream {
    match param {
        GenericParam::Lifetime(param) => {
            let name = &param.lifetime;
            quote!(#name)
        }
        GenericParam::Type(param) => {
            let name = &param.ident;
            quote!(#name)
        }
        GenericParam::Const(param) => {
            let name = &param.ident;
            quote!(#name)
        }
    }
}

impl Printer<'_> {
    fn is_enum(&self) -> bool {
        self.variants.iter().any(|variant| variant.name.is_some())
    }

    /// `match of { .. }` with an arm per variant.
    fn each(
        &self,
        of: &TokenStream,
        arm: &dyn Fn(&Variant<'_>, &[Ident]) -> TokenStream,
    ) -> TokenStream {
        let arms = self.variants.iter().map(|variant| {
            let locals = variant.locals("x");
            let pattern = variant.pattern(&self.name, &locals);
            let code = arm(variant, &locals);
            quote!(#pattern => { #code })
        });
        quote!(match #of { #(#arms)* })
    }

    /// The same for two values of one variant, the second of them of another type perhaps.
    fn pairs(
        &self,
        of: &TokenStream,
        other: &TokenStream,
        arm: &PairArm<'_>,
        otherwise: &TokenStream,
    ) -> TokenStream {
        let arms = self.variants.iter().map(|variant| {
            let (locals, others) = (variant.locals("x"), variant.locals("y"));
            let pattern = variant.pattern(&self.name, &locals);
            let second = variant.pattern(other, &others);
            let code = arm(variant, &locals, &others);
            quote!((#pattern, #second) => { #code })
        });
        let rest = self.is_enum().then(|| quote!(_ => { #otherwise }));
        quote!(match #of { #(#arms)* #rest })
    }

    /// A value of the same variant, made field by field.
    fn rebuilt(
        &self,
        of: &TokenStream,
        to: &TokenStream,
        field: &dyn Fn(&Ident) -> TokenStream,
    ) -> TokenStream {
        self.each(of, &|variant, locals| {
            let values: Vec<TokenStream> = locals.iter().map(field).collect();
            variant.filled(to, &values)
        })
    }

    /// `save` or `save_shape`: fields first, then which variant it is.
    fn saving(&self, method: &TokenStream) -> TokenStream {
        let (root, is_enum) = (self.root, self.is_enum());
        let tags = |variant: &Variant<'_>| {
            let at = self.variants.iter().position(|v| v.name == variant.name);
            Literal::u64_unsuffixed(at.unwrap_or_default() as u64)
        };
        self.each(&quote!(self), &|variant, locals| {
            let tag = is_enum.then(|| {
                let tag = tags(variant);
                quote!(tape.push(#tag);)
            });
            quote!(#(#root::Val::#method(#locals, tape);)* #tag)
        })
    }

    /// `load` or `load_shape`, in the opposite order.
    fn loading(&self, method: &TokenStream) -> TokenStream {
        let (root, name) = (self.root, &self.name);
        let fields = |locals: &[Ident]| {
            let locals = locals.iter().rev();
            quote!(#(#root::Val::#method(#locals, tape);)*)
        };
        if !self.is_enum() {
            return self.each(&quote!(self), &|_, locals| fields(locals));
        }
        let last = self.variants.len() - 1;
        let arms = self.variants.iter().enumerate().map(|(at, variant)| {
            let tag = match at == last {
                true => quote!(_),
                false => {
                    let at = Literal::u64_unsuffixed(at as u64);
                    quote!(#at)
                }
            };
            let locals = variant.locals("x");
            let pattern = variant.pattern(name, &locals);
            let path = variant.path(name);
            let blank = self.blank(variant);
            let fields = fields(&locals);
            quote! {
                #tag => {
                    if !::core::matches!(self, #path { .. }) {
                        *self = #blank;
                    }
                    if let #pattern = self { #fields }
                }
            }
        });
        quote!(match tape.pop() { #(#arms)* })
    }

    fn blank(&self, variant: &Variant<'_>) -> TokenStream {
        let root = self.root;
        let blanks = vec![quote!(#root::Val::blank()); variant.fields.len()];
        variant.filled(&self.name, &blanks)
    }

    /// Code on the constant fields, and on the others.
    fn split(
        variant: &Variant<'_>,
        locals: &[Ident],
        constant: &dyn Fn(usize, &Ident) -> TokenStream,
        other: &dyn Fn(usize, &Ident) -> TokenStream,
    ) -> TokenStream {
        variant
            .fields
            .iter()
            .zip(locals)
            .enumerate()
            .map(|(at, (part, local))| match part.constant {
                true => constant(at, local),
                false => other(at, local),
            })
            .collect()
    }

    fn val(&self) -> TokenStream {
        let Printer {
            root,
            generics,
            ty,
            bounds,
            name,
            ..
        } = self;
        let this = quote!(self);
        let blank = self.variants.first().map(|variant| self.blank(variant));
        let zero = self.rebuilt(&this, name, &|x| quote!(#root::Val::zero_like(#x)));
        let take = self.rebuilt(&this, name, &|x| quote!(#root::Val::take(#x)));
        let (save, load) = (self.saving(&quote!(save)), self.loading(&quote!(load)));
        let (save_shape, load_shape) = (
            self.saving(&quote!(save_shape)),
            self.loading(&quote!(load_shape)),
        );
        let add = self.pairs(
            &quote!((self, other)),
            name,
            &|_, xs, ys| quote!(#(#root::Val::accumulate(#xs, #ys);)*),
            &quote!(),
        );
        let clear = self.each(&this, &|variant, locals| {
            Self::split(
                variant,
                locals,
                &|_, x| quote!(*#x = #root::Val::zero_like(#x);),
                &|_, x| quote!(#root::Val::clear_constants(#x);),
            )
        });
        let adopt = self.pairs(
            &quote!((self, primal)),
            name,
            &|variant, xs, ys| {
                Self::split(
                    variant,
                    xs,
                    &|at, x| {
                        let y = &ys[at];
                        quote!(*#x = ::core::clone::Clone::clone(#y);)
                    },
                    &|at, x| {
                        let y = &ys[at];
                        quote!(#root::Val::adopt_constants(#x, #y);)
                    },
                )
            },
            &quote!(),
        );
        quote! {
            impl #generics #root::Val for #ty where #bounds {
                #[inline]
                fn blank() -> Self { #blank }
                #[inline]
                fn zero_like(&self) -> Self { #zero }
                #[inline]
                fn save(&self, tape: &mut #root::Tape) { #save }
                #[inline]
                fn load(&mut self, tape: &mut #root::Tape) { #load }
                #[inline]
                fn save_shape(&self, tape: &mut #root::Tape) { #save_shape }
                #[inline]
                fn load_shape(&mut self, tape: &mut #root::Tape) { #load_shape }
                #[inline]
                fn accumulate(&mut self, other: &Self) { #add }
                #[inline]
                fn take(&mut self) -> Self { #take }
                #[inline]
                fn clear_constants(&mut self) { #clear }
                #[inline]
                fn adopt_constants(&mut self, primal: &Self) { #adopt }
            }
        }
    }

    /// The floats of all fields but constant ones.
    fn entries(&self, bounds: &TokenStream) -> TokenStream {
        let Printer {
            root, generics, ty, ..
        } = self;
        let visit = |method: TokenStream| {
            self.each(&quote!(self), &|variant, locals| {
                Self::split(
                    variant,
                    locals,
                    &|_, _| quote!(),
                    &|_, x| quote!(#root::Entries::#method(#x, visit);),
                )
            })
        };
        let (read, write) = (visit(quote!(read)), visit(quote!(write)));
        quote! {
            impl #generics #root::Entries for #ty where #bounds {
                fn read(&self, visit: &mut dyn ::core::ops::FnMut(&[f64])) { #read }
                fn write(&mut self, visit: &mut dyn ::core::ops::FnMut(&mut [f64])) { #write }
            }
        }
    }

    fn clone_of(&self) -> TokenStream {
        let Printer {
            generics,
            ty,
            bounds,
            name,
            ..
        } = self;
        let cloned = self.rebuilt(
            &quote!(self),
            name,
            &|x| quote!(::core::clone::Clone::clone(#x)),
        );
        quote! {
            impl #generics ::core::clone::Clone for #ty where #bounds {
                #[inline]
                fn clone(&self) -> Self { #cloned }
            }
        }
    }

    /// `Tangent`, for the item, of which `of` is the tangent.
    fn tangent(&self, of: &Printer<'_>) -> TokenStream {
        let Printer {
            generics,
            bounds,
            name,
            ty: t_ty,
            root,
            ..
        } = of;
        let ty = &self.ty;
        let tangent = quote!(#root::Tangent::<__Lanes>);
        let zero = self.rebuilt(&quote!(self), name, &|x| quote!(#tangent::zero_tangent(#x)));
        let along = self.rebuilt(&quote!(direction), name, &|x| quote!(#tangent::along(#x)));
        let lane = self.pairs(
            &quote!((self, tangent)),
            name,
            &|variant, xs, ys| {
                let values: Vec<TokenStream> = variant
                    .fields
                    .iter()
                    .zip(xs.iter().zip(ys))
                    .map(|(part, (x, y))| match part.constant {
                        true => quote!(::core::clone::Clone::clone(#x)),
                        false => quote!(#tangent::first_lane(#x, #y)),
                    })
                    .collect();
                variant.filled(&self.name, &values)
            },
            &quote!(::core::clone::Clone::clone(self)),
        );
        quote! {
            impl #generics #root::Tangent<__Lanes> for #ty where #bounds {
                type Of = #t_ty;
                #[inline]
                fn zero_tangent(&self) -> Self::Of { #zero }
                #[inline]
                fn along(direction: &Self) -> Self::Of { #along }
                #[inline]
                fn first_lane(&self, tangent: &Self::Of) -> Self { #lane }
            }
        }
    }
}
