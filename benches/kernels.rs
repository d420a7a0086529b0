//! The CPU kernels one by one, on one thread unless
//! `COTANGENT_THREADS` says otherwise. One line a case and peer: `case peer threads median
//! best`, in GFLOP/s and percent of the measured peak for matrix products (beside
//! `matrixmultiply`), in nanoseconds for an element otherwise (beside a loop over `std`, or the layer written out). An
//! argument chooses the cases that contain it.

mod layers;

use std::hint::black_box;

use cotangent::prelude::Tensor;
use cotangent_benches::{Peer, nanoseconds_each, peer, rate, seconds, threads};
use cotangent_runtime::Real;
use cotangent_runtime::cpu::{Kernel, MatMul, Precision, isa, kernel, with_precision};

/// m, k, n: cubes and the shapes of small networks.
const SHAPES: &[[usize; 3]] = &[
    [16, 16, 16],
    [32, 32, 32],
    [64, 64, 64],
    [128, 128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [64, 784, 256],
    [256, 784, 128],
    [1024, 1024, 64],
    [4096, 32, 32],
    [32, 128, 10],
    [1, 784, 256],
];

/// Products and sums of a call of `fma`.
const FMA_WORK: usize = 4096 * 12 * 16 * 2;

/// Fused products and sums on registers alone: what no kernel can exceed.
fn fma() -> f32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::*;

        #[target_feature(enable = "avx512f")]
        fn wide() -> f32 {
            let (x, y) = (
                black_box(_mm512_set1_ps(0.5)),
                black_box(_mm512_set1_ps(0.25)),
            );
            let mut sums = [_mm512_setzero_ps(); 12];
            for _ in 0..FMA_WORK / (12 * 16 * 2) {
                for sum in &mut sums {
                    *sum = _mm512_fmadd_ps(x, *sum, y);
                }
            }
            sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
        }
        #[target_feature(enable = "avx2,fma")]
        fn narrow() -> f32 {
            let (x, y) = (
                black_box(_mm256_set1_ps(0.5)),
                black_box(_mm256_set1_ps(0.25)),
            );
            let mut sums = [_mm256_setzero_ps(); 12];
            for _ in 0..FMA_WORK / (12 * 8 * 2) {
                for sum in &mut sums {
                    *sum = _mm256_fmadd_ps(x, *sum, y);
                }
            }
            sums.into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine has the instruction set.
            return unsafe { wide() };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: as above.
            return unsafe { narrow() };
        }
    }
    0.0
}

/// GFLOP/s of single precision in registers, where they can be measured.
fn peak() -> Option<f64> {
    (fma() != 0.0).then(|| {
        let best = seconds(&mut [peer("peak", fma)])[0].1;
        FMA_WORK as f64 / best / 1e9
    })
}

macro_rules! products {
    ($ty:ident, $theirs:path, $peak:expr, $wanted:expr) => {
        for &[m, k, n] in SHAPES {
            let case = format!(concat!("gemm_", stringify!($ty), "_{}x{}x{}"), m, k, n);
            if !$wanted(&case) {
                continue;
            }
            let a: Vec<$ty> = (0..m * k).map(|i| (i * 7 % 13) as $ty - 6.0).collect();
            let b: Vec<$ty> = (0..k * n).map(|i| (i * 5 % 11) as $ty - 5.0).collect();
            let (mut ours, mut theirs) = (vec![0.0; m * n], vec![0.0; m * n]);
            let mut plan = MatMul::<$ty>::new(m, k, n);
            let stride = |stride: usize| stride as isize;
            let peers = vec![
                peer("cotangent", || plan.run(&a, &b, &mut ours)),
                // SAFETY: the slices hold matrices of these sizes and strides.
                peer("matrixmultiply", || unsafe {
                    $theirs(
                        m,
                        k,
                        n,
                        1.0,
                        a.as_ptr(),
                        stride(k),
                        1,
                        b.as_ptr(),
                        stride(n),
                        1,
                        0.0,
                        theirs.as_mut_ptr(),
                        stride(n),
                        1,
                    )
                }),
            ];
            rate(&case, threads(), 2.0 * (m * k * n) as f64, $peak, peers);
            // Small integers: every order of the sums is exact.
            assert_eq!(ours, theirs, "{case}");
        }
    };
}

