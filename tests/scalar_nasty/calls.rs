//! Calls and structures: callees that write through references, return early or call themselves.

use super::common::strategies::programs;
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Particle {
    at: [f64; 2],
    mass: f64,
    steps: usize,
}

#[derive(Differentiable, Clone)]
struct Pool {
    held: Vec<f64>,
    best: Option<f64>,
}

#[differentiable]
fn halves(x: &[f64], k: f64) -> f64 {
    if x.is_empty() {
        return k;
    }
    if x.len() == 1 {
        return x[0] * k;
    }
    let middle = x.len() / 2;
    let left = halves(&x[..middle], k * x[middle]);
    halves(&x[middle..], left) + left * x[0]
}

#[differentiable]
fn first_above(x: &[f64], bound: f64) -> f64 {
    for (i, v) in x.iter().enumerate() {
        if *v > bound {
            return v * (i as f64 + 1.0) + bound;
        }
    }
    bound * bound
}

#[differentiable]
fn both(a: f64, b: f64) -> (f64, f64) {
    let t = a * b;
    (t.sin() + 0.5 * a, t - 0.2 * b)
}

#[differentiable]
fn bump(s: &mut f64, k: f64) {
    *s = *s * k + 0.1 * k * k;
}

#[differentiable]
fn sweep(v: &mut [f64], k: f64) -> f64 {
    let mut last = k;
    for i in 0..v.len() {
        let old = v[i];
        v[i] = old * last;
        last = old + 0.5 * k;
        if v[i] > 0.8 {
            v[i] *= 0.5;
            return last * v[i];
        }
    }
    last
}

#[differentiable]
fn by_value(mut a: [f64; 3], k: f64) -> [f64; 3] {
    a[0] *= k;
    a.swap(0, 2);
    a[1] += a[0] * a[2];
    a
}

#[differentiable]
fn advance(p: &mut Particle, k: f64) {
    p.steps += 1;
    p.at[0] += k * p.at[1] / p.mass;
    p.at[1] -= k * p.at[0] * p.steps as f64;
}

programs! {
    fn structures_in_lists(x: &[f64], y: &[f64]) -> f64 {
        let mut all = Vec::new();
        for i in 0..x.len() {
            all.push(Particle { at: [x[i], y[i]], mass: 1.0 + x[0], steps: i });
        }
        for _ in 0..2 {
            for i in 0..all.len() {
                let j = (i + 1) % all.len();
                let pull = all[j].at[0] - all[i].at[0];
                all[i].at[1] += 0.1 * pull * all[j].mass;
                all[i].steps += 1;
            }
        }
        let mut pair = [all.clone(), all];
        pair[0].reverse();
        let mut s = 0.0;
        for i in 0..pair[0].len() {
            s += pair[0][i].at[0] * pair[1][i].at[1] * pair[1][i].steps as f64;
        }
        s
    }

    fn recursion_over_slices(x: &[f64], y: &[f64]) -> f64 {
        let mut s = halves(x, 0.7) + halves(y, 1.1);
        for i in 0..x.len() {
            s += halves(&y[i..], x[i]) * 0.1;
        }
        s
    }

    fn returns_out_of_iterators(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for (i, (a, b)) in x.iter().zip(y).enumerate() {
            s += a * b;
            for v in y.iter().rev() {
                if s > 2.5 {
                    return s * v + *a * i as f64;
                }
                s = s * 1.1 + v * a * 0.2;
            }
        }
        s * s
    }

    fn calls_that_return_early(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.2;
        for i in 0..x.len() {
            s = first_above(&x[i..], s * y[i]) * 0.5 + first_above(y, 0.9);
        }
        s
    }

    fn pairs_from_calls(x: &[f64], y: &[f64]) -> f64 {
        let (mut a, mut b) = (0.4, 0.6);
        for i in 0..x.len() {
            (a, b) = both(b * x[i], a + y[i]);
            let (c, d) = both(a, b);
            let (c, d) = (d, c);
            a += 0.1 * c;
            b -= 0.1 * d * a;
        }
        a * b
    }

    fn scalars_behind_references(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.5;
        let mut v = y.to_vec();
        for i in 0..x.len() {
            bump(&mut s, x[i]);
            bump(&mut v[i], s);
            let k = v[i] * 0.5;
            bump(&mut s, k);
        }
        s + v.iter().sum::<f64>()
    }

    fn slices_behind_references(x: &[f64], y: &[f64]) -> f64 {
        let mut v = x.to_vec();
        let mut s = 0.0;
        for i in 0..x.len() {
            s += sweep(&mut v[i..], y[i]);
            let n = v.len();
            s += sweep(&mut v[..n - i], s * 0.1) * v[0];
        }
        s + v.iter().map(|a| a * a).sum::<f64>()
    }

    fn arrays_by_value(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.1, 0.2, 0.3];
        for i in 0..x.len() {
            let b = by_value(a, x[i]);
            a = by_value(b, y[i]);
            a[i % 3] += b[2] * x[i];
        }
        a[0] * a[1] + a[2]
    }

    fn structures_that_are_written(x: &[f64], y: &[f64]) -> f64 {
        let mut p = Particle { at: [0.3, 0.4], mass: 1.5, steps: 0 };
        let mut path = Vec::new();
        for i in 0..x.len() {
            p.mass += x[i] * 0.1;
            advance(&mut p, y[i] * 0.2);
            path.push(p.clone());
        }
        let mut s = p.at[0];
        while let Some(q) = path.pop() {
            s = s * 0.5 + q.at[1] * q.mass;
        }
        s
    }

    fn pools(x: &[f64], y: &[f64]) -> f64 {
        let mut pool = Pool { held: Vec::new(), best: None };
        let mut s = 0.0;
        for i in 0..x.len() {
            pool.held.push(x[i] * y[i]);
            if pool.held.len() > 2 {
                s += pool.held[0];
                pool.held.swap(0, 2);
                pool.held.truncate(2);
            }
            pool.best = match pool.best {
                Some(b) if b > x[i] => Some(b * 0.9 + pool.held[0]),
                _ => Some(x[i]),
            };
        }
        s + pool.held.iter().sum::<f64>() * pool.best.unwrap_or(0.5)
    }
}

#[differentiable]
fn copied(mut all: Vec<f64>, row: &[f64; 2], list: &Vec<f64>, p: &Particle) -> f64 {
    let mut own = list.clone();
    let mut pair = row.clone();
    let mut q = p.clone();
    for i in 0..own.len() {
        own[i] *= list[i];
        pair[i % 2] += own[i] * q.mass;
        q.at[0] += pair[0] * p.at[1];
        all.push(q.at[0]);
    }
    own.iter().sum::<f64>() * pair[1] + q.at[0] * all[all.len() - 1] + all[0]
}

#[test]
fn copies_of_what_parameters_refer_to() {
    let p = Particle {
        at: [0.4, 0.8],
        mass: 1.3,
        steps: 2,
    };
    gradcheck!(second: copied, vec![0.5, 0.25], &[0.3, 0.9], &vec![0.2, 0.7, 1.1], &p);
}
