//! Positions: of extremes along an axis, of labels as numbers, and as waves. None of them has a
//! derivative.

use super::{Call, Inferred, around, index, primitive};
use crate::Real;

primitive! {
    /// The position of the largest entry of each line, which stays with size 1: the first one of a
    /// tie, the first NaN if there is one. Parameter: the axis.
    ARG_MAX arg_max extreme
}

primitive! {
    /// As `ARG_MAX`, of the smallest entry.
    ARG_MIN arg_min extreme
}

primitive! {
    /// Labels as numbers.
    FLOATS floats |shapes, _| Ok(shapes[0].to_vec()), labels 0 |_, _| usize::MAX
}

primitive! {
    /// `y[p, 2i] = sin(p b^(-2i/d))`, `y[p, 2i + 1] = cos(p b^(-2i/d))` for the sizes `[.., l, d]`
    /// of the operand (Vaswani et al. 2017). Parameter: the bits of the base b.
    WAVES waves |shapes, _| match shapes[0] {
        [.., length, width] => Ok(vec![*length, *width]),
        _ => Err("it needs two axes: position and channel".to_owned()),
    }
}

fn extreme(shapes: &[&[usize]], args: &[i64]) -> Inferred {
    let mut kept = shapes[0].to_vec();
    let axis = index(args[0]);
    if kept[axis] == 0 {
        return Err(format!("axis {axis} has no entries to choose from"));
    }
    kept[axis] = 1;
    Ok(kept)
}

fn arg_max<T: Real>(call: Call<'_, T>) {
    choose(call, |new, old| new > old);
}

fn arg_min<T: Real>(call: Call<'_, T>) {
    choose(call, |new, old| new < old);
}

fn choose<T: Real>(call: Call<'_, T>, better: impl Fn(T, T) -> bool) {
    let (outer, size, inner) = around(&call.shapes[0], index(call.args[0]));
    for o in 0..outer {
        for j in 0..inner {
            let entry = |k: usize| call.x[0][(o * size + k) * inner + j];
            let is_nan = |value: T| value.partial_cmp(&value).is_none();
            let mut best = 0;
            for k in 1..size {
                let (new, old) = (entry(k), entry(best));
                if !is_nan(old) && (is_nan(new) || better(new, old)) {
                    best = k;
                }
            }
            call.y[o * inner + j] = T::from_f64(best as f64);
        }
    }
}

fn floats<T: Real>(call: Call<'_, T>) {
    for (y, &label) in call.y.iter_mut().zip(call.labels) {
        *y = T::from_f64(f64::from(label));
    }
}

fn waves<T: Real>(call: Call<'_, T>) {
    let width = call.shape[1];
    let base = f64::from_bits(call.args[0].cast_unsigned());
    for (position, row) in call.y.chunks_mut(width.max(1)).enumerate() {
        for (channel, y) in row.iter_mut().enumerate() {
            let pair = (channel - channel % 2) as f64;
            let angle = position as f64 * base.powf(-pair / width as f64);
            let wave = if channel % 2 == 0 {
                angle.sin()
            } else {
                angle.cos()
            };
            *y = T::from_f64(wave);
        }
    }
}
