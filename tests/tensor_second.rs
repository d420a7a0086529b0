//! Second derivatives of functions over tensors: Hessian-vector products, derivatives in a direction,
//! and losses that contain derivatives, against differences and formulas.

use cotangent::prelude::*;

#[derive(Differentiable, Clone, Debug)]
struct Layer {
    w: Tensor<f64>,
    b: Option<Tensor<f64>>,
}

#[derive(Differentiable, Clone, Debug)]
struct Net {
    layers: Vec<Layer>,
    head: Layer,
}

impl Layer {
    #[differentiable(order = 2)]
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let y = x.matmul(&self.w);
        if let Some(b) = &self.b { y + b } else { y }
    }
}

#[differentiable]
fn bent(x: f64) -> f64 {
    x / (1.0 + x * x)
}

#[differentiable(wrt(net), order = 2)]
fn loss(net: &Net, x: &Tensor<f64>, labels: &Tensor<u32>) -> f64 {
    let mut h = x.clone();
    for layer in &net.layers {
        h = layer.forward(&h).tanh();
    }
    net.head.forward(&h).cross_entropy(labels).mean()
}

fn tensor(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::from_fn(shape, |k| {
        ((k as f64 + 1.3) * (seed as f64 + 0.7)).sin() * 0.8
    })
}

fn net(seed: u64) -> Net {
    let layer = |m, n, seed| Layer {
        w: tensor(&[m, n], seed),
        b: Some(tensor(&[n], seed + 10)),
    };
    Net {
        layers: vec![layer(3, 4, seed), layer(4, 4, seed + 1)],
        head: Layer {
            w: tensor(&[4, 3], seed + 2),
            b: None,
        },
    }
}

/// `model + step * direction`, leaf by leaf.
fn moved(model: &Net, direction: &Net, step: f64) -> Net {
    let sum = |a: &Tensor<f64>, d: &Tensor<f64>| a + d * step;
    let layer = |a: &Layer, d: &Layer| Layer {
        w: sum(&a.w, &d.w),
        b: a.b.as_ref().zip(d.b.as_ref()).map(|(a, d)| sum(a, d)),
    };
    Net {
        layers: model
            .layers
            .iter()
            .zip(&direction.layers)
            .map(|(a, d)| layer(a, d))
            .collect(),
        head: layer(&model.head, &direction.head),
    }
}

fn flat(net: &Net) -> Vec<f64> {
    let layers = net.layers.iter().chain([&net.head]);
    layers
        .flat_map(|layer| {
            layer
                .w
                .data()
                .iter()
                .chain(layer.b.iter().flat_map(|b| b.data()))
        })
        .copied()
        .collect()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "entry {k}: {a} and {b}"
        );
    }
}

#[test]
fn the_product_of_a_network_is_the_difference_of_its_gradients() {
    let (model, direction) = (net(1), net(7));
    let (x, labels) = (
        tensor(&[5, 3], 3),
        Tensor::from_vec(&[5], vec![0, 2, 1, 1, 0]).unwrap(),
    );
    let mut program = loss::bind(&model, &x, &labels).unwrap();
    let mut gradient = |model: &Net| {
        let (_, gradient) = program.value_and_grad(model, &x, &labels).unwrap();
        flat(gradient)
    };
    let step = 1e-5;
    let (after, before) = (
        gradient(&moved(&model, &direction, step)),
        gradient(&moved(&model, &direction, -step)),
    );
    let expected: Vec<f64> = after
        .iter()
        .zip(&before)
        .map(|(a, b)| (a - b) / (2.0 * step))
        .collect();
    let product = program.hvp(&model, &x, &labels, &direction).unwrap();
    close(&flat(product), &expected, 1e-8);
    close(
        &flat(&loss::hvp(&model, &x, &labels, &direction).unwrap()),
        &expected,
        1e-8,
    );
    // The model may be its own direction.
    let own = flat(program.hvp(&model, &x, &labels, &model.clone()).unwrap());
    assert_eq!(flat(program.hvp(&model, &x, &labels, &model).unwrap()), own);
}

