//! Every kernel and every way of blocking against the naive sum.

use super::*;
use crate::cpu::{Isa, with_isa};
use crate::{Element, Float};

mod stored;

/// Small integers, whose products and sums are exact in every order.
fn whole(len: usize, step: usize) -> Vec<f64> {
    (0..len).map(|i| ((i * step) % 13) as f64 - 6.0).collect()
}

/// Compares a product with the naive sum. Untouched results start as NaN where they are replaced.
fn check<T: Float + Tiles>(m: usize, n: usize, k: usize, ta: bool, tb: bool, write: Write) {
    check_of::<T, T, T>(m, n, k, ta, tb, write);
}

/// As `check`, for operands that are stored as `A` and `B`.
fn check_of<A, B, T>(m: usize, n: usize, k: usize, ta: bool, tb: bool, write: Write)
where
    A: Element<Compute = T>,
    B: Element<Compute = T>,
    T: Float + Tiles,
{
    let to = |values: &[f64]| values.iter().map(|&v| T::from_f64(v)).collect::<Vec<T>>();
    let (a, b) = (whole(m * k, 5), whole(k * n, 7));
    let start = whole(m * n, 3);
    let mut expected = if write == Write::Store {
        vec![0.0; m * n]
    } else {
        start.clone()
    };
    for i in 0..m {
        for j in 0..n {
            for d in 0..k {
                let left = if ta { a[d * m + i] } else { a[i * k + d] };
                let right = if tb { b[j * k + d] } else { b[d * n + j] };
                expected[i * n + j] += left * right;
            }
        }
    }
    let shape = |rows, columns, swap| {
        if swap {
            [columns, rows]
        } else {
            [rows, columns]
        }
    };
    let mut plan = GemmPlan::new(
        T::DTYPE,
        &shape(m, k, ta),
        ta,
        &shape(k, n, tb),
        tb,
        &[m, n],
        write,
    );
    for (operand, dtype) in [A::DTYPE, B::DTYPE].into_iter().enumerate() {
        if dtype != T::DTYPE {
            plan.store(operand, dtype);
        }
    }
    let mut c = to(&start);
    if write == Write::Store {
        c.fill(T::from_f64(f64::NAN));
    }
    let (a, b) = (A::stored(to(&a).into()), B::stored(to(&b).into()));
    run(&plan, &a, &b, &mut c);
    assert_eq!(
        c,
        to(&expected),
        "{plan} of {} and {}, transposed {ta} {tb}",
        A::DTYPE,
        B::DTYPE
    );
}

/// Runs a plan with scratch space that is as large as the plan says, and full of NaN.
fn run<A, B, T: Float + Tiles>(plan: &GemmPlan, a: &[A], b: &[B], c: &mut [T]) {
    let mut scratch = vec![T::from_f64(f64::NAN); plan.scratch_bytes() / size_of::<T>()];
    // SAFETY: the callers plan for the shapes of these operands; no kernel needs alignment.
    unsafe {
        plan.run(
            a.as_ptr().cast(),
            b.as_ptr().cast(),
            c.as_mut_ptr().cast(),
            scratch.as_mut_ptr().cast(),
        );
    }
}

const TRANSPOSES: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

#[test]
fn products_equal_the_naive_sum_on_every_instruction_set() {
    for &isa in Isa::available() {
        with_isa(isa, || {
            for (m, n, k) in [
                (0, 3, 2),
                (2, 0, 2),
                (2, 3, 0),
                (1, 1, 1),
                (3, 5, 7),
                (12, 32, 4),
                (13, 33, 9),
                (64, 10, 64),
                (17, 31, 300),
                (200, 40, 3),
                (5, 1030, 2),
                (1, 65, 127),
                (65, 1, 31),
                (127, 1, 600),
            ] {
                for (ta, tb) in TRANSPOSES {
                    for write in [Write::Store, Write::Accumulate] {
                        check::<f32>(m, n, k, ta, tb, write);
                        check::<f64>(m, n, k, ta, tb, write);
                    }
                }
            }
        });
    }
}

#[test]
fn every_size_around_a_tile_is_right() {
    let sizes = [
        1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65,
    ];
    for &isa in Isa::available() {
        with_isa(isa, || {
            for m in sizes {
                for n in sizes {
                    let (ta, tb) = TRANSPOSES[(m + n) % 4];
                    check::<f32>(m, n, 9, ta, tb, Write::Store);
                    check::<f64>(m, n, 5, ta, !tb, Write::Accumulate);
                }
            }
            for k in [1, 2, 15, 16, 17, 63, 64, 65, 127, 513, 1025] {
                for (ta, tb) in TRANSPOSES {
                    check::<f32>(4, 3, k, ta, tb, Write::Store);
                    check::<f32>(14, 70, k, ta, tb, Write::Accumulate);
                    check::<f64>(1, 9, k, ta, tb, Write::Store);
                }
            }
            // Several blocks of the right operand, in place and packed; crowded left rows, and ones that are
            // far away.
            for (ta, tb) in [(false, false), (true, true)] {
                check::<f32>(5, 700, 1100, ta, tb, Write::Store);
                check::<f64>(13, 40, 2048, ta, tb, Write::Accumulate);
            }
            check::<f32>(100, 130, 520, false, false, Write::Store);
            check::<f32>(5, 1030, 1100, false, true, Write::Store);
        });
    }
}

