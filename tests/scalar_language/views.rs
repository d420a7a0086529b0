//! Views of ndarrays as parameters, rows and columns as names for parts, and views in calls.

use super::*;
use ndarray::{Array1, Array2, ArrayRef1, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, s};

/// By index, by rows and columns, by iterators.
#[differentiable]
fn reads(m: ArrayView2<f64>, x: ArrayView1<'_, f64>, k: f64) -> f64 {
    let mut s = k;
    for i in 0..m.nrows() {
        let row = m.row(i);
        let mut inner = 0.0;
        for j in 0..row.len() {
            inner += row[j] * x[j] * m[[i, j]];
        }
        s += (0.2 * inner).sin() * s;
    }
    for j in 0..m.ncols() {
        s += m
            .column(j)
            .iter()
            .zip(x.iter())
            .map(|(a, b)| a * b * k)
            .sum::<f64>();
        for v in m.column(j) {
            s += 0.1 * v * v * x[j];
        }
    }
    for (a, b) in x.iter().zip(x) {
        s += a * b * (x.len() as f64);
    }
    s
}

/// Over what any array or view refers to.
#[differentiable]
fn weighted(a: &ArrayRef1<f64>, b: ArrayView1<f64>) -> f64 {
    let mut s = 0.3;
    for i in 0..a.len().min(b.len()) {
        s = s * 0.5 + a[i] * b[i];
    }
    s
}

/// Views handed on by value: parameters, rows, two rows of one array, its whole.
#[differentiable]
fn calls(m: ArrayView2<f64>, x: ArrayView1<f64>) -> f64 {
    let mut s = 0.0;
    for i in 0..m.nrows() {
        let row = m.row(i);
        s += weighted(&x, m.row(i)) + s * weighted(&row, x);
        s += weighted(&m.row(0), m.row(i));
        if m.row(i)[0] > 1.0 {
            s += 0.2 * weighted(&m.column(0), row);
        }
    }
    s + reads(m, x, 0.3) * reads(m.view(), m.row(m.nrows() - 1), 0.1)
}

/// Views that are written through.
#[differentiable]
fn scale(mut x: ArrayViewMut1<f64>, k: f64) {
    for i in 0..x.len() {
        x[i] *= k * x[0];
    }
}

#[differentiable]
fn relax(mut m: ArrayViewMut2<f64>, k: f64) -> f64 {
    let mut s = 0.0;
    for i in 0..m.nrows() {
        let mut row = m.row_mut(i);
        for j in 1..row.len() {
            row[j] += 0.3 * row[j - 1] * k;
        }
        scale(m.row_mut(i), 0.5 + 0.1 * k);
        s += m[[i, 0]];
    }
    s
}

/// A program, and the same with everything from the tape.
macro_rules! twice {
    (fn $name:ident, $taped:ident $params:tt -> f64 $body:tt) => {
        #[differentiable]
        fn $name $params -> f64 $body

        #[differentiable(strategy = tape)]
        fn $taped $params -> f64 $body
    };
}

// Owned arrays made inside, from views.
twice! {
    fn works, works_taped(m: ArrayView2<f64>, x: ArrayView1<f64>) -> f64 {
        let mut own = m.to_owned();
        let mut v = x.to_owned();
        let mut zeros: Array1<f64> = Array1::zeros(x.len());
        let mut s = 0.1;
        for turn in 0..2 {
            s += relax(own.view_mut(), 0.7 + s) * (turn as f64 + 1.0);
            for i in 0..own.nrows() {
                let line = own.row(i).to_owned();
                zeros[0] += line[line.len() - 1] * v[0];
                s += weighted(&line, own.row(i));
            }
            scale(v.view_mut(), 1.2);
        }
        s + zeros[0] * v[v.len() - 1]
    }
}

#[differentiable(strategy = tape)]
fn reads_taped(m: ArrayView2<f64>, x: ArrayView1<f64>) -> f64 {
    let mut s = 1.0;
    for i in 0..m.nrows() {
        let row = m.row(i);
        for j in 0..row.len() {
            s += (row[j] * x[j] * s).sin();
        }
    }
    s * weighted(&x, m.row(0))
}

/// A function of views at sizes and in layouts, in every mode.
macro_rules! agree {
    ($($name:ident: $program:ident;)*) => {$(
        #[test]
        fn $name() {
            for (rows, columns) in [(1, 1), (2, 3), (3, 2), (2, 2)] {
                let point = noise(rows * columns + columns.max(rows), rows + 7 * columns);
                let parts = |p: &[f64]| {
                    let (m, rest) = p.split_at(rows * columns);
                    let m = Array2::from_shape_vec((rows, columns), m.to_vec()).unwrap();
                    (m, Array1::from(rest.to_vec()))
                };
                let (m, x) = parts(&point);
                let (value, (dm, dx)) = $program::value_and_grad(m.view(), x.view());
                assert!((value - $program(m.view(), x.view())).abs() <= 1e-13 * value.abs());
                let flat: Vec<f64> = dm.iter().chain(&dx).copied().collect();
                let expected = central(
                    |p| {
                        let (m, x) = parts(p);
                        $program(m.view(), x.view())
                    },
                    &point,
                );
                close(&flat, &expected);
                gradcheck!(second: $program, m.view(), x.view());
                // Parts of larger arrays, with strides of their own.
                let mut wide = Array2::from_elem((2 * columns, rows), f64::NAN);
                wide.slice_mut(s![..;2, ..]).assign(&m.t());
                let turned = wide.slice(s![..;2, ..]).reversed_axes();
                let again = $program::grad(turned, x.view());
                assert_eq!(again, (dm, dx));
                let hessian = $program::hessian(m.view(), x.view());
                assert_eq!(hessian.rows(), point.len());
            }
        }
    )*};
}

