//! The derivative rules of the scalar operations: one table for reverse mode, forward mode, scalar
//! code and fused kernels.
//!
//! A row gives the partial derivative of `y = op(x..)` with respect to one operand, as plain IR
//! operations over the operands and the result, so that the derivative can itself be
//! differentiated. Every partial is linear in the incoming (co)tangent; `apply` multiplies it.
//!
//! Non-smooth points, by rule: `abs'(0) = 0`, `relu'(0) = 0`, a tie of `max` or `min` goes to the
//! first operand, `hypot` and `x^0` have derivative 0 at 0, `floor` and its kin have derivative 0
//! everywhere, `sqrt'(0)` is infinite. A masked partial selects before it multiplies, so that an
//! infinite or NaN factor of the side not taken never reaches the gradient.

use crate::ir::op::{Build, Op};

/// A partial derivative, in the form that loses the least when a cotangent is applied to it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Partial<Id> {
    /// Nothing flows.
    Zero,
    /// The cotangent as it is.
    One,
    /// The negated cotangent.
    MinusOne,
    /// The cotangent times this value.
    Times(Id),
    /// The cotangent divided by this value.
    Over(Id),
    /// The cotangent where the condition holds, else 0.
    When(Id),
    /// The cotangent where the condition does not hold, else 0.
    Unless(Id),
}