#[test]
fn a_derivative_in_a_direction_is_the_difference_of_values() {
    let (model, direction) = (net(2), net(5));
    let (x, labels) = (
        tensor(&[4, 3], 8),
        Tensor::from_vec(&[4], vec![2, 2, 1, 0]).unwrap(),
    );
    let (value, slope) = loss::jvp(&model, &x, &labels, &direction).unwrap();
    assert!((value - loss(&model, &x, &labels)).abs() < 1e-14);
    let at = |step| loss(&moved(&model, &direction, step), &x, &labels);
    let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
    assert!((slope - expected).abs() < 1e-8, "{slope} and {expected}");
}

/// A network of one hidden layer: u(t, x) for points in the rows of two columns.
#[derive(Differentiable, Clone)]
struct Field {
    t: Tensor<f64>,
    x: Tensor<f64>,
    b: Tensor<f64>,
    out: Tensor<f64>,
}

#[differentiable(wrt(t, x), order = 3)]
fn total(field: &Field, t: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    let hidden = (t.matmul(&field.t) + x.matmul(&field.x) + &field.b).tanh();
    hidden.matmul(&field.out).sum()
}

/// The sum of u_x over the points; its gradient is u_xx, because points do not mix.
#[differentiable(wrt(x), order = 2)]
fn total_slope(field: &Field, t: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    let (_, slope) = total::grad(field, t, x).unwrap();
    slope.sum()
}

/// The residual of the heat equation, u_t = u_xx / 2.
#[differentiable(wrt(field), order = 2)]
fn heat(field: &Field, t: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    let (in_time, _) = total::grad(field, t, x).unwrap();
    let curvature = total_slope::grad(field, t, x).unwrap();
    let residual: Tensor<f64> = in_time - curvature * 0.5;
    residual.square().mean()
}

/// The same residual with the derivatives of tanh written out.
#[differentiable(wrt(field))]
fn heat_by_hand(field: &Field, t: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    let h = (t.matmul(&field.t) + x.matmul(&field.x) + &field.b).tanh();
    let slope = 1.0 - h.square();
    let in_time = (&slope * &field.t).matmul(&field.out);
    let bend = &h * &slope * -2.0 * field.x.square();
    let residual = in_time - bend.matmul(&field.out) * 0.5;
    residual.square().mean()
}

fn field(seed: u64) -> Field {
    Field {
        t: tensor(&[1, 6], seed),
        x: tensor(&[1, 6], seed + 1),
        b: tensor(&[6], seed + 2),
        out: tensor(&[6, 1], seed + 3),
    }
}

fn entries(field: &Field) -> Vec<f64> {
    let leaves = [&field.t, &field.x, &field.b, &field.out];
    leaves
        .into_iter()
        .flat_map(|leaf| leaf.data())
        .copied()
        .collect()
}

#[test]
fn a_loss_of_derivatives_has_the_gradient_of_the_formula() {
    let (field, t, x) = (field(4), tensor(&[7, 1], 1), tensor(&[7, 1], 2));
    let (expected, by_hand) = heat_by_hand::value_and_grad(&field, &t, &x).unwrap();
    let mut program = heat::bind(&field, &t, &x).unwrap();
    let (value, gradient) = program.value_and_grad(&field, &t, &x).unwrap();
    assert!((value - expected).abs() < 1e-13, "{value} and {expected}");
    close(&entries(gradient), &entries(&by_hand), 1e-12);
    // The function itself, which binds a program for every derivative in it.
    assert!((heat(&field, &t, &x) - expected).abs() < 1e-13);
}

#[differentiable(wrt(a, b), order = 2)]
fn product(a: &Tensor<f64>, b: &Tensor<f64>, scale: f64) -> f64 {
    (a * a * b).sum() * scale
}

/// Partial derivatives, although the arguments are one value, and depend on another.
#[differentiable(wrt(x))]
fn partials(x: &Tensor<f64>) -> f64 {
    let y = x.exp();
    let (to_a, to_b) = product::grad(&y, &y, 3.0).unwrap();
    let (value, (again, _)) = product::value_and_grad(&y, x, 0.5).unwrap();
    (to_a * x).sum() + to_b.sum() * 0.1 + value + again.sum()
}

