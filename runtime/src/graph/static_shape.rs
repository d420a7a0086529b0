//! Shapes as far as they are known when the user's crate is compiled.
//!
//! The macro prints one constant per operator, at the operator's tokens, whose value comes from a
//! rule of this module; a rule that cannot hold panics while the constant is evaluated, so that
//! `cargo check` shows the mistake at the operator. What is unknown is not judged: bind checks it.

use super::dims::Dim;
use super::static_dim::{Relation, StaticDim};
use super::static_text::Text;

/// The most axes that are followed; a tensor with more counts as unknown.
pub(super) const AXES: usize = 8;

/// A shape, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub struct StaticShape {
    pub(super) rank: Option<usize>,
    pub(super) dims: [Option<StaticDim>; AXES],
}

impl StaticShape {
    /// Nothing is known.
    pub const UNKNOWN: StaticShape = StaticShape {
        rank: None,
        dims: [None; AXES],
    };

    /// Rank 0.
    pub const SCALAR: StaticShape = StaticShape {
        rank: Some(0),
        dims: [None; AXES],
    };

    /// What `#[shape(..)]` declares of the tensor `of`.
    #[must_use]
    pub const fn declared(
        dims: &'static [Dim],
        scope: &'static str,
        of: &'static str,
    ) -> StaticShape {
        let mut shape = StaticShape::SCALAR;
        if dims.len() > AXES {
            return StaticShape::UNKNOWN;
        }
        shape.rank = Some(dims.len());
        let mut axis = 0;
        while axis < dims.len() {
            if matches!(dims[axis], Dim::Rest) {
                return StaticShape::UNKNOWN;
            }
            shape.dims[axis] = Some(StaticDim {
                dim: dims[axis],
                scope,
                of,
            });
            axis += 1;
        }
        shape
    }

    /// The same declaration seen from a function: `of` is the path of the field there, `scope` that
    /// of its structure.
    #[must_use]
    pub const fn within(mut self, scope: &'static str, of: &'static str) -> StaticShape {
        let mut axis = 0;
        while axis < AXES {
            if let Some(dim) = self.dims[axis] {
                self.dims[axis] = Some(StaticDim {
                    dim: dim.dim,
                    scope,
                    of,
                });
            }
            axis += 1;
        }
        self
    }

    /// The dimension at `back` axes before the last one.
    const fn axis_back(&self, rank: usize, back: usize) -> Option<StaticDim> {
        if back < rank {
            self.dims[rank - 1 - back]
        } else {
            None
        }
    }

    /// All of them broadcast against each other.
    #[track_caller]
    #[must_use]
    pub const fn broadcast(what: &'static str, of: &[StaticShape]) -> StaticShape {
        let mut out = StaticShape::SCALAR;
        let mut rank = 0;
        let mut k = 0;
        while k < of.len() {
            let Some(other) = of[k].rank else {
                return StaticShape::UNKNOWN;
            };
            rank = if other > rank { other } else { rank };
            k += 1;
        }
        out.rank = Some(rank);
        let mut back = 0;
        while back < rank {
            let mut found: Option<Option<StaticDim>> = None;
            let mut k = 0;
            while k < of.len() {
                let own = match of[k].rank {
                    Some(own) => own,
                    None => 0,
                };
                if back < own {
                    let dim = of[k].axis_back(own, back);
                    found = Some(match found {
                        None => dim,
                        Some(first) if StaticDim::is_one(first) => dim,
                        Some(first) if StaticDim::is_one(dim) => first,
                        Some(first) => match StaticDim::relation(first, dim) {
                            Relation::Same => first,
                            Relation::Different => {
                                mismatch(what, of, ("the sizes", "do not broadcast"), first, dim)
                            }
                            // A size other than 1 decides; two unrelated names do not.
                            Relation::Open => match (first, dim) {
                                (
                                    Some(StaticDim {
                                        dim: Dim::Size(_), ..
                                    }),
                                    _,
                                ) => first,
                                (
                                    _,
                                    Some(StaticDim {
                                        dim: Dim::Size(_), ..
                                    }),
                                ) => dim,
                                _ => None,
                            },
                        },
                    });
                }
                k += 1;
            }
            out.dims[rank - 1 - back] = match found {
                Some(dim) => dim,
                None => None,
            };
            back += 1;
        }
        out
    }

