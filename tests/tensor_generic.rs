//! Functions over tensors that are generic over their float type: one text for f32 and f64, with the
//! numbers of the two functions that it stands for.

#![allow(clippy::float_cmp, reason = "small integers are exact")]
#![allow(
    clippy::cast_possible_truncation,
    reason = "the models are of either precision"
)]

use cotangent::prelude::*;
use cotangent::{Float, FloatsMut, Path, Real};

#[derive(Differentiable, Clone)]
struct Layer<T: Float> {
    w: Tensor<T>,
    b: Option<Tensor<T>>,
}

#[derive(Differentiable, Clone)]
struct Net<T: Float> {
    hidden: Vec<Layer<T>>,
    head: Layer<T>,
}

#[derive(Differentiable, Clone)]
struct Scaled<T: Real> {
    net: Net<T>,
    scale: T,
    #[no_diff]
    offset: Tensor<T>,
}

impl<T: Real> Layer<T> {
    #[differentiable]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let y = x.matmul(&self.w);
        if let Some(b) = &self.b { y + b } else { y }
    }

    #[differentiable]
    fn penalty(&self) -> T {
        self.w.square().sum()
    }
}

#[differentiable]
fn soften<T: Real>(x: &Tensor<T>) -> Tensor<T> {
    x / (x.abs() + T::of(1.0))
}

#[differentiable(wrt(model, weight))]
fn loss<T: Real>(model: &Scaled<T>, x: &Tensor<T>, labels: &Tensor<u32>, weight: T) -> T {
    let mut h = x.clone();
    for layer in &model.net.hidden {
        h = soften(&layer.forward(&h));
    }
    let logits = model.net.head.forward(&h) * model.scale + &model.offset;
    let half = T::of(1.0) / T::from_f64(2.0);
    let fit = logits.cross_entropy(labels).mean();
    fit + model.net.head.penalty() * half * weight
}

fn model<T: Real>() -> Scaled<T> {
    let wave = |shape: &[usize], phase: f64| {
        Tensor::from_fn(shape, |i| T::from_f64((0.7 * i as f64 + phase).sin()))
    };
    Scaled {
        net: Net {
            hidden: vec![
                Layer {
                    w: wave(&[3, 4], 0.1),
                    b: Some(wave(&[4], 0.2)),
                },
                Layer {
                    w: wave(&[4, 5], 0.3),
                    b: None,
                },
            ],
            head: Layer {
                w: wave(&[5, 3], 0.4),
                b: Some(wave(&[3], 0.5)),
            },
        },
        scale: T::of(1.5),
        offset: wave(&[3], 0.6),
    }
}

/// Every float of a model, to be read or changed.
fn visit<T: Real>(model: &mut Scaled<T>, mut f: impl FnMut(usize, f64) -> f64) {
    let mut at = 0;
    model.leaves_mut(&Path::Root, &mut |_, leaf| {
        let mut next = |x: f64| {
            at += 1;
            f(at - 1, x)
        };
        match leaf.data {
            FloatsMut::F32(data) => data
                .iter_mut()
                .for_each(|x| *x = next(f64::from(*x)) as f32),
            FloatsMut::F64(data) => data.iter_mut().for_each(|x| *x = next(*x)),
            _ => unreachable!("a model of f32 or f64"),
        }
    });
}

fn floats<T: Real>(model: &Scaled<T>) -> Vec<f64> {
    let mut all = Vec::new();
    visit(&mut model.clone(), |_, x| {
        all.push(x);
        x
    });
    all
}

fn data<T: Real>() -> (Tensor<T>, Tensor<u32>) {
    let x = Tensor::from_fn(&[4, 3], |i| T::from_f64((1.3 * i as f64).cos()));
    (x, Tensor::from_vec(&[4], vec![0, 2, 1, 1]).unwrap())
}

#[test]
fn gradients_agree_with_differences_and_between_the_float_types() {
    let (x, labels) = data::<f64>();
    let wide = model::<f64>();
    let (value, (gradient, of_weight)) = loss::value_and_grad(&wide, &x, &labels, 0.3).unwrap();
    assert!((value - loss(&wide, &x, &labels, 0.3)).abs() < 1e-14);
    let gradient = floats(&gradient);
    assert_eq!(gradient.len(), 3 * 4 + 4 + 4 * 5 + 5 * 3 + 3 + 1);
    for (at, &found) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut model = wide.clone();
            visit(&mut model, |k, x| if k == at { x + by } else { x });
            loss(&model, &x, &labels, 0.3)
        };
        let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!(
            (found - expected).abs() < 1e-8,
            "{at}: {found}, not {expected}"
        );
    }
    let penalty = wide.net.head.w.data().iter().map(|w| w * w).sum::<f64>();
    assert!((of_weight - 0.5 * penalty).abs() < 1e-13);

    let (x, labels) = data::<f32>();
    let narrow = model::<f32>();
    let (single, (of_single, _)) = loss::value_and_grad(&narrow, &x, &labels, 0.3).unwrap();
    assert!((f64::from(single) - value).abs() < 1e-5);
    for (found, expected) in floats(&of_single).into_iter().zip(gradient) {
        assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
    }
}

