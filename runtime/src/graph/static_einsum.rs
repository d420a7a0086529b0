//! The shape rule of `einsum`, as far as shapes are known when the user's crate is compiled.

use super::static_dim::{Relation, StaticDim};
use super::static_shape::{AXES, StaticShape, mismatch};
use super::static_text::Text;

/// The most indices of an equation that is followed.
const INDICES: usize = 16;

impl StaticShape {
    /// The sum of products over the indices that the result lacks; the equation was read by the
    /// macro. One with other than ASCII letters is left to bind.
    #[track_caller]
    #[must_use]
    pub const fn einsum(equation: &str, of: &[StaticShape]) -> StaticShape {
        let text = equation.as_bytes();
        let mut known: [(u8, Option<StaticDim>); INDICES] = [(0, None); INDICES];
        let mut count = 0;
        let mut at = 0;
        let mut operand = 0;
        let mut axis = 0;
        // The operands, up to the arrow.
        while at < text.len() && text[at] != b'-' {
            let letter = text[at];
            at += 1;
            if letter == b',' {
                ends(of, operand, axis);
                operand += 1;
                axis = 0;
            } else if letter != b' ' {
                if !letter.is_ascii_alphabetic() || operand >= of.len() || axis >= AXES {
                    return StaticShape::UNKNOWN;
                }
                let dim = of[operand].dims[axis];
                axis += 1;
                let mut k = 0;
                while k < count && known[k].0 != letter {
                    k += 1;
                }
                if k == INDICES {
                    return StaticShape::UNKNOWN;
                }
                if k == count {
                    known[k] = (letter, dim);
                    count += 1;
                } else if let (Some(first), Some(_)) = (known[k].1, dim) {
                    if matches!(StaticDim::relation(Some(first), dim), Relation::Different) {
                        let which = ("the sizes of one index,", "differ");
                        mismatch("einsum", of, which, Some(first), dim);
                    }
                } else if known[k].1.is_none() {
                    known[k].1 = dim;
                }
            }
        }
        ends(of, operand, axis);
        let mut out = StaticShape::SCALAR;
        let mut rank = 0;
        at += 2;
        while at < text.len() {
            let letter = text[at];
            at += 1;
            if letter != b' ' {
                if rank == AXES {
                    return StaticShape::UNKNOWN;
                }
                let mut k = 0;
                while k < count {
                    if known[k].0 == letter {
                        out.dims[rank] = known[k].1;
                    }
                    k += 1;
                }
                rank += 1;
            }
        }
        out.rank = Some(rank);
        out
    }
}

/// An operand has as many axes as the equation names.
#[track_caller]
const fn ends(of: &[StaticShape], operand: usize, axes: usize) {
    if operand < of.len()
        && let Some(rank) = of[operand].rank
        && rank != axes
    {
        let mut text = Text::new();
        text.operands("einsum", of);
        text.push(": the equation names ");
        text.number(axes.cast_signed());
        text.push(" axes of ");
        text.shape(&of[operand]);
        panic!("{}", text.as_str());
    }
}
