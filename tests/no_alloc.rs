//! A bound program and the gradient of a scalar function allocate nothing: counted by the
//! allocator of this test binary.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::noise;
use cotangent::prelude::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are allocated now, and the most that were since this was set.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        LIVE.set(LIVE.get() + layout.size().cast_signed());
        MOST.set(MOST.get().max(LIVE.get()));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size().cast_signed());
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Differentiable, Clone)]
struct Net {
    layers: Vec<Tensor<f64>>,
    bias: Option<Tensor<f64>>,
}

#[differentiable(wrt(net))]
fn loss(net: &Net, x: &Tensor<f64>, labels: &Tensor<u32>, weight: f64) -> f64 {
    let mut h = x.clone();
    for w in &net.layers {
        h = h.matmul(w).tanh();
    }
    if let Some(b) = &net.bias {
        h += b;
    }
    h.cross_entropy(labels).mean() * weight
}

/// Layers of which nothing inside is kept.
#[differentiable(wrt(net))]
fn frugal(net: &Net, x: &Tensor<f64>) -> f64 {
    let mut h = x.clone();
    #[checkpoint]
    for w in &net.layers {
        h = (h.matmul(w).tanh().matmul(w).sigmoid().matmul(w) + &h).tanh();
    }
    h.square().mean()
}

/// The same, with all that the backward pass reads kept.
#[differentiable(wrt(net))]
fn lavish(net: &Net, x: &Tensor<f64>) -> f64 {
    let mut h = x.clone();
    for w in &net.layers {
        h = (h.matmul(w).tanh().matmul(w).sigmoid().matmul(w) + &h).tanh();
    }
    h.square().mean()
}

#[test]
fn what_is_computed_again_is_not_allocated() {
    let net = Net {
        layers: (0..8).map(|k| noise(&[8, 8], k)).collect(),
        bias: None,
    };
    let x = noise(&[4096, 8], 4);
    let allocated = |bind: &mut dyn FnMut() -> usize| {
        let before = LIVE.get();
        MOST.set(before);
        (bind(), (MOST.get() - before).unsigned_abs())
    };
    let held = |report: cotangent::Report<'_>| report.peak() + report.scratch();
    let (lavish_held, lavish_bytes) =
        allocated(&mut || held(lavish::bind(&net, &x).unwrap().report()));
    let (frugal_held, frugal_bytes) =
        allocated(&mut || held(frugal::bind(&net, &x).unwrap().report()));
    let budget = (lavish_held + frugal_held) / 2;
    let (fitted_held, fitted_bytes) =
        allocated(&mut || held(lavish::bind_within(&net, &x, budget).unwrap().report()));
    assert!(
        frugal_held * 2 < lavish_held,
        "{frugal_held} of {lavish_held} bytes"
    );
    assert!(fitted_held <= budget);
    // What is allocated beside the values, for plans and gradients, is small here.
    for (bytes, held) in [
        (frugal_bytes, frugal_held),
        (lavish_bytes, lavish_held),
        (fitted_bytes, fitted_held),
    ] {
        assert!(
            (held..held + 500_000).contains(&bytes),
            "{bytes} bytes for {held}"
        );
    }
}

