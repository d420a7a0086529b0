//! Trains a two-layer network on pictures of handwritten digits, from the table to the test set.

use std::path::PathBuf;
use std::process::ExitCode;

use cotangent::optimizers::accuracy;
use cotangent::optimizers::train::{
    History, Part, Progress, Split, load, output_folder, plot, save,
};
use cotangent::prelude::*;

type AnyError = Box<dyn std::error::Error>;

#[derive(Differentiable, Clone)]
struct Mlp {
    w1: Tensor<f32>,
    b1: Tensor<f32>,
    w2: Tensor<f32>,
    b2: Tensor<f32>,
}

impl Mlp {
    fn new(hidden: usize, seed: u64) -> Mlp {
        let mut model = Mlp {
            w1: Tensor::zeros(&[64, hidden]),
            b1: Tensor::zeros(&[hidden]),
            w2: Tensor::zeros(&[hidden, 10]),
            b2: Tensor::zeros(&[10]),
        };
        init(&mut model, Init::He, seed);
        model
    }
}

#[differentiable]
fn logits(model: &Mlp, x: &Tensor<f32>) -> Tensor<f32> {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    hidden.matmul(&model.w2) + &model.b2
}

#[differentiable(wrt(model))]
fn loss(model: &Mlp, x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    logits(model, x).cross_entropy(labels).mean()
}

/// Pictures and their digits.
struct Digits {
    x: Tensor<f32>,
    labels: Tensor<u32>,
}

impl Digits {
    fn take(&self, rows: &[usize]) -> Digits {
        Digits {
            x: self.x.take_rows(rows),
            labels: self.labels.take_rows(rows),
        }
    }

    fn accuracy(&self, model: &Mlp) -> f64 {
        accuracy(logits(model, &self.x).data(), self.labels.data())
    }
}

/// The three parts of the table, standardised by the training rows.
struct Data {
    train: Digits,
    validation: Digits,
    test: Digits,
}

impl Data {
    fn load(path: &PathBuf) -> Result<Data, AnyError> {
        let table = Table::load(path)?;
        let labels = table.labels("target", 10)?;
        let pixels = table.without(&["target"])?;
        if pixels.columns().len() != 64 {
            return Err(format!("`{}` has not 64 pixel columns", path.display()).into());
        }
        let split = Split::by(table.rows(), |row| match row % 5 {
            4 => Part::Test,
            3 => Part::Validation,
            _ => Part::Train,
        });
        if split.train.is_empty() || split.validation.is_empty() || split.test.is_empty() {
            return Err(format!("`{}` has too few rows to split", path.display()).into());
        }
        let standardizer = Standardizer::fit(split.train.iter().map(|&row| pixels.row(row)));
        let x = standardizer.matrix((0..table.rows()).map(|row| pixels.row(row)));
        let all = Digits {
            x: Tensor::from_vec(&[table.rows(), 64], x.iter().map(|&x| x as f32).collect())?,
            labels: Tensor::from_vec(&[table.rows()], labels)?,
        };
        Ok(Data {
            train: all.take(&split.train),
            validation: all.take(&split.validation),
            test: all.take(&split.test),
        })
    }
}

struct Options {
    seed: u64,
    seeds: u64,
    epochs: u64,
    hidden: usize,
    patience: u64,
    data: PathBuf,
    out: PathBuf,
    evaluate: Option<PathBuf>,
}

const HELP: &str = "\
Trains a two-layer network on 8x8 pictures of handwritten digits.

Usage: digits [OPTIONS]

  --seed N         seed of initialisation and shuffling (default 1)
  --seeds N        train with N seeds, print mean and minimum of the test accuracy
  --epochs N       most epochs (default 60)
  --hidden N       hidden units (default 128)
  --patience N     epochs without a better validation loss before stopping (default 12)
  --data FILE      the table (default: the one in the repository)
  --out FOLDER     where the checkpoint and the loss curve go (default: target/digits)
  --evaluate FILE  train nothing: evaluate this checkpoint (of --hidden units) on the test set
  --help           this text";

