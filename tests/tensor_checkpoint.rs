//! `#[checkpoint]` and byte budgets in tensor code: the same gradient to the bit, in fewer bytes, also
//! where random numbers are drawn, and whatever an earlier call left in memory.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Layer {
    w: Tensor<f64>,
    b: Tensor<f64>,
}

#[derive(Differentiable, Clone)]
struct Model {
    layers: Vec<Layer>,
    head: Tensor<f64>,
}

fn model(layers: usize, width: usize) -> Model {
    let layer = |k| Layer {
        w: noise(&[width, width], 2 * k) / (width as f64).sqrt(),
        b: noise(&[width], 2 * k + 1),
    };
    Model {
        layers: (0..layers).map(layer).collect(),
        head: noise(&[width, 1], 99),
    }
}

#[differentiable]
fn forward(layer: &Layer, x: &Tensor<f64>) -> Tensor<f64> {
    let y = (x.matmul(&layer.w) + &layer.b).tanh();
    y.softmax() * x.sigmoid()
}

/// A stack of layers whose turns are computed again, or not, with what stands around them.
macro_rules! stack {
    ($name:ident $(#[$outer:meta])?, $(#[$inner:meta])?, $(#[$bound:meta])?) => {
        #[differentiable(wrt(model))]
        fn $name(model: &Model, x: &Tensor<f64>, key: &Tensor<u32>, depth: usize) -> f64 {
            let mut h = x.clone();
            for _ in 0..1 {
                $(#[$outer])?
                for (index, layer) in model.layers.iter().enumerate() {
                    if index >= depth {
                        break;
                    }
                    $(#[$inner])?
                    {
                        h = h.dropout(0.25, key);
                        h = forward(layer, &h);
                    }
                    if index % 2 == 1 {
                        continue;
                    }
                    $(#[$bound])?
                    let more = forward(layer, &h).square();
                    h = more + &h;
                }
            }
            h.matmul(&model.head).square().mean()
        }
    };
}

stack!(plain, ,);
stack!(turns #[checkpoint],,);
stack!(blocks, #[checkpoint], #[checkpoint]);
stack!(nested #[checkpoint], #[checkpoint], #[checkpoint]);

/// The elements of a gradient, in order.
fn elements(gradient: &Model) -> Vec<u64> {
    let layers = gradient.layers.iter();
    let tensors = layers.flat_map(|layer| [&layer.w, &layer.b]);
    let tensors = tensors.chain([&gradient.head]);
    tensors
        .flat_map(|tensor| tensor.data())
        .map(|x| x.to_bits())
        .collect()
}

/// Value and gradient of a bound program after its memory was filled with NaN, with its peak and the
/// number of steps that run again.
macro_rules! run {
    ($program:expr, $model:expr, $x:expr, $key:expr, $depth:expr) => {{
        let mut program = $program;
        program.__poison(0xff);
        let (value, gradient) = program.value_and_grad($model, $x, $key, $depth).unwrap();
        let result = (value.to_bits(), elements(gradient));
        let report = program.report();
        (result, report.peak(), report.recomputed(), report.saved())
    }};
}

fn data() -> (Tensor<f64>, Tensor<u32>) {
    let key = Tensor::from_vec(&[2], vec![7, 11]).unwrap();
    (noise(&[12, 8], 5), key)
}

#[test]
fn stretches_are_computed_again_to_the_bit() {
    let (model, (x, key)) = (model(9, 8), data());
    for depth in [0, 1, 2, 3, 9] {
        let expected = run!(
            plain::bind(&model, &x, &key, depth).unwrap(),
            &model,
            &x,
            &key,
            depth
        );
        assert_eq!(expected.2, 0, "nothing runs again unasked");
        for (name, found) in [
            (
                "turns",
                run!(
                    turns::bind(&model, &x, &key, depth).unwrap(),
                    &model,
                    &x,
                    &key,
                    depth
                ),
            ),
            (
                "blocks",
                run!(
                    blocks::bind(&model, &x, &key, depth).unwrap(),
                    &model,
                    &x,
                    &key,
                    depth
                ),
            ),
            (
                "nested",
                run!(
                    nested::bind(&model, &x, &key, depth).unwrap(),
                    &model,
                    &x,
                    &key,
                    depth
                ),
            ),
        ] {
            assert!(found.2 > 0 || depth == 0, "{name} {depth}");
            assert_eq!(found.0, expected.0, "{name} {depth}");
        }
    }
    let (_, gradient) = nested::value_and_grad(&model, &x, &key, 3).unwrap();
    check_gradient(&model, &gradient, |model| plain(model, &x, &key, 3));
}

#[test]
fn stretches_need_fewer_bytes() {
    let (model, (x, key)) = (model(9, 8), data());
    let (_, plain, _, plain_saved) = run!(
        plain::bind(&model, &x, &key, 9).unwrap(),
        &model,
        &x,
        &key,
        9
    );
    let (_, turns, again, saved) = run!(
        turns::bind(&model, &x, &key, 9).unwrap(),
        &model,
        &x,
        &key,
        9
    );
    let (_, nested, more, _) = run!(
        nested::bind(&model, &x, &key, 9).unwrap(),
        &model,
        &x,
        &key,
        9
    );
    // A turn keeps what it starts from and no more, out of at least four values.
    assert!(
        saved * 3 < plain_saved,
        "{saved} of {plain_saved} bytes saved"
    );
    assert!(turns * 2 < plain, "{turns} of {plain} bytes");
    assert!(nested < turns, "{nested} of {turns} bytes");
    assert!(again < more, "{again} and {more} steps run again");
}

#[test]
fn a_budget_is_kept_to_the_bit() {
    let (model, (x, key)) = (model(9, 8), data());
    let bound = plain::bind(&model, &x, &key, 9).unwrap();
    let whole = bound.report().peak() + bound.report().scratch();
    let (expected, ..) = run!(bound, &model, &x, &key, 9);
    let error = plain::bind_within(&model, &x, &key, 9, 1000).err().unwrap();
    let Error::Budget {
        budget: 1000,
        least,
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        error.to_string().contains("1000 bytes") && error.to_string().contains(&least.to_string())
    );
    assert!(least * 2 < whole, "{least} of {whole} bytes");
    let mut last = 0;
    for budget in [whole, whole - 1, (whole + least) / 2, least] {
        let program = plain::bind_within(&model, &x, &key, 9, budget).unwrap();
        let report = program.report();
        assert!(report.peak() + report.scratch() <= budget);
        assert!(
            report.recomputed() >= last,
            "less is computed again for less memory"
        );
        last = report.recomputed();
        // A little less is had by writing in place.
        assert!(last == 0 || budget != whole);
        let (found, ..) = run!(program, &model, &x, &key, 9);
        assert_eq!(found, expected, "{budget} bytes");
    }
    assert!(last > 0);
    let too_small = plain::bind_within(&model, &x, &key, 9, least - 1);
    assert!(matches!(too_small, Err(Error::Budget { .. })));
}

#[test]
fn a_budget_holds_for_every_shape_that_a_program_meets() {
    let (model, (x, key)) = (model(9, 8), data());
    let least = match plain::bind_within(&model, &x, &key, 9, 0) {
        Err(Error::Budget { least, .. }) => least,
        other => panic!("{other:?}"),
    };
    let mut program = plain::bind_within(&model, &x, &key, 9, least).unwrap();
    let before = elements(program.value_and_grad(&model, &x, &key, 9).unwrap().1);
    let larger = noise(&[24, 8], 5);
    let error = program.value_and_grad(&model, &larger, &key, 9).err();
    assert!(matches!(error, Some(Error::Budget { .. })));
    // Nothing is lost: the plan that fits still runs.
    let after = elements(program.value_and_grad(&model, &x, &key, 9).unwrap().1);
    assert_eq!(before, after);
}

impl Model {
    #[differentiable(wrt(self))]
    fn loss(&self, x: &Tensor<f64>, key: &Tensor<u32>) -> f64 {
        plain(self, x, key, 9)
    }
}

#[test]
fn a_method_has_a_budget() {
    let (model, (x, key)) = (model(9, 8), data());
    let mut whole = model.loss_bind(&x, &key).unwrap();
    let bytes = whole.report().peak();
    let mut small = model.loss_bind_within(&x, &key, bytes).unwrap();
    assert!(small.report().peak() + small.report().scratch() <= bytes);
    let (value, expected) = model.loss_value_and_grad(&mut whole, &x, &key).unwrap();
    assert!((value - model.loss(&x, &key)).abs() < 1e-14);
    let (_, found) = model.loss_value_and_grad(&mut small, &x, &key).unwrap();
    assert_eq!(elements(found), elements(expected));
}

#[test]
fn a_plan_says_what_it_saves_and_computes_again() {
    let (model, (x, key)) = (model(2, 8), data());
    let program = turns::bind(&model, &x, &key, 2).unwrap();
    let (report, text) = (program.report(), program.report().to_string());
    let line = format!(
        "saved for the backward pass {} bytes, recomputed {} steps",
        report.saved(),
        report.recomputed()
    );
    assert!(text.contains(&line), "{text}");
    assert!(
        text.contains(&format!("peak {} bytes", report.peak())),
        "{text}"
    );
    assert_eq!(text.matches(" again ").count(), report.recomputed());
}
