//! Gradients of scalar code beside the function itself and beside an adjoint written by hand.
//!
//! Prints, per case, the medians of the primal, of the generated gradient and of the hand-written
//! one, and two ratios: gradient to primal, and gradient to hand-written. The objectives are those
//! of the GradBench example. Answers are compared before anything is timed.

#![allow(
    clippy::needless_range_loop,
    clippy::too_many_arguments,
    dead_code,
    reason = "the objectives of the example are shared, by index as most users write them"
)]

#[path = "../../examples/gradbench/evals/mod.rs"]
mod evals;
mod hand;

use std::hint::black_box;
use std::time::Instant;

use cotangent::prelude::*;
use evals::{ba, gmm, kmeans, llsq, lse, lstm, ode};

#[differentiable]
fn rosenbrock(p: [f64; 2]) -> f64 {
    let (a, b) = (1.0 - p[0], p[1] - p[0] * p[0]);
    a * a + 100.0 * b * b
}

fn rosenbrock_by_hand(p: [f64; 2]) -> (f64, [f64; 2]) {
    let (a, b) = (1.0 - p[0], p[1] - p[0] * p[0]);
    let slope = 200.0 * b;
    (
        a * a + 100.0 * b * b,
        [-2.0 * a - 2.0 * slope * p[0], slope],
    )
}

/// Three layers of one neuron each.
#[differentiable(wrt(w))]
fn layers(w: [f64; 6], x: f64) -> f64 {
    let first = (w[0] * x + w[1]).tanh();
    let second = (w[2] * first + w[3]).tanh();
    (w[4] * second + w[5]).tanh()
}

fn layers_by_hand(w: [f64; 6], x: f64) -> (f64, [f64; 6]) {
    let first = (w[0] * x + w[1]).tanh();
    let second = (w[2] * first + w[3]).tanh();
    let third = (w[4] * second + w[5]).tanh();
    let d3 = 1.0 - third * third;
    let d2 = d3 * w[4] * (1.0 - second * second);
    let d1 = d2 * w[2] * (1.0 - first * first);
    (third, [d1 * x, d1, d2 * first, d2, d3 * second, d3])
}

