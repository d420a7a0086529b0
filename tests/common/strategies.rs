//! Programs that are compiled twice, with the fastest reverse pass and with everything on the tape:
//! both gradients must agree with each other and with central differences.

/// The same functions with the fastest reverse pass and with the tape, and a test of each.
macro_rules! programs {
    ($(fn $name:ident($x:ident: &[f64], $y:ident: &[f64]) -> f64 $body:tt)*) => {
        mod chosen {
            use super::*;
            $(#[differentiable] pub(super) fn $name($x: &[f64], $y: &[f64]) -> f64 $body)*
        }
        mod taped {
            use super::*;
            $(#[differentiable(strategy = tape)] pub(super) fn $name($x: &[f64], $y: &[f64]) -> f64 $body)*
        }
        $(#[test]
        fn $name() {
            $crate::common::strategies::check(
                stringify!($name),
                &chosen::$name,
                &|x, y| chosen::$name::value_and_grad(x, y),
                &|x, y| taped::$name::value_and_grad(x, y),
            );
        })*
    };
}

pub(crate) type Gradient = (f64, (Vec<f64>, Vec<f64>));

pub(crate) fn check(
    name: &str,
    primal: &dyn Fn(&[f64], &[f64]) -> f64,
    chosen: &dyn Fn(&[f64], &[f64]) -> Gradient,
    taped: &dyn Fn(&[f64], &[f64]) -> Gradient,
) {
    for n in [0, 1, 2, 3, 7] {
        for seed in 0..3 {
            let noise =
                |k: usize| ((k * 7919 + seed * 104_729 + 1) as f64 * 0.618_033).fract() + 0.2;
            let x: Vec<f64> = (0..n).map(noise).collect();
            let y: Vec<f64> = (n..2 * n).map(noise).collect();
            let (value, (dx, dy)) = chosen(&x, &y);
            let (taped_value, (taped_dx, taped_dy)) = taped(&x, &y);
            let want = primal(&x, &y);
            // Exponentials of gradient code may differ from std's in the last digits.
            assert!(
                (value - want).abs() <= 1e-13 * want.abs()
                    && (taped_value - want).abs() <= 1e-13 * want.abs(),
                "{name}: {value} and {taped_value}, not {want}"
            );
            let gradient = [dx, dy].concat();
            let scale = gradient.iter().fold(1.0_f64, |scale, d| scale.max(d.abs()));
            for (k, (d, tape)) in gradient
                .iter()
                .zip([taped_dx, taped_dy].concat())
                .enumerate()
            {
                // The order of additions differs, and nothing else.
                assert!(
                    (d - tape).abs() <= 1e-13 * scale,
                    "{name}, n = {n}, {k}: {d}, taped {tape}"
                );
                let moved = |step: f64| {
                    let mut both = [x.clone(), y.clone()].concat();
                    both[k] += step;
                    primal(&both[..n], &both[n..])
                };
                let h = 2e-4;
                let slope = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h)))
                    / (12.0 * h);
                assert!(
                    (d - slope).abs() <= 1e-8 * scale,
                    "{name}, n = {n}, {k}: {d}, by differences {slope}"
                );
            }
        }
    }
}

pub(crate) use programs;
