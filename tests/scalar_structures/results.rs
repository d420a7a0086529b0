//! Structures as results, by value, behind `&mut`, in slices, and in calls.

use cotangent::prelude::*;

use crate::check::{close, floats, noise, with_floats};
use crate::programs::{Body, body};

#[differentiable]
fn drifted(b: Body, t: f64) -> Body {
    let mut next = b.clone();
    next.at[0] += t * b.speed.0;
    next.at[1] += t * b.speed.1 * b.mass;
    Body {
        mass: next.mass * t.cos(),
        ..next
    }
}

#[differentiable]
fn drift(b: &mut Body, t: f64) {
    let before = b.mass;
    b.mass = before * t.cos();
    b.at[2] *= before;
    b.speed = (b.speed.1 * t, b.speed.0);
}

#[differentiable]
fn energy(b: &Body, k: f64) -> f64 {
    k * b.mass * (b.speed.0 * b.speed.0 + b.speed.1 * b.speed.1) + b.at[0] * b.at[1] * b.at[2]
}

#[differentiable]
fn total(bodies: &[Body], t: f64) -> f64 {
    let mut sum = 0.0;
    for b in bodies {
        let mut moved = drifted(b.clone(), t);
        sum += energy(&moved, 0.5);
        drift(&mut moved, t);
        sum += energy(&moved, t) * energy(b, 1.0);
    }
    sum
}

#[differentiable]
fn by_value(b: Body, scale: f64) -> f64 {
    b.mass * scale + b.at[1] * b.speed.0
}

fn slopes(f: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let h = 1e-3;
    let (a, b, c, d) = (f(h), f(-h), f(2.0 * h), f(-2.0 * h));
    (0..a.len())
        .map(|k| (8.0 * (a[k] - b[k]) - (c[k] - d[k])) / (12.0 * h))
        .collect()
}

/// The gradient of `w . f` by differences.
fn gradient(b: &Body, w: &[f64], f: impl Fn(&Body) -> Body) -> Vec<f64> {
    let start = floats(b);
    (0..start.len())
        .map(|k| {
            slopes(|h| {
                let mut moved = start.clone();
                moved[k] += h;
                let result = floats(&f(&with_floats(b, &moved)));
                vec![result.iter().zip(w).map(|(r, w)| r * w).sum()]
            })[0]
        })
        .collect()
}

#[test]
fn a_structure_as_result() {
    let (b, w) = (body(2), noise(6, 8));
    let cotangent = with_floats(&b, &w);
    let (value, (db, dt)) = drifted::vjp(b.clone(), 0.3, cotangent);
    assert_eq!(value, drifted(b.clone(), 0.3));
    close(
        "vjp",
        &floats(&db),
        &gradient(&b, &w, |b| drifted(b.clone(), 0.3)),
        1e-8,
    );
    let along = slopes(|h| floats(&drifted(b.clone(), 0.3 + h)));
    let dot: f64 = along.iter().zip(&w).map(|(a, w)| a * w).sum();
    close("vjp", &[dt], &[dot], 1e-8);
    let zero = with_floats(&b, &[0.0; 6]);
    let (_, slope) = drifted::jvp(b.clone(), 0.3, zero, 1.0);
    close("jvp", &floats(&slope), &along, 1e-8);
}

#[test]
fn a_structure_behind_an_exclusive_reference() {
    let (b, w) = (body(3), noise(6, 8));
    let mut written = b.clone();
    let (db, _) = drift::vjp(&mut written, 0.3, with_floats(&b, &w));
    let run = |b: &Body| {
        let mut b = b.clone();
        drift(&mut b, 0.3);
        b
    };
    assert_eq!(written, run(&b));
    close("vjp", &floats(&db), &gradient(&b, &w, run), 1e-8);
    let mut direction = with_floats(&b, &w);
    drift::jvp(&mut b.clone(), 0.3, &mut direction, 0.0);
    let expected = slopes(|h| {
        let moved: Vec<f64> = floats(&b).iter().zip(&w).map(|(x, w)| x + h * w).collect();
        floats(&run(&with_floats(&b, &moved)))
    });
    close("jvp", &floats(&direction), &expected, 1e-8);
}

#[test]
fn slices_of_structures_in_calls() {
    let bodies: Vec<Body> = (0..3).map(body).collect();
    let (value, (db, dt)) = total::value_and_grad(&bodies, 0.4);
    close("value", &[value], &[total(&bodies, 0.4)], 1e-13);
    close("t", &[dt], &slopes(|h| vec![total(&bodies, 0.4 + h)]), 1e-8);
    for (at, db) in db.iter().enumerate() {
        let expected = gradient(&bodies[at], &[1.0; 6], |b| {
            let mut bodies = bodies.clone();
            bodies[at] = b.clone();
            let zero = with_floats(b, &[0.0; 6]);
            Body {
                mass: total(&bodies, 0.4),
                ..zero
            }
        });
        close("bodies", &floats(db), &expected, 1e-8);
    }
    let directions: Vec<Body> = bodies
        .iter()
        .map(|b| with_floats(b, &noise(6, 4)))
        .collect();
    let (_, slope) = total::jvp(&bodies, 0.4, &directions, 0.5);
    let dot: f64 = db
        .iter()
        .flat_map(floats)
        .zip(directions.iter().flat_map(floats))
        .map(|(a, b)| a * b)
        .sum();
    close("jvp", &[slope], &[dot + 0.5 * dt], 1e-11);
    let (hb, ht) = total::hvp(&bodies, 0.4, &directions, 0.5);
    let moved = |h: f64| {
        let bodies: Vec<Body> = bodies
            .iter()
            .zip(&directions)
            .map(|(b, d)| {
                let sum: Vec<f64> = floats(b)
                    .iter()
                    .zip(floats(d))
                    .map(|(b, d)| b + h * d)
                    .collect();
                with_floats(b, &sum)
            })
            .collect();
        let (db, dt) = total::grad(&bodies, 0.4 + 0.5 * h);
        db.iter().flat_map(floats).chain([dt]).collect()
    };
    let product: Vec<f64> = hb.iter().flat_map(floats).chain([ht]).collect();
    close("hvp", &product, &slopes(moved), 1e-7);
}

#[test]
fn by_value_and_hessian() {
    let b = body(1);
    let (value, (db, scale)) = by_value::value_and_grad(b.clone(), 2.0);
    assert_eq!(value, by_value(b.clone(), 2.0));
    assert_eq!(floats(&db), [2.0, 0.0, b.speed.0, 0.0, b.at[1], 0.0]);
    assert_eq!(scale, b.mass);
    let hessian = by_value::hessian(b, 2.0);
    let ones: Vec<(usize, usize)> = (0..7)
        .flat_map(|row| (0..7).map(move |column| (row, column)))
        .filter(|&(row, column)| hessian.row(row)[column] != 0.0)
        .collect();
    assert_eq!(ones, [(0, 6), (2, 4), (4, 2), (6, 0)]);
}
