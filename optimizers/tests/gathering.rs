//! Short leaves are updated side by side: each must move as if it were the only leaf.

#[macro_use]
mod common;

use common::complete;
use cotangent_optimizers::*;

/// Lengths around the limit of what counts as short, and the shortest ones.
const LENGTHS: [usize; 9] = [1, 1, 2, 17, 64, 65, 3, 200, 1];

fn model(seed: u64) -> Vec<Vec<f64>> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    LENGTHS
        .iter()
        .map(|&len| (0..len).map(|_| next()).collect())
        .collect()
}

/// Steps the whole model and every leaf alone, with the leaf `frozen` left as it is.
fn compare<R: TensorRule>(builder: impl Fn() -> OptimizerBuilder<R>) {
    let start = model(3);
    let mut together = start.clone();
    let mut optimizer = builder().freeze("6").build(&together).unwrap();
    let mut alone: Vec<_> = start
        .iter()
        .map(|leaf| (leaf.clone(), builder().build(leaf).unwrap()))
        .collect();
    for step in 0..5 {
        let gradient = model(100 + step);
        optimizer.step(&mut together, &gradient).unwrap();
        for ((leaf, optimizer), gradient) in alone.iter_mut().zip(&gradient) {
            optimizer.step(leaf, gradient).unwrap();
        }
    }
    let view = optimizer.eval_params(&together).unwrap();
    for (index, (leaf, single)) in alone.iter().enumerate() {
        if index == 6 {
            assert_eq!(together[6], start[6]);
            continue;
        }
        assert_eq!(&together[index], leaf, "{} leaf {index}", R::NAME);
        assert_eq!(
            view[index],
            single.eval_params(leaf).unwrap(),
            "{} view of leaf {index}",
            R::NAME
        );
    }
}

#[test]
fn a_short_leaf_moves_as_if_it_were_alone() {
    compare(|| Sgd::new(0.1));
    compare(|| Momentum::new(0.1, 0.9).nesterov());
    compare(|| Adam::new(0.1).proximal_l1(1e-3).bounds(-0.4, 0.4));
    compare(|| AdamW::new(0.1).clip(Clip::Value { limit: 0.2 }));
    compare(|| RAdam::new(0.1).l2(0.1));
    compare(|| Yogi::new(0.1));
    compare(|| Asgd::new(0.1));
    compare(|| Sophia::new(0.1));
    compare(|| ScheduleFreeAdamW::new(0.1));
}

/// Whether a rule may gather leaves: then short leaves must move as the parts of a long one do.
fn together_as_one<R: TensorRule>(builder: impl Fn() -> OptimizerBuilder<R>) -> &'static str {
    if !R::ELEMENTWISE {
        return R::NAME;
    }
    // 75 numbers, which are no whole number of vectors, and too many for a leaf that is gathered.
    let lengths = [1, 1, 64, 8, 1];
    let split = |numbers: &[f64]| {
        let mut rest = numbers;
        lengths.map(|len| {
            let leaf;
            (leaf, rest) = rest.split_at(len);
            leaf.to_vec()
        })
    };
    let mut whole: Vec<f64> = (0..75).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let mut parts = split(&whole);
    let mut of_whole = builder().build(&whole).unwrap();
    let mut of_parts = builder().build(&parts).unwrap();
    for step in 0..4 {
        let gradient: Vec<f64> = whole.iter().map(|x| (3.0 * x).sin() + 0.1).collect();
        let input = StepInput::default().loss(2.0 - 0.1 * f64::from(step));
        let first = of_whole.step_with(&mut whole, &gradient, input).unwrap();
        let second = of_parts.step_with(&mut parts, &split(&gradient), input);
        let second = second.unwrap();
        // Sums over leaves round otherwise.
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(1.0);
        assert!(
            near(first.update_norm, second.update_norm),
            "{}: {first:?} and {second:?}",
            R::NAME
        );
        assert!(
            near(first.grad_norm, second.grad_norm),
            "{}: {first:?} and {second:?}",
            R::NAME
        );
        for (part, whole) in parts.iter().flatten().zip(&whole) {
            assert!(near(*part, *whole), "{}: {part} and {whole}", R::NAME);
        }
    }
    R::NAME
}

#[test]
fn short_leaves_of_every_rule_move_as_parts_of_a_long_one() {
    macro_rules! visit {
        ($($name:ident: $builder:expr;)*) => {
            complete([$(together_as_one(|| $builder)),*])
        };
    }
    every_rule!(visit);
}

#[test]
fn a_gradient_that_is_not_finite_changes_no_short_leaf() {
    let mut x = model(3);
    let mut optimizer = Adam::new(0.1).build(&x).unwrap();
    let mut gradient = model(4);
    gradient[2][1] = f64::NAN;
    let report = optimizer.step(&mut x, &gradient).unwrap();
    assert_eq!(report.outcome, Outcome::NonFiniteGradient { leaf: 2 });
    assert_eq!(x, model(3));
    // And the next step is the first.
    let mut fresh = model(3);
    let gradient = model(5);
    Adam::new(0.1)
        .build(&fresh)
        .unwrap()
        .step(&mut fresh, &gradient)
        .unwrap();
    optimizer.step(&mut x, &gradient).unwrap();
    assert_eq!(x, fresh);
}

#[test]
fn groups_of_short_leaves_keep_their_own_rates() {
    let mut x = vec![vec![1.0_f64], vec![1.0], vec![1.0], vec![1.0]];
    let mut optimizer = Sgd::new(0.5)
        .group("1", |options| options.rate_factor(0.5))
        .group("3", |options| options.rate_factor(0.5))
        .build(&x)
        .unwrap();
    optimizer.step(&mut x, &vec![vec![1.0]; 4]).unwrap();
    assert_eq!(x, [[0.5], [0.75], [0.5], [0.75]]);
}
