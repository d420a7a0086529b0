//! Saving and resuming: bit for bit as without the interruption, and every mismatch explained.

#[macro_use]
mod common;

use std::path::PathBuf;

use common::complete;
use cotangent_optimizers::train;
use cotangent_optimizers::*;
use cotangent_runtime::{Leaves, Path, Tensor};

type Single = Vec<Tensor<f32>>;
type Double = Vec<Tensor<f64>>;

/// A file in the temporary folder that goes with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("cotangent-{}-{name}.safetensors", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn single() -> Single {
    vec![
        Tensor::from_fn(&[3, 4], |i| (i as f32 * 0.7).sin()),
        Tensor::from_fn(&[3], |i| 0.5 - i as f32),
    ]
}

fn double() -> Double {
    vec![
        Tensor::from_fn(&[3, 4], |i| (i as f64 * 0.7).sin()),
        Tensor::from_fn(&[3], |i| 0.5 - i as f64),
    ]
}

/// A gradient with curvature, and a loss above 0, as functions of the parameters.
fn gradient<M: Leaves + Clone>(model: &M) -> (f64, M) {
    let (mut grads, mut loss) = (model.clone(), 1.0);
    grads.leaves_mut(&Path::Root, &mut |_, mut leaf| {
        leaf.data.update(|g| {
            loss += g * g;
            (3.0 * g).sin() + 0.1 * g
        });
    });
    (loss, grads)
}

/// Nine steps at once, and four steps, a new process as it were, and five steps.
fn resumes<R: TensorRule, M: Leaves + Clone + PartialEq + std::fmt::Debug>(
    name: &str,
    start: M,
    build: impl Fn() -> OptimizerBuilder<R>,
) {
    let steps = |optimizer: &mut cotangent_optimizers::Optimizer<R>, model: &mut M, count| {
        for _ in 0..count {
            let (loss, grads) = gradient(model);
            let report = optimizer.step_with(model, &grads, StepInput::default().loss(loss));
            assert!(report.unwrap().applied());
        }
    };
    let mut through = start.clone();
    let mut optimizer = build().build(&through).unwrap();
    steps(&mut optimizer, &mut through, 9);
    assert_ne!(through, start, "{name}");

    let (file, weights) = (Scratch::new(name), Scratch::new(&format!("{name}-x")));
    let mut model = start.clone();
    let mut first = build().build(&model).unwrap();
    steps(&mut first, &mut model, 4);
    first.save(&file.0).unwrap();
    train::save(&model, &weights.0).unwrap();
    // The second optimizer is built from other parameters, as a fresh process would.
    let mut model = start;
    let mut second = build().build(&model).unwrap();
    train::load(&mut model, &weights.0).unwrap();
    second.resume(&file.0).unwrap();
    assert_eq!(second.steps(), 4);
    steps(&mut second, &mut model, 5);
    assert_eq!(model, through, "{name} after a resume");
    assert_eq!(second.rate().to_bits(), optimizer.rate().to_bits());
}

macro_rules! every_rule_resumes {
    ($($test:ident: $builder:expr;)*) => {
        mod resumes_bit_for_bit {
            use super::*;
            $(
                #[test]
                fn $test() {
                    resumes(concat!(stringify!($test), "-32"), single(), || $builder);
                    resumes(concat!(stringify!($test), "-64"), double(), || $builder);
                }
            )*

            #[test]
            fn the_list_has_every_rule() {
                fn name<R: TensorRule>(_: OptimizerBuilder<R>) -> &'static str {
                    R::NAME
                }
                complete([$(name($builder)),*]);
            }
        }
    };
}

every_rule!(every_rule_resumes);

#[test]
fn noise_resumes_bit_for_bit() {
    resumes("noisy", single(), || {
        Sgd::new(0.05).transform(Transform::Noise {
            eta: 0.1,
            gamma: 0.5,
            seed: 3,
        })
    });
}

