//! What can be said of strided views without moving an element: one after another, under another shape,
//! and backwards.

use super::index;
use super::view::{Strided, size};

impl Strided {
    /// The view that parameters describe, of its outer tensor seen as one row.
    pub(crate) fn from_args(args: &[i64]) -> Strided {
        let rank = index(args[0]);
        let (sizes, rest) = args[1..].split_at(rank);
        let outer = &rest[rank + 1..rest.len() - 1];
        Strided {
            outer: outer.iter().map(|&count| index(count)).collect(),
            shape: sizes.iter().map(|&count| index(count)).collect(),
            strides: rest[..rank].to_vec(),
            offset: rest[rank],
        }
    }

    /// The first entries of each axis, as many as `shape` has, or the last ones.
    pub(crate) fn part(of: &[usize], shape: &[usize], last: bool) -> Strided {
        let whole = Strided::whole(of);
        let skipped = of.iter().zip(shape).map(|(all, kept)| size(all - kept));
        let ends = skipped
            .zip(&whole.strides)
            .map(|(skipped, stride)| skipped * stride);
        Strided {
            offset: if last { ends.sum() } else { 0 },
            shape: shape.to_vec(),
            ..whole
        }
    }

    /// The transpose over the last two axes, if there are two.
    pub(crate) fn transpose_of(shape: &[usize]) -> Option<Strided> {
        let mut seen = Strided::whole(shape);
        let row = shape.len().checked_sub(2)?;
        seen.shape.swap(row, row + 1);
        seen.strides.swap(row, row + 1);
        Some(seen)
    }

    /// Whether it steps forwards along every axis.
    pub(crate) fn is_forward(&self) -> bool {
        self.strides.iter().all(|&stride| stride >= 0) && self.offset >= 0
    }

    /// Where its first element is.
    pub(crate) fn first(&self) -> usize {
        index(self.offset)
    }

    /// The strides of a view that steps forwards, 0 along axes of one element.
    pub(crate) fn forward_strides(&self) -> Vec<usize> {
        let axes = self.shape.iter().zip(&self.strides);
        axes.map(|(&count, &stride)| if count == 1 { 0 } else { index(stride) })
            .collect()
    }

    /// A view of this view: `then` counts the elements of this one as if they stood in a row. `None` where
    /// no single view does both.
    pub(crate) fn followed_by(&self, then: &Strided) -> Option<Strided> {
        if self.shape.contains(&0) || then.shape.contains(&0) {
            return None;
        }
        let rows = Strided::whole(&self.shape).strides;
        // Steps along the axes of this view that make up a step in a row.
        let steps = |count: i64| -> Vec<i64> {
            let sizes = self.shape.iter().zip(&rows);
            let digit = |(&length, &row): (&usize, &i64)| count / row % size(length);
            sizes.map(digit).collect()
        };
        let start = steps(then.offset);
        let (mut low, mut high) = (start.clone(), start.clone());
        let mut strides = Vec::with_capacity(then.shape.len());
        for (&count, &stride) in then.shape.iter().zip(&then.strides) {
            if count == 1 {
                strides.push(0);
                continue;
            }
            // The digits have the sign of the stride; a carry would leave its axis.
            let along = steps(stride);
            let carried = along.iter().zip(&rows).map(|(step, row)| step * row);
            if carried.sum::<i64>() != stride {
                return None;
            }
            for (axis, &step) in along.iter().enumerate() {
                let reach = step * (size(count) - 1);
                low[axis] += reach.min(0);
                high[axis] += reach.max(0);
            }
            strides.push(dot(&along, &self.strides));
        }
        let inside = low.iter().all(|&low| low >= 0)
            && high
                .iter()
                .zip(&self.shape)
                .all(|(&high, &length)| high < size(length));
        inside.then(|| Strided {
            outer: self.outer.clone(),
            shape: then.shape.clone(),
            strides,
            offset: self.offset + dot(&start, &self.strides),
        })
    }

