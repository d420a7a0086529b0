//! The gradient of a convolution's kernel: dot products of the output's cotangent with what each tap
//! met.
//!
//! Places that belong to no result have a cotangent of 0. So an infinity in an image may make
//! the gradient NaN also for a tap that did not meet it.

use super::kernels::{Images, Planes, dot_products, padded_columns};
use super::{BLOCK_BYTES, Geometry, SLACK};
use crate::cpu::workspace::{Plain, Workspace};

/// Images, and rows of places, that are worked on at once.
struct Block {
    images: usize,
    rows: usize,
}

impl Geometry {
    fn weight_block<T>(&self) -> Block {
        let rows = self.output_block::<T>();
        let set = self.planes(0, rows);
        let elements = set.elements() + self.outputs * padded_columns(self.columns(rows));
        let images = 2 * BLOCK_BYTES / size_of::<T>() / elements.max(1);
        Block {
            images: if rows == self.places[0] {
                images.clamp(1, self.batch.max(1))
            } else {
                1
            },
            rows,
        }
    }

    /// Bytes of scratch space that `weight` needs.
    pub(crate) fn weight_scratch<T: Plain>(&self) -> usize {
        let (depth, block) = (self.inputs * self.taps(), self.weight_block::<T>());
        let set = self.planes(0, block.rows);
        let row = padded_columns(self.columns(block.rows));
        Workspace::bytes::<u32>(depth)
            + Workspace::bytes::<T>(block.images * (set.elements() + SLACK))
            + Workspace::bytes::<T>(block.images * self.outputs * row)
    }

    /// `w[o, c, q] = sum x[n, c, p stride + q dilation - before] y[n, o, p]`
    pub(crate) fn weight<T: Planes>(&self, x: &[T], y: &[T], w: &mut [T], mut work: Workspace<'_>) {
        w.fill(T::ZERO);
        if self.empty() {
            return;
        }
        let (depth, block) = (self.inputs * self.taps(), self.weight_block::<T>());
        let whole = self.planes(0, block.rows);
        let longest = padded_columns(self.columns(block.rows));
        let offsets = work.take::<u32>(depth);
        let planes = work.take::<T>(block.images * (whole.elements() + SLACK));
        let lines = work.take::<T>(block.images * self.outputs * longest);
        let image = self.inputs * self.image[0] * self.image[1];
        let places = self.places[0] * self.places[1];
        for group in 0..self.groups {
            let w = &mut w[group * self.outputs * depth..][..self.outputs * depth];
            for first in (0..self.places[0]).step_by(block.rows) {
                let rows = (self.places[0] - first).min(block.rows);
                let set = self.planes(first, rows);
                self.offsets(&set, offsets);
                let (x_step, length) = (set.elements() + SLACK, padded_columns(self.columns(rows)));
                let y_step = self.outputs * length;
                for n in (0..self.batch).step_by(block.images) {
                    let images = (self.batch - n).min(block.images);
                    for k in 0..images {
                        let at = (n + k) * self.groups + group;
                        set.fill(
                            &x[at * image..][..image],
                            &mut planes[k * x_step..][..x_step],
                        );
                        let y = &y[at * self.outputs * places..][..self.outputs * places];
                        let y = y.chunks_exact(places).map(|y| &y[first * self.places[1]..]);
                        let lines = &mut lines[k * y_step..][..y_step];
                        for (line, y) in lines.chunks_exact_mut(length).zip(y) {
                            self.line(&y[..rows * self.places[1]], set.pitch, line);
                        }
                    }
                    let y = Images {
                        elements: lines,
                        step: y_step,
                    };
                    let x = Images {
                        elements: planes,
                        step: x_step,
                    };
                    dot_products(
                        self.outputs,
                        offsets,
                        (images, length),
                        &y,
                        &x,
                        |o, d, sum| {
                            let w = &mut w[o * depth + d];
                            *w += sum;
                        },
                    );
                }
            }
        }
    }

    /// Rows of cotangents as they lie in the planes, zeros between and behind them.
    fn line<T: Planes>(&self, y: &[T], pitch: usize, line: &mut [T]) {
        let mut end = 0;
        for (row, y) in y.chunks_exact(self.places[1]).enumerate() {
            line[end..row * pitch].fill(T::ZERO);
            end = row * pitch + y.len();
            line[row * pitch..end].copy_from_slice(y);
        }
        line[end..].fill(T::ZERO);
    }
}
