//! Vectors, views, nested lists, swaps.

use super::*;

#[differentiable]
fn stack(x: &[f64]) -> f64 {
    let mut v = Vec::new();
    for i in 0..x.len() {
        v.push(x[i] * x[i]);
        if i % 2 == 1 {
            let a = v.pop().unwrap();
            let b = v.pop().unwrap();
            v.push(a * b);
            v.push(a.sin() + b);
        }
    }
    let mut s = 0.5;
    while let Some(top) = v.pop() {
        s = s * top + top.cos();
    }
    s + v.len() as f64
}

#[differentiable]
fn scratch_in_a_loop(x: &[f64]) -> f64 {
    let n = x.len();
    let mut s = 1.0;
    for i in 0..n {
        let mut row = vec![x[i]; i + 1];
        for k in 0..row.len() {
            row[k] = row[k] * s + x[k];
        }
        let last = row[i];
        row.push(last * last);
        let copy = row.clone();
        s = (copy[0] * row[i + 1] * 1e-3).sin() + s.sin();
    }
    s
}

#[differentiable]
fn changes_length(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    let mut s = 0.0;
    v.resize(x.len() + 2, 0.5);
    for i in 0..v.len() {
        s += v[i] * v[i] * (i as f64 + 1.0);
    }
    v.truncate(x.len());
    v.extend_from_slice(&x[..x.len() / 2]);
    for i in 0..v.len() {
        s += v[i].sin() * s;
    }
    v.clear();
    v.push(s);
    v.extend(x.iter().map(|v| v * 2.0));
    for i in 0..v.len() {
        s += v[i] * 0.25;
    }
    v.fill(s);
    if !v.is_empty() {
        s += v[0];
    }
    s
}

#[differentiable]
fn trades(x: &[f64]) -> f64 {
    let mut a = x.to_vec();
    let mut b = vec![1.0; x.len()];
    let mut s = 0.0;
    for i in 0..a.len() {
        b[i] = a[i] * 2.0 + s;
        std::mem::swap(&mut a, &mut b);
        let n = a.len();
        a.swap(i, n - 1);
        s += a[0] * b[i];
    }
    a.reverse();
    let mut c = vec![0.0; a.len()];
    c.copy_from_slice(&a);
    let old = std::mem::replace(&mut b, c);
    for i in 0..a.len() {
        s += b[i] * old[i] * (i as f64 - 0.5);
    }
    s
}

#[differentiable]
fn rows(x: &[f64]) -> f64 {
    let n = x.len() / 2;
    let mut m: Vec<Vec<f64>> = Vec::new();
    for i in 0..n {
        m.push(vec![x[2 * i], x[2 * i + 1] * x[0]]);
    }
    let mut s = 1.0;
    for i in 0..n {
        let row = &m[i];
        s += row[0] * row[1] * s;
        m[i][0] = s;
        let half = &mut m[i][..1];
        half[0] *= 3.0;
        s += m[i][0];
    }
    s
}

#[differentiable]
fn points(p: &[[f64; 3]], s: f64) -> f64 {
    let mut total = 0.0;
    for i in 0..p.len() {
        let [x, y, z] = p[i];
        let q = &p[p.len() - 1 - i];
        total += x * q[1] + y * s - z * z * q[2];
    }
    total
}

#[differentiable]
fn halves(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(x.len() / 2);
    let mut s = 0.0;
    for i in 0..a.len() {
        s += a[i] * b[i] + b[b.len() - 1].sin();
    }
    let mut lo = 0;
    for i in 0..x.len() {
        let window = &x[lo..];
        lo += 1;
        s += window[0] * (i + window.len()) as f64;
    }
    s + *x.last().unwrap() * x.first().unwrap().cos()
}

#[differentiable]
fn assigned_together(x: &[f64]) -> f64 {
    let (mut a, mut b) = (1.0, 2.0);
    let mut v = [0.5, 1.5];
    for i in 0..x.len() {
        (a, b) = (b * x[i], a + x[i]);
        (v[0], v[1]) = (v[1] * a, v[0] + b);
    }
    a * b + v[0] * v[1]
}

macro_rules! agree {
    ($($name:ident: $program:ident at $sizes:expr;)*) => {$(
        #[test]
        fn $name() {
            for n in $sizes {
                for seed in 0..3 {
                    let x = noise(n, seed);
                    let (value, gradient) = $program::value_and_grad(&x);
                    assert!((value - $program(&x)).abs() <= 1e-12 * value.abs().max(1.0));
                    close(&gradient, &central($program, &x));
                }
            }
        }
    )*};
}
pub(crate) use agree;

agree! {
    pushes_and_pops: stack at SIZES;
    vectors_made_in_loops: scratch_in_a_loop at [0, 1, 2, 3];
    lengths_change: changes_length at [0, 1, 2, 3];
    elements_and_vectors_trade_places: trades at SIZES;
    vectors_of_vectors: rows at SIZES;
    names_for_parts: halves at [1, 2, 3, 7];
    tuples_are_assigned_at_once: assigned_together at SIZES;
}

#[test]
fn lists_of_arrays() {
    for n in SIZES {
        let flat = noise(3 * n, 4);
        let list =
            |x: &[f64]| -> Vec<[f64; 3]> { x.chunks(3).map(|c| [c[0], c[1], c[2]]).collect() };
        let (dp, ds) = points::grad(&list(&flat), 0.7);
        close(
            dp.as_flattened(),
            &central(|x| points(&list(x), 0.7), &flat),
        );
        close(&[ds], &central(|s| points(&list(&flat), s[0]), &[0.7]));
    }
}
