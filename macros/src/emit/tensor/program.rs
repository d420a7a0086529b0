//! The entry points of a tensor function: of its bound program, of its companion, and the siblings
//! of a method (`method`). All three say the same things to the engine; they differ in where it is kept.

mod method;
mod second;
mod step;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use crate::frontend::shape::{Shape, shape_of};
use crate::frontend::signature::{Passing, Signature};
use crate::frontend::tensor::types::is_labels;
use crate::names;

use super::TensorFunction;
use super::arguments::{Arguments, differentiable};
use super::companion::Generics;

/// What a function yields, as far as its program is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Yields {
    /// One float: it has a gradient.
    Float,
    /// A float and more: the float has a gradient, the rest is auxiliary.
    FloatAndMore,
    /// Tensors: the gradient is for a given cotangent of them.
    Tensors,
}

/// The parts of the entry points of one function.
pub(crate) struct Program<'a> {
    signature: &'a Signature,
    root: &'a TokenStream,
    arguments: Arguments,
    yields: Yields,
    /// The element type, as the runtime's value.
    dtype: TokenStream,
    /// How many times the function can be differentiated.
    order: usize,
    /// The types of the gradient, in the order of `wrt`.
    types: Vec<Type>,
    /// The closures that the engine takes.
    walk: TokenStream,
    instantiate: TokenStream,
    walk_gradient: TokenStream,
    zeros: TokenStream,
}