/// The partial derivative of `y = op(x..)` with respect to operand number `operand`.
pub(crate) fn partial<B: Build>(
    b: &mut B,
    op: Op,
    operand: usize,
    x: &[B::Id],
    y: B::Id,
) -> Partial<B::Id> {
    use Partial::{MinusOne, One, Over, Times, Unless, When, Zero};
    match (op, operand) {
        (Op::Neg, _) => MinusOne,
        (Op::Abs, _) => Times(sign(b, x[0])),
        (Op::Exp, _) => Times(y),
        (Op::Exp2, _) => Times(scaled(b, y, std::f64::consts::LN_2)),
        (Op::ExpM1, _) => Times(shifted(b, y, 1.0)),
        (Op::Ln, _) => Over(x[0]),
        (Op::Log2, _) => Over(scaled(b, x[0], std::f64::consts::LN_2)),
        (Op::Log10, _) => Over(scaled(b, x[0], std::f64::consts::LN_10)),
        (Op::Ln1p, _) => Over(shifted(b, x[0], 1.0)),
        (Op::Sqrt, _) => Over(scaled(b, y, 2.0)),
        (Op::Cbrt, _) => {
            let square = b.op(Op::Mul, &[y, y]);
            Over(scaled(b, square, 3.0))
        }
        (Op::Recip, _) => {
            let square = b.op(Op::Mul, &[y, y]);
            Times(b.op(Op::Neg, &[square]))
        }
        (Op::Sin, _) => Times(b.op(Op::Cos, &[x[0]])),
        (Op::Cos, _) => {
            let sin = b.op(Op::Sin, &[x[0]]);
            Times(b.op(Op::Neg, &[sin]))
        }
        (Op::Tan, _) => {
            let square = b.op(Op::Mul, &[y, y]);
            Times(shifted(b, square, 1.0))
        }
        (Op::Asin, _) => Over(cofunction(b, x[0])),
        (Op::Acos, _) => {
            let root = cofunction(b, x[0]);
            Over(b.op(Op::Neg, &[root]))
        }
        (Op::Atan, _) => {
            let square = b.op(Op::Mul, &[x[0], x[0]]);
            Over(shifted(b, square, 1.0))
        }
        (Op::Sinh, _) => Times(b.op(Op::Cosh, &[x[0]])),
        (Op::Cosh, _) => Times(b.op(Op::Sinh, &[x[0]])),
        // (1 - y)(1 + y) keeps digits that 1 - y^2 cancels.
        (Op::Tanh, _) => Times(one_minus_square(b, y)),
        (Op::Asinh, _) => {
            let one = b.constant(1.0);
            Over(b.op(Op::Hypot, &[x[0], one]))
        }
        // Two roots, because (x - 1)(x + 1) overflows for large x.
        (Op::Acosh, _) => {
            let (below, above) = (shifted(b, x[0], -1.0), shifted(b, x[0], 1.0));
            let (below, above) = (b.op(Op::Sqrt, &[below]), b.op(Op::Sqrt, &[above]));
            Over(b.op(Op::Mul, &[below, above]))
        }
        (Op::Atanh, _) => Over(one_minus_square(b, x[0])),
        (Op::Sigmoid, _) => {
            let one = b.constant(1.0);
            let rest = b.op(Op::Sub, &[one, y]);
            Times(b.op(Op::Mul, &[y, rest]))
        }
        (Op::Softplus, _) => Times(b.op(Op::Sigmoid, &[x[0]])),
        // erf'(x) = 2/sqrt(pi) e^(-x^2)
        (Op::Erf, _) => {
            let square = b.op(Op::Mul, &[x[0], x[0]]);
            let exponent = b.op(Op::Neg, &[square]);
            let bell = b.op(Op::Exp, &[exponent]);
            Times(scaled(b, bell, std::f64::consts::FRAC_2_SQRT_PI))
        }
        (Op::Erfc, _) => {
            let square = b.op(Op::Mul, &[x[0], x[0]]);
            let exponent = b.op(Op::Neg, &[square]);
            let bell = b.op(Op::Exp, &[exponent]);
            Times(scaled(b, bell, -std::f64::consts::FRAC_2_SQRT_PI))
        }
        // 1 / erf'(y)
        (Op::Erfinv, _) => {
            let square = b.op(Op::Mul, &[y, y]);
            let bell = b.op(Op::Exp, &[square]);
            Times(scaled(b, bell, 1.0 / std::f64::consts::FRAC_2_SQRT_PI))
        }
        (Op::Lgamma, _) => Times(b.op(Op::Digamma, &[x[0]])),
        (Op::Digamma, _) => {
            let first = b.integer(1);
            Times(b.op(Op::Polygamma, &[x[0], first]))
        }
        // The order is a constant that a rule wrote: nothing else makes this operation.
        (Op::Polygamma, 0) => {
            let order = b.known_integer(x[1]).unwrap_or(0);
            let next = b.integer(order.saturating_add(1));
            Times(b.op(Op::Polygamma, &[x[0], next]))
        }
        // (e^-|x| I0)' = e^-|x| I1 - sign(x) e^-|x| I0
        (Op::BesselI0e, _) => {
            let (first, sign) = (b.op(Op::BesselI1e, &[x[0]]), sign(b, x[0]));
            let decay = b.op(Op::Mul, &[sign, y]);
            Times(b.op(Op::Sub, &[first, decay]))
        }
        // I1' = I0 - I1 / x, which is 1/2 at 0
        (Op::BesselI1e, _) => {
            let (zero, one, half) = (b.constant(0.0), b.constant(1.0), b.constant(0.5));
            let sign = sign(b, x[0]);
            let zeroth = b.op(Op::BesselI0e, &[x[0]]);
            let origin = b.op(Op::Eq, &[x[0], zero]);
            let safe = b.op(Op::Select, &[origin, one, x[0]]);
            let quotient = b.op(Op::Div, &[y, safe]);
            let decay = b.op(Op::Mul, &[sign, y]);
            let slope = b.op(Op::Sub, &[zeroth, quotient]);
            let slope = b.op(Op::Sub, &[slope, decay]);
            Times(b.op(Op::Select, &[origin, half, slope]))
        }
        (Op::Relu, _) => {
            let zero = b.constant(0.0);
            When(b.op(Op::Gt, &[y, zero]))
        }
        (Op::Floor | Op::Ceil | Op::Round | Op::Trunc | Op::Signum, _) => Zero,
        (Op::Add, _) | (Op::Sub, 0) => One,
        (Op::Sub, _) => MinusOne,
        (Op::Mul, i) => Times(x[1 - i]),
        (Op::Div, 0) => Over(x[1]),
        // -a/b^2 as -(y/b), which cannot overflow where the quotient itself does not.
        (Op::Div, _) => {
            let slope = b.op(Op::Div, &[y, x[1]]);
            Times(b.op(Op::Neg, &[slope]))
        }
        (Op::Rem, 0) => One,
        // a % b = a - b trunc(a / b)
        (Op::Rem, _) => {
            let quotient = b.op(Op::Div, &[x[0], x[1]]);
            let whole = b.op(Op::Trunc, &[quotient]);
            Times(b.op(Op::Neg, &[whole]))
        }
        // b a^(b-1); at b = 0 the function is the constant 1, and 0 * 0^-1 would be NaN.
        (Op::Powf, 0) => {
            let less = shifted(b, x[1], -1.0);
            let power = b.op(Op::Powf, &[x[0], less]);
            let slope = b.op(Op::Mul, &[x[1], power]);
            let zero = b.constant(0.0);
            let constant = b.op(Op::Eq, &[x[1], zero]);
            Times(b.op(Op::Select, &[constant, zero, slope]))
        }
        // y ln a; at a = 0 the factor y is 0 (or 1 with a zero exponent) and ln a must not be -inf.
        (Op::Powf, _) => {
            let (zero, one) = (b.constant(0.0), b.constant(1.0));
            let vanishes = b.op(Op::Eq, &[x[0], zero]);
            let safe = b.op(Op::Select, &[vanishes, one, x[0]]);
            let log = b.op(Op::Ln, &[safe]);
            Times(b.op(Op::Mul, &[y, log]))
        }
        (Op::Powi, 0) => powi_slope(b, x[0], x[1]),
        (Op::Atan2, i) => {
            let (yy, xx) = (b.op(Op::Mul, &[x[0], x[0]]), b.op(Op::Mul, &[x[1], x[1]]));
            let radius = b.op(Op::Add, &[yy, xx]);
            let slope = b.op(Op::Div, &[x[1 - i], radius]);
            if i == 0 {
                Times(slope)
            } else {
                Times(b.op(Op::Neg, &[slope]))
            }
        }
        (Op::Hypot, i) => {
            let zero = b.constant(0.0);
            let origin = b.op(Op::Eq, &[y, zero]);
            let slope = b.op(Op::Div, &[x[i], y]);
            Times(b.op(Op::Select, &[origin, zero, slope]))
        }
        // The result equals the first operand exactly when that one was taken: right for ties and
        // for a NaN on either side.
        (Op::Max | Op::Min, 0) => When(b.op(Op::Eq, &[y, x[0]])),
        (Op::Max | Op::Min, _) => Unless(b.op(Op::Eq, &[y, x[0]])),
        (Op::Copysign, 0) => {
            let slope = sign(b, x[0]);
            let one = b.constant(1.0);
            let toward = b.op(Op::Copysign, &[one, x[1]]);
            Times(b.op(Op::Mul, &[slope, toward]))
        }
        (Op::Copysign, _) => Zero,
        (Op::MulAdd, 2) => One,
        (Op::MulAdd, i) => Times(x[1 - i]),
        (Op::Select, 1) => When(x[0]),
        (Op::Select, 2) => Unless(x[0]),
        // Integers, booleans and comparisons carry no derivative.
        (Op::Select, _) | (Op::Powi | Op::Polygamma, _) => Zero,
        (Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne, _) => Zero,
        (Op::And | Op::Or | Op::Not | Op::ToFloat | Op::Decrement, _) => Zero,
    }
}

