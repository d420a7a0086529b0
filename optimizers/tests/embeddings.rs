//! Embeddings are updated by the rows that their gradient lists, and by nothing else.

use cotangent_optimizers::*;
use cotangent_runtime::{Embedding, Rows, Tensor};

const ROWS: usize = 40;
const WIDTH: usize = 5;

/// A table between two other leaves, one of them short.
type Model = (Vec<f64>, Embedding<f64>, Vec<f64>);
/// The same, with a tensor.
type Dense = (Vec<f64>, Tensor<f64>, Vec<f64>);

fn noise(len: usize, seed: usize) -> Vec<f64> {
    let value = |i: usize| ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract();
    (0..len).map(|i| value(i) * 2.0 - 1.0).collect()
}

fn table() -> Tensor<f64> {
    Tensor::from_vec(&[ROWS, WIDTH], noise(ROWS * WIDTH, 1)).unwrap()
}

fn model() -> Model {
    (noise(3, 2), Embedding::new(table()), noise(90, 3))
}

fn dense() -> Dense {
    (noise(3, 2), table(), noise(90, 3))
}

/// The rows of step `step`: some in every step, some in few, some never.
fn listed(step: usize) -> Vec<u32> {
    let rows = [7, 3 + step as u32, 39 - 2 * step as u32];
    rows.into_iter()
        .chain(step.is_multiple_of(2).then_some(21))
        .collect()
}

fn rows(step: usize) -> Rows<f64> {
    let mut rows = Rows::new(&[ROWS, WIDTH]);
    for row in listed(step) {
        rows.add(row, &noise(WIDTH, 10 + step + row as usize));
    }
    rows
}

fn gradient(step: usize) -> Model {
    (noise(3, step), rows(step).into(), noise(90, step + 1))
}

fn dense_gradient(step: usize) -> Dense {
    (noise(3, step), rows(step).to_dense(), noise(90, step + 1))
}

fn parameters(model: &Model) -> &[f64] {
    model.1.table().expect("parameters are a table").data()
}

fn row(data: &[f64], row: usize) -> &[f64] {
    &data[row * WIDTH..(row + 1) * WIDTH]
}

/// Equal but for the order in which squares are summed: a norm may scale a gradient.
#[track_caller]
fn near(found: &[f64], expected: &[f64], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-14,
            "{what}: {found}, dense {expected}"
        );
    }
}

/// The first step moves the listed rows, and the other leaves, as the same rule moves those of a
/// dense gradient, and no other row.
fn first_step<R: TensorRule>(builder: impl Fn() -> OptimizerBuilder<R>) {
    let (mut by_rows, mut whole) = (model(), dense());
    let input = || StepInput::default().loss(1.5);
    let mut optimizer = builder().build(&by_rows).unwrap();
    let report = optimizer
        .step_with(&mut by_rows, &gradient(0), input())
        .unwrap();
    let mut reference = builder().build(&whole).unwrap();
    let expected = reference
        .step_with(&mut whole, &dense_gradient(0), input())
        .unwrap();
    near(&[report.grad_norm], &[expected.grad_norm], R::NAME);
    near(&by_rows.0, &whole.0, R::NAME);
    near(&by_rows.2, &whole.2, R::NAME);
    let start = table();
    for at in 0..ROWS {
        let expected = if listed(0).contains(&(at as u32)) {
            &whole.1
        } else {
            &start
        };
        assert_eq!(
            row(parameters(&by_rows), at),
            row(expected.data(), at),
            "{} {at}",
            R::NAME
        );
    }
    assert_ne!(
        row(parameters(&by_rows), 7),
        row(start.data(), 7),
        "{}",
        R::NAME
    );
    // Later steps have something to go on.
    for step in 1..4 {
        optimizer
            .step_with(&mut by_rows, &gradient(step), input())
            .unwrap();
    }
    assert!(
        parameters(&by_rows).iter().all(|x| x.is_finite()),
        "{}",
        R::NAME
    );
    assert_eq!(
        row(parameters(&by_rows), 20),
        row(start.data(), 20),
        "{} never listed",
        R::NAME
    );
}

