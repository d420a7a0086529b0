//! Shapes: the arithmetic of sizes that eager operators and `bind` share.
//!
//! A shape is a slice of sizes, outermost first, of a contiguous row-major tensor; rank 0 is a
//! scalar. These functions know no elements. They answer `None` where shapes do not fit, and leave
//! the words to the caller, which knows the operator.

use std::fmt;

/// Displays a shape as `[2, 3]`.
pub(crate) struct Shape<'a>(pub(crate) &'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// The most elements that a shape may name, sizes of 0 left out: far more than any memory holds,
/// and so few that bytes, and sums of the bytes of many tensors, never overflow a `usize`.
const MOST: usize = isize::MAX as usize >> (usize::BITS / 4);

/// The number of elements, or `None` where there are too many. Sizes of 0 do not excuse the others:
/// a reduction may remove the empty axis.
pub(crate) fn checked_len(shape: &[usize]) -> Option<usize> {
    let filled = shape
        .iter()
        .filter(|&&size| size > 0)
        .try_fold(1usize, |len, &size| len.checked_mul(size))?;
    (filled <= MOST).then_some(if shape.contains(&0) { 0 } else { filled })
}

/// All shapes broadcast against each other by NumPy's rules: aligned at the last axis, and a size
/// of 1 stretches. `broadcast(&[])` is the scalar.
pub(crate) fn broadcast(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut out = vec![1; rank];
    for shape in shapes {
        for (size, &other) in out[rank - shape.len()..].iter_mut().zip(*shape) {
            match (*size, other) {
                (a, b) if a == b => {}
                (1, b) => *size = b,
                (_, 1) => {}
                _ => return None,
            }
        }
    }
    checked_len(&out)?;
    Some(out)
}

/// The shape of a matrix product over the last two axes, batches broadcast. A rank-1 operand
/// counts as a row on the left and as a column on the right, and its axis vanishes; a transpose
/// is of the last two axes and leaves a rank-1 operand as it is.
pub(crate) fn matmul(
    a: &[usize],
    transpose_a: bool,
    b: &[usize],
    transpose_b: bool,
) -> Option<Vec<usize>> {
    let (a_batch, m, k) = match *a {
        [] => return None,
        [k] => (&a[..0], None, k),
        [.., r, c] => {
            let (m, k) = if transpose_a { (c, r) } else { (r, c) };
            (&a[..a.len() - 2], Some(m), k)
        }
    };
    let (b_batch, inner, n) = match *b {
        [] => return None,
        [k] => (&b[..0], k, None),
        [.., r, c] => {
            let (k, n) = if transpose_b { (c, r) } else { (r, c) };
            (&b[..b.len() - 2], k, Some(n))
        }
    };
    if k != inner {
        return None;
    }
    let mut out = broadcast(&[a_batch, b_batch])?;
    out.extend(m);
    out.extend(n);
    checked_len(&out)?;
    Some(out)
}

/// A possibly negative axis as an index below `rank`.
pub(crate) fn axis(axis: isize, rank: usize) -> Option<usize> {
    let rank = isize::try_from(rank).ok()?;
    let axis = if axis < 0 { axis + rank } else { axis };
    (0..rank).contains(&axis).then_some(axis as usize)
}

/// The sizes that `reshape` asks for, with its one -1 filled in.
pub(crate) fn reshape(shape: &[usize], sizes: &[i64]) -> Option<Vec<usize>> {
    let len = checked_len(shape)?;
    let mut out = Vec::with_capacity(sizes.len());
    let mut unknown = None;
    for (k, &size) in sizes.iter().enumerate() {
        if size == -1 && unknown.is_none() {
            unknown = Some(k);
            out.push(1);
        } else {
            out.push(usize::try_from(size).ok()?);
        }
    }
    let known = checked_len(&out)?;
    if let Some(k) = unknown {
        if known == 0 || !len.is_multiple_of(known) {
            return None;
        }
        out[k] = len / known;
    } else if known != len {
        return None;
    }
    Some(out)
}

