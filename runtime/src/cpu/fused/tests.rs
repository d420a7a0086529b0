//! The drivers against naive loops.

use super::*;
use crate::cpu::{Isa, kernel, set_threads, with_isa};

/// `y0 = a * b`, `y1 = a + b`
static TWO: Kernel = kernel! {
    f64, "", "two", "", (a, b) -> (product, sum) { (a * b, a + b) }
};

fn at(index: &[usize], shape: &[usize]) -> usize {
    let lead = index.len() - shape.len();
    shape.iter().enumerate().fold(0, |at, (axis, &size)| {
        at * size + if size == 1 { 0 } else { index[lead + axis] }
    })
}

fn check(domain: &[usize], a: &[usize], b: &[usize], y: [(&[usize], Write); 2]) {
    let values = |shape: &[usize], step: usize| -> Vec<f64> {
        (0..shape.iter().product::<usize>())
            .map(|i| ((i * step) % 11) as f64 - 5.0)
            .collect()
    };
    let (va, vb) = (values(a, 3), values(b, 7));
    let mut expected = y.map(|(shape, write)| {
        let start = values(shape, 5);
        if write == Write::Store {
            vec![0.0; start.len()]
        } else {
            start
        }
    });
    for element in 0..domain.iter().product() {
        let mut rest = element;
        let mut index = vec![0; domain.len()];
        for axis in (0..domain.len()).rev() {
            index[axis] = rest % domain[axis];
            rest /= domain[axis];
        }
        let (x0, x1) = (va[at(&index, a)], vb[at(&index, b)]);
        for (k, value) in [x0 * x1, x0 + x1].into_iter().enumerate() {
            if y[k].1 != Write::Discard {
                expected[k][at(&index, y[k].0)] += value;
            }
        }
    }
    let mut results = y.map(|(shape, _)| values(shape, 5));
    let plan = FusedPlan::new(&TWO, domain, &[a, b], &y);
    let mut scratch = vec![0_u64; plan.scratch_bytes() / 8 + 8];
    let targets = results
        .each_mut()
        .map(|result| result.as_mut_ptr().cast::<u8>());
    // SAFETY: the operands have the planned shapes.
    unsafe {
        plan.run(
            &[va.as_ptr().cast(), vb.as_ptr().cast()],
            &targets,
            scratch.as_mut_ptr().cast(),
        );
    }
    assert_eq!(results, expected, "{domain:?} {a:?} {b:?} {y:?}");
}

#[test]
fn drivers_equal_naive_loops_on_every_instruction_set() {
    use Write::{Accumulate, Discard, Store};
    for &isa in Isa::available() {
        with_isa(isa, || {
            for n in [
                1, 2, 3, 7, 8, 15, 16, 17, 33, 170, 171, 255, 256, 257, 511, 513, 1100,
            ] {
                check(&[n], &[n], &[n], [(&[n], Store), (&[n], Accumulate)]);
                check(&[n], &[n], &[], [(&[n], Store), (&[], Store)]);
                check(&[3, n], &[3, n], &[n], [(&[3, n], Store), (&[n], Store)]);
                check(
                    &[3, n],
                    &[3, 1],
                    &[n],
                    [(&[3, 1], Accumulate), (&[n], Accumulate)],
                );
                check(
                    &[n, 5],
                    &[n, 1],
                    &[n, 5],
                    [(&[n, 1], Store), (&[5], Discard)],
                );
                check(
                    &[2, 3, n],
                    &[2, 1, n],
                    &[3, 1],
                    [(&[2, 3, n], Accumulate), (&[3, 1], Store)],
                );
                check(
                    &[2, 2, n, 3],
                    &[2, 1, n, 1],
                    &[1, 2, 1, 3],
                    [(&[2, 1, n, 3], Accumulate), (&[n, 1], Store)],
                );
            }
            check(&[], &[], &[], [(&[], Store), (&[], Accumulate)]);
            check(&[0, 3], &[0, 3], &[3], [(&[0, 3], Store), (&[3], Store)]);
            check(&[4, 0], &[4, 0], &[], [(&[4, 1], Accumulate), (&[], Store)]);
        });
    }
}

