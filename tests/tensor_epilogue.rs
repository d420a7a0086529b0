//! What follows a matrix product elementwise runs on its results while they are in the cache, in the
//! same step: the plan says so, the bits are those of two steps, and no free memory is read.

mod common;

use common::noise;
use cotangent::prelude::*;
use cotangent::set_threads;

#[derive(Differentiable, Clone)]
struct Layer {
    w: Tensor<f64>,
    b: Tensor<f64>,
}

/// A bias and an activation, a residual with a factor per row, and a product whose result is read twice.
#[differentiable(wrt(layer, x))]
fn layers(layer: &Layer, x: &Tensor<f64>, row: &Tensor<f64>, flag: bool) -> f64 {
    let pre = x.matmul(&layer.w) + &layer.b;
    let h = if flag { pre.relu() } else { pre.tanh() };
    let again = x.matmul(&layer.w);
    let more = (&again + &h) * row;
    (more.sigmoid() + again).square().mean()
}

fn layer(k: usize, n: usize, batch: &[usize]) -> Layer {
    Layer {
        w: noise(&[batch, &[k, n]].concat(), 1),
        b: noise(&[n], 2),
    }
}

/// The bits of the value and of both gradients, and the number of epilogues of the plan.
macro_rules! run {
    ($program:expr, $layer:expr, $x:expr, $row:expr, $flag:expr) => {{
        let mut program = $program.unwrap();
        program.__poison(0xff);
        let (value, (dl, dx)) = program.value_and_grad($layer, $x, $row, $flag).unwrap();
        let leaves = [&dl.w, &dl.b, dx];
        let data = leaves.into_iter().flat_map(|leaf| leaf.data().to_vec());
        let bits: Vec<u64> = std::iter::once(value)
            .chain(data)
            .map(f64::to_bits)
            .collect();
        (
            bits,
            program.report().to_string().matches(" then fused ").count(),
        )
    }};
}

#[test]
fn an_epilogue_has_the_bits_of_a_step_of_its_own() {
    let before = cotangent::threads();
    // Wide, tall, one row, one column, odd, a batch.
    let cases: [(&[usize], usize, usize, usize); 6] = [
        (&[], 65, 33, 63),
        (&[], 130, 5, 257),
        (&[], 1, 7, 4097),
        (&[], 4097, 3, 1),
        (&[], 20, 600, 530),
        (&[3], 41, 20, 50),
    ];
    for (batch, m, k, n) in cases {
        for flag in [true, false] {
            let layer = &layer(k, n, batch);
            let x = &noise(&[batch, &[m, k]].concat(), 3);
            let row = &noise(&[m, 1], 4);
            let mut known: Option<Vec<u64>> = None;
            for threads in [1, 2] {
                set_threads(threads);
                let (joined, some) = run!(layers::bind(layer, x, row, flag), layer, x, row, flag);
                // Within a budget every step stands alone.
                let apart = layers::bind_within(layer, x, row, flag, 1 << 30);
                let (apart, none) = run!(apart, layer, x, row, flag);
                assert!(some > 0, "no epilogue for {batch:?} {m} {k} {n}");
                assert_eq!(none, 0);
                assert!(joined == apart, "{batch:?} {m} {k} {n}, {threads} threads");
                let first = known.get_or_insert(joined.clone());
                assert!(*first == joined, "{batch:?} {m} {k} {n}, {threads} threads");
            }
            let eager = layers(layer, x, row, flag);
            let value = f64::from_bits(known.unwrap()[0]);
            assert!((value - eager).abs() < 1e-12 * eager.abs().max(1.0));
        }
    }
    set_threads(before);
}

#[test]
fn a_product_that_fits_into_a_cache_keeps_its_step() {
    let (layer, x, row) = (layer(3, 4, &[]), noise(&[5, 3], 1), noise(&[5, 1], 2));
    let program = layers::bind(&layer, &x, &row, true).unwrap();
    assert!(!program.report().to_string().contains(" then fused "));
}

/// A bias in one region, an activation in another.
#[differentiable(wrt(layer))]
fn apart(layer: &Layer, x: &Tensor<f64>, active: bool) -> f64 {
    let mut h = x.matmul(&layer.w) + &layer.b;
    if active {
        h = h.relu();
    }
    h.square().mean()
}

#[test]
fn what_follows_in_other_regions_joins_too() {
    let (layer, x) = (layer(30, 70, &[]), noise(&[50, 30], 3));
    let mut joined = apart::bind(&layer, &x, true).unwrap();
    joined.__poison(0xff);
    let report = joined.report().to_string();
    let product = report.lines().find(|line| line.contains(" gemm ")).unwrap();
    assert_eq!(product.matches(" then fused ").count(), 2, "{report}");
    let (value, gradient) = joined.value_and_grad(&layer, &x, true).unwrap();
    let mut separate = apart::bind_within(&layer, &x, true, 1 << 30).unwrap();
    let (expected, others) = separate.value_and_grad(&layer, &x, true).unwrap();
    assert_eq!(value.to_bits(), expected.to_bits());
    assert!(gradient.w.data() == others.w.data() && gradient.b.data() == others.b.data());
}
