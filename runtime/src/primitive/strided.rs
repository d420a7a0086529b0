//! The strided views behind the shape methods: from sizes alone, or why there is no such view.

use super::view::{Strided, size};
use crate::axes::{Over, Span, position};
use crate::shape;

type Viewed = Result<Strided, String>;

/// Axis i of the result is axis `axes[i]`.
pub(crate) fn permute(of: &[usize], axes: &[isize]) -> Viewed {
    let rank = of.len();
    let order = axes
        .iter()
        .map(|&axis| position(axis, rank))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(format!("{axes:?} is no permutation of its {rank} axes"));
    }
    let mut view = Strided::whole(of);
    view.shape = order.iter().map(|&axis| of[axis]).collect();
    view.strides = order.iter().map(|&axis| view.strides[axis]).collect();
    Ok(view)
}

/// Every `step`-th entry of a range along an axis; a negative step begins at the range's end.
pub(crate) fn slice(of: &[usize], axis: isize, range: &impl Span, step: isize) -> Viewed {
    let axis = position(axis, of.len())?;
    let (start, count) = range.on(of[axis])?;
    if step == 0 {
        return Err("a step of 0".to_owned());
    }
    let mut view = Strided::whole(of);
    let stride = view.strides[axis];
    let first = if step < 0 {
        size(start + count) - 1
    } else {
        size(start)
    };
    view.shape[axis] = count.div_ceil(step.unsigned_abs());
    view.offset = if count == 0 { 0 } else { first * stride };
    view.strides[axis] = stride * step as i64;
    Ok(view)
}

/// The order of entries reversed along axes.
pub(crate) fn flip(of: &[usize], axes: &Over) -> Viewed {
    let mut view = Strided::whole(of);
    for axis in axes.resolve(of.len())? {
        if of[axis] > 0 {
            view.offset += view.strides[axis] * (size(of[axis]) - 1);
        }
        view.strides[axis] = -view.strides[axis];
    }
    Ok(view)
}

/// Broadcast to a shape by NumPy's rules.
pub(crate) fn broadcast(of: &[usize], to: &[usize]) -> Viewed {
    let joined = shape::broadcast(&[of, to]);
    if joined.as_deref() != Some(to) {
        return Err(format!("it does not broadcast to {to:?}"));
    }
    let mut view = Strided::whole(of);
    view.strides = shape::broadcast_strides(of, to)
        .into_iter()
        .map(size)
        .collect();
    view.shape = to.to_vec();
    Ok(view)
}

/// The diagonal of the last two axes that begins `offset` columns to the right.
pub(crate) fn diagonal(of: &[usize], offset: isize) -> Viewed {
    let &[ref batch @ .., rows, columns] = of else {
        return Err("a diagonal needs two axes".to_owned());
    };
    let whole = Strided::whole(of);
    let (down, right) = (offset.min(0).unsigned_abs(), offset.max(0).unsigned_abs());
    let count = rows.saturating_sub(down).min(columns.saturating_sub(right));
    let strides = &whole.strides;
    let (row, column) = (strides[of.len() - 2], strides[of.len() - 1]);
    let start = if count == 0 {
        0
    } else {
        size(down) * row + size(right) * column
    };
    Ok(Strided {
        shape: [batch, &[count]].concat(),
        strides: [&strides[..batch.len()], &[row + column]].concat(),
        offset: start,
        outer: whole.outer,
    })
}

/// Padding: where a tensor stands in the larger one. The outer tensor is the result.
pub(crate) fn padded(of: &[usize], margins: &[(usize, usize)]) -> Viewed {
    if margins.len() != of.len() {
        let (given, rank) = (margins.len(), of.len());
        return Err(format!("{given} pairs of margins for its {rank} axes"));
    }
    let sizes = of.iter().zip(margins);
    let outer: Vec<usize> = sizes
        .map(|(size, (before, after))| before + size + after)
        .collect();
    let mut view = Strided::whole(&outer);
    view.offset = if of.contains(&0) {
        0
    } else {
        let steps = view.strides.iter().zip(margins);
        steps
            .map(|(stride, &(before, _))| stride * size(before))
            .sum()
    };
    view.shape = of.to_vec();
    Ok(view)
}

/// Sliding windows over the last axes: `[.., L..]` to `[.., P.., K..]`, where window p of an axis
/// holds the entries `p stride + q dilation` for q below the window's size.
pub(crate) fn windows(
    of: &[usize],
    window: &[usize],
    stride: &[usize],
    dilation: &[usize],
) -> Viewed {
    let axes = window.len();
    if stride.len() != axes || dilation.len() != axes || of.len() < axes {
        return Err(format!(
            "window {window:?}, stride {stride:?} and dilation {dilation:?} must each have one number for each of the last axes"
        ));
    }
    let lead = of.len() - axes;
    let mut view = Strided::whole(of);
    for k in 0..axes {
        let (length, step) = (of[lead + k], stride[k]);
        let reach = window[k].saturating_sub(1) * dilation[k] + 1;
        if step == 0 || window[k] == 0 || dilation[k] == 0 || reach > length {
            return Err(format!(
                "a window of {} with dilation {} and stride {step} does not fit an axis of size {length}",
                window[k], dilation[k]
            ));
        }
        view.shape[lead + k] = (length - reach) / step + 1;
        view.shape.push(window[k]);
        view.strides
            .push(view.strides[lead + k] * size(dilation[k]));
        view.strides[lead + k] *= size(step);
    }
    Ok(view)
}

/// The windows of a convolution over `[N, C, L..]` as `[G, N, P.., C / G, K..]`: the rows of a matrix
/// product for each group of channels.
pub(crate) fn patches(
    of: &[usize],
    window: &[usize],
    stride: &[usize],
    dilation: &[usize],
    groups: usize,
) -> Viewed {
    let view = windows(of, window, stride, dilation)?;
    let axes = window.len();
    let per_group = of[1] / groups;
    let (shape, strides) = (&view.shape, &view.strides);
    let channels = strides[1];
    Ok(Strided {
        shape: [
            &[groups, shape[0]],
            &shape[2..2 + axes],
            &[per_group],
            &shape[2 + axes..],
        ]
        .concat(),
        strides: [
            &[channels * size(per_group), strides[0]],
            &strides[2..2 + axes],
            &[channels],
            &strides[2 + axes..],
        ]
        .concat(),
        ..view
    })
}
