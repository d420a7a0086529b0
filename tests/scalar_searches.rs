//! Loops that search for a largest or nearest: one turn of them is kept. Compared with the tape and
//! with central differences, where nothing is found, where what is found is read in many ways, and
//! where a loop only looks like a search.

#![allow(
    clippy::needless_range_loop,
    clippy::manual_clamp,
    reason = "the programs under test are written by index"
)]

mod common;

use common::strategies::programs;
use cotangent::prelude::*;

/// Called by programs below.
#[differentiable]
fn gap(a: f64, b: f64) -> f64 {
    (a - b) * (a - b)
}

programs! {
    // The nearest of several points, in a nest.
    fn nearest(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.0;
        for i in 0..x.len() {
            let mut closest = f64::INFINITY;
            for j in 0..y.len() {
                let mut distance = 0.0;
                for c in 0..3 {
                    let difference = x[i] * (c as f64 + 1.0) - y[j] * y[(j + c) % y.len()];
                    distance += difference * difference;
                }
                if distance < closest {
                    closest = distance;
                }
            }
            total += closest.sin() * x[i];
        }
        total
    }

    // The first value counts unless a later one is larger.
    fn largest(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.0;
        if !x.is_empty() {
            let mut largest = x[0] * y[0];
            for i in 1..x.len() {
                if x[i] > largest {
                    largest = x[i] * y[i];
                }
            }
            for i in 0..x.len() {
                sum += (x[i] - largest).exp();
            }
            sum = largest * largest + sum.ln();
        }
        sum
    }

    // What the search starts from stays, and what it finds is squared in place.
    fn nothing_found(x: &[f64], y: &[f64]) -> f64 {
        let mut best = 40.0;
        let mut own = 0.5;
        for i in 0..x.len() {
            own += x[i] * y[i];
        }
        let mut smallest = own * 0.001;
        for i in 0..x.len() {
            if x[i] * y[i] > best {
                best = x[i];
            }
            own *= 1.1;
        }
        for i in 0..x.len() {
            if x[i] * 10.0 < smallest {
                smallest = x[i] * x[i];
            }
        }
        best * best + smallest * smallest * own
    }

    // The index is found too, several values at once, and the branch is the `else` one.
    fn several(x: &[f64], y: &[f64]) -> f64 {
        let mut best = -1.0;
        let mut at = 0;
        let mut other = 0.25;
        let mut pair = [0.1, 0.2];
        for i in 0..x.len() {
            let score = (x[i] * y[i]).sin();
            let double = score * 2.0 + x[i];
            if score <= best {
            } else {
                at = i;
                best = score;
                other = double * y[i];
                pair = [x[i] * score, y[i]];
            }
        }
        let mut sum = best * other + pair[0] * pair[1];
        if !x.is_empty() {
            sum += x[at] * y[at] * other;
        }
        sum
    }

    // Vectors of another length in every turn, and a call.
    fn lists(x: &[f64], y: &[f64]) -> f64 {
        let mut best = 0.0;
        let mut kept = vec![0.5];
        for i in 0..x.len() {
            let mut part = vec![0.0; i + 2];
            for j in 0..part.len() {
                part[j] = x[i] * y[(i + j) % y.len()] + j as f64 * 0.1;
            }
            let away = gap(part[0], part[i + 1]);
            if away > best {
                kept = part.clone();
                best = away;
            }
        }
        let mut sum = best * 0.5;
        for j in 0..kept.len() {
            sum += kept[j] * kept[j] * kept[0];
        }
        sum
    }

    // Backwards, with steps, over an inclusive range; twice with the same variable.
    fn ranges(x: &[f64], y: &[f64]) -> f64 {
        let mut best = 0.1;
        for i in (0..x.len()).rev() {
            if x[i] > best {
                best = x[i] * 0.9;
            }
        }
        let mut sum = best * best;
        for i in (0..y.len()).step_by(2) {
            if y[i] * x[i] > best {
                best = y[i] * x[i];
            }
        }
        sum *= best;
        if !y.is_empty() {
            for i in 1..=y.len() {
                if y[i - 1] < best {
                    best = y[i - 1] * x[i - 1];
                }
            }
        }
        sum + best * best
    }

    // By method, with ties between the first ones.
    fn extrema(x: &[f64], y: &[f64]) -> f64 {
        let mut top: f64 = 0.3;
        let mut low = f64::INFINITY;
        for i in 0..x.len() {
            top = top.max(x[i] * y[i]);
        }
        for i in 0..x.len() {
            let far = (x[i] * 0.5 + y[0]).powi(2);
            low = low.min(far * y[i]);
        }
        let folded = x.iter().map(|v| v * v).fold(0.0, f64::max);
        top * top + folded * top + if low < 1e9 { low * top } else { 0.0 }
    }

    // Searches in the turns of a search.
    fn nested(x: &[f64], y: &[f64]) -> f64 {
        let mut far = 0.0;
        for i in 0..x.len() {
            let mut near = 9.0;
            for j in 0..y.len() {
                let d = gap(x[i], y[j] * 1.7);
                if d < near {
                    near = d;
                }
            }
            if near > far {
                far = near;
            }
        }
        far * far + far
    }

    // Turns that look like those of a search: each reads what was found before.
    fn not_searches(x: &[f64], y: &[f64]) -> f64 {
        let mut best = 0.2;
        let mut sum = 0.0;
        for i in 0..x.len() {
            if x[i] > best {
                best = x[i] * 0.5 + best * 0.6;
            }
        }
        for i in 0..x.len() {
            if y[i] > best * 0.5 {
                best = y[i];
            }
            sum += best * x[i];
        }
        let mut other = 0.4;
        for i in 0..x.len() {
            if x[i] > other {
                other = x[i];
            } else {
                best = y[i];
            }
        }
        let mut pair = [0.1, 0.1];
        for i in 0..x.len() {
            if x[i] > pair[0] {
                pair[i % 2] = x[i];
            }
        }
        sum + best * other * pair[0] + pair[1]
    }

    // Under a branch, in a loop that is a recurrence.
    fn within_a_recurrence(x: &[f64], y: &[f64]) -> f64 {
        let mut state = 0.6;
        let mut best = 0.0;
        for t in 0..3 {
            if t != 1 {
                best = -1.0;
                for i in 0..x.len() {
                    let score = (x[i] * state).sin() * y[i];
                    if score > best {
                        best = score;
                    }
                }
            }
            state = state * 0.7 + best * best * state;
        }
        state
    }
}

/// A tie goes to what was there before, as it does on the tape.
#[test]
fn ties_go_to_the_first() {
    #[differentiable]
    fn top(x: &[f64]) -> f64 {
        let mut top = x[0];
        for i in 1..x.len() {
            top = top.max(x[i]);
        }
        top
    }
    #[differentiable]
    fn later(x: &[f64]) -> f64 {
        let mut top = x[0];
        for i in 1..x.len() {
            if x[i] >= top {
                top = x[i];
            }
        }
        top
    }
    let x = [1.0, 3.0, 2.0, 3.0];
    assert_eq!(top::grad(&x), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(later::grad(&x), [0.0, 0.0, 0.0, 1.0]);
    let x = [f64::NAN, 1.0, 2.0];
    assert_eq!(top::grad(&x), [0.0, 0.0, 1.0]);
}
