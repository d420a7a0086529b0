//! The optimizer against formulas written out here: updates, schedules, clipping,
//! decay, refusal, and wrong structures.

use cotangent_optimizers::*;
use cotangent_runtime::cpu::{Isa, with_isa};

type Model = Vec<f64>;

#[test]
fn adamw_equals_its_formula() {
    let (lr, b1, b2, eps, decay) = (0.05, 0.8, 0.95, 1e-4, 0.1);
    let mut x: Model = vec![-1.2, 1.0, 3.0];
    let mut want = x.clone();
    let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
    let mut optimizer = AdamW::new(lr)
        .betas(b1, b2)
        .eps(eps)
        .weight_decay(decay)
        .build(&x)
        .unwrap();
    for step in 1..=50 {
        let g: Model = x.iter().map(|x| x.sin() + 2.0 * x).collect();
        optimizer.step(&mut x, &g).unwrap();
        for i in 0..3 {
            let g = want[i].sin() + 2.0 * want[i];
            m[i] = b1 * m[i] + (1.0 - b1) * g;
            v[i] = b2 * v[i] + (1.0 - b2) * g * g;
            let m_hat = m[i] / (1.0 - b1.powi(step));
            let v_hat: f64 = v[i] / (1.0 - b2.powi(step));
            want[i] -= lr * decay * want[i];
            want[i] -= lr * m_hat / (v_hat.sqrt() + eps);
        }
        for (got, want) in x.iter().zip(&want) {
            assert!((got - want).abs() < 1e-12, "step {step}: {got} and {want}");
        }
    }
}

#[test]
fn nesterov_with_l2_equals_its_formula() {
    let (lr, mu, penalty) = (0.1, 0.9, 0.02);
    let mut x: Model = vec![2.0, -1.0];
    let mut want = x.clone();
    let mut velocity = [0.0; 2];
    let mut optimizer = Sgd::new(lr)
        .momentum(mu)
        .nesterov()
        .l2(penalty)
        .build(&x)
        .unwrap();
    for _ in 0..30 {
        let g: Model = x.iter().map(|x| 0.5 * x).collect();
        optimizer.step(&mut x, &g).unwrap();
        for i in 0..2 {
            let g = 0.5 * want[i] + penalty * want[i];
            velocity[i] = mu * velocity[i] + g;
            want[i] -= lr * (g + mu * velocity[i]);
        }
    }
    for (got, want) in x.iter().zip(&want) {
        assert!((got - want).abs() < 1e-12);
    }
}

#[test]
fn clipping_reports_both_norms_and_survives_overflow() {
    for (g, norm) in [(vec![3.0, 4.0], 5.0), (vec![3e200, 4e200], 5e200)] {
        let mut x: Model = vec![0.0, 0.0];
        let mut optimizer = Sgd::new(1.0).clip_global_norm(1.0).build(&x).unwrap();
        let report = optimizer.step(&mut x, &g).unwrap();
        assert!((report.grad_norm / norm - 1.0).abs() < 1e-14);
        assert!((report.clipped_norm - 1.0).abs() < 1e-14);
        assert!((report.update_norm - 1.0).abs() < 1e-14);
        assert!((x[0] + 0.6).abs() < 1e-14 && (x[1] + 0.8).abs() < 1e-14);
    }
    let mut x: Model = vec![1.0];
    let mut optimizer = Sgd::new(1.0).clip_global_norm(1.0).build(&x).unwrap();
    assert_eq!(
        optimizer.step(&mut x, &vec![0.0]).unwrap().clipped_norm,
        0.0
    );
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let mut x: Model = vec![1.0, 2.0];
    let mut optimizer = Sgd::new(0.1).momentum(0.9).build(&x).unwrap();
    for bad in [f64::NAN, f64::INFINITY] {
        let report = optimizer.step(&mut x, &vec![1.0, bad]).unwrap();
        assert_eq!(report.outcome, Outcome::NonFiniteGradient { leaf: 0 });
        assert!(!report.applied());
    }
    assert_eq!(
        (x.as_slice(), optimizer.steps()),
        ([1.0, 2.0].as_slice(), 0)
    );
    optimizer.step(&mut x, &vec![1.0, 1.0]).unwrap();
    assert_eq!(x, [1.0 - 0.1, 2.0 - 0.1]);
}

#[test]
fn no_decay_spares_the_matching_leaves() {
    let mut model: Vec<Vec<f64>> = vec![vec![1.0], vec![1.0, 1.0]];
    let zeros = vec![vec![0.0], vec![0.0, 0.0]];
    let mut optimizer = Sgd::new(0.5)
        .weight_decay(0.1)
        .no_decay("1")
        .build(&model)
        .unwrap();
    optimizer.step(&mut model, &zeros).unwrap();
    assert_eq!(model, [vec![0.95], vec![1.0, 1.0]]);
}

