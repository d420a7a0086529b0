//! The tensor operations against loops over indices that are right by inspection, over awkward
//! shapes: empty ones, single elements, and sizes around the width of a vector.

mod common;

use common::{at, by_index, near, noise, with};
use cotangent_runtime::{Bag, Embedding, Pad, Tensor, concat, stack};

const SHAPES: &[&[usize]] = &[
    &[0],
    &[1],
    &[63],
    &[64],
    &[65],
    &[0, 3],
    &[3, 0],
    &[1, 1],
    &[2, 65],
    &[5, 1, 4],
    &[2, 3, 0, 2],
    &[3, 2, 4, 5],
];

#[test]
fn movements_equal_their_loops() {
    for shape in SHAPES {
        let x = noise(shape, 1);
        let rank = shape.len();
        let order: Vec<isize> = (0..rank as isize).rev().collect();
        let turned: Vec<usize> = shape.iter().rev().copied().collect();
        let reversed = |i: &[usize]| -> Vec<usize> { i.iter().rev().copied().collect() };
        near(
            &x.permute(&order),
            &by_index(&turned, |i| at(&x, &reversed(i))),
        );
        for axis in 0..rank {
            let (size, signed) = (shape[axis], axis as isize);
            let flipped = by_index(shape, |i| at(&x, &with(i, axis, size - 1 - i[axis])));
            near(&x.flip(signed), &flipped);
            let rolled = by_index(shape, |i| {
                at(&x, &with(i, axis, (i[axis] + size - 1) % size))
            });
            near(&x.roll(signed, 1), &rolled);
            let halved = with(shape, axis, size.div_ceil(2));
            let even = by_index(&halved, |i| at(&x, &with(i, axis, 2 * i[axis])));
            near(&x.slice_step(signed, .., 2), &even);
            let last = by_index(&halved, |i| at(&x, &with(i, axis, size - 1 - 2 * i[axis])));
            near(&x.slice_step(signed, .., -2), &last);
            if size > 0 {
                let rest = by_index(&with(shape, axis, size - 1), |i| {
                    at(&x, &with(i, axis, i[axis] + 1))
                });
                near(&x.slice(signed, 1..), &rest);
                let mut kept = shape.to_vec();
                kept.remove(axis);
                let entry = by_index(&kept, |i| {
                    let mut i = i.to_vec();
                    i.insert(axis, size - 1);
                    at(&x, &i)
                });
                near(&x.index_axis(signed, -1), &entry);
            }
            let joined = by_index(&with(shape, axis, 3 * size), |i| {
                at(&x, &with(i, axis, i[axis] % size.max(1)))
            });
            near(&concat(&[x.clone(), x.clone(), x.clone()], signed), &joined);
            let y = noise(shape, 2);
            let mut stacked = shape.to_vec();
            stacked.insert(axis, 2);
            let both = by_index(&stacked, |i| {
                let mut rest = i.to_vec();
                at(if rest.remove(axis) == 0 { &x } else { &y }, &rest)
            });
            near(&stack(&[x.clone(), y], signed), &both);
        }
    }
}

#[test]
fn margins_equal_their_loops() {
    for size in [1, 2, 5, 64] {
        let x = noise(&[size, 2], 3);
        for (mode, place) in [
            (Pad::Edge, (|k, n| k.clamp(0, n - 1)) as fn(i64, i64) -> i64),
            (Pad::Wrap, |k, n| k.rem_euclid(n)),
            (Pad::Reflect, |k, n| {
                let mut k = k;
                while n > 1 && !(0..n).contains(&k) {
                    k = if k < 0 { -k } else { 2 * (n - 1) - k };
                }
                if n == 1 { 0 } else { k }
            }),
        ] {
            let padded = by_index(&[size + 7, 2], |i| {
                let k = place(i[0] as i64 - 4, size as i64);
                at(&x, &[k as usize, i[1]])
            });
            near(&x.pad(&[(4, 3), (0, 0)], mode), &padded);
        }
        let filled = by_index(&[size + 3, 3], |i| {
            let inside = (1..=size).contains(&i[0]) && i[1] < 2;
            if inside {
                at(&x, &[i[0] - 1, i[1]])
            } else {
                2.5
            }
        });
        near(&x.pad(&[(1, 2), (0, 1)], Pad::Constant(2.5)), &filled);
    }
}

