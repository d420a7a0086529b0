//! `gradcheck!`: a gradient against central differences of the function itself.

use std::fmt;

use crate::scalar::{Entries, Primal};

/// How far a gradient may be from central differences, relative to its largest entry: differences
/// in `f64` with the step below lose about half of the digits.
const TOLERANCE: f64 = 1e-6;

/// The step of a central difference, relative to the entry.
const STEP: f64 = 1e-5;

/// Checks the gradient of a differentiable function at a point against central differences.
///
/// `gradcheck!(f, args..)` compares every entry of `f::grad(args..)` with
/// `(f(x + h) - f(x - h)) / 2h` and panics with a table of the entries that differ. The point
/// should not be at a kink. Meant for `f64` functions: differences in `f32` carry few digits.
#[macro_export]
macro_rules! gradcheck {
    ($function:path, $($argument:expr),+ $(,)?) => {
        <$function>::__check($($argument),+).assert()
    };
}

/// Marks an expression as a constant: inside a `#[differentiable]` function no derivative flows
/// through it. Outside it is the expression itself.
#[macro_export]
macro_rules! no_diff {
    ($value:expr) => {
        $value
    };
}

/// All floats of a value.
fn floats(value: &impl Entries) -> Vec<f64> {
    let mut floats = Vec::new();
    value.read(&mut |lanes| floats.extend_from_slice(lanes));
    floats
}

/// Changes one float of a value; returns what it is then, after rounding to its type.
fn set(value: &mut impl Entries, index: usize, to: f64) -> f64 {
    let mut at = 0;
    value.write(&mut |lanes| {
        if at == index {
            lanes[0] = to;
        }
        at += 1;
    });
    floats(value)[index]
}

/// A parameter as its gradient's type, so that entries can be changed.
pub trait Owned: Primal {
    /// The content of this parameter.
    fn owned(&self) -> Self::Gradient;
}

impl<T: Clone> Owned for [T]
where
    [T]: Primal<Gradient = Vec<T>>,
{
    fn owned(&self) -> Vec<T> {
        self.to_vec()
    }
}

impl<T: Primal<Gradient = T> + Clone> Owned for T {
    fn owned(&self) -> T {
        self.clone()
    }
}

/// One entry of a gradient beside its central difference.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    gradient: f64,
    difference: f64,
}

/// The outcome of a check.
#[derive(Clone, Debug)]
pub struct CheckReport {
    function: &'static str,
    rows: Vec<Row>,
}

impl CheckReport {
    /// An empty report.
    pub fn new(function: &'static str) -> CheckReport {
        CheckReport {
            function,
            rows: Vec::new(),
        }
    }

    /// Compares the gradient of one parameter.
    pub fn parameter<P>(
        &mut self,
        name: &str,
        primal: &P,
        gradient: &P::Gradient,
        value: impl Fn(&P::Gradient) -> f64,
    ) where
        P: Owned + ?Sized,
        P::Gradient: Entries,
    {
        let mut point = primal.owned();
        let (start, gradient) = (floats(&point), floats(gradient));
        for (index, &at) in start.iter().enumerate() {
            let step = STEP * at.abs().max(1.0);
            let above = set(&mut point, index, at + step);
            let up = value(&point);
            let below = set(&mut point, index, at - step);
            let down = value(&point);
            set(&mut point, index, at);
            self.rows.push(Row {
                name: if start.len() == 1 {
                    name.to_string()
                } else {
                    format!("{name}[{index}]")
                },
                gradient: gradient.get(index).copied().unwrap_or(f64::NAN),
                difference: (up - down) / (above - below),
            });
        }
    }

    /// The largest entry, which the tolerance is relative to.
    fn scale(&self) -> f64 {
        self.rows
            .iter()
            .fold(1.0, |scale, row| row.difference.abs().max(scale))
    }

    fn wrong(&self) -> impl Iterator<Item = &Row> {
        let bound = TOLERANCE * self.scale();
        // Written so that a NaN on either side counts as wrong.
        self.rows.iter().filter(move |row| {
            let close = (row.gradient - row.difference).abs() <= bound;
            !close
        })
    }

    /// Whether every entry agrees.
    pub fn passed(&self) -> bool {
        self.wrong().next().is_none()
    }

    /// Does nothing if every entry agrees.
    ///
    /// # Panics
    /// With a table of the entries that differ.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong: Vec<&Row> = self.wrong().collect();
        let (function, all) = (self.function, self.rows.len());
        writeln!(
            f,
            "gradient of `{function}`: {} of {all} entries are wrong",
            wrong.len()
        )?;
        if !wrong.is_empty() {
            writeln!(
                f,
                "{:>16} {:>24} {:>24}",
                "entry", "gradient", "central difference"
            )?;
        }
        for row in wrong.iter().take(20) {
            let Row {
                name,
                gradient,
                difference,
            } = row;
            writeln!(f, "{name:>16} {gradient:>24.16e} {difference:>24.16e}")?;
        }
        Ok(())
    }
}
