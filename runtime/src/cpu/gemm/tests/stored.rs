//! Operands that are stored as two-byte floats or rounded to them, against the naive sum, and against the product
//! of widened operands.

use super::*;
use crate::cpu::with_precision;
use crate::{bf16, f16};

/// Shapes with rest rows, columns and depths, few rows, few columns, a long sum, and several blocks.
const UNEVEN: [(usize, usize, usize); 13] = [
    (1, 1, 1),
    (1, 65, 127),
    (65, 1, 31),
    (3, 5, 7),
    (4, 70, 33),
    (12, 32, 16),
    (13, 33, 9),
    (16, 16, 17),
    (40, 47, 64),
    (17, 31, 300),
    (3, 300, 600),
    (17, 16, 2049),
    (130, 40, 33),
];

#[test]
fn operands_of_two_bytes_are_widened_where_they_are_read() {
    for &isa in Isa::available() {
        with_isa(isa, || {
            for (m, n, k) in UNEVEN {
                for (ta, tb) in TRANSPOSES {
                    check_of::<bf16, f32, f32>(m, n, k, ta, tb, Write::Store);
                    check_of::<f16, f16, f32>(m, n, k, ta, tb, Write::Accumulate);
                }
                check_of::<f32, bf16, f32>(m, n, k, false, false, Write::Store);
                check_of::<bf16, f16, f32>(m, n, k, true, true, Write::Store);
            }
        });
    }
}

/// Sums of products that are no whole numbers have the digits of widened operands, for every number of
/// threads.
#[test]
fn widening_changes_no_digit() {
    let noise = |len: usize, by: f32| (0..len).map(|i| (i as f32 * by).fract() - 0.5).collect();
    for &isa in Isa::available() {
        with_isa(isa, || {
            for (m, n, k) in UNEVEN {
                for (ta, tb) in TRANSPOSES {
                    let (a, b): (Vec<f32>, Vec<f32>) = (noise(m * k, 0.618), noise(k * n, 0.414));
                    let (a, b) = (bf16::stored(a.into()), f16::stored(b.into()));
                    let order = |rows, columns, swap| {
                        if swap {
                            [columns, rows]
                        } else {
                            [rows, columns]
                        }
                    };
                    let (left, right) = (order(m, k, ta), order(k, n, tb));
                    let (f32, store) = (DType::F32, Write::Store);
                    let plain = GemmPlan::new(f32, &left, ta, &right, tb, &[m, n], store);
                    let mut expected = vec![f32::NAN; m * n];
                    let wide = (bf16::computed(&a), f16::computed(&b));
                    run(&plain, &wide.0, &wide.1, &mut expected);
                    let mut plan = plain.clone();
                    plan.store(0, DType::Bf16);
                    plan.store(1, DType::F16);
                    for threads in [1, 3] {
                        plan.schedule = Schedule::of::<f32>(&plan.product, threads);
                        let mut c = vec![f32::NAN; m * n];
                        run(&plan, &a, &b, &mut c);
                        assert_eq!(c, expected, "{plan} {ta} {tb} {isa:?} {threads}");
                    }
                }
            }
        });
    }
}

#[test]
fn products_of_pairs_equal_the_naive_sum() {
    with_precision(Precision::Bf16, || {
        for (m, n, k) in UNEVEN {
            for (ta, tb) in TRANSPOSES {
                check::<f32>(m, n, k, ta, tb, Write::Store);
                check::<f32>(m, n, k, ta, tb, Write::Accumulate);
                check_of::<bf16, f16, f32>(m, n, k, ta, tb, Write::Store);
            }
            check::<f64>(m, n, k, false, false, Write::Store);
        }
    });
}

/// The error of rounded operands is what the documentation says, and they are rounded where the machine can.
#[test]
fn rounded_operands_stay_within_the_bound() {
    let (m, n, k) = (70, 90, 501);
    let noise = |len: usize, by: f64| (0..len).map(|i| (i as f64 * by).fract() - 0.4).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = (noise(m * k, 0.618), noise(k * n, 0.414));
    let single = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let plan = with_precision(Precision::Bf16, || {
        GemmPlan::new(
            DType::F32,
            &[m, k],
            false,
            &[k, n],
            false,
            &[m, n],
            Write::Store,
        )
    });
    let mut c = vec![f32::NAN; m * n];
    run(&plan, &single(&a), &single(&b), &mut c);
    let mut worst = 0.0_f64;
    for (at, &got) in c.iter().enumerate() {
        let terms = (0..k).map(|d| a[at / n * k + d] * b[d * n + at % n]);
        let (sum, magnitude) = terms.fold((0.0, 0.0), |(sum, magnitude), term: f64| {
            (sum + term, magnitude + term.abs())
        });
        worst = worst.max((f64::from(got) - sum).abs() / magnitude);
    }
    let bound = 2_f64.powi(-7) + 2_f64.powi(-16) + k as f64 * 2_f64.powi(-23);
    assert!(worst <= bound, "{worst}");
    if kernels::multiplies_pairs(isa()) {
        // Rounding to 8 bits shows.
        assert!(plan.product.pairs && worst > 1e-5, "{worst}");
        assert!(plan.to_string().ends_with("rounded to bf16"));
    } else {
        assert!(!plan.product.pairs);
    }
}