/// All values along the axes for one index of the reduced tensor.
fn along(x: &Tensor<f64>, axes: &[usize], kept: &[usize]) -> Vec<f64> {
    let mut values = Vec::new();
    let mut index = vec![0; x.rank()];
    for flat in 0..x.len() {
        let mut rest = flat;
        for axis in (0..x.rank()).rev() {
            index[axis] = rest % x.shape()[axis];
            rest /= x.shape()[axis];
        }
        let here = (0..x.rank()).all(|axis| axes.contains(&axis) || index[axis] == kept[axis]);
        if here {
            values.push(x.data()[flat]);
        }
    }
    values
}

#[test]
fn reductions_equal_their_loops() {
    for shape in SHAPES {
        let x = noise(shape, 4);
        let mut choices = vec![(0..shape.len()).collect::<Vec<_>>()];
        choices.extend((0..shape.len()).map(|axis| vec![axis]));
        if shape.len() > 2 {
            choices.push(vec![0, 2]);
        }
        for axes in choices {
            let signed: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
            let kept: Vec<usize> = (0..shape.len())
                .map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] })
                .collect();
            let loop_over =
                |f: &dyn Fn(Vec<f64>) -> f64| by_index(&kept, |i| f(along(&x, &axes, i)));
            near(&x.sum_axis_keep(&signed), &loop_over(&|v| v.iter().sum()));
            near(
                &x.prod_axis_keep(&signed),
                &loop_over(&|v| v.iter().product()),
            );
            // Nothing has no extreme, which is an error.
            if axes.iter().all(|&axis| shape[axis] > 0) {
                let largest = loop_over(&|v| v.into_iter().fold(f64::NEG_INFINITY, f64::max));
                near(&x.max_axis_keep(&signed), &largest);
                let smallest = loop_over(&|v| v.into_iter().fold(f64::INFINITY, f64::min));
                near(&x.min_axis_keep(&signed), &smallest);
            }
            let some = loop_over(&|v| f64::from(u8::from(v.iter().any(|&x| x != 0.0))));
            near(&x.any_axis_keep(&signed), &some);
            let every = loop_over(&|v| f64::from(u8::from(v.iter().all(|&x| x != 0.0))));
            near(&x.all_axis_keep(&signed), &every);
            let log = loop_over(&|v| v.iter().map(|x| x.exp()).sum::<f64>().ln());
            near(&x.logsumexp_axis_keep(&signed), &log);
            let norm = loop_over(&|v| v.iter().map(|x| x * x).sum::<f64>().sqrt());
            near(&x.norm_axis_keep(&signed), &norm);
        }
        for axis in 0..shape.len() {
            let upto = |i: &[usize]| -> Vec<f64> {
                (0..=i[axis]).map(|k| at(&x, &with(i, axis, k))).collect()
            };
            let signed = axis as isize;
            near(
                &x.cumsum(signed),
                &by_index(shape, |i| upto(i).iter().sum()),
            );
            near(
                &x.cumprod(signed),
                &by_index(shape, |i| upto(i).iter().product()),
            );
            let largest = |i: &[usize]| upto(i).into_iter().fold(f64::NEG_INFINITY, f64::max);
            near(&x.cummax(signed), &by_index(shape, largest));
            let log = |i: &[usize]| upto(i).iter().map(|x| x.exp()).sum::<f64>().ln();
            near(&x.cumlogsumexp(signed), &by_index(shape, log));
            let sorted = by_index(shape, |i| {
                let line = (0..shape[axis]).map(|k| at(&x, &with(i, axis, k)));
                let mut line: Vec<f64> = line.collect();
                line.sort_by(f64::total_cmp);
                line[i[axis]]
            });
            near(&x.sort(signed), &sorted);
        }
    }
}

