//! Elementwise combination of two structures of leaves, in double precision.

use cotangent_runtime::{Floats, FloatsMut, Leaves, Path};

use crate::Error;

/// Replaces every element `a` of `target` by `f(a, b)`, with `b` the element of `other`.
pub(super) fn combine<M: Leaves>(
    target: &mut M,
    other: &M,
    f: impl Fn(f64, f64) -> f64,
) -> Result<(), Error> {
    // Two structures of one type have the same precision at the same path.
    let walked = target.zip_leaves(other, &Path::Root, &mut |_, mut a, b| match b.data {
        _ if b.rows.is_some() => {
            let mut at = 0;
            b.each_at(a.rows, |b| {
                a.data.update_at(at, |a| f(a, b));
                at += 1;
            });
        }
        Floats::F16(b) => paired(&mut a.data, b.iter().map(|b| b.to_f64()), &f),
        Floats::Bf16(b) => paired(&mut a.data, b.iter().map(|b| b.to_f64()), &f),
        Floats::F32(b) => paired(&mut a.data, b.iter().map(|&b| f64::from(b)), &f),
        Floats::F64(b) => paired(&mut a.data, b.iter().copied(), &f),
    });
    walked.map_err(|mismatch| Error::structure(mismatch.to_string()))
}

fn paired(a: &mut FloatsMut<'_>, b: impl Iterator<Item = f64>, f: impl Fn(f64, f64) -> f64) {
    let mut b = b;
    a.update(|a| b.next().map_or(a, |b| f(a, b)));
}

/// Replaces every element of `target` by that of `other`, bit for bit.
pub(super) fn copy<M: Leaves>(target: &mut M, other: &M) -> Result<(), Error> {
    combine(target, other, |_, b| b)
}

/// Whether a leaf is a list of rows.
pub(super) fn lists_rows(structure: &impl Leaves) -> bool {
    let mut any = false;
    structure.leaves(&Path::Root, &mut |_, leaf| any |= leaf.rows.is_some());
    any
}

/// Replaces every element.
pub(super) fn fill(target: &mut impl Leaves, mut f: impl FnMut() -> f64) {
    target.leaves_mut(&Path::Root, &mut |_, mut leaf| leaf.data.update(|_| f()));
}

/// The sum over all elements of two structures of `f(a, b)`.
pub(super) fn sum<M: Leaves>(
    target: &mut M,
    other: &M,
    f: impl Fn(f64, f64) -> f64,
) -> Result<f64, Error> {
    let mut total = 0.0;
    let walked = target.zip_leaves(other, &Path::Root, &mut |_, a, b| match (a.data, b.data) {
        (FloatsMut::F32(x), _) if b.rows.is_some() => {
            let mut x = x.iter();
            b.each_at(a.rows, |b| {
                total += x.next().map_or(0.0, |x| f(f64::from(*x), b))
            });
        }
        (FloatsMut::F64(x), _) if b.rows.is_some() => {
            let mut x = x.iter();
            b.each_at(a.rows, |b| total += x.next().map_or(0.0, |x| f(*x, b)));
        }
        (FloatsMut::F32(a), Floats::F32(b)) => {
            total += a
                .iter()
                .zip(b)
                .map(|(a, b)| f(f64::from(*a), f64::from(*b)))
                .sum::<f64>();
        }
        (FloatsMut::F64(a), Floats::F64(b)) => {
            total += a.iter().zip(b).map(|(a, b)| f(*a, *b)).sum::<f64>();
        }
        (FloatsMut::F16(a), Floats::F16(b)) => {
            let terms = a.iter().zip(b).map(|(a, b)| f(a.to_f64(), b.to_f64()));
            total += terms.sum::<f64>();
        }
        (FloatsMut::Bf16(a), Floats::Bf16(b)) => {
            let terms = a.iter().zip(b).map(|(a, b)| f(a.to_f64(), b.to_f64()));
            total += terms.sum::<f64>();
        }
        // As in `combine`.
        _ => {}
    });
    walked.map_err(|mismatch| Error::structure(mismatch.to_string()))?;
    Ok(total)
}