/// The last two axes swapped; `None` below rank 2.
pub(crate) fn transpose(shape: &[usize]) -> Option<Vec<usize>> {
    let mut out = shape.to_vec();
    let rank = shape.len();
    (rank >= 2).then(|| {
        out.swap(rank - 2, rank - 1);
        out
    })
}

/// Element strides of `shape` read over the iteration space `domain`: 0 where it is broadcast.
/// `shape` must broadcast to `domain`.
pub(crate) fn broadcast_strides(shape: &[usize], domain: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; domain.len()];
    let lead = domain.len() - shape.len();
    let mut step = 1;
    for k in (0..shape.len()).rev() {
        if shape[k] != 1 {
            strides[lead + k] = step;
        }
        step *= shape[k];
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast(&[]), Some(vec![]));
        assert_eq!(broadcast(&[&[2, 3], &[3]]), Some(vec![2, 3]));
        assert_eq!(broadcast(&[&[4, 1], &[3], &[]]), Some(vec![4, 3]));
        assert_eq!(broadcast(&[&[1], &[0]]), Some(vec![0]));
        assert_eq!(broadcast(&[&[2], &[3]]), None);
        assert_eq!(broadcast(&[&[2], &[0]]), None);
        assert_eq!(broadcast_strides(&[3, 1], &[2, 3, 4]), [0, 1, 0]);
        assert_eq!(broadcast_strides(&[2, 3, 4], &[2, 3, 4]), [12, 4, 1]);
    }

    #[test]
    fn products_promote_vectors_and_broadcast_batches() {
        assert_eq!(matmul(&[2, 3], false, &[3, 4], false), Some(vec![2, 4]));
        assert_eq!(matmul(&[3, 2], true, &[4, 3], true), Some(vec![2, 4]));
        assert_eq!(matmul(&[3], false, &[3], false), Some(vec![]));
        assert_eq!(matmul(&[3], false, &[3, 4], false), Some(vec![4]));
        assert_eq!(matmul(&[5, 2, 3], false, &[3], false), Some(vec![5, 2]));
        assert_eq!(
            matmul(&[5, 1, 2, 3], false, &[6, 3, 1], false),
            Some(vec![5, 6, 2, 1])
        );
        assert_eq!(matmul(&[2, 3], false, &[2, 3], false), None);
        assert_eq!(matmul(&[], false, &[3], false), None);
    }

    #[test]
    fn axes_and_sizes_may_be_left_open() {
        assert_eq!(axis(-1, 3), Some(2));
        assert_eq!(axis(3, 3), None);
        assert_eq!(axis(-4, 3), None);
        assert_eq!(reshape(&[2, 6], &[-1, 4]), Some(vec![3, 4]));
        assert_eq!(reshape(&[2, 6], &[5, -1]), None);
        assert_eq!(reshape(&[2, 6], &[-1, -1]), None);
        assert_eq!(reshape(&[], &[1, 1]), Some(vec![1, 1]));
        assert_eq!(reshape(&[0, 3], &[3, 0]), Some(vec![3, 0]));
        assert_eq!(reshape(&[0, 3], &[0, -1]), None);
        assert_eq!(transpose(&[2, 3, 4]), Some(vec![2, 4, 3]));
        assert_eq!(transpose(&[2]), None);
    }

    #[test]
    fn shapes_that_no_memory_holds_are_refused_even_when_empty() {
        let huge = usize::MAX / 2 + 1;
        assert_eq!(checked_len(&[2, 0, 3]), Some(0));
        assert_eq!(checked_len(&[huge, 2]), None);
        assert_eq!(checked_len(&[huge, 2, 0]), None);
        let side = 1 << (usize::BITS / 2);
        assert_eq!(broadcast(&[&[side, 1, 0], &[side, 0]]), None);
        assert_eq!(matmul(&[side, 0], false, &[0, side], false), None);
    }
}
