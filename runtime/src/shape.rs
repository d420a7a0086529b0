//! Arithmetic of shapes.

/// The shape that all shapes broadcast to by NumPy's rules: aligned at the last axis, where sizes
/// are equal or 1.
pub(crate) fn broadcast(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut result = vec![1; rank];
    for shape in shapes {
        for (size, &other) in result[rank - shape.len()..].iter_mut().zip(*shape) {
            match (*size, other) {
                (a, b) if a == b => {}
                (1, b) => *size = b,
                (_, 1) => {}
                _ => return None,
            }
        }
    }
    Some(result)
}

/// Element strides of a contiguous array of this shape inside a domain that it broadcasts to:
/// 0 along every axis that is broadcast.
pub(crate) fn strides_in(shape: &[usize], domain: &[usize]) -> Vec<usize> {
    let lead = domain.len() - shape.len();
    let mut strides = vec![0; domain.len()];
    let mut stride = 1;
    for (axis, &size) in shape.iter().enumerate().rev() {
        if size != 1 {
            strides[lead + axis] = stride;
        }
        stride *= size;
    }
    strides
}

/// The position of an axis that may count from the end.
pub(crate) fn axis(axis: isize, rank: usize) -> Option<usize> {
    let position = if axis < 0 { rank.checked_sub(axis.unsigned_abs())? } else { axis.unsigned_abs() };
    (position < rank).then_some(position)
}
