//! One step of every update rule: bytes moved per second beside a measured copy and triad, and
//! beside the same rule written operation by operation.
//!
//! Plain timing, best of several: criterion's statistics would cost minutes for this many rules.

use std::hint::black_box;
use std::time::Instant;

use cotangent::optimizers::{Adam, AdamW, OptimizerBuilder, Sgd, StepInput, TensorRule};

const LEN: usize = 10_000_000;

/// The best seconds of a call, after one that warms up.
fn best(mut call: impl FnMut(), calls: usize) -> f64 {
    call();
    (0..calls)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn streams() -> (f64, f64) {
    let (a, mut b, c) = (vec![1.0_f32; LEN], vec![0.0_f32; LEN], vec![2.0_f32; LEN]);
    let copy = best(|| b.copy_from_slice(black_box(&a)), 7);
    let triad = best(
        || {
            let (a, c) = (black_box(&a), black_box(&c));
            for ((b, a), c) in b.iter_mut().zip(a).zip(c) {
                *b = a + 0.5 * c;
            }
            black_box(&mut b);
        },
        7,
    );
    let gigabytes = |arrays: usize| (arrays * LEN * size_of::<f32>()) as f64 / 1e9;
    (gigabytes(2) / copy, gigabytes(3) / triad)
}

/// Adam as a library of whole-array operations computes it.
fn op_by_op() -> f64 {
    let (mut x, g) = (vec![0.1_f32; LEN], vec![0.01_f32; LEN]);
    let (mut m, mut v) = (vec![0.0_f32; LEN], vec![0.0_f32; LEN]);
    let (mut a, mut b) = (vec![0.0_f32; LEN], vec![0.0_f32; LEN]);
    fn each(out: &mut [f32], with: &[f32], f: impl Fn(f32, f32) -> f32) {
        for (out, with) in out.iter_mut().zip(with) {
            *out = f(*out, *with);
        }
    }
    best(
        || {
            each(&mut m, &g, |m, _| 0.9 * m);
            each(&mut a, &g, |_, g| 0.1 * g);
            each(&mut m, &a, |m, a| m + a);
            each(&mut v, &g, |v, _| 0.999 * v);
            each(&mut a, &g, |_, g| g * g);
            each(&mut a, &g, |a, _| 0.001 * a);
            each(&mut v, &a, |v, a| v + a);
            each(&mut b, &v, |_, v| v.sqrt());
            each(&mut b, &v, |b, _| b + 1e-8);
            each(&mut a, &m, |_, m| 1e-3 * m);
            each(&mut a, &b, |a, b| a / b);
            each(&mut x, &a, |x, a| x - a);
            black_box(&mut x);
        },
        3,
    )
}

/// Steps over one large leaf; bytes count every array once per pass that touches it.
fn large<R: TensorRule>(name: &str, builder: OptimizerBuilder<R>, triad: f64) {
    let (mut x, g) = (vec![0.1_f32; LEN], vec![0.01_f32; LEN]);
    let mut optimizer = builder.build(&x).unwrap();
    let seconds = best(
        || {
            let input = StepInput::default().loss(1.0);
            black_box(optimizer.step_with(&mut x, black_box(&g), input).unwrap());
        },
        5,
    );
    // The gradient twice (reduction, update); parameters and slots read and written.
    let arrays = 4 + 2 * optimizer.rule().slots(&[LEN]).len();
    let rate = (arrays * LEN * size_of::<f32>()) as f64 / 1e9 / seconds;
    println!(
        "{name:<24} {:6.2} ns/parameter  {rate:6.2} GB/s  {:4.0} % of triad",
        seconds / LEN as f64 * 1e9,
        rate / triad * 100.0
    );
}

/// Nanoseconds of a step over twenty leaves of one element.
fn small<R: TensorRule>(name: &str, builder: OptimizerBuilder<R>) {
    let (mut x, g) = (vec![vec![0.1_f64]; 20], vec![vec![0.01_f64]; 20]);
    let mut optimizer = builder.build(&x).unwrap();
    const STEPS: usize = 2000;
    let seconds = best(
        || {
            for _ in 0..STEPS {
                black_box(optimizer.step(&mut x, black_box(&g)).unwrap());
            }
        },
        20,
    );
    println!(
        "{name:<24} {:6.0} ns per step of 20 leaves of one element",
        seconds / STEPS as f64 * 1e9
    );
}

fn main() {
    small("sgd", Sgd::new(1e-3));
    small("adamw, clipped", AdamW::new(1e-3).clip_global_norm(1.0));
    if std::env::args().any(|argument| argument == "small") {
        return;
    }
    let (copy, triad) = streams();
    println!("copy {copy:.2} GB/s, triad {triad:.2} GB/s ({LEN} f32)");
    large("sgd", Sgd::new(1e-3), triad);
    large("sgd, momentum", Sgd::new(1e-3).momentum(0.9), triad);
    large("adam", Adam::new(1e-3), triad);
    large(
        "adamw, clipped",
        AdamW::new(1e-3).clip_global_norm(1.0),
        triad,
    );
    println!(
        "adam, op by op           {:6.2} ns/parameter",
        op_by_op() / LEN as f64 * 1e9
    );
    small("sgd", Sgd::new(1e-3));
    small("adamw, clipped", AdamW::new(1e-3).clip_global_norm(1.0));
}
