//! Derivatives of the generated programs: the gradient against dual numbers, `strategy = tape` and
//! central differences, forward mode against the gradient, Hessian products against differences of
//! gradients, the gradient in single precision against dual numbers in double precision.

use fuzz::dual::{Dual, Dual32, Dual64, Float};
use fuzz::generator::constructs;

type Gradient = fn(&[f64]) -> (f64, Vec<f64>);
/// The derivative along a direction beside the value, and the Hessian times a direction.
type Along = fn(&[f64], &[f64]) -> (f64, f64);
type Second = fn(&[f64], &[f64]) -> Vec<f64>;
type Single = (fn(&[f32]) -> (f32, Vec<f32>), fn(&[Dual32]) -> Dual32);

/// A generated program.
pub struct Program {
    value: fn(&[f64]) -> f64,
    gradient: Gradient,
    taped: Option<Gradient>,
    dual: fn(&[Dual64]) -> Dual64,
    /// Whether differences see what derivatives do.
    smooth: bool,
    /// Whether some of it has single precision.
    rounded: bool,
    jvp: Option<Along>,
    hvp: Option<Second>,
    single: Option<Single>,
    text: &'static str,
    used: &'static [bool],
}

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Relative to the largest derivative: both sides round differently along paths of some hundred
/// operations.
const TOLERANCE: f64 = 1e-9;

/// The same in single precision, where dual numbers in both precisions agree to a hundredth of it:
/// elsewhere rounding decides, not the derivative.
const SINGLE_TOLERANCE: f64 = 1e-3;

/// How often each comparison was made.
#[derive(Default)]
struct Counts {
    points: usize,
    duals: usize,
    differences: usize,
    forward: usize,
    second: usize,
    single: usize,
    ill_conditioned: usize,
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

    fn run(&self, counts: &mut Counts) {
        let Check { program, x, .. } = *self;
        let (value, gradient) = (program.gradient)(x);
        let primal = (program.value)(x);
        // Some programs overflow at some points; then all three must.
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        let taped = program.taped.map(|taped| taped(x));
        if let Some((taped_value, _)) = taped
            && !same(value, taped_value)
        {
            self.near("value, taped", value, taped_value, 0.0);
        }
        if !same(value, primal) {
            self.near("value", value, primal, 1e-12 * primal.abs().max(1.0));
        }
        let slopes = slopes(program.dual, x);
        let scale = slopes.iter().fold(1.0_f64, |m, s| m.max(s.abs()));
        // `max` passes over NaN, so that each slope is asked.
        if !slopes.iter().all(|slope| slope.is_finite()) || scale > 1e8 {
            return;
        }
        counts.points += 1;
        let tolerance = if program.rounded {
            SINGLE_TOLERANCE
        } else {
            TOLERANCE
        };
        for i in 0..x.len() {
            counts.duals += 1;
            self.near(
                &format!("entry {i}"),
                gradient[i],
                slopes[i],
                tolerance * scale,
            );
            if let Some((_, taped)) = &taped {
                let what = format!("entry {i}, taped");
                self.near(&what, taped[i], slopes[i], tolerance * scale);
            }
            let moved = |h: f64| {
                let mut moved = x.to_vec();
                moved[i] += h;
                (program.value)(&moved)
            };
            if !program.smooth {
                continue;
            }
            if let Some(slope) = difference(moved, scale) {
                counts.differences += 1;
                let what = format!("entry {i}, differences");
                self.near(&what, gradient[i], slope, 1e-5 * scale);
            }
        }
        let along = point(x.len(), self.number + 17);
        if let Some(jvp) = program.jvp {
            counts.forward += 1;
            let expected: f64 = gradient.iter().zip(&along).map(|(g, v)| g * v).sum();
            let bound = tolerance * scale * (1.0 + along.len() as f64);
            self.near("forward mode", jvp(x, &along).1, expected, bound);
        }
        if let Some(hvp) = program.hvp.filter(|_| program.smooth) {
            self.second(&hvp(x, &along), &along, scale, counts);
        }
        if let Some(single) = program.single {
            self.single(single, counts);
        }
    }

    fn second(&self, product: &[f64], along: &[f64], scale: f64, counts: &mut Counts) {
        for (i, &found) in product.iter().enumerate() {
            let moved = |h: f64| {
                let moved: Vec<f64> = self.x.iter().zip(along).map(|(x, v)| x + h * v).collect();
                (self.program.gradient)(&moved).1[i]
            };
            let size = scale.max(found.abs());
            if let Some(slope) = difference(moved, size) {
                counts.second += 1;
                let what = format!("entry {i} of the Hessian product");
                self.near(&what, found, slope, 1e-5 * size);
            }
        }
    }

    fn single(&self, (gradient, dual): Single, counts: &mut Counts) {
        let narrow: Vec<f32> = self.x.iter().map(|&x| x as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| f64::from(x)).collect();
        let exact = slopes(self.program.dual, &wide);
        let rounded = slopes(dual, &narrow);
        let scale = exact.iter().fold(1.0_f64, |m, s| m.max(s.abs()));
        let sure = |(exact, rounded): (&f64, &f32)| {
            (exact - f64::from(*rounded)).abs() <= 0.01 * SINGLE_TOLERANCE * scale
        };
        if !exact.iter().zip(&rounded).all(sure) {
            counts.ill_conditioned += 1;
            return;
        }
        counts.single += 1;
        let (_, gradient) = gradient(&narrow);
        for (i, (&found, &expected)) in gradient.iter().zip(&exact).enumerate() {
            let what = format!("entry {i}, f32");
            self.near(&what, f64::from(found), expected, SINGLE_TOLERANCE * scale);
        }
    }
}

/// The gradient by dual numbers.
fn slopes<T: Float>(function: fn(&[Dual<T>]) -> Dual<T>, x: &[T]) -> Vec<T> {
    let seeded = |i: usize| {
        let entries = x.iter().enumerate().map(move |(k, &value)| Dual {
            value,
            slope: if k == i { T::ONE } else { T::ZERO },
        });
        entries.collect::<Vec<Dual<T>>>()
    };
    (0..x.len()).map(|i| function(&seeded(i)).slope).collect()
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
        single,
        ill_conditioned,
    } = counts;
    println!(
        "fuzz: {} programs, {points} points, {duals} duals, {differences} differences, \
         {forward} tangents, {second} second derivatives, {single} points in single precision",
        PROGRAMS.len()
    );
    // `scripts/nightly.sh` adds these up over many runs.
    for (construct, count) in names.iter().zip(&histogram) {
        println!("in {count}: {construct}");
    }
    assert!(
        differences * 2 > duals,
        "only {differences} of {duals} could be compared"
    );
    assert!(
        single >= ill_conditioned,
        "{ill_conditioned} points were too ill-conditioned for single precision, {single} were not"
    );
}
