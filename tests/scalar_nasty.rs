//! Programs that are written to go wrong: exits out of the middle, names used twice, places that
//! alias, loops that run zero times. Every mode of each is compared with the others and with
//! differences.

#![allow(
    clippy::all,
    unused_assignments,
    reason = "the programs under test are written to have certain forms"
)]

mod common;

use common::strategies::programs;
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
    fn hidden_names(x: &[f64], y: &[f64]) -> f64 {
        let s = 0.5;
        let mut t = s;
        for i in 0..x.len() {
            let s = x[i] * t;
            let x = y[i] + s;
            {
                let s = x * s * 0.1;
                t += s.sin();
                let t = 3.0 * s;
                let _ = t;
            }
            t *= 0.5 * x + 0.1 * s;
        }
        t + s
    }

    fn out_of_three_loops(x: &[f64], y: &[f64]) -> f64 {
        let mut v = x.to_vec();
        let mut total = 1.0;
        'outer: for i in 0..x.len() {
            v[i] *= y[i] + 0.3;
            for j in 0..y.len() {
                v[j] = v[j] * v[i] + 0.2;
                for k in 0..x.len() {
                    total += v[k] * y[j];
                    v[k] = (v[k] * total * 0.1).sin();
                    if total > 6.0 {
                        v[0] += total;
                        break 'outer;
                    }
                    if total > 3.0 && k == 1 {
                        total *= 0.7;
                        continue 'outer;
                    }
                }
                total -= 0.1 * v[j];
            }
            total += v[i];
        }
        for i in 0..v.len() {
            total += v[i] * v[i] * (i as f64 + 1.0);
        }
        total
    }

    fn arms_with_guards(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.25;
        let mut last: Option<f64> = None;
        for i in 0..x.len() {
            s = match (i % 3, last) {
                (0, Some(p)) if p > 0.6 => s * p + x[i],
                (0, Some(p)) => s - p * y[i],
                (n @ 1..=2, Some(p)) if s < 2.0 => s + p * x[i] * n as f64,
                (_, None) => s + y[i],
                (_, Some(_)) => s.cos(),
            };
            last = match i {
                2 => None,
                k if x[k] > 0.9 => Some(x[k] * s),
                _ => Some(y[i]),
            };
        }
        match last {
            Some(p) if p > 100.0 => 0.0,
            Some(p) => s * p,
            None => s,
        }
    }

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

    fn remainders(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 1.0;
        for w in x.windows(3) {
            s += w[0] * w[2] - w[1] * s * 0.1;
        }
        for c in y.chunks(2) {
            s += c[0] * c.len() as f64;
            for v in c {
                s = s * 0.9 + v * v;
            }
        }
        for c in x.chunks_exact(3) {
            s += c[0] * c[1] * c[2];
        }
        s
    }

    fn strides(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut s = 0.5;
        for i in (0..n).rev().step_by(2) {
            s = s * x[i] + y[n - 1 - i];
        }
        for i in (0..n).step_by(3).rev() {
            s += x[i] * y[i] * s;
        }
        for v in x.iter().rev().step_by(2).skip(1) {
            s -= v * v * 0.25;
        }
        for (a, b) in x.iter().skip(1).zip(y.iter().rev()) {
            s += a * b;
        }
        s
    }

    fn nothing_to_do(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.75;
        for i in x.len()..x.len() {
            s *= x[i];
        }
        for i in 3..2 {
            s += i as f64 * y[0];
        }
        while s > 1e9 {
            s *= y[0];
        }
        for _ in x[..0].iter() {
            s = 0.0;
        }
        s + x.iter().take(0).sum::<f64>() + x.iter().sum::<f64>() * y.iter().product::<f64>()
    }

    fn not_a_number(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.0;
        for i in 0..x.len() {
            if (x[i] - y[i]).sqrt().is_nan() {
                s += x[i] * 2.0;
            } else {
                s += (x[i] - y[i]).sqrt() * y[i];
            }
            let third = x[i] - 0.7;
            let log = third.ln();
            let known = log == log;
            s += if known { third * 0.1 } else { y[i] };
        }
        s
    }

    fn pivoted(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len().min(4);
        let mut m = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..n {
                m[i][j] = x[(i * 3 + j) % n] + if i == j { 2.0 * y[i] } else { y[j] * 0.3 };
            }
        }
        let mut sign = 1.0;
        let mut det = 1.0;
        for k in 0..n {
            let mut pivot = k;
            for i in k..n {
                if m[i][k].abs() > m[pivot][k].abs() {
                    pivot = i;
                }
            }
            if pivot != k {
                m.swap(k, pivot);
                sign = -sign;
            }
            for i in k + 1..n {
                let f = m[i][k] / m[k][k];
                for j in k..n {
                    m[i][j] -= f * m[k][j];
                }
            }
            det *= m[k][k];
        }
        det * sign
    }

    fn aliases(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut v = x.to_vec();
        let mut at: Vec<usize> = (0..n).map(|i| (i * 5 + 2) % n).collect();
        for i in 0..n {
            v[i] = v[at[i]] * v[i] + y[at[i]];
            at[i] = at[(i + 1) % n];
            v[at[i]] += v[i] * v[at[i]];
        }
        v.iter().zip(y).map(|(a, b)| a * b).sum()
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

    fn writes_through_iterators(x: &[f64], y: &[f64]) -> f64 {
        let mut v = x.to_vec();
        for (a, b) in v.iter_mut().zip(y) {
            *a = *a * b + 0.1;
        }
        for c in v.chunks_mut(2) {
            let first = c[0];
            for e in c.iter_mut() {
                *e *= first;
            }
        }
        for e in &mut v {
            *e += e.sin();
        }
        let mut m = vec![v.clone(), v];
        for row in m.iter_mut() {
            for (j, e) in row.iter_mut().enumerate() {
                *e *= 1.0 + j as f64 * x[0];
            }
        }
        m[0].iter().zip(&m[1]).map(|(a, b)| a * b).sum()
    }

    fn folds(x: &[f64], y: &[f64]) -> f64 {
        let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let low = y.iter().fold(9.0, |m: f64, v| m.min(*v));
        let mixed = x.iter().zip(y).fold(1.0, |acc, (a, b)| if a > b { acc * a } else { acc + b });
        if x.is_empty() { mixed } else { top * low + mixed }
    }

    fn index_is_hidden(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut s = 0.1;
        for i in 0..n {
            let i = n - 1 - i;
            s = s * x[i] + y[i];
            for i in i..n {
                s += x[i] * 0.1 * s;
            }
        }
        s
    }

    fn ranges_that_change(x: &[f64], y: &[f64]) -> f64 {
        let mut n = x.len();
        let mut s = 0.3;
        for i in 0..n {
            s += x[i] * s;
            n -= n / 3;
            for j in 0..n {
                s += y[j] * 0.1;
                if s > 2.0 {
                    n = 1;
                    s *= 0.3;
                }
            }
        }
        s
    }

    fn walks(x: &[f64], y: &[f64]) -> f64 {
        let mut k = 0;
        let mut s = 0.2;
        let mut count = 0;
        while count < 2 * x.len() {
            k = (k * 3 + 1) % x.len();
            if x[k] > 0.6 {
                count += 1;
                s = s * y[k] + count as f64 * 0.1;
            } else {
                s += x[k] * y[(k + count) % y.len()];
            }
            count += 1;
        }
        s
    }

    fn values_of_blocks(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.5;
        for i in 0..x.len() {
            let t = {
                let a = x[i] * s;
                let b = if a > 0.3 { let c = a * a; c + y[i] } else { y[i] - a };
                b * a
            } + if i == 1 { s } else { 1.0 - s };
            s = t * 0.5 + loop {
                s *= 0.8;
                if s < 0.4 {
                    break s * x[i];
                }
            };
        }
        s
    }

    fn closures_that_capture(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 1.0;
        for i in 0..x.len() {
            let k = s * y[i];
            s = x.iter().map(|a| (a * k).sin() * s).sum::<f64>() * 0.1
                + x.iter().map(|a| y.iter().map(|b| a * b * k).sum::<f64>()).sum::<f64>() * 0.02;
        }
        let kept: Vec<f64> = x.iter().filter(|a| **a > 0.5).map(|a| a * s).collect();
        for v in kept {
            s += v * v;
        }
        s + x.iter().take_while(|a| **a < 1.0).map(|a| a * a).sum::<f64>()
    }

    fn backwards_prefix(x: &[f64], y: &[f64]) -> f64 {
        let mut v = x.to_vec();
        for i in 1..v.len() {
            v[i] += v[i - 1] * y[i];
        }
        for i in (0..v.len().saturating_sub(1)).rev() {
            v[i] *= v[i + 1];
        }
        let mut s = 0.0;
        for i in 0..v.len() {
            s += v[i] * y[v.len() - 1 - i];
        }
        s
    }

    fn jumps_in_arms(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.4;
        let mut i = 0;
        loop {
            if i >= x.len() {
                break;
            }
            let at = i;
            i += 1;
            match at % 4 {
                0 => s += x[at],
                1 if s > 1.5 => {
                    s *= y[at];
                    continue;
                }
                2 => {
                    s -= y[at] * x[at];
                    if s < -5.0 {
                        break;
                    }
                }
                _ => {
                    let found = if s > 0.7 { Some(x[at]) } else { None };
                    if let Some(v) = found {
                        s += v * s;
                    }
                }
            }
            s += 0.1 * y[at];
        }
        s * s
    }

    fn vectors_that_grow(x: &[f64], y: &[f64]) -> f64 {
        let mut v = Vec::new();
        let mut s = 0.0;
        for i in 0..x.len() {
            v.push(x[i]);
            v.resize(v.len() + i % 2, y[i]);
            let taken = std::mem::take(&mut v);
            for (j, e) in taken.iter().enumerate() {
                if j % 2 == 0 {
                    v.push(e * 1.1 + s);
                } else {
                    s += e;
                }
            }
            if v.len() > 3 {
                v.clear();
            }
        }
        s + v.iter().sum::<f64>()
    }

    fn precision_changes(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.5;
        for i in 0..x.len() {
            let k = (i * i) as f64 / (1 + i) as f64;
            s += (x[i].clamp(0.3, 1.0) * k).mul_add(y[i], s * 0.1);
            s = (s % 7.0).max(x[i]).min(40.0);
        }
        s
    }

    fn squares_in_place(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut m = [[0.1; 3]; 3];
        for k in 0..n {
            let old = m;
            for i in 0..3 {
                for j in 0..3 {
                    m[i][j] = old[i][j] * 0.5 + old[j][i] * x[k];
                    m[j][i] -= m[i][j] * y[k] * 0.1;
                }
            }
        }
        m[0][1] + m[2][0] * m[1][1]
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