fn saved(file: &Scratch) -> Double {
    let mut model = double();
    let mut optimizer = Adam::new(0.05).betas(0.8, 0.9).build(&model).unwrap();
    let (_, grads) = gradient(&model);
    optimizer.step(&mut model, &grads).unwrap();
    optimizer.save(&file.0).unwrap();
    model
}

#[test]
fn every_mismatch_is_explained_and_changes_nothing() {
    let file = Scratch::new("mismatch");
    let model = saved(&file);
    let refusal = |result: Result<(), Error>, wanted: &str| {
        let error = result.expect_err(wanted);
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(
            error.to_string().contains(wanted),
            "`{error}` lacks `{wanted}`"
        );
    };
    let mut other = Sgd::new(0.05).build(&model).unwrap();
    refusal(
        other.resume(&file.0),
        "is the state of adam, and this optimizer is sgd",
    );
    let mut other = Adam::new(0.05).build(&model).unwrap();
    refusal(
        other.resume(&file.0),
        "beta1 = 0.8 (now 0.9), beta2 = 0.9 (now 0.999)",
    );
    assert_eq!(other.steps(), 0);
    let mut other = Adam::new(0.1).betas(0.8, 0.9).build(&model).unwrap();
    refusal(other.resume(&file.0), "the rate 0.05 for step 1 (now 0.1)");
    other.resume_changed(&file.0).unwrap();
    assert_eq!((other.steps(), other.rate()), (1, 0.1));

    let adam = || Adam::new(0.05).betas(0.8, 0.9);
    let larger = vec![Tensor::<f64>::zeros(&[3, 5]), Tensor::zeros(&[3])];
    let mut other = adam().build(&larger).unwrap();
    refusal(
        other.resume(&file.0),
        "`0:m` as F64 [3, 4], and the optimizer wants F64 [3, 5]",
    );
    let longer = [model.clone(), vec![Tensor::zeros(&[1])]].concat();
    let mut other = adam().build(&longer).unwrap();
    refusal(other.resume(&file.0), "has no state `2:m`");
    let mut other = adam().build(&model[..1].to_vec()).unwrap();
    refusal(other.resume(&file.0), "that this optimizer lacks");
    let mut other = adam().build(&single()).unwrap();
    refusal(other.resume(&file.0), "wants F32");
}

#[test]
fn damaged_foreign_and_missing_files_are_refused() {
    let file = Scratch::new("damaged");
    let model = saved(&file);
    let whole = std::fs::read(&file.0).unwrap();
    let mut optimizer = Adam::new(0.05).betas(0.8, 0.9).build(&model).unwrap();
    for len in [0, 7, 40, whole.len() - 1] {
        std::fs::write(&file.0, &whole[..len]).unwrap();
        let error = optimizer.resume(&file.0).unwrap_err();
        assert!(
            error.to_string().contains("is no complete optimizer state"),
            "{error}"
        );
    }
    train::save(&model, &file.0).unwrap();
    let error = optimizer.resume(&file.0).unwrap_err();
    assert!(
        error.to_string().contains("saved by something else"),
        "{error}"
    );
    let at = whole
        .windows(13)
        .position(|w| w == br#"\"version\":1"#)
        .unwrap();
    let mut bytes = whole.clone();
    bytes[at + 12] = b'9';
    std::fs::write(&file.0, bytes).unwrap();
    let error = optimizer.resume(&file.0).unwrap_err();
    assert!(error.to_string().contains("version 9"), "{error}");
    std::fs::remove_file(&file.0).unwrap();
    assert_eq!(optimizer.resume(&file.0).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(optimizer.steps(), 0);
}

#[test]
fn a_state_that_cannot_be_written_leaves_nothing_behind() {
    let model = double();
    let optimizer = Adam::new(0.05).build(&model).unwrap();
    let folder = std::env::temp_dir().join(format!("cotangent-none-{}", std::process::id()));
    let error = optimizer.save(folder.join("state")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(!folder.exists());
}