/// Products whose operands are rounded to `bf16`, beside the full ones.
fn rounded_products(wanted: &dyn Fn(&str) -> bool) {
    for &[m, k, n] in SHAPES {
        let case = format!("gemm_bf16_{m}x{k}x{n}");
        if !wanted(&case) {
            continue;
        }
        let a: Vec<f32> = (0..m * k).map(|i| (i * 7 % 13) as f32 - 6.0).collect();
        let b: Vec<f32> = (0..k * n).map(|i| (i * 5 % 11) as f32 - 5.0).collect();
        let (mut rounded, mut full) = (vec![0.0; m * n], vec![0.0; m * n]);
        let plan = || MatMul::<f32>::new(m, k, n);
        let mut plans = (with_precision(Precision::Bf16, plan), plan());
        let peers = vec![
            peer("cotangent", || plans.0.run(&a, &b, &mut rounded)),
            peer("cotangent_f32", || plans.1.run(&a, &b, &mut full)),
        ];
        rate(&case, threads(), 2.0 * (m * k * n) as f64, None, peers);
        // Small integers are no wider than bf16.
        assert_eq!(rounded, full, "{case}");
    }
}

/// Runs a kernel of one input and one output.
fn elementwise(kernel: &Kernel, x: &[f32], y: &mut [f32]) {
    assert!(kernel.inputs == 1 && kernel.outputs == 1 && x.len() == y.len());
    let (from, to) = ([x.as_ptr().cast()], [y.as_mut_ptr().cast()]);
    // SAFETY: one input and one output of this length, which don't overlap; `isa` names what the
    // machine has.
    unsafe { (kernel.rows[isa() as usize])(from.as_ptr(), to.as_ptr(), x.len()) };
}

static EXP: Kernel = kernel! { f32, "", "exp", "", (x) -> (y) { (Real::exp(x),) } };
static TANH: Kernel = kernel! { f32, "", "tanh", "", (x) -> (y) { (Real::tanh(x),) } };
static SIGMOID: Kernel = kernel! { f32, "", "sigmoid", "", (x) -> (y) { (Real::sigmoid(x),) } };
static LN_1P: Kernel = kernel! { f32, "", "ln_1p", "", (x) -> (y) { (Real::ln_1p(x.abs()),) } };
static EXP_M1: Kernel = kernel! { f32, "", "exp_m1", "", (x) -> (y) { (Real::exp_m1(x),) } };
static SIN: Kernel = kernel! { f32, "", "sin", "", (x) -> (y) { (Real::sin(x),) } };
static TAN: Kernel = kernel! { f32, "", "tan", "", (x) -> (y) { (Real::tan(x),) } };
static POW: Kernel = kernel! { f32, "", "pow", "", (x) -> (y) { (Real::powf(x.abs(), 1.7),) } };
static CHAIN: Kernel = kernel! {
    f32, "", "chain", "", (x) -> (y) { (1.5 * Real::tanh(0.5 * x + 0.25) + x,) }
};
static GELU_ERF: Kernel = kernel! {
    f32, "", "gelu_erf", "", (x) -> (y) {
        (0.5 * x * (1.0 + Real::erf(x * std::f32::consts::FRAC_1_SQRT_2)),)
    }
};
static GELU_TANH: Kernel = kernel! {
    f32, "", "gelu_tanh", "", (x) -> (y) {
        (0.5 * x * (1.0 + Real::tanh(0.797_884_6 * (x + 0.044_715 * x * x * x))),)
    }
};

/// A kernel with the same loop over `std`, where that has the function.
type Elementwise = (&'static str, &'static Kernel, Option<fn(f32) -> f32>);

