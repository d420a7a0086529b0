//! `match` and its kin, tuples, options, enums.

use super::lists::agree;
use super::*;

#[differentiable]
fn modes(x: &[f64]) -> f64 {
    let mut s = 0.5;
    for i in 0..x.len() {
        s = match i % 5 {
            0 => s + x[i],
            1 | 2 if x[i] > 1.0 => s * x[i],
            1..=3 => s - x[i] * x[i],
            n => s * n as f64 + x[i].sin(),
        };
    }
    s
}

#[differentiable]
fn options(x: &[f64]) -> f64 {
    let mut best = None;
    let mut s = 1.0;
    for i in 0..x.len() {
        match best {
            Some(b) if b > x[i] => s += b * x[i],
            Some(b) => {
                s *= b;
                best = Some(x[i] * b);
            }
            None => best = Some(x[i] * 1.5),
        }
        if let Some(b) = best {
            s += b.cos();
        }
    }
    let Some(last) = best else {
        return s;
    };
    s * last + best.unwrap()
}

#[differentiable]
fn pairs(x: &[f64]) -> f64 {
    let mut pair = (1.0, 2.0);
    let mut s = 0.0;
    for i in 0..x.len() {
        let (a, b) = pair;
        pair = (b * x[i], a + x[i]);
        s += match (i % 2, pair) {
            (0, (u, v)) => u * v,
            (_, (u, _)) => u.sin(),
        };
        pair.0 *= 0.5;
    }
    let ((u, v), w) = (pair, s);
    u * v + w
}

#[differentiable]
fn chained_conditions(x: &[f64]) -> f64 {
    let mut held = Some(1.0);
    let mut s = 0.25;
    for i in 0..x.len() {
        if let Some(h) = held
            && x[i] > 0.9
        {
            s += h * x[i];
            held = if i % 3 == 2 { None } else { Some(s.sin()) };
        } else {
            s *= x[i];
            held = Some(x[i]);
        }
        if matches!(held, Some(h) if h > 0.5) {
            s += 1.0;
        }
    }
    s
}

#[differentiable]
fn shadowing(x: &[f64]) -> f64 {
    let s = 1.0;
    let mut t = s;
    for i in 0..x.len() {
        let s = t * x[i];
        let t2 = {
            let s = s + 1.0;
            s * s
        };
        t = ((t2 - s) * 0.05).sin() + 1.0;
    }
    let t = t * s;
    t
}

agree! {
    match_on_integers: modes at SIZES;
    match_on_options: options at SIZES;
    tuples_in_patterns: pairs at SIZES;
    let_chains: chained_conditions at SIZES;
    names_are_hidden: shadowing at SIZES;
}
