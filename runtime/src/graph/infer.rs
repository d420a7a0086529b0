//! Concrete shapes of a region's values, from those of its inputs.

use super::region::{Axes, Place, Region, ShapeRule, ValueIndex};
use crate::{Error, shape};

/// Infers the shape of every value. After a mismatch the rest is plausible, and the first error is
/// returned beside the shapes.
pub(crate) fn infer(region: &Region, inputs: &[Vec<usize>]) -> (Vec<Vec<usize>>, Option<Error>) {
    let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(region.values.len());
    let mut error = None;
    let mut given = inputs.iter();
    for value in region.values {
        let shape = match &value.shape {
            ShapeRule::Input => given.next().cloned().unwrap_or_default(),
            ShapeRule::Scalar => Vec::new(),
            ShapeRule::Like(like) => at(&shapes, *like).to_vec(),
            ShapeRule::Broadcast(of) => {
                let operands: Vec<&[usize]> = of.iter().map(|&id| at(&shapes, id)).collect();
                shape::broadcast(&operands).unwrap_or_else(|| {
                    fail(&mut error, &value.place, &operands, "do not broadcast");
                    operands[0].to_vec()
                })
            }
            ShapeRule::MatMul { a, b, transpose_a, transpose_b } => {
                let (a, b) = (at(&shapes, *a), at(&shapes, *b));
                product(a, b, *transpose_a, *transpose_b).unwrap_or_else(|why| {
                    fail(&mut error, &value.place, &[a, b], why);
                    a.to_vec()
                })
            }
            ShapeRule::Reduce { of, axes, keep } => {
                let of = at(&shapes, *of);
                reduce(of, *axes, *keep).unwrap_or_else(|| {
                    fail(&mut error, &value.place, &[of], "has no such axis");
                    of.to_vec()
                })
            }
            ShapeRule::Transpose(of) => {
                let mut shape = at(&shapes, *of).to_vec();
                let rank = shape.len();
                if rank < 2 {
                    fail(&mut error, &value.place, &[&shape], "has fewer than two axes");
                } else {
                    shape.swap(rank - 1, rank - 2);
                }
                shape
            }
            ShapeRule::Reshape(of, sizes) => {
                let of = at(&shapes, *of);
                reshape(of, sizes).unwrap_or_else(|| {
                    fail(&mut error, &value.place, &[of], "has another number of elements");
                    of.to_vec()
                })
            }
            ShapeRule::Rows { logits, labels } => {
                let (logits, labels) = (at(&shapes, *logits), at(&shapes, *labels));
                let rows = logits.len().checked_sub(1).map(|rank| &logits[..rank]);
                if rows != Some(labels) {
                    let why = "do not fit: labels have the shape of the logits without the classes";
                    fail(&mut error, &value.place, &[logits, labels], why);
                }
                rows.unwrap_or_default().to_vec()
            }
        };
        shapes.push(shape);
    }
    (shapes, error)
}

fn at(shapes: &[Vec<usize>], value: ValueIndex) -> &[usize] {
    &shapes[usize::from(value)]
}

fn fail(error: &mut Option<Error>, place: &Place, operands: &[&[usize]], why: &str) {
    error.get_or_insert_with(|| Error::shape(place, operands, why));
}

/// The shape of a matrix product over the last two axes, batches broadcast.
fn product(a: &[usize], b: &[usize], ta: bool, tb: bool) -> Result<Vec<usize>, &'static str> {
    let ([batch_a @ .., a0, a1], [batch_b @ .., b0, b1]) = (a, b) else {
        return Err("must have at least two axes each inside a graph (reshape a vector)");
    };
    let (m, k) = if ta { (*a1, *a0) } else { (*a0, *a1) };
    let (other, n) = if tb { (*b1, *b0) } else { (*b0, *b1) };
    if k != other {
        return Err("have inner sizes that differ");
    }
    let mut shape = shape::broadcast(&[batch_a, batch_b]).ok_or("have batches that do not broadcast")?;
    shape.extend([m, n]);
    Ok(shape)
}

fn reduce(of: &[usize], axes: Axes, keep: bool) -> Option<Vec<usize>> {
    let rank = i32::try_from(of.len()).ok()?;
    let reduced: Vec<usize> = match axes {
        Axes::All => (0..of.len()).collect(),
        Axes::These(axes) => axes
            .iter()
            .map(|&axis| usize::try_from(if axis < 0 { axis + rank } else { axis }).ok())
            .collect::<Option<_>>()?,
    };
    if reduced.iter().any(|&axis| axis >= of.len()) {
        return None;
    }
    let mut shape = Vec::new();
    for (axis, &size) in of.iter().enumerate() {
        match (reduced.contains(&axis), keep) {
            (false, _) => shape.push(size),
            (true, true) => shape.push(1),
            (true, false) => {}
        }
    }
    Some(shape)
}

fn reshape(of: &[usize], sizes: &[i64]) -> Option<Vec<usize>> {
    let total: usize = of.iter().product();
    let known: usize =
        sizes.iter().filter(|&&size| size >= 0).map(|&size| usize::try_from(size).unwrap_or(0)).product();
    let mut free = sizes.iter().filter(|&&size| size < 0);
    let missing = match (free.next(), free.next()) {
        (None, _) => 1,
        (Some(_), None) if known > 0 && total.is_multiple_of(known) => total / known,
        _ => return None,
    };
    let shape: Vec<usize> =
        sizes.iter().map(|&size| usize::try_from(size).unwrap_or(missing)).collect();
    (shape.iter().product::<usize>() == total).then_some(shape)
}
