//! The steps of trust regions, and what becomes of their radius.

use cotangent_optimizers::minimise::{Dogleg, Region, Stopping, TrustRegion, objective};

use crate::assert_close;

/// The point after one step on `(x^2 + 10 y^2) / 2` from (10, 1), of each kind of trust region.
fn one_step(radius: f64) -> [Vec<f64>; 2] {
    let stopping = Stopping {
        iterations: 1,
        ..Stopping::default()
    };
    let region = Region {
        first: radius,
        ..Region::default()
    };
    let bowl = |x: &[f64]| {
        let value = 0.5 * (x[0] * x[0] + 10.0 * x[1] * x[1]);
        (value, vec![x[0], 10.0 * x[1]])
    };
    let mut dogleg = vec![10.0, 1.0];
    let problem = objective(bowl).with_hessian(|_| vec![1.0, 0.0, 0.0, 10.0]);
    Dogleg { stopping, region }
        .minimise(problem, &mut dogleg)
        .unwrap();
    let mut steihaug = vec![10.0, 1.0];
    let problem = objective(bowl).with_products(|_, d| vec![d[0], 10.0 * d[1]]);
    TrustRegion { stopping, region }
        .minimise(problem, &mut steihaug)
        .unwrap();
    [dogleg, steihaug]
}

#[test]
fn trust_region_steps_follow_the_dogleg() {
    // The gradient is (10, 10), the Cauchy point lies 200 / 1100 along it: a way of 20 sqrt 2 / 11.
    // A radius within that: the step is steepest descent of its length.
    for radius in [0.5, 1.0, 2.5] {
        let along = radius / 2.0_f64.sqrt();
        for point in one_step(radius) {
            assert_close(&point, &[10.0 - along, 1.0 - along]);
        }
    }
    // Beyond: the Cauchy point, and from there towards the Newton step (-10, -1) up to the radius.
    // In two dimensions conjugate gradients take the same way.
    for radius in [3.0, 5.0, 10.0] {
        let cauchy = [-20.0 / 11.0, -20.0 / 11.0];
        let bend = [-10.0 - cauchy[0], -1.0 - cauchy[1]];
        let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        // |cauchy + t bend| = radius
        let (a, b, c) = (
            dot(bend, bend),
            2.0 * dot(cauchy, bend),
            dot(cauchy, cauchy) - radius * radius,
        );
        let t = (-b + (b * b - 4.0 * a * c).sqrt()) / (2.0 * a);
        let want = [
            10.0 + cauchy[0] + t * bend[0],
            1.0 + cauchy[1] + t * bend[1],
        ];
        for point in one_step(radius) {
            assert_close(&point, &want);
        }
    }
    // The Newton step itself; conjugate gradients stop at their own tolerance.
    let [dogleg, steihaug] = one_step(20.0);
    assert_close(&dogleg, &[0.0, 0.0]);
    assert!(steihaug.iter().all(|x| x.abs() < 1.0));
}

/// The points that each kind of trust region tries from 0 in two iterations with the first radius 1, on
/// a plane of slope 1 whose value at the first point that is tried is another one.
fn tried(value: f64, largest: f64) -> [Vec<f64>; 2] {
    let stopping = Stopping {
        iterations: 2,
        ..Stopping::default()
    };
    let region = Region {
        first: 1.0,
        largest,
    };
    let run = |dogleg: bool| {
        let mut points = Vec::new();
        let plane = objective(|x| {
            points.push(x[0]);
            let value = if points.len() == 2 { value } else { x[0] };
            (value, vec![1.0])
        });
        let mut x: Vec<f64> = vec![0.0];
        let minimum = if dogleg {
            Dogleg { stopping, region }.minimise(plane.with_hessian(|_| vec![0.0]), &mut x)
        } else {
            let flat = plane.with_products(|_, _| vec![0.0]);
            TrustRegion { stopping, region }.minimise(flat, &mut x)
        };
        minimum.unwrap();
        points
    };
    [run(true), run(false)]
}

#[test]
fn the_radius_follows_what_the_model_was_worth() {
    // The model promises a fall of 1 over the step from 0 to -1. The value there, and the second point.
    for (value, largest, second) in [
        // More than three quarters of it: the radius doubles, as far as it may.
        (-1.0, 1e3, -3.0),
        (-0.76, 1e3, -3.0),
        (-0.76, 1.5, -2.5),
        // Less, but a quarter: it stays.
        (-0.74, 1e3, -2.0),
        (-0.26, 1e3, -2.0),
        // Less than a quarter: it shrinks to one. Above a tenth the step is taken,
        (-0.24, 1e3, -1.25),
        (-0.11, 1e3, -1.25),
        // and below it isn't.
        (-0.09, 1e3, -0.25),
        (0.5, 1e3, -0.25),
        (f64::NAN, 1e3, -0.25),
    ] {
        for points in tried(value, largest) {
            assert_close(&points, &[0.0, -1.0, second]);
        }
    }
}