/// A program of a generic function has a name for each float type.
struct Session {
    single: Program<loss, f32>,
    double: Program<loss, f64>,
}

#[test]
fn programs_can_be_stored_and_step_their_model() {
    let (x, labels) = data::<f32>();
    let (wide_x, _) = data::<f64>();
    let (mut narrow, wide) = (model::<f32>(), model::<f64>());
    let mut session = Session {
        single: loss::bind(&narrow, &x, &labels, 0.0).unwrap(),
        double: loss::bind(&wide, &wide_x, &labels, 0.0).unwrap(),
    };
    let single = session.single.value(&narrow, &x, &labels, 0.1).unwrap();
    let double = session.double.value(&wide, &wide_x, &labels, 0.1).unwrap();
    assert!((f64::from(single) - double).abs() < 1e-5);
    assert!(loss::graph::<f32>().to_string().contains("f32"));
    assert!(loss::graph::<f64>().to_string().contains("f64"));
    let mut optimizer = Sgd::new(0.1).build(&narrow).unwrap();
    let mut program = alone::bind(&narrow, &x, &labels).unwrap();
    for _ in 0..20 {
        program
            .step_with(&mut narrow, &x, &labels, &mut optimizer)
            .unwrap();
    }
    assert!(f64::from(alone(&narrow, &x, &labels)) < 0.9 * f64::from(single));
}

#[differentiable(wrt(model))]
fn alone<T: Real>(model: &Scaled<T>, x: &Tensor<T>, labels: &Tensor<u32>) -> T {
    loss(model, x, labels, T::of(0.0))
}

#[test]
fn methods_of_a_generic_structure_have_programs() {
    let layer = Layer {
        w: Tensor::from_vec(&[2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap(),
        b: None,
    };
    let mut program = layer.penalty_bind().unwrap();
    let (value, gradient) = layer.penalty_value_and_grad(&mut program).unwrap();
    assert_eq!(
        (value, gradient.w.data()),
        (30.0_f32, &[2.0, 4.0, 6.0, 8.0][..])
    );
    let layer = Layer {
        w: Tensor::from_vec(&[2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap(),
        b: None,
    };
    let mut program = layer.penalty_bind().unwrap();
    assert_eq!(layer.penalty_value(&mut program).unwrap(), 30.0_f64);
}

/// Constants: what the type makes and keeps, in an arm too.
#[differentiable]
fn constants<T: Real, const N: usize>(x: &Tensor<T>, twice: bool) -> T {
    let factor = if twice { x.sum() } else { T::ZERO };
    (x.powi(2) * T::of(0.25) + T::ONE).sum() + factor * T::from_f64(N as f64)
}

#[test]
fn constants_are_those_of_the_type() {
    let x = Tensor::from_vec(&[2], vec![2.0, 4.0]).unwrap();
    let (value, gradient) = constants::value_and_grad::<f64, 3>(&x, true).unwrap();
    assert_eq!((value, gradient.data()), (7.0 + 18.0, &[4.0, 5.0][..]));
    let x = Tensor::from_vec(&[2], vec![2.0, 4.0]).unwrap();
    let (value, gradient) = constants::value_and_grad::<f32, 3>(&x, false).unwrap();
    assert_eq!((value, gradient.data()), (7.0, &[1.0, 2.0][..]));
}

/// A name of the user's for a float type is one of both.
type Precise = f64;

#[differentiable]
fn named(x: &Tensor<Precise>) -> Precise {
    (x * 3.0).exp().sum()
}

#[test]
fn a_float_type_may_have_another_name() {
    let x = Tensor::from_vec(&[1], vec![0.5]).unwrap();
    let (value, gradient) = named::value_and_grad(&x).unwrap();
    assert!((value - 1.5_f64.exp()).abs() < 1e-15);
    assert!((gradient.item() - 3.0 * 1.5_f64.exp()).abs() < 1e-14);
}

#[differentiable(order = 2)]
fn twice<T: Real>(x: &Tensor<T>) -> T {
    x.powi(3).sum()
}

/// The gradient of a generic function inside of another one.
#[differentiable]
fn slope<T: Real>(x: &Tensor<T>) -> T {
    twice::grad(x).unwrap().square().sum()
}

#[test]
fn second_derivatives_are_generic_too() {
    let x = Tensor::from_vec(&[2], vec![1.0_f64, -2.0]).unwrap();
    let direction = Tensor::from_vec(&[2], vec![1.0, 0.5]).unwrap();
    assert_eq!(twice::hvp(&x, &direction).unwrap().data(), [6.0, -6.0]);
    let (value, along) = twice::jvp(&x, &direction).unwrap();
    assert_eq!((value, along), (-7.0, 9.0));
    let (value, gradient) = slope::value_and_grad(&x).unwrap();
    // 9 x^4 and 36 x^3.
    assert_eq!((value, gradient.data()), (9.0 + 144.0, &[36.0, -288.0][..]));
}
