//! Concrete shapes of a region's values, from those of its inputs and the parameters of the instance.

use super::region::{Axes, Node, Operand, Place, Region, ShapeRule, ValueIndex};
use crate::error::EMPTY_MEAN;
use crate::{Error, shape};

/// An error, and the operands that it is about.
pub(crate) type Mismatch = (Error, Vec<ValueIndex>);

/// Infers the shape of every value. After a mismatch the rest is plausible, and the first one is
/// returned beside the shapes.
pub(crate) fn infer(
    region: &Region,
    inputs: &[Vec<usize>],
    args: &[i64],
) -> (Vec<Vec<usize>>, Option<Mismatch>) {
    let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(region.values.len());
    let mut first = None;
    let mut given = inputs.iter();
    for value in region.values {
        let mut error = None;
        let shape = match &value.shape {
            ShapeRule::Input => given.next().cloned().unwrap_or_default(),
            ShapeRule::Scalar => Vec::new(),
            ShapeRule::Like(like) => at(&shapes, *like).to_vec(),
            ShapeRule::Broadcast(of) => {
                let operands: Vec<&[usize]> = of.iter().map(|&id| at(&shapes, id)).collect();
                shape::broadcast(&operands).unwrap_or_else(|| {
                    fail(
                        &mut error,
                        &value.place,
                        &operands,
                        "they do not broadcast against each other",
                    );
                    operands[0].to_vec()
                })
            }
            ShapeRule::MatMul {
                a,
                b,
                transpose_a,
                transpose_b,
            } => {
                let (a, b) = (at(&shapes, *a), at(&shapes, *b));
                if a.len().min(b.len()) < 2 && a.len().max(b.len()) > 2 {
                    let why = "a product of a vector and a batch of matrices: reshape the vector";
                    fail(&mut error, &value.place, &[a, b], why);
                }
                shape::matmul(a, *transpose_a, b, *transpose_b).unwrap_or_else(|| {
                    fail(
                        &mut error,
                        &value.place,
                        &[a, b],
                        "the inner sizes differ, or the batches do not broadcast",
                    );
                    a.to_vec()
                })
            }
            ShapeRule::Reduce { of, axes, keep } => {
                let of = at(&shapes, *of);
                reduce(of, *axes, *keep, args).unwrap_or_else(|| {
                    fail(&mut error, &value.place, &[of], "there is no such axis");
                    of.to_vec()
                })
            }
            ShapeRule::Transpose(of) => {
                let of = at(&shapes, *of);
                shape::transpose(of).unwrap_or_else(|| {
                    fail(
                        &mut error,
                        &value.place,
                        &[of],
                        "a transpose needs two axes",
                    );
                    of.to_vec()
                })
            }
            ShapeRule::Reshape(of, _) | ShapeRule::ReshapeGiven(of) => {
                let of = at(&shapes, *of);
                let sizes = match &value.shape {
                    ShapeRule::Reshape(_, sizes) => sizes,
                    _ => args,
                };
                shape::reshape(of, sizes).unwrap_or_else(|| {
                    let why = format!("it has another number of elements than {sizes:?}");
                    fail(&mut error, &value.place, &[of], &why);
                    of.to_vec()
                })
            }
            ShapeRule::Primitive { op, inputs } => {
                let operands: Vec<&[usize]> = inputs.iter().map(|&id| at(&shapes, id)).collect();
                (op.infer)(&operands, args).unwrap_or_else(|why| {
                    fail(&mut error, &value.place, &operands, &why);
                    operands[0].to_vec()
                })
            }
            ShapeRule::Rows { logits, labels } => {
                let (logits, labels) = (at(&shapes, *logits), at(&shapes, *labels));
                let rows = logits.len().checked_sub(1).map(|rank| &logits[..rank]);
                if rows != Some(labels) {
                    let why = "the labels must have the shape of the logits without the classes";
                    fail(&mut error, &value.place, &[logits, labels], why);
                }
                rows.unwrap_or_default().to_vec()
            }
        };
        shapes.push(shape);
        if let Some(error) = error {
            first.get_or_insert((error, value.shape.operands()));
        }
    }
    let error = first.or_else(|| mean_of_nothing(region, &shapes));
    (shapes, error)
}

/// The error of a mean over no elements. It is a sum over its number of terms, which is how many
/// elements its operand has for each of the sum.
fn mean_of_nothing(region: &Region, shapes: &[Vec<usize>]) -> Option<Mismatch> {
    let operands = region.forward.iter().flat_map(|node| match node {
        Node::Fused { inputs, .. } => *inputs,
        _ => &[],
    });
    let mut counts = operands.filter_map(|operand| match *operand {
        Operand::Ratio { of, by } => Some((of, by)),
        Operand::Value(_) => None,
    });
    let (of, by) =
        counts.find(|&(of, by)| at(shapes, of).contains(&0) && !at(shapes, by).contains(&0))?;
    let place = Place {
        what: "mean",
        ..region.values[usize::from(by)].place
    };
    let error = Error::shape(place, &[at(shapes, of)], EMPTY_MEAN);
    Some((error, vec![of]))
}

fn at(shapes: &[Vec<usize>], value: ValueIndex) -> &[usize] {
    &shapes[usize::from(value)]
}

fn fail(error: &mut Option<Error>, place: &Place, operands: &[&[usize]], why: &str) {
    error.get_or_insert_with(|| Error::shape(*place, operands, why));
}

/// The shape after a reduction over several axes.
fn reduce(of: &[usize], axes: Axes, keep: bool, args: &[i64]) -> Option<Vec<usize>> {
    let reduced: Vec<usize> = match axes {
        Axes::All => (0..of.len()).collect(),
        Axes::These(axes) => axes
            .iter()
            .map(|&axis| shape::axis(isize::try_from(axis).ok()?, of.len()))
            .collect::<Option<_>>()?,
        Axes::Given => args
            .iter()
            .map(|&axis| shape::axis(isize::try_from(axis).ok()?, of.len()))
            .collect::<Option<_>>()?,
    };
    let sizes = of.iter().enumerate();
    let kept = sizes.filter_map(|(axis, &size)| match (reduced.contains(&axis), keep) {
        (false, _) => Some(size),
        (true, true) => Some(1),
        (true, false) => None,
    });
    Some(kept.collect())
}
