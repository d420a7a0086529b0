//! Networks over derived structures: values against the eager function, gradients against central
//! differences.

use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Mlp {
    w1: Tensor<f64>,
    b1: Tensor<f64>,
    w2: Tensor<f64>,
    b2: Tensor<f64>,
}

#[differentiable(wrt(model))]
fn loss(model: &Mlp, x: &Tensor<f64>, labels: &Tensor<u32>) -> f64 {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    let logits = hidden.matmul(&model.w2) + &model.b2;
    logits.cross_entropy(labels).mean()
}

/// Values without a pattern, in -1..1.
fn noise(shape: &[usize], seed: usize) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| ((i * 7919 + seed * 104_729) as f64 * 0.618_033_988_75).fract() * 2.0 - 1.0)
}

#[test]
fn a_two_layer_network_has_the_gradient_of_central_differences() {
    let model = Mlp {
        w1: noise(&[3, 4], 1),
        b1: noise(&[4], 2),
        w2: noise(&[4, 2], 3),
        b2: noise(&[2], 4),
    };
    let x = noise(&[5, 3], 5);
    let labels = Tensor::from_vec(&[5], vec![0, 1, 1, 0, 1]).unwrap();
    let mut program = loss::bind(&model, &x, &labels).unwrap();
    let (value, gradient) = program.value_and_grad(&model, &x, &labels).unwrap();
    assert!((value - loss(&model, &x, &labels)).abs() < 1e-14);
    let gradient = gradient.clone();
    cotangent_runtime_check(&model, &gradient, |model| loss(model, &x, &labels));
    println!("{}", loss::graph());
    println!("{}", program.report());
}

/// Compares a gradient with central differences of the eager function, leaf by leaf.
fn cotangent_runtime_check<M: Leaves + Clone>(model: &M, gradient: &M, f: impl Fn(&M) -> f64) {
    use cotangent::{Floats, FloatsMut, Path};
    let mut flat = Vec::new();
    gradient.leaves(&Path::Root, &mut |path, leaf| {
        if let Floats::F64(data) = leaf.data {
            flat.extend(data.iter().map(|&value| (path.to_string(), value)));
        }
    });
    assert!(!flat.is_empty());
    for (index, (path, exact)) in flat.iter().enumerate() {
        let moved = |step: f64| {
            let (mut model, mut at) = (model.clone(), 0);
            model.leaves_mut(&Path::Root, &mut |_, leaf| {
                if let FloatsMut::F64(data) = leaf.data {
                    if let Some(value) = index.checked_sub(at).and_then(|k| data.get_mut(k)) {
                        *value += step;
                    }
                    at += data.len();
                }
            });
            f(&model)
        };
        // A fourth-order difference: its error is far below the tolerance at this step.
        let h = 1e-3;
        let difference = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
        assert!(
            (difference - exact).abs() < 1e-8 * (1.0 + exact.abs()),
            "{path} (element {index}): {exact}, by differences {difference}"
        );
    }
}
