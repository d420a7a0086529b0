//! Recurrent layers against the formulas written as loops, and their cotangents against central
//! differences of those loops, on every instruction set.

use super::*;
use crate::cpu::{Isa, with_isa};

fn noise(len: usize, seed: usize) -> Vec<f64> {
    let value = |i: usize| ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract();
    (0..len).map(|i| value(i) * 2.0 - 1.0).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Products of the inputs, recurrent weights, their bias, initial hidden state and cell.
type Operands = [Vec<f64>; 5];

/// The hidden states by the formulas.
fn hidden(size: Sequence, lstm: bool, [a, w, bias, h0, c0]: &Operands) -> Vec<f64> {
    let Sequence {
        steps,
        batch,
        width,
    } = size;
    let gates = if lstm { 4 } else { 3 };
    let (mut h, mut c, mut all) = (h0.clone(), c0.clone(), Vec::new());
    for t in 0..steps {
        let before = h.clone();
        for n in 0..batch {
            for j in 0..width {
                let input = |g: usize| a[((t * batch + n) * gates + g) * width + j];
                let product = |g: usize| {
                    let column = g * width + j;
                    let start = bias.get(column).copied().unwrap_or(0.0);
                    (0..width).fold(start, |sum, k| {
                        sum + before[n * width + k] * w[k * gates * width + column]
                    })
                };
                let gate = |g: usize| input(g) + product(g);
                let at = n * width + j;
                if lstm {
                    c[at] = sigmoid(gate(1)) * c[at] + sigmoid(gate(0)) * gate(2).tanh();
                    h[at] = sigmoid(gate(3)) * c[at].tanh();
                } else {
                    let (r, z) = (sigmoid(gate(0)), sigmoid(gate(1)));
                    let m = (input(2) + r * product(2)).tanh();
                    h[at] = (1.0 - z) * m + z * before[at];
                }
            }
        }
        all.extend_from_slice(&h);
    }
    all
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    let close = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
    assert!(close, "{found}, expected {expected}");
}

/// Compares hidden states and the cotangents of all operands.
fn check<C: Cell>(size: Sequence, lstm: bool) {
    let Sequence {
        steps,
        batch,
        width,
    } = size;
    let (gates, state) = (C::GATES * width, batch * width);
    let bias = if lstm { Vec::new() } else { noise(gates, 3) };
    let cell = if lstm { noise(state, 5) } else { Vec::new() };
    let operands: Operands = [
        noise(steps * batch * gates, 1),
        noise(width * gates, 2),
        bias,
        noise(state, 4),
        cell,
    ];
    let [a, w, bias, h0, c0] = &operands;
    let expected = hidden(size, lstm, &operands);

    let memory = |bytes: usize| vec![f64::NAN; bytes / 8];
    let mut states = vec![f64::NAN; C::STATES * steps * state];
    let mut work = memory(size.forward_scratch::<f64, C>());
    size.forward::<f64, C>(
        a,
        (w, bias),
        (h0, c0),
        &mut states,
        Workspace::new(&mut work),
    );
    let found = &states[(C::STATES - 1) * steps * state..];
    found
        .iter()
        .zip(&expected)
        .for_each(|(&found, &expected)| near(found, expected, 1e-13));

    let dh = noise(steps * state, 6);
    let row = C::FLOWS * width;
    let mut flows = vec![f64::NAN; (steps + 1) * batch * row];
    let mut work = memory(size.backward_scratch::<f64, C>());
    size.backward::<f64, C>(
        &states,
        w,
        (h0, c0),
        &dh,
        &mut flows,
        Workspace::new(&mut work),
    );
    let mut dw = vec![f64::NAN; w.len()];
    let mut work = memory(size.weight_scratch::<f64, C>());
    size.weight::<f64, C>(&states, h0, &flows, &mut dw, Workspace::new(&mut work));

    let slope = |operand: usize, element: usize| {
        let at = |step: f64| {
            let mut moved = operands.clone();
            moved[operand][element] += step;
            let h = hidden(size, lstm, &moved);
            h.iter().zip(&dh).map(|(h, dh)| h * dh).sum::<f64>()
        };
        (at(1e-5) - at(-1e-5)) / 2e-5
    };
    // Differences at this step are right to about 1e-10.
    let tolerance = 1e-8;
    for element in 0..a.len() {
        let (line, gate, j) = (element / gates, element % gates / width, element % width);
        let flow = if lstm { gate } else { [1, 2, 0][gate] };
        near(
            flows[line * row + flow * width + j],
            slope(0, element),
            tolerance,
        );
    }
    (0..w.len()).for_each(|element| near(dw[element], slope(1, element), tolerance));
    for element in 0..state {
        let last = (steps * batch + element / width) * row + element % width;
        near(flows[last], slope(3, element), tolerance);
        if lstm {
            near(flows[last + width], slope(4, element), tolerance);
        }
    }
    for element in 0..bias.len() {
        let lines = flows[..steps * batch * row].chunks_exact(row);
        let sum: f64 = lines.map(|line| line[row - gates + element]).sum();
        near(sum, slope(2, element), tolerance);
    }
}

#[test]
fn recurrent_layers_equal_their_formulas_and_differences_on_every_instruction_set() {
    for &isa in Isa::available() {
        with_isa(isa, || {
            for (steps, batch, width) in [(1, 1, 1), (2, 3, 5), (3, 2, 17), (0, 2, 3), (2, 0, 3)] {
                let size = Sequence {
                    steps,
                    batch,
                    width,
                };
                check::<Lstm>(size, true);
                check::<Gru>(size, false);
            }
        });
    }
}
