//! Derivatives of the generated programs: the gradient against dual numbers, `strategy = tape` and
//! central differences, forward mode against the gradient, Hessian products against differences of
//! gradients.

use fuzz::dual::Dual;
use fuzz::generator::constructs;

type Gradient = fn(&[f64]) -> (f64, Vec<f64>);
type Modes = (
    fn(&[f64], &[f64]) -> (f64, f64),
    fn(&[f64], &[f64]) -> Vec<f64>,
);

/// A generated program.
pub struct Program {
    value: fn(&[f64]) -> f64,
    gradient: Gradient,
    taped: Gradient,
    dual: fn(&[Dual]) -> Dual,
    modes: Option<Modes>,
    text: &'static str,
    used: &'static [bool],
}

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Relative to the largest derivative: both sides round differently along paths of some hundred
/// operations.
const TOLERANCE: f64 = 1e-9;

/// How often each comparison was made.
#[derive(Default)]
struct Counts {
    points: usize,
    duals: usize,
    differences: usize,
    forward: usize,
    second: usize,
}

fn point(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract() * 2.0 - 0.5)
        .collect()
}

/// Central differences with two steps, if they agree: steps that disagree have crossed a branch.
fn difference(f: impl Fn(f64) -> f64, scale: f64) -> Option<f64> {
    let slope = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    let (coarse, fine) = (slope(2e-6), slope(1e-6));
    ((coarse - fine).abs() < 1e-6 * scale).then_some(fine)
}

/// A program at a point.
struct Check<'a> {
    number: usize,
    program: &'a Program,
    x: &'a [f64],
}

impl Check<'_> {
    #[track_caller]
    fn near(&self, what: &str, found: f64, expected: f64, bound: f64) {
        let Check { number, x, .. } = self;
        assert!(
            (found - expected).abs() <= bound,
            "program {number} at {x:?}: {what} {found}, not {expected}"
        );
    }

    /// The derivative by entry `i`, by dual numbers.
    fn slope(&self, i: usize) -> f64 {
        let seeded = self.x.iter().enumerate().map(|(k, &value)| Dual {
            value,
            slope: f64::from(u8::from(k == i)),
        });
        (self.program.dual)(&seeded.collect::<Vec<Dual>>()).slope
    }

    fn run(&self, counts: &mut Counts) {
        let Check { program, x, .. } = *self;
        let (value, gradient) = (program.gradient)(x);
        let (taped_value, taped) = (program.taped)(x);
        let primal = (program.value)(x);
        // Some programs overflow at some points; then all three must.
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        if !same(value, taped_value) {
            self.near("value, taped", value, taped_value, 0.0);
        }
        if !same(value, primal) {
            self.near("value", value, primal, 1e-12 * primal.abs().max(1.0));
        }
        let slopes: Vec<f64> = (0..x.len()).map(|i| self.slope(i)).collect();
        let scale = slopes.iter().fold(1.0_f64, |m, s| m.max(s.abs()));
        // `max` passes over NaN, so that each slope is asked.
        if !slopes.iter().all(|slope| slope.is_finite()) || scale > 1e8 {
            return;
        }
        counts.points += 1;
        for i in 0..x.len() {
            counts.duals += 1;
            self.near(
                &format!("entry {i}"),
                gradient[i],
                slopes[i],
                TOLERANCE * scale,
            );
            self.near(
                &format!("entry {i}, taped"),
                taped[i],
                slopes[i],
                TOLERANCE * scale,
            );
            let moved = |h: f64| {
                let mut moved = x.to_vec();
                moved[i] += h;
                (program.value)(&moved)
            };
            if let Some(slope) = difference(moved, scale) {
                counts.differences += 1;
                let what = format!("entry {i}, differences");
                self.near(&what, gradient[i], slope, 1e-5 * scale);
            }
        }
        if let Some(modes) = program.modes {
            self.modes(modes, &gradient, scale, counts);
        }
    }

    fn modes(&self, (jvp, hvp): Modes, gradient: &[f64], scale: f64, counts: &mut Counts) {
        let (x, along) = (self.x, point(self.x.len(), self.number + 17));
        counts.forward += 1;
        let expected: f64 = gradient.iter().zip(&along).map(|(g, v)| g * v).sum();
        let bound = TOLERANCE * scale * (1.0 + along.len() as f64);
        self.near("forward mode", jvp(x, &along).1, expected, bound);
        for (i, found) in hvp(x, &along).into_iter().enumerate() {
            let moved = |h: f64| {
                let moved: Vec<f64> = x.iter().zip(&along).map(|(x, v)| x + h * v).collect();
                (self.program.gradient)(&moved).1[i]
            };
            let size = scale.max(found.abs());
            if let Some(slope) = difference(moved, size) {
                counts.second += 1;
                self.near(
                    &format!("entry {i} of the Hessian product"),
                    found,
                    slope,
                    1e-5 * size,
                );
            }
        }
    }
}

#[test]
fn derivatives_agree() {
    let names = constructs();
    let mut histogram = vec![0; names.len()];
    let mut counts = Counts::default();
    for (number, program) in PROGRAMS.iter().enumerate() {
        for (count, used) in histogram.iter_mut().zip(program.used) {
            *count += usize::from(*used);
        }
        for n in [1, 2, 3, 7] {
            for seed in 0..3 {
                let x = &point(n, seed + number);
                let check = Check { number, program, x };
                let run = std::panic::AssertUnwindSafe(|| check.run(&mut counts));
                if let Err(panic) = std::panic::catch_unwind(run) {
                    println!("program {number} at {x:?}:\n{}", program.text);
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
    let Counts {
        points,
        duals,
        differences,
        forward,
        second,
    } = counts;
    println!(
        "fuzz: {} programs, {points} points, {duals} duals, {differences} differences, \
         {forward} tangents, {second} second derivatives",
        PROGRAMS.len()
    );
    for (construct, count) in names.iter().zip(&histogram) {
        let share = 100.0 * *count as f64 / PROGRAMS.len() as f64;
        println!("{construct:>20} {share:5.1} %");
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
