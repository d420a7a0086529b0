//! Normalisation over groups of elements. Parameters: outer size, groups, inner size, whether the mean is
//! subtracted, and the bits of what is added to the variance.

use super::{Call, index, primitive, shape_of_another};
use crate::Real;
use crate::cpu::Normal;

primitive! {
    /// `(x - mean) / sqrt(var + eps)` of each group.
    NORMALIZE forward |shapes, args| {
        let sizes = sizes(args);
        if sizes.outer * sizes.groups * sizes.inner == shapes[0].iter().product() {
            Ok(shapes[0].to_vec())
        } else {
            Err("its elements are not those of the groups".to_owned())
        }
    }, scratch |_, args| sizes(args).scratch()
}

primitive! {
    /// The adjoint of `NORMALIZE` from its operand, its result and the cotangent.
    NORMALIZE_BACK backward |_, _| shape_of_another(), scratch |_, args| sizes(args).scratch()
}

/// What the parameters say.
fn sizes(args: &[i64]) -> Normal {
    Normal {
        outer: index(args[0]),
        groups: index(args[1]),
        inner: index(args[2]),
        centred: args[3] != 0,
        eps: f64::from_bits(args[4].cast_unsigned()),
    }
}

/// The parameters of a normalisation.
pub(crate) fn args(normal: &Normal) -> [i64; 5] {
    let size = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    [
        size(normal.outer),
        size(normal.groups),
        size(normal.inner),
        i64::from(normal.centred),
        normal.eps.to_bits().cast_signed(),
    ]
}

fn forward<T: Real>(call: Call<'_, T>) {
    sizes(call.args).forward(call.x[0], call.y, call.scratch);
}

fn backward<T: Real>(call: Call<'_, T>) {
    let operands = (call.x[0], call.x[1], call.x[2]);
    sizes(call.args).backward(operands, call.y, call.scratch);
}
