//! Clipping, transforms and guards against those of optax and torch.

use cotangent_optimizers::*;
use cotangent_runtime::Tensor;
use serde_json::Value;

type Model = Vec<Tensor<f64>>;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/clipping.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap(),
    }
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(number).collect()
}

/// The tensors `W` and `b` of a set.
fn tensors(set: &Value) -> Model {
    ["W", "b"]
        .map(|name| {
            let shape: Vec<usize> = serde_json::from_value(set[name]["shape"].clone()).unwrap();
            Tensor::from_vec(&shape, numbers(&set[name]["data"])).unwrap()
        })
        .to_vec()
}

/// The gradient that a rule sees, as the step of plain descent from `x`.
fn seen(builder: OptimizerBuilder<Sgd>, x: &Model, g: &Model) -> (Model, StepReport) {
    let mut moved = x.clone();
    let mut optimizer = builder.build(x).unwrap();
    let report = optimizer.step(&mut moved, g).unwrap();
    let difference = |(x, y): (&Tensor<f64>, &Tensor<f64>)| {
        let data = x.data().iter().zip(y.data()).map(|(x, y)| x - y);
        Tensor::from_vec(x.shape(), data.collect()).unwrap()
    };
    (x.iter().zip(&moved).map(difference).collect(), report)
}

/// The builder for a case, whether the peer's eps differs from ours, and whether the case can be
/// seen from the origin (adaptive clipping looks at the parameters).
fn builder(case: &Value) -> Option<(OptimizerBuilder<Sgd>, bool)> {
    let hyper = |name: &str| number(&case["hyper"][name]);
    let sgd = Sgd::new(1.0);
    Some(match case["op"].as_str().unwrap() {
        "clip" => (
            sgd.clip(Clip::Value {
                limit: hyper("max_delta"),
            }),
            true,
        ),
        "clip_grad_value_" => (
            sgd.clip(Clip::Value {
                limit: hyper("clip_value"),
            }),
            true,
        ),
        "clip_by_global_norm" => (sgd.clip_global_norm(hyper("max_norm")), true),
        "clip_by_block_rms" => (
            sgd.clip(Clip::PerTensorRms {
                limit: hyper("threshold"),
            }),
            true,
        ),
        "adaptive_grad_clip" => {
            let (factor, eps) = (hyper("clipping"), hyper("eps"));
            (
                sgd.transform(Transform::AdaptiveClip { factor, eps }),
                false,
            )
        }
        "normalize_by_update_norm" => (
            sgd.clip(Clip::Normalize {
                norm: hyper("scale_factor"),
                eps: hyper("eps"),
            }),
            true,
        ),
        "centralize" => (sgd.transform(Transform::Centralize), true),
        "clip_grad_norm_" => {
            let order = &case["hyper"]["norm_type"];
            let norm = if order == "inf" {
                Norm::Max
            } else if order.as_f64() == Some(1.0) {
                Norm::One
            } else {
                Norm::Two
            };
            (
                sgd.clip(Clip::Global {
                    limit: hyper("max_norm"),
                    eps: 1e-6,
                    norm,
                }),
                true,
            )
        }
        _ => return None,
    })
}

#[test]
fn every_clip_is_that_of_the_peer() {
    let reference = reference();
    let mut compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        let (builder, from_origin) = builder(case).unwrap_or_else(|| panic!("{}", case["op"]));
        let input = case["input"].as_u64().unwrap() as usize;
        let g = tensors(&reference["inputs"][input]);
        let x = tensors(&reference["params"][input]);
        let zero: Model = x.iter().map(|t| Tensor::zeros(t.shape())).collect();
        let (got, report) = seen(builder, if from_origin { &zero } else { &x }, &g);
        assert!(report.applied());
        let overflows = input == 3;
        for (got, want) in got.iter().zip(&tensors(&case["output"])) {
            for (got, want) in got.data().iter().zip(want.data()) {
                assert!(got.is_finite(), "{case}");
                // Where squares overflow the peers give zeros or infinities; ours are compared
                // with formulas in `an_overflow_of_squares_is_no_overflow_of_norms`.
                if !overflows {
                    let tolerance = 1e-13 * want.abs().max(1.0);
                    assert!((got - want).abs() <= tolerance, "{got} and {want}: {case}");
                }
            }
        }
        let names_total = case["total_norm"].is_number() && case["hyper"]["norm_type"] == 2.0;
        if names_total && !overflows {
            assert!(
                (report.grad_norm - number(&case["total_norm"])).abs() <= 1e-13 * report.grad_norm
            );
        }
        compared += 1;
    }
    println!("clipping: {compared} cases");
    assert_eq!(compared, reference["cases"].as_array().unwrap().len());
}