fn functions(wanted: &dyn Fn(&str) -> bool) {
    let cases: [Elementwise; 11] = [
        ("exp", &EXP, Some(f32::exp)),
        ("tanh", &TANH, Some(f32::tanh)),
        ("sigmoid", &SIGMOID, Some(|x| 1.0 / (1.0 + (-x).exp()))),
        ("ln_1p", &LN_1P, Some(|x| x.abs().ln_1p())),
        ("exp_m1", &EXP_M1, Some(f32::exp_m1)),
        ("sin", &SIN, Some(f32::sin)),
        ("tan", &TAN, Some(f32::tan)),
        ("pow", &POW, Some(|x| x.abs().powf(1.7))),
        ("chain", &CHAIN, Some(|x| 1.5 * (0.5 * x + 0.25).tanh() + x)),
        ("gelu_erf", &GELU_ERF, None),
        (
            "gelu_tanh",
            &GELU_TANH,
            Some(|x| 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh())),
        ),
    ];
    for elements in [1_000, 100_000, 10_000_000] {
        let x: Vec<f32> = (0..elements)
            .map(|i| (i % 1000) as f32 / 100.0 - 5.0)
            .collect();
        let (mut ours, mut theirs) = (vec![0.0; elements], vec![0.0; elements]);
        for (name, kernel, plain) in cases {
            let case = format!("{name}_{elements}");
            if !wanted(&case) {
                continue;
            }
            let (x, theirs) = (&x[..], &mut theirs[..]);
            let mut peers: Vec<Peer<'_>> =
                vec![peer("cotangent", || elementwise(kernel, x, &mut ours))];
            if let Some(plain) = plain {
                peers.push(peer("std", move || {
                    theirs.iter_mut().zip(x).for_each(|(y, &x)| *y = plain(x));
                }));
            }
            nanoseconds_each(&case, 1, elements, peers);
        }
    }
}

/// Operations on rows and reductions, as a user calls them: eagerly, result allocated.
fn rows(wanted: &dyn Fn(&str) -> bool) {
    let x = Tensor::from_fn(&[1024, 1024], |i| (i % 997) as f32 / 100.0 - 5.0);
    let narrow = Tensor::from_fn(&[1797, 10], |i| (i % 97) as f32 / 10.0 - 5.0);
    let labels = Tensor::from_fn(&[1797], |i| (i * 7 % 10) as u32);
    let case = |name: &str, elements: usize, run: &mut dyn FnMut()| {
        if wanted(name) {
            nanoseconds_each(name, 1, elements, vec![peer("cotangent", run)]);
        }
    };
    case("softmax_1024x1024", x.len(), &mut || {
        drop(black_box(x.softmax()))
    });
    case("log_softmax_1024x1024", x.len(), &mut || {
        drop(black_box(x.log_softmax()))
    });
    case("softmax_1797x10", narrow.len(), &mut || {
        drop(black_box(narrow.softmax()))
    });
    case("cross_entropy_1797x10", narrow.len(), &mut || {
        drop(black_box(narrow.cross_entropy(&labels)));
    });
    case("sum_last_1024x1024", x.len(), &mut || {
        drop(black_box(x.sum_axis(1)));
    });
    case("sum_first_1024x1024", x.len(), &mut || {
        drop(black_box(x.sum_axis(0)));
    });
    case("max_last_1024x1024", x.len(), &mut || {
        drop(black_box(x.max_axis(1)));
    });
    case("logsumexp_last_1024x1024", x.len(), &mut || {
        drop(black_box(x.logsumexp_axis(1)));
    });
    for elements in [1_000, 100_000, 10_000_000] {
        let x = Tensor::from_fn(&[elements], |i| (i % 1000) as f32 / 100.0);
        case(&format!("sum_{elements}"), elements, &mut || {
            black_box(x.sum());
        });
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let wanted = |case: &str| words.is_empty() || words.iter().any(|word| case.contains(word));
    let threads = threads();
    let peak = peak();
    if let Some(peak) = peak {
        println!("peak_f32 registers {threads} {peak:.1} {peak:.1}");
    }
    products!(f32, matrixmultiply::sgemm, peak, wanted);
    products!(
        f64,
        matrixmultiply::dgemm,
        peak.map(|peak| peak / 2.0),
        wanted
    );
    rounded_products(&wanted);
    functions(&wanted);
    rows(&wanted);
    layers::layers(&wanted);
}
