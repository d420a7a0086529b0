//! Proximal operators, projections, penalties and constraints against those of the peers.

use cotangent_optimizers::*;
use cotangent_runtime::Tensor;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/regularizers.json")).unwrap()
}

fn numbers(values: &Value) -> Vec<f64> {
    serde_json::from_value(values.clone()).unwrap()
}

fn cases<'r>(reference: &'r Value, kind: &str) -> &'r Vec<Value> {
    let cases = reference[kind].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

fn near(got: &[f64], want: &[f64], tolerance: f64, case: &Value) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!(
            (got - want).abs() <= tolerance * want.abs().max(1.0),
            "{got} and {want}: {case}"
        );
    }
}

fn shape(case: &Value) -> Vec<usize> {
    serde_json::from_value(case["shape"].clone()).unwrap()
}

#[test]
fn proximal_operators_are_those_of_jaxopt() {
    let reference = reference();
    for case in cases(&reference, "prox") {
        let mut x = numbers(&reference["inputs"][case["input"].as_u64().unwrap() as usize]);
        let scaling = case["scaling"].as_f64().unwrap();
        let penalty = case["lam"].as_f64().unwrap_or_default() * scaling;
        match case["op"].as_str().unwrap() {
            "lasso" => projection::lasso(&mut x, penalty),
            "non_negative_lasso" => projection::non_negative_lasso(&mut x, penalty),
            "ridge" => projection::ridge(&mut x, penalty),
            "group_lasso" => projection::group_lasso(&mut x, penalty),
            "elastic_net" => {
                let [l1, gamma] = numbers(&case["lam"])[..] else {
                    panic!("{case}")
                };
                projection::elastic_net(&mut x, scaling * l1, scaling * l1 * gamma);
            }
            other => panic!("{other} is not implemented"),
        }
        near(&x, &numbers(&case["output"]), 1e-14, case);
    }
}

#[test]
fn projections_are_those_of_optax() {
    let reference = reference();
    for case in cases(&reference, "projection") {
        let mut x = numbers(&reference["inputs"][case["input"].as_u64().unwrap() as usize]);
        let hyper = |name: &str| case["hyper"][name].as_f64().unwrap();
        match case["op"].as_str().unwrap() {
            "l1_ball" => projection::l1_ball(&mut x, hyper("scale")),
            "l2_ball" => projection::l2_ball(&mut x, hyper("scale")),
            "linf_ball" => projection::bounds(&mut x, -hyper("scale"), hyper("scale")),
            "simplex" => projection::simplex(&mut x, hyper("scale")),
            "l2_sphere" => projection::l2_sphere(&mut x, hyper("scale")),
            "non_negative" => projection::bounds(&mut x, 0.0, f64::INFINITY),
            "box" => projection::bounds(&mut x, hyper("lower"), hyper("upper")),
            "hyperplane" => {
                projection::hyperplane(&mut x, &numbers(&case["hyper"]["a"]), hyper("b"))
            }
            "halfspace" => {
                projection::half_space(&mut x, &numbers(&case["hyper"]["a"]), hyper("b"))
            }
            other => panic!("{other} is not implemented"),
        }
        near(&x, &numbers(&case["output"]), 1e-14, case);
    }
}

/// The change of one step of rate 1 without a gradient is the gradient of the penalty.
#[test]
fn penalties_have_the_gradients_of_keras() {
    let reference = reference();
    let mut compared = 0;
    for case in cases(&reference, "penalty") {
        let x = Tensor::from_vec(&shape(case), numbers(&case["input"])).unwrap();
        // Keras has no half in its L2.
        let builder = match case["op"].as_str().unwrap() {
            "L1(0.01)" => Sgd::new(1.0).l1(0.01),
            "L2(0.02)" => Sgd::new(1.0).l2(0.04),
            "L1L2(0.01,0.02)" => Sgd::new(1.0).l1(0.01).l2(0.04),
            "OrthogonalRegularizer(0.1,rows)" => {
                Sgd::new(1.0).transform(Transform::OrthogonalRows { penalty: 0.1 })
            }
            other => panic!("{other} is not implemented"),
        };
        let mut moved = x.clone();
        builder
            .build(&x)
            .unwrap()
            .step(&mut moved, &Tensor::zeros(x.shape()))
            .unwrap();
        let pairs = x.data().iter().zip(moved.data());
        let gradient: Vec<f64> = pairs.map(|(x, y)| x - y).collect();
        // Keras computes in single precision.
        near(&gradient, &numbers(&case["grad"]), 1e-7, case);
        compared += 1;
    }
    assert_eq!(compared, 8);
}

