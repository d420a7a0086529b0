//! The rule table under random straight-line programs: the adjoint that the compiler derives, run
//! by an interpreter, against dual numbers and central differences of the program itself.

mod dual;

use super::adjoint;
use crate::ir::body::{Body, Node, ValueId};
use crate::ir::composite::{self, Composite};
use crate::ir::op::{Build, Kind, Op};
use crate::ir::scalar::{Leaf, Place, SlotId, Value};

const INPUTS: usize = 3;
const PROGRAMS: u64 = 4000;

/// Relative to the largest derivative on the way: both sides round, and formulas such as
/// `(1 - x^2)^-1/2` lose digits near the ends of their domain.
const DUAL_TOLERANCE: f64 = 1e-9;

/// A generator of Marsaglia's kind (xorshift64*): the tests need no more, and it never changes.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    /// Uniform between -2 and 2.
    fn float(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 18) - 2.0
    }
}

/// Operations whose values the tests do not compute themselves.
const SPECIAL: [Op; 8] = [
    Op::Erf,
    Op::Erfc,
    Op::Erfinv,
    Op::Lgamma,
    Op::Digamma,
    Op::Polygamma,
    Op::BesselI0e,
    Op::BesselI1e,
];

/// Booleans are 1 and 0, integers are floats. `None` where the value is too close to a kink, or
/// too large, for differences to say anything.
fn apply(op: Op, x: &[f64]) -> Option<f64> {
    let far = |a: f64| (a.abs() > 1e-3).then_some(a);
    let value = match op {
        Op::Neg => -x[0],
        Op::Abs => far(x[0])?.abs(),
        Op::Exp => x[0].exp(),
        Op::Exp2 => x[0].exp2(),
        Op::ExpM1 => x[0].exp_m1(),
        Op::Ln => x[0].ln(),
        Op::Log2 => x[0].log2(),
        Op::Log10 => x[0].log10(),
        Op::Ln1p => x[0].ln_1p(),
        Op::Sqrt => far(x[0])?.sqrt(),
        Op::Cbrt => far(x[0])?.cbrt(),
        Op::Recip => far(x[0])?.recip(),
        Op::Sin => x[0].sin(),
        Op::Cos => x[0].cos(),
        Op::Tan => x[0].tan(),
        Op::Asin => x[0].asin(),
        Op::Acos => x[0].acos(),
        Op::Atan => x[0].atan(),
        Op::Sinh => x[0].sinh(),
        Op::Cosh => x[0].cosh(),
        Op::Tanh => x[0].tanh(),
        Op::Asinh => x[0].asinh(),
        Op::Acosh => x[0].acosh(),
        Op::Atanh => x[0].atanh(),
        Op::Sigmoid => 1.0 / (1.0 + (-x[0]).exp()),
        Op::Softplus => x[0].exp().ln_1p(),
        Op::Relu => far(x[0])?.max(0.0),
        // These need series of their own; golden cases cover them.
        Op::Erf | Op::Erfc | Op::Erfinv | Op::Lgamma => return None,
        Op::Digamma | Op::Polygamma | Op::BesselI0e | Op::BesselI1e => return None,
        Op::Floor => far(x[0] - x[0].round()).map(|_| x[0].floor())?,
        Op::Ceil => far(x[0] - x[0].round()).map(|_| x[0].ceil())?,
        Op::Round => far(x[0] - x[0].floor() - 0.5).map(|_| x[0].round())?,
        Op::Trunc => far(x[0] - x[0].round()).map(|_| x[0].trunc())?,
        Op::Signum => far(x[0])?.signum(),
        Op::Add => x[0] + x[1],
        Op::Sub => x[0] - x[1],
        Op::Mul => x[0] * x[1],
        Op::Div => x[0] / far(x[1])?,
        Op::Rem => {
            let quotient = x[0] / far(x[1])?;
            far(quotient - quotient.round()).map(|_| x[0] % x[1])?
        }
        // A negative base has no derivative by the exponent.
        Op::Powf => (x[0] > 1e-3).then(|| x[0].powf(x[1]))?,
        Op::Powi => x[0].powi(x[1] as i32),
        Op::Atan2 => x[0].atan2(far(x[1])?),
        Op::Hypot => far(x[0].hypot(x[1]))?,
        Op::Max => far(x[0] - x[1]).map(|_| x[0].max(x[1]))?,
        Op::Min => far(x[0] - x[1]).map(|_| x[0].min(x[1]))?,
        Op::Copysign => x[0].copysign(far(x[1])?),
        Op::MulAdd => x[0].mul_add(x[1], x[2]),
        Op::Select => [x[2], x[1]][usize::from(x[0] != 0.0)],
        Op::Lt => f64::from(far(x[0] - x[1]).map(|d| d < 0.0)?),
        Op::Gt => f64::from(far(x[0] - x[1]).map(|d| d > 0.0)?),
        Op::Le => f64::from(x[0] <= x[1]),
        Op::Ge => f64::from(x[0] >= x[1]),
        Op::Eq => f64::from(x[0] == x[1]),
        Op::Ne => f64::from(x[0] != x[1]),
        Op::And => x[0] * x[1],
        Op::Or => x[0].max(x[1]),
        Op::Not => 1.0 - x[0],
        Op::ToFloat => x[0],
        Op::Decrement => x[0] - 1.0,
    };
    Some(value)
}

