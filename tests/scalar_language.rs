//! The language of scalar functions, construct by construct: gradients against central
//! differences, at sizes 0, 1, 2, 3 and 7 where there is a size.

#![allow(
    clippy::all,
    reason = "the programs under test are written to have certain forms"
)]

use cotangent::prelude::*;

#[path = "scalar_language/arrays.rs"]
mod arrays;
#[path = "scalar_language/exclusive.rs"]
mod exclusive;
#[path = "scalar_language/exits.rs"]
mod exits;
#[path = "scalar_language/generic.rs"]
mod generic;
#[path = "scalar_language/iterators.rs"]
mod iterators;
#[path = "scalar_language/lists.rs"]
mod lists;
#[path = "scalar_language/losses.rs"]
mod losses;
#[path = "scalar_language/patterns.rs"]
mod patterns;
#[path = "scalar_language/results.rs"]
mod results;
#[path = "scalar_language/views.rs"]
mod views;

/// Values without a pattern, in 0.2..1.8: away from the kinks and poles of the programs.
fn noise(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 0.2 + 1.6 * ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract())
        .collect()
}

/// Central differences of a function of a list.
fn central(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    (0..x.len())
        .map(|i| {
            let at = |step: f64| {
                let mut moved = x.to_vec();
                moved[i] += step;
                f(&moved)
            };
            // Fourth order: with this step its error is far below the tolerance.
            let h = 1e-3;
            (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
        })
        .collect()
}

/// Compares a gradient with differences, relative to the largest entry.
#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(1.0_f64, |m, e| m.max(e.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let near = (f - e).abs() <= 1e-8 * scale;
        assert!(near, "entry {i}: {f}, differences say {e}");
    }
}

/// The sizes at which programs run.
const SIZES: [usize; 5] = [0, 1, 2, 3, 7];