impl<'a> Program<'a> {
    /// The program of a function, if what it takes and yields can be bound. `call` is the path of
    /// `instantiate`.
    pub(crate) fn of(
        signature: &'a Signature,
        lowered: &TensorFunction,
        call: &TokenStream,
        root: &'a TokenStream,
    ) -> Option<Self> {
        let yields = yields(&signature.known_output())?;
        let unsized_argument =
            |param: &crate::frontend::signature::Param| matches!(param.ty, Type::Slice(_));
        if signature.params.iter().any(unsized_argument) {
            return None;
        }
        let arguments = Arguments::of(signature, root);
        let (output, walker, builder) = (
            &signature.output,
            names::local("__walk"),
            names::local("__builder"),
        );
        let ids = names::local("__ids");
        let (walks, handles) = (&arguments.walk, &arguments.handles);
        let walk = quote!(&mut |#walker: &mut #root::Walk| { #(#walks)* });
        let instantiate = quote! {
            &|#builder: &#root::Builder, #ids: &mut ::std::vec::Vec<#root::ValueId>| {
                <#output as #root::Returned>::ids(&#call(#builder, #(#handles),*), #ids)
            }
        };
        let wrt = &arguments.wrt;
        let types: Vec<Type> = wrt.iter().map(|wrt| wrt.ty.clone()).collect();
        let traits: Vec<TokenStream> = types.iter().map(|ty| differentiable(ty, root)).collect();
        let references: Vec<&TokenStream> = wrt.iter().map(|wrt| &wrt.reference).collect();
        let texts: Vec<&String> = wrt.iter().map(|wrt| &wrt.name).collect();
        let indices: Vec<syn::Index> = (0..types.len()).map(syn::Index::from).collect();
        let walk_gradient = quote! {
            &mut |#walker: &mut #root::GradientWalk| {
                #(
                    #walker.parameter(#texts);
                    #traits::walk_gradient(&mut gradient.#indices, #references, #walker);
                )*
            }
        };
        let zeros = quote!((#(#traits::zeros_like(#references),)*));
        let element = signature.element.computed(root);
        let dtype = quote!(<#element as #root::Element>::DTYPE);
        Some(Program {
            signature,
            root,
            yields,
            dtype,
            order: lowered.order,
            types,
            walk,
            instantiate,
            walk_gradient,
            zeros,
            arguments,
        })
    }

    /// `G`, or `(G, H)` for several, owned or by reference.
    fn gradient_type(&self, reference: &TokenStream) -> TokenStream {
        match self.types.as_slice() {
            [ty] => quote!(#reference #ty),
            types => quote!((#(#reference #types,)*)),
        }
    }

    /// The gradient in that form, out of the tuple `gradient`.
    fn gradient(&self, reference: &TokenStream) -> TokenStream {
        let indices: Vec<syn::Index> = (0..self.types.len()).map(syn::Index::from).collect();
        match indices.as_slice() {
            [only] => quote!(#reference gradient.#only),
            indices => quote!((#(#reference gradient.#indices,)*)),
        }
    }

    /// The statements that run an entry point over the locals `engine`, `gradient` and `result`,
    /// and what it returns.
    fn value(&self) -> (TokenStream, TokenStream) {
        let (root, output) = (self.root, &self.signature.output);
        let (walk, instantiate) = (&self.walk, &self.instantiate);
        if self.yields == Yields::Float {
            let body = quote!(engine.value::<#output>(#walk, #instantiate));
            return (quote!(#output), body);
        }
        let body = quote! {
            engine.result::<#output>(#walk, #instantiate, result)?;
            #root::yielded(result)
        };
        (quote!(&#output), body)
    }

    fn value_and_grad(&self) -> Option<(TokenStream, TokenStream)> {
        let (root, output) = (self.root, &self.signature.output);
        let Program {
            walk,
            instantiate,
            walk_gradient,
            ..
        } = self;
        let by_reference = quote!(&);
        let (gradient_type, gradient) = (
            self.gradient_type(&by_reference),
            self.gradient(&by_reference),
        );
        match self.yields {
            Yields::Float => Some((
                quote!((#output, #gradient_type)),
                quote! {
                    let value = engine.value_and_grad::<#output>(#walk, #instantiate, #walk_gradient)?;
                    ::core::result::Result::Ok((value, #gradient))
                },
            )),
            Yields::FloatAndMore => Some((
                quote!((&#output, #gradient_type)),
                quote! {
                    engine.value_and_grad_of_first::<#output>(
                        #walk, #instantiate, #walk_gradient, result,
                    )?;
                    ::core::result::Result::Ok((#root::yielded(result)?, #gradient))
                },
            )),
            Yields::Tensors => None,
        }
    }

    fn vjp(&self) -> Option<(TokenStream, TokenStream)> {
        let (root, output) = (self.root, &self.signature.output);
        let Program {
            walk,
            instantiate,
            walk_gradient,
            ..
        } = self;
        let by_reference = quote!(&);
        let (gradient_type, gradient) = (
            self.gradient_type(&by_reference),
            self.gradient(&by_reference),
        );
        let cotangent = names::local("cotangent");
        (self.yields != Yields::Float).then(|| {
            (
                quote!((&#output, #gradient_type)),
                quote! {
                    engine.result_and_grad::<#output>(
                        #walk, #cotangent, #instantiate, #walk_gradient, result,
                    )?;
                    ::core::result::Result::Ok((#root::yielded(result)?, #gradient))
                },
            )
        })
    }

    /// `accumulate`, which adds to the gradient.
    fn accumulate(&self, open: &TokenStream) -> TokenStream {
        let (root, output, declared) =
            (self.root, &self.signature.output, &self.arguments.declared);
        let (walk, instantiate, walk_gradient) =
            (&self.walk, &self.instantiate, &self.walk_gradient);
        let by_reference = quote!(&);
        let (ty, gradient) = (
            self.gradient_type(&by_reference),
            self.gradient(&by_reference),
        );
        quote! {
            /// The value, and the gradient added to that of the calls before: `value_and_grad` of the
            /// first micro-batch, and then this of the others, yield the gradient of the sum.
            ///
            /// # Errors
            /// As `value_and_grad`.
            pub fn accumulate(
                &mut self, #(#declared),*
            ) -> ::core::result::Result<(#output, #ty), #root::Error> {
                #open
                let value = engine.accumulate::<#output>(#walk, #instantiate, #walk_gradient)?;
                ::core::result::Result::Ok((value, #gradient))
            }
        }
    }

    /// Whether the arguments can be passed twice: a structure that is passed by value is gone after
    /// `bind`.
    fn can_repeat(&self) -> bool {
        self.signature.params.iter().all(|param| {
            param.passing != Passing::Value || matches!(param.shape, Shape::Float | Shape::Discrete)
        })
    }

    /// Makes the locals `engine`, which is not bound yet, and `gradient`; `graph` is the function's.
    fn unbound(&self, graph: &TokenStream) -> TokenStream {
        let (root, dtype, zeros) = (self.root, &self.dtype, &self.zeros);
        quote! {
            let mut engine = #root::Engine::new(#graph, #dtype, &#root::ONE_OPS);
            let gradient = #zeros;
        }
    }

    /// Makes the locals `engine` and `gradient`; `graph` is the function's. The local `budget` says
    /// how many bytes plans may take.
    fn bind(&self, graph: &TokenStream) -> TokenStream {
        let (unbound, budget) = (self.unbound(graph), names::local("budget"));
        let (walk, instantiate) = (&self.walk, &self.instantiate);
        let entry = match self.yields {
            Yields::Tensors => quote!(bind_value),
            Yields::Float | Yields::FloatAndMore => quote!(bind),
        };
        quote! {
            #unbound
            engine.limit(#budget);
            engine.#entry(#walk, #instantiate)?;
        }
    }

    /// The type `Program`, and the entry points of the companion `name`.
    pub(crate) fn of_function(&self, name: &proc_macro2::Ident) -> TokenStream {
        let (root, output, types) = (self.root, &self.signature.output, &self.types);
        let (declared, passed) = (&self.arguments.declared, &self.arguments.names);
        let none = TokenStream::new();
        let (cotangent, budget) = (names::local("cotangent"), names::local("budget"));
        let result_type = |ty: &TokenStream| quote!(::core::result::Result<#ty, #root::Error>);
        let open = quote!(let Program { engine, gradient, result, .. } = self;);
        let second = self.second(&open);
        let (product, second_at_once, second_fields, no_second) = match &second {
            Some(second) => (
                &second.entries,
                &second.at_once,
                &second.fields,
                &second.empty,
            ),
            None => (&none, &none, &none, &none),
        };
        let (value_type, value) = self.value();
        let value_type = result_type(&value_type);
        let owned = self.gradient_type(&quote!());
        let taken = self.gradient(&quote!());
        let Generics {
            declared: generics,
            passed: arguments,
            clause,
        } = &Generics::of(self.signature);
        let (_, of, _) = self.signature.generics.split_for_impl();
        let program = match generics.is_empty() {
            true => quote!(#root::Program<#name>),
            false => quote!(Program #of),
        };
        let (generics, result) = (quote!(<#(#generics),*>), result_type(&program));
        let bind = self.bind(&quote!(Self::graph #arguments ()));
        let value_and_grad = self.value_and_grad().map(|(ty, body)| {
            let ty = result_type(&ty);
            let profile = result_type(&quote!(#root::Profile));
            let (walk, instantiate, walk_gradient) =
                (&self.walk, &self.instantiate, &self.walk_gradient);
            quote! {
                /// The value and the gradient, in the order of `wrt`. Allocates nothing for shapes
                /// that were seen before.
                ///
                /// # Errors
                /// When shapes do not fit or a label is out of range.
                pub fn value_and_grad(&mut self, #(#declared),*) -> #ty { #open #body }

                /// One call of `value_and_grad`, with the time of every step.
                ///
                /// # Errors
                /// As `value_and_grad`.
                pub fn profile(&mut self, #(#declared),*) -> #profile {
                    #open
                    engine.profile(#walk, #instantiate, #walk_gradient)
                }
            }
        });
        let accumulate = (self.yields == Yields::Float).then(|| self.accumulate(&open));
        let vjp = self.vjp().map(|(ty, body)| {
            let ty = result_type(&ty);
            quote! {
                /// The result, and the gradient for a cotangent of it, in the order of `wrt`.
                ///
                /// # Errors
                /// When shapes do not fit, also those of the cotangent, or a label is out of range.
                pub fn vjp(&mut self, #(#declared,)* #cotangent: &#output) -> #ty { #open #body }
            }
        });
        let step = self.step_with();
        let twice = self.can_repeat();
        let at_once = self.value_and_grad().filter(|_| twice).map(|_| {
            let both = result_type(&quote!((#output, #owned)));
            let owned = result_type(&owned);
            let value = if self.yields == Yields::Float {
                quote!(value)
            } else {
                quote!(#root::taken(program.result)?)
            };
            quote! {
                /// The value and the gradient of one call. Binds anew every time: in a loop, bind
                /// once and call the program.
                ///
                /// # Errors
                /// When shapes do not fit or a label is out of range.
                pub fn value_and_grad #generics (#(#declared),*) -> #both #clause {
                    let mut program = Self::bind #arguments (#(#passed),*)?;
                    let (value, _) = program.value_and_grad(#(#passed),*)?;
                    let value = #value;
                    let gradient = program.gradient;
                    ::core::result::Result::Ok((value, #taken))
                }

                /// The gradient of one call; see `value_and_grad`.
                ///
                /// # Errors
                /// As `value_and_grad`.
                pub fn grad #generics (#(#declared),*) -> #owned #clause {
                    Self::value_and_grad #arguments (#(#passed),*).map(|(_, gradient)| gradient)
                }
            }
        });
        let vjp_at_once = (twice && vjp.is_some()).then(|| {
            let both = result_type(&quote!((#output, #owned)));
            quote! {
                /// The result of one call, and the gradient for a cotangent of it. Binds anew every
                /// time: in a loop, bind once and call the program.
                ///
                /// # Errors
                /// When shapes do not fit, also those of the cotangent, or a label is out of range.
                pub fn vjp #generics (#(#declared,)* #cotangent: &#output) -> #both #clause {
                    let mut program = Self::bind #arguments (#(#passed),*)?;
                    program.vjp(#(#passed,)* #cotangent)?;
                    let result = #root::taken(program.result)?;
                    let gradient = program.gradient;
                    ::core::result::Result::Ok((result, #taken))
                }
            }
        });
        let parameters: Vec<_> = self.signature.generics.params.iter().collect();
        let named = match parameters.as_slice() {
            [] => quote!(impl #root::TensorFn for #name { type Program = Program; }),
            [syn::GenericParam::Type(float)] => {
                let float = &float.ident;
                quote! {
                    impl #generics #root::TensorFn<#float> for #name #clause {
                        type Program = Program #of;
                    }
                }
            }
            _ => TokenStream::new(),
        };
        quote! {
            impl #name {
                /// Links, infers shapes, plans memory and allocates.
                ///
                /// # Errors
                /// When shapes do not fit: the error names the operator and its place.
                pub fn bind #generics (#(#declared),*) -> #result #clause {
                    Self::__bind #arguments (#(#passed,)* ::core::option::Option::None)
                }

                /// As `bind`, in at most so many bytes for intermediate values: what does not fit is
                /// computed again in the backward pass. Holds for all shapes that the program meets.
                ///
                /// # Errors
                /// As `bind`, and when the bytes do not suffice: the error names the least that do.
                pub fn bind_within #generics (#(#declared,)* #budget: usize) -> #result #clause {
                    Self::__bind #arguments (#(#passed,)* ::core::option::Option::Some(#budget))
                }

                fn __bind #generics (
                    #(#declared,)* #budget: ::core::option::Option<usize>
                ) -> #result #clause {
                    #bind
                    let result = ::core::option::Option::None;
                    ::core::result::Result::Ok(Program { engine, gradient, result, #no_second })
                }
                #at_once
                #second_at_once
                #vjp_at_once
            }

            /// A bound program: its plans, its memory, its result and its gradient.
            pub struct Program #generics #clause {
                engine: #root::Engine,
                gradient: (#(#types,)*),
                result: ::core::option::Option<#output>,
                #second_fields
            }

            impl #generics Program #of #clause {
                #product
                #value_and_grad
                #accumulate
                #vjp
                #step

                /// The value alone: only the forward pass runs.
                ///
                /// # Errors
                /// When shapes do not fit or a label is out of range.
                pub fn value(&mut self, #(#declared),*) -> #value_type { #open #value }

                /// What the plan does: steps, kernels, bytes, peak.
                pub fn report(&self) -> #root::Report<'_> { self.engine.report() }

                #[doc(hidden)]
                pub fn __poison(&mut self, byte: u8) { self.engine.poison(byte); }
            }

            /// What the plan does.
            impl #generics ::core::fmt::Debug for Program #of #clause {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Display::fmt(&self.report(), f)
                }
            }

            #named
        }
    }
}

fn yields(output: &Type) -> Option<Yields> {
    match (shape_of(output), output) {
        (Shape::Float, _) => Some(Yields::Float),
        (Shape::Tensor, Type::Path(_)) if !is_labels(output) => Some(Yields::Tensors),
        (Shape::Tuple(parts), Type::Tuple(tuple)) if !parts.is_empty() => {
            let fits = |ty: &Type| yields(ty).is_some();
            tuple.elems.iter().all(fits).then_some(())?;
            Some(match parts[0] {
                Shape::Float => Yields::FloatAndMore,
                _ => Yields::Tensors,
            })
        }
        _ => None,
    }
}