#[test]
fn another_structure_is_refused_before_anything_changes() {
    let mut x: Model = vec![1.0, 2.0];
    let mut optimizer = Sgd::new(0.1).build(&x).unwrap();
    let error = optimizer.step(&mut x, &vec![1.0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Structure);
    assert!(error.to_string().contains("shape [1]"), "{error}");
    assert_eq!(x, [1.0, 2.0]);
}

#[test]
fn bad_hyperparameters_are_errors_that_name_them() {
    let x: Model = vec![0.0];
    let text = |error: cotangent_optimizers::Error| error.to_string();
    for (got, want) in [
        (
            Sgd::new(-0.1).build(&x).err().map(text),
            "the learning rate = -0.1",
        ),
        (
            Sgd::new(f64::NAN).build(&x).err().map(text),
            "the learning rate = NaN",
        ),
        (
            Sgd::new(0.1).momentum(1.0).build(&x).err().map(text),
            "momentum = 1",
        ),
        (
            Sgd::new(0.1)
                .momentum(0.0)
                .nesterov()
                .build(&x)
                .err()
                .map(text),
            "nesterov wants a momentum",
        ),
        (
            AdamW::new(0.1).betas(0.9, 1.0).build(&x).err().map(text),
            "beta2 = 1",
        ),
        (
            AdamW::new(0.1).eps(-1.0).build(&x).err().map(text),
            "eps = -1",
        ),
        (
            AdamW::new(0.1).weight_decay(-1.0).build(&x).err().map(text),
            "the weight decay = -1",
        ),
        (
            AdamW::new(0.1)
                .clip_global_norm(0.0)
                .build(&x)
                .err()
                .map(text),
            "Global { limit: 0.0",
        ),
        (
            AdamW::new(0.1).no_decay("*.bias").build(&x).err().map(text),
            "`*.bias` matches no leaf",
        ),
    ] {
        let got = got.unwrap_or_else(|| panic!("accepted, but wanted `{want}`"));
        assert!(got.contains(want), "`{got}` lacks `{want}`");
    }
}

/// Every hyperparameter of every rule outside of its range, by the name in the message.
#[test]
fn every_rule_names_the_hyperparameter_that_it_refuses() {
    fn refused<R: TensorRule>(builder: OptimizerBuilder<R>, wanted: &str) {
        let Err(error) = builder.build(&vec![0.0]) else {
            panic!("{} accepts what should be `{wanted}`", R::NAME);
        };
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let text = error.to_string();
        assert!(text.contains(wanted), "`{text}` lacks `{wanted}`");
    }
    refused(Momentum::new(0.1, -0.1), "momentum = -0.1");
    refused(Momentum::new(0.1, 0.9).dampening(1.5), "dampening = 1.5");
    refused(SignSgd::new(0.1).momentum(f64::NAN), "momentum = NaN");
    refused(Rprop::new(0.1).minus(1.0), "minus = 1");
    refused(Asgd::new(0.1).alpha(-1.0), "alpha = -1");
    refused(Adagrad::new(0.1).eps(0.0), "eps = 0");
    refused(Adadelta::new(1.0).rho(1.0), "rho = 1");
    refused(RmsProp::new(0.1).rho(-0.1).momentum(0.9), "rho = -0.1");
    refused(RmsProp::new(0.1).momentum(1.0), "momentum = 1");
    refused(Adam::new(0.1).eps(f64::INFINITY), "eps = inf");
    refused(AmsGrad::new(0.1).betas(1.0, 0.9), "beta1 = 1");
    refused(NAdam::new(0.1).momentum_decay(-1.0), "momentum_decay = -1");
    refused(QhAdam::new(0.1).nu1(1.5), "nu1 = 1.5");
    refused(Adan::new(0.1).beta3(1.0), "beta3 = 1");
    refused(Ftrl::new(0.1).l1_penalty(-0.1), "l1_penalty = -0.1");
    refused(Lars::new(0.1).trust(0.0), "trust = 0");
    refused(Prodigy::new(1.0).start(0.0), "start = 0");
    refused(ScheduleFreeSgd::new(0.1).beta(0.0), "beta = 0");
    refused(
        Adafactor::new(0.1).largest_update(0.0),
        "largest_update = 0",
    );
    refused(Muon::new(0.1).match_rms(-1.0), "root mean square = -1");
    refused(Shampoo::new(0.1).interval(0), "interval = 0");
    refused(Soap::new(0.1).interval(0), "interval = 0");
    refused(Sgd::new(0.1).bounds(1.0, -1.0), "bounds(1, -1)");
    refused(Sgd::new(0.1).l1(-1.0), "the L1 penalty = -1");
    refused(
        Sgd::new(0.1).constraint(Constraint::Simplex { scale: 0.0 }),
        "scale of a simplex = 0",
    );
    let factor = f64::NAN;
    refused(
        Sgd::new(0.1).transform(Transform::AdaptiveClip { factor, eps: 0.1 }),
        "NaN",
    );
    refused(
        Sgd::new(0.1).group("0", |group| group.frozen()),
        "the group pattern `0` matches no leaf",
    );
    refused(
        Sgd::new(0.1).freeze("w"),
        "the freeze pattern `w` matches no leaf",
    );
    refused(
        Lamb::new(0.1).decay_schedule(Constant),
        "decay_schedule can't be used with lamb",
    );
}

#[test]
fn a_rule_that_needs_the_loss_says_how_to_give_it() {
    let mut x: Model = vec![1.0];
    let mut optimizer = Polyak::new(1.0).build(&x).unwrap();
    let text = optimizer.step(&mut x, &vec![1.0]).unwrap_err().to_string();
    assert!(
        text.contains("polyak needs the value of the loss: call `step_with("),
        "{text}"
    );
    let input = StepInput::default().loss(f64::NAN);
    let report = optimizer.step_with(&mut x, &vec![1.0], input).unwrap();
    assert_eq!(report.outcome, Outcome::NonFiniteLoss);
    let input = StepInput::default().loss(1.0).scale(0.0);
    let text = optimizer
        .step_with(&mut x, &vec![1.0], input)
        .unwrap_err()
        .to_string();
    assert!(text.contains("the gradient scale 0"), "{text}");
    assert_eq!((x, optimizer.steps()), (vec![1.0], 0));
}

/// The digits of a step don't depend on the instruction set.
#[test]
fn every_instruction_set_gives_the_same_bits() {
    fn walk<R: TensorRule>(isa: Isa, builder: OptimizerBuilder<R>) -> Vec<u32> {
        with_isa(isa, || {
            let mut x: Vec<f32> = (0..1003).map(|i| (i as f32 * 0.37).sin()).collect();
            let mut optimizer = builder.clip_global_norm(0.5).build(&x).unwrap();
            for _ in 0..5 {
                let slope = x.iter().map(|x| 3.0 * x * x - 0.5).collect();
                let input = StepInput::default().loss(1.0);
                optimizer.step_with(&mut x, &slope, input).unwrap();
            }
            x.iter().map(|x| x.to_bits()).collect()
        })
    }
    for &isa in Isa::available() {
        let portable = Isa::Portable;
        assert_eq!(
            walk(isa, AdamW::new(0.1)),
            walk(portable, AdamW::new(0.1)),
            "{isa:?}"
        );
        assert_eq!(
            walk(isa, Lamb::new(0.1)),
            walk(portable, Lamb::new(0.1)),
            "{isa:?}"
        );
        assert_eq!(
            walk(isa, Prodigy::new(1.0)),
            walk(portable, Prodigy::new(1.0)),
            "{isa:?}"
        );
        assert_eq!(
            walk(isa, Adan::new(0.1).l1(0.1)),
            walk(portable, Adan::new(0.1).l1(0.1))
        );
    }
}

#[test]
fn schedules_equal_their_formulas() {
    let pi = std::f64::consts::PI;
    for step in 0..200_u64 {
        let t = step as f64;
        let cosine = Cosine {
            steps: 150,
            floor: 0.1,
        }
        .at(step);
        let want = 0.1 + 0.9 * 0.5 * (1.0 + (pi * t.min(150.0) / 150.0).cos());
        assert!((cosine - want).abs() < 1e-15);
        let warm = WarmupCosine::new(20, 180).floor(0.02).at(step);
        let want = if step < 20 {
            t / 20.0
        } else {
            0.02 + 0.98 * 0.5 * (1.0 + (pi * ((t - 20.0) / 160.0).min(1.0)).cos())
        };
        assert!((warm - want).abs() < 1e-15);
        let drops = StepDecay {
            every: 30,
            gamma: 0.5,
        }
        .at(step);
        assert_eq!(drops, 0.5_f64.powi((step / 30) as i32));
        assert_eq!(
            Warmup {
                steps: 4,
                after: Constant
            }
            .at(step),
            (t / 4.0).min(1.0)
        );
    }
}
