//! A bound program allocates nothing: counted by the allocator of this test binary.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::noise;
use cotangent::prelude::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
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
        h = h + b;
    }
    h.cross_entropy(labels).mean() * weight
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
