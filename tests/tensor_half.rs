//! Tensors of `f16` and `bf16`: stored in two bytes, computed in `f32`. The oracle is the same program
//! over `f32` tensors of the same values: its value is equal to the bit, and the gradient of a half
//! leaf is its gradient, rounded once.

mod common;

use cotangent::prelude::*;
use cotangent::{Element, Half};

/// Values between -1 and 1 that both half types hold exactly or nearly.
fn noise<T: Element<Compute = f32>>(shape: &[usize], seed: usize) -> Tensor<T> {
    let noise = common::noise(shape, seed);
    Tensor::from_fn(shape, |i| noise.data()[i] as f32).cast()
}

/// The same models and programs over an element type.
macro_rules! programs {
    ($($module:ident $ty:ident;)*) => {$(
        #[allow(dead_code, reason = "the oracle needs less than what it judges")]
        mod $module {
            use super::*;

            #[derive(Differentiable, Clone)]
            pub(crate) struct Layer {
                pub(crate) w: Tensor<$ty>,
                pub(crate) b: Option<Tensor<$ty>>,
            }

            #[derive(Differentiable, Clone)]
            pub(crate) struct Model {
                pub(crate) layers: Vec<Layer>,
                pub(crate) gain: Tensor<f32>,
                pub(crate) unused: Tensor<$ty>,
            }

            impl Layer {
                #[differentiable]
                fn forward(&self, x: &Tensor<$ty>) -> Tensor<$ty> {
                    let product = x.matmul(&self.w);
                    if let Some(b) = &self.b { product + b } else { product }
                }
            }

            #[differentiable(wrt(model, x))]
            pub(crate) fn loss(model: &Model, x: &Tensor<$ty>, labels: &Tensor<u32>, weight: f32) -> f32 {
                let mut h = x.clone();
                for layer in &model.layers {
                    h = layer.forward(&h).gelu();
                }
                let gain = model.gain.cast::<$ty>();
                let logits = (&h - h.mean_axis_keep(-1)) * gain * 2.0;
                logits.cross_entropy(labels).mean() * weight + model.layers[0].w.square().sum()
            }

            #[differentiable(wrt(w))]
            pub(crate) fn product(w: &Tensor<$ty>, x: &Tensor<$ty>) -> Tensor<$ty> {
                x.matmul(w).tanh()
            }

            #[differentiable(wrt(w))]
            pub(crate) fn several(w: &Tensor<$ty>) -> (f32, Tensor<$ty>, Tensor<f32>) {
                let twice = w * 2.0;
                (w.square().mean(), twice.clone(), twice.cast::<f32>())
            }

            #[differentiable(wrt(w))]
            pub(crate) fn itself(w: &Tensor<$ty>) -> Tensor<$ty> {
                w.clone()
            }

            pub(crate) fn model() -> Model {
                Model {
                    layers: vec![
                        Layer { w: noise(&[5, 7], 1), b: Some(noise(&[7], 2)) },
                        Layer { w: noise(&[7, 3], 3), b: None },
                    ],
                    gain: noise(&[3], 4),
                    unused: noise(&[2], 5),
                }
            }
        }
    )*};
}

programs! { half f16; brain bf16; single f32; }

/// The values of a half tensor in `f32`.
fn wide<H: Half>(x: &Tensor<H>) -> Tensor<f32> {
    x.cast()
}

macro_rules! compared {
    ($($test:ident $module:ident $ty:ident;)*) => {$(
        #[test]
        fn $test() {
            let labels = Tensor::from_vec(&[4], vec![0, 2, 1, 2]).unwrap();
            let (model, x) = ($module::model(), noise::<$ty>(&[4, 5], 6));
            let layers = model.layers.iter().map(|layer| single::Layer {
                w: wide(&layer.w),
                b: layer.b.as_ref().map(wide),
            });
            let wide_model = single::Model {
                layers: layers.collect(),
                // The only value that the program rounds.
                gain: model.gain.cast::<$ty>().cast(),
                unused: wide(&model.unused),
            };
            let mut program = $module::loss::bind(&model, &x, &labels, 0.5).unwrap();
            program.__poison(0xff);
            let (value, (gradient, to_x)) =
                program.value_and_grad(&model, &x, &labels, 0.5).unwrap();
            let (expected, (wide_gradient, wide_to_x)) =
                single::loss::value_and_grad(&wide_model, &wide(&x), &labels, 0.5).unwrap();
            assert_eq!(value, expected);
            for (layer, wide) in gradient.layers.iter().zip(&wide_gradient.layers) {
                assert_eq!(layer.w, wide.w.cast());
                assert_eq!(layer.b, wide.b.as_ref().map(Tensor::cast));
            }
            assert!(gradient.layers[0].w.data().iter().all(|x| x.is_finite() && *x != $ty::ZERO));
            assert_eq!(gradient.gain, wide_gradient.gain);
            assert_eq!(gradient.unused.data(), [$ty::ZERO; 2]);
            assert_eq!(*to_x, wide_to_x.cast());
            // Eagerly every method rounds its result: a few units in the last place.
            let eager = $module::loss(&model, &x, &labels, 0.5);
            let unit = 2.0 * $ty::EPSILON.to_f32();
            assert!((eager - value).abs() <= unit * value.abs(), "{eager} and {value}");
        }
    )*};
}

