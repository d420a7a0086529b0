//! Curvature for Sophia: estimates of the Hessian's diagonal, from exact products.

use cotangent_runtime::{Floats, Leaves, Path};

use super::combine::{combine, fill};
use crate::random::Random;
use crate::{Error, Optimizer, Real, Sophia};

/// Hutchinson's estimate of the Hessian's diagonal: `u * H u` for random signs `u`, where `product`
/// gives the exact Hessian-vector product `H u` (`f::hvp`). Seed and step choose the signs.
///
/// # Errors
/// When the product fails or has another structure than `model`.
///
/// ```
/// use cotangent_optimizers::hutchinson;
/// // f = x0^2 + 3 x1^2: the Hessian is diagonal, and one estimate is exact.
/// let diagonal = hutchinson(&vec![0.5_f64, 2.0], 7, 0, |u| Ok(vec![2.0 * u[0], 6.0 * u[1]]))?;
/// assert_eq!(diagonal, [2.0, 6.0]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
pub fn hutchinson<M: Leaves + Clone>(
    model: &M,
    seed: u64,
    step: u64,
    product: impl FnOnce(&M) -> Result<M, Error>,
) -> Result<M, Error> {
    let mut random = Random::named(seed, format_args!("hutchinson {step}"));
    let mut signs = model.clone();
    fill(&mut signs, || if random.below(2) == 0 { -1.0 } else { 1.0 });
    let mut estimate = product(&signs)?;
    combine(&mut estimate, &signs, |product, sign| product * sign)?;
    Ok(estimate)
}

impl Optimizer<Sophia> {
    /// Takes an estimate of the Hessian's diagonal, of the structure of the model, into the running
    /// average that later steps divide by.
    ///
    /// # Errors
    /// When its leaves aren't those the optimizer was built for.
    pub fn observe_curvature<M: Leaves>(&mut self, diagonal: &M) -> Result<(), Error> {
        self.check(diagonal, "curvature")?;
        let decay = self.rule().curvature_decay();
        let mut entries = self.leaves.iter();
        diagonal.leaves(&Path::Root, &mut |_, leaf| {
            let Some(entry) = entries.next().filter(|entry| !entry.frozen()) else {
                return;
            };
            // The curvature is the second of two slots; `check` compared the precision of every leaf.
            match leaf.data {
                Floats::F32(h) => blend(self.single.blocks.slot_mut(entry, 1), h, decay),
                Floats::F64(h) => blend(self.double.blocks.slot_mut(entry, 1), h, decay),
                half => {
                    let average = self.single.blocks.slot_mut(entry, 1);
                    let mut h = Vec::with_capacity(average.len());
                    half.each(|h_element| h.push(h_element as f32));
                    blend(average, &h, decay);
                }
            }
        });
        Ok(())
    }
}

fn blend<T: Real>(average: &mut [T], new: &[T], decay: f64) {
    let [keep, take] = [decay, 1.0 - decay].map(T::from_f64);
    for (average, new) in average.iter_mut().zip(new) {
        *average = keep * *average + take * *new;
    }
}