#[test]
fn a_call_after_bind_allocates_nothing() {
    let net = Net {
        layers: vec![noise(&[3, 5], 1), noise(&[5, 4], 2)],
        bias: Some(noise(&[4], 3)),
    };
    let x = noise(&[6, 3], 4);
    let labels = Tensor::from_vec(&[6], vec![0, 1, 2, 3, 0, 1]).unwrap();
    let mut program = loss::bind(&net, &x, &labels, 1.0).unwrap();
    // The first call sizes the lists of pointers.
    program.value_and_grad(&net, &x, &labels, 1.0).unwrap();
    let before = ALLOCATIONS.get();
    for weight in [0.5, 1.0, 2.0] {
        let (value, gradient) = program.value_and_grad(&net, &x, &labels, weight).unwrap();
        assert!(value.is_finite() && gradient.layers[0].data()[0] != 0.0);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    // The counter counts.
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}

#[differentiable(wrt(w))]
fn rounded(w: &Tensor<bf16>, x: &Tensor<bf16>, labels: &Tensor<u32>) -> f32 {
    x.matmul(w).cross_entropy(labels).mean()
}

#[test]
fn a_training_step_of_half_parameters_allocates_nothing() {
    let (mut w, x) = (
        Tensor::full(&[9, 30], bf16::ONE),
        Tensor::full(&[4, 9], bf16::ONE),
    );
    let labels = Tensor::from_vec(&[4], vec![0, 1, 2, 3]).unwrap();
    let mut program = rounded::bind(&w, &x, &labels).unwrap();
    let mut optimizer = Adam::new(0.1).build(&w).unwrap();
    let mut before = 0;
    for step in 0..4 {
        let (_, gradient) = program.value_and_grad(&w, &x, &labels).unwrap();
        optimizer.step(&mut w, gradient).unwrap();
        // The first call sizes the lists of pointers.
        if step == 0 {
            before = ALLOCATIONS.get();
        }
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(w.data().iter().all(|w| *w != bf16::ONE));
}

#[differentiable(wrt(words))]
fn similarity(words: &Embedding<f32>, a: &Tensor<u32>, b: &Tensor<u32>) -> f32 {
    (words.bag(a, Bag::Mean) * words.lookup(b)).sum()
}

#[test]
fn a_lookup_in_a_table_of_a_million_rows_allocates_for_the_rows_alone() {
    let mut words = Embedding::new(Tensor::full(&[1_000_000, 16], 0.5_f32));
    let mut state = 1_u32;
    let mut random = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % 1_000_000
    };
    let a = Tensor::from_fn(&[32, 4], &mut random);
    let b = Tensor::from_fn(&[32], &mut random);
    let before = BYTES.get();
    let mut program = similarity::bind(&words, &a, &b).unwrap();
    program.value_and_grad(&words, &a, &b).unwrap();
    // 160 rows of 16 floats are 10 KB, the table is 64 MB.
    let bytes = BYTES.get() - before;
    assert!(bytes < 200_000, "{bytes}");
    // The moments are as large as the table; a step has room for the rows, and makes it once.
    let mut optimizer = Adam::new(0.1).build(&words).unwrap();
    let mut before = (BYTES.get(), ALLOCATIONS.get());
    for step in 0..4 {
        let (_, gradient) = program.value_and_grad(&words, &a, &b).unwrap();
        assert!(gradient.rows().unwrap().len() <= 160);
        optimizer.step(&mut words, gradient).unwrap();
        if step == 0 {
            let bytes = BYTES.get() - before.0;
            assert!(bytes < 200_000, "{bytes}");
            before.1 = ALLOCATIONS.get();
        }
    }
    let before = before.1;
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[differentiable]
fn rosenbrock(x: [f64; 4]) -> f64 {
    let mut s = 0.0;
    for i in 0..3 {
        s += 100.0 * (x[i + 1] - x[i] * x[i]).powi(2) + (1.0 - x[i]).powi(2);
    }
    s
}

#[differentiable]
fn recurrence(x: &[f64], y: &[f64]) -> f64 {
    let mut state = [0.1, 0.2, 0.3, 0.4];
    let mut total = 0.0;
    for i in 0..x.len() {
        state[i % 4] = (state[(i + 1) % 4] * x[i]).tanh() + y[i];
        if total > 100.0 {
            break;
        }
        total += rosenbrock(state);
    }
    total
}

#[test]
fn scalar_gradients_allocate_nothing_after_the_first_call() {
    let x: Vec<f64> = (0..50).map(|i| (i as f64 * 0.7).sin()).collect();
    let y: Vec<f64> = (0..50).map(|i| (i as f64 * 0.3).cos()).collect();
    let mut grads = (Vec::new(), Vec::new());
    // The first calls grow the tape and the vectors of the gradient.
    let first = recurrence::value_and_grad_into(&x, &y, &mut grads);
    let expected = grads.clone();
    rosenbrock::grad([0.3, 0.5, -0.2, 0.9]);
    let before = ALLOCATIONS.get();
    for _ in 0..3 {
        let value = recurrence::value_and_grad_into(&x, &y, &mut grads);
        assert!(value == first && grads == expected);
        let (_, gradient) = rosenbrock::value_and_grad([0.3, 0.5, -0.2, 0.9]);
        assert_ne!(gradient[0], 0.0);
    }
    // Shorter inputs need less.
    recurrence::value_and_grad_into(&x[..7], &y[..7], &mut grads);
    assert_eq!(grads.0.len(), 7);
    assert_eq!(ALLOCATIONS.get() - before, 0);
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}
