//! Every rule on a quadratic, on Rosenbrock's valley and on a logistic regression: how far each
//! comes, as a table (`cargo test -p cotangent-optimizers --test convergence -- --nocapture`), and
//! that it comes far enough. Beside it, properties that no trajectory shows.

mod common;

use common::complete;
use cotangent_optimizers::*;

type Vector = Vec<f64>;

/// A convex quadratic with eigenvalues from 0.05 to 1, least value 0 at 1.
fn quadratic(x: &Vector) -> (f64, Vector) {
    let scale = |i: usize| 0.05 + 0.95 * i as f64 / 9.0;
    let loss = (0..10).map(|i| 0.5 * scale(i) * (x[i] - 1.0).powi(2)).sum();
    (loss, (0..10).map(|i| scale(i) * (x[i] - 1.0)).collect())
}

/// The valley, scaled by 1 / 100 so that one rate fits its walls; least value 0 at (1, 1).
fn rosenbrock(x: &Vector) -> (f64, Vector) {
    let wall = x[1] - x[0] * x[0];
    let loss = 0.01 * (1.0 - x[0]).powi(2) + wall * wall;
    (
        loss,
        vec![-0.02 * (1.0 - x[0]) - 4.0 * x[0] * wall, 2.0 * wall],
    )
}

/// Forty points, two features and a bias; least value 0.340278 by Newton's method.
fn logistic(x: &Vector) -> (f64, Vector) {
    let (mut loss, mut gradient) = (0.0, vec![0.0; 3]);
    for i in 0..40 {
        let row = [(1.7 * i as f64).sin(), (0.9 * i as f64).cos(), 1.0];
        let label = f64::from(row[0] + 0.5 * row[1] + 0.6 * (3.1 * i as f64).sin() > 0.0);
        let z: f64 = row.iter().zip(x).map(|(r, x)| r * x).sum();
        let p = 1.0 / (1.0 + (-z).exp());
        loss += ((-z.abs()).exp().ln_1p() + z.max(0.0) - label * z) / 40.0;
        for (g, r) in gradient.iter_mut().zip(row) {
            *g += (p - label) * r / 40.0;
        }
    }
    (loss, gradient)
}

/// The excess of the loss over its least value after so many steps.
fn excess<R: TensorRule>(
    builder: OptimizerBuilder<R>,
    mut x: Vector,
    problem: impl Fn(&Vector) -> (f64, Vector),
    least: f64,
    steps: usize,
) -> f64 {
    let mut optimizer = builder.build(&x).unwrap();
    for _ in 0..steps {
        let (loss, gradient) = problem(&x);
        optimizer
            .step_with(&mut x, &gradient, StepInput::default().loss(loss))
            .unwrap();
    }
    problem(&optimizer.eval_params(&x).unwrap()).0 - least
}

/// The least value of the logistic regression, by Newton's method on differences of the gradient.
fn logistic_least() -> f64 {
    let mut x = vec![0.0; 3];
    for _ in 0..200 {
        let gradient = logistic(&x).1;
        // Four times the largest feature norm bounds the curvature: plain descent with that rate.
        x.iter_mut().zip(gradient).for_each(|(x, g)| *x -= 1.3 * g);
    }
    for _ in 0..20_000 {
        let gradient = logistic(&x).1;
        x.iter_mut().zip(gradient).for_each(|(x, g)| *x -= 1.3 * g);
    }
    logistic(&x).0
}