/// A partial times a (co)tangent; `None` is a symbolic zero.
pub(crate) fn apply<B: Build>(b: &mut B, partial: Partial<B::Id>, flow: B::Id) -> Option<B::Id> {
    Some(match partial {
        Partial::Zero => return None,
        Partial::One => flow,
        Partial::MinusOne => b.op(Op::Neg, &[flow]),
        Partial::Times(factor) => b.op(Op::Mul, &[flow, factor]),
        Partial::Over(divisor) => b.op(Op::Div, &[flow, divisor]),
        Partial::When(condition) => {
            let zero = b.constant(0.0);
            b.op(Op::Select, &[condition, flow, zero])
        }
        Partial::Unless(condition) => {
            let zero = b.constant(0.0);
            b.op(Op::Select, &[condition, zero, flow])
        }
    })
}

/// As `apply`, but a (co)tangent of 0 yields 0 whatever the slope is. In a derivative of a derivative
/// that is how what is not asked for stays out: its slope may be infinite, or no number.
pub(crate) fn apply_if_any<B: Build>(
    b: &mut B,
    partial: Partial<B::Id>,
    flow: B::Id,
) -> Option<B::Id> {
    let guarded = matches!(partial, Partial::Times(_) | Partial::Over(_));
    let applied = apply(b, partial, flow)?;
    if !guarded {
        return Some(applied);
    }
    Some(if_any(b, flow, applied))
}