#[test]
fn lookups_and_bags_equal_their_loops() {
    for (rows, width, bags, size) in [(1, 1, 1, 1), (5, 3, 4, 0), (9, 64, 3, 5), (64, 65, 2, 9)] {
        let table = noise(&[rows, width], 1);
        let ids = Tensor::from_fn(&[bags, size], |i| ((i * i + 5) % rows) as u32);
        let id = |index: &[usize]| ids.data()[index[0] * size + index[1]] as usize;
        let found = by_index(&[bags, size, width], |i| at(&table, &[id(i), i[2]]));
        near(&table.embedding(&ids), &found);
        let padding = u32::try_from(rows - 1).unwrap();
        let words = Embedding::new(table.clone()).with_padding(padding);
        near(&words.lookup(&ids), &found);
        for (bag, padding) in [Bag::Sum, Bag::Mean]
            .into_iter()
            .zip([None, Some(rows - 1)])
        {
            let expected = by_index(&[bags, width], |i| {
                let (mut sum, mut count) = (0.0, 0.0);
                for k in 0..size {
                    let row = id(&[i[0], k]);
                    if padding != Some(row) {
                        sum += at(&table, &[row, i[1]]);
                        count += 1.0;
                    }
                }
                let mean = bag == Bag::Mean && count > 0.0;
                if mean { sum / count } else { sum }
            });
            match padding {
                None => near(&table.embedding_bag(&ids, bag), &expected),
                Some(_) => near(&words.bag(&ids, bag), &expected),
            }
        }
    }
}

#[test]
fn convolutions_and_pools_equal_their_loops() {
    for (length, kernel, stride, before, after, dilation, groups) in [
        (1, 1, 1, 0, 0, 1, 1),
        (7, 3, 1, 1, 1, 1, 1),
        (9, 3, 2, 0, 1, 2, 1),
        (65, 5, 3, 2, 2, 1, 2),
        (8, 2, 4, 0, 0, 3, 2),
    ] {
        let x = noise(&[2, 4, length], 5);
        let w = noise(&[6, 4 / groups, kernel], 6);
        let places = (length + before + after - (kernel - 1) * dilation - 1) / stride + 1;
        let expected = by_index(&[2, 6, places], |i| {
            let first = i[1] / (6 / groups) * (4 / groups);
            let mut sum = 0.0;
            for c in 0..4 / groups {
                for q in 0..kernel {
                    let place = i[2] * stride + q * dilation;
                    if (before..before + length).contains(&place) {
                        sum += at(&x, &[i[0], first + c, place - before]) * at(&w, &[i[1], c, q]);
                    }
                }
            }
            sum
        });
        let found = x.conv(&w, &[stride], &[(before, after)], &[dilation], groups);
        near(&found, &expected);
    }
    let x = noise(&[2, 3, 7, 9], 7);
    let w = noise(&[4, 3, 2, 3], 8);
    let expected = by_index(&[2, 4, 4, 7], |i| {
        let mut sum = 0.0;
        for (c, p, q) in (0..3).flat_map(|c| (0..6).map(move |k| (c, k / 3, k % 3))) {
            let (row, column) = (2 * i[2] + p, i[3] + q);
            if (1..8).contains(&row) {
                sum += at(&x, &[i[0], c, row - 1, column]) * at(&w, &[i[1], c, p, q]);
            }
        }
        sum
    });
    near(
        &x.conv(&w, &[2, 1], &[(1, 0), (0, 0)], &[1, 1], 1),
        &expected,
    );
    let windows = |i: &[usize]| -> Vec<f64> {
        (0..6)
            .map(|k| at(&x, &[i[0], i[1], 2 * i[2] + k / 3, 3 * i[3] + k % 3]))
            .collect()
    };
    let largest = by_index(&[2, 3, 3, 3], |i| {
        windows(i).into_iter().fold(f64::NEG_INFINITY, f64::max)
    });
    near(&x.max_pool(&[2, 3], &[2, 3]), &largest);
    let mean = by_index(&[2, 3, 3, 3], |i| windows(i).iter().sum::<f64>() / 6.0);
    near(&x.avg_pool(&[2, 3], &[2, 3]), &mean);
}

