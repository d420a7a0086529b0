//! Packed weights of a convolution: strips of channels, tap after tap.

use super::kernels::{Planes, strips};

/// Packs `rows` rows of `depth` weights, read by row and position, by strips; a strip that is filled
/// up has zeros.
pub(super) fn pack<T: Planes>(
    (rows, depth): (usize, usize),
    weight: impl Fn(usize, usize) -> T,
    to: &mut [T],
) {
    let mut first = 0;
    for height in strips::<T>(rows) {
        let height = 1 << height;
        let strip = &mut to[first * depth..(first + height) * depth];
        for (d, column) in strip.chunks_exact_mut(height).enumerate() {
            for (r, to) in column.iter_mut().enumerate() {
                *to = if first + r < rows {
                    weight(first + r, d)
                } else {
                    T::ZERO
                };
            }
        }
        first += height;
    }
}