#[test]
fn every_elementwise_rule_moves_the_listed_rows_alone() {
    first_step(|| Sgd::new(0.1));
    first_step(|| Momentum::new(0.1, 0.9).nesterov());
    first_step(|| Adagrad::new(0.1));
    first_step(|| Adadelta::new(1.0));
    first_step(|| RmsProp::new(0.01));
    first_step(|| Adam::new(0.01));
    first_step(|| AdamW::new(0.01).weight_decay(0.1));
    first_step(|| AmsGrad::new(0.01));
    first_step(|| Adamax::new(0.01));
    first_step(|| NAdam::new(0.01));
    first_step(|| RAdam::new(0.01));
    first_step(|| AdaBelief::new(0.01));
    first_step(|| Yogi::new(0.01));
    first_step(|| Adan::new(0.01));
    first_step(|| Lion::new(0.01));
    first_step(|| SignSgd::new(0.01));
    first_step(|| Ftrl::new(0.1));
    first_step(|| Asgd::new(0.1));
    first_step(|| ScheduleFreeAdamW::new(0.01));
    first_step(|| {
        Adam::new(0.01)
            .clip(Clip::Global {
                limit: 0.3,
                eps: 0.0,
                norm: Norm::Two,
            })
            .l2(0.1)
    });
    first_step(|| Sgd::new(0.01).transform(Transform::Centralize));
    first_step(|| {
        let limit = Constraint::MaxNorm {
            limit: 0.5,
            axis: 1,
        };
        Sgd::new(0.01).group("1", move |options| options.constraint(limit))
    });
}

/// Without a step count in the rule, every row moves as if it were a parameter of its own that is
/// stepped when it is listed.
fn row_by_row<R: TensorRule>(builder: impl Fn() -> OptimizerBuilder<R>) {
    let mut by_rows = model();
    let mut optimizer = builder().build(&by_rows).unwrap();
    let mut alone: Vec<Vec<f64>> = table().data().chunks(WIDTH).map(<[f64]>::to_vec).collect();
    let build = |row: &Vec<f64>| builder().build(row).unwrap();
    let mut optimizers: Vec<_> = alone.iter().map(build).collect();
    for step in 0..9 {
        optimizer.step(&mut by_rows, &gradient(step)).unwrap();
        let rows = rows(step);
        for (at, values) in rows.iter() {
            let at = at as usize;
            optimizers[at]
                .step(&mut alone[at], &values.to_vec())
                .unwrap();
        }
    }
    assert_eq!(parameters(&by_rows), alone.concat(), "{}", R::NAME);
}

#[test]
fn the_state_of_a_row_rests_while_it_is_not_listed() {
    row_by_row(|| Sgd::new(0.1).weight_decay(0.1));
    row_by_row(|| Momentum::new(0.1, 0.9));
    row_by_row(|| Adagrad::new(0.1));
    row_by_row(|| RmsProp::new(0.01));
    row_by_row(|| Lion::new(0.01));
}

/// Adam with lazy moments, as torch's SparseAdam has it: moments of the listed rows alone, the
/// bias by the steps of all. (Its eps is added before the bias is taken out: here it is next to 0.)
#[test]
fn adam_is_that_with_lazy_moments() {
    let (rate, beta1, beta2) = (0.01_f64, 0.9_f64, 0.999_f64);
    let mut by_rows = model();
    let mut optimizer = Adam::new(rate).eps(1e-300).build(&by_rows).unwrap();
    let mut x = table().data().to_vec();
    let (mut m, mut v) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for step in 0..9 {
        optimizer.step(&mut by_rows, &gradient(step)).unwrap();
        let t = step as i32 + 1;
        let size = rate * (1.0 - beta2.powi(t)).sqrt() / (1.0 - beta1.powi(t));
        for (at, values) in rows(step).iter() {
            for (k, g) in values.iter().enumerate() {
                let at = at as usize * WIDTH + k;
                m[at] += (g - m[at]) * (1.0 - beta1);
                v[at] += (g * g - v[at]) * (1.0 - beta2);
                x[at] -= size * m[at] / v[at].sqrt();
            }
        }
    }
    for (found, expected) in parameters(&by_rows).iter().zip(&x) {
        // The formulas differ in the order of their products.
        assert!(
            (found - expected).abs() < 1e-13,
            "{found}, by hand {expected}"
        );
    }
}

