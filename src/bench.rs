//! Benchmarks of your own functions (feature `bench`): what a gradient costs, beside the function that
//! it is the gradient of.
//!
//! ```no_run
//! use cotangent::bench::{Allocations, Criterion, criterion_group, criterion_main, gradient};
//! use cotangent::prelude::*;
//!
//! // Without this line allocations are not counted.
//! #[global_allocator]
//! static ALLOCATOR: Allocations = Allocations;
//!
//! #[differentiable(wrt(w))]
//! fn loss(w: &[f64], x: &[f64]) -> f64 {
//!     w.iter().zip(x).map(|(w, x)| softplus(w * x)).sum()
//! }
//!
//! fn losses(c: &mut Criterion) {
//!     let (w, x) = (vec![0.3; 1000], vec![1.5; 1000]);
//!     let mut grads = vec![0.0; 1000];
//!     gradient(c, "loss", || loss(&w, &x), || loss::value_and_grad_into(&w, &x, &mut grads));
//! }
//!
//! criterion_group!(benches, losses);
//! criterion_main!(benches);
//! ```
//!
//! is a bench target of your crate (`harness = false`), and prints beside criterion's own figures
//!
//! ```text
//! loss: primal 5.12 us, gradient 8.03 us, ratio 1.57, allocations 0 and 0
//! ```

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

pub use criterion::{self, Criterion, criterion_group, criterion_main};

pub use cotangent_runtime::Allocations;

/// What was measured of a function and its gradient.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cost {
    /// The name of the group.
    pub name: String,
    /// Time of a call of the function: the median over criterion's samples.
    pub primal: Duration,
    /// Time of a call of its gradient.
    pub gradient: Duration,
    /// How often a call of either allocates once it has run before, if [`Allocations`] is the
    /// global allocator.
    pub allocations: Option<(usize, usize)>,
}

impl Cost {
    /// How many times the function a gradient costs.
    pub fn ratio(&self) -> f64 {
        self.gradient.as_secs_f64() / self.primal.as_secs_f64()
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
        write!(
            f,
            "{}: primal {:.3} us, gradient {:.3} us, ratio {:.2}, ",
            self.name,
            microseconds(self.primal),
            microseconds(self.gradient),
            self.ratio()
        )?;
        match self.allocations {
            Some((primal, gradient)) => write!(f, "allocations {primal} and {gradient}"),
            None => write!(
                f,
                "allocations not counted: `cotangent::bench::Allocations` is not the global allocator"
            ),
        }
    }
}

/// Measures a function and its gradient as a criterion group of that name, with the benchmarks
/// `primal` and `gradient`, and prints both times, their ratio and how often each allocates. Yields
/// what it printed; nothing where criterion was told to run only one of the two.
pub fn gradient<P, G>(
    c: &mut Criterion,
    name: &str,
    mut primal: impl FnMut() -> P,
    mut gradient: impl FnMut() -> G,
) -> Option<Cost> {
    let mut group = c.benchmark_group(name);
    let mut sample = |of: &str, run: &mut dyn FnMut()| {
        let mut times = Vec::new();
        group.bench_function(of, |bencher| {
            bencher.iter_custom(|calls| {
                let start = Instant::now();
                (0..calls).for_each(|_| run());
                let time = start.elapsed();
                times.push(time / u32::try_from(calls).unwrap_or(u32::MAX));
                time
            });
        });
        times.sort();
        times.get(times.len() / 2).copied()
    };
    let of_primal = sample("primal", &mut || drop(black_box(primal())));
    let of_gradient = sample("gradient", &mut || drop(black_box(gradient())));
    group.finish();
    let cost = Cost {
        name: name.to_string(),
        primal: of_primal?,
        gradient: of_gradient?,
        allocations: Allocations::are_counted().then(|| {
            let primal = Allocations::during(|| drop(black_box(primal()))).1;
            (
                primal,
                Allocations::during(|| drop(black_box(gradient()))).1,
            )
        }),
    };
    println!("{cost}");
    Some(cost)
}
