//! Scalar functions that `std` lacks, differentiable and usable in both regimes.

cotangent_macros::__scalar_functions!(::cotangent::__private);