#[test]
fn constraints_are_those_of_keras_and_torch() {
    let reference = reference();
    let mut compared = 0;
    for case in cases(&reference, "constraint") {
        let x = Tensor::from_vec(&shape(case), numbers(&case["input"])).unwrap();
        let sgd = Sgd::new(0.1);
        let builder = match case["op"].as_str().unwrap() {
            "MaxNorm(1.0,axis=0)" => sgd.constraint(Constraint::MaxNorm {
                limit: 1.0,
                axis: 0,
            }),
            "UnitNorm(axis=0)" => sgd.constraint(Constraint::UnitNorm { axis: 0 }),
            "NonNeg" => sgd.bounds(0.0, f64::INFINITY),
            // Torch's axis is the one that the slices lie along, ours the one of the norm.
            "renorm(p=2,dim=0,maxnorm=1)" => sgd.constraint(Constraint::MaxNorm {
                limit: 1.0,
                axis: 1,
            }),
            "MinMaxNorm(0.5,1.0,rate=0.7,axis=0)" => sgd.constraint(Constraint::MinMaxNorm {
                least: 0.5,
                most: 1.0,
                pull: 0.7,
                axis: 0,
            }),
            other => panic!("{other} is not implemented"),
        };
        let mut moved = x.clone();
        let report = builder
            .build(&x)
            .unwrap()
            .step(&mut moved, &Tensor::zeros(x.shape()))
            .unwrap();
        // Keras computes in single precision, and both add 1e-7 to the norm.
        near(moved.data(), &numbers(&case["output"]), 5e-7, case);
        let change = x
            .data()
            .iter()
            .zip(moved.data())
            .map(|(x, y)| (x - y).powi(2))
            .sum::<f64>();
        assert!((report.update_norm - change.sqrt()).abs() < 1e-14);
        compared += 1;
    }
    assert_eq!(compared, cases(&reference, "constraint").len());
}

#[test]
fn spectral_norms_are_the_largest_singular_values() {
    let reference = reference();
    for case in cases(&reference, "spectral") {
        let x = numbers(&case["input"]);
        let largest = numbers(&case["singular_values"])[0];
        let norm = projection::spectral_norm(&shape(case), &x);
        assert!((norm / largest - 1.0).abs() < 1e-13, "{norm} and {largest}");
        let mut scaled = x.clone();
        Constraint::SpectralNorm { limit: 1.0 }.project(&shape(case), &mut scaled, 1.0);
        near(&scaled, &numbers(&case["spectral_normalised"]), 1e-13, case);
    }
}

/// Projections give points of their sets, and leave points of their sets alone.
#[test]
fn projections_are_idempotent() {
    let reference = reference();
    for input in reference["inputs"].as_array().unwrap() {
        let x = numbers(input);
        for constraint in [
            Constraint::Simplex { scale: 1.0 },
            Constraint::L1Ball { radius: 1.5 },
            Constraint::L2Ball { radius: 0.7 },
            Constraint::MaxNorm {
                limit: 0.4,
                axis: 0,
            },
        ] {
            let mut once = x.clone();
            constraint.project(&[x.len()], &mut once, 1.0);
            let mut twice = once.clone();
            constraint.project(&[x.len()], &mut twice, 1.0);
            near(&twice, &once, 1e-15, input);
        }
    }
}
