//! A small LSTM that predicts the next character of a text, bit by bit.

use cotangent::prelude::*;
use serde_json::Value;

use super::input::numbers;
use super::task::{Task, task, unknown};

/// The mean negative log-likelihood of a sequence of characters of `b` bits. A layer has `8 b`
/// numbers of `main`: weights of the gates forget, in, out and change, then their biases; and `2 b`
/// of `state`: hidden, then cell. `extra` holds the weights of the input and the weights and biases
/// of the output.
#[differentiable(wrt(main, extra))]
pub(crate) fn loss(main: &[f64], extra: &[f64], state: &[f64], sequence: &[f64], b: usize) -> f64 {
    let layers = state.len() / (2 * b);
    let characters = sequence.len() / b;
    let mut hidden = vec![0.0; layers * b];
    let mut cell = vec![0.0; layers * b];
    for k in 0..layers {
        for i in 0..b {
            hidden[k * b + i] = state[2 * k * b + i];
            cell[k * b + i] = state[2 * k * b + b + i];
        }
    }
    let mut total = 0.0;
    let mut signal = vec![0.0; b];
    for t in 0..characters - 1 {
        for i in 0..b {
            signal[i] = sequence[t * b + i] * extra[i];
        }
        for k in 0..layers {
            let at = k * b;
            let w = 8 * k * b;
            for i in 0..b {
                let forget = sigmoid(signal[i] * main[w + i] + main[w + 4 * b + i]);
                let ingate = sigmoid(hidden[at + i] * main[w + b + i] + main[w + 5 * b + i]);
                let outgate = sigmoid(signal[i] * main[w + 2 * b + i] + main[w + 6 * b + i]);
                let change = (hidden[at + i] * main[w + 3 * b + i] + main[w + 7 * b + i]).tanh();
                let next = cell[at + i] * forget + ingate * change;
                cell[at + i] = next;
                let out = outgate * next.tanh();
                hidden[at + i] = out;
                signal[i] = out;
            }
        }
        let mut sum = 2.0;
        for i in 0..b {
            sum += (signal[i] * extra[b + i] + extra[2 * b + i]).exp();
        }
        let log = sum.ln();
        for i in 0..b {
            let predicted = signal[i] * extra[b + i] + extra[2 * b + i];
            total += sequence[(t + 1) * b + i] * (predicted - log);
        }
    }
    -total / ((characters - 1) as f64 * b as f64)
}

struct State {
    main: Vec<f64>,
    extra: Vec<f64>,
    state: Vec<f64>,
    sequence: Vec<f64>,
    b: usize,
    value: f64,
    gradient: (Vec<f64>, Vec<f64>),
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let state = State {
        main: numbers(input, "main_params")?,
        extra: numbers(input, "extra_params")?,
        state: numbers(input, "state")?,
        sequence: numbers(input, "sequence")?,
        b: input["sequence"][0].as_array().map_or(0, Vec::len),
        value: 0.0,
        gradient: Default::default(),
    };
    let b = state.b;
    let fits = b > 0
        && state.extra.len() == 3 * b
        && state.main.len() == 4 * state.state.len()
        && state.state.len().is_multiple_of(2 * b)
        && state.sequence.len() >= 2 * b;
    if !fits {
        return Err("the sizes of the parameters, the state and the sequence do not fit".to_string());
    }
    match function {
        "objective" => task(
            state,
            |s| s.value = loss(&s.main, &s.extra, &s.state, &s.sequence, s.b),
            |s| s.value.into(),
        ),
        "jacobian" => task(
            state,
            |s| {
                s.value = loss::value_and_grad_into(
                    &s.main,
                    &s.extra,
                    &s.state,
                    &s.sequence,
                    s.b,
                    &mut s.gradient,
                );
            },
            |s| [s.gradient.0.as_slice(), &s.gradient.1].concat().into(),
        ),
        _ => unknown("lstm", function),
    }
}
