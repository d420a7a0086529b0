//! Parameters of `f16` and `bf16`: every rule walks the path of `f32` parameters, and the model holds
//! what it comes to, rounded. The oracle is the same rule over an `f32` model.

use cotangent_optimizers::{
    Adafactor, Adam, AdamW, Lion, LossScale, Momentum, Muon, Optimizer, OptimizerBuilder, Outcome,
    ScheduleFreeAdamW, Sgd, StepInput, TensorRule,
};
use cotangent_runtime::{Element, Tensor, bf16, f16};

fn wave<T: Element<Compute = f32>>(shape: &[usize], phase: f32) -> Tensor<T> {
    Tensor::<f32>::from_fn(shape, |i| (i as f32 * 0.37 + phase).sin() * 0.5).cast()
}

/// A half model of a matrix and a short vector, a vector of `f32` beside them.
type Half<T> = (Tensor<T>, Tensor<T>, Tensor<f32>);

fn model<T: Element<Compute = f32>>(phase: f32) -> Half<T> {
    (
        wave(&[30, 20], phase),
        wave(&[7], phase + 1.0),
        wave(&[90], phase + 2.0),
    )
}

fn wide<T: Element<Compute = f32>>(model: &Half<T>) -> Half<f32> {
    (model.0.cast(), model.1.cast(), model.2.clone())
}

fn follows<R: TensorRule, T: Element<Compute = f32>>(
    name: &str,
    make: impl Fn() -> OptimizerBuilder<R>,
) where
    Half<T>: cotangent_runtime::Leaves,
{
    let mut half = model::<T>(0.0);
    let mut single = wide(&half);
    let mut of_half = make().build(&half).unwrap();
    let mut of_single = make().build(&single).unwrap();
    for step in 0..12 {
        let gradient = model::<T>(0.3 * step as f32);
        let a = of_half.step(&mut half, &gradient).unwrap();
        let b = of_single.step(&mut single, &wide(&gradient)).unwrap();
        assert!(
            (a.grad_norm - b.grad_norm).abs() <= 1e-12 * b.grad_norm,
            "{name}"
        );
        assert!(
            (a.update_norm - b.update_norm).abs() <= 1e-6 * b.update_norm,
            "{name}"
        );
        assert!(
            half.0 == single.0.cast() && half.1 == single.1.cast(),
            "{name} at step {step}"
        );
        assert_eq!(half.2, single.2, "{name}");
    }
    let (view, wide_view) = (
        of_half.eval_params(&half).unwrap(),
        of_single.eval_params(&single).unwrap(),
    );
    assert!(
        view.0 == wide_view.0.cast() && view.1 == wide_view.1.cast(),
        "{name}"
    );
}

#[test]
fn every_kind_of_rule_keeps_masters() {
    fn of<T: Element<Compute = f32>>()
    where
        Half<T>: cotangent_runtime::Leaves,
    {
        follows::<_, T>("sgd", || Sgd::new(1e-3));
        follows::<_, T>("momentum", || Momentum::new(1e-2, 0.9));
        follows::<_, T>("adamw", || AdamW::new(1e-3).weight_decay(0.1));
        follows::<_, T>("lion", || Lion::new(1e-4));
        follows::<_, T>("adafactor", || Adafactor::new(1e-3));
        follows::<_, T>("muon", || Muon::new(1e-3));
        follows::<_, T>("schedule-free", || ScheduleFreeAdamW::new(1e-3));
    }
    of::<f16>();
    of::<bf16>();
}

#[test]
fn steps_below_a_unit_add_up() {
    let mut x = vec![Tensor::full(&[100], bf16::ONE)];
    let g = vec![Tensor::full(&[100], bf16::ONE)];
    let mut optimizer = Sgd::new(1.0 / 4096.0).build(&x).unwrap();
    for _ in 0..64 {
        optimizer.step(&mut x, &g).unwrap();
    }
    // One step alone is a sixteenth of a unit.
    assert_eq!(x[0].data(), [bf16::from_f32(1.0 - 64.0 / 4096.0); 100]);
}

#[test]
fn a_saved_state_holds_the_masters() {
    let folder = std::env::temp_dir().join(format!("cotangent-masters-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("adamw.safetensors");
    let step = |optimizer: &mut Optimizer<Adam>, x: &mut Half<bf16>, k| {
        optimizer.step(x, &model(k as f32)).unwrap();
    };
    let mut x = model::<bf16>(0.0);
    let mut optimizer = AdamW::new(1e-4).build(&x).unwrap();
    (0..4).for_each(|k| step(&mut optimizer, &mut x, k));
    optimizer.save(&file).unwrap();
    let mut y = x.clone();
    let mut resumed = AdamW::new(1e-4).build(&y).unwrap();
    resumed.resume(&file).unwrap();
    (4..40).for_each(|k| {
        step(&mut optimizer, &mut x, k);
        step(&mut resumed, &mut y, k);
    });
    assert_eq!(x, y);
    // The state of another element type is refused.
    let single = wide(&x);
    let error = AdamW::new(1e-4)
        .build(&single)
        .unwrap()
        .resume(&file)
        .unwrap_err();
    assert!(error.to_string().contains(":master"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_others_write_is_followed() {
    let mut x = vec![wave::<f16>(&[80], 0.0)];
    let g = vec![wave::<f16>(&[80], 1.0)];
    let mut optimizer = Sgd::new(0.1).build(&x).unwrap();
    optimizer.step(&mut x, &g).unwrap();
    let written = f16::from_f32(5.0);
    x[0].data_mut()[7] = written;
    let mut fresh = x.clone();
    optimizer.step(&mut x, &g).unwrap();
    Sgd::new(0.1)
        .build(&fresh)
        .unwrap()
        .step(&mut fresh, &g)
        .unwrap();
    assert_eq!(x[0].data()[7], fresh[0].data()[7]);
    assert_ne!(x[0].data()[7], written);
}

#[test]
fn an_overflow_of_f16_skips_the_step_and_halves_the_scale() {
    let mut x = vec![wave::<f16>(&[80], 0.0)];
    let before = x.clone();
    let mut scale = LossScale::new(65536.0, 2.0, 0.5, 3).unwrap();
    let mut optimizer = Sgd::new(0.5).clip_global_norm(1e-3).build(&x).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        // A slope of 1, scaled: above 65504 it is infinite.
        let g = vec![Tensor::full(&[80], f16::from_f64(scale.factor()))];
        let input = StepInput::default().scale(scale.factor());
        let report = optimizer.step_with(&mut x, &g, input).unwrap();
        outcomes.push(report.outcome);
        if outcomes.len() == 1 {
            assert_eq!(x, before);
        } else {
            assert_eq!(report.grad_norm, 80_f64.sqrt());
            assert!((report.clipped_norm - 1e-3).abs() < 1e-9);
        }
        scale.observe(&report);
    }
    assert_eq!(outcomes[0], Outcome::NonFiniteGradient { leaf: 0 });
    assert!(
        outcomes[1..]
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    // Halved once, doubled after three good steps.
    assert_eq!(scale.factor(), 65536.0);
}
