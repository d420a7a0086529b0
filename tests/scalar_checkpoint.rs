//! `#[checkpoint]` loops: the same gradient as without, in the memory that is stated.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cotangent::prelude::*;

/// Counts the bytes that a thread holds, and the most that it held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    HELD.set(HELD.get() + bytes);
    MOST.set(MOST.get().max(HELD.get()));
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[differentiable]
fn turn(a: f64, b: f64) -> f64 {
    (a * b).sin() + 0.1 * a
}

macro_rules! recurrence {
    ($name:ident $(#[$attribute:meta])*) => {
        /// Carried state of several kinds, an array that is changed in place, an inner loop, a
        /// call, `continue`, and a value that changes after the loop.
        #[differentiable]
        fn $name(x: &[f64], n: usize) -> f64 {
            let mut a = [x[0], x[1], 0.3];
            let mut scale = x[2];
            let mut sum = 0.0;
            let mut count = 0;
            $(#[$attribute])*
            for i in 0..n {
                let old = a[i % 3];
                if i % 5 == 3 {
                    a[0] = a[0] * 0.5 + scale;
                    continue;
                }
                for k in 0..2 {
                    a[k] = turn(a[k], scale) + old * 0.2 + count as f64 * 1e-4;
                }
                a[2] = (a[2] + a[0] * a[1]).cos();
                sum += a[2] * a[0] * x[i % 3];
                count += 1;
            }
            scale = scale * scale + count as f64 * 0.01;
            sum * scale + a[0] * a[1] + a[2]
        }
    };
}

recurrence!(taped);
recurrence!(root #[checkpoint]);
recurrence!(one #[checkpoint(states = 1)]);
recurrence!(three #[checkpoint(states = 3)]);

#[test]
fn checkpointed_loops_have_the_same_gradient() {
    let x = [0.4, -0.7, 0.9];
    for n in [0, 1, 2, 3, 7, 16, 50] {
        let (value, gradient) = taped::value_and_grad(&x, n);
        for (name, found) in [
            ("root", root::value_and_grad(&x, n)),
            ("one", one::value_and_grad(&x, n)),
            ("three", three::value_and_grad(&x, n)),
        ] {
            assert_eq!(found.0, value, "{name}, {n}");
            assert_eq!(found.1, gradient, "{name}, {n}");
        }
        // Second derivatives run from the tape.
        assert_eq!(root::hvp(&x, n, &x), taped::hvp(&x, n, &x));
    }
    gradcheck!(root, &x, 12);
    gradcheck!(three, &x, 12);
}

macro_rules! growing {
    ($name:ident $(#[$attribute:meta])*) => {
        /// What a turn declares has another length in every turn.
        #[differentiable]
        fn $name(x: &[f64], n: usize) -> f64 {
            let mut s = 0.5;
            $(#[$attribute])*
            for i in 0..n {
                let mut row = vec![x[i % 3] * s; i % 5 + 1];
                for k in 0..row.len() {
                    row[k] = (row[k] * s).sin() + x[k % 3];
                }
                s = (s * row[row.len() - 1] * row[0]).cos();
            }
            s
        }
    };
}

growing!(growing_taped);
growing!(growing_root #[checkpoint]);
growing!(growing_one #[checkpoint(states = 1)]);

#[test]
fn what_a_turn_declares_may_change_its_length() {
    let x = [0.4, -0.7, 0.9];
    for n in [0, 1, 2, 3, 7, 16, 50] {
        let expected = growing_taped::value_and_grad(&x, n);
        assert_eq!(growing_root::value_and_grad(&x, n), expected, "{n}");
        assert_eq!(growing_one::value_and_grad(&x, n), expected, "{n}");
    }
    gradcheck!(growing_root, &x, 12);
}

#[derive(Differentiable, Clone, Debug)]
struct Body {
    mass: f64,
    at: Vec<f64>,
}

impl Body {
    #[differentiable]
    fn nudge(&mut self, by: f64) {
        let old = self.mass;
        self.mass = (old * by).cos();
        self.at[1] *= old;
    }

    #[differentiable]
    fn moved(self, by: f64) -> Body {
        Body {
            mass: self.mass + by * self.at[0],
            ..self
        }
    }
}

#[differentiable]
fn shift(v: &mut [f64], by: f64) {
    for i in 0..v.len() {
        v[i] = (v[i] * by).sin();
    }
}

macro_rules! written {
    ($name:ident $(#[$attribute:meta])*) => {
        /// Calls that write their arguments, and a method that consumes its receiver.
        #[differentiable]
        fn $name(x: &[f64]) -> f64 {
            let n = x.len();
            let mut body = Body { mass: x[0], at: vec![x[1], 0.3] };
            let mut b = vec![x[0], 0.4, x[n - 1]];
            for i in 0..3 {
                b.push(x[i].sin());
                $(#[$attribute])*
                for k in 0..4 + n {
                    body.nudge(x[k % n]);
                    shift(&mut b[1..], x[k % n]);
                    let held = body.clone();
                    body = held.moved(b[2]);
                }
            }
            body.mass * body.at[1] + b[1] * b[2]
        }
    };
}

written!(written_taped);
written!(written_root #[checkpoint]);
written!(written_two #[checkpoint(states = 2)]);

#[test]
fn calls_that_write_leave_nothing_behind_when_they_run_again() {
    let x = [0.4, -0.7, 0.9];
    let expected = written_taped::value_and_grad(&x);
    assert_eq!(written_root::value_and_grad(&x), expected);
    assert_eq!(written_two::value_and_grad(&x), expected);
    gradcheck!(written_root, &x);
}

/// A million turns: the tape of all of them would hold some 50 MB.
macro_rules! long {
    ($name:ident $(#[$attribute:meta])*) => {
        #[differentiable]
        fn $name(a: f64, b: f64, n: usize) -> f64 {
            let mut x = a;
            let mut v = b;
            $(#[$attribute])*
            for _ in 0..n {
                v = v * 0.999 - 1e-3 * x.sin();
                x += 1e-3 * v;
            }
            x * x + v
        }
    };
}

long!(pendulum #[checkpoint]);
long!(frugal #[checkpoint(states = 30)]);

/// The most bytes that a gradient of a million turns holds.
fn most(gradient: impl FnOnce() -> (f64, f64) + Send + 'static) -> ((f64, f64), isize) {
    // A thread of its own has a tape of its own.
    let run = move || {
        let before = HELD.get();
        MOST.set(before);
        let gradient = gradient();
        (gradient, MOST.get() - before)
    };
    std::thread::spawn(run).join().expect("no panic")
}

#[test]
fn a_million_turns_fit_into_a_stated_memory() {
    const TURNS: usize = 1_000_000;
    // A thousand states of a few words, and the tape of a thousand turns.
    let (root, bytes) = most(|| pendulum::grad(0.4, 0.1, TURNS));
    assert!(bytes < 300_000, "{bytes} bytes");
    let (few, bytes) = most(|| frugal::grad(0.4, 0.1, TURNS));
    assert!(bytes < 10_000, "{bytes} bytes");
    assert_eq!(root, few);
    // Differences: the whole loop once more.
    let h = 1e-6;
    let slope = (pendulum(0.4 + h, 0.1, TURNS) - pendulum(0.4 - h, 0.1, TURNS)) / (2.0 * h);
    assert!(
        (root.0 - slope).abs() < 1e-6 * slope.abs().max(1.0),
        "{root:?} {slope}"
    );
}

/// What is only added: no adjoint reads it, but the turns that are run again do.
#[differentiable]
fn shifted(x: &[f64]) -> f64 {
    let mut shift = x[0] * x[1];
    let mut s = x[2];
    #[checkpoint]
    for i in 0..9 {
        s = (s * x[i % 3]).sin() + shift;
    }
    shift = s * s;
    s + shift
}

#[test]
fn what_is_only_added_is_there_when_a_turn_runs_again() {
    gradcheck!(shifted, &[0.3, 0.7, 0.9]);
}