#[test]
fn an_overflow_of_squares_is_no_overflow_of_norms() {
    let g = vec![vec![3e200, 4e200], vec![1e3]];
    for (clip, want) in [
        (
            Clip::Global {
                limit: 10.0,
                eps: 0.0,
                norm: Norm::Two,
            },
            [6.0, 8.0, 2e-197],
        ),
        (Clip::PerTensor { limit: 10.0 }, [6.0, 8.0, 10.0]),
        (Clip::Value { limit: 5.0 }, [5.0, 5.0, 5.0]),
    ] {
        let mut x = vec![vec![0.0, 0.0], vec![0.0]];
        let mut optimizer = Sgd::new(1.0).clip(clip).build(&x).unwrap();
        let report = optimizer.step(&mut x, &g).unwrap();
        assert!((report.grad_norm / 5e200 - 1.0).abs() < 1e-14, "{report}");
        for (got, want) in x.concat().iter().zip(want) {
            assert!(
                (got + want).abs() <= 1e-14 * want,
                "{clip:?}: {got} and {want}"
            );
        }
        let norm = want.iter().map(|w| w * w).sum::<f64>().sqrt();
        assert!(
            (report.clipped_norm / norm - 1.0).abs() < 1e-14,
            "{clip:?}: {report}"
        );
    }
}

#[test]
fn gradients_that_are_not_finite_are_skipped_as_in_optax_until_it_gives_up() {
    let case = &reference()["apply_if_finite"];
    let mut x = numbers(&case["start"]);
    let builder = Sgd::new(0.1).momentum(0.9);
    let most = case["max_consecutive_errors"].as_u64().unwrap();
    let mut optimizer = builder.refuse_at_most(most).build(&x).unwrap();
    let mut refused = 0;
    for step in case["trace"].as_array().unwrap() {
        let result = optimizer.step(&mut x, &numbers(&step["grad"]));
        if step["last_finite"].as_bool().unwrap() {
            refused = 0;
            assert!(result.unwrap().applied());
        } else {
            refused += 1;
            if refused > most {
                // Optax now lets the bad gradient through; ours is an error that changes nothing.
                let text = result.unwrap_err().to_string();
                assert!(text.contains("3 steps in a row were refused"), "{text}");
                return;
            }
            assert!(!result.unwrap().applied());
        }
        for (got, want) in x.iter().zip(numbers(&step["params"])) {
            assert!((got - want).abs() < 1e-15, "{got} and {want}");
        }
    }
    panic!("the trace never gives up");
}

#[test]
fn elements_that_are_not_finite_count_as_zero_on_request() {
    let case = &reference()["zero_nans"];
    let g = numbers(&case["input"]);
    let mut x = vec![0.0; g.len()];
    let builder = Sgd::new(1.0).transform(Transform::ZeroNonFinite);
    assert!(
        builder
            .build(&x)
            .unwrap()
            .step(&mut x, &g)
            .unwrap()
            .applied()
    );
    let want: Vec<f64> = numbers(&case["output"]).iter().map(|w| 0.0 - w).collect();
    assert_eq!(x, want);
}

#[test]
fn noise_has_the_variance_of_its_schedule_and_is_reproducible() {
    let zeros = vec![0.0; 20_000];
    let noise = |seed| Transform::Noise {
        eta: 0.25,
        gamma: 1.0,
        seed,
    };
    let walk = |seed| {
        let mut x = zeros.clone();
        let mut optimizer = Sgd::new(1.0).transform(noise(seed)).build(&x).unwrap();
        let mut norms = Vec::new();
        for _ in 0..4 {
            norms.push(optimizer.step(&mut x, &zeros).unwrap().update_norm);
        }
        (x, norms)
    };
    let (x, norms) = walk(1);
    assert_eq!(walk(1).0, x);
    assert_ne!(walk(2).0, x);
    for (step, norm) in norms.iter().enumerate() {
        let variance = norm * norm / zeros.len() as f64;
        let want = 0.25 / (step + 1) as f64;
        // Four standard errors of a variance over this many numbers.
        assert!((variance / want - 1.0).abs() < 4.0 * (2.0 / 20_000_f64).sqrt());
    }
}
