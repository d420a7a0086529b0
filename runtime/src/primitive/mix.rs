//! Mixing along an axis: each entry of the result is a weighted sum of few entries of the operand.
//! Interpolation and means over uneven windows are mixes with other weights.

use super::{Call, around, index, primitive, shape_of_another};
use crate::{Real, shape};

/// The entries that go into one entry of the result, with their weights.
pub(crate) type Taps = Vec<(usize, f64)>;

/// As parameters: the axis, the number of results, the number of taps of each, then each tap's entry
/// and the bits of its weight.
pub(crate) fn args(axis: usize, mix: &[Taps]) -> Vec<i64> {
    let size = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut args = vec![size(axis), size(mix.len())];
    args.extend(mix.iter().map(|taps| size(taps.len())));
    for &(entry, weight) in mix.iter().flatten() {
        args.extend([size(entry), weight.to_bits().cast_signed()]);
    }
    args
}

primitive! {
    /// `y[i, p, j] = sum_k w[p, k] x[i, s[p, k], j]`; 0 where there are no taps.
    MIX mix |shapes, args| {
        let mut sizes = shapes[0].to_vec();
        sizes[index(args[0])] = index(args[1]);
        shape::checked_len(&sizes).ok_or("the result is too large")?;
        Ok(sizes)
    }
}

primitive! {
    /// `y[i, s[p, k], j] += w[p, k] x[i, p, j]` from 0; the shape is that of the mixed tensor.
    MIX_ADD mix_add |_, _| shape_of_another()
}

/// Visits every tap: the result, the entry and the weight.
fn taps<T: Real>(args: &[i64], mut visit: impl FnMut(usize, usize, T)) {
    let (counts, mut rest) = args[2..].split_at(index(args[1]));
    for (result, &count) in counts.iter().enumerate() {
        let (own, later) = rest.split_at(2 * index(count));
        rest = later;
        for tap in own.chunks_exact(2) {
            let weight = f64::from_bits(tap[1].cast_unsigned());
            visit(result, index(tap[0]), T::from_f64(weight));
        }
    }
}

fn mix<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let axis = index(call.args[0]);
    let (outer, size, inner) = around(&call.shapes[0], axis);
    let results = call.shape[axis];
    for o in 0..outer {
        taps(call.args, |result, entry, weight: T| {
            let from = &call.x[0][(o * size + entry) * inner..][..inner];
            let to = &mut call.y[(o * results + result) * inner..][..inner];
            add(to, from, weight);
        });
    }
}

fn mix_add<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let axis = index(call.args[0]);
    let (outer, size, inner) = around(call.shape, axis);
    let results = call.shapes[0][axis];
    for o in 0..outer {
        taps(call.args, |result, entry, weight: T| {
            let from = &call.x[0][(o * results + result) * inner..][..inner];
            let to = &mut call.y[(o * size + entry) * inner..][..inner];
            add(to, from, weight);
        });
    }
}

fn add<T: Real>(to: &mut [T], from: &[T], weight: T) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to += weight * from;
    }
}
