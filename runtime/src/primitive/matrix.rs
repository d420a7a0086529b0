//! Parts of matrices, which are the last two axes.

use super::{Call, index, primitive};
use crate::Real;

primitive! {
    /// `y[i, j] = x[i, j]` on one side of a diagonal, 0 elsewhere. Parameters: the diagonal d, and
    /// whether the side is the lower one (`j - i <= d`, else `j - i >= d`).
    TRIANGLE triangle |shapes, _| {
        if shapes[0].len() < 2 {
            return Err("a triangle needs two axes".to_owned());
        }
        Ok(shapes[0].to_vec())
    }
}

fn triangle<T: Real>(call: Call<'_, T>) {
    let &[.., rows, columns] = call.shape else {
        return;
    };
    let (diagonal, lower) = (call.args[0], index(call.args[1]) == 1);
    for (at, (y, &x)) in call.y.iter_mut().zip(call.x[0]).enumerate() {
        let (i, j) = (at / columns % rows, at % columns);
        let distance = j as i64 - i as i64;
        let inside = if lower {
            distance <= diagonal
        } else {
            distance >= diagonal
        };
        *y = if inside { x } else { T::ZERO };
    }
}
