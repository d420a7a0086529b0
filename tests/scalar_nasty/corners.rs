//! Further corners: patterns with bindings in tuples, loops inside of arms, nested options, closures
//! in closures, arithmetic between integers and floats, slices of slices, lists of structures.

use super::common::strategies::programs;
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Body {
    at: [f64; 3],
    mass: f64,
    kind: u8,
    trail: Vec<f64>,
}

#[derive(Differentiable, Clone)]
struct Pair<const N: usize> {
    left: [f64; N],
    right: [[f64; N]; 2],
}

#[differentiable]
fn power(x: [f64; 2], n: usize) -> [f64; 2] {
    if n == 0 {
        return [1.0, 0.1];
    }
    let half = power(x, n / 2);
    let square = [
        half[0] * half[0] - half[1] * half[1],
        2.0 * half[0] * half[1],
    ];
    if n % 2 == 0 {
        square
    } else {
        [
            square[0] * x[0] - square[1] * x[1],
            square[0] * x[1] + square[1] * x[0],
        ]
    }
}

#[differentiable]
fn merged(a: &[f64], b: &[f64]) -> Vec<f64> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < a.len() || j < b.len() {
        if j >= b.len() || (i < a.len() && a[i] <= b[j]) {
            out.push(a[i]);
            i += 1;
        } else {
            out.push(b[j] * 1.37);
            j += 1;
        }
    }
    out
}

#[differentiable]
fn squares(x: &[f64], k: f64) -> Vec<f64> {
    let mut out = Vec::new();
    for v in x {
        out.push(v * v * k);
    }
    out
}

#[differentiable]
fn spread<const N: usize>(k: f64, by: [f64; N]) -> [f64; N] {
    let mut out = [k; N];
    for i in 0..N {
        out[N - 1 - i] += by[i] * (N * N - i) as f64 / (N + 1) as f64;
        out[i] *= by[(i + N / 2) % N];
    }
    out
}

#[differentiable]
fn checked(v: f64, bound: f64) -> Option<f64> {
    if v > bound { None } else { Some(v * bound) }
}

#[differentiable]
fn nested_check(v: f64, bound: f64) -> Option<Option<f64>> {
    if v < 0.5 * bound {
        None
    } else if v < bound {
        Some(None)
    } else {
        Some(Some(v - bound))
    }
}

#[differentiable]
fn trades(a: &mut f64, b: &mut f64, k: f64) {
    std::mem::swap(a, b);
    *a += k * *b;
    if *a > 1.0 {
        *b = *a * k;
        return;
    }
    *b *= 2.0;
}

#[differentiable]
fn advance(body: &mut Body, k: f64) -> f64 {
    let old = body.at;
    body.at[0] += k * old[1];
    body.at[1] -= k * old[0] * body.mass;
    body.trail.push(body.at[0] * k);
    if body.kind == 1 {
        return body.at[2];
    }
    body.mass *= 1.0 + 0.1 * k;
    body.at[2] + body.trail[body.trail.len() - 1]
}

