//! Gradients of the generated programs against dual numbers, `strategy = tape` and central
//! differences.

use fuzz::dual::Dual;
use fuzz::generator::CONSTRUCTS;

/// A generated program.
pub struct Program {
    value: fn(&[f64]) -> f64,
    gradient: fn(&[f64]) -> (f64, Vec<f64>),
    taped: fn(&[f64]) -> (f64, Vec<f64>),
    dual: fn(&[Dual]) -> Dual,
    text: &'static str,
    used: &'static [bool],
}

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Relative to the largest derivative: both sides round differently along paths of some hundred
/// operations.
const TOLERANCE: f64 = 1e-9;

fn point(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract() * 2.0 - 0.5)
        .collect()
}

#[test]
fn gradients_agree_with_duals_tape_and_differences() {
    let (mut duals, mut differences, mut finite) = (0, 0, 0);
    let mut histogram = vec![0; CONSTRUCTS.len()];
    for (number, program) in PROGRAMS.iter().enumerate() {
        for (count, used) in histogram.iter_mut().zip(program.used) {
            *count += usize::from(*used);
        }
        for n in [1, 2, 3, 7] {
            for seed in 0..3 {
                let x = point(n, seed + number);
                let (value, gradient) = (program.gradient)(&x);
                let (taped_value, taped) = (program.taped)(&x);
                let primal = (program.value)(&x);
                // Some programs overflow at some points; then all three must.
                let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
                assert!(
                    same(value, taped_value),
                    "program {number}: value {value}, taped {taped_value}\n{}",
                    program.text
                );
                assert!(
                    same(value, primal) || (value - primal).abs() <= 1e-12 * primal.abs().max(1.0),
                    "program {number}: value {value}, the function gives {primal}\n{}",
                    program.text
                );
                let slopes: Vec<f64> = (0..n)
                    .map(|i| {
                        let seeded: Vec<Dual> = x
                            .iter()
                            .enumerate()
                            .map(|(k, &value)| Dual {
                                value,
                                slope: f64::from(u8::from(k == i)),
                            })
                            .collect();
                        (program.dual)(&seeded).slope
                    })
                    .collect();
                let scale = slopes.iter().fold(1.0_f64, |m, s| m.max(s.abs()));
                // `max` passes over NaN, so that each slope is asked.
                if !slopes.iter().all(|slope| slope.is_finite()) || scale > 1e8 {
                    continue;
                }
                finite += 1;
                for i in 0..n {
                    duals += 1;
                    for (what, found) in [("gradient", gradient[i]), ("taped", taped[i])] {
                        assert!(
                            (found - slopes[i]).abs() <= TOLERANCE * scale,
                            "program {number} at {x:?}, entry {i}: {what} {found}, dual numbers \
                             say {}\n{}",
                            slopes[i],
                            program.text
                        );
                    }
                    let at = |h: f64| {
                        let mut moved = x.clone();
                        moved[i] += h;
                        (program.value)(&moved)
                    };
                    let slope = |h: f64| (at(h) - at(-h)) / (2.0 * h);
                    let (coarse, fine) = (slope(2e-6), slope(1e-6));
                    // Steps that disagree have crossed a branch.
                    if (coarse - fine).abs() < 1e-6 * scale {
                        differences += 1;
                        assert!(
                            (gradient[i] - fine).abs() <= 1e-5 * scale,
                            "program {number} at {x:?}, entry {i}: {}, differences {fine}\n{}",
                            gradient[i],
                            program.text
                        );
                    }
                }
            }
        }
    }
    println!(
        "fuzz: {} programs, {finite} points, {duals} duals, {differences} differences",
        PROGRAMS.len()
    );
    for (construct, count) in CONSTRUCTS.iter().zip(&histogram) {
        let share = 100.0 * *count as f64 / PROGRAMS.len() as f64;
        println!("{construct:>16} {share:5.1} %");
        assert!(
            PROGRAMS.len() < 100 || share >= 1.0,
            "`{construct}` is in {share} % of programs"
        );
    }
    assert!(
        differences * 2 > duals,
        "only {differences} of {duals} could be compared"
    );
}