macro_rules! table {
    ($($name:ident: [$quadratic:expr, $valley:expr, $logistic:expr] $rule:expr;)*) => {
        #[test]
        fn every_rule_comes_down() {
            let least = logistic_least();
            println!("{:<22} {:>11} {:>11} {:>11}", "excess after 500 steps", "quadratic", "valley", "logistic");
            let (start, valley) = (vec![0.0; 10], vec![-1.0, 1.0]);
            let start_values = [quadratic(&start).0, rosenbrock(&valley).0, logistic(&vec![0.0; 3]).0 - least];
            fn name<R: TensorRule>(_: OptimizerBuilder<R>) -> &'static str {
                R::NAME
            }
            let (mut late, mut names) = (Vec::new(), Vec::new());
            $({
                let rule: fn(f64) -> _ = $rule;
                names.push(name(rule($quadratic)));
                let left = [
                    excess(rule($quadratic), start.clone(), quadratic, 0.0, 500),
                    excess(rule($valley), valley.clone(), rosenbrock, 0.0, 500),
                    excess(rule($logistic), vec![0.0; 3], logistic, least, 500),
                ];
                println!("{:<22} {:11.2e} {:11.2e} {:11.2e}", stringify!($name), left[0], left[1], left[2]);
                // At least a quarter of the way everywhere; most rules come much further.
                for (left, start) in left.iter().zip(start_values) {
                    if left.is_nan() || *left > 0.75 * start {
                        late.push(format!("{}: {left} of {start}", stringify!($name)));
                    }
                }
            })*
            assert!(late.is_empty(), "{late:#?}");
            complete(names);
        }
    };
}

table! {
    sgd: [1.0, 0.3, 1.0] |r| Sgd::new(r);
    momentum: [0.2, 0.02, 0.2] |r| Momentum::new(r, 0.9);
    nesterov: [0.2, 0.02, 0.2] |r| Momentum::new(r, 0.9).nesterov();
    sign_sgd: [0.01, 0.01, 0.01] |r| SignSgd::new(r).momentum(0.9);
    rprop: [0.01, 0.01, 0.01] |r| Rprop::new(r);
    asgd: [1.0, 0.3, 1.0] |r| Asgd::new(r).start(100.0);
    optimistic: [0.5, 0.1, 0.5] |r| Optimistic::new(r);
    polyak: [1.0, 1.0, 1.0] |r| Polyak::new(r);
    adagrad: [0.5, 0.5, 0.5] |r| Adagrad::new(r);
    adadelta: [1.0, 1.0, 1.0] |r| Adadelta::new(r).eps(1e-3);
    rmsprop: [0.01, 0.01, 0.01] |r| RmsProp::new(r);
    rmsprop_momentum: [0.01, 0.01, 0.01] |r| RmsProp::new(r).momentum(0.9);
    adam: [0.05, 0.05, 0.05] |r| Adam::new(r);
    adamw: [0.05, 0.05, 0.05] |r| AdamW::new(r).weight_decay(1e-4);
    amsgrad: [0.05, 0.05, 0.05] |r| AmsGrad::new(r);
    adamax: [0.05, 0.05, 0.05] |r| Adamax::new(r);
    nadam: [0.05, 0.05, 0.05] |r| NAdam::new(r);
    radam: [0.05, 0.05, 0.05] |r| RAdam::new(r);
    adabelief: [0.05, 0.05, 0.05] |r| AdaBelief::new(r);
    yogi: [0.05, 0.05, 0.05] |r| Yogi::new(r);
    adan: [0.05, 0.02, 0.05] |r| Adan::new(r);
    adopt: [0.05, 0.05, 0.05] |r| Adopt::new(r);
    ademamix: [0.01, 0.01, 0.01] |r| AdEmaMix::new(r).beta3(0.99);
    acprop: [0.02, 0.002, 0.02] |r| AcProp::new(r).eps_root(1e-8);
    qhadam: [0.05, 0.05, 0.05] |r| QhAdam::new(r);
    adabound: [0.05, 0.05, 0.05] |r| AdaBound::new(r);
    lion: [0.01, 0.005, 0.01] |r| Lion::new(r);
    lamb: [0.05, 0.02, 0.05] |r| Lamb::new(r);
    lars: [1.0, 1.0, 1.0] |r| Lars::new(r).trust(0.01).momentum(0.5);
    novograd: [0.05, 0.02, 0.05] |r| NovoGrad::new(r);
    fromage: [0.02, 0.05, 0.02] |r| Fromage::new(r).least_norm(1.0);
    madgrad: [0.05, 0.05, 0.05] |r| MadGrad::new(r);
    ftrl: [1.0, 0.5, 1.0] |r| Ftrl::new(r);
    sophia: [0.05, 0.02, 0.05] |r| Sophia::new(r);
    prodigy: [1.0, 1.0, 1.0] |r| Prodigy::new(r).start(1e-3);
    dadapt_adam: [1.0, 1.0, 1.0] |r| DAdaptAdam::new(r).start(1e-3);
    dog: [1.0, 1.0, 1.0] |r| Dog::new(r).start(1e-2);
    dowg: [1.0, 1.0, 1.0] |r| Dowg::new(r).start(1e-2);
    momo: [1.0, 0.3, 1.0] |r| Momo::new(r);
    momo_adam: [0.05, 0.05, 0.05] |r| MomoAdam::new(r);
    schedule_free_sgd: [1.0, 0.4, 1.0] |r| ScheduleFreeSgd::new(r);
    schedule_free_adamw: [0.1, 0.1, 0.1] |r| ScheduleFreeAdamW::new(r);
    adafactor: [0.1, 0.05, 0.1] |r| Adafactor::new(r);
    sm3: [0.5, 0.5, 0.5] |r| Sm3::new(r);
    muon: [0.05, 0.05, 0.05] |r| Muon::new(r);
    shampoo: [0.5, 0.2, 0.5] |r| Shampoo::new(r);
    soap: [0.05, 0.05, 0.05] |r| Soap::new(r);
}

