//! Initialisation: the scales that torch prescribes, by path, by seed.

use cotangent_optimizers::train::{Init, Initializer, init};
use cotangent_runtime::Tensor;

/// Mean, deviation and largest absolute value of what a scheme draws.
fn measure(shape: &[usize], scheme: Init) -> (f64, f64, f64) {
    let mut tensor: Tensor<f64> = Tensor::zeros(shape);
    init(&mut tensor, scheme, 11);
    let values = tensor.data();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|x| x * x).sum::<f64>() / count;
    let largest = values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    (mean, (square - mean * mean).sqrt(), largest)
}

#[test]
fn deviations_and_bounds_are_those_of_torch() {
    // Scales of torch 2.15.0 for `[64, 32]` as `[out, in]` (ours is `[in, out]`) and for the
    // convolution kernel `[16, 8, 3, 3]`.
    for (shape, scheme, deviation) in [
        (&[32, 64][..], Init::He, 0.25),
        (&[32, 64], Init::Xavier, 0.144_337_567_297_406_43),
        (&[32, 64], Init::LeCun, 0.176_776_695_296_636_9),
        (&[16, 8, 3, 3], Init::He, 0.166_666_666_666_666_66),
        (&[16, 8, 3, 3], Init::Xavier, 0.096_225_044_864_937_63),
        (&[16, 8, 3, 3], Init::LeCun, 0.117_851_130_197_757_92),
        (&[40, 50], Init::Normal(0.3), 0.3),
        (&[40, 50], Init::TruncatedNormal(0.3), 0.3),
    ] {
        let (mean, measured, _) = measure(shape, scheme);
        // Over a thousand draws the deviation's standard error is 2.2 %; four of them.
        assert!(
            (measured / deviation - 1.0).abs() < 0.09,
            "{scheme:?}: {measured}"
        );
        assert!(mean.abs() < 0.13 * deviation, "{scheme:?}: mean {mean}");
    }
    for (shape, scheme, bound) in [
        (&[32, 64][..], Init::HeUniform, 0.433_012_701_892_219_3),
        (&[32, 64], Init::XavierUniform, 0.25),
        (&[16, 8, 3, 3], Init::HeUniform, 0.288_675_134_594_812_9),
        (
            &[16, 8, 3, 3],
            Init::XavierUniform,
            0.166_666_666_666_666_66,
        ),
        (&[40, 50], Init::Uniform(0.2), 0.2),
        // Cut at two deviations of the normal before the scaling by 1 / 0.8796.
        (
            &[40, 50],
            Init::TruncatedNormal(0.3),
            0.3 * 2.0 / 0.879_625_661_034_239_8,
        ),
    ] {
        let (_, _, largest) = measure(shape, scheme);
        assert!(
            largest <= bound && largest > 0.97 * bound,
            "{scheme:?}: {largest}"
        );
    }
}

#[test]
fn orthogonal_weights_keep_lengths() {
    let mut w: Tensor<f64> = Tensor::zeros(&[6, 6]);
    init(&mut w, Init::Orthogonal(2.0), 3);
    let x = [1.0, -2.0, 0.5, 3.0, 0.0, -1.0];
    let y: Vec<f64> = w
        .data()
        .chunks(6)
        .map(|row| row.iter().zip(&x).map(|(w, x)| w * x).sum())
        .collect();
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    assert!((norm(&y) - 2.0 * norm(&x)).abs() < 1e-13);
}

#[test]
fn rules_apply_by_path_and_leaves_draw_independently() {
    let fresh = || vec![Tensor::<f32>::zeros(&[3, 4]), Tensor::zeros(&[4])];
    let (mut one, mut two) = (fresh(), fresh());
    Initializer::new(5).apply(&mut one).unwrap();
    let rules = Initializer::new(5)
        .set("*", Init::Constant(9.0))
        .set("1", Init::Normal(0.1));
    rules.apply(&mut two).unwrap();
    assert_eq!(two[0].data(), [9.0; 12]);
    assert!(one[0].data().iter().all(|&x| x != 0.0));
    assert_eq!(one[1].data(), [0.0; 4]);
    assert!(two[1].data().iter().all(|&x| x != 0.0 && x != 9.0));

    // A longer model draws the same numbers for the leaves it has in common.
    let mut longer = fresh();
    longer.insert(1, Tensor::zeros(&[7, 7]));
    Initializer::new(5).apply(&mut longer).unwrap();
    assert_eq!(longer[0].data(), one[0].data());
    let mut other_seed = fresh();
    Initializer::new(6).apply(&mut other_seed).unwrap();
    assert_ne!(other_seed[0].data(), one[0].data());
}

#[test]
fn a_wrong_scheme_changes_nothing() {
    for scheme in [
        Init::Normal(-1.0),
        Init::Uniform(f64::NAN),
        Init::Constant(f64::INFINITY),
        Init::Orthogonal(-0.5),
    ] {
        let mut w = vec![7.0_f64; 3];
        assert!(Initializer::new(0).vectors(scheme).apply(&mut w).is_err());
        assert_eq!(w, [7.0; 3]);
    }
}
