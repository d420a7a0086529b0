//! Matrix products of Cotangent, `matrixmultiply`, `gemm` and `faer` on one thread, in one process:
//! `case peer threads median best` in GFLOP/s. An argument chooses the cases that contain it.

use cotangent_benches::{peer, rate, threads};
use cotangent_runtime::cpu::MatMul;

/// m, k, n: cubes and the shapes of small networks.
const SHAPES: &[[usize; 3]] = &[
    [8, 8, 8],
    [16, 16, 16],
    [32, 32, 32],
    [64, 64, 64],
    [128, 128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [2048, 2048, 2048],
    [64, 784, 256],
    [256, 784, 128],
    [1024, 1024, 64],
    [4096, 32, 32],
    [1, 784, 256],
    [32, 128, 10],
    [1797, 64, 10],
];

macro_rules! cases {
    ($ty:ident, $theirs:path, $wanted:expr, $threads:expr) => {
        for &[m, k, n] in SHAPES {
            let case = format!(concat!("gemm_", stringify!($ty), "_{}x{}x{}"), m, k, n);
            if !$wanted(&case) {
                continue;
            }
            let a: Vec<$ty> = (0..m * k).map(|i| (i * 7 % 13) as $ty - 6.0).collect();
            let b: Vec<$ty> = (0..k * n).map(|i| (i * 5 % 11) as $ty - 5.0).collect();
            let mut results: [Vec<$ty>; 4] = std::array::from_fn(|_| vec![0.0; m * n]);
            let [ours, multiply, gemm, faer] = &mut results;
            let mut plan = MatMul::<$ty>::new(m, k, n);
            let (x, y) = (
                faer::MatRef::from_row_major_slice(&a, m, k),
                faer::MatRef::from_row_major_slice(&b, k, n),
            );
            let peers = vec![
                peer("cotangent", || plan.run(&a, &b, ours)),
                // SAFETY: the slices hold matrices of these sizes and strides.
                peer("matrixmultiply", || unsafe {
                    $theirs(
                        m, k, n, 1.0, a.as_ptr(), k as isize, 1, b.as_ptr(), n as isize, 1, 0.0,
                        multiply.as_mut_ptr(), n as isize, 1,
                    )
                }),
                // SAFETY: as above.
                peer("gemm", || unsafe {
                    gemm::gemm(
                        m, n, k, gemm.as_mut_ptr(), 1, n as isize, false, a.as_ptr(), 1,
                        k as isize, b.as_ptr(), 1, n as isize, 0.0, 1.0, false, false, false,
                        gemm::Parallelism::None,
                    )
                }),
                peer("faer", || {
                    let to = faer::MatMut::from_row_major_slice_mut(faer, m, n);
                    faer::linalg::matmul::matmul(
                        to, faer::Accum::Replace, x, y, 1.0, faer::Par::Seq,
                    )
                }),
            ];
            rate(&case, $threads, 2.0 * (m * k * n) as f64, None, peers);
            // Small integers: every order of the sums is exact.
            assert!(results.iter().all(|result| *result == results[0]), "{case} differs");
        }
    };
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let threads = threads();
    let wanted = |case: &str| words.is_empty() || words.iter().any(|word| case.contains(word));
    cases!(f32, matrixmultiply::sgemm, wanted, threads);
    cases!(f64, matrixmultiply::dgemm, wanted, threads);
}
