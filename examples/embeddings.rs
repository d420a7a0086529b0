//! Learns what students and lecturers have to do with ratings: two embedding tables, of which each
//! step touches the rows of its batch alone.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use cotangent::prelude::*;

type AnyError = Box<dyn std::error::Error>;

/// One row per person: the effect on the rating, then latent factors.
#[derive(Differentiable, Clone)]
struct Ratings {
    mean: f32,
    #[shape(S, F)]
    students: Embedding<f32>,
    #[shape(L, F)]
    lecturers: Embedding<f32>,
}

impl Ratings {
    fn new(students: usize, lecturers: usize, factors: usize, seed: u64) -> Ratings {
        // Effects start at 0, factors near it: two zeros in a product would stay.
        let table = |rows: usize, seed: u32| {
            let key = Tensor::from_fn(&[2], |word| [seed, word as u32][word]);
            let noise: Tensor<f32> = key.uniform(&[rows, 1 + factors]);
            let centred = (noise - 0.5) * 0.2;
            Embedding::new(Tensor::from_fn(&[rows, 1 + factors], |at| {
                match at % (1 + factors) {
                    0 => 0.0,
                    _ => centred.data()[at],
                }
            }))
        };
        Ratings {
            mean: 3.0,
            students: table(students, 2 * seed as u32),
            lecturers: table(lecturers, 2 * seed as u32 + 1),
        }
    }
}

/// `mean + b_s + b_l + <p_s, q_l>` for each pair, and the rows that it is made of.
#[differentiable]
fn predict(
    model: &Ratings,
    students: &Tensor<u32>,
    lecturers: &Tensor<u32>,
) -> (Tensor<f32>, Tensor<f32>, Tensor<f32>) {
    let (s, l) = (
        model.students.lookup(students),
        model.lecturers.lookup(lecturers),
    );
    let effects = s.index_axis(1, 0) + l.index_axis(1, 0);
    let factors = (s.slice(1, 1..) * l.slice(1, 1..)).sum_axis(1);
    (effects + factors + model.mean, s, l)
}

/// Squared errors and a penalty on each person, in equal parts with every rating of theirs:
/// `shares` holds the penalty divided by how many they have.
#[differentiable(wrt(model))]
fn loss(
    model: &Ratings,
    students: &Tensor<u32>,
    lecturers: &Tensor<u32>,
    ratings: &Tensor<f32>,
    shares: &Tensor<f32>,
) -> f32 {
    let (predicted, s, l) = predict(model, students, lecturers);
    let errors = (predicted - ratings).powi(2);
    let sizes = size(&s) * shares.index_axis(1, 0) + size(&l) * shares.index_axis(1, 1);
    (errors + sizes).mean()
}

/// The squares of each row, those of the latent factors three times.
#[differentiable]
fn size(rows: &Tensor<f32>) -> Tensor<f32> {
    let squares = rows * rows;
    squares.sum_axis(1) * 3.0 - squares.index_axis(1, 0) * 2.0
}

/// Some ratings, column by column.
struct Data {
    students: Tensor<u32>,
    lecturers: Tensor<u32>,
    ratings: Tensor<f32>,
    shares: Tensor<f32>,
}

impl Data {
    fn take(&self, rows: &[usize]) -> Data {
        Data {
            students: self.students.take_rows(rows),
            lecturers: self.lecturers.take_rows(rows),
            ratings: self.ratings.take_rows(rows),
            shares: self.shares.take_rows(rows),
        }
    }

    /// The root mean square error of predictions.
    fn error(&self, predicted: &Tensor<f32>) -> f64 {
        let pairs = predicted.data().iter().zip(self.ratings.data());
        let squares: f64 = pairs.map(|(p, r)| f64::from(p - r).powi(2)).sum();
        (squares / self.ratings.len() as f64).sqrt()
    }
}

