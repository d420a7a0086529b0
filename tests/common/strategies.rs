//! Programs of two lists, compiled twice: with the reverse pass that is chosen for them and with
//! everything on the tape. Gradients, forward mode and Hessian products are compared with each
//! other and with differences, at 0, 1, 2, 3 and 7 entries.

/// `programs! { fn name(x: &[f64], y: &[f64]) -> f64 { .. } .. }` makes a test of each program.
macro_rules! programs {
    ($(fn $name:ident($x:ident: &[f64], $y:ident: &[f64]) -> f64 $body:tt)*) => {
        mod chosen {
            #[allow(unused_imports, reason = "not every list of programs calls helpers")]
            use super::*;
            $(#[cotangent::differentiable]
            pub(super) fn $name($x: &[f64], $y: &[f64]) -> f64 $body)*
        }
        mod taped {
            #[allow(unused_imports, reason = "not every list of programs calls helpers")]
            use super::*;
            $(#[cotangent::differentiable(strategy = tape)]
            pub(super) fn $name($x: &[f64], $y: &[f64]) -> f64 $body)*
        }
        $(#[test]
        fn $name() {
            $crate::common::strategies::check(
                stringify!($name),
                &$crate::common::strategies::Program {
                    value: chosen::$name,
                    gradient: |x, y| chosen::$name::value_and_grad(x, y),
                    taped: |x, y| taped::$name::value_and_grad(x, y),
                    jvp: |x, y, u, v| chosen::$name::jvp(x, y, u, v),
                    hvp: |x, y, u, v| chosen::$name::hvp(x, y, u, v),
                },
            );
        })*
    };
}
type List<'a> = &'a [f64];
type Pair = (Vec<f64>, Vec<f64>);

/// What is known of a program.
pub(crate) struct Program {
    pub(crate) value: fn(List, List) -> f64,
    pub(crate) gradient: fn(List, List) -> (f64, Pair),
    pub(crate) taped: fn(List, List) -> (f64, Pair),
    pub(crate) jvp: fn(List, List, List, List) -> (f64, f64),
    pub(crate) hvp: fn(List, List, List, List) -> Pair,
}

/// The difference of fourth order: at these steps its error is below the tolerances.
fn slope(f: impl Fn(f64) -> f64, h: f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

fn near(name: &str, what: &str, found: f64, expected: f64, bound: f64) {
    assert!(
        (found - expected).abs() <= bound,
        "{name}, {what}: {found}, not {expected}"
    );
}

/// Compares a program with itself in all modes.
pub(crate) fn check(name: &str, program: &Program) {
    for n in [0, 1, 2, 3, 7] {
        for seed in 0..3 {
            check_at(&format!("{name}, n = {n}"), program, n, seed);
        }
    }
}

fn check_at(name: &str, program: &Program, n: usize, seed: usize) {
    let noise = |k: usize| ((k * 7919 + seed * 104_729 + 1) as f64 * 0.618_033).fract() + 0.2;
    let point: Vec<f64> = (0..2 * n).map(noise).collect();
    let along: Vec<f64> = (0..2 * n).map(|k| noise(k + 50) - 0.7).collect();
    let (x, y) = point.split_at(n);
    let (u, v) = along.split_at(n);
    let (value, (dx, dy)) = (program.gradient)(x, y);
    let (taped_value, (taped_dx, taped_dy)) = (program.taped)(x, y);
    let want = (program.value)(x, y);
    // Exponentials of gradient code may differ from std's in the last digits.
    for found in [value, taped_value] {
        near(name, "value", found, want, 1e-13 * want.abs());
    }
    let (gradient, taped) = ([dx, dy].concat(), [taped_dx, taped_dy].concat());
    let scale = gradient.iter().fold(1.0_f64, |scale, d| scale.max(d.abs()));
    let moved = |k: usize, step: f64| {
        let mut point = point.clone();
        point[k] += step;
        (program.value)(&point[..n], &point[n..])
    };
    for (k, (&d, &tape)) in gradient.iter().zip(&taped).enumerate() {
        // The order of additions differs, and nothing else.
        near(name, &format!("{k}, taped"), d, tape, 1e-13 * scale);
        let difference = slope(|step| moved(k, step), 2e-4);
        near(
            name,
            &format!("{k}, differences"),
            d,
            difference,
            1e-8 * scale,
        );
    }
    // Forward mode and reverse mode are the same derivative.
    let (_, tangent) = (program.jvp)(x, y, u, v);
    let expected: f64 = gradient.iter().zip(&along).map(|(d, v)| d * v).sum();
    near(name, "jvp", tangent, expected, 1e-11 * scale);
    let (hx, hy) = (program.hvp)(x, y, u, v);
    for (k, found) in [hx, hy].concat().into_iter().enumerate() {
        let moved = |step: f64| {
            let point: Vec<f64> = point
                .iter()
                .zip(&along)
                .map(|(p, v)| p + step * v)
                .collect();
            let (_, (dx, dy)) = (program.gradient)(&point[..n], &point[n..]);
            [dx, dy].concat()[k]
        };
        let difference = slope(moved, 2e-4);
        let bound = 1e-7 * scale.max(difference.abs());
        near(name, &format!("{k}, hvp"), found, difference, bound);
    }
}

pub(crate) use programs;
