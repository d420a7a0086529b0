//! Rounding to the types of two bytes: what `cast` is in a graph, which computes in `f32`.

use super::{Call, primitive};
use crate::cpu::{Bits, Vectorized, vectorized};
use crate::{Real, bf16, f16};

primitive! {
    /// The nearest `f16`, ties to even.
    ROUND_F16 round_f16 |shapes, _| Ok(shapes[0].to_vec())
}

primitive! {
    /// The nearest `bf16`, ties to even.
    ROUND_BF16 round_bf16 |shapes, _| Ok(shapes[0].to_vec())
}

fn round_f16<T: Real>(call: Call<'_, T>) {
    vectorized(Round(call.x[0], call.y, through::<f16>));
}

fn round_bf16<T: Real>(call: Call<'_, T>) {
    vectorized(Round(call.x[0], call.y, through::<bf16>));
}

#[inline(always)]
fn through<H: Bits>(value: f32) -> f32 {
    H::expand(H::round(value))
}

struct Round<'s, T, F>(&'s [T], &'s mut [T], F);

impl<T: Real, F: Fn(f32) -> f32> Vectorized for Round<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (y, x) in self.1.iter_mut().zip(self.0) {
            // A graph in `f64` has no casts: the value is an `f32`.
            *y = T::from_f64(f64::from((self.2)(x.to_f64() as f32)));
        }
    }
}
