//! Iterations, polynomials, curves, transforms, linear algebra.

use super::*;

#[differentiable]
pub(crate) fn babylonian_fixed(a: f64, passes: usize) -> f64 {
    let mut x = 1.0;
    for _ in 0..passes {
        x = (x + a / x) / 2.0;
    }
    x
}

#[differentiable]
pub(crate) fn bisection_free_root(p: f64, q: f64) -> f64 {
    let mut x = 1.0_f64;
    for _ in 0..30 {
        x -= (x.powi(5) + p * x - q) / (5.0 * x.powi(4) + p);
    }
    x
}

#[differentiable]
pub(crate) fn if_else_chain(x: &[f64]) -> Vec<f64> {
    x.iter()
        .map(|&x| {
            if x < -1.0 {
                x * x
            } else if x < 1.0 {
                x.sin()
            } else {
                x.ln() + x
            }
        })
        .collect()
}

#[differentiable]
pub(crate) fn match_mode(a: f64, b: f64) -> f64 {
    let mut total = 0.0;
    for mode in 0..4 {
        total += match mode {
            0 => a * b,
            1 => a / b,
            2 => a.powf(b),
            _ => a.min(b),
        };
    }
    total
}

#[differentiable]
pub(crate) fn bezier_length(p: &[[f64; 2]]) -> f64 {
    let mut total = 0.0;
    let mut last = p[0];
    for i in 1..=16 {
        let t = i as f64 / 16.0;
        let s = 1.0 - t;
        let w = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        let mut at = [0.0, 0.0];
        for (w, p) in w.iter().zip(p) {
            at[0] += w * p[0];
            at[1] += w * p[1];
        }
        total += (at[0] - last[0]).hypot(at[1] - last[1]);
        last = at;
    }
    total
}

#[differentiable]
pub(crate) fn henon_map(a: f64, b: f64) -> f64 {
    let (mut x, mut y) = (0.1, 0.1);
    for _ in 0..8 {
        (x, y) = (1.0 - a * x * x + y, b * x);
    }
    x + y
}

#[differentiable]
pub(crate) fn chebyshev(c: &[f64], x: f64) -> f64 {
    let (mut b1, mut b2) = (0.0, 0.0);
    for &c in c[1..].iter().rev() {
        (b1, b2) = (2.0 * x * b1 - b2 + c, b1);
    }
    x * b1 - b2 + c[0]
}

#[differentiable]
pub(crate) fn det_recursive(a: &[f64]) -> f64 {
    let n = a.len().isqrt();
    if n == 1 {
        return a[0];
    }
    let mut total = 0.0;
    let mut minor = vec![0.0; (n - 1) * (n - 1)];
    for column in 0..n {
        for i in 1..n {
            let mut at = 0;
            for j in 0..n {
                if j == column {
                    continue;
                }
                minor[(i - 1) * (n - 1) + at] = a[i * n + j];
                at += 1;
            }
        }
        let sign = if column % 2 == 0 { 1.0 } else { -1.0 };
        total += sign * a[column] * det_recursive(&minor);
    }
    total
}

#[differentiable]
pub(crate) fn bspline(p: &[[f64; 2]], u: &[f64]) -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    for &u in u {
        let first = no_diff!(u.floor() as usize);
        let t = u - first as f64;
        let s = 1.0 - t;
        let w = [
            s * s * s / 6.0,
            (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
            (-3.0 * t * t * t + 3.0 * t * t + 3.0 * t + 1.0) / 6.0,
            t * t * t / 6.0,
        ];
        let mut at = [0.0, 0.0];
        for k in 0..4 {
            at[0] += w[k] * p[first + k][0];
            at[1] += w[k] * p[first + k][1];
        }
        points.push(at);
    }
    points
}

#[differentiable]
pub(crate) fn catmull_rom(p: &[f64], t: f64) -> f64 {
    0.5 * (2.0 * p[1]
        + (p[2] - p[0]) * t
        + (2.0 * p[0] - 5.0 * p[1] + 4.0 * p[2] - p[3]) * t * t
        + (3.0 * p[1] - p[0] - 3.0 * p[2] + p[3]) * t * t * t)
}

#[differentiable]
pub(crate) fn gauss_legendre(a: f64, b: f64) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (-0.906179845938664, 0.23692688505618908),
        (-0.5384693101056831, 0.47862867049936647),
        (0.0, 0.5688888888888889),
        (0.5384693101056831, 0.47862867049936647),
        (0.906179845938664, 0.23692688505618908),
    ];
    let (half, middle) = ((b - a) / 2.0, (a + b) / 2.0);
    let mut total = 0.0;
    for i in 0..5 {
        let x = middle + half * NODES[i].0;
        total += NODES[i].1 * (x * x * (-x).exp()).ln_1p();
    }
    total * half
}

#[differentiable]
pub(crate) fn dft_power(x: &[f64]) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, v) in x.iter().enumerate() {
        let angle = -std::f64::consts::TAU * 2.0 * i as f64 / x.len() as f64;
        re += v * angle.cos();
        im += v * angle.sin();
    }
    re * re + im * im
}

#[differentiable(wrt(lr, y))]
pub(crate) fn gradient_descent_unrolled(lr: f64, y: &[f64], x: &[[f64; 2]]) -> f64 {
    let mut w = [0.0; 2];
    for _ in 0..5 {
        let mut g = [0.0; 2];
        for (row, y) in x.iter().zip(y) {
            let e = row[0] * w[0] + row[1] * w[1] - y;
            g[0] += e * row[0];
            g[1] += e * row[1];
        }
        w[0] -= lr * g[0];
        w[1] -= lr * g[1];
    }
    let mut total = 0.0;
    for (row, y) in x.iter().zip(y) {
        total += 0.5 * (row[0] * w[0] + row[1] * w[1] - y).powi(2);
    }
    total
}

#[differentiable]
pub(crate) fn times(m: &[[f64; 3]], x: &[f64; 3]) -> [f64; 3] {
    let mut y = [0.0; 3];
    for (y, row) in y.iter_mut().zip(m) {
        *y = row.iter().zip(x).map(|(a, b)| a * b).sum();
    }
    y
}

#[differentiable]
pub(crate) fn conjugate_gradient(b: &[[f64; 3]], rhs: &[f64]) -> [f64; 3] {
    let mut m = [[0.0; 3]; 3];
    for i in 0..3 {
        for j in 0..3 {
            m[i][j] = if i == j { 1.0 } else { 0.0 };
            for k in 0..3 {
                m[i][j] += b[i][k] * b[j][k];
            }
        }
    }
    let mut x = [0.0; 3];
    let mut r = [rhs[0], rhs[1], rhs[2]];
    let mut p = r;
    let mut rr = r.iter().map(|v| v * v).sum::<f64>();
    for _ in 0..3 {
        let q = times(&m, &p);
        let alpha = rr / p.iter().zip(&q).map(|(p, q)| p * q).sum::<f64>();
        for i in 0..3 {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        let next = r.iter().map(|v| v * v).sum::<f64>();
        for i in 0..3 {
            p[i] = r[i] + next / rr * p[i];
        }
        rr = next;
    }
    x
}
