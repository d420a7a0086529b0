//! A loss of one's own: quantile regression, with a branch and a loop, in plain Rust.
//!
//! `COTANGENT_PRINT=quantile_loss cargo build --example custom_loss` prints the gradient code that
//! the macro makes of it (touch this file first if it was built before).

use cotangent::prelude::*;

/// The mean pinball loss of the line `w[0] + w[1] x` for the quantile `q`: an observation above the
/// line costs `q` per unit, one below it `1 - q`.
#[differentiable(wrt(w))]
fn quantile_loss(w: &[f64], x: &[f64], y: &[f64], q: f64) -> f64 {
    let mut total = 0.0;
    for i in 0..y.len() {
        let residual = y[i] - (w[0] + w[1] * x[i]);
        if residual > 0.0 {
            total += q * residual;
        } else {
            total += (q - 1.0) * residual;
        }
    }
    total / y.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A line with noise that grows along it: its quantiles fan out.
    let x: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0).collect();
    let noise = |i: usize| (i as f64 * 0.618_033_988_75).fract() - 0.5;
    let y: Vec<f64> = x
        .iter()
        .enumerate()
        .map(|(i, x)| 1.0 + 2.0 * x + x * noise(i))
        .collect();

    gradcheck!(quantile_loss, &[0.3, 1.7], &x, &y, 0.9);
    println!("the generated gradient agrees with central differences");

    for q in [0.1, 0.5, 0.9] {
        let mut w = vec![0.0, 0.0];
        let mut optimizer = Adam::new(0.05)
            .schedule(WarmupCosine::new(10, 2000))
            .build(&w)?;
        for _ in 0..2000 {
            let gradient = quantile_loss::grad(&w, &x, &y, q);
            optimizer.step(&mut w, &gradient)?;
        }
        let below = x
            .iter()
            .zip(&y)
            .filter(|(x, y)| **y < w[0] + w[1] * **x)
            .count();
        let loss = quantile_loss(&w, &x, &y, q);
        println!(
            "quantile {q}: y = {:.3} + {:.3} x, loss {loss:.4}, {:.1} % of the points below",
            w[0],
            w[1],
            below as f64 / 2.0
        );
    }
    Ok(())
}
