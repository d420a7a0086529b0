//! A variational autoencoder, adversarial losses and a normalising flow.

use cotangent::prelude::*;

use crate::check_model;
use crate::common::noise;

#[derive(Differentiable, Clone)]
struct Dense {
    w: Tensor<f64>,
    b: Tensor<f64>,
}

impl Dense {
    fn new(inputs: usize, outputs: usize, seed: usize) -> Dense {
        Dense {
            w: noise(&[inputs, outputs], seed),
            b: noise(&[outputs], seed + 1),
        }
    }

    #[differentiable]
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        x.matmul(&self.w) + &self.b
    }
}

#[derive(Differentiable, Clone)]
struct Autoencoder {
    encoder: Dense,
    mean: Dense,
    log_variance: Dense,
    decoder: (Dense, Dense),
}

/// Minus the evidence lower bound, with one sample for each row.
#[differentiable(wrt(net))]
fn elbo(net: &Autoencoder, x: &Tensor<f64>, normal: &Tensor<f64>) -> f64 {
    let hidden = net.encoder.forward(x).tanh();
    let mean = net.mean.forward(&hidden);
    let log_variance = net.log_variance.forward(&hidden);
    let z = &mean + (&log_variance * 0.5).exp() * normal;
    let (first, second) = &net.decoder;
    let logits = second.forward(&first.forward(&z).relu());
    let reconstruction = logits.bce_with_logits(x).sum_axis(-1);
    let divergence = (mean.square() + log_variance.exp() - 1.0 - log_variance).sum_axis(-1) * 0.5;
    (reconstruction + divergence).mean()
}

#[test]
fn a_variational_autoencoder() {
    let net = Autoencoder {
        encoder: Dense::new(5, 4, 1),
        mean: Dense::new(4, 2, 3),
        log_variance: Dense::new(4, 2, 5),
        decoder: (Dense::new(2, 4, 7), Dense::new(4, 5, 9)),
    };
    let x = noise(&[3, 5], 11).greater(0.0);
    check_model!(elbo, net, &x, &noise(&[3, 2], 13));
}

#[derive(Differentiable, Clone)]
struct Critic {
    layers: Vec<Dense>,
}

impl Critic {
    #[differentiable]
    fn score(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let mut h = x.clone();
        for (k, layer) in self.layers.iter().enumerate() {
            h = layer.forward(&h);
            if k + 1 < self.layers.len() {
                h = h.mish();
            }
        }
        h.squeeze(-1)
    }
}

/// The critic's side, with a weight for each real example; what was generated is a constant.
#[differentiable(wrt(critic))]
fn critic_loss(
    critic: &Critic,
    generator: &Dense,
    real: &Tensor<f64>,
    weights: &Tensor<f64>,
    noise: &Tensor<f64>,
) -> f64 {
    let fake = generator.forward(noise).tanh().detach();
    let truth = Tensor::full(&[real.shape()[0]], 0.9);
    let of_real = critic.score(real).bce_with_logits(&truth) * weights;
    let of_fake = critic.score(&fake).softplus();
    of_real.sum() / weights.sum() + of_fake.mean()
}

#[differentiable(wrt(generator))]
fn generator_loss(generator: &Dense, critic: &Critic, noise: &Tensor<f64>) -> f64 {
    (-critic.score(&generator.forward(noise).tanh()))
        .softplus()
        .mean()
}

#[test]
fn adversaries() {
    let critic = Critic {
        layers: vec![Dense::new(3, 4, 1), Dense::new(4, 1, 3)],
    };
    let generator = Dense::new(2, 3, 5);
    let (real, z) = (noise(&[4, 3], 7), noise(&[5, 2], 8));
    check_model!(
        critic_loss,
        critic.clone(),
        &generator,
        &real,
        &noise(&[4], 9).exp(),
        &z
    );
    check_model!(generator_loss, generator, &critic, &z);
}

#[derive(Differentiable, Clone)]
struct Coupling {
    scale: Dense,
    shift: Dense,
    #[no_diff]
    flipped: bool,
}

/// Minus the log-likelihood under affine couplings (Dinh et al. 2017).
#[differentiable(wrt(flow))]
fn flow_loss(flow: &Vec<Coupling>, x: &Tensor<f64>) -> f64 {
    let half = x.shape()[1] / 2;
    let mut y = x.clone();
    let mut log_volume = Tensor::zeros(&[x.shape()[0]]);
    for layer in flow {
        if layer.flipped {
            y = y.flip(1);
        }
        let (kept, moved) = (y.slice(1, ..half), y.slice(1, half..));
        let scale = layer.scale.forward(&kept).tanh();
        let moved = moved * scale.exp() + layer.shift.forward(&kept);
        log_volume += scale.sum_axis(1);
        y = kept.concat(&[&moved], 1);
    }
    (y.square().sum_axis(1) * 0.5 - log_volume).mean()
}

#[test]
fn a_normalising_flow() {
    let coupling = |seed, flipped| Coupling {
        scale: Dense::new(2, 2, seed),
        shift: Dense::new(2, 2, seed + 2),
        flipped,
    };
    check_model!(
        flow_loss,
        vec![coupling(1, false), coupling(5, true)],
        &noise(&[3, 4], 9)
    );
}