#[test]
fn a_derivative_inside_is_partial_and_its_arguments_may_be_one() {
    let x = tensor(&[5], 3);
    // 2 a b s = 6 e^2x, a^2 s = 3 e^2x; value = e^2x x / 2, again = e^x x.
    let value = |x: f64| {
        6.0 * (2.0 * x).exp() * x + 0.3 * (2.0 * x).exp() + 0.5 * (2.0 * x).exp() * x + x.exp() * x
    };
    let slope = |x: f64| {
        6.5 * (2.0 * x).exp() * (1.0 + 2.0 * x) + 0.6 * (2.0 * x).exp() + x.exp() * (1.0 + x)
    };
    let (found, gradient) = partials::value_and_grad(&x).unwrap();
    let expected: f64 = x.data().iter().map(|&x| value(x)).sum();
    assert!((found - expected).abs() < 1e-13 && (partials(&x) - expected).abs() < 1e-13);
    let expected: Vec<f64> = x.data().iter().map(|&x| slope(x)).collect();
    close(gradient.data(), &expected, 1e-13);
}

#[differentiable]
fn once(x: &Tensor<f64>) -> Tensor<f64> {
    x.square()
}

#[differentiable(order = 2)]
fn calls_once(x: &Tensor<f64>) -> f64 {
    once(x).sum()
}

#[differentiable(order = 3)]
fn running(x: &Tensor<f64>) -> f64 {
    x.cumprod(0).sum()
}

#[differentiable(order = 2)]
fn slope_of_running(x: &Tensor<f64>) -> f64 {
    running::grad(x).unwrap().sum()
}

#[test]
fn what_is_not_compiled_for_a_second_derivative_is_an_error_that_says_so() {
    let x = tensor(&[3], 1);
    let error = calls_once::hvp(&x, &x).unwrap_err().to_string();
    let text = "`once` is differentiated 2 times here: write `#[differentiable(order = 2)]` on it";
    assert!(error.contains(text), "{error}");
    // Twice is a Hessian-vector product, three times has no rule.
    running::hvp(&x, &x).unwrap();
    let error = slope_of_running::hvp(&x, &x).unwrap_err().to_string();
    assert!(
        error.contains("derivative number 3 of `cumprod`"),
        "{error}"
    );
}

#[test]
fn a_direction_that_does_not_fit_is_an_error() {
    let (model, x) = (net(1), tensor(&[2, 3], 3));
    let labels = Tensor::from_vec(&[2], vec![0, 2]).unwrap();
    let mut program = loss::bind(&model, &x, &labels).unwrap();
    let mut direction = net(2);
    direction.layers.pop();
    let error = program
        .hvp(&model, &x, &labels, &direction)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the direction of `net` has another structure"),
        "{error}"
    );
    let mut direction = net(2);
    direction.head.w = tensor(&[4, 2], 1);
    let error = program
        .hvp(&model, &x, &labels, &direction)
        .unwrap_err()
        .to_string();
    let text = "the direction of `net.head.w` has shape [4, 2], and `net.head.w` has shape [4, 3]";
    assert!(error.contains(text), "{error}");
}

#[differentiable(order = 2)]
fn mapped(x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    (x.map(bent) * y.zip_map(x, bent2)).sum()
}

#[differentiable]
fn bent2(a: f64, b: f64) -> f64 {
    (a * b).sin() * a
}

#[test]
fn functions_of_ones_own_are_differentiated_twice() {
    let (x, y) = (tensor(&[4], 1), tensor(&[4], 2));
    let (dx, dy) = (tensor(&[4], 5), tensor(&[4], 6));
    let (to_x, to_y) = mapped::hvp(&x, &y, &dx, &dy).unwrap();
    let step = 1e-5;
    let at = |step: f64| mapped::grad(&(&x + &dx * step), &(&y + &dy * step)).unwrap();
    let (after, before) = (at(step), at(-step));
    let slope = |a: &Tensor<f64>, b: &Tensor<f64>| ((a - b) * (0.5 / step)).data().to_vec();
    close(to_x.data(), &slope(&after.0, &before.0), 1e-8);
    close(to_y.data(), &slope(&after.1, &before.1), 1e-8);
}

/// The first operand of the root is data at 0, where its slope is infinite: no part of the product.
#[differentiable(wrt(w), order = 2)]
fn at_a_pole(w: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    (x.sqrt() * w.square()).sum()
}

#[test]
fn an_infinite_slope_of_data_stays_out() {
    let x = Tensor::from_vec(&[3], vec![0.0, 1.0, 4.0]).unwrap();
    let product = at_a_pole::hvp(&tensor(&[3], 1), &x, &Tensor::full(&[3], 1.0)).unwrap();
    assert_eq!(product.data(), [0.0, 2.0, 4.0]);
}