/// All values of a body; the operations of adjoint code may stand at a kink (`lenient`).
fn run(body: &Body, inputs: &[f64], lenient: bool) -> Option<Vec<f64>> {
    let mut values: Vec<f64> = Vec::new();
    for (_, node) in body.nodes() {
        values.push(match node {
            Node::Input(number, _) => inputs.get(*number).copied().unwrap_or(f64::NAN),
            Node::Float(bits) => f64::from_bits(*bits),
            Node::Integer(value) => f64::from(*value),
            Node::Op(op, operands) => {
                let operands: Vec<f64> = operands.iter().map(|o| values[o.index()]).collect();
                match (op, lenient) {
                    (Op::Lt, true) => f64::from(operands[0] < operands[1]),
                    (Op::Gt, true) => f64::from(operands[0] > operands[1]),
                    (Op::Div, true) => operands[0] / operands[1],
                    (_, true) => apply(*op, &operands).unwrap_or(f64::NAN),
                    (_, false) => apply(*op, &operands)?,
                }
            }
        });
    }
    Some(values)
}

/// A random program over `INPUTS` inputs with every intermediate of moderate size at `point`.
fn program(random: &mut Random, point: &[f64], used: &mut [usize]) -> Value {
    let mut body = Body::default();
    let mut floats: Vec<ValueId> = (0..INPUTS).map(|n| body.input(n, Kind::Float)).collect();
    while floats.len() < INPUTS + 6 {
        let mut trial = body.clone();
        let pick = |random: &mut Random| floats[random.below(floats.len())];
        let operands = [pick(random), pick(random), pick(random)];
        let number = random.below(Op::ALL.len() + Composite::ALL.len());
        let made = match Op::ALL.get(number) {
            Some(Op::Select) => {
                let condition = trial.op(Op::Lt, &operands[..2]);
                trial.op(Op::Select, &[condition, operands[1], operands[2]])
            }
            Some(Op::Powi) => {
                let exponent = trial.integer(random.below(7) as i32 - 3);
                trial.op(Op::Powi, &[operands[0], exponent])
            }
            Some(op) if op.kind() == Kind::Float && *op != Op::ToFloat => {
                trial.op(*op, &operands[..op.arity()])
            }
            Some(_) => continue,
            None => {
                let composite = Composite::ALL[number - Op::ALL.len()];
                composite::expand(&mut trial, composite, &operands[..composite.arity()])
            }
        };
        let Some(values) = run(&trial, point, false) else {
            continue;
        };
        if values
            .iter()
            .all(|value| value.is_finite() && value.abs() < 20.0)
        {
            used[number] += 1;
            floats.push(made);
            body = trial;
        }
    }
    let result = floats[floats.len() - 1];
    let leaves = (0..INPUTS)
        .map(|n| {
            let place = Some(Place::whole(SlotId(n as u32)));
            Leaf {
                tokens: Default::default(),
                reads: Vec::new(),
                place,
            }
        })
        .collect();
    Value {
        tokens: Default::default(),
        body,
        result,
        leaves,
        flows: Vec::new(),
    }
}

