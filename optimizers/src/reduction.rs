//! The reduction pass: structure, finiteness and norms of a gradient in one read.

use cotangent_runtime::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path};

use crate::block::Blocks;
use crate::clip::Norm;
use crate::norm::{
    clipped_square_sum, finite_square_sum, largest_finite, one_norm, square_sum, squares,
};
use crate::storage::{LeafEntry, Place};
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
        let mut collector = Collector {
            entries: self.leaves.iter_mut(),
            single,
            double,
            unscale,
            same: true,
            total: 0.0,
        };
        let walked = model.zip_leaves(grads, &Path::Root, &mut |path, x, g| {
            collector.visit(path, x, g);
        });
        walked.map_err(|mismatch| mismatch.to_string())?;
        if !collector.same || collector.entries.next().is_some() {
            return Err("the model or the gradient has other leaves than the optimizer".to_owned());
        }
        let mut total = collector.total;
        total += squares(&single.g, unscale) + squares(&double.g, unscale);
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

/// Goes along with the walk over model and gradient: compares, gathers, measures.
struct Collector<'a> {
    entries: std::slice::IterMut<'a, LeafEntry>,
    single: &'a mut Blocks<f32>,
    double: &'a mut Blocks<f64>,
    unscale: f64,
    same: bool,
    total: f64,
}

impl Collector<'_> {
    #[inline(always)]
    fn visit(&mut self, path: &Path<'_>, x: LeafViewMut<'_>, g: LeafView<'_>) {
        let Some(entry) = self.entries.next() else {
            self.same = false;
            return;
        };
        // Parameters are whole; only a leaf that was built for them takes lists of rows.
        let takes_rows = || entry.embedding || entry.frozen();
        if x.rows.is_some() || (g.rows.is_some() && !takes_rows()) || !entry.is(path, g.shape) {
            self.same = false;
            return;
        }
        let Place::Gathered { start, .. } = entry.place else {
            let dtypes = (g.data.dtype(), x.data.as_floats().dtype());
            self.same &= dtypes == (entry.dtype, entry.dtype);
            self.total += measured(entry, g.data, self.unscale);
            return;
        };
        match (x.data, g.data) {
            (FloatsMut::F64(x), Floats::F64(g)) if !entry.single => self.double.gather(start, x, g),
            (FloatsMut::F32(x), Floats::F32(g)) if entry.single => self.single.gather(start, x, g),
            _ => self.same = false,
        }
    }
}

/// Measures a leaf that is not gathered.
fn measured(leaf: &mut LeafEntry, g: Floats<'_>, unscale: f64) -> f64 {
    if leaf.frozen() {
        return 0.0;
    }
    (leaf.squares, leaf.unit) = (square_sum(g, unscale), 1.0);
    leaf.squares
}

impl Reduction {
    /// When the plain sum isn't finite: either an element isn't, or only its square is not. Norms
    /// are those of the finite elements.
    fn scaled(leaves: &mut [LeafEntry], grads: &impl Leaves, unscale: f64) -> Self {
        let (mut index, mut bad_leaf, mut longest) = (0, None, 0.0_f64);
        let mut entries = leaves.iter_mut();
        grads.leaves(&Path::Root, &mut |_, view| {
            if let Some(entry) = entries.next().filter(|entry| !entry.frozen()) {
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
        let parts = leaves.iter().filter(|leaf| !leaf.frozen());
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
        let active = || leaves.iter().filter(|leaf| !leaf.frozen());
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
                    if entries.next().is_some_and(|entry| !entry.frozen()) {
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
                    if entries.next().is_some_and(|entry| !entry.frozen()) {
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