programs! {
    fn shadows_in_closures(x: &[f64], y: &[f64]) -> f64 {
        let s = 0.5;
        let k = y.iter().map(|x| x * s).sum::<f64>();
        x.iter()
            .map(|s| {
                let k = s * k;
                let s = y.iter().map(|y| { let s = y * k; s * s + k }).sum::<f64>();
                s * k
            })
            .fold(s, |k, s| k * 0.5 + s * 0.1)
            + s * k
    }

    fn continue_out_of_while_let(x: &[f64], y: &[f64]) -> f64 {
        let mut stack = x.to_vec();
        let mut s = 0.2;
        'rows: for i in 0..y.len() {
            stack.push(y[i] * s);
            while let Some(top) = stack.pop() {
                s = s * 0.7 + top * y[i];
                if top > 1.013 {
                    continue 'rows;
                }
                if s > 2.47 {
                    s *= 0.5;
                    break 'rows;
                }
            }
            stack.push(s);
            s += 0.3;
        }
        s + stack.iter().map(|v| v * v).sum::<f64>()
    }

    fn slices_of_slices(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut v = x.to_vec();
        let mut s = 0.0;
        for lo in 0..n {
            let tail = &x[lo..];
            let inner = &tail[..tail.len().min(2)];
            let last = &inner[inner.len() - 1..];
            s += inner[0] * last[0] * y[lo];
            let mine = &mut v[lo..];
            let first = &mut mine[..1];
            first[0] *= s + last[0];
        }
        s + v.iter().enumerate().map(|(i, v)| v * i as f64).sum::<f64>()
    }

    fn tuples_with_bindings(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut pair = (0.1, 1_usize);
        for i in 0..x.len() {
            let next = match (pair, i % 2 == 0) {
                ((a, 1), true) => (a + x[i], 2),
                ((a, n), true) if n > 2 => (a * y[i], n - 2),
                ((a, n @ (2 | 3)), _) => (a * a * 0.5 + n as f64, n + 1),
                ((_, n), false) => (x[i] * y[i], n + 1),
                ((a, n), true) => (a, n),
            };
            pair = next;
            let (a, n) = pair;
            s += a / (n as f64 + 1.0);
        }
        s * pair.0
    }

    fn options_of_options(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.1;
        let mut held: Option<Option<f64>> = None;
        for i in 0..x.len() {
            held = match held {
                None => Some(None),
                Some(None) => Some(Some(x[i] * s)),
                Some(Some(v)) if v > 0.8 => None,
                Some(Some(v)) => Some(Some(v * y[i] + 0.4)),
            };
            if let Some(Some(v)) = held {
                s += v * v;
            } else if let Some(None) = held {
                s *= y[i];
            }
            if let Some(inner) = nested_check(x[i], y[i]) {
                s += match inner {
                    Some(v) => v * s,
                    None => 0.05 * s,
                };
            }
        }
        s
    }

    fn return_from_a_loop_in_an_arm(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.4;
        for i in 0..x.len() {
            match i % 3 {
                0 => {
                    for j in i..y.len() {
                        s += x[i] * y[j] * s * 0.2;
                        if s > 1.7 {
                            return s * x[j] + y[i];
                        }
                    }
                }
                1 => loop {
                    s = s * 0.6 + 0.1 * x[i];
                    if s < 0.5 {
                        break;
                    }
                },
                _ => {
                    let mut k = 0;
                    while k < 5 {
                        k += 2;
                        s += y[i] * k as f64 * 0.05;
                    }
                }
            }
        }
        s
    }

    fn swaps_of_everything(x: &[f64], y: &[f64]) -> f64 {
        let (mut a, mut b) = (x.to_vec(), y.to_vec());
        let mut p = (0.3, 0.7);
        let mut m = [[0.1, 0.2], [0.3, 0.4]];
        let mut s = 1.0;
        for i in 0..a.len() {
            std::mem::swap(&mut a[i], &mut b[i]);
            std::mem::swap(&mut p.0, &mut p.1);
            p.0 += a[i] * p.1;
            m.swap(0, 1);
            m[0][1] *= b[i] + s;
            if i % 2 == 1 {
                std::mem::swap(&mut a, &mut b);
                let row = m[0];
                m[0] = [m[1][1], row[0]];
            }
            trades(&mut s, &mut p.0, 0.3);
            s += std::mem::replace(&mut b[i], s * 0.5);
        }
        s + a.iter().sum::<f64>() * p.0 + m[1][0] * m[0][1]
    }

    fn powers_by_squaring(x: &[f64], y: &[f64]) -> f64 {
        let mut z = [0.2, 0.9];
        for i in 0..x.len() {
            let p = power([x[i], y[i]], i % 3 + 2);
            z = [z[0] * p[0] - z[1] * p[1], z[0] + p[1] * 0.1];
            let l = (z[0] * z[0] + z[1] * z[1] + 0.5).sqrt();
            z = [z[0] / l, z[1] / l];
        }
        z[0] * 2.0 - z[1]
    }

    fn chunks_of_both(x: &[f64], y: &[f64]) -> f64 {
        let mut v = y.to_vec();
        let mut s = 0.2;
        for (c, d) in x.chunks_exact(2).zip(y.chunks(3)) {
            s = s * c[1] + c[0] * d[d.len() - 1];
        }
        for (i, c) in v.chunks_mut(2).enumerate() {
            c[0] *= s + i as f64;
            for e in c.iter_mut() {
                *e += 0.1 * s;
            }
        }
        for c in v.chunks_exact(3).rev() {
            s += c.iter().product::<f64>() * 0.1;
        }
        for (a, b) in v.iter().zip(x.iter().skip(1)).rev().take(2) {
            s += a * b;
        }
        s
    }

    fn zips_of_unequal_lists(x: &[f64], y: &[f64]) -> f64 {
        let mut long = x.to_vec();
        long.extend(y.iter().map(|v| v * 0.5));
        let mut s = 0.0;
        for (i, (a, b)) in long.iter().zip(x).enumerate() {
            s += a * b * i as f64;
        }
        for ((a, b), c) in x.iter().zip(&long).zip(y.iter().rev()) {
            s += a * b - c * s * 0.1;
        }
        s
    }

    fn structures_in_lists(x: &[f64], y: &[f64]) -> f64 {
        let mut all = Vec::new();
        for i in 0..x.len() {
            all.push(Body {
                at: [x[i], y[i], x[i] * y[i]],
                mass: 1.0 + y[i],
                kind: (i % 2) as u8,
                trail: vec![x[i]; i % 3],
            });
        }
        let mut s = 0.1;
        for turn in 0..2 {
            for body in all.iter_mut() {
                body.mass += 0.1 * s;
                body.at[turn] *= body.mass;
                s += 0.05 * body.at[0];
            }
            for i in 0..all.len() {
                s += advance(&mut all[i], 0.2 + 0.1 * s.sin());
            }
        }
        for (i, body) in all.iter().enumerate() {
            let Body { at: [p, q, _], mass, .. } = body;
            s += p * q / mass + body.trail.iter().sum::<f64>() * i as f64;
        }
        s
    }

    fn integers_and_back(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut s = 0.25;
        for i in 0..n {
            let k = (i * 7 + 3) % (n + 1);
            let f = k as f64 / (n as f64 + 1.0);
            let back = (f * 10.0).floor() as usize;
            let signed = back as i64 - 4;
            s += x[i] * f + y[i] * signed as f64 * 0.1;
            s *= 1.0 + (signed.abs() as f64).sqrt() * 0.01 * x[k.min(n - 1)];
            let single = (s as f32 as f64) * 0.0 + s;
            s = single + (i as f32 * 0.5) as f64 * y[i] - ((n - i) as f64).ln() * x[i];
        }
        s
    }

    fn constants_in_generics(x: &[f64], y: &[f64]) -> f64 {
        const WIDE: usize = 4;
        const LAST: usize = WIDE * 2 - 5;
        let mut s = 0.3;
        for i in 0..x.len() {
            let a = spread(x[i], [y[i], s, 0.5, 0.25]);
            let b = spread(s, [x[i], y[i]]);
            s = (0.05 * (a[LAST] * b[1] + a[0] * b[0] - a[WIDE / 2])).sin() + 0.1 * s;
        }
        s
    }

    fn merges(x: &[f64], y: &[f64]) -> f64 {
        let all = merged(x, y);
        let again = merged(&all, &x[..x.len() / 2]);
        let mut s = 0.0;
        for (i, v) in again.iter().enumerate() {
            s = s * 0.8 + v * (i + 1) as f64;
        }
        s * all.len() as f64
    }

    fn values_of_blocks(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.6;
        for i in 0..x.len() {
            let t = {
                let mut t = x[i];
                for k in 0..i {
                    t += y[k] * t * 0.2;
                }
                if t > 2.0 { 2.0 * y[i] } else { t }
            } * {
                s += 0.1 * y[i];
                0.5
            };
            let u = if let Some(v) = checked(t, 1.2) { v } else { loop {
                s *= 0.9;
                if s < 1.0 { break s * t; }
            } };
            s += u;
        }
        s
    }

    fn labels_that_repeat(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.2;
        'a: for i in 0..x.len() {
            let mut k = 0;
            'b: loop {
                k += 1;
                for j in 0..y.len() {
                    s += 0.1 * x[i] * y[j];
                    if s > 3.0 { s *= 0.4; continue 'b; }
                    if k > 3 { continue 'a; }
                    if s > 2.0 && j == 1 { break 'b; }
                }
                s += 0.01;
                if k > 2 { break; }
            }
            'b: while k < 6 {
                k += 1;
                if k == 4 { continue 'b; }
                s *= 1.0 + 0.02 * y[i];
            }
        }
        s
    }

    fn a_condition_that_reads_floats(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.5;
        let mut i = 0;
        while i < x.len() && (s * x[i] < 2.0 || y[i] > 0.9) {
            s += match (x[i] > s, y[i].partial_cmp(&x[i])) {
                (true, Some(std::cmp::Ordering::Less)) => x[i] * y[i],
                (true, _) => y[i],
                (false, Some(_)) => -0.2 * s,
                (false, None) => 1e9,
            };
            i += if s > 1.0 { 2 } else { 1 };
        }
        s * (i as f64 + 0.5)
    }

    fn aliases_in_one_statement(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut v = x.to_vec();
        let mut at: Vec<usize> = (0..n).map(|i| (i * 3 + 1) % n.max(1)).collect();
        for i in 0..n {
            v[at[i]] = v[i] * v[at[i]] + v[at[at[i]]] * y[i];
            at[i] = (at[i] + 1) % n;
            v[at[i]] += v[at[i]] * v[at[i]];
            let j = at[i];
            (v[i], v[j]) = (v[j] * 0.5, v[i] + 0.1);
        }
        v.iter().zip(y).map(|(a, b)| a * b).sum::<f64>()
    }

    fn written_in_the_condition_of_an_arm(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.1;
        let mut left = 3;
        for i in 0..x.len() {
            s += match left {
                0 => { left = 2; x[i] * s }
                n if n % 2 == 1 => { left -= 1; y[i] * n as f64 }
                _ => {
                    left -= 2;
                    let mut t = s;
                    for k in 0..=left { t *= x[i] + k as f64 * 0.1; }
                    t
                }
            };
        }
        s * (left as f64 + 1.0)
    }

    fn folds_in_folds(x: &[f64], y: &[f64]) -> f64 {
        let total = x.iter().fold((0.0, 1.0), |(sum, product), v| {
            let inner = y.iter().fold(0.0, |m: f64, w| m.max(w * v));
            (sum + inner, product * (0.5 + 0.1 * inner))
        });
        let highest = x.iter().map(|v| v * total.1).fold(f64::NEG_INFINITY, f64::max);
        if x.is_empty() { total.0 } else { total.0 + highest }
    }

    fn filters_with_state(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.1;
        for (i, v) in x.iter().enumerate().filter(|(i, v)| i % 2 == 0 || **v > 1.0) {
            s += v * y[i];
            s *= 1.01;
        }
        s += x.iter().zip(y).filter(|(a, b)| a > b).map(|(a, b)| a * b * s).sum::<f64>();
        s + y.iter().take_while(|v| **v < 1.5).map(|v| v * v).product::<f64>()
    }

    fn early_none(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.2;
        for i in 0..x.len() {
            let Some(v) = checked(x[i], 1.0 + y[i] * 0.3) else {
                s *= 0.5 + x[i];
                continue;
            };
            let w = checked(v, y[i]).unwrap_or(0.3 * s);
            s += v * w;
        }
        s
    }

    fn generic_structures(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.2;
        for i in 0..x.len() {
            let mut p = Pair { left: [x[i], y[i], s], right: [[0.1, 0.2, x[i]], [y[i]; 3]] };
            for (l, r) in p.left.iter_mut().zip(p.right[0]) {
                *l += r * s;
            }
            p.right[1] = p.left;
            p.left[2] *= p.right[1][0];
            let Pair { left: [a, _, c], right } = p;
            s = 0.5 * s + a * c * right[1][1] - right[0][2];
        }
        s
    }

    fn ranges_that_move(x: &[f64], y: &[f64]) -> f64 {
        let (mut lo, mut hi) = (0, x.len());
        let mut s = 0.3;
        while lo < hi {
            for i in lo..hi {
                s += x[i] * y[i] * 0.3;
                hi = hi.min(x.len());
            }
            for i in (lo + 1..=hi).rev().step_by(2) {
                s = s * 0.8 + x[i - 1];
            }
            lo += 1;
            if s > 1.0 { hi -= 1; }
        }
        s
    }

    fn arrays_by_value(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.1, 0.2, 0.3];
        let mut b = a;
        let mut s = 0.0;
        for i in 0..x.len() {
            b[i % 3] = x[i];
            let c = a;
            a = b;
            b = [c[2], c[0] * y[i], a[1]];
            let [p, _, q] = a;
            s += p * q + b.iter().map(|v| v * v).sum::<f64>();
        }
        s + a[0] * b[2]
    }

    fn nested_lists(x: &[f64], y: &[f64]) -> f64 {
        let mut rows: Vec<Vec<f64>> = vec![Vec::new(); 3];
        for i in 0..x.len() {
            rows[i % 3].push(x[i]);
            let moved = std::mem::take(&mut rows[(i + 1) % 3]);
            rows[(i + 2) % 3].extend(moved.iter().map(|v| v * y[i]));
            rows.swap(0, i % 3);
        }
        let mut s = 0.0;
        for (r, row) in rows.iter().enumerate() {
            for (c, v) in row.iter().enumerate().rev() {
                s = s * 0.9 + v * (r * 2 + c) as f64;
            }
            if let Some(last) = row.last() {
                s += last * last;
            }
        }
        s
    }

    fn declared_late(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.4;
        for i in 0..x.len() {
            let a;
            let b: f64;
            if x[i] > y[i] {
                a = x[i] * s;
                b = 0.5;
            } else {
                b = y[i];
                a = b * b;
            }
            let c = match i { 0 => a, _ if b > 0.5 => { let c = a + b; c * c } _ => b };
            s += a * b - 0.3 * c;
        }
        s
    }

    fn powers_and_remainders(x: &[f64], y: &[f64]) -> f64 {
        let mut s: f64 = 0.3;
        for i in 0..x.len() {
            let n = i as i32 - 2;
            s += x[i].powi(n) * 0.1 + y[i].powf(x[i]) - (x[i] + 2.3) % (y[i] + 0.5);
            s = (s % 5.0) + (s * 0.1).tanh().mul_add(x[i], y[i]);
            s = s.copysign(x[i] - 0.9).abs().sqrt().hypot(y[i]);
        }
        s
    }

    fn lists_of_callees_that_are_not_read_again(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in 0..x.len() {
            let v = squares(&x[..i + 1], y[i]);
            s += v[i] * 0.2 + v[0];
            let w = squares(&x[i..], y[i]);
            let other = w;
            s -= other[0] * 0.5;
        }
        s
    }

    fn copies_that_are_not_read_again(x: &[f64], y: &[f64]) -> f64 {
        let all = x.to_vec();
        let copy = all.clone();
        let mut s = 0.3;
        for i in 0..x.len() {
            s += copy[i] * y[i] * i as f64;
        }
        s
    }

    fn an_index_that_only_a_restored_element_needs(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut weights = vec![1.0; n];
        let mut at = 0;
        let mut s = 0.7;
        for i in 0..n {
            s = s * weights[i] * x[i] + y[i];
            weights[at] = i as f64 * 0.3 + 0.5;
            at = (at + 2) % n;
        }
        for i in 0..n {
            s = s * weights[n - 1 - i] * y[i] + x[i];
        }
        s
    }

    fn vectors_through_calls(x: &[f64], y: &[f64]) -> f64 {
        let mut all = x.to_vec();
        let mut s = 0.1;
        for i in 0..y.len() {
            all = merged(&all, &[y[i] * 0.61]);
            if all.len() > 4 {
                all.truncate(3);
            }
            s += all[all.len() - 1] * s + all[0];
        }
        s
    }
}
