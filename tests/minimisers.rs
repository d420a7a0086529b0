//! Minimisers on companions: `value_and_grad`, `value_and_grad_into`, `hvp`, `hessian`, `jacobian`
//! and a tensor program, on published optima.

#![allow(
    clippy::needless_range_loop,
    reason = "losses over several tables at once read best by index"
)]

// The example's losses, so that what it shows is what is tested.
#[path = "../examples/convex/losses.rs"]
mod losses;

use cotangent::optimizers::minimise::{
    Bfgs, Bounds, Dogleg, Lbfgs, Lbfgsb, LevenbergMarquardt, Minimum, Newton, NewtonCg,
    NonlinearCg, Stopping, TrustRegion, model_objective, objective, objective_into, residuals,
};
use cotangent::prelude::*;
use losses::{cox, local_level, ridge, softmax_regression};

/// Columns standardised over all rows, and the target.
fn table(text: &str, target: &str) -> (Vec<f64>, Vec<f64>) {
    let table = Table::parse(text, "test").unwrap();
    let inputs = table.without(&[target]).unwrap();
    let rows = || (0..inputs.rows()).map(|row| inputs.row(row));
    let x = Standardizer::fit(rows()).matrix(rows());
    (x, table.column(target).unwrap())
}

fn assert_optimum(minimum: &Minimum, published: f64) {
    assert!(minimum.converged(), "{minimum}");
    let error = ((minimum.value - published) / published).abs();
    assert!(error < 1e-10, "{minimum}: {error}");
}

#[test]
fn softmax_regression_reaches_its_optimum_with_every_minimiser() {
    let (x, target) = table(include_str!("../examples/data/iris/iris.csv"), "target");
    let labels: Vec<usize> = target.iter().map(|&label| label as usize).collect();
    let (x, labels) = (x.as_slice(), labels.as_slice());
    let first =
        || objective_into(|w, g| softmax_regression::value_and_grad_into(w, x, labels, 3, 0.01, g));
    let products =
        || first().with_products(|w, d| softmax_regression::hvp(w, x, labels, 3, 0.01, d));
    let dense =
        || first().with_hessian(|w| softmax_regression::hessian(w, x, labels, 3, 0.01).into_data());
    let free = Bounds::uniform(15, f64::NEG_INFINITY, f64::INFINITY).unwrap();
    for index in 0..8 {
        let mut w = vec![0.0; 15];
        let minimum = match index {
            0 => Bfgs::default().minimise(first(), &mut w),
            1 => Lbfgs::default().minimise(first(), &mut w),
            2 => Lbfgsb::default().minimise(first(), &free, &mut w),
            3 => NonlinearCg::default().minimise(first(), &mut w),
            4 => NewtonCg::default().minimise(products(), &mut w),
            5 => TrustRegion::default().minimise(products(), &mut w),
            6 => Newton::default().minimise(dense(), &mut w),
            _ => Dogleg::default().minimise(dense(), &mut w),
        };
        assert_optimum(&minimum.unwrap(), 0.243_677_226_649);
    }
}

#[test]
fn ridge_and_the_nile_reach_their_optima() {
    let (x, y) = table(
        include_str!("../examples/data/diabetes/diabetes.csv"),
        "target",
    );
    let mut w = vec![0.0_f64; 11];
    let problem = objective(|w| ridge::value_and_grad(w, &x, &y, 0.1))
        .with_products(|w, d| ridge::hvp(w, &x, &y, 0.1, d));
    let minimum = NewtonCg::default().minimise(problem, &mut w).unwrap();
    assert_optimum(&minimum, 1_517.540_206_11);
    assert!((w[10] - 152.133_484_2).abs() < 1e-6);
    assert!((w[2] - 23.292_423_94).abs() < 1e-6);

    let nile = Table::parse(include_str!("../examples/data/nile/nile.csv"), "nile").unwrap();
    let flow = nile.column("flow").unwrap();
    let mut logs = [9.0_f64, 7.0];
    let problem = objective(|logs| local_level::value_and_grad(logs, &flow));
    let minimum = Lbfgs::default().minimise(problem, &mut logs).unwrap();
    assert_optimum(&minimum, 632.545_625_103_04);
    // The likelihood is flat in the variances; the published ones have six digits.
    assert!((logs[0].exp() / 15_098.52 - 1.0).abs() < 1e-5, "{logs:?}");
    assert!((logs[1].exp() / 1_469.18 - 1.0).abs() < 1e-4, "{logs:?}");
}

#[test]
fn the_losses_are_differentiated_rightly() {
    let x = [0.5, -1.0, 2.0, 0.3, -0.7, 1.1, 0.2, -0.4];
    let w = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.05, -0.15, 0.25];
    gradcheck!(softmax_regression, &w, &x, &[2, 0, 1, 1], 3, 0.1);
    gradcheck!(ridge, &[0.3, -0.2, 0.7], &x, &[1.0, -2.0, 0.5, 0.1], 0.2);
    gradcheck!(cox, &[0.3, -0.2], &x, &[1, 3, 4], &[1.0, 1.0, 0.0, 1.0]);
    gradcheck!(local_level, &[0.3, -0.2], &[1.0, 2.5, 0.7, 1.9]);
}