compared! { a_model_of_f16 half f16; a_model_of_bf16 brain bf16; }

#[test]
fn results_and_cotangents_are_of_the_half_type() {
    let (w, x) = (noise::<bf16>(&[3, 2], 1), noise::<bf16>(&[4, 3], 2));
    let cotangent = noise::<bf16>(&[4, 2], 3);
    let (result, to_w) = brain::product::vjp(&w, &x, &cotangent).unwrap();
    let (wide_result, wide_to_w) =
        single::product::vjp(&wide(&w), &wide(&x), &wide(&cotangent)).unwrap();
    assert_eq!(result, wide_result.cast());
    assert_eq!(to_w, wide_to_w.cast());
    let mut program = brain::product::bind(&w, &x).unwrap();
    assert_eq!(*program.value(&w, &x).unwrap(), result);
}

#[test]
fn several_results_of_several_types() {
    let w = noise::<f16>(&[6], 1);
    let mut program = half::several::bind(&w).unwrap();
    let ((value, twice, as_f32), gradient) = program.value_and_grad(&w).unwrap();
    let (expected, wide_gradient) = single::several::value_and_grad(&wide(&w)).unwrap();
    assert_eq!(*value, expected.0);
    assert_eq!(*twice, expected.1.cast());
    assert_eq!(*as_f32, expected.2);
    assert_eq!(*gradient, wide_gradient.cast());
}

#[test]
fn a_leaf_that_is_the_result() {
    let (w, cotangent) = (noise::<bf16>(&[5], 1), noise::<bf16>(&[5], 2));
    assert_eq!(brain::itself::vjp(&w, &cotangent).unwrap(), (w, cotangent));
}

#[differentiable(wrt(x))]
fn rounded(x: &Tensor<f32>) -> f32 {
    (x.cast::<bf16>().cast::<f32>() * x).sum()
}

#[test]
fn a_cast_rounds_the_value_and_passes_the_cotangent() {
    let x = Tensor::from_vec(&[2], vec![1.0 + 1.0 / 512.0, -3.0]).unwrap();
    let (value, gradient) = rounded::value_and_grad(&x).unwrap();
    assert_eq!(value, 1.0 + 1.0 / 512.0 + 9.0);
    // x * round(x): the slope of round counts as 1.
    assert_eq!(gradient.data(), [2.0 + 1.0 / 512.0, -6.0]);
    assert_eq!(rounded(&x), value);
}

#[test]
fn the_plan_says_what_it_converts() {
    let w = noise::<f16>(&[6], 1);
    let report = half::several::bind(&w).unwrap().report().to_string();
    assert!(report.contains("f16 -> f32 6 elements"), "{report}");
}

/// A leaf that only products read is widened in blocks: its copy is in no plan, forward or backward.
#[test]
fn products_read_half_leaves_where_they_are() {
    let (w, x) = (noise::<bf16>(&[300, 200], 1), noise::<bf16>(&[40, 300], 2));
    let cotangent = noise::<bf16>(&[40, 200], 3);
    let program = brain::product::bind(&w, &x).unwrap();
    let report = program.report().to_string();
    assert!(report.contains("a of Bf16, b of Bf16"), "{report}");
    assert!(program.report().peak() < 300 * 200 * 4, "{report}");
    let (result, to_w) = brain::product::vjp(&w, &x, &cotangent).unwrap();
    let (expected, wide_to_w) =
        single::product::vjp(&wide(&w), &wide(&x), &wide(&cotangent)).unwrap();
    assert_eq!(result, expected.cast());
    assert_eq!(to_w, wide_to_w.cast());
}
