//! Scalar functions that `std` lacks, differentiable and usable in both regimes.
#![allow(
    clippy::approx_constant,
    reason = "the compiler's tables print their constants as numbers"
)]

cotangent_macros::__scalar_functions!(::cotangent::__private);