/// Residuals of `a exp(-b t)` at five times.
#[differentiable(wrt(p))]
fn decay(p: &[f64], t: &[f64; 5], y: &[f64; 5]) -> [f64; 5] {
    let mut r = [0.0; 5];
    for i in 0..5 {
        r[i] = p[0] * (-p[1] * t[i]).exp() - y[i];
    }
    r
}

#[test]
fn least_squares_take_residuals_and_jacobian_of_a_companion() {
    let t = [0.0, 0.5, 1.0, 2.0, 4.0];
    let y = t.map(|t: f64| 2.5 * (-0.8 * t).exp());
    let mut p = vec![1.0, 0.1];
    let problem = residuals(
        |p| decay(p, &t, &y).to_vec(),
        |p| decay::jacobian(p, &t, &y).into_data(),
    );
    let minimum = LevenbergMarquardt::default()
        .minimise(problem, &mut p)
        .unwrap();
    assert!(minimum.converged() && minimum.value < 1e-20, "{minimum}");
    assert!((p[0] - 2.5_f64).abs() < 1e-9 && (p[1] - 0.8_f64).abs() < 1e-9);
}

#[derive(Differentiable, Clone)]
struct Net {
    w1: Tensor<f64>,
    b1: Tensor<f64>,
    w2: Tensor<f64>,
}

#[differentiable(wrt(net))]
fn loss(net: &Net, x: &Tensor<f64>, labels: &Tensor<u32>) -> f64 {
    let hidden = (x.matmul(&net.w1) + &net.b1).tanh();
    hidden.matmul(&net.w2).cross_entropy(labels).mean()
}

#[differentiable(wrt(w), order = 2)]
fn logistic(w: &Tensor<f64>, x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let z = x.matmul(w);
    (z.softplus() - y * &z).sum() + w.square().sum() * 0.05
}

#[test]
fn a_tensor_program_gives_products_of_its_hessian() {
    let x = Tensor::from_fn(&[12, 3], |k| (k as f64 * 1.7).sin());
    let y = Tensor::from_fn(&[12], |k| f64::from(u8::from(k % 3 == 0)));
    let of = |w: &[f64]| Tensor::from_vec(&[3], w.to_vec()).unwrap();
    let mut gradients = logistic::bind(&of(&[0.0; 3]), &x, &y).unwrap();
    let mut products = logistic::bind(&of(&[0.0; 3]), &x, &y).unwrap();
    let problem = objective(|w: &[f64]| {
        let (value, gradient) = gradients.value_and_grad(&of(w), &x, &y).unwrap();
        (value, gradient.data().to_vec())
    })
    .with_products(|w, d| {
        let product = products.hvp(&of(w), &x, &y, &of(d)).unwrap();
        product.data().to_vec()
    });
    let mut w = vec![0.0; 3];
    NewtonCg::default().minimise(problem, &mut w).unwrap();
    // The gradient by hand: x^T (sigmoid(x w) - y) + w / 10.
    for k in 0..3 {
        let slope: f64 = (0..12)
            .map(|i| {
                let row = &x.data()[3 * i..3 * i + 3];
                let z: f64 = row.iter().zip(&w).map(|(x, w)| x * w).sum();
                row[k] * (1.0 / (1.0 + (-z).exp()) - y.data()[i])
            })
            .sum();
        assert!((slope + 0.1 * w[k]).abs() < 1e-6, "entry {k}: {slope}");
    }
    // Sophia takes an estimate of the diagonal from the same products.
    let model = of(&w);
    let estimate = cotangent::optimizers::hutchinson(&model, 1, 0, |signs| {
        Ok(products.hvp(&model, &x, &y, signs).unwrap().clone())
    });
    assert!(estimate.unwrap().data().iter().all(|h| h.is_finite()));
}

#[test]
fn a_tensor_program_is_minimised_over_the_leaves_of_its_model() {
    let mut net = Net {
        w1: Tensor::zeros(&[2, 6]),
        b1: Tensor::zeros(&[6]),
        w2: Tensor::zeros(&[6, 2]),
    };
    init(&mut net, Init::Xavier, 3);
    let corners = vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let x = Tensor::from_vec(&[4, 2], corners).unwrap();
    let labels = Tensor::from_vec(&[4], vec![0, 1, 1, 0]).unwrap();
    let mut program = loss::bind(&net, &x, &labels).unwrap();
    let problem = model_objective(&net, |net: &Net, gradient| {
        let (value, grads) = program.value_and_grad(net, &x, &labels)?;
        gradient.set(grads);
        Ok::<f64, cotangent::Error>(value)
    });
    let settings = Lbfgs {
        stopping: Stopping {
            gradient: 1e-6,
            ..Stopping::default()
        },
        ..Lbfgs::default()
    };
    let minimum = settings.minimise(problem, &mut net).unwrap();
    assert!(minimum.converged() && minimum.value < 1e-4, "{minimum}");
    assert!(
        loss(&net, &x, &labels) < 1e-4,
        "the model is left at the minimum"
    );

    // What the program refuses comes back as an error and leaves the model alone.
    let wrong = Tensor::from_vec(&[3], vec![0, 1, 1]).unwrap();
    let before = net.w1.data().to_vec();
    let problem = model_objective(&net, |net: &Net, gradient| {
        let (value, grads) = program.value_and_grad(net, &x, &wrong)?;
        gradient.set(grads);
        Ok::<f64, cotangent::Error>(value)
    });
    assert!(settings.minimise(problem, &mut net).is_err());
    assert_eq!(net.w1.data(), before);
}
