//! Owned ndarrays behind references, read and written by index.

use super::*;
use ndarray::{Array1, Array2};

#[differentiable]
fn bilinear(m: &Array2<f64>, x: &Array1<f64>, k: f64) -> f64 {
    let mut total = k;
    for i in 0..m.nrows() {
        let mut row = 0.0;
        for j in 0..m.ncols() {
            row += m[[i, j]] * x[j];
        }
        total += (0.3 * row * k).sin() * x[i % x.len()];
    }
    total / x.len() as f64
}

#[differentiable]
fn scale(m: &mut Array2<f64>, k: f64) {
    for i in 0..m.nrows() {
        m[[i, 0]] *= k;
        let first = m[[i, 0]];
        for j in 1..m.ncols() {
            m[[i, j]] += 0.2 * first * m[[i, j - 1]];
        }
    }
}

#[differentiable]
fn scaled(m: &Array2<f64>, x: &Array1<f64>, k: f64) -> f64 {
    let mut own = m.clone();
    let mut s = 0.5;
    for turn in 0..2 {
        scale(&mut own, 0.5 * k);
        s += 0.2 * bilinear(&own, x, k) * (turn as f64 + s);
    }
    s
}

#[test]
fn ndarrays_by_index() {
    for (rows, columns) in [(2, 3), (1, 1), (3, 2), (0, 2)] {
        let point = noise(rows * columns + columns + 1, rows);
        let parts = |p: &[f64]| {
            let (m, rest) = p.split_at(rows * columns);
            let m = Array2::from_shape_vec((rows, columns), m.to_vec()).unwrap();
            (m, Array1::from(rest[..columns].to_vec()), rest[columns])
        };
        let (m, x, k) = parts(&point);
        for (value, function, gradient) in [
            (
                bilinear(&m, &x, k),
                bilinear as fn(&Array2<f64>, &Array1<f64>, f64) -> f64,
                bilinear::value_and_grad(&m, &x, k),
            ),
            (scaled(&m, &x, k), scaled, scaled::value_and_grad(&m, &x, k)),
        ] {
            let (found, (dm, dx, dk)) = gradient;
            assert!((found - value).abs() <= 1e-13 * value.abs().max(1.0));
            assert_eq!((dm.shape(), dx.len()), (m.shape(), columns));
            let flat: Vec<f64> = dm.iter().chain(&dx).copied().chain([dk]).collect();
            let at = |p: &[f64]| {
                let (m, x, k) = parts(p);
                function(&m, &x, k)
            };
            close(&flat, &central(at, &point));
        }
        gradcheck!(second: bilinear, &m, &x, k);
        gradcheck!(second: scaled, &m, &x, k);
        // Another layout of the same matrix.
        let turned = m.t().as_standard_layout().to_owned().reversed_axes();
        assert_eq!(bilinear::grad(&turned, &x, k), bilinear::grad(&m, &x, k));
    }
}
