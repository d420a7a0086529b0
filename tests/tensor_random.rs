//! Random graphs: the same values as the eager functions, gradients as by differences, and the same
//! bits for any number of threads, with what is computed again or within a byte budget, and with all
//! memory poisoned behind every step.
//!
//! Each function runs a list of instructions, so that its graph is another one for every list.

#![allow(
    clippy::ptr_arg,
    reason = "a vector of tensors is what is bound, and its length is a part of the plan"
)]

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;
use cotangent::set_threads;

/// The operation of an instruction on two values, of which each has the shape of `full` or size 1 in
/// some axes; so has the result.
#[differentiable]
fn operation(op: usize, a: &Tensor<f64>, b: &Tensor<f64>, full: &Tensor<f64>) -> Tensor<f64> {
    match op {
        0 => a + b,
        1 => a * b,
        2 => a - b * 0.5,
        3 => a / (b.square() + 1.0),
        4 => (a * b + full).tanh(),
        5 => a.sigmoid(),
        6 => a.sum_axis_keep(0).tanh(),
        7 => b.sum_axis_keep(1).sin(),
        8 => (a + b).sum_axis_keep([0, 1]).cos(),
        9 => (a + full).softmax(),
        10 => ((a + full).matmul(&(b + full).t())).matmul(full).tanh(),
        11 => (a + full).t().flip(0).t(),
        12 => (a + full).cumsum(1).sin(),
        13 => (a + full).concat(&[&(b + full)], 0).sum_axis_keep(0).tanh(),
        14 => a.maximum(b).silu(),
        15 => (a + full).roll(0, 1) * b,
        16 => a.logsumexp_axis_keep(1),
        17 => a.hypot(b) * a.greater(b),
        // Views: read by kernels and products, handed on, added to, needed in a row.
        19 => {
            let row = (a + full).t().reshape(&[-1]);
            let (m, n) = (full.shape()[0] as i64, full.shape()[1] as i64);
            row.reshape(&[m, n]).sin()
        }
        20 => {
            let wide = (a + full)
                .unsqueeze(0)
                .broadcast_to(&[3, full.shape()[0], full.shape()[1]]);
            let rows = wide.slice(0, 1..).permute(&[1, 0, 2]).index_axis(1, 1);
            let product = rows.swap_axes(0, 1).matmul(&(b + full));
            a + product.sum_axis_keep(0).tanh()
        }
        21 => {
            let both = (a + full).concat(&[&(b * 0.5 + full)], 1);
            let half = both.slice_step(1, .., 2).slice_step(1, .., -1);
            (half * 0.3).sin() + both.t().slice(0, ..full.shape()[1]).t()
        }
        _ => (a + full).log_softmax().t().t(),
    }
}

