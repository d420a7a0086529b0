//! One step of every update rule: bytes moved per second beside a measured copy, triad and
//! update in place, and beside the same rule written operation by operation.
//!
//! Copy and triad are the usual measures of streaming bandwidth, which a rule is held against: they
//! count what they read and write, but memory also reads what they overwrite. The update in place moves
//! exactly what it counts, as a rule does, and hence is the harder measure. The arrays of a rule
//! are counted with two readings of the gradient: one measures it, before anything is written.
//!
//! Plain timing, best of several: criterion's statistics would cost minutes for this many rules.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

use cotangent::Tensor;
use cotangent::optimizers::*;

const LEN: usize = 10_000_000;

/// Whether a case was asked for: all, or those that an argument is a part of.
fn wanted(name: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let first = asked.next();
    first.is_none_or(|first| name.contains(&first) || asked.any(|part| name.contains(&part)))
}

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

/// What memory gives: gigabytes per second of a copy, of a triad, and of an update in place. Only the
/// last moves what it counts: the others read what they overwrite.
static STREAMS: LazyLock<[f64; 3]> = LazyLock::new(|| {
    let (mut a, mut b, c) = (vec![1.0_f32; LEN], vec![0.0_f32; LEN], vec![2.0_f32; LEN]);
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
    let update = best(
        || {
            for (a, c) in a.iter_mut().zip(black_box(&c)) {
                *a += 0.5 * c;
            }
            black_box(&mut a);
        },
        7,
    );
    let gigabytes = |arrays: usize| (arrays * LEN * size_of::<f32>()) as f64 / 1e9;
    let [copy, triad, update] = [
        gigabytes(2) / copy,
        gigabytes(3) / triad,
        gigabytes(3) / update,
    ];
    println!("copy {copy:.2}, triad {triad:.2}, stream in place {update:.2} GB/s ({LEN} f32)");
    [copy, triad, update]
});

/// Rules as a library of whole-array operations computes them: one pass over memory for each operation.
mod op_by_op {
    use super::{LEN, best, black_box};

    type Array = Vec<f32>;

    /// `out = f(out, with)`
    fn each(out: &mut Array, with: &Array, f: impl Fn(f32, f32) -> f32) {
        for (out, with) in out.iter_mut().zip(with) {
            *out = f(*out, *with);
        }
    }

    /// Nanoseconds a parameter of a step over parameters, gradient, two slots and two temporaries.
    fn measured(step: impl Fn(&mut [Array; 6])) -> f64 {
        let mut arrays = [0.1, 0.01, 0.0, 0.0, 0.0, 0.0].map(|value| vec![value; LEN]);
        let seconds = best(
            || {
                step(&mut arrays);
                black_box(&mut arrays);
            },
            3,
        );
        seconds / LEN as f64 * 1e9
    }

    fn sgd([x, g, .., a, _]: &mut [Array; 6]) {
        each(a, g, |_, g| 1e-3 * g);
        each(x, a, |x, a| x - a);
    }

    fn momentum([x, g, m, _, a, _]: &mut [Array; 6]) {
        each(m, g, |m, _| 0.9 * m);
        each(m, g, |m, g| m + g);
        each(a, m, |_, m| 1e-3 * m);
        each(x, a, |x, a| x - a);
    }

    fn lion([x, g, m, _, a, b]: &mut [Array; 6]) {
        each(a, m, |_, m| 0.9 * m);
        each(b, g, |_, g| 0.1 * g);
        each(a, b, |a, b| a + b);
        each(b, a, |_, a| a.signum());
        each(a, b, |_, b| 1e-3 * b);
        each(x, a, |x, a| x - a);
        each(m, g, |m, _| 0.99 * m);
        each(b, g, |_, g| 0.01 * g);
        each(m, b, |m, b| m + b);
    }

    /// `v = keep v + take g^2`
    fn second_moment(v: &mut Array, g: &Array, a: &mut Array, keep: f32, take: f32) {
        each(v, g, |v, _| keep * v);
        each(a, g, |_, g| g * g);
        each(a, g, |a, _| take * a);
        each(v, a, |v, a| v + a);
    }

    /// `x -= 1e-3 m / (sqrt(v) + 1e-8)`
    fn scaled(x: &mut Array, m: &Array, v: &Array, a: &mut Array, b: &mut Array) {
        each(b, v, |_, v| v.sqrt());
        each(b, v, |b, _| b + 1e-8);
        each(a, m, |_, m| 1e-3 * m);
        each(a, b, |a, b| a / b);
        each(x, a, |x, a| x - a);
    }

    fn adagrad([x, g, v, _, a, b]: &mut [Array; 6]) {
        each(a, g, |_, g| g * g);
        each(v, a, |v, a| v + a);
        scaled(x, g, v, a, b);
    }

    fn rmsprop([x, g, v, _, a, b]: &mut [Array; 6]) {
        second_moment(v, g, a, 0.99, 0.01);
        scaled(x, g, v, a, b);
    }

    fn adam([x, g, m, v, a, b]: &mut [Array; 6]) {
        each(m, g, |m, _| 0.9 * m);
        each(a, g, |_, g| 0.1 * g);
        each(m, a, |m, a| m + a);
        second_moment(v, g, a, 0.999, 0.001);
        scaled(x, m, v, a, b);
    }

    /// Nanoseconds a parameter, where the rule of this name has such a form.
    pub(super) fn of(name: &str) -> Option<f64> {
        match name {
            "sgd" => Some(measured(sgd)),
            "momentum" => Some(measured(momentum)),
            "lion" => Some(measured(lion)),
            "adagrad" => Some(measured(adagrad)),
            "rmsprop" => Some(measured(rmsprop)),
            "adam" => Some(measured(adam)),
            _ => None,
        }
    }
}

