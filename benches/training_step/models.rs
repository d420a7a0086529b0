//! The models of the cases, as a user would write them.

use cotangent::prelude::*;

/// One dense layer.
#[derive(Differentiable, Clone)]
pub(crate) struct Dense {
    pub(crate) w: Tensor<f32>,
    pub(crate) b: Tensor<f32>,
}

impl Dense {
    fn new(inputs: usize, outputs: usize) -> Dense {
        Dense {
            w: Tensor::zeros(&[inputs, outputs]),
            b: Tensor::zeros(&[outputs]),
        }
    }
}

/// Dense layers with an activation between them.
#[derive(Differentiable, Clone)]
pub(crate) struct Mlp {
    pub(crate) layers: Vec<Dense>,
}

impl Mlp {
    /// Layers of these sizes, He-initialised.
    pub(crate) fn new(sizes: &[usize]) -> Mlp {
        let mut model = Mlp {
            layers: sizes
                .windows(2)
                .map(|pair| Dense::new(pair[0], pair[1]))
                .collect(),
        };
        init(&mut model, Init::He, 1);
        model
    }
}

#[differentiable(wrt(model))]
pub(crate) fn classify(model: &Mlp, x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    let mut h = x.clone();
    let last = model.layers.len() - 1;
    for (index, layer) in model.layers.iter().enumerate() {
        h = h.matmul(&layer.w) + &layer.b;
        if index < last {
            h = h.relu();
        }
    }
    h.cross_entropy(labels).mean()
}

#[differentiable(wrt(model))]
pub(crate) fn regress(model: &Dense, x: &Tensor<f32>, y: &Tensor<f32>) -> f32 {
    let error = x.matmul(&model.w) + &model.b - y;
    (&error * &error).mean()
}

#[differentiable(wrt(model))]
pub(crate) fn tiny(model: &Mlp, x: &Tensor<f32>, y: &Tensor<f32>) -> f32 {
    let first = &model.layers[0];
    let second = &model.layers[1];
    let hidden = (x.matmul(&first.w) + &first.b).tanh();
    let error = hidden.matmul(&second.w) + &second.b - y;
    (&error * &error).mean()
}

/// A linear model of ten inputs.
pub(crate) fn linear() -> Dense {
    let mut model = Dense::new(10, 1);
    init(&mut model, Init::He, 1);
    model
}