#[test]
fn random_programs_agree_with_duals_and_differences() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut used = vec![0; Op::ALL.len() + Composite::ALL.len()];
    let (mut compared, mut dual_compared) = (0, 0);
    for number in 0..PROGRAMS {
        let point: Vec<f64> = (0..INPUTS).map(|_| random.float()).collect();
        let mut value = program(&mut random, &point, &mut used);
        let primal = value.body.clone();
        adjoint::reverse(&mut value, &|_| true);
        let mut inputs = point.clone();
        inputs.push(1.0);
        let Some(values) = run(&value.body, &inputs, true) else {
            continue;
        };
        for input in 0..INPUTS {
            let found = value
                .flows
                .iter()
                .find(|(leaf, _)| *leaf == input)
                .map_or(0.0, |(_, id)| values[id.index()]);
            let seeded = |(at, &value): (usize, &f64)| {
                let slope = f64::from(u8::from(at == input));
                dual::Dual { value, slope }
            };
            let duals: Vec<_> = point.iter().enumerate().map(seeded).collect();
            if let Some(duals) = dual::run(&primal, &duals, &apply) {
                // At the end of a domain the textbook says 0 * inf.
                let finite = duals.iter().all(|d| d.slope.is_finite());
                let largest = duals.iter().fold(1.0, |size, d| d.slope.abs().max(size));
                let exact = duals[value.result.index()].slope;
                if finite && largest < 1e6 {
                    dual_compared += 1;
                    assert!(
                        (found - exact).abs() < DUAL_TOLERANCE * largest,
                        "program {number}, input {input}: adjoint {found}, dual {exact}, at \
                         {point:?}\n{primal}"
                    );
                }
            }
            let at = |step: f64| {
                let mut moved = point.clone();
                moved[input] += step;
                run(&primal, &moved, false).map(|values| values[value.result.index()])
            };
            let slope = |h: f64| Some((at(h)? - at(-h)?) / (2.0 * h));
            // Two steps that disagree say that differences are worth nothing here.
            let (Some(coarse), Some(fine)) = (slope(2e-6), slope(1e-6)) else {
                continue;
            };
            let scale = fine.abs().max(1.0);
            let trusted = (coarse - fine).abs() < 1e-6 * scale;
            if !trusted {
                continue;
            }
            compared += 1;
            assert!(
                (found - fine).abs() < 1e-5 * scale,
                "program {number}, input {input}: adjoint {found}, differences {fine}, at \
                 {point:?}\n{primal}"
            );
        }
    }
    assert!(compared > 2 * PROGRAMS, "only {compared} comparisons");
    assert!(dual_compared > 2 * PROGRAMS, "only {dual_compared} duals");
    let absent: Vec<&str> = Op::ALL
        .iter()
        .filter(|op| op.kind() == Kind::Float && **op != Op::ToFloat && !SPECIAL.contains(op))
        .filter(|op| used[Op::ALL.iter().position(|other| other == *op).unwrap_or(0)] == 0)
        .map(|op| op.name())
        .collect();
    assert!(absent.is_empty(), "never generated: {absent:?}");
    println!("random programs: {compared} comparisons, {dual_compared} with duals, {used:?}");
}
