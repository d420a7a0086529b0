//! Differential equations, mechanics, curves, rays.

use super::*;

#[differentiable]
pub(crate) fn exponential_decay(k: f64, y0: f64) -> f64 {
    let h = 0.1;
    let mut y = y0;
    for _ in 0..10 {
        let a = -k * y;
        let b = -k * (y + 0.5 * h * a);
        let c = -k * (y + 0.5 * h * b);
        let d = -k * (y + h * c);
        y += h / 6.0 * (a + 2.0 * b + 2.0 * c + d);
    }
    y
}

#[differentiable]
pub(crate) fn predators(u: [f64; 2], p: &[f64; 4]) -> [f64; 2] {
    let [x, y] = u;
    let [a, b, c, d] = p;
    [a * x - b * x * y, c * x * y - d * y]
}

#[differentiable]
pub(crate) fn lotka_volterra(x: f64, y: f64, a: f64, b: f64, c: f64, d: f64) -> [f64; 2] {
    let p = [a, b, c, d];
    let h = 0.1;
    let mut u = [x, y];
    for _ in 0..15 {
        let k1 = predators(u, &p);
        let k2 = predators([u[0] + 0.5 * h * k1[0], u[1] + 0.5 * h * k1[1]], &p);
        let k3 = predators([u[0] + 0.5 * h * k2[0], u[1] + 0.5 * h * k2[1]], &p);
        let k4 = predators([u[0] + h * k3[0], u[1] + h * k3[1]], &p);
        for i in 0..2 {
            u[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    u
}

#[differentiable]
pub(crate) fn attractor(u: &[f64], s: f64, r: f64, b: f64, du: &mut [f64]) {
    du[0] = s * (u[1] - u[0]);
    du[1] = u[0] * (r - u[2]) - u[1];
    du[2] = u[0] * u[1] - b * u[2];
}

#[differentiable]
pub(crate) fn lorenz(u: &[f64], s: f64, r: f64, b: f64) -> Vec<f64> {
    let h = 0.01;
    let mut u = u.to_vec();
    let mut k = [[0.0; 3]; 4];
    for _ in 0..25 {
        for stage in 0..4 {
            let mut at = u.clone();
            if stage > 0 {
                let reach = if stage == 3 { h } else { 0.5 * h };
                for i in 0..3 {
                    at[i] += reach * k[stage - 1][i];
                }
            }
            attractor(&at, s, r, b, &mut k[stage]);
        }
        for i in 0..3 {
            u[i] += h / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
        }
    }
    u
}

#[differentiable]
pub(crate) fn ode_leapfrog(q: &[f64], p: &[f64], m: f64) -> Vec<f64> {
    let h = 0.05;
    let (mut q, mut p) = (q.to_vec(), p.to_vec());
    for _ in 0..20 {
        kick(&q, &mut p, m, 0.5 * h);
        for (q, p) in q.iter_mut().zip(&p) {
            *q += h * p;
        }
        kick(&q, &mut p, m, 0.5 * h);
    }
    q.extend_from_slice(&p);
    q
}

#[differentiable]
pub(crate) fn kick(q: &[f64], p: &mut [f64], m: f64, h: f64) {
    let r = (q[0] * q[0] + q[1] * q[1]).sqrt();
    for (p, q) in p.iter_mut().zip(q) {
        *p -= h * m * q / (r * r * r);
    }
}

#[differentiable(wrt(u, r))]
pub(crate) fn pde_heat(u: &[f64], r: f64, t: &[f64]) -> f64 {
    let mut now = u.to_vec();
    let mut next = now.clone();
    for _ in 0..10 {
        for i in 1..now.len() - 1 {
            next[i] = now[i] + r * (now[i - 1] - 2.0 * now[i] + now[i + 1]);
        }
        std::mem::swap(&mut now, &mut next);
    }
    now.iter().zip(t).map(|(u, t)| (u - t).powi(2)).sum()
}

#[differentiable]
pub(crate) fn nbody_energy(x: &[[f64; 3]], v: &[[f64; 3]], m: &[f64]) -> f64 {
    let mut energy = 0.0;
    for i in 0..m.len() {
        energy += 0.5 * m[i] * v[i].iter().map(|v| v * v).sum::<f64>();
        for j in i + 1..m.len() {
            let mut d = 0.01;
            for k in 0..3 {
                d += (x[i][k] - x[j][k]).powi(2);
            }
            energy -= m[i] * m[j] / d.sqrt();
        }
    }
    energy
}

#[differentiable]
pub(crate) fn lennard_jones(x: &[[f64; 3]], e: f64, s: f64) -> f64 {
    let mut total = 0.0;
    for (i, a) in x.iter().enumerate() {
        for b in &x[i + 1..] {
            let mut d = 0.0;
            for (a, b) in a.iter().zip(b) {
                d += (a - b) * (a - b);
            }
            let six = (s * s / d).powi(3);
            total += 4.0 * e * (six * six - six);
        }
    }
    total
}

#[differentiable]
pub(crate) fn hooke_chain(x: &[[f64; 2]], k: &[f64], l: &[f64]) -> f64 {
    let mut total = 0.0;
    for (i, pair) in x.windows(2).enumerate() {
        let [dx, dy] = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
        total += 0.5 * k[i] * (dx.hypot(dy) - l[i]).powi(2);
    }
    total
}

#[differentiable]
pub(crate) fn van_der_waals(t: f64, v: f64, n: f64, a: f64, b: f64) -> f64 {
    8.314 * t * n / (v - n * b) - a * n * n / (v * v)
}

#[differentiable]
pub(crate) fn planar_arm(a: &[f64], l: &[f64]) -> f64 {
    let (mut x, mut y, mut angle) = (-1.0, -1.5, 0.0);
    for (a, l) in a.iter().zip(l) {
        angle += a;
        x += l * angle.cos();
        y += l * angle.sin();
    }
    (x * x + y * y).sqrt()
}

#[differentiable(wrt(th, d, a))]
pub(crate) fn arm_of_six(th: &[f64], d: &[f64], a: &[f64], al: &[f64]) -> [f64; 3] {
    let mut m = [
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
    ];
    for i in 0..th.len() {
        let (c, s, ca, sa) = (th[i].cos(), th[i].sin(), al[i].cos(), al[i].sin());
        let step = [
            [c, -s * ca, s * sa, a[i] * c],
            [s, c * ca, -c * sa, a[i] * s],
            [0.0, sa, ca, d[i]],
        ];
        for row in m.iter_mut() {
            let old = *row;
            for k in 0..4 {
                let mut sum = if k == 3 { old[3] } else { 0.0 };
                for j in 0..3 {
                    sum += old[j] * step[j][k];
                }
                row[k] = sum;
            }
        }
    }
    [m[0][3], m[1][3], m[2][3]]
}

#[differentiable]
pub(crate) fn ray_sphere_depth(c: &[f64], radius: f64, d: &[f64]) -> f64 {
    let b: f64 = c.iter().zip(d).map(|(c, d)| c * d).sum();
    let cc: f64 = c.iter().map(|c| c * c).sum();
    b - (b * b - (cc - radius * radius)).sqrt()
}

/// Where the pixels are and that the light is a unit vector is not in the reference's formula; these
/// choices give its value to the last bit.
#[differentiable]
pub(crate) fn ray_sphere_shading(c: &[f64], radius: f64, light: &[f64], albedo: f64) -> f64 {
    let brightness = light.iter().map(|l| l * l).sum::<f64>().sqrt();
    let mut total = 0.0;
    for row in 0..3 {
        for column in 0..3 {
            let u = 0.25 * (row as f64 - 1.0);
            let v = 0.25 * (column as f64 - 1.0);
            let long = (u * u + v * v + 1.0).sqrt();
            let d = [u / long, v / long, 1.0 / long];
            let b = dot(c, &d);
            let discriminant = b * b - dot(c, c) + radius * radius;
            if discriminant <= 0.0 {
                total += 0.1;
                continue;
            }
            let t = b - discriminant.sqrt();
            let mut lit = 0.0;
            for k in 0..3 {
                lit += (t * d[k] - c[k]) / radius * light[k] / brightness;
            }
            total += albedo * lit.max(0.0);
        }
    }
    total / 9.0
}

#[differentiable]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The distance to a box about `(1.2, 0, 0)` with edges of length 1.
#[differentiable]
fn box_distance(p: [f64; 3]) -> f64 {
    let q = [(p[0] - 1.2).abs() - 0.5, p[1].abs() - 0.5, p[2].abs() - 0.5];
    let outside: f64 = q.iter().map(|q| q.max(0.0).powi(2)).sum();
    let inside = q.iter().fold(f64::NEG_INFINITY, |most, &q| most.max(q));
    (outside + 1e-6).sqrt() + inside.min(0.0)
}

/// Which box and which smooth union is not in the reference's formula; these give its value to the
/// last bit.
#[differentiable]
pub(crate) fn sdf_sphere_trace(o: &[f64], d: &[f64], radius: f64) -> f64 {
    let mut t = 0.0;
    for _ in 0..12 {
        let p = [o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]];
        let sphere = p.iter().map(|p| p * p).sum::<f64>().sqrt() - radius;
        let cube = box_distance(p);
        t -= 0.2 * ((-sphere / 0.2).exp() + (-cube / 0.2).exp()).ln();
    }
    t
}
