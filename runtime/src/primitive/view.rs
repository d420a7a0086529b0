//! Strided views: every movement of elements that is affine in their indices, as one primitive and
//! its adjoint. Permutations, slices with steps, flips, broadcasts, diagonals, sliding windows and
//! padding are views or places with other strides.

use std::ops::Range;

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

primitive! {
    /// `PLACE` over what is there: a step of a plan that adds to a cotangent.
    PLACE_ADD place_add |_, _| Err("its shape is that of another tensor".to_owned())
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

/// Elements of a view that are evenly spaced: as many from the k-th on, the first of which stands at `at`.
struct Run {
    k: usize,
    at: i64,
    count: usize,
    step: i64,
}

impl Run {
    /// Where the elements stand.
    fn places(&self) -> impl Iterator<Item = usize> {
        let (mut at, step) = (self.at, self.step);
        (0..self.count).map(move |_| {
            let here = index(at);
            at += step;
            here
        })
    }

    /// Where they stand if that is one after another.
    fn together(&self) -> Option<Range<usize>> {
        let at = index(self.at);
        (self.step == 1).then_some(at..at + self.count)
    }
}

/// Visits all elements of a view in their order, in runs that are as long as can be.
fn each(args: &[i64], mut visit: impl FnMut(&Run)) {
    let rank = index(args[0]);
    let (sizes, rest) = args[1..].split_at(rank);
    let (strides, rest) = rest.split_at(rank);
    let (mut axes, mut count, mut step) = (rank, 1, 1);
    if let (Some(&last), Some(&stride)) = (sizes.last(), strides.last()) {
        (axes, count, step) = (rank - 1, last, stride);
        while axes > 0 && strides[axes - 1] == step * count {
            axes -= 1;
            count *= sizes[axes];
        }
    }
    let outer: usize = sizes[..axes].iter().map(|&size| index(size)).product();
    let count = index(count);
    let mut position = [0_i64; MOST_AXES];
    let mut at = rest[0];
    for run in 0..outer {
        visit(&Run {
            k: run * count,
            at,
            count,
            step,
        });
        for axis in (0..axes).rev() {
            position[axis] += 1;
            at += strides[axis];
            if position[axis] < sizes[axis] {
                break;
            }
            at -= strides[axis] * sizes[axis];
            position[axis] = 0;
        }
    }
}

fn view<T: Real>(call: Call<'_, T>) {
    let (x, y) = (call.x[0], call.y);
    each(call.args, |run| {
        let y = &mut y[run.k..run.k + run.count];
        match run.together() {
            Some(places) => y.copy_from_slice(&x[places]),
            None => y
                .iter_mut()
                .zip(run.places())
                .for_each(|(y, at)| *y = x[at]),
        }
    });
}

/// Where elements of a view go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Added,
    Stored,
}

fn put<T: Real>(call: Call<'_, T>, how: Put) {
    let (x, y) = (call.x[0], call.y);
    each(call.args, |run| {
        let x = &x[run.k..run.k + run.count];
        match (run.together(), how) {
            (Some(places), Put::Added) => {
                let y = y[places].iter_mut().zip(x);
                y.for_each(|(y, &x)| *y += x);
            }
            (Some(places), Put::Stored) => y[places].copy_from_slice(x),
            (None, Put::Added) => {
                for (at, &x) in run.places().zip(x) {
                    y[at] += x;
                }
            }
            (None, Put::Stored) => {
                for (at, &x) in run.places().zip(x) {
                    y[at] = x;
                }
            }
        }
    });
}

fn place_zero<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    put(call, Put::Added);
}

fn place_add<T: Real>(call: Call<'_, T>) {
    put(call, Put::Added);
}

fn place<T: Real>(call: Call<'_, T>) {
    let fill = call.args.last().map_or(0, |bits| bits.cast_unsigned());
    let fill = f64::from_bits(fill);
    if fill == 0.0 {
        place_zero(call);
    } else {
        // A fill value is no term of a sum: the view of a padding meets each element once.
        call.y.fill(T::from_f64(fill));
        put(call, Put::Stored);
    }
}
