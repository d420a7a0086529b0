//! Mixtures, Gaussian processes, ranking, contrast, policies and factors.

use cotangent::prelude::*;

use crate::check_model;
use crate::common::noise;

#[derive(Differentiable, Clone)]
struct Mixture {
    logits: Tensor<f64>,
    means: Tensor<f64>,
    log_scales: Tensor<f64>,
}

/// Minus the log-likelihood of a mixture density head: `[B, K]` parameters for targets `[B]`.
#[differentiable(wrt(head))]
fn mixture_density(head: &Mixture, x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let weights = x.matmul(&head.logits).log_softmax();
    let means = x.matmul(&head.means);
    let log_scales = x.matmul(&head.log_scales).clamp(-4.0, 4.0);
    let z = (y.unsqueeze(1) - means) / log_scales.exp();
    let log_density = z.square() * -0.5 - log_scales - 0.918_938_533_204_672_8;
    -(weights + log_density).logsumexp_axis(1).mean()
}

#[test]
fn a_mixture_density() {
    let head = Mixture {
        logits: noise(&[2, 3], 1),
        means: noise(&[2, 3], 2),
        log_scales: noise(&[2, 3], 3),
    };
    check_model!(mixture_density, head, &noise(&[4, 2], 4), &noise(&[4], 5));
}

#[derive(Differentiable, Clone)]
struct Kernel {
    log_length: f64,
    log_noise: f64,
    scale: f64,
}

/// Minus the log marginal likelihood of a Gaussian process with a squared-exponential kernel.
#[differentiable(wrt(kernel))]
fn marginal(kernel: &Kernel, x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let n = x.shape()[0];
    let gaps = x.unsqueeze(1) - x.unsqueeze(0);
    let distances = (gaps / kernel.log_length.exp()).square();
    let noise = softplus(kernel.log_noise);
    let covariance = (distances * -0.5).exp() * kernel.scale + Tensor::eye(n) * (noise + 1e-6);
    let factor = covariance.cholesky();
    let white = factor.triangular_solve(y, true, false);
    let volume = factor.diagonal(0).ln().sum();
    white.square().sum() * 0.5 + volume + 0.918_938_533_204_672_8 * n as f64
}

#[test]
fn a_gaussian_process() {
    let kernel = Kernel {
        log_length: -0.5,
        log_noise: -1.5,
        scale: 1.2,
    };
    check_model!(marginal, kernel, &(noise(&[5], 1) * 2.0), &noise(&[5], 2));
}

/// Pairs in which the first is preferred, by the difference of their scores (Burges et al. 2005).
#[differentiable(wrt(w))]
fn ranking(w: &Tensor<f64>, x: &Tensor<f64>, better: &Tensor<u32>, worse: &Tensor<u32>) -> f64 {
    let scores = x.matvec(w);
    let gaps = scores.index_select(0, better) - scores.index_select(0, worse);
    let hard = gaps.less(0.5).to_mask();
    let losses = (-&gaps).softplus();
    losses.mean() + hard.choose(&losses, &(&losses * 0.0)).mean()
}

#[test]
fn a_ranking_by_pairs() {
    let labels = |list: [u32; 3]| Tensor::from_vec(&[3], list.to_vec()).unwrap();
    check_model!(
        ranking,
        noise(&[3], 1),
        &noise(&[5, 3], 2),
        &labels([0, 4, 1]),
        &labels([2, 0, 3])
    );
}

#[differentiable]
fn unit(x: &Tensor<f64>, w: &Tensor<f64>) -> Tensor<f64> {
    let y = x.matmul(w);
    &y / y.norm_axis_keep(-1)
}

/// Contrastive loss over a batch of pairs (van den Oord et al. 2018), both ways.
#[differentiable(wrt(w))]
fn contrast(w: &Tensor<f64>, a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    let logits = unit(a, w).matmul(&unit(b, w).t()) / 0.2;
    let own = logits.diagonal(0);
    (logits.logsumexp_axis(1) + logits.logsumexp_axis(0) - own * 2.0).mean() * 0.5
}