/// One element of a vector goes the way it would go alone: rules over elements don't mix them.
#[test]
fn elementwise_rules_treat_elements_alone() {
    fn check<R: TensorRule>(build: impl Fn() -> OptimizerBuilder<R>) {
        let slope = |x: f64| (3.0 * x).sin() + x;
        let start = [0.3, -1.2, 2.0, 0.7, -0.1];
        // Long enough for the vector loops as well.
        let mut together: Vector = start.iter().cycle().take(1000).copied().collect();
        let mut optimizer = build().build(&together).unwrap();
        for _ in 0..20 {
            let gradient = together.iter().map(|x| slope(*x)).collect();
            optimizer.step(&mut together, &gradient).unwrap();
        }
        for (index, start) in start.iter().enumerate() {
            let mut alone = vec![*start];
            let mut optimizer = build().build(&alone).unwrap();
            for _ in 0..20 {
                let gradient = vec![slope(alone[0])];
                optimizer.step(&mut alone, &gradient).unwrap();
            }
            for element in together.iter().skip(index).step_by(5) {
                assert_eq!(element.to_bits(), alone[0].to_bits(), "{}", R::NAME);
            }
        }
    }
    check(|| Sgd::new(0.1).l2(0.1));
    check(|| Momentum::new(0.1, 0.9).nesterov());
    check(|| AdamW::new(0.1));
    check(|| {
        RmsProp::new(0.01)
            .centered()
            .momentum(0.9)
            .rate_inside(true)
    });
    check(|| Adan::new(0.1));
    check(|| MadGrad::new(0.1).proximal_l1(0.01).bounds(-1.0, 1.0));
    check(|| Adadelta::new(1.0).l1(0.1));
}

/// Adam and its kin don't see the scale of the loss, but for eps; plain descent is linear in it.
#[test]
fn scales_of_the_loss_act_as_they_should() {
    fn end<R: TensorRule>(builder: OptimizerBuilder<R>, scale: f64) -> Vector {
        let mut x: Vector = vec![0.3, -1.2];
        let mut optimizer = builder.build(&x).unwrap();
        for _ in 0..30 {
            let gradient = x.iter().map(|x| scale * (3.0 * x).sin()).collect();
            optimizer.step(&mut x, &gradient).unwrap();
        }
        x
    }
    let near = |a: Vector, b: Vector| a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(near(
        end(Adam::new(0.1).eps(1e-30), 1.0),
        end(Adam::new(0.1).eps(1e-30), 1e6)
    ));
    assert!(near(end(Lion::new(0.1), 1.0), end(Lion::new(0.1), 1e6)));
    assert!(near(
        end(Adagrad::new(0.1).eps(1e-30), 1.0),
        end(Adagrad::new(0.1).eps(1e-30), 1e6)
    ));
    assert!(near(end(Sgd::new(0.1), 2.0), end(Sgd::new(0.2), 1.0)));
    assert!(near(
        end(Momentum::new(0.1, 0.9), 2.0),
        end(Momentum::new(0.2, 0.9), 1.0)
    ));
}

