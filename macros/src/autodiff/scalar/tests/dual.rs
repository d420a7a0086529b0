//! Dual numbers: forward mode by the textbook, with derivatives written from the definitions of
//! the operations and not from the rule table, as an oracle for it.

use crate::ir::body::{Body, Node};
use crate::ir::op::Op;

/// A value with its derivative.
#[derive(Clone, Copy)]
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) slope: f64,
}

/// All values of a body with their derivatives in a direction. `None` where `apply` has none.
pub(super) fn run(
    body: &Body,
    inputs: &[Dual],
    apply: &dyn Fn(Op, &[f64]) -> Option<f64>,
) -> Option<Vec<Dual>> {
    let mut duals: Vec<Dual> = Vec::new();
    for (_, node) in body.nodes() {
        let constant = |value: f64| Dual { value, slope: 0.0 };
        duals.push(match node {
            Node::Input(number, _) => *inputs.get(*number)?,
            Node::Float(bits) => constant(f64::from_bits(*bits)),
            Node::Integer(value) => constant(f64::from(*value)),
            Node::Op(op, operands) => {
                let operands: Vec<Dual> = operands.iter().map(|o| duals[o.index()]).collect();
                let values: Vec<f64> = operands.iter().map(|dual| dual.value).collect();
                let value = apply(*op, &values)?;
                let partials = partials(*op, &values);
                let slope = operands.iter().zip(partials).map(|(x, p)| p * x.slope);
                Dual {
                    value,
                    slope: slope.sum(),
                }
            }
        });
    }
    Some(duals)
}

/// The partial derivatives away from kinks, from the values of the operands alone.
fn partials(op: Op, x: &[f64]) -> [f64; 3] {
    let (a, b) = (x[0], x.get(1).copied().unwrap_or(0.0));
    let step = |first: bool| if first { [1.0, 0.0] } else { [0.0, 1.0] };
    let [first, second] = match op {
        Op::Neg => [-1.0, 0.0],
        Op::Abs => [if a > 0.0 { 1.0 } else { -1.0 }, 0.0],
        Op::Exp | Op::ExpM1 => [a.exp(), 0.0],
        Op::Exp2 => [2.0_f64.powf(a) * 2.0_f64.ln(), 0.0],
        Op::Ln => [1.0 / a, 0.0],
        Op::Log2 => [1.0 / (a * 2.0_f64.ln()), 0.0],
        Op::Log10 => [1.0 / (a * 10.0_f64.ln()), 0.0],
        Op::Ln1p => [1.0 / (1.0 + a), 0.0],
        Op::Sqrt => [0.5 * a.powf(-0.5), 0.0],
        Op::Cbrt => [a.abs().powf(-2.0 / 3.0) / 3.0, 0.0],
        Op::Recip => [-a.powi(-2), 0.0],
        Op::Sin => [a.cos(), 0.0],
        Op::Cos => [-a.sin(), 0.0],
        Op::Tan => [a.cos().powi(-2), 0.0],
        Op::Asin => [((1.0 - a) * (1.0 + a)).powf(-0.5), 0.0],
        Op::Acos => [-((1.0 - a) * (1.0 + a)).powf(-0.5), 0.0],
        Op::Atan => [1.0 / (1.0 + a * a), 0.0],
        Op::Sinh => [(a.exp() + (-a).exp()) / 2.0, 0.0],
        Op::Cosh => [(a.exp() - (-a).exp()) / 2.0, 0.0],
        Op::Tanh => [a.cosh().powi(-2), 0.0],
        Op::Asinh => [(a * a + 1.0).powf(-0.5), 0.0],
        Op::Acosh => [((a - 1.0) * (a + 1.0)).powf(-0.5), 0.0],
        Op::Atanh => [1.0 / ((1.0 - a) * (1.0 + a)), 0.0],
        Op::Sigmoid => [(-a).exp() / (1.0 + (-a).exp()).powi(2), 0.0],
        Op::Softplus => [1.0 / (1.0 + (-a).exp()), 0.0],
        Op::Erf => [2.0 / std::f64::consts::PI.sqrt() * (-a * a).exp(), 0.0],
        // No program of the tests computes them.
        Op::Erfc | Op::Erfinv | Op::Lgamma | Op::Digamma => [f64::NAN, 0.0],
        Op::Polygamma | Op::BesselI0e | Op::BesselI1e => [f64::NAN, 0.0],
        Op::Relu => [if a > 0.0 { 1.0 } else { 0.0 }, 0.0],
        Op::Add => [1.0, 1.0],
        Op::Sub => [1.0, -1.0],
        Op::Mul => [b, a],
        Op::Div => [1.0 / b, -a / (b * b)],
        Op::Rem => [1.0, -(a / b).trunc()],
        Op::Powf => [b * a.powf(b - 1.0), a.powf(b) * a.ln()],
        Op::Powi if b == 0.0 => [0.0, 0.0],
        Op::Powi => [b * a.powi(b as i32 - 1), 0.0],
        Op::Atan2 => [b / (a * a + b * b), -a / (a * a + b * b)],
        Op::Hypot => [a / (a * a + b * b).sqrt(), b / (a * a + b * b).sqrt()],
        Op::Max => step(a > b),
        Op::Min => step(a < b),
        Op::Copysign => [if (a > 0.0) == (b > 0.0) { 1.0 } else { -1.0 }, 0.0],
        Op::MulAdd => return [b, a, 1.0],
        Op::Select => return [0.0, a, 1.0 - a],
        Op::Floor | Op::Ceil | Op::Round | Op::Trunc | Op::Signum => [0.0, 0.0],
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne => [0.0, 0.0],
        Op::And | Op::Or | Op::Not | Op::ToFloat | Op::Decrement => [0.0, 0.0],
    };
    [first, second, 0.0]
}