    /// A matrix product over the last two axes.
    #[track_caller]
    #[must_use]
    pub const fn matmul(a: StaticShape, ta: bool, b: StaticShape, tb: bool) -> StaticShape {
        let (Some(rank_a), Some(rank_b)) = (a.rank, b.rank) else {
            return StaticShape::UNKNOWN;
        };
        if rank_a == 0 || rank_b == 0 {
            let mut text = Text::new();
            text.operands("matmul", &[a, b]);
            text.push(": a scalar is no matrix");
            panic!("{}", text.as_str());
        }
        let inner_a = a.axis_back(rank_a, if ta && rank_a > 1 { 1 } else { 0 });
        let inner_b = b.axis_back(rank_b, if tb || rank_b == 1 { 0 } else { 1 });
        if matches!(StaticDim::relation(inner_a, inner_b), Relation::Different) {
            mismatch(
                "matmul",
                &[a, b],
                ("the inner sizes", "differ"),
                inner_a,
                inner_b,
            );
        }
        if rank_a > 2 || rank_b > 2 {
            // Batches are broadcast at bind.
            return StaticShape::UNKNOWN;
        }
        let mut out = StaticShape::SCALAR;
        let mut rank = 0;
        if rank_a == 2 {
            out.dims[rank] = a.axis_back(2, if ta { 0 } else { 1 });
            rank += 1;
        }
        if rank_b == 2 {
            out.dims[rank] = b.axis_back(2, if tb { 1 } else { 0 });
            rank += 1;
        }
        out.rank = Some(rank);
        out
    }

    /// A reduction over axes; a negative one counts from the end.
    #[track_caller]
    #[must_use]
    pub const fn reduce(
        what: &'static str,
        of: StaticShape,
        axes: &[i32],
        keep: bool,
    ) -> StaticShape {
        let Some(rank) = of.rank else {
            return StaticShape::UNKNOWN;
        };
        let mut gone = [false; AXES];
        let mut k = 0;
        while k < axes.len() {
            #[allow(clippy::cast_possible_wrap, reason = "a rank is at most 8")]
            let axis = if axes[k] < 0 {
                axes[k] as isize + rank as isize
            } else {
                axes[k] as isize
            };
            #[allow(clippy::cast_sign_loss, reason = "it is not negative where it is used")]
            if axis < 0 || axis as usize >= rank {
                let mut text = Text::new();
                text.operands(what, &[of]);
                text.push(": there is no axis ");
                text.number(axes[k] as isize);
                panic!("{}", text.as_str());
            } else {
                gone[axis as usize] = true;
            }
            k += 1;
        }
        let mut out = StaticShape::SCALAR;
        let (mut axis, mut at) = (0, 0);
        while axis < rank {
            if !gone[axis] || keep {
                out.dims[at] = if gone[axis] {
                    StaticShape::size(1)
                } else {
                    of.dims[axis]
                };
                at += 1;
            }
            axis += 1;
        }
        out.rank = Some(at);
        out
    }

    const fn size(size: usize) -> Option<StaticDim> {
        Some(StaticDim {
            dim: Dim::Size(size),
            scope: "",
            of: "",
        })
    }

    /// The last two axes swapped.
    #[track_caller]
    #[must_use]
    pub const fn transpose(of: StaticShape) -> StaticShape {
        let Some(rank) = of.rank else {
            return StaticShape::UNKNOWN;
        };
        if rank < 2 {
            let mut text = Text::new();
            text.operands("t", &[of]);
            text.push(": a transpose needs two axes");
            panic!("{}", text.as_str());
        }
        let mut out = of;
        out.dims[rank - 1] = of.dims[rank - 2];
        out.dims[rank - 2] = of.dims[rank - 1];
        out
    }

    /// Class losses: `labels` has the shape of `logits` without the classes.
    #[track_caller]
    #[must_use]
    pub const fn rows(what: &'static str, logits: StaticShape, labels: StaticShape) -> StaticShape {
        let Some(rank) = logits.rank else {
            return labels;
        };
        let mut out = StaticShape::SCALAR;
        if rank == 0 {
            return StaticShape::UNKNOWN;
        }
        out.rank = Some(rank - 1);
        let mut axis = 0;
        while axis + 1 < rank {
            out.dims[axis] = logits.dims[axis];
            axis += 1;
        }
        let Some(given) = labels.rank else {
            return out;
        };
        if given + 1 != rank {
            let mut text = Text::new();
            text.operands(what, &[logits, labels]);
            text.push(": the labels must have the shape of the logits without the classes");
            panic!("{}", text.as_str());
        }
        let mut axis = 0;
        while axis < given {
            if matches!(
                StaticDim::relation(out.dims[axis], labels.dims[axis]),
                Relation::Different
            ) {
                let why = ("the rows", "differ: there is one label for each");
                mismatch(
                    what,
                    &[logits, labels],
                    why,
                    out.dims[axis],
                    labels.dims[axis],
                );
            }
            axis += 1;
        }
        out
    }
}

#[track_caller]
pub(super) const fn mismatch(
    what: &str,
    operands: &[StaticShape],
    (which, how): (&str, &str),
    a: Option<StaticDim>,
    b: Option<StaticDim>,
) -> ! {
    let mut text = Text::new();
    text.operands(what, operands);
    text.push(": ");
    text.push(which);
    text.push(" ");
    text.dim(a);
    text.push(" and ");
    text.dim(b);
    text.push(" ");
    text.push(how);
    panic!("{}", text.as_str())
}