/// `result`, or 0 where `flow` is 0.
pub(crate) fn if_any<B: Build>(b: &mut B, flow: B::Id, result: B::Id) -> B::Id {
    let zero = b.constant(0.0);
    let nothing = b.op(Op::Eq, &[flow, zero]);
    b.op(Op::Select, &[nothing, zero, result])
}

/// The sign of x with sign(0) = 0.
fn sign<B: Build>(b: &mut B, x: B::Id) -> B::Id {
    let (zero, one, minus) = (b.constant(0.0), b.constant(1.0), b.constant(-1.0));
    let (above, below) = (b.op(Op::Gt, &[x, zero]), b.op(Op::Lt, &[x, zero]));
    let rest = b.op(Op::Select, &[below, minus, zero]);
    b.op(Op::Select, &[above, one, rest])
}

fn scaled<B: Build>(b: &mut B, x: B::Id, factor: f64) -> B::Id {
    let factor = b.constant(factor);
    b.op(Op::Mul, &[x, factor])
}

fn shifted<B: Build>(b: &mut B, x: B::Id, by: f64) -> B::Id {
    let by = b.constant(by);
    b.op(Op::Add, &[x, by])
}

/// `(1 - x)(1 + x)`
fn one_minus_square<B: Build>(b: &mut B, x: B::Id) -> B::Id {
    let one = b.constant(1.0);
    let (below, above) = (b.op(Op::Sub, &[one, x]), b.op(Op::Add, &[one, x]));
    b.op(Op::Mul, &[below, above])
}

/// `sqrt((1 - x)(1 + x))`
fn cofunction<B: Build>(b: &mut B, x: B::Id) -> B::Id {
    let square = one_minus_square(b, x);
    b.op(Op::Sqrt, &[square])
}

/// `n x^(n-1)`, with the small exponents written out and `n = 0` a true constant.
fn powi_slope<B: Build>(b: &mut B, x: B::Id, n: B::Id) -> Partial<B::Id> {
    match b.known_integer(n) {
        Some(0) => Partial::Zero,
        Some(1) => Partial::One,
        Some(2) => Partial::Times(scaled(b, x, 2.0)),
        Some(known) => {
            let less = b.integer(known.saturating_sub(1));
            let power = b.op(Op::Powi, &[x, less]);
            Partial::Times(scaled(b, power, f64::from(known)))
        }
        None => {
            let less = b.op(Op::Decrement, &[n]);
            let power = b.op(Op::Powi, &[x, less]);
            let factor = b.op(Op::ToFloat, &[n]);
            let slope = b.op(Op::Mul, &[factor, power]);
            let (none, zero) = (b.integer(0), b.constant(0.0));
            let constant = b.op(Op::Eq, &[n, none]);
            Partial::Times(b.op(Op::Select, &[constant, zero, slope]))
        }
    }
}