/// Steps over one large leaf; `arrays` is how often a step reads or writes an array of its size.
fn counted<R: TensorRule>(
    name: &str,
    builder: OptimizerBuilder<R>,
    shape: &[usize],
    arrays: Option<usize>,
) {
    if !wanted(name) {
        return;
    }
    let streams = *STREAMS;
    let filled = |value| Tensor::from_vec(shape, vec![value; LEN]).unwrap();
    let (mut x, g) = (filled(0.1_f32), filled(0.01));
    let mut optimizer = builder.build(&x).unwrap();
    let seconds = best(
        || {
            let input = StepInput::default().loss(1.0);
            black_box(optimizer.step_with(&mut x, black_box(&g), input).unwrap());
        },
        5,
    );
    // Reduction and update read the gradient; the update reads and writes parameters and slots.
    let arrays = arrays.unwrap_or_else(|| 4 + 2 * optimizer.rule().slots(shape).len());
    let rate = (arrays * LEN * size_of::<f32>()) as f64 / 1e9 / seconds;
    let naive = op_by_op::of(name).map_or(String::new(), |ns| format!("  op by op {ns:5.2}"));
    println!(
        "{name:<24} {:5.2} ns/parameter  {arrays:2} arrays {rate:6.2} GB/s, % of copy {:4.0}, triad \
         {:4.0}, stream in place {:4.0}{naive}",
        seconds / LEN as f64 * 1e9,
        rate / streams[0] * 100.0,
        rate / streams[1] * 100.0,
        rate / streams[2] * 100.0
    );
}

/// An elementwise rule.
fn large<R: TensorRule>(name: &str, builder: OptimizerBuilder<R>) {
    counted(name, builder, &[LEN], None);
}

/// A rule that measures the leaf or the model before it steps: with the arrays of that pass.
fn measured<R: TensorRule>(name: &str, builder: OptimizerBuilder<R>, arrays: usize) {
    counted(name, builder, &[LEN], Some(arrays));
}

/// Nanoseconds of a step over twenty leaves of one element.
fn small<R: TensorRule>(name: &str, builder: OptimizerBuilder<R>) {
    if !(wanted(name) || wanted("small")) {
        return;
    }
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
    small("momentum", Momentum::new(1e-3, 0.9));
    small("adam", Adam::new(1e-3));
    small("adamw, clipped", AdamW::new(1e-3).clip_global_norm(1.0));
    let scheduled = AdamW::new(1e-3).schedule(WarmupCosine::new(100, 10_000));
    small("adamw, and scheduled", scheduled.clip_global_norm(1.0));
    small("rmsprop", RmsProp::new(1e-3));
    small("adagrad", Adagrad::new(1e-3));
    small("lion", Lion::new(1e-3));
    large("sgd", Sgd::new(1e-3));
    large("momentum", Momentum::new(1e-3, 0.9));
    large("nesterov", Momentum::new(1e-3, 0.9).nesterov());
    large("sign_sgd", SignSgd::new(1e-3).momentum(0.9));
    large("rprop", Rprop::new(1e-3));
    large("asgd", Asgd::new(1e-3));
    large("optimistic", Optimistic::new(1e-3));
    large("adagrad", Adagrad::new(1e-3));
    large("adadelta", Adadelta::new(1.0));
    large("rmsprop", RmsProp::new(1e-3));
    large(
        "rmsprop, centered",
        RmsProp::new(1e-3).centered().momentum(0.9),
    );
    large("adam", Adam::new(1e-3));
    large("adamw, clipped", AdamW::new(1e-3).clip_global_norm(1.0));
    large("adam, proximal L1", Adam::new(1e-3).proximal_l1(1e-4));
    large("amsgrad", AmsGrad::new(1e-3));
    large("adamax", Adamax::new(1e-3));
    large("nadam", NAdam::new(1e-3));
    large("radam", RAdam::new(1e-3));
    large("adabelief", AdaBelief::new(1e-3));
    large("yogi", Yogi::new(1e-3));
    large("adan", Adan::new(1e-3));
    large("adopt", Adopt::new(1e-3));
    large("ademamix", AdEmaMix::new(1e-3));
    large("acprop", AcProp::new(1e-3));
    large("qhadam", QhAdam::new(1e-3));
    large("adabound", AdaBound::new(1e-3));
    large("lion", Lion::new(1e-3));
    large("sophia", Sophia::new(1e-3));
    large("ftrl", Ftrl::new(1e-3));
    large("madgrad", MadGrad::new(1e-3));
    large("schedule_free_sgd", ScheduleFreeSgd::new(1e-3));
    large("schedule_free_adamw", ScheduleFreeAdamW::new(1e-3));
    large("polyak", Polyak::new(1e-3));
    measured("lamb", Lamb::new(1e-3), 11);
    measured("lars", Lars::new(1e-3), 8);
    measured("novograd", NovoGrad::new(1e-3), 7);
    measured("fromage", Fromage::new(1e-3), 6);
    measured("prodigy", Prodigy::new(1.0), 14);
    measured("dadapt_adam", DAdaptAdam::new(1.0), 12);
    measured("dog", Dog::new(1.0), 7);
    measured("dowg", Dowg::new(1.0), 7);
    measured("momo", Momo::new(1e-3), 8);
    measured("momo_adam", MomoAdam::new(1e-3), 11);
    measured("adafactor", Adafactor::new(1e-3), 9);
    measured("sm3", Sm3::new(1e-3), 12);
    let matrix = [2500, LEN / 2500];
    counted("adafactor, matrix", Adafactor::new(1e-3), &matrix, Some(7));
    counted("sm3, matrix", Sm3::new(1e-3), &matrix, Some(6));
}
