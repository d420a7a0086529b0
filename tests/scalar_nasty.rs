//! Programs that are written to go wrong: exits out of the middle, names used twice, places that
//! alias, loops that run zero times. Every mode of each is compared with the others and with
//! differences.

#![allow(
    clippy::all,
    unused_assignments,
    reason = "the programs under test are written to have certain forms"
)]

#[path = "scalar_nasty/calls.rs"]
mod calls;
mod common;
#[path = "scalar_nasty/corners.rs"]
mod corners;

use common::strategies::programs;

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
