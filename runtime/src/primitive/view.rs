//! Strided views: every movement of elements that is affine in their indices, as one primitive and
//! its adjoint. Permutations, slices with steps, flips, broadcasts, diagonals, sliding windows and
//! padding are views or places with other strides.

use super::{Call, Inferred, MOST_AXES, index, primitive};
use crate::{Real, shape};

/// A view of a tensor of shape `outer`: element i stands at `offset + sum i[k] strides[k]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strided {
    pub(crate) outer: Vec<usize>,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<i64>,
    pub(crate) offset: i64,
}

impl Strided {
    /// The whole tensor.
    pub(crate) fn whole(shape: &[usize]) -> Strided {
        let mut strides = vec![1_i64; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * size(shape[axis]);
        }
        Strided {
            outer: shape.to_vec(),
            shape: shape.to_vec(),
            strides,
            offset: 0,
        }
    }

    /// As parameters: rank, sizes, strides, offset, sizes of the outer tensor, bits of the fill.
    pub(crate) fn args(&self, fill: f64) -> Vec<i64> {
        let mut args = vec![size(self.shape.len())];
        args.extend(self.shape.iter().map(|&count| size(count)));
        args.extend(&self.strides);
        args.push(self.offset);
        args.extend(self.outer.iter().map(|&count| size(count)));
        args.push(fill.to_bits().cast_signed());
        args
    }
}

/// A size as a parameter.
pub(super) fn size(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

primitive! {
    /// `y[i] = x[offset + i . strides]`
    VIEW view |shapes, args| {
        let rank = rank(args, shapes)?;
        checked(&args[1..=rank])
    }
}

primitive! {
    /// `y[offset + i . strides] += x[i]` over a fill value; the sizes of y follow the view's.
    PLACE place |shapes, args| {
        let rank = rank(args, shapes)?;
        checked(&args[2 * rank + 2..args.len() - 1])
    }
}

primitive! {
    /// `PLACE` over zeros, whatever the fill value is: the adjoint of `VIEW`.
    PLACE_ZERO place_zero |_, _| Err("its shape is that of another tensor".to_owned())
}

fn rank(args: &[i64], shapes: &[&[usize]]) -> Result<usize, String> {
    let rank = index(args[0]);
    if rank > MOST_AXES || shapes[0].len() > MOST_AXES {
        return Err(format!("it has more than {MOST_AXES} axes"));
    }
    Ok(rank)
}

fn checked(sizes: &[i64]) -> Inferred {
    let sizes: Vec<usize> = sizes.iter().map(|&size| index(size)).collect();
    match shape::checked_len(&sizes) {
        Some(_) => Ok(sizes),
        None => Err("the result is too large".to_owned()),
    }
}

/// Calls `visit(k, at)` for the k-th element of the view, which stands at `at`.
fn each(args: &[i64], mut visit: impl FnMut(usize, usize)) {
    let rank = index(args[0]);
    let (sizes, rest) = args[1..].split_at(rank);
    let (strides, rest) = rest.split_at(rank);
    let count: usize = sizes.iter().map(|&size| index(size)).product();
    let (outer, inner) = match rank {
        0 => (1, (1, 0)),
        _ => {
            let last = index(sizes[rank - 1]);
            (
                count.checked_div(last).unwrap_or(0),
                (last, strides[rank - 1]),
            )
        }
    };
    let mut position = [0_i64; MOST_AXES];
    let mut start = rest[0];
    let mut k = 0;
    for _ in 0..outer {
        let mut at = start;
        for _ in 0..inner.0 {
            visit(k, index(at));
            k += 1;
            at += inner.1;
        }
        for axis in (0..rank.saturating_sub(1)).rev() {
            position[axis] += 1;
            start += strides[axis];
            if position[axis] < sizes[axis] {
                break;
            }
            start -= strides[axis] * sizes[axis];
            position[axis] = 0;
        }
    }
}

fn view<T: Real>(call: Call<'_, T>) {
    let (x, y) = (call.x[0], call.y);
    each(call.args, |k, at| y[k] = x[at]);
}

fn place_zero<T: Real>(call: Call<'_, T>) {
    let (x, y) = (call.x[0], call.y);
    y.fill(T::ZERO);
    each(call.args, |k, at| y[at] = y[at] + x[k]);
}

fn place<T: Real>(call: Call<'_, T>) {
    let fill = call.args.last().map_or(0, |bits| bits.cast_unsigned());
    let fill = f64::from_bits(fill);
    if fill == 0.0 {
        place_zero(call);
    } else {
        let (x, y) = (call.x[0], call.y);
        // A fill value is no term of a sum: the view of a padding meets each element once.
        y.fill(T::from_f64(fill));
        each(call.args, |k, at| y[at] = x[k]);
    }
}
