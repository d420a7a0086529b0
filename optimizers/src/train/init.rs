//! Initialisation by seed over a structure of leaves.

use cotangent_runtime::{FloatsMut, Leaves, Path};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The deviation of normally distributed weights, from the sizes of a leaf: `fan_in` is the
/// first, `fan_out` the last, as in `x.matmul(w)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// `sqrt(2 / fan_in)` (He et al. 2015), for relu.
    He,
    /// `sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio 2010), for tanh.
    Xavier,
    /// `sqrt(1 / fan_in)` (LeCun et al. 1998).
    LeCun,
    /// This deviation.
    Normal(f64),
}

/// Fills leaves of rank 2 and more by `scheme`, and all others with 0.
///
/// ```
/// use cotangent_optimizers::{Init, init};
/// let mut biases = vec![1.0_f32; 3];
/// init(&mut biases, Init::He, 42);
/// assert_eq!(biases, [0.0; 3]);
/// ```
pub fn init(model: &mut impl Leaves, scheme: Init, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    model.leaves_mut(&Path::Root, &mut |_, leaf| {
        let deviation = match leaf.shape {
            [first, .., last] => {
                let (fan_in, fan_out) = (*first as f64, *last as f64);
                match scheme {
                    Init::He => (2.0 / fan_in).sqrt(),
                    Init::Xavier => (2.0 / (fan_in + fan_out)).sqrt(),
                    Init::LeCun => fan_in.recip().sqrt(),
                    Init::Normal(deviation) => deviation,
                }
            }
            _ => 0.0,
        };
        let mut draw = || {
            if deviation == 0.0 {
                0.0
            } else {
                deviation * normal(&mut rng)
            }
        };
        match leaf.data {
            FloatsMut::F32(data) => data.iter_mut().for_each(|x| *x = draw() as f32),
            FloatsMut::F64(data) => data.iter_mut().for_each(|x| *x = draw()),
        }
    });
}

/// A standard normal number by the method of Box and Muller.
fn normal(rng: &mut impl Rng) -> f64 {
    let mut unit = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    let radius = (-2.0 * unit().ln()).sqrt();
    radius * (std::f64::consts::TAU * unit()).cos()
}