#[test]
fn pairs_in_contrast() {
    check_model!(
        contrast,
        noise(&[3, 4], 1),
        &noise(&[3, 3], 2),
        &noise(&[3, 3], 3)
    );
}

#[derive(Differentiable, Clone)]
struct Policy {
    actor: Tensor<f64>,
    critic: Tensor<f64>,
}

/// A clipped policy gradient (Schulman et al. 2017) with entropy, and the value's loss.
#[differentiable(wrt(policy))]
fn clipped(
    policy: &Policy,
    states: &Tensor<f64>,
    actions: &Tensor<u32>,
    old: &Tensor<f64>,
    returns: &Tensor<f64>,
) -> f64 {
    let log = states.matmul(&policy.actor).log_softmax();
    let values = states.matvec(&policy.critic);
    let advantage = stop_gradient_of(&(returns - &values));
    let ratio = (log.gather(1, &actions.reshape(&[-1, 1])).squeeze(1) - old).exp();
    let surrogate = (&ratio * &advantage).minimum(ratio.clamp(0.8, 1.2) * &advantage);
    let entropy = -(log.exp() * &log).sum_axis(1);
    (values - returns).square().mean() * 0.5 - surrogate.mean() - entropy.mean() * 0.01
}

#[differentiable]
fn stop_gradient_of(x: &Tensor<f64>) -> Tensor<f64> {
    x.detach()
}

#[test]
fn a_policy_gradient() {
    let policy = Policy {
        actor: noise(&[3, 2], 1),
        critic: noise(&[3], 2),
    };
    let actions = Tensor::from_vec(&[4], vec![0, 1, 1, 0]).unwrap();
    let old = noise(&[4], 3) * 0.1 - 0.7;
    let (states, returns) = (noise(&[4, 3], 4), noise(&[4], 5));
    let mut program = clipped::bind(&policy, &states, &actions, &old, &returns).unwrap();
    let (_, gradient) = program
        .value_and_grad(&policy, &states, &actions, &old, &returns)
        .unwrap();
    // Differences of the loss with the advantage held still.
    let advantage = &returns - states.matvec(&policy.critic);
    let still = |policy: &Policy| {
        let log = states.matmul(&policy.actor).log_softmax();
        let values = states.matvec(&policy.critic);
        let ratio = (log.gather(1, &actions.reshape(&[-1, 1])).squeeze(1) - &old).exp();
        let surrogate = (&ratio * &advantage).minimum(ratio.clamp(0.8, 1.2) * &advantage);
        let entropy = -(log.exp() * &log).sum_axis(1);
        (values - &returns).square().mean() * 0.5 - surrogate.mean() - entropy.mean() * 0.01
    };
    crate::common::check_gradient(&policy, gradient, still);
}

#[derive(Differentiable, Clone)]
struct Factors {
    users: Tensor<f64>,
    items: Tensor<f64>,
    bias: Option<Tensor<f64>>,
    mean: f64,
}

/// Ratings by the product of two embeddings.
#[differentiable(wrt(model))]
fn ratings(model: &Factors, users: &Tensor<u32>, items: &Tensor<u32>, stars: &Tensor<f64>) -> f64 {
    let mut predicted = (model.users.embedding(users) * model.items.embedding(items)).sum_axis(-1);
    predicted += model.mean;
    if let Some(bias) = &model.bias {
        predicted += bias.embedding(items);
    }
    predicted.huber(stars, 0.7).mean()
        + 0.01 * (model.users.square().sum() + model.items.square().sum())
}

#[test]
fn factors_of_ratings() {
    let labels = |list: [u32; 4]| Tensor::from_vec(&[4], list.to_vec()).unwrap();
    for bias in [None, Some(noise(&[3], 3))] {
        let model = Factors {
            users: noise(&[2, 3], 1),
            items: noise(&[3, 3], 2),
            bias,
            mean: 0.3,
        };
        check_model!(
            ratings,
            model,
            &labels([0, 1, 1, 0]),
            &labels([2, 2, 0, 1]),
            &noise(&[4], 5)
        );
    }
}