/// The training rows and the test rows (every fifth one), and how many students and lecturers there
/// are; `penalty` is that on each person.
fn load(folder: &Path, penalty: f32) -> Result<(Data, Data, [usize; 2]), AnyError> {
    let table = Table::load(folder.join("inst_eval/inst_eval.csv"))?;
    let students = table.labels("student", 1 << 24)?;
    let lecturers = table.labels("lecturer", 1 << 24)?;
    let ratings: Vec<f32> = table.column("rating")?.iter().map(|&x| x as f32).collect();
    let train: Vec<usize> = (0..table.rows()).filter(|row| row % 5 != 4).collect();
    let test: Vec<usize> = (0..table.rows()).filter(|row| row % 5 == 4).collect();
    let counts = |people: &[u32]| {
        let mut counts = vec![0.0_f32; people.iter().max().map_or(0, |&most| most as usize + 1)];
        train
            .iter()
            .for_each(|&row| counts[people[row] as usize] += 1.0);
        counts
    };
    let [s, l] = [counts(&students), counts(&lecturers)];
    let shares: Vec<f32> = students
        .iter()
        .zip(&lecturers)
        .flat_map(|(&student, &lecturer)| [s[student as usize], l[lecturer as usize]])
        .map(|count| penalty / count.max(1.0))
        .collect();
    let rows = table.rows();
    let all = Data {
        students: Tensor::from_vec(&[rows], students)?,
        lecturers: Tensor::from_vec(&[rows], lecturers)?,
        ratings: Tensor::from_vec(&[rows], ratings)?,
        shares: Tensor::from_vec(&[rows, 2], shares)?,
    };
    Ok((all.take(&train), all.take(&test), [s.len(), l.len()]))
}

struct Options {
    data: PathBuf,
    epochs: u64,
    factors: usize,
    seed: u64,
}

const HELP: &str = "\
Predicts lecture ratings from two embedding tables, students and lecturers.

Usage: embeddings [OPTIONS]

  --data FOLDER  the tables (default: examples/data of the repository)
  --epochs N     passes over the training ratings (default: 5)
  --factors N    latent factors beside the effect of each person (default: 2)
  --seed N       initialisation and order of the ratings (default: 1)
  --help         this text";

fn options() -> Result<Option<Options>, AnyError> {
    use lexopt::prelude::*;
    let mut options = Options {
        data: Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data"),
        epochs: 5,
        factors: 2,
        seed: 1,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("data") => options.data = parser.value()?.into(),
            Long("epochs") => options.epochs = parser.value()?.parse()?,
            Long("factors") => options.factors = parser.value()?.parse()?,
            Long("seed") => options.seed = parser.value()?.parse()?,
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
    let (train, test, [students, lecturers]) = load(&options.data, 5.0)?;
    let mean = train.ratings.data().iter().sum::<f32>() / train.ratings.len() as f32;
    let guess = test.error(&Tensor::full(test.ratings.shape(), mean));
    println!(
        "{} ratings of {lecturers} lecturers by {students} students; {} to test",
        train.ratings.len(),
        test.ratings.len()
    );
    let mut model = Ratings::new(students, lecturers, options.factors, options.seed);
    model.mean = mean;
    let size = 256;
    let mut batches =
        Batches::new((0..train.ratings.len()).collect(), size, options.seed).drop_last();
    let steps = options.epochs * batches.per_epoch() as u64;
    let mut optimizer = Adam::new(0.01)
        .schedule(WarmupCosine::new(50, steps))
        .build(&model)?;
    let first = train.take(&(0..size).collect::<Vec<_>>());
    let Data {
        students,
        lecturers,
        ratings,
        shares,
    } = &first;
    let mut program = loss::bind(&model, students, lecturers, ratings, shares)?;
    let (clock, mut rows) = (Instant::now(), 0);
    for epoch in 1..=options.epochs {
        let mut total = 0.0;
        for batch in batches.epoch() {
            let batch = train.take(batch);
            let Data {
                students,
                lecturers,
                ratings,
                shares,
            } = &batch;
            let (value, gradient) =
                program.value_and_grad(&model, students, lecturers, ratings, shares)?;
            let tables = [&gradient.students, &gradient.lecturers];
            rows += tables
                .iter()
                .filter_map(|table| table.rows())
                .map(|rows| rows.len())
                .sum::<usize>();
            optimizer.step(&mut model, gradient)?;
            total += f64::from(value);
        }
        let (predicted, ..) = predict(&model, &test.students, &test.lecturers);
        println!(
            "epoch {epoch:2}: loss {:.4}, test error {:.4}",
            total / batches.per_epoch() as f64,
            test.error(&predicted)
        );
    }
    let (predicted, ..) = predict(&model, &test.students, &test.lecturers);
    println!(
        "test error {:.4}; the mean rating alone {guess:.4}, effects by least squares (numpy) 1.2042",
        test.error(&predicted)
    );
    println!(
        "{:.0} of {} rows updated per step, {:.0} us per step",
        rows as f64 / steps as f64,
        model.students.shape()[0] + model.lecturers.shape()[0],
        clock.elapsed().as_secs_f64() * 1e6 / steps as f64
    );
    Ok(())
}

fn main() -> ExitCode {
    match options().and_then(|options| options.map_or(Ok(()), |options| run(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error} (--help explains the options)");
            ExitCode::FAILURE
        }
    }
}