macro_rules! interpreter {
    ($name:ident $(#[$attribute:meta])?) => {
        #[differentiable(wrt(inputs))]
        fn $name(inputs: &Vec<Tensor<f64>>, code: &Vec<[usize; 3]>) -> f64 {
            let mut values = inputs.clone();
            $(#[$attribute])?
            for k in 0..code.len() {
                let [op, a, b] = code[k];
                let value = operation(op, &values[a], &values[b], &inputs[0]);
                values.push(value);
            }
            let mut total = values[0].sum();
            for k in 0..values.len() {
                total += values[k].sum() * (0.3 + 0.1 * (k as f64));
            }
            total
        }
    };
}

interpreter!(run);
interpreter!(frugal #[checkpoint]);

/// A generator of numbers without a pattern.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Inputs and a list of `length` instructions.
fn program(
    seed: u64,
    length: usize,
    (m, n): (usize, usize),
) -> (Vec<Tensor<f64>>, Vec<[usize; 3]>) {
    let mut random = Random(seed);
    let shapes = [[m, n], [m, 1], [1, n], [1, 1], [m, n]];
    let inputs: Vec<Tensor<f64>> = shapes
        .iter()
        .enumerate()
        .map(|(k, shape)| noise(shape, seed as usize * 10 + k))
        .collect();
    let code = (0..length)
        .map(|k| {
            // Mostly recent values, so that graphs are deep.
            let known = inputs.len() + k;
            let mut operand = || match random.below(3) {
                0 => random.below(known),
                _ => known - 1 - random.below(known.min(4)),
            };
            let (a, b) = (operand(), operand());
            [random.below(22), a, b]
        })
        .collect();
    (inputs, code)
}

/// The bits of a value and of its gradient.
fn bits(value: f64, gradient: &[Tensor<f64>]) -> Vec<u64> {
    let elements = gradient.iter().flat_map(|leaf| leaf.data());
    std::iter::once(&value)
        .chain(elements)
        .map(|x| x.to_bits())
        .collect()
}

/// The bits that a program yields with all free memory filled by NaN.
macro_rules! poisoned {
    ($program:expr, $inputs:expr, $code:expr) => {{
        let mut program = $program;
        program.__poison(0xff);
        let (value, gradient) = program.value_and_grad($inputs, $code).unwrap();
        bits(value, gradient)
    }};
}

const SIZES: [usize; 6] = [0, 1, 2, 63, 64, 65];

#[test]
fn random_graphs_yield_what_the_eager_functions_yield() {
    for seed in 0..72 {
        let shape = (SIZES[seed as usize % 6], SIZES[seed as usize / 6 % 6]);
        let (inputs, code) = program(seed, 6 + seed as usize % 9, shape);
        let eager = run(&inputs, &code);
        let mut bound = run::bind(&inputs, &code).unwrap();
        let (value, gradient) = bound.value_and_grad(&inputs, &code).unwrap();
        assert!(
            value == eager || (value - eager).abs() <= 1e-10 * eager.abs().max(1.0),
            "{shape:?} {code:?}: {value} and eagerly {eager}"
        );
        let expected = bits(value, gradient);
        let what = || format!("{shape:?} {code:?}");
        assert_eq!(
            poisoned!(bound, &inputs, &code),
            expected,
            "poisoned: {}",
            what()
        );
        let again = frugal::bind(&inputs, &code).unwrap();
        assert_eq!(
            poisoned!(again, &inputs, &code),
            expected,
            "computed again: {}",
            what()
        );
        let least = match run::bind_within(&inputs, &code, 0) {
            Err(Error::Budget { least, .. }) => least,
            other => panic!("no budget of 0 bytes can be kept: {other:?}"),
        };
        let small = run::bind_within(&inputs, &code, least).unwrap();
        assert!(small.report().peak() + small.report().scratch() <= least);
        assert_eq!(
            poisoned!(small, &inputs, &code),
            expected,
            "{least} bytes: {}",
            what()
        );
    }
}

#[test]
fn random_graphs_have_the_gradients_of_differences() {
    for seed in 100..130 {
        let shape = (
            [1, 2, 3, 5][seed as usize % 4],
            [1, 2, 4][seed as usize % 3],
        );
        let (inputs, mut code) = program(seed, 8, shape);
        // Without what has kinks.
        code.retain(|[op, ..]| ![14, 17].contains(op));
        code.iter_mut().enumerate().for_each(|(k, [_, a, b])| {
            (*a, *b) = ((*a).min(4 + k), (*b).min(4 + k));
        });
        let (_, gradient) = run::value_and_grad(&inputs, &code).unwrap();
        check_gradient(&inputs, &gradient, |inputs| run(inputs, &code));
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let before = cotangent::threads();
    for seed in 200..202 {
        let (inputs, code) = program(seed, 6, [(260, 520), (520, 257)][seed as usize % 2]);
        let results = [1, 2].map(|count| {
            set_threads(count);
            let mut bound = run::bind(&inputs, &code).unwrap();
            let (value, gradient) = bound.value_and_grad(&inputs, &code).unwrap();
            bits(value, gradient)
        });
        assert!(results[0] == results[1], "{code:?}");
    }
    set_threads(before);
}
