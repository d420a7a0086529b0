//! Minimises convex losses of real data to their published optima, each with three methods.

mod losses;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use cotangent::optimizers::minimise::{
    Lbfgs, Minimum, NewtonCg, ProductCurvature, Stopping, TrustRegion, objective,
};
use cotangent::prelude::*;
use losses::{cox, local_level, ridge, softmax_regression};

type AnyError = Box<dyn std::error::Error>;

const HELP: &str = "\
Minimises losses of real data with L-BFGS, Newton-CG and a trust region, and compares with the
published optima; gradients and Hessian-vector products come from #[differentiable].

Usage: convex [OPTIONS]

  --data FOLDER  the tables (default: examples/data of the repository)
  --help         this text";

fn main() -> ExitCode {
    match options().and_then(|folder| folder.map_or(Ok(true), |folder| run(&folder))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: a minimum differs from the published one in its first eight digits");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error} (--help explains the options)");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the tables, or nothing if only help was wanted.
fn options() -> Result<Option<PathBuf>, AnyError> {
    use lexopt::Arg::Long;
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("data") => folder = parser.value()?.into(),
            Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(folder))
}

/// A table as standardised columns of inputs, row after row, and one column kept as it is.
struct Data {
    x: Vec<f64>,
    features: usize,
    target: Vec<f64>,
}

impl Data {
    fn load(folder: &Path, name: &str, target: &str, left_out: &[&str]) -> Result<Data, AnyError> {
        let table = Table::load(folder.join(name).join(format!("{name}.csv")))?;
        let inputs = table.without(&[&[target], left_out].concat())?;
        let rows = || (0..inputs.rows()).map(|row| inputs.row(row));
        Ok(Data {
            x: Standardizer::fit(rows()).matrix(rows()),
            features: inputs.columns().len(),
            target: table.column(target)?,
        })
    }
}

fn run(folder: &Path) -> Result<bool, AnyError> {
    println!(
        "                            minimum  published          digits  iterations  values  products      ms"
    );
    let mut right = true;
    for (name, classes, published) in [
        ("iris", 3, 0.243_677_226_649),
        ("wine", 3, 0.091_819_730_523_5),
        ("breast_cancer", 2, 0.083_412_959_570_5),
        ("digits", 10, 0.268_324_930_496),
    ] {
        let data = Data::load(folder, name, "target", &[])?;
        let labels: Vec<usize> = data.target.iter().map(|&label| label as usize).collect();
        let start = vec![0.0; (data.features + 1) * classes];
        right &= compare(name, published, &start, || {
            let (x, labels) = (&data.x, &labels);
            objective(move |w| softmax_regression::value_and_grad(w, x, labels, classes, 0.01))
                .with_products(move |w, d| softmax_regression::hvp(w, x, labels, classes, 0.01, d))
        })?;
    }

    let data = Data::load(folder, "diabetes", "target", &[])?;
    let start = vec![0.0; data.features + 1];
    right &= compare("diabetes (ridge)", 1_517.540_206_11, &start, || {
        let (x, y) = (&data.x, &data.target);
        objective(move |w| ridge::value_and_grad(w, x, y, 0.1))
            .with_products(move |w, d| ridge::hvp(w, x, y, 0.1, d))
    })?;

    let Survival { x, ends, died } = survival(folder)?;
    right &= compare("gbsg (Cox)", 1_737.261_055, &[0.0; 8], || {
        let (x, ends, died) = (&x, &ends, &died);
        objective(move |w| cox::value_and_grad(w, x, ends, died))
            .with_products(move |w, d| cox::hvp(w, x, ends, died, d))
    })?;

    let flow = Table::load(folder.join("nile/nile.csv"))?.column("flow")?;
    let start = [10_000.0_f64.ln(), 1_000.0_f64.ln()];
    right &= compare("nile (local level)", 632.545_625_103_04, &start, || {
        let flow = &flow;
        objective(move |logs| local_level::value_and_grad(logs, flow))
            .with_products(move |logs, d| local_level::hvp(logs, flow, d))
    })?;
    Ok(right)
}

/// Runs the three methods from one start; whether all agree with the published minimum.
fn compare<P: ProductCurvature>(
    name: &str,
    published: f64,
    start: &[f64],
    problem: impl Fn() -> P,
) -> Result<bool, AnyError> {
    let stopping = Stopping {
        gradient: 1e-7,
        ..Stopping::default()
    };
    let lbfgs = Lbfgs {
        stopping,
        ..Lbfgs::default()
    };
    let newton = NewtonCg {
        stopping,
        ..NewtonCg::default()
    };
    let region = TrustRegion {
        stopping,
        ..TrustRegion::default()
    };
    println!("{name}");
    let mut right = true;
    for method in ["L-BFGS", "Newton-CG", "trust region"] {
        let mut w = start.to_vec();
        let clock = Instant::now();
        let minimum = match method {
            "L-BFGS" => lbfgs.minimise(problem(), &mut w)?,
            "Newton-CG" => newton.minimise(problem(), &mut w)?,
            _ => region.minimise(problem(), &mut w)?,
        };
        let milliseconds = clock.elapsed().as_secs_f64() * 1e3;
        right &= report(method, &minimum, published, milliseconds);
    }
    Ok(right)
}

fn report(method: &str, minimum: &Minimum, published: f64, milliseconds: f64) -> bool {
    let error = ((minimum.value - published) / published).abs();
    let digits = -error.max(1e-16).log10();
    println!(
        "  {method:13} {:20.12} {published:20.12} {digits:5.1} {:11} {:7} {:9} {milliseconds:7.1}{}",
        minimum.value,
        minimum.iterations,
        minimum.evaluations.values,
        minimum.evaluations.products,
        if minimum.converged() {
            ""
        } else {
            "  not converged"
        },
    );
    minimum.converged() && digits >= 8.0
}

/// The survival table in order of falling time.
struct Survival {
    x: Vec<f64>,
    /// The ends of the groups of equal times.
    ends: Vec<usize>,
    died: Vec<f64>,
}

fn survival(folder: &Path) -> Result<Survival, AnyError> {
    let times = Data::load(folder, "gbsg", "rfstime", &["status"])?;
    let status = Table::load(folder.join("gbsg/gbsg.csv"))?.column("status")?;
    let mut order: Vec<usize> = (0..status.len()).collect();
    order.sort_by(|&a, &b| times.target[b].total_cmp(&times.target[a]));
    let x = order
        .iter()
        .flat_map(|&row| &times.x[row * times.features..][..times.features]);
    let ends = (1..=order.len())
        .filter(|&end| {
            let next = order.get(end).map(|&row| times.target[row]);
            next != Some(times.target[order[end - 1]])
        })
        .collect();
    Ok(Survival {
        x: x.copied().collect(),
        ends,
        died: order.iter().map(|&row| status[row]).collect(),
    })
}
