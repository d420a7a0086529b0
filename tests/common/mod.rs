//! What the tests of tensor programs share: data without a pattern, and an oracle for gradients.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test binary uses its part"
)]

pub(crate) mod strategies;

use cotangent::{Floats, FloatsMut, Leaves, Path, Tensor};

/// Values without a pattern, in -1..1.
pub(crate) fn noise(shape: &[usize], seed: usize) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| {
        ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract() * 2.0 - 1.0
    })
}

/// Compares a gradient with central differences of the eager function, leaf by leaf.
pub(crate) fn check_gradient<M: Leaves + Clone>(model: &M, gradient: &M, f: impl Fn(&M) -> f64) {
    let mut exact = Vec::new();
    gradient.leaves(&Path::Root, &mut |path, leaf| {
        if let Floats::F64(data) = leaf.data {
            exact.extend(data.iter().map(|&value| (path.to_string(), value)));
        }
    });
    assert!(!exact.is_empty(), "a gradient without leaves");
    // A difference carries the rounding of the value, so the scale is that of the whole gradient.
    let scale = exact
        .iter()
        .fold(1.0_f64, |scale, (_, value)| scale.max(value.abs()));
    for (index, (path, exact)) in exact.iter().enumerate() {
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
        // A fourth-order difference: at this step its error is far below the tolerance.
        let h = 5e-4;
        let difference =
            (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
        assert!(
            (difference - exact).abs() < 1e-8 * scale,
            "{path} (element {index}): {exact}, by differences {difference}"
        );
    }
}