/// Left operands whose strips are copied while the next one is fetched: both layouts, a last block of a
/// strip that is no whole cache line, two blocks of the depth, and panels that share uneven lines.
#[test]
fn far_left_operands_are_right() {
    for &isa in Isa::available() {
        with_isa(isa, || {
            for (ta, tb) in TRANSPOSES {
                check::<f32>(600, 33, 1051, ta, tb, Write::Accumulate);
                check::<f64>(270, 17, 1030, ta, tb, Write::Store);
            }
            // No panels of wide tiles span this one.
            check::<f32>(520, 140, 1051, false, false, Write::Store);
        });
    }
    let product = |m, k| {
        GemmPlan::new(
            DType::F32,
            &[m, k],
            false,
            &[k, 140],
            false,
            &[m, 140],
            Write::Store,
        )
        .schedule
    };
    let packs = |m, k| product(m, k).packed.0 > 0;
    assert!(
        packs(600, 1051) && !packs(100, 1051),
        "by the size of the left operand"
    );
}

fn batched(a: &[usize], b: &[usize], output: &[usize], ta: bool) -> GemmPlan {
    GemmPlan::new(DType::F64, a, ta, b, false, output, Write::Store)
}

#[test]
fn batches_broadcast_and_sum() {
    // [2, 1, 2] by [2, 1]: the right operand serves both products, which become one.
    let (a, b) = ([1.0, 2.0, 3.0, 4.0], [10.0, 1.0]);
    let mut c = [0.0; 2];
    let plan = batched(&[2, 1, 2], &[2, 1], &[2, 1, 1], false);
    assert_eq!(plan.batch.len(), 1);
    run(&plan, &a, &b, &mut c);
    assert_eq!(c, [12.0, 34.0]);
    // An output without the batch receives the sum over it.
    let mut sum = [0.0; 1];
    run(
        &batched(&[2, 1, 2], &[2, 1], &[1, 1], false),
        &a,
        &b,
        &mut sum,
    );
    assert_eq!(sum, [46.0]);
}

#[test]
fn a_sum_over_a_batch_is_one_longer_product() {
    let a: Vec<f64> = whole(3 * 4 * 5, 5);
    let b: Vec<f64> = whole(3 * 4 * 6, 7);
    let plan = batched(&[3, 4, 5], &[3, 4, 6], &[5, 6], true);
    assert_eq!((plan.batch.len(), plan.product.k), (1, 12));
    let mut c = vec![f64::NAN; 30];
    run(&plan, &a, &b, &mut c);
    for i in 0..5 {
        for j in 0..6 {
            let want: f64 = (0..12).map(|d| a[d * 5 + i] * b[d * 6 + j]).sum();
            assert_eq!(c[i * 6 + j], want);
        }
    }
}

#[test]
fn different_left_operands_stay_a_batch() {
    // Transposed left operands don't lie in a row.
    let (a, b) = (whole(2 * 3 * 2, 5), whole(3 * 4, 7));
    let plan = batched(&[2, 3, 2], &[3, 4], &[2, 2, 4], true);
    assert_eq!(plan.batch.len(), 2);
    let mut c = vec![f64::NAN; 16];
    run(&plan, &a, &b, &mut c);
    for (index, &got) in c.iter().enumerate() {
        let (p, i, j) = (index / 8, index / 4 % 2, index % 4);
        let want: f64 = (0..3).map(|d| a[p * 6 + d * 2 + i] * b[d * 4 + j]).sum();
        assert_eq!(got, want);
    }
}