#[differentiable]
fn reads_at_a_third(m: ArrayView2<f64>, x: ArrayView1<f64>) -> f64 {
    reads(m, x, 0.3)
}

agree! {
    views_by_index_and_by_rows: reads_at_a_third;
    views_in_calls: calls;
    views_that_are_written: works;
    views_that_are_written_from_the_tape: works_taped;
    rows_from_the_tape: reads_taped;
}

#[test]
fn written_views_take_the_cotangent_of_their_content() {
    let (start, k) = (noise(6, 3), 0.4);
    let array = |p: &[f64]| Array2::from_shape_vec((2, 3), p.to_vec()).unwrap();
    let weights = array(&noise(6, 4));
    let loss = |p: &[f64]| {
        let mut m = array(&p[..6]);
        let value = relax(m.view_mut(), p[6]);
        2.0 * value + (&m * &weights).sum()
    };
    let mut m = array(&start);
    let (_, (dm, dk)) = relax::vjp(m.view_mut(), k, 2.0, weights.clone());
    let mut final_content = array(&start);
    relax(final_content.view_mut(), k);
    assert_eq!(m, final_content);
    let mut point = start.clone();
    point.push(k);
    let found: Vec<f64> = dm.iter().copied().chain([dk]).collect();
    close(&found, &central(loss, &point));
}

#[test]
fn the_direction_of_a_written_view_becomes_that_of_its_content() {
    let (start, along) = (noise(6, 3), noise(6, 9));
    let array = |p: &[f64]| Array2::from_shape_vec((2, 3), p.to_vec()).unwrap();
    let (mut m, mut turn) = (array(&start), array(&along));
    let (_, slope) = relax::jvp(m.view_mut(), 0.4, &mut turn, 0.3);
    let end = |step: f64| {
        let point: Vec<f64> = start
            .iter()
            .zip(&along)
            .map(|(x, d)| x + step * d)
            .collect();
        let mut m = array(&point);
        let value = relax(m.view_mut(), 0.4 + 0.3 * step);
        m.iter().copied().chain([value]).collect::<Vec<f64>>()
    };
    let found: Vec<f64> = turn.iter().copied().chain([slope]).collect();
    let expected: Vec<f64> = (0..7)
        .map(|at| central(|step| end(step[0])[at], &[0.0])[0])
        .collect();
    close(&found, &expected);
}

/// Classes and weights beside what is differentiated; over both precisions.
#[differentiable]
fn chosen<T: cotangent::Real>(
    logits: ArrayView2<T>,
    #[no_diff] classes: ArrayView1<usize>,
    #[no_diff] weights: ArrayView1<T>,
) -> T {
    let mut s = T::ZERO;
    for i in 0..logits.nrows() {
        let row = logits.row(i);
        let mut sum = T::ZERO;
        for v in row.iter() {
            sum += v.exp();
        }
        s += weights[i] * (sum.ln() - row[classes[i]]);
    }
    s
}

#[test]
fn constant_views_and_generic_floats() {
    let logits = Array2::from_shape_vec((3, 2), noise(6, 5)).unwrap();
    let (classes, weights) = (Array1::from(vec![1, 0, 1]), Array1::from(noise(3, 6)));
    let found = chosen::grad(logits.view(), classes.view(), weights.view());
    let at = |p: &[f64]| {
        let logits = ArrayView2::from_shape((3, 2), p).unwrap();
        chosen(logits, classes.view(), weights.view())
    };
    close(found.as_slice().unwrap(), &central(at, &noise(6, 5)));
    let single = chosen::grad(
        logits.mapv(|v| v as f32).view(),
        classes.view(),
        weights.mapv(|v| v as f32).view(),
    );
    let difference = (&single.mapv(f64::from) - &found).mapv(f64::abs);
    assert!(difference.iter().all(|d| *d < 1e-6), "{difference}");
}

#[differentiable]
fn squares(x: ArrayView1<f64>) -> f64 {
    weighted(&x, x)
}

#[test]
fn directions_of_another_shape_are_refused() {
    let (a, b) = (Array1::ones(3), Array1::ones(2));
    let refused = std::panic::catch_unwind(|| squares::jvp(a.view(), &b)).unwrap_err();
    let text = refused.downcast_ref::<String>().unwrap();
    assert_eq!(text, "the direction of `x` has [2] entries, `x` has [3]");
}
