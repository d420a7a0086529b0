//! Sparse Jacobians against dense ones.

use cotangent::prelude::*;
use cotangent::{Matrix, SparseJacobian};

#[differentiable(wrt(a, weight, b))]
fn pull(a: [f64; 3], b: &[f64], weight: f64, k: usize) -> [f64; 2] {
    let mut stretch = 0.0;
    for i in 0..k {
        stretch += (a[i % 3] - b[i % 2]).powi(2);
    }
    [weight * stretch.sqrt(), (a[0] * b[1]).sin() * weight]
}

fn close(found: &Matrix<f64>, expected: &Matrix<f64>) {
    assert_eq!(
        (found.rows(), found.columns()),
        (expected.rows(), expected.columns())
    );
    for (found, expected) in found.data().iter().zip(expected.data()) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
            "{found} {expected}"
        );
    }
}

/// Unknowns: `n` triples, `n` pairs, one weight for each block. Block `i` reads the triple `i % n`
/// and the pair `(i + 1) % n`.
#[differentiable]
fn all(x: &[f64], n: usize, blocks: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for i in 0..blocks {
        let (t, p) = (3 * (i % n), 3 * n + 2 * ((i + 1) % n));
        let a = [x[t], x[t + 1], x[t + 2]];
        let got = pull(a, &x[p..p + 2], x[5 * n + i], 4);
        out.push(got[0]);
        out.push(got[1]);
    }
    out
}

fn unknowns(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 * 1.7 + 0.4).sin()).collect()
}

fn by_blocks(x: &[f64], n: usize, blocks: usize, jacobian: &mut SparseJacobian<f64>) {
    jacobian.clear();
    for i in 0..blocks {
        let (t, p, w) = (3 * (i % n), 3 * n + 2 * ((i + 1) % n), 5 * n + i);
        let a = [x[t], x[t + 1], x[t + 2]];
        let at = [t..t + 3, w..w + 1, p..p + 2];
        jacobian.push_block(&at, |seed| pull::vjp(a, &x[p..p + 2], x[w], 4, seed));
    }
}

#[test]
fn blocks_and_compression_are_the_dense_jacobian() {
    let mut jacobian = SparseJacobian::<f64>::new(0);
    for (n, blocks) in [(1, 1), (2, 3), (3, 7), (5, 5)] {
        let x = unknowns(5 * n + blocks);
        let dense = all::jacobian(&x, n, blocks);
        if jacobian.width() != x.len() {
            jacobian = SparseJacobian::new(x.len());
        }
        by_blocks(&x, n, blocks, &mut jacobian);
        assert_eq!(jacobian.rows(), 2 * blocks);
        close(&jacobian.to_dense(), &dense);

        let pattern: Vec<&[usize]> = (0..jacobian.rows())
            .map(|row| jacobian.row(row).0)
            .collect();
        let mut compressed = SparseJacobian::with_pattern(x.len(), &pattern);
        let mut runs = 0;
        compressed.compress(|direction| {
            runs += 1;
            all::jvp(&x, n, blocks, direction).1
        });
        close(&compressed.to_dense(), &dense);
        let colors = compressed.colors();
        assert_eq!(runs, colors.iter().max().unwrap() + 1);
        for row in 0..compressed.rows() {
            let mut of_row: Vec<usize> = compressed.row(row).0.iter().map(|&c| colors[c]).collect();
            of_row.sort_unstable();
            assert!(of_row.windows(2).all(|w| w[0] != w[1]), "{of_row:?}");
        }

        let direction = unknowns(x.len());
        let along = all::jvp(&x, n, blocks, &direction).1;
        for (found, expected) in jacobian.times(&direction).iter().zip(&along) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let cotangent = unknowns(2 * blocks);
        let back = all::vjp(&x, n, blocks, cotangent.clone()).1;
        for (found, expected) in jacobian.transposed_times(&cotangent).iter().zip(&back) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}

/// A band of two needs two directional derivatives, however long.
#[differentiable]
fn differences(x: &[f64]) -> Vec<f64> {
    let mut out = Vec::new();
    for i in 1..x.len() {
        out.push(x[i] * x[i] - x[i - 1]);
    }
    out
}

#[test]
fn a_band_takes_as_many_runs_as_it_is_wide() {
    let x = unknowns(500);
    let pattern: Vec<[usize; 2]> = (0..499).map(|i| [i, i + 1]).collect();
    let mut jacobian = SparseJacobian::with_pattern(500, &pattern);
    let mut runs = 0;
    jacobian.compress(|direction| {
        runs += 1;
        differences::jvp(&x, direction).1
    });
    assert_eq!(runs, 2);
    for i in 0..499 {
        assert_eq!(
            jacobian.row(i),
            (&[i, i + 1][..], &[-1.0, 2.0 * x[i + 1]][..])
        );
    }
}

#[test]
fn the_same_unknowns_in_two_places_add_up() {
    let x = [0.3, 0.5, 0.7];
    let mut jacobian = SparseJacobian::<f64>::new(3);
    let at = [0..3, 1..2, 1..3];
    jacobian.push_block(&at, |seed| pull::vjp(x, &x[1..], x[1], 2, seed));
    let (_, (da, dw, db)) = pull::vjp(x, &x[1..], x[1], 2, [1.0, 0.0]);
    let expected = [da[0], da[1] + dw + db[0], da[2] + db[1]];
    for (found, expected) in jacobian.to_dense().row(0).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    }
}

fn refusal(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    *std::panic::catch_unwind(run)
        .unwrap_err()
        .downcast::<String>()
        .unwrap()
}

#[test]
fn mistakes_are_named() {
    let x = [0.3, 0.5, 0.7];
    let block = |at: [std::ops::Range<usize>; 3]| {
        refusal(move || {
            let mut jacobian = SparseJacobian::<f64>::new(4);
            jacobian.push_block(&at, |seed| pull::vjp(x, &x[..2], x[1], 2, seed));
        })
    };
    assert_eq!(
        block([0..3, 3..4, 0..1]),
        "the ranges of a block have 5 columns, its gradient has 6 floats"
    );
    assert!(block([0..3, 3..4, 3..5]).ends_with("there are 4 columns"));
    let pattern =
        |row: [usize; 2]| refusal(move || drop(SparseJacobian::<f64>::with_pattern(3, &[row])));
    assert_eq!(
        pattern([0, 3]),
        "row 0 of the pattern has column 3, there are 3"
    );
    assert_eq!(pattern([1, 1]), "row 0 of the pattern has column 1 twice");
    let rows = refusal(|| {
        let mut jacobian = SparseJacobian::with_pattern(3, &[[0, 1]]);
        jacobian.compress(|direction: &[f64]| direction.to_vec());
    });
    assert_eq!(rows, "the pattern has 1 rows, the derivative 3 floats");
}
