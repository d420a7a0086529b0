//! `gradcheck!`: a gradient against central differences of the function itself, and against forward
//! mode; Hessian products against differences of gradients.

use std::fmt;

use crate::scalar::{Entries, Number, Primal};

/// What a row of a check compares, and how far the two may be apart, relative to the largest entry
/// of its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A gradient with central differences, which lose about half of the digits in `f64`.
    Gradient,
    /// Forward mode with the gradient: the same derivative, in another order.
    Forward,
    /// The same in `f32`.
    ForwardSingle,
    /// A Hessian product with central differences of gradients.
    Second,
}

impl Kind {
    const fn tolerance(self) -> f64 {
        match self {
            Kind::Gradient => 1e-6,
            Kind::Forward => 1e-9,
            Kind::ForwardSingle => 1e-3,
            Kind::Second => 1e-5,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Kind::Gradient => "gradient, and central difference",
            Kind::Forward | Kind::ForwardSingle => "forward mode, and gradient along its direction",
            Kind::Second => "Hessian product, and central difference of gradients",
        }
    }
}

/// The step of a central difference, relative to the entry.
const STEP: f64 = 1e-5;

/// Checks the derivatives of a differentiable function at a point.
///
/// `gradcheck!(f, args..)` compares every entry of `f::grad(args..)` with
/// `(f(x + h) - f(x - h)) / 2h`, and forward mode along a direction with the gradient.
/// `gradcheck!(second: f, args..)` also compares `f::hvp` along that direction with differences of
/// gradients; `gradcheck!(reverse: f, args..)` leaves forward mode out, for functions that call one
/// without it. Panics with a table of what differs, and names the worst entry. The point should not
/// be at a kink. Meant for `f64` functions: differences in `f32` carry few digits.
#[macro_export]
macro_rules! gradcheck {
    (second: $function:path, $($argument:expr),+ $(,)?) => {
        <$function>::__check_second($($argument),+).assert()
    };
    (reverse: $function:path, $($argument:expr),+ $(,)?) => {
        <$function>::__check($($argument),+).assert()
    };
    ($function:path, $($argument:expr),+ $(,)?) => {
        <$function>::__check_forward($($argument),+).assert()
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

/// An entry of a derivative beside what it should be.
#[derive(Clone, Debug)]
struct Row {
    kind: Kind,
    name: String,
    found: f64,
    expected: f64,
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

    /// A direction without a pattern, in -1..1, for parameter number `position` of the gradient.
    pub fn direction<P>(primal: &P, position: usize) -> P::Gradient
    where
        P: Owned + ?Sized,
        P::Gradient: Entries,
    {
        let (mut direction, mut at) = (primal.owned(), position as f64);
        direction.write(&mut |lanes| {
            at += 1.618_033_988_749_895;
            lanes[0] = (at * 12.9898).sin();
        });
        direction
    }

    /// A parameter that has moved along a direction by `step`.
    pub fn moved<P>(primal: &P, direction: &P::Gradient, step: f64) -> P::Gradient
    where
        P: Owned + ?Sized,
        P::Gradient: Entries,
    {
        let (mut moved, along) = (primal.owned(), floats(direction));
        let mut along = along.into_iter();
        moved.write(&mut |lanes| lanes[0] += step * along.next().unwrap_or(0.0));
        moved
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
                kind: Kind::Gradient,
                name: entry(name, index, start.len()),
                found: gradient.get(index).copied().unwrap_or(f64::NAN),
                expected: (up - down) / (above - below),
            });
        }
    }

    /// Compares the derivative along a direction with the gradient.
    pub fn forward<F: Number>(&mut self, tangent: F, parts: &[(&dyn Entries, &dyn Entries)]) {
        let along = |of: &dyn Entries| {
            let mut all = Vec::new();
            of.read(&mut |lanes| all.extend_from_slice(lanes));
            all
        };
        let products = parts.iter().flat_map(|(gradient, direction)| {
            let (gradient, direction) = (along(*gradient), along(*direction));
            gradient.into_iter().zip(direction)
        });
        self.rows.push(Row {
            kind: match size_of::<F>() {
                8 => Kind::Forward,
                _ => Kind::ForwardSingle,
            },
            name: String::from("along"),
            found: tangent.to_f64(),
            expected: products.map(|(gradient, along)| gradient * along).sum(),
        });
    }

    /// Compares the Hessian product of one parameter with the gradients in front and behind.
    pub fn second<G: Entries>(&mut self, name: &str, product: &G, [above, below]: [&G; 2]) {
        let (product, above, below) = (floats(product), floats(above), floats(below));
        for (index, &found) in product.iter().enumerate() {
            let step = |of: &[f64]| of.get(index).copied().unwrap_or(f64::NAN);
            self.rows.push(Row {
                kind: Kind::Second,
                name: entry(name, index, product.len()),
                found,
                expected: (step(&above) - step(&below)) / (2.0 * CheckReport::STEP),
            });
        }
    }

    /// How far a point moves for a difference of gradients.
    pub const STEP: f64 = STEP;

    /// How far a row is from what is allowed: at most 1 if it is right, NaN if it is not a number.
    fn fault(&self, row: &Row) -> f64 {
        let kin = self.rows.iter().filter(|other| other.kind == row.kind);
        let scale = kin.fold(1.0_f64, |scale, row| row.expected.abs().max(scale));
        (row.found - row.expected).abs() / (row.kind.tolerance() * scale)
    }

    /// What is wrong, the worst first.
    fn wrong(&self) -> Vec<&Row> {
        let faults = self.rows.iter().map(|row| (self.fault(row), row));
        // A NaN on either side is wrong.
        let is_wrong = |fault: f64| fault.is_nan() || fault > 1.0;
        let mut wrong: Vec<(f64, &Row)> = faults.filter(|(fault, _)| is_wrong(*fault)).collect();
        wrong.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        wrong.into_iter().map(|(_, row)| row).collect()
    }

    /// Whether every entry agrees.
    pub fn passed(&self) -> bool {
        self.wrong().is_empty()
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

/// The name of an entry of a parameter.
fn entry(name: &str, index: usize, of: usize) -> String {
    match of {
        1 => name.to_string(),
        _ => format!("{name}[{index}]"),
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.wrong();
        let (function, all) = (self.function, self.rows.len());
        write!(
            f,
            "gradient of `{function}`: {} of {all} entries are wrong",
            wrong.len()
        )?;
        let Some(worst) = wrong.first() else {
            return writeln!(f);
        };
        writeln!(f, ", `{}` the most", worst.name)?;
        let mut kind = None;
        for row in wrong.iter().take(20) {
            if kind.replace(row.kind) != Some(row.kind) {
                writeln!(f, "{:>16} {}", "", row.kind.title())?;
            }
            let Row {
                name,
                found,
                expected,
                ..
            } = row;
            writeln!(f, "{name:>16} {found:>24.16e} {expected:>24.16e}")?;
        }
        Ok(())
    }
}
