//! A step allocates nothing, whatever the rule and what is composed with it: counted by the allocator
//! of this test binary.

#[macro_use]
mod common;
#[path = "common/compositions.rs"]
mod compositions;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::complete;
use compositions::{CLIPS, CONSTRAINTS, TRANSFORMS};
use cotangent_optimizers::*;
use cotangent_runtime::{Leaves, Path, Tensor};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is the one `System` wants.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` through `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A long vector, matrices of one shape and of others, a stack of matrices, short vectors and a
/// number.
type Model = (Vec<f64>, Vec<Tensor<f32>>, Vec<Tensor<f64>>, Vec<f64>, f64);

fn model() -> Model {
    let single = |shape: &[usize]| Tensor::from_fn(shape, |i| (i as f32 * 0.7).sin());
    let double = |shape: &[usize]| Tensor::from_fn(shape, |i| (i as f64 * 0.3).cos());
    (
        vec![1.0; 80],
        vec![single(&[6, 40]), single(&[40, 6]), single(&[6, 40])],
        vec![double(&[30, 30]), double(&[2, 3, 4]), double(&[3])],
        vec![0.5; 3],
        0.25,
    )
}

/// Steps that follow the first ones allocate nothing; every second one of the rules with an interval
/// makes new roots or bases.
fn check<R: TensorRule>(builder: OptimizerBuilder<R>) -> &'static str {
    let mut model = model();
    let mut grads = model.clone();
    grads.leaves_mut(&Path::Root, &mut |_, mut leaf| {
        leaf.data.update(|x| (3.0 * x).sin() + 0.1);
    });
    let mut optimizer = builder.build(&model).unwrap();
    let input = StepInput::default().loss(1.0);
    optimizer.step_with(&mut model, &grads, input).unwrap();
    let before = ALLOCATIONS.get();
    for _ in 0..5 {
        let report = optimizer.step_with(&mut model, &grads, input).unwrap();
        assert!(report.applied());
    }
    assert_eq!(ALLOCATIONS.get(), before, "{}", R::NAME);
    R::NAME
}

#[test]
fn a_step_of_every_rule_allocates_nothing() {
    macro_rules! visit {
        ($($name:ident: $builder:expr;)*) => {
            complete([$(check($builder)),*])
        };
    }
    every_rule!(visit);
    // The counter counts.
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(ALLOCATIONS.get(), before + 1);
}

#[test]
fn what_is_composed_with_a_rule_allocates_nothing() {
    check(
        AdamW::new(0.1)
            .clip_global_norm(0.1)
            .schedule(OneCycle::new(10)),
    );
    let global = [
        Clip::Global {
            limit: 0.1,
            eps: 0.0,
            norm: Norm::One,
        },
        Clip::Global {
            limit: 0.1,
            eps: 0.0,
            norm: Norm::Max,
        },
    ];
    for clip in CLIPS.into_iter().chain(global) {
        check(Sgd::new(0.1).momentum(0.9).clip(clip));
    }
    let noise = Transform::Noise {
        eta: 0.1,
        gamma: 0.5,
        seed: 1,
    };
    for transform in TRANSFORMS.into_iter().chain([noise]) {
        check(Adam::new(0.1).transform(transform).proximal_l1(0.1));
    }
    let between = Constraint::MinMaxNorm {
        least: 0.1,
        most: 1.0,
        pull: 0.5,
        axis: 0,
    };
    for constraint in CONSTRAINTS.into_iter().chain([between]) {
        check(Adam::new(0.1).constraint(constraint));
    }
    check(Adam::new(0.1).group("1.*", |group| group.rate_factor(0.1).no_decay()));
    check(
        Sgd::new(0.1)
            .l1(0.1)
            .l2(0.1)
            .bounds(-1.0, 1.0)
            .freeze("2.0"),
    );
}
