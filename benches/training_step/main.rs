//! Training steps on one thread: value, gradient and an Adam update. One line a case and peer:
//! `case peer threads median_us min_us`. The peer `hand` is the same step written by hand over
//! `matrixmultiply`. An argument chooses the cases that contain it;
//! `profile` prints the time of every operation of a step, too, and `memory` the most memory that the
//! cases took, beyond that of an empty program.

mod hand;
mod models;

use cotangent::prelude::*;
use cotangent_benches::{microseconds, peer, threads};

use hand::Hand;
use models::{
    CHARACTERS, Cnn, Mlp, Recurrent, Transformer, attend, classify, linear, predict, recognise,
    regress, tiny,
};

fn features(shape: &[usize]) -> Tensor<f32> {
    Tensor::from_fn(shape, |i| (i as f32 * 0.618).fract() - 0.5)
}

fn labels(shape: &[usize], classes: usize) -> Tensor<u32> {
    Tensor::from_fn(shape, |i| (i * 7 % classes) as u32)
}

/// Whether this word is among the arguments.
fn asked(word: &str) -> bool {
    std::env::args().any(|given| given == word)
}

/// A step of a bound model under Adam: value, gradient, update; yields the loss.
macro_rules! step {
    ($loss:ident($model:ident $(, $x:expr)*)) => {{
        let mut program = $loss::bind(&$model $(, $x)*).expect("the shapes fit");
        let mut optimizer = Adam::new(1e-3).build(&$model).expect("a valid rate");
        if asked("profile") {
            for _ in 0..5 {
                program.value_and_grad(&$model $(, $x)*).expect("bound");
            }
            println!("{}", program.profile(&$model $(, $x)*).expect("bound"));
        }
        move || {
            let (value, gradient) = program.value_and_grad(&$model $(, $x)*).expect("bound");
            optimizer.step(&mut $model, gradient).expect("the same model");
            value
        }
    }};
}

/// Measures a step that has no peer here; before that the loss must fall.
fn alone(case: &str, mut step: impl FnMut() -> f32) {
    let (first, mut last) = (step(), 0.0);
    (0..20).for_each(|_| last = step());
    assert!(last < first, "{case}: the loss went from {first} to {last}");
    microseconds(case, threads(), vec![peer("cotangent", step)]);
}

/// A classifier of dense layers, beside the hand-written one.
fn classifier(case: &str, batch: usize, sizes: &[usize]) {
    let classes = sizes[sizes.len() - 1];
    let x = &features(&[batch, sizes[0]]);
    let labels = &labels(&[batch], classes);
    let mut model = Mlp::new(sizes);
    let mut hand = Hand::new(&model, sizes, batch);
    let mut step = step!(classify(model, x, labels));
    for round in 0..5 {
        let (ours, theirs) = (step(), hand.step(x.data(), labels.data()));
        let close = (ours - theirs).abs() < 1e-3 * theirs.abs();
        assert!(
            close,
            "{case}: the losses of step {round} differ: {ours} and {theirs}"
        );
    }
    let hand = peer("hand", || hand.step(x.data(), labels.data()));
    microseconds(case, threads(), vec![peer("cotangent", step), hand]);
}

fn convolutional(case: &str) {
    let (x, labels) = (features(&[64, 1, 28, 28]), labels(&[64], 10));
    let mut model = Cnn::new();
    alone(case, step!(recognise(model, &x, &labels)));
}

fn recurrent(case: &str) {
    let (text, next) = (labels(&[32, 32], CHARACTERS), labels(&[32, 32], 60));
    let start = Tensor::zeros(&[32, 128]);
    let mut model = Recurrent::new(128);
    alone(case, step!(predict(model, &text, &next, &start)));
}

fn transformer(case: &str) {
    let (text, next) = (labels(&[16, 64], CHARACTERS), labels(&[16, 64], 60));
    let mut model = Transformer::new(64, 64);
    alone(case, step!(attend(model, &text, &next, 4)));
}

/// Tiny models: what a step costs beside its arithmetic.
fn regression(case: &str) {
    let (x, y) = (features(&[32, 10]), features(&[32, 1]));
    let mut model = linear();
    alone(case, step!(regress(model, &x, &y)));
}

fn tiny_network(case: &str) {
    let (x, y) = (features(&[4, 2]), features(&[4, 1]));
    let mut model = Mlp::new(&[2, 8, 1]);
    alone(case, step!(tiny(model, &x, &y)));
}

/// A case and what measures it.
type Case<'c> = (&'c str, &'c dyn Fn(&str));

/// The most memory that this process had, in MB, where the system says so.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn main() {
    let empty = peak_memory();
    // Plans are made for the number of threads that is set when they are bound.
    let _ = threads();
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench" && word != "profile" && word != "memory")
        .collect();
    let cases: [Case<'_>; 9] = [
        ("digits_b32", &|case| classifier(case, 32, &[64, 128, 10])),
        ("logreg_1797", &|case| classifier(case, 1797, &[64, 10])),
        ("mlp_b64", &|case| {
            classifier(case, 64, &[784, 256, 128, 10])
        }),
        ("mlp_b256", &|case| {
            classifier(case, 256, &[784, 256, 128, 10])
        }),
        ("cnn_b64", &convolutional),
        ("lstm_char", &recurrent),
        ("transformer", &transformer),
        ("linreg_b32", &regression),
        ("tiny_mlp_b4", &tiny_network),
    ];
    for (case, run) in cases {
        if words.is_empty() || words.iter().any(|word| case.contains(word.as_str())) {
            run(case);
        }
    }
    if let (true, Some(before), Some(after)) = (asked("memory"), empty, peak_memory()) {
        println!("memory cotangent {} {:.1} MB", threads(), after - before);
    }
}
