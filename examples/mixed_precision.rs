//! Trains one network three times on pictures of handwritten digits, with parameters and pictures
//! stored in `f32`, `bf16` and `f16`, and compares the accuracies on the test set.
//!
//! The program is the same for all three: a graph computes in `f32` whatever its leaves are stored
//! in, and the optimizer keeps `f32` masters of half parameters. Only `f16`, whose largest number is
//! 65504 and whose gradients may vanish, needs its loss scaled.

use std::path::PathBuf;
use std::process::ExitCode;

use cotangent::optimizers::train::{Part, Split};
use cotangent::optimizers::{LossScale, StepInput, accuracy};
use cotangent::prelude::*;

type AnyError = Box<dyn std::error::Error>;

const EPOCHS: usize = 25;
const HIDDEN: usize = 64;

/// What a training came to.
struct Outcome {
    accuracy: f64,
    bytes: usize,
    /// Steps that were skipped because a scaled gradient overflowed.
    skipped: usize,
    /// The factor of the loss at the end.
    scale: f64,
}

/// Pictures and digits, standardised by the training rows, and which rows are for what.
struct Digits {
    x: Tensor<f32>,
    labels: Tensor<u32>,
    train: Vec<usize>,
    test: Vec<usize>,
}

impl Digits {
    fn load() -> Result<Digits, AnyError> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let table = Table::load(root.join("examples/data/digits/digits.csv"))?;
        let pixels = table.without(&["target"])?;
        let split = Split::by(table.rows(), |row| match row % 5 {
            4 => Part::Test,
            _ => Part::Train,
        });
        let standardizer = Standardizer::fit(split.train.iter().map(|&row| pixels.row(row)));
        let x = standardizer.matrix((0..table.rows()).map(|row| pixels.row(row)));
        Ok(Digits {
            x: Tensor::from_vec(&[table.rows(), 64], x.iter().map(|&x| x as f32).collect())?,
            labels: Tensor::from_vec(&[table.rows()], table.labels("target", 10)?)?,
            train: split.train,
            test: split.test,
        })
    }
}

/// The network, its loss and its training, over an element type; an attribute reads no generic types.
macro_rules! training {
    ($($name:ident $ty:ident $scale:expr;)*) => {$(
        mod $name {
            use super::*;

            #[derive(Differentiable, Clone)]
            struct Mlp {
                w1: Tensor<$ty>,
                b1: Tensor<$ty>,
                w2: Tensor<$ty>,
                b2: Tensor<$ty>,
            }

            #[differentiable]
            fn logits(model: &Mlp, x: &Tensor<$ty>) -> Tensor<$ty> {
                let hidden = (x.matmul(&model.w1) + &model.b1).relu();
                hidden.matmul(&model.w2) + &model.b2
            }

            #[differentiable(wrt(model))]
            fn loss(model: &Mlp, x: &Tensor<$ty>, labels: &Tensor<u32>, scale: f32) -> f32 {
                logits(model, x).cross_entropy(labels).mean() * scale
            }

            pub(super) fn train(digits: &Digits) -> Result<Outcome, AnyError> {
                let mut model = Mlp {
                    w1: Tensor::zeros(&[64, HIDDEN]),
                    b1: Tensor::zeros(&[HIDDEN]),
                    w2: Tensor::zeros(&[HIDDEN, 10]),
                    b2: Tensor::zeros(&[10]),
                };
                init(&mut model, Init::He, 1);
                let pictures: Tensor<$ty> = digits.x.cast();
                let mut batches = Batches::new(digits.train.clone(), 32, 1);
                let steps = (EPOCHS * batches.per_epoch()) as u64;
                let mut optimizer = AdamW::new(3e-3)
                    .schedule(WarmupCosine::new(50, steps))
                    .build(&model)?;
                let mut scale: LossScale = $scale?;
                let mut skipped = 0;
                let (first, label) = (pictures.take_rows(&[0]), digits.labels.take_rows(&[0]));
                let mut program = loss::bind(&model, &first, &label, 1.0)?;
                for _ in 0..EPOCHS {
                    for rows in batches.epoch() {
                        let (x, labels) = (pictures.take_rows(rows), digits.labels.take_rows(rows));
                        let factor = scale.factor();
                        let (_, gradient) =
                            program.value_and_grad(&model, &x, &labels, factor as f32)?;
                        let input = StepInput::default().scale(factor);
                        let report = optimizer.step_with(&mut model, gradient, input)?;
                        if !scale.observe(&report) {
                            skipped += 1;
                        }
                    }
                }
                let x = pictures.take_rows(&digits.test);
                let outputs = logits(&model, &x).cast::<f32>();
                let labels = digits.labels.take_rows(&digits.test);
                let elements = [&model.w1, &model.b1, &model.w2, &model.b2].map(Tensor::len);
                Ok(Outcome {
                    accuracy: accuracy(outputs.data(), labels.data()),
                    bytes: elements.iter().sum::<usize>() * size_of::<$ty>(),
                    skipped,
                    scale: scale.factor(),
                })
            }
        }
    )*};
}

training! {
    single f32 LossScale::new(1.0, 1.0, 1.0, 1);
    brain bf16 LossScale::new(1.0, 1.0, 1.0, 1);
    half f16 LossScale::new(1_048_576.0, 2.0, 0.5, 500);
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), AnyError> {
    let digits = Digits::load()?;
    println!("type  parameter bytes  test accuracy  skipped steps  loss scale");
    let outcomes = [
        ("f32", single::train(&digits)?),
        ("bf16", brain::train(&digits)?),
        ("f16", half::train(&digits)?),
    ];
    for (name, outcome) in &outcomes {
        println!(
            "{name:4}  {:15}  {:13.4}  {:13}  {:10}",
            outcome.bytes, outcome.accuracy, outcome.skipped, outcome.scale
        );
    }
    Ok(())
}