    /// The same elements in the same order under another shape, if that is a view.
    pub(crate) fn of_shape(&self, shape: &[usize]) -> Option<Strided> {
        if self.shape == shape {
            return Some(self.clone());
        }
        if shape.contains(&0) {
            return None;
        }
        // Axes whose elements are evenly spaced, as one.
        let mut runs: Vec<(usize, i64)> = Vec::new();
        for (&count, &stride) in self.shape.iter().zip(&self.strides) {
            match runs.last_mut() {
                _ if count == 1 => {}
                Some((length, step)) if *step == stride * size(count) => {
                    (*length, *step) = (*length * count, stride);
                }
                _ => runs.push((count, stride)),
            }
        }
        let mut strides = vec![0; shape.len()];
        let mut run = runs.pop();
        for (axis, &count) in shape.iter().enumerate().rev() {
            if count == 1 {
                continue;
            }
            let (length, step) = run?;
            if length % count != 0 {
                return None;
            }
            strides[axis] = step;
            run = match length / count {
                1 => runs.pop(),
                rest => Some((rest, step * size(count))),
            };
        }
        (run.is_none() && runs.is_empty()).then(|| Strided {
            outer: self.outer.clone(),
            shape: shape.to_vec(),
            strides,
            offset: self.offset,
        })
    }

    /// The view of its elements that is the outer tensor: there is one if it only orders the axes anew.
    pub(crate) fn inverse(&self) -> Option<Strided> {
        let rows = Strided::whole(&self.shape).strides;
        let axes = self.shape.iter().zip(&self.strides).zip(rows);
        let mut axes: Vec<(i64, usize, i64)> = axes
            .filter(|((count, _), _)| **count != 1)
            .map(|((&count, &stride), row)| (stride, count, row))
            .collect();
        axes.sort_unstable_by_key(|&(stride, ..)| std::cmp::Reverse(stride));
        let mut next = 1;
        for &(stride, count, _) in axes.iter().rev() {
            if stride != next {
                return None;
            }
            next *= size(count);
        }
        let elements: usize = self.outer.iter().product();
        if self.offset != 0 || next != size(elements) {
            return None;
        }
        let ordered = Strided {
            outer: self.shape.clone(),
            shape: axes.iter().map(|&(_, count, _)| count).collect(),
            strides: axes.iter().map(|&(_, _, row)| row).collect(),
            offset: 0,
        };
        ordered.of_shape(&self.outer)
    }

    /// The shape of what it is the transpose of, over the last two axes, if it is one.
    pub(crate) fn transposed(&self) -> Option<Vec<usize>> {
        let &[ref batch @ .., rows, columns] = &self.shape[..] else {
            return None;
        };
        let shape = [batch, &[columns, rows]].concat();
        let strides = Strided::transpose_of(&shape)?.strides;
        let same = |axis: usize| self.shape[axis] == 1 || strides[axis] == self.strides[axis];
        (self.offset == 0 && (0..strides.len()).all(same)).then_some(shape)
    }
}