#[test]
fn every_number_of_threads_gives_the_same_digits() {
    let (m, n, k) = (131, 260, 330);
    let a: Vec<f32> = (0..m * k)
        .map(|i| (i as f32 * 0.618).fract() - 0.5)
        .collect();
    let b: Vec<f32> = (0..k * n)
        .map(|i| (i as f32 * 0.414).fract() - 0.5)
        .collect();
    for transposed in [false, true] {
        let shape = if transposed { [n, k] } else { [k, n] };
        let results = [1, 2, 3, 7].map(|count| {
            let mut plan = GemmPlan::new(
                DType::F32,
                &[m, k],
                false,
                &shape,
                transposed,
                &[m, n],
                Write::Store,
            );
            plan.schedule = Schedule::of::<f32>(&plan.product, count);
            let mut c = vec![f32::NAN; m * n];
            run(&plan, &a, &b, &mut c);
            c
        });
        assert!(results.iter().all(|result| *result == results[0]));
        let want: f64 = (0..k)
            .map(|d| {
                let right = if transposed {
                    b[5 * k + d]
                } else {
                    b[d * n + 5]
                };
                f64::from(a[7 * k + d]) * f64::from(right)
            })
            .sum();
        assert!((f64::from(results[0][7 * n + 5]) - want).abs() < 1e-5);
    }
    let small = batched(&[32, 32], &[32, 32], &[32, 32], false);
    assert_eq!(
        small.schedule.parts, 1,
        "small products never wake a thread"
    );
}

/// Every result is handed over once, after all of its products, in ranges that lie in a row or are whole rows.
#[test]
fn results_are_finished_once_when_they_are_done() {
    let cases: [(&[usize], &[usize], &[usize]); 9] = [
        (&[5, 3], &[3, 4], &[5, 4]),
        // Several strips and blocks of columns, and several blocks of the depth.
        (&[130, 9], &[9, 40], &[130, 40]),
        (&[14, 1100], &[1100, 1100], &[14, 1100]),
        (&[3, 7], &[7, 1], &[3, 1]),
        // Distinct results, shared ones, and a broadcast operand.
        (&[3, 4, 5], &[3, 5, 6], &[3, 4, 6]),
        (&[3, 4, 5], &[3, 5, 6], &[4, 6]),
        (&[2, 1, 2], &[2, 1], &[2, 1, 1]),
        // Sums of nothing, and no results.
        (&[2, 0], &[0, 3], &[2, 3]),
        (&[0, 2], &[2, 3], &[0, 3]),
    ];
    for (a_shape, b_shape, c_shape) in cases {
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let (a, b) = (whole(size(a_shape), 5), whole(size(b_shape), 7));
        for threads in [1, 3] {
            let mut plan = batched(a_shape, b_shape, c_shape, false);
            let columns = c_shape[c_shape.len() - 1];
            let mut plain = vec![f64::NAN; size(c_shape)];
            run(&plan, &a, &b, &mut plain);
            if plan.batch.len() == 1 {
                plan.schedule = Schedule::of::<f64>(&plan.product, threads);
            }
            let mut scratch = vec![f64::NAN; plan.scratch_bytes() / 8];
            let mut c = vec![f64::NAN; size(c_shape)];
            let results = c.as_mut_ptr() as usize;
            let finish = |range: Range<usize>| {
                let in_a_row = range.start / columns == (range.end - 1) / columns;
                assert!(in_a_row || (range.start % columns, range.end % columns) == (0, 0));
                for at in range {
                    // SAFETY: a result of this range, which nobody else touches now.
                    unsafe { *(results as *mut f64).add(at) += 0.5 * at as f64 + 1.0 };
                }
            };
            // SAFETY: the plan is for the shapes of these operands; no kernel needs alignment.
            unsafe {
                plan.run_with(
                    a.as_ptr().cast(),
                    b.as_ptr().cast(),
                    c.as_mut_ptr().cast(),
                    scratch.as_mut_ptr().cast(),
                    Some(&finish),
                );
            }
            for (at, (finished, plain)) in c.iter().zip(&plain).enumerate() {
                assert_eq!(*finished, plain + 0.5 * at as f64 + 1.0, "{a_shape:?} {at}");
            }
        }
    }
}

/// A right operand that stays is packed by the first run alone, and what does not fit is packed by each.
#[test]
fn a_repeated_product_is_that_of_its_operands() {
    for &isa in Isa::available() {
        with_isa(isa, || {
            for [m, k, n] in [
                [5, 7, 9],
                [32, 40, 70],
                [1, 6, 3],
                [0, 2, 2],
                [3, 0, 2],
                [3, 9, 1100],
                [2, 600, 1100],
            ] {
                let b = whole(k * n, 7);
                let product = Multiply::new([m, k, n], (k, 1), (n, 1), n).repeated();
                let mut scratch = vec![f64::NAN; product.scratch::<f64>()];
                for again in [false, true, true] {
                    let a = whole(m * k, if again { 3 } else { 5 });
                    let mut c = vec![2.0; m * n];
                    product.run_again(again, &a, &b, &mut c, &mut scratch, true);
                    for (at, &got) in c.iter().enumerate() {
                        let (i, j) = (at / n, at % n);
                        let sum: f64 = (0..k).map(|d| a[i * k + d] * b[d * n + j]).sum();
                        assert_eq!(got, 2.0 + sum, "{m}x{k}x{n} {isa:?}");
                    }
                }
            }
        });
    }
}