impl Options {
    fn parse() -> Result<Option<Options>, AnyError> {
        use lexopt::{Arg::Long, ValueExt};
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut options = Options {
            seed: 1,
            seeds: 1,
            epochs: 60,
            hidden: 128,
            patience: 12,
            data: root.join("examples/data/digits/digits.csv"),
            out: root.join("target/digits"),
            evaluate: None,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seed") => options.seed = parser.value()?.parse()?,
                Long("seeds") => options.seeds = parser.value()?.parse()?,
                Long("epochs") => options.epochs = parser.value()?.parse()?,
                Long("hidden") => options.hidden = parser.value()?.parse()?,
                Long("patience") => options.patience = parser.value()?.parse()?,
                Long("data") => options.data = parser.value()?.into(),
                Long("out") => options.out = parser.value()?.into(),
                Long("evaluate") => options.evaluate = Some(parser.value()?.into()),
                Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        if options.seeds == 0 || options.epochs == 0 || !(1..=65_536).contains(&options.hidden) {
            return Err("--seeds and --epochs must be at least 1, --hidden 1 to 65536".into());
        }
        Ok(Some(options))
    }
}

fn main() -> ExitCode {
    let run = Options::parse().and_then(|options| match options {
        Some(options) => run(&options),
        None => {
            println!("{HELP}");
            Ok(())
        }
    });
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error} (--help explains the options)");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), AnyError> {
    let data = Data::load(&options.data)?;
    if let Some(checkpoint) = &options.evaluate {
        let mut model = Mlp::new(options.hidden, options.seed);
        load(&mut model, checkpoint)?;
        println!("test accuracy: {:.4}", data.test.accuracy(&model));
        return Ok(());
    }
    output_folder(&options.out)?;
    let mut accuracies = Vec::new();
    for seed in options.seed..options.seed.saturating_add(options.seeds) {
        accuracies.push(train(options, &data, seed)?);
    }
    if accuracies.len() > 1 {
        let count = accuracies.len();
        let mean = accuracies.iter().sum::<f64>() / count as f64;
        let minimum = accuracies.iter().copied().fold(f64::INFINITY, f64::min);
        println!("over {count} seeds: mean {mean:.4}, minimum {minimum:.4}");
    }
    Ok(())
}

/// Trains with one seed; yields the accuracy on the test set, which is read here for the only time.
fn train(options: &Options, data: &Data, seed: u64) -> Result<f64, AnyError> {
    let (train, validation) = (&data.train, &data.validation);
    let mut model = Mlp::new(options.hidden, seed);
    let mut batches = Batches::new((0..train.labels.data().len()).collect(), 32, seed);
    let steps = options.epochs.saturating_mul(batches.per_epoch() as u64);
    let mut optimizer = AdamW::new(1e-2)
        .weight_decay(0.3)
        .no_decay("b*")
        .schedule(WarmupCosine::new(100, steps))
        .clip_global_norm(5.0)
        .build(&model)?;
    let first = train.take(&[0]);
    let mut program = loss::bind(&model, &first.x, &first.labels)?;

    let mut history = History::new(&["train loss", "validation loss"]);
    let mut stopping = EarlyStopping::new(options.patience, 0.0);
    let checkpoint = options.out.join("digits.safetensors");
    let progress = Progress::new(options.epochs);
    for epoch in 1..=options.epochs {
        for rows in batches.epoch() {
            let batch = train.take(rows);
            let (_, gradient) = program.value_and_grad(&model, &batch.x, &batch.labels)?;
            optimizer.step(&mut model, gradient)?;
        }
        let train_loss = program.value(&model, &train.x, &train.labels)?;
        let validation_loss = program.value(&model, &validation.x, &validation.labels)?;
        history.record(&[train_loss.into(), validation_loss.into()]);
        progress.line(format!(
            "epoch {epoch:3}  train loss {train_loss:.4} accuracy {:.4}  validation loss {validation_loss:.4} accuracy {:.4}",
            train.accuracy(&model),
            validation.accuracy(&model),
        ));
        progress.advance(format!("loss {validation_loss:.4}"));
        match stopping.observe(validation_loss.into()) {
            Decision::Improved => save(&model, &checkpoint)?,
            Decision::Continue => {}
            Decision::Stop => break,
        }
    }
    progress.finish();

    let mut best = Mlp::new(options.hidden, seed);
    load(&mut best, &checkpoint)?;
    let validation_accuracy = validation.accuracy(&best);
    println!(
        "best model: {} (validation accuracy {validation_accuracy:.4})",
        checkpoint.display()
    );
    let curve = options.out.join("loss.svg");
    let metrics = ["train loss", "validation loss"];
    plot(&history, &metrics, "digits", &curve)?;
    println!("loss curve: {}", curve.display());
    let accuracy = data.test.accuracy(&best);
    println!("test accuracy: {accuracy:.4}");
    Ok(accuracy)
}