#[test]
fn a_resumed_run_is_the_same_to_the_bit() {
    let path = std::env::temp_dir().join(format!("cotangent-{}-rows", std::process::id()));
    let build = |model: &Model| AdamW::new(0.01).weight_decay(0.1).build(model).unwrap();
    let mut through = model();
    let mut optimizer = build(&through);
    for step in 0..4 {
        optimizer.step(&mut through, &gradient(step)).unwrap();
    }
    optimizer.save(&path).unwrap();
    let mut resumed = through.clone();
    let mut later = build(&resumed);
    later.resume(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    for step in 4..9 {
        optimizer.step(&mut through, &gradient(step)).unwrap();
        later.step(&mut resumed, &gradient(step)).unwrap();
    }
    assert_eq!(resumed, through);
}

#[test]
fn accumulated_lists_are_the_mean_of_the_dense_ones() {
    let mut accumulation = Accumulation::new(&model(), 3);
    for round in 0..2 {
        let steps = [3 * round, 3 * round + 1, 3 * round + 2];
        let means: Vec<Model> = steps
            .iter()
            .filter_map(|&step| accumulation.add(&gradient(step)).unwrap().cloned())
            .collect();
        let [mean] = means.as_slice() else {
            panic!("one mean of three gradients")
        };
        let mut expected = vec![0.0; ROWS * WIDTH];
        let mut all: Vec<u32> = Vec::new();
        for step in steps {
            let dense = rows(step).to_dense();
            expected
                .iter_mut()
                .zip(dense.data())
                .for_each(|(sum, g)| *sum += g / 3.0);
            all.extend(listed(step));
        }
        all.sort_unstable();
        all.dedup();
        let found = mean.1.rows().expect("the mean of lists is a list");
        let mut seen = found.indices().to_vec();
        seen.sort_unstable();
        assert_eq!(seen, all, "the rows of this round and no other");
        for (found, expected) in found.to_dense().data().iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}

#[test]
fn sharpness_is_measured_over_the_listed_rows() {
    let (mut by_rows, mut whole) = (model(), dense());
    let mut optimizer = Sgd::new(0.1).build(&by_rows).unwrap();
    let mut reference = Sgd::new(0.1).build(&whole).unwrap();
    // The gradient depends on the parameters in the listed rows.
    let bend = |x: &[f64], g: &mut Rows<f64>| {
        for at in g.indices().to_vec() {
            for (g, x) in g.row_mut(at).iter_mut().zip(row(x, at as usize)) {
                *g += 3.0 * x;
            }
        }
    };
    let at = |x: &[f64]| {
        let mut rows = rows(0);
        bend(x, &mut rows);
        rows
    };
    let mut sam = Sam::new(&by_rows, 0.5).unwrap();
    sam.step(&mut optimizer, &mut by_rows, |x| {
        Ok((noise(3, 0), at(parameters(x)).into(), noise(90, 1)))
    })
    .unwrap();
    let mut sam = Sam::new(&whole, 0.5).unwrap();
    sam.step(&mut reference, &mut whole, |x| {
        Ok((noise(3, 0), at(x.1.data()).to_dense(), noise(90, 1)))
    })
    .unwrap();
    for (found, expected) in parameters(&by_rows).iter().zip(whole.1.data()) {
        // The global norm is summed in another order.
        assert!((found - expected).abs() < 1e-14);
    }
}

#[test]
fn what_looks_at_more_than_a_row_is_refused_when_it_is_built() {
    let model = model();
    let refused = |error: Option<Error>| {
        let text = error.expect("it is refused").to_string();
        assert!(text.contains("embedding `1`"), "{text}");
    };
    refused(Muon::new(0.1).build(&model).err());
    refused(Lamb::new(0.1).build(&model).err());
    let clip = Transform::AdaptiveClip {
        factor: 0.1,
        eps: 1e-3,
    };
    refused(Sgd::new(0.1).transform(clip).build(&model).err());
    let ball = Constraint::L2Ball { radius: 1.0 };
    refused(Sgd::new(0.1).constraint(ball).build(&model).err());
    // Frozen, it is nobody's business.
    let mut frozen = model.clone();
    let mut optimizer = Lamb::new(0.1).freeze("1").build(&frozen).unwrap();
    optimizer.step(&mut frozen, &gradient(0)).unwrap();
    assert_eq!(frozen.1, model.1);
    assert_ne!(frozen.0, model.0);
}

#[test]
fn a_list_of_rows_is_no_model() {
    let mut model = model();
    let mut optimizer = Sgd::new(0.1).build(&model).unwrap();
    let mut wrong = gradient(0);
    let before = wrong.clone();
    let error = optimizer.step(&mut wrong, &before).unwrap_err();
    assert!(
        error.to_string().contains("only a gradient may be"),
        "{error}"
    );
    assert_eq!(wrong.1, before.1);
    // A whole table as a gradient moves every row.
    let start = model.clone();
    let whole: Model = (noise(3, 0), Embedding::new(table()), noise(90, 1));
    optimizer.step(&mut model, &whole).unwrap();
    assert!(
        parameters(&model)
            .iter()
            .zip(parameters(&start))
            .all(|(a, b)| a != b)
    );
}
