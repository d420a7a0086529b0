//! What a type is, as far as its tokens say: the macro has no types.

use quote::ToTokens;
use syn::{
    GenericArgument, GenericParam, Generics, PathArguments, Type, TypeParamBound, WherePredicate,
};

/// A type as far as the macro can know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `f32` or `f64`
    Float,
    /// An integer, `bool`, `char`: carries no derivative.
    Discrete,
    /// `[T]`, `[T; N]`, `Vec<T>`
    List(Box<Shape>),
    /// A tuple.
    Tuple(Vec<Shape>),
    /// A `Tensor`, bare or behind something.
    Tensor,
    /// A type the macro cannot see into.
    Named,
}

impl Shape {
    /// Whether a value of this type may hold floats outside of tensors, as far as is known.
    pub(crate) fn holds_floats(&self) -> bool {
        match self {
            Shape::Float | Shape::Named => true,
            Shape::Discrete | Shape::Tensor => false,
            Shape::List(element) => element.holds_floats(),
            Shape::Tuple(parts) => parts.iter().any(Shape::holds_floats),
        }
    }

    pub(crate) fn mentions_tensor(&self) -> bool {
        match self {
            Shape::Tensor => true,
            Shape::List(element) => element.mentions_tensor(),
            Shape::Tuple(parts) => parts.iter().any(Shape::mentions_tensor),
            _ => false,
        }
    }

    pub(crate) fn mentions_named(&self) -> bool {
        match self {
            Shape::Named => true,
            Shape::List(element) => element.mentions_named(),
            Shape::Tuple(parts) => parts.iter().any(Shape::mentions_named),
            _ => false,
        }
    }
}

/// How a function may end without a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failing {
    /// It returns an `Option`.
    Option,
    /// It returns a `Result`.
    Result,
}

/// What a type that may lack a value says: which it is, and the type of the value.
pub(crate) fn failing(ty: &Type) -> Option<(Failing, &Type)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let failing = match last.ident.to_string().as_str() {
        "Option" => Failing::Option,
        "Result" => Failing::Result,
        _ => return None,
    };
    match &last.arguments {
        PathArguments::AngleBracketed(list) => match list.args.first()? {
            GenericArgument::Type(content) => Some((failing, content)),
            _ => None,
        },
        _ => None,
    }
}

/// The same type for another value: `Result<(f64, G), E>` for `Result<f64, E>`.
pub(crate) fn with_content(ty: &Type, content: &Type) -> Type {
    let mut changed = ty.clone();
    if let Type::Path(path) = &mut changed
        && let Some(last) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(list) = &mut last.arguments
        && let Some(first) = list.args.first_mut()
    {
        *first = GenericArgument::Type(content.clone());
    }
    changed
}

/// `E` of `Result<T, E>`.
pub(crate) fn error_type(ty: &mut Type) -> Option<&mut Type> {
    let Type::Path(path) = ty else { return None };
    match &mut path.path.segments.last_mut()?.arguments {
        PathArguments::AngleBracketed(list) => match list.args.iter_mut().nth(1)? {
            GenericArgument::Type(error) => Some(error),
            _ => None,
        },
        _ => None,
    }
}

/// The type parameters of a function that stand for floats: those with the bound `Real`.
#[derive(Clone, Default, Debug)]
pub(crate) struct Floats(Vec<String>);

impl Floats {
    /// Those among the generics of a function.
    pub(crate) fn of(generics: &Generics) -> Floats {
        let real = |bound: &TypeParamBound| match bound {
            TypeParamBound::Trait(bound) => {
                let last = bound.path.segments.last();
                last.is_some_and(|segment| segment.ident == "Real")
            }
            _ => false,
        };
        let clause = generics.where_clause.iter().flat_map(|of| &of.predicates);
        let bounded: Vec<String> = clause
            .filter_map(|predicate| match predicate {
                WherePredicate::Type(of) if of.bounds.iter().any(real) => {
                    Some(of.bounded_ty.to_token_stream().to_string())
                }
                _ => None,
            })
            .collect();
        let floats = generics.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => {
                let name = param.ident.to_string();
                (param.bounds.iter().any(real) || bounded.contains(&name)).then_some(name)
            }
            _ => None,
        });
        Floats(floats.collect())
    }

    /// Whether there are none: every float of the function is an `f32` or an `f64`.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a name is that of a type of floats.
    pub(crate) fn is_name(&self, name: &str) -> bool {
        name == "f32" || name == "f64" || self.0.iter().any(|float| float == name)
    }

    /// Whether a path is that of a type of floats.
    fn is_path(&self, path: &syn::TypePath) -> bool {
        let last = path.path.segments.last().map(|last| last.ident.to_string());
        last.is_some_and(|last| match path.path.segments.len() {
            1 => self.is_name(&last),
            _ => Floats::default().is_name(&last),
        })
    }

    /// What the macro can know of a type from its tokens.
    pub(crate) fn shape(&self, ty: &Type) -> Shape {
        match ty {
            Type::Slice(slice) => Shape::List(Box::new(self.shape(&slice.elem))),
            Type::Array(array) => Shape::List(Box::new(self.shape(&array.elem))),
            Type::Reference(reference) => self.shape(&reference.elem),
            Type::Paren(inner) => self.shape(&inner.elem),
            Type::Group(inner) => self.shape(&inner.elem),
            Type::Tuple(tuple) => {
                Shape::Tuple(tuple.elems.iter().map(|ty| self.shape(ty)).collect())
            }
            Type::Path(path) => {
                let Some(last) = path.path.segments.last() else {
                    return Shape::Named;
                };
                let first_argument = match &last.arguments {
                    PathArguments::AngleBracketed(list) => list.args.iter().find_map(|a| match a {
                        GenericArgument::Type(ty) => Some(ty),
                        _ => None,
                    }),
                    _ => None,
                };
                match (last.ident.to_string().as_str(), first_argument) {
                    (_, None) if self.is_path(path) => Shape::Float,
                    (
                        "bool" | "char" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8"
                        | "i16" | "i32" | "i64" | "i128" | "isize" | "str" | "String",
                        None,
                    ) => Shape::Discrete,
                    ("Vec", Some(element)) => Shape::List(Box::new(self.shape(element))),
                    ("Option" | "Result" | "Box", Some(content)) => {
                        Shape::Tuple(vec![self.shape(content)])
                    }
                    ("Tensor", _) => Shape::Tensor,
                    _ => Shape::Named,
                }
            }
            _ => Shape::Named,
        }
    }
}

/// The same outside of generic functions.
pub(crate) fn shape_of(ty: &Type) -> Shape {
    Floats::default().shape(ty)
}
