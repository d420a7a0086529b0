//! One step of every update rule: bytes moved per second beside a measured copy and triad, and
//! beside the same rule written operation by operation.
//!
//! Plain timing, best of several: criterion's statistics would cost minutes for this many rules.

use std::hint::black_box;
use std::time::Instant;

use cotangent::optimizers::*;

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
    // The gradient twice (reduction, update); parameters and slots read and written. Rules that
    // measure first read everything once more, which is not counted.
    let slots = optimizer.rule().slots(&[LEN]);
    let slots: usize = slots.iter().map(|slot| slot.shape[0]).sum();
    let rate = ((4 * LEN + 2 * slots) * size_of::<f32>()) as f64 / 1e9 / seconds;
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
    large("momentum", Momentum::new(1e-3, 0.9), triad);
    large("nesterov", Momentum::new(1e-3, 0.9).nesterov(), triad);
    large("sign_sgd", SignSgd::new(1e-3).momentum(0.9), triad);
    large("rprop", Rprop::new(1e-3), triad);
    large("asgd", Asgd::new(1e-3), triad);
    large("optimistic", Optimistic::new(1e-3), triad);
    large("adagrad", Adagrad::new(1e-3), triad);
    large("adadelta", Adadelta::new(1.0), triad);
    large("rmsprop", RmsProp::new(1e-3), triad);
    large(
        "rmsprop, centered",
        RmsProp::new(1e-3).centered().momentum(0.9),
        triad,
    );
    large("adam", Adam::new(1e-3), triad);
    large(
        "adamw, clipped",
        AdamW::new(1e-3).clip_global_norm(1.0),
        triad,
    );
    large(
        "adam, proximal L1",
        Adam::new(1e-3).proximal_l1(1e-4),
        triad,
    );
    large("amsgrad", AmsGrad::new(1e-3), triad);
    large("adamax", Adamax::new(1e-3), triad);
    large("nadam", NAdam::new(1e-3), triad);
    large("radam", RAdam::new(1e-3), triad);
    large("adabelief", AdaBelief::new(1e-3), triad);
    large("yogi", Yogi::new(1e-3), triad);
    large("adan", Adan::new(1e-3), triad);
    large("adopt", Adopt::new(1e-3), triad);
    large("ademamix", AdEmaMix::new(1e-3), triad);
    large("acprop", AcProp::new(1e-3), triad);
    large("qhadam", QhAdam::new(1e-3), triad);
    large("adabound", AdaBound::new(1e-3), triad);
    large("lion", Lion::new(1e-3), triad);
    large("sophia", Sophia::new(1e-3), triad);
    large("ftrl", Ftrl::new(1e-3), triad);
    large("madgrad", MadGrad::new(1e-3), triad);
    large("schedule_free_sgd", ScheduleFreeSgd::new(1e-3), triad);
    large("schedule_free_adamw", ScheduleFreeAdamW::new(1e-3), triad);
    large("polyak", Polyak::new(1e-3), triad);
    large("lamb", Lamb::new(1e-3), triad);
    large("lars", Lars::new(1e-3), triad);
    large("novograd", NovoGrad::new(1e-3), triad);
    large("fromage", Fromage::new(1e-3), triad);
    large("prodigy", Prodigy::new(1.0), triad);
    large("dadapt_adam", DAdaptAdam::new(1.0), triad);
    large("dog", Dog::new(1.0), triad);
    large("dowg", Dowg::new(1.0), triad);
    large("momo", Momo::new(1e-3), triad);
    large("momo_adam", MomoAdam::new(1e-3), triad);
    large("adafactor", Adafactor::new(1e-3), triad);
    large("sm3", Sm3::new(1e-3), triad);
    println!(
        "adam, op by op           {:6.2} ns/parameter",
        op_by_op() / LEN as f64 * 1e9
    );
    small("sgd", Sgd::new(1e-3));
    small("adamw, clipped", AdamW::new(1e-3).clip_global_norm(1.0));
}