/// Decoupled decay alone shrinks parameters by `1 - lr wd`, whatever the rule's state is.
#[test]
fn decay_without_a_gradient_shrinks() {
    fn check<R: TensorRule>(builder: OptimizerBuilder<R>) {
        let mut x = vec![2.0, -4.0];
        let mut optimizer = builder.weight_decay(0.5).build(&x).unwrap();
        optimizer.step(&mut x, &vec![0.0, 0.0]).unwrap();
        assert_eq!(x, [1.9, -3.8], "{}", R::NAME);
    }
    check(Sgd::new(0.1));
    check(Momentum::new(0.1, 0.9));
    check(Adam::new(0.1));
    check(Lion::new(0.1));
    check(RmsProp::new(0.1));
    check(AmsGrad::new(0.1));
    check(Adagrad::new(0.1));
}

/// Scaled gradients give the steps of plain ones.
#[test]
fn a_power_of_two_as_loss_scale_changes_no_bit() {
    let walk = |scale: f64| {
        let mut x = vec![0.3_f32, -1.2];
        let mut optimizer = AdamW::new(0.1).clip_global_norm(0.5).build(&x).unwrap();
        for _ in 0..10 {
            let gradient = x.iter().map(|x| scale as f32 * (3.0 * x).sin()).collect();
            optimizer
                .step_with(&mut x, &gradient, StepInput::default().scale(scale))
                .unwrap();
        }
        x
    };
    assert_eq!(walk(1.0), walk(1024.0));
}

/// A model of single precision follows one of double precision.
#[test]
fn single_precision_follows_double_precision() {
    fn check<R: TensorRule>(build: impl Fn() -> OptimizerBuilder<R>) {
        let (mut x, mut y) = (vec![0.3_f32, -1.2, 2.0], vec![0.3_f64, -1.2, 2.0]);
        let (mut single, mut double) = (build().build(&x).unwrap(), build().build(&y).unwrap());
        for _ in 0..20 {
            let g = x.iter().map(|x| (0.5 * x).sin()).collect();
            let h = y.iter().map(|y| (0.5 * y).sin()).collect();
            single.step(&mut x, &g).unwrap();
            double.step(&mut y, &h).unwrap();
        }
        for (x, y) in x.iter().zip(&y) {
            // Twenty steps of a few roundings each.
            assert!(
                (f64::from(*x) - y).abs() < 1e-5 * y.abs().max(1.0),
                "{}",
                R::NAME
            );
        }
    }
    check(|| AdamW::new(0.05));
    check(|| NAdam::new(0.05));
    check(|| Lamb::new(0.05));
    check(|| Adafactor::new(0.05));
}

/// Statistics of one direction, in single precision: rounding must not make the others explode.
#[test]
fn shampoo_stays_tame_in_single_precision() {
    let mut x = vec![0.3_f32, -1.2, 2.0];
    let mut optimizer = Shampoo::new(0.05).build(&x).unwrap();
    for _ in 0..100 {
        let slope = x.iter().map(|x| 30.0 * x).collect();
        let report = optimizer.step(&mut x, &slope).unwrap();
        // No step is longer than the rate times the number of directions, rounding included.
        assert!(report.update_norm < 0.2, "{report}");
    }
    assert!(x.iter().all(|x| x.abs() < 2.0));
}