#[test]
fn parts_equal_naive_loops_for_every_number_of_threads() {
    use Write::{Accumulate, Discard, Store};
    let before = threads();
    for count in [1, 2, 3] {
        set_threads(count);
        // Whole numbers below 2^53: every order of their sums is exact.
        let n = 3 * PART + 77;
        check(&[n], &[n], &[n], [(&[n], Store), (&[n], Store)]);
        check(&[n], &[n], &[], [(&[n], Accumulate), (&[], Store)]);
        check(&[n], &[n], &[n], [(&[], Accumulate), (&[], Discard)]);
        let m = n / 700;
        check(
            &[m, 700],
            &[m, 700],
            &[700],
            [(&[m, 700], Store), (&[700], Store)],
        );
        check(
            &[m, 700],
            &[m, 1],
            &[700],
            [(&[m, 700], Accumulate), (&[m, 1], Store)],
        );
        let k = n / 30;
        check(
            &[k, 5, 6],
            &[k, 1, 6],
            &[5, 6],
            [(&[k, 5, 6], Store), (&[5, 1], Accumulate)],
        );
        // More sums than are kept once for each part.
        check(
            &[40, 5000],
            &[40, 5000],
            &[5000],
            [(&[5000], Store), (&[40, 5000], Store)],
        );
    }
    set_threads(before);
}

/// A kernel that is run by ranges, in any order, has the bits of a whole run.
#[test]
fn ranges_in_any_order_make_a_whole_run() {
    use Write::{Accumulate, Discard, Store};
    let before = threads();
    set_threads(1);
    for &isa in Isa::available() {
        with_isa(isa, || {
            for n in [1, 3, 8, 17, 64, 170, 257, 513, 1100] {
                by_ranges(&[n], &[n], &[], [Store, Accumulate]);
                by_ranges(&[5, n], &[5, n], &[n], [Accumulate, Store]);
                by_ranges(&[5, n], &[5, 1], &[n], [Store, Discard]);
                by_ranges(&[9, n], &[9, 1], &[], [Store, Store]);
                by_ranges(&[2, 3, n], &[2, 1, n], &[3, 1], [Store, Store]);
            }
        });
    }
    set_threads(before);
}

fn by_ranges(domain: &[usize], a: &[usize], b: &[usize], writes: [Write; 2]) {
    let values = |shape: &[usize], step: usize| -> Vec<f64> {
        let count = shape.iter().product::<usize>();
        (0..count)
            .map(|i| (i * step + step) as f64 * 0.37)
            .collect()
    };
    let plan = FusedPlan::new(&TWO, domain, &[a, b], &writes.map(|write| (domain, write)));
    assert!(plan.has_ranges());
    let mut scratch = vec![0_u64; plan.scratch_bytes() / 8 + 8];
    let total: usize = domain.iter().product();
    for length in [total, total / 3 + 1, domain[domain.len() - 1], 37, 5] {
        // Other numbers each time, because tiles on the stack may still hold those of the last one.
        let (va, vb) = (values(a, length), values(b, length + 1));
        let inputs = [va.as_ptr().cast(), vb.as_ptr().cast()];
        let [mut whole, mut parts] = [(); 2].map(|()| [values(domain, 5), values(domain, 6)]);
        let targets = whole.each_mut().map(|result| result.as_mut_ptr().cast());
        // SAFETY: the operands have the planned shapes.
        unsafe { plan.run(&inputs, &targets, scratch.as_mut_ptr().cast()) };
        let targets = parts.each_mut().map(|result| result.as_mut_ptr().cast());
        for start in (0..total).step_by(length).rev() {
            // SAFETY: as above; the ranges are parts of the domain.
            unsafe { plan.run_range(&inputs, &targets, start..(start + length).min(total)) };
        }
        assert_eq!(parts, whole, "{domain:?} {a:?} {b:?} by {length}");
    }
    // A sum has no ranges.
    let one = vec![1; domain.len()];
    let summed = [(domain, Write::Store), (&one[..], Write::Store)];
    let plan = FusedPlan::new(&TWO, domain, &[a, b], &summed);
    assert!(total == 1 || !plan.has_ranges());
}
