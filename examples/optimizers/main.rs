//! Trains one network on the digits with many update rules, and draws what makes them differ: the
//! rule, the step size with and without momentum, and the size of the batch.

mod network;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cotangent::optimizers::train::{Chart, output_folder};
use cotangent::optimizers::{
    AdaBelief, Adadelta, Adagrad, Adam, AdamW, AmsGrad, Lamb, Lion, Muon, NAdam, OptimizerBuilder,
    Prodigy, RAdam, RmsProp, Sgd, Soap, TensorRule, Yogi,
};
use network::{Digits, Plan, Run};

type AnyError = Box<dyn std::error::Error>;

const HELP: &str = "\
Trains a two-layer network on 8x8 pictures of digits with many update rules and draws three
pictures of the training loss.

Usage: optimizers [OPTIONS]

  --epochs N     epochs of each run (default 30)
  --data FILE    the table (default: the one in the repository)
  --out FOLDER   where the pictures go (default: target/optimizers)
  --help         this text";

struct Options {
    epochs: usize,
    data: PathBuf,
    out: PathBuf,
}

fn main() -> ExitCode {
    match parse().and_then(|options| options.map_or(Ok(()), |options| run(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error} (--help explains the options)");
            ExitCode::FAILURE
        }
    }
}

/// The options, or nothing if only help was wanted.
fn parse() -> Result<Option<Options>, AnyError> {
    use lexopt::{Arg::Long, ValueExt};
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        epochs: 30,
        data: root.join("examples/data/digits/digits.csv"),
        out: root.join("target/optimizers"),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("epochs") => options.epochs = parser.value()?.parse()?,
            Long("data") => options.data = parser.value()?.into(),
            Long("out") => options.out = parser.value()?.into(),
            Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if options.epochs == 0 {
        return Err("--epochs must be at least 1".into());
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<(), AnyError> {
    let digits = Digits::load(&options.data)?;
    output_folder(&options.out)?;
    let pictures = [
        ("rules.svg", rules(&digits, options.epochs)?),
        ("step-size.svg", step_sizes(&digits, options.epochs)?),
        ("batch-size.svg", batch_sizes(&digits, options.epochs)?),
    ];
    for (name, panels) in pictures {
        let path = options.out.join(name);
        Chart::save_panels(&panels, &path)?;
        println!("picture: {}", path.display());
    }
    Ok(())
}

/// Trains, prints a line, and adds the losses by epoch to a chart.
fn add<R: TensorRule>(
    chart: Chart,
    name: &str,
    digits: &Digits,
    builder: OptimizerBuilder<R>,
    plan: Plan,
) -> Result<Chart, AnyError> {
    let run = digits.train(builder, plan)?;
    report(name, &run);
    let points = run.losses.into_iter().enumerate();
    Ok(chart.curve(name, points.map(|(epoch, loss)| (epoch as f64, loss))))
}

fn report(name: &str, run: &Run) {
    println!(
        "  {name:18} train loss {:9.3e}  test accuracy {:.4}  {:6.3} s",
        run.losses.last().copied().unwrap_or(f64::NAN),
        run.test_accuracy,
        run.seconds.last().copied().unwrap_or(0.0)
    );
}

fn chart(title: &str) -> Chart {
    Chart::new(title).axes("epoch", "training loss").log_y()
}

/// All rules at a step size that suits them, one curve each.
fn rules(digits: &Digits, epochs: usize) -> Result<Vec<Chart>, AnyError> {
    println!("rules, batches of 32");
    let plan = Plan { batch: 32, epochs };
    let mut all = chart("update rules");
    macro_rules! race {
        ($($name:literal $builder:expr;)*) => {$(
            all = add(all, $name, digits, $builder, plan)?;
        )*};
    }
    race! {
        "SGD 0.1" Sgd::new(0.1);
        "momentum 0.03" Sgd::new(0.03).momentum(0.9);
        "Nesterov 0.03" Sgd::new(0.03).momentum(0.9).nesterov();
        "Adagrad 0.03" Adagrad::new(0.03);
        "Adadelta 1" Adadelta::new(1.0);
        "RMSprop 0.001" RmsProp::new(0.001);
        "Adam 0.003" Adam::new(0.003);
        "AdamW 0.003" AdamW::new(0.003).weight_decay(0.01);
        "AMSGrad 0.003" AmsGrad::new(0.003);
        "NAdam 0.003" NAdam::new(0.003);
        "RAdam 0.003" RAdam::new(0.003);
        "AdaBelief 0.003" AdaBelief::new(0.003);
        "Yogi 0.01" Yogi::new(0.01);
        "Lion 0.0003" Lion::new(0.0003);
        "LAMB 0.01" Lamb::new(0.01);
        "Prodigy 1" Prodigy::new(1.0);
        "Muon 0.01" Muon::new(0.01);
        "SOAP 0.003" Soap::new(0.003);
    }
    Ok(vec![all])
}

/// The step size too small, right and too large, without and with momentum.
fn step_sizes(digits: &Digits, epochs: usize) -> Result<Vec<Chart>, AnyError> {
    println!("step sizes, batches of 32");
    let plan = Plan { batch: 32, epochs };
    let (mut plain, mut heavy) = (
        chart("SGD without momentum").y_range(3e-3, 30.0),
        chart("SGD with momentum 0.9").y_range(3e-3, 30.0),
    );
    for (name, rate) in [("too small", 0.002), ("right", 0.2), ("too large", 30.0)] {
        let name = format!("{name}: {rate}");
        plain = add(plain, &name, digits, Sgd::new(rate), plan)?;
    }
    for (name, rate) in [("too small", 0.0002), ("right", 0.02), ("too large", 3.0)] {
        let name = format!("{name}: {rate}");
        let builder = Sgd::new(rate).momentum(0.9);
        heavy = add(heavy, &name, digits, builder, plan)?;
    }
    Ok(vec![plain, heavy])
}

/// Batch, online and mini-batch descent, by epoch and by time. An epoch of larger batches is
/// shorter, so that there are more of them in the same time.
fn batch_sizes(digits: &Digits, epochs: usize) -> Result<Vec<Chart>, AnyError> {
    println!("batch sizes, plain SGD");
    let mut by_epoch = chart("by epoch");
    let mut by_time = chart("by time").axes("seconds", "training loss");
    for (name, batch, rate, longer) in [
        ("batch (all rows)", digits.train_rows(), 0.5, 6),
        ("mini-batch of 32", 32, 0.2, 4),
        ("online (1 row)", 1, 0.02, 1),
    ] {
        let plan = Plan {
            batch,
            epochs: longer * epochs,
        };
        let run = digits.train(Sgd::new(rate), plan)?;
        report(name, &run);
        let losses = run.losses.iter().copied();
        by_epoch = by_epoch.curve(name, (0..=epochs).map(|e| e as f64).zip(losses));
        by_time = by_time.curve(name, run.seconds.into_iter().zip(run.losses));
    }
    Ok(vec![by_epoch, by_time])
}