#[test]
fn systems_are_solved_and_factors_multiply_to_the_matrix() {
    for n in [1, 2, 3, 8, 17] {
        let a = noise(&[2, n, n], 9);
        let b = noise(&[2, n, 3], 10);
        near_by(&a.matmul(&a.solve(&b)), &b, 1e-9);
        let unit = by_index(&[2, n, n], |i| f64::from(i[1] == i[2]));
        near_by(&a.matmul(&a.inverse()), &unit, 1e-9);
        near_by(&a.det().abs().ln(), &a.log_abs_det(), 1e-9);
        let positive = a.matmul(&a.t()) + &unit;
        let factor = positive.cholesky();
        near_by(&factor.matmul(&factor.t()), &positive, 1e-12);
        near_by(&factor.tril(0), &factor, 0.0);
        let solved = factor.triangular_solve(&b, true, false);
        near_by(&factor.matmul(&solved), &b, 1e-11);
        let (values, vectors) = positive.eigh();
        let scaled = &vectors * &values.unsqueeze(-2);
        near_by(&scaled.matmul(&vectors.t()), &positive, 1e-11);
        near_by(&vectors.t().matmul(&vectors), &unit, 1e-12);
        near_by(&values.sort(-1), &values, 0.0);
        for shape in [[2, n, n], [2, n + 4, n], [2, n, n + 1]] {
            let m = noise(&shape, 11);
            let (u, s, vt) = m.svd();
            near_by(&(u * &s.unsqueeze(-2)).matmul(&vt), &m, 1e-11);
            near_by(&s.sort(-1).flip(-1), &s, 0.0);
            if shape[1] >= shape[2] {
                let (q, r) = m.qr();
                near_by(&q.matmul(&r), &m, 1e-11);
                near_by(&q.t().matmul(&q), &unit, 1e-11);
            }
        }
    }
}

#[track_caller]
fn near_by(found: &Tensor<f64>, expected: &Tensor<f64>, bound: f64) {
    assert_eq!(found.shape(), expected.shape());
    for (found, expected) in found.data().iter().zip(expected.data()) {
        assert!(
            (found - expected).abs() <= bound * expected.abs().max(1.0),
            "{found}, not {expected}"
        );
    }
}

#[test]
fn random_numbers_depend_on_key_and_position_alone() {
    let key = Tensor::from_vec(&[2], vec![7, 11]).unwrap();
    let other = Tensor::from_vec(&[2], vec![8, 11]).unwrap();
    let x: Tensor<f64> = key.uniform(&[1003]);
    assert_eq!(x.data()[..64], key.uniform::<f64>(&[64]).data()[..]);
    assert_ne!(x, other.uniform(&[1003]));
    assert!(x.data().iter().all(|x| (0.0..1.0).contains(x)));
    assert!((x.mean() - 0.5).abs() < 0.03);
    let kept = Tensor::<f64>::full(&[1003], 1.0).dropout(0.25, &key);
    let zeros = kept.data().iter().filter(|x| **x == 0.0).count();
    assert!((200..300).contains(&zeros), "{zeros} of 1003 at p = 0.25");
    assert!(
        kept.data()
            .iter()
            .all(|x| *x == 0.0 || (*x - 4.0 / 3.0).abs() < 1e-15)
    );
    assert_eq!(kept.dropout(0.0, &key), kept);
}