fn dot(a: &[i64], b: &[i64]) -> i64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::strided::{broadcast, diagonal, flip, permute, slice};

    /// The elements of a view of 0, 1, 2, ..
    fn elements(view: &Strided, of: &[i64]) -> Vec<i64> {
        let total: usize = view.shape.iter().product();
        let mut all = Vec::new();
        for number in 0..total {
            let (mut rest, mut at) = (number, view.offset);
            for (&count, &stride) in view.shape.iter().zip(&view.strides).rev() {
                at += size(rest % count) * stride;
                rest /= count;
            }
            all.push(of[index(at)]);
        }
        all
    }

    /// Views of a tensor of that shape, by every method.
    fn views(of: &[usize]) -> Vec<Strided> {
        let rank = isize::try_from(of.len()).unwrap();
        let mut all = Vec::new();
        let backwards: Vec<isize> = (0..rank).rev().collect();
        all.push(permute(of, &backwards).unwrap());
        let turned: Vec<isize> = (1..rank).chain([0]).collect();
        all.push(permute(of, &turned).unwrap());
        for axis in 0..rank {
            all.push(slice(of, axis, &(1..), 1).unwrap());
            all.push(slice(of, axis, &(..), 2).unwrap());
            all.push(slice(of, axis, &(..), -1).unwrap());
        }
        all.push(flip(of, &crate::axes::Over::from(0)).unwrap());
        all.push(broadcast(of, &[&[2], of].concat()).unwrap());
        all.push(diagonal(of, 0).unwrap());
        all
    }

    #[test]
    fn a_view_of_a_view_is_one_view_or_none() {
        let of = [4, 3, 5];
        let numbers: Vec<i64> = (0..60).collect();
        let (mut joined, mut apart) = (0, 0);
        for first in views(&of) {
            let between = elements(&first, &numbers);
            for second in views(&first.shape) {
                match first.followed_by(&second) {
                    Some(both) => {
                        joined += 1;
                        assert_eq!(elements(&both, &numbers), elements(&second, &between));
                    }
                    None => apart += 1,
                }
            }
        }
        assert!(
            joined > 5 * apart,
            "{joined} views of views, {apart} that need a copy"
        );
    }

    #[test]
    fn another_shape_keeps_the_order_of_the_elements() {
        let numbers: Vec<i64> = (0..60).collect();
        let mut found = 0;
        for view in views(&[4, 3, 5]) {
            let total: usize = view.shape.iter().product();
            let sizes = &view.shape[..];
            let joined = [&[sizes[..2].iter().product()], &sizes[2..]].concat();
            let shapes = [
                vec![total],
                [&[1], sizes, &[1]].concat(),
                joined,
                vec![2, total / 2],
            ];
            for shape in shapes {
                if shape.iter().product::<usize>() == total
                    && let Some(other) = view.of_shape(&shape)
                {
                    found += 1;
                    assert_eq!(other.shape, shape);
                    assert_eq!(elements(&other, &numbers), elements(&view, &numbers));
                }
            }
        }
        assert!(found > 10);
        // Columns first: no view of these elements in a row.
        assert_eq!(permute(&[2, 3], &[1, 0]).unwrap().of_shape(&[6]), None);
    }

    #[test]
    fn the_inverse_of_a_permutation_undoes_it() {
        let of = [4, 1, 3, 5];
        let numbers: Vec<i64> = (0..60).collect();
        for axes in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            let view = permute(&of, &axes).unwrap();
            let back = view.inverse().unwrap();
            assert_eq!(back.shape, of);
            assert_eq!(elements(&back, &elements(&view, &numbers)), numbers);
        }
        assert_eq!(slice(&[4, 3], 0, &(1..), 1).unwrap().inverse(), None);
        assert_eq!(
            flip(&[4, 3], &crate::axes::Over::from(0))
                .unwrap()
                .inverse(),
            None
        );
        assert_eq!(broadcast(&[4, 1], &[4, 3]).unwrap().inverse(), None);
    }

    #[test]
    fn parts_are_slices_from_either_end() {
        let of = [4, 3, 5];
        assert_eq!(
            Strided::part(&of, &[4, 2, 5], false),
            slice(&of, 1, &(..2), 1).unwrap()
        );
        assert_eq!(
            Strided::part(&of, &[4, 2, 5], true),
            slice(&of, 1, &(1..), 1).unwrap()
        );
    }

    #[test]
    fn a_transpose_is_known_as_one() {
        let view = permute(&[2, 3, 4], &[0, 2, 1]).unwrap();
        assert_eq!(view.transposed(), Some(vec![2, 3, 4]));
        assert_eq!(permute(&[2, 3, 4], &[1, 0, 2]).unwrap().transposed(), None);
    }
}
