//! The reduction pass: structure, finiteness and norms of a gradient in one read.

use cotangent_runtime::{Floats, FloatsMut, Leaves, Path};

use crate::clip::Norm;
use crate::norm::{
    clipped_square_sum, finite_square_sum, largest_finite, one_norm, square_sum, squares,
};
use crate::storage::{LeafEntry, is_f32, is_f32_mut};
use crate::{Clip, Optimizer, TensorRule};

/// What the first pass found out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduction {
    /// The global norm of the unscaled gradient.
    pub(crate) norm: f64,
    /// The first leaf that isn't finite.
    pub(crate) bad_leaf: Option<usize>,
    unscale: f64,
}

/// What clipping makes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clipping {
    /// The factor of the whole gradient, unscaling included.
    pub(crate) factor: f64,
    /// The global norm afterwards.
    pub(crate) norm: f64,
}

impl<R: TensorRule> Optimizer<R> {
    /// Compares the structures and measures `grads` times `unscale`; the error says in words where
    /// the structures differ. Short leaves are gathered on the way. `model` is only read.
    pub(crate) fn reduce<M: Leaves>(
        &mut self,
        model: &mut M,
        grads: &M,
        unscale: f64,
    ) -> Result<Reduction, String> {
        let (single, double) = (&mut self.single.blocks, &mut self.double.blocks);
        let mut same = true;
        let mut total = 0.0;
        let mut entries = self.leaves.iter_mut();
        let walked = model.zip_leaves(grads, &Path::Root, &mut |path, x, g| {
            // Parameters are whole; only a leaf that was built for them takes lists of rows.
            let known = entries.next().filter(|entry| {
                x.rows.is_none()
                    && (g.rows.is_none() || entry.embedding || entry.frozen)
                    && entry.is(path, g.shape, is_f32(&g.data))
                    && is_f32_mut(&x.data) == is_f32(&g.data)
            });
            let Some(entry) = known else {
                same = false;
                return;
            };
            let gathered = match (x.data, g.data) {
                _ if entry.frozen => return,
                (FloatsMut::F32(x), Floats::F32(g)) => single.gather(entry.place, x, g),
                (FloatsMut::F64(x), Floats::F64(g)) => double.gather(entry.place, x, g),
                _ => return,
            };
            if !gathered {
                entry.squares = square_sum(g.data, unscale);
                entry.unit = 1.0;
                total += entry.squares;
            }
        });
        walked.map_err(|mismatch| mismatch.to_string())?;
        if !same || entries.next().is_some() {
            return Err("the model or the gradient has other leaves than the optimizer".to_owned());
        }
        let gathered = single.0.iter().map(|block| squares(&block.g, unscale));
        total += gathered.sum::<f64>();
        let gathered = double.0.iter().map(|block| squares(&block.g, unscale));
        total += gathered.sum::<f64>();
        if total.is_finite() {
            return Ok(Reduction {
                norm: total.sqrt(),
                bad_leaf: None,
                unscale,
            });
        }
        Ok(Reduction::scaled(&mut self.leaves, grads, unscale))
    }
}

impl Reduction {
    /// When the plain sum isn't finite: either an element isn't, or only its square is not. Norms
    /// are those of the finite elements.
    fn scaled(leaves: &mut [LeafEntry], grads: &impl Leaves, unscale: f64) -> Self {
        let (mut index, mut bad_leaf, mut longest) = (0, None, 0.0_f64);
        let mut entries = leaves.iter_mut();
        grads.leaves(&Path::Root, &mut |_, view| {
            if let Some(entry) = entries.next().filter(|entry| !entry.frozen) {
                // Every leaf in units of its own: a short one beside a long one isn't lost.
                let (peak, finite) = largest_finite(view.data);
                if !finite {
                    bad_leaf = bad_leaf.or(Some(index));
                }
                entry.unit = peak * unscale;
                entry.squares = finite_square_sum(view.data, peak);
                longest = longest.max(entry.norm());
            }
            index += 1;
        });
        let parts = leaves.iter().filter(|leaf| !leaf.frozen);
        let squares: f64 = parts
            .map(|leaf| (leaf.norm() / longest.max(f64::MIN_POSITIVE)).powi(2))
            .sum();
        Self {
            norm: longest * squares.sqrt(),
            bad_leaf,
            unscale,
        }
    }

    /// The factor and the norm after clipping.
    pub(crate) fn clip(
        &self,
        clip: Option<Clip>,
        leaves: &[LeafEntry],
        grads: &impl Leaves,
    ) -> Clipping {
        let Some(clip) = clip else {
            return Clipping {
                factor: self.unscale,
                norm: self.norm,
            };
        };
        let active = || leaves.iter().filter(|leaf| !leaf.frozen);
        match clip {
            Clip::PerTensor { .. } | Clip::PerTensorRms { .. } => {
                let clipped = active().map(|leaf| {
                    let norm = leaf.norm();
                    norm * clip.leaf_factor(norm, leaf.len)
                });
                let norm = clipped.map(|norm| norm * norm).sum::<f64>().sqrt();
                Clipping {
                    factor: self.unscale,
                    norm,
                }
            }
            Clip::Value { limit } => {
                let (mut entries, mut squares) = (leaves.iter(), 0.0);
                grads.leaves(&Path::Root, &mut |_, view| {
                    if entries.next().is_some_and(|entry| !entry.frozen) {
                        squares += clipped_square_sum(view.data, self.unscale, limit);
                    }
                });
                Clipping {
                    factor: self.unscale,
                    norm: squares.sqrt(),
                }
            }
            Clip::Global {
                norm: Norm::Two, ..
            }
            | Clip::Normalize { .. } => self.by(clip.global_factor(self.norm)),
            Clip::Global { norm, .. } => {
                let (mut entries, mut measured) = (leaves.iter(), 0.0_f64);
                grads.leaves(&Path::Root, &mut |_, view| {
                    if entries.next().is_some_and(|entry| !entry.frozen) {
                        measured = match norm {
                            Norm::One => measured + one_norm(view.data),
                            _ => measured.max(largest_finite(view.data).0),
                        };
                    }
                });
                self.by(clip.global_factor(measured * self.unscale))
            }
        }
    }

    fn by(&self, factor: f64) -> Clipping {
        Clipping {
            factor: self.unscale * factor,
            norm: self.norm * factor,
        }
    }
}