/// Values without a pattern between 0 and 1.
fn noise(n: usize, seed: usize) -> Vec<f64> {
    let mix = |k: usize| ((k * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract();
    (0..n).map(mix).collect()
}

/// The median time of a call in nanoseconds, over batches that together take a fifth of a second.
fn median(mut run: impl FnMut()) -> f64 {
    run();
    let start = Instant::now();
    run();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let batch = (1e-4 / once).ceil().max(1.0) as usize;
    let batches = ((0.2 / (once * batch as f64)) as usize).clamp(5, 500);
    let mut times: Vec<f64> = (0..batches)
        .map(|_| {
            let start = Instant::now();
            (0..batch).for_each(|_| run());
            start.elapsed().as_secs_f64() * 1e9 / batch as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Prints a row of the table, after comparing the two gradients.
fn row(
    name: &str,
    (ours, theirs): (&[f64], &[f64]),
    primal: impl FnMut(),
    gradient: impl FnMut(),
    by_hand: impl FnMut(),
) {
    let scale = theirs
        .iter()
        .fold(1e-300_f64, |scale, d| scale.max(d.abs()));
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            (ours - theirs).abs() <= 1e-9 * scale,
            "{name}: {ours} by us, {theirs} by hand"
        );
    }
    let (primal, gradient, by_hand) = (median(primal), median(gradient), median(by_hand));
    println!(
        "{name:24} {primal:12.0} {gradient:12.0} {by_hand:12.0} {:10.2} {:10.2}",
        gradient / primal,
        gradient / by_hand
    );
}

fn small_functions() {
    let p = [-0.7, 1.3];
    row(
        "rosenbrock",
        (&rosenbrock::grad(p), &rosenbrock_by_hand(p).1),
        || _ = black_box(rosenbrock(black_box(p))),
        || _ = black_box(rosenbrock::value_and_grad(black_box(p))),
        || _ = black_box(rosenbrock_by_hand(black_box(p))),
    );
    let w = [0.3, -0.2, 0.9, 0.4, -0.6, 0.1];
    row(
        "three layers",
        (&layers::grad(w, 0.7), &layers_by_hand(w, 0.7).1),
        || _ = black_box(layers(black_box(w), 0.7)),
        || _ = black_box(layers::value_and_grad(black_box(w), 0.7)),
        || _ = black_box(layers_by_hand(black_box(w), 0.7)),
    );
}

fn least_squares() {
    for n in [16, 128, 1024, 8196] {
        let x = noise(128, 1);
        let (mut ours, mut theirs, mut powers) = (vec![], vec![0.0; 128], vec![0.0; 128]);
        llsq::least_squares::value_and_grad_into(&x, n, &mut ours);
        hand::least_squares(&x, n, &mut powers, &mut theirs);
        let mut again = theirs.clone();
        row(
            &format!("llsq n={n}"),
            (&ours.clone(), &theirs),
            || _ = black_box(llsq::least_squares(black_box(&x), n)),
            || {
                _ = black_box(llsq::least_squares::value_and_grad_into(
                    black_box(&x),
                    n,
                    &mut ours,
                ))
            },
            || {
                _ = black_box(hand::least_squares(
                    black_box(&x),
                    n,
                    &mut powers,
                    &mut again,
                ))
            },
        );
    }
}

fn log_sum_exp() {
    for n in [2500, 40_000] {
        let x = noise(n, 2);
        let (mut ours, mut theirs) = (vec![], vec![0.0; n]);
        lse::log_sum_exp::value_and_grad_into(&x, &mut ours);
        hand::log_sum_exp(&x, &mut theirs);
        let mut again = theirs.clone();
        row(
            &format!("lse n={n}"),
            (&ours.clone(), &theirs),
            || _ = black_box(lse::log_sum_exp(black_box(&x))),
            || {
                _ = black_box(lse::log_sum_exp::value_and_grad_into(
                    black_box(&x),
                    &mut ours,
                ))
            },
            || _ = black_box(hand::log_sum_exp(black_box(&x), &mut again)),
        );
    }
}

fn mixture() {
    for (d, k) in [(2, 5), (2, 25), (10, 5), (10, 25), (32, 5), (32, 25)] {
        let n = 1000;
        let below = d * (d - 1) / 2;
        let [alpha, mu, q, l, x] =
            [k, k * d, k * d, k * below, n * d].map(|size| noise(size, size));
        let mut ours = Default::default();
        let mut theirs = [k, k * d, k * d, k * below].map(|size| vec![0.0; size]);
        let mut scratch = hand::gmm::Scratch::new(k, d);
        let run = |ours: &mut _| {
            gmm::log_posterior::value_and_grad_into(&alpha, &mu, &q, &l, &x, d, 0.0, 1.0, ours)
        };
        let mut by_hand = |parts: &mut [Vec<f64>; 4]| {
            let [d_alpha, d_mu, d_q, d_l] = parts;
            hand::gmm::log_posterior(
                (&alpha, &mu, &q, &l),
                &x,
                d,
                1.0,
                &mut scratch,
                (d_alpha, d_mu, d_q, d_l),
            )
        };
        run(&mut ours);
        by_hand(&mut theirs);
        let flat = [
            ours.0.clone(),
            ours.1.clone(),
            ours.2.clone(),
            ours.3.clone(),
        ]
        .concat();
        row(
            &format!("gmm d={d} k={k}"),
            (&flat, &theirs.concat()),
            || _ = black_box(gmm::log_posterior(&alpha, &mu, &q, &l, &x, d, 0.0, 1.0)),
            || _ = black_box(run(&mut ours)),
            || _ = black_box(by_hand(&mut theirs)),
        );
    }
}

fn recurrent_network() {
    for (layers, characters) in [(2, 1024), (4, 1024), (2, 4096)] {
        let b = 14;
        let main = noise(8 * layers * b, 3);
        let (extra, state) = (noise(3 * b, 4), noise(2 * layers * b, 5));
        let sequence: Vec<f64> = noise(characters * b, 6).iter().map(|x| x.round()).collect();
        let mut ours = Default::default();
        let mut theirs = (vec![0.0; main.len()], vec![0.0; extra.len()]);
        let mut scratch = hand::lstm::Scratch::default();
        let run = |ours: &mut _| {
            lstm::loss::value_and_grad_into(&main, &extra, &state, &sequence, b, ours)
        };
        let mut by_hand = |theirs: &mut (Vec<f64>, Vec<f64>)| {
            let parts = (theirs.0.as_mut_slice(), theirs.1.as_mut_slice());
            hand::lstm::loss((&main, &extra), (&state, &sequence), b, &mut scratch, parts)
        };
        run(&mut ours);
        by_hand(&mut theirs);
        row(
            &format!("lstm l={layers} c={characters}"),
            (
                &[ours.0.clone(), ours.1.clone()].concat(),
                &[theirs.0.clone(), theirs.1.clone()].concat(),
            ),
            || _ = black_box(lstm::loss(&main, &extra, &state, &sequence, b)),
            || _ = black_box(run(&mut ours)),
            || _ = black_box(by_hand(&mut theirs)),
        );
    }
}

/// Value, gradient and the diagonal of the Hessian, as a Newton step wants them.
fn clusters() {
    for (k, d) in [(10, 8), (100, 8), (100, 16)] {
        let (points, centroids) = (noise(1000 * d, 8), noise(k * d, 9));
        let ones = vec![1.0; k * d];
        let run = || kmeans::cost::value_grad_and_hvp(&points, &centroids, d, &ones);
        let (_, gradient, diagonal) = run();
        let mut theirs = (vec![0.0; k * d], vec![0.0; k * d]);
        let by_hand = |theirs: &mut (Vec<f64>, Vec<f64>)| {
            hand::nearest_centroids(&points, &centroids, d, &mut theirs.0, &mut theirs.1)
        };
        by_hand(&mut theirs);
        row(
            &format!("kmeans k={k} d={d}, newton"),
            (
                &[gradient, diagonal].concat(),
                &[theirs.0.clone(), theirs.1.clone()].concat(),
            ),
            || _ = black_box(kmeans::cost(black_box(&points), &centroids, d)),
            || _ = black_box(run()),
            || _ = black_box(by_hand(&mut theirs)),
        );
    }
}

fn bundle() {
    let camera = [
        -0.76, -1.11, -0.85, 34.6, 39.7, 53.9, 419.2, 5.86, -8.55, 0.1, -0.2,
    ];
    let (point, weight, seen) = ([21.0, 30.0, 40.0], 0.6, [0.3, 0.7]);
    let jacobian = |camera: [f64; 11]| {
        [[1.0, 0.0], [0.0, 1.0]].map(|seed| {
            let (_, (d_camera, d_point, d_weight)) =
                ba::reprojection::vjp(camera, point, weight, seen, seed);
            let mut row = [d_weight; 15];
            row[..11].copy_from_slice(&d_camera);
            row[11..14].copy_from_slice(&d_point);
            row
        })
    };
    row(
        "ba, one observation",
        (
            jacobian(camera).as_flattened(),
            hand::reprojection(&camera, &point, weight, &seen)
                .1
                .as_flattened(),
        ),
        || _ = black_box(ba::reprojection(black_box(camera), point, weight, seen)),
        || _ = black_box(jacobian(black_box(camera))),
        || {
            _ = black_box(hand::reprojection(
                black_box(&camera),
                &point,
                weight,
                &seen,
            ))
        },
    );
}

fn runge_kutta() {
    for (n, steps) in [(1000, 10), (1000, 100), (10_000, 10), (10_000, 100)] {
        let x = noise(n, 7);
        let (mut ours, mut theirs) = (vec![], vec![0.0; n]);
        let (mut y, mut kept) = (vec![0.0; n], vec![]);
        ode::last_component::value_and_grad_into(&x, steps, &mut y, &mut ours);
        hand::ode::last_component(&x, steps, &mut kept, &mut theirs);
        let mut again = theirs.clone();
        let mut scratch = y.clone();
        row(
            &format!("ode n={n} s={steps}"),
            (&ours.clone(), &theirs),
            || _ = black_box(ode::last_component(&x, steps, &mut scratch)),
            || {
                _ = black_box(ode::last_component::value_and_grad_into(
                    &x, steps, &mut y, &mut ours,
                ))
            },
            || _ = black_box(hand::ode::last_component(&x, steps, &mut kept, &mut again)),
        );
    }
}

fn main() {
    println!(
        "{:24} {:>12} {:>12} {:>12} {:>10} {:>10}",
        "ns", "primal", "gradient", "by hand", "/primal", "/by hand"
    );
    small_functions();
    least_squares();
    log_sum_exp();
    mixture();
    recurrent_network();
    clusters();
    bundle();
    runge_kutta();
}
