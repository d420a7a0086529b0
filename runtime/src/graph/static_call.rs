//! The declared shapes of a function, and what a call of it makes of them, while the user's crate is
//! compiled.

use super::dims::Dim;
use super::static_dim::{Relation, StaticDim, same_text};
use super::static_shape::{AXES, StaticShape};
use super::static_text::Text;

/// The declared shapes of a function's parameters, and what follows for its result.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The function.
    pub name: &'static str,
    /// Its parameters with their declared shapes.
    pub params: &'static [(&'static str, StaticShape)],
}

impl Signature {
    /// The result of a call: arguments are checked against the declarations, and the names that
    /// they give sizes to are put into `result`, which is the callee's own view of its result.
    #[track_caller]
    #[must_use]
    pub const fn call(&self, result: StaticShape, given: &[StaticShape]) -> StaticShape {
        let mut known: [Option<(&'static str, StaticDim)>; 16] = [None; 16];
        let mut count = 0;
        let mut k = 0;
        while k < self.params.len() && k < given.len() {
            let (name, declared) = self.params[k];
            let argument = given[k];
            k += 1;
            let (Some(wanted), Some(rank)) = (declared.rank, argument.rank) else {
                continue;
            };
            if wanted != rank {
                self.refuse(name, declared, argument, wanted, None);
            }
            let mut axis = 0;
            while axis < rank {
                let dim = argument.dims[axis];
                if let Some(StaticDim {
                    dim: Dim::Size(_), ..
                }) = declared.dims[axis]
                    && matches!(
                        StaticDim::relation(declared.dims[axis], dim),
                        Relation::Different
                    )
                {
                    self.refuse(name, declared, argument, axis, declared.dims[axis]);
                }
                if let Some(StaticDim {
                    dim:
                        Dim::Name {
                            name: symbol,
                            factor: 1,
                            offset: 0,
                        },
                    ..
                }) = declared.dims[axis]
                    && let Some(dim) = dim
                {
                    let mut at = 0;
                    let mut bound = None;
                    while at < count {
                        if let Some((earlier, dim)) = known[at]
                            && same_text(earlier, symbol)
                        {
                            bound = Some(dim);
                        }
                        at += 1;
                    }
                    match StaticDim::relation(bound, Some(dim)) {
                        Relation::Different => self.refuse(name, declared, argument, axis, bound),
                        _ if bound.is_none() && count < known.len() => {
                            known[count] = Some((symbol, dim));
                            count += 1;
                        }
                        _ => {}
                    }
                }
                axis += 1;
            }
        }
        substituted(result, &known, count)
    }

    #[track_caller]
    const fn refuse(
        &self,
        name: &str,
        declared: StaticShape,
        argument: StaticShape,
        axis: usize,
        wanted: Option<StaticDim>,
    ) -> ! {
        let mut text = Text::new();
        text.push("`");
        text.push(self.name);
        text.push("`: the argument `");
        text.push(name);
        text.push("` is declared ");
        text.shape(&declared);
        text.push(" but gets ");
        text.shape(&argument);
        if let Some(wanted) = wanted {
            text.push(": axis ");
            #[allow(clippy::cast_possible_wrap, reason = "a rank is at most 8")]
            text.number(axis as isize);
            text.push(" must be ");
            text.dim(Some(wanted));
        }
        panic!("{}", text.as_str())
    }
}

/// `result` with the callee's names replaced by what they stand for in a call.
const fn substituted(
    mut result: StaticShape,
    known: &[Option<(&'static str, StaticDim)>],
    count: usize,
) -> StaticShape {
    let mut axis = 0;
    while axis < AXES {
        if let Some(StaticDim {
            dim:
                Dim::Name {
                    name,
                    factor,
                    offset,
                },
            ..
        }) = result.dims[axis]
        {
            let mut found = None;
            let mut at = 0;
            while at < count {
                if let Some((symbol, dim)) = known[at]
                    && same_text(symbol, name)
                {
                    found = match dim.dim {
                        #[allow(
                            clippy::cast_possible_wrap,
                            clippy::cast_sign_loss,
                            reason = "sizes are small"
                        )]
                        Dim::Size(size) => Some(StaticDim {
                            dim: Dim::Size((size as isize * factor + offset) as usize),
                            scope: dim.scope,
                            of: dim.of,
                        }),
                        _ if factor == 1 && offset == 0 => Some(dim),
                        _ => None,
                    };
                }
                at += 1;
            }
            result.dims[axis] = found;
        }
        axis += 1;
    }
    result
}

/// The shapes of a value that has no fields to look into: nothing is known of it.
#[derive(Clone, Copy, Debug)]
pub struct NoShapes;

impl NoShapes {
    /// As [`StaticShape::within`].
    #[must_use]
    pub const fn within(self, _scope: &'static str, _of: &'static str) -> StaticShape {
        StaticShape::UNKNOWN
    }
}

/// What a callee without declarations offers: every type has it, and a companion's own constants
/// are found first.
pub trait UnknownSignature {
    /// No parameter is declared.
    const __SIGNATURE: Signature = Signature {
        name: "",
        params: &[],
    };
    /// Nothing is known of the result.
    const __RESULT: StaticShape = StaticShape::UNKNOWN;
}

impl<T: ?Sized> UnknownSignature for T {}
