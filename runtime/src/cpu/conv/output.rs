//! The output of a convolution.

use super::kernels::{Planes, correlate, padded_columns, padded_rows};
use super::pack::pack;
use super::plane::PlaneSet;
use super::{BLOCK_BYTES, Geometry, SLACK};
use crate::cpu::workspace::{Plain, Workspace};

impl Geometry {
    /// Places of a row of planes: those of a row of results, and as many as the kernel reaches beyond.
    pub(super) fn pitch(&self) -> usize {
        self.places[1] + self.reach(1)
    }

    /// The planes that some rows of places need.
    pub(super) fn planes(&self, first: usize, rows: usize) -> PlaneSet {
        PlaneSet {
            channels: self.inputs,
            image: self.image,
            before: self.before,
            split: self.stride,
            first,
            rows: rows + self.reach(0),
            pitch: self.pitch(),
        }
    }

    /// Rows of places that are worked on at once.
    pub(super) fn output_block<T>(&self) -> usize {
        let rows = |elements: usize| (BLOCK_BYTES / size_of::<T>() / elements.max(1)).max(1);
        let line = self.inputs * self.stride[0] * self.stride[1] * self.pitch();
        let around = rows(line).saturating_sub(self.reach(0)).max(1);
        around
            .min(rows(padded_rows(self.outputs) * self.pitch()))
            .min(self.places[0])
    }

    /// Columns that `rows` rows of places span in the planes.
    pub(super) fn columns(&self, rows: usize) -> usize {
        (rows - 1) * self.pitch() + self.places[1]
    }

    /// Bytes of scratch space that `output` needs.
    pub(crate) fn output_scratch<T: Plain>(&self) -> usize {
        let (depth, rows) = (self.inputs * self.taps(), self.output_block::<T>());
        let columns = padded_columns(self.columns(rows));
        Workspace::bytes::<T>(padded_rows(self.outputs) * depth)
            + Workspace::bytes::<u32>(depth)
            + Workspace::bytes::<T>(self.planes(0, rows).elements() + SLACK)
            + Workspace::bytes::<T>(padded_rows(self.outputs) * columns)
    }

    /// Where each tap of each channel meets the planes.
    pub(super) fn offsets(&self, planes: &PlaneSet, to: &mut [u32]) {
        let mut to = to.iter_mut();
        for channel in 0..self.inputs {
            for i in 0..self.kernel[0] {
                for j in 0..self.kernel[1] {
                    let ((rest, row), (side, column)) = (self.tap(0, i), self.tap(1, j));
                    let at = planes.start(channel, [rest, side]) + row * planes.pitch + column;
                    if let Some(to) = to.next() {
                        *to = u32::try_from(at).unwrap_or(u32::MAX);
                    }
                }
            }
        }
    }

    /// `y[n, o, p] = sum x[n, c, p stride + q dilation - before] w[o, c, q]`
    pub(crate) fn output<T: Planes>(&self, x: &[T], w: &[T], y: &mut [T], mut work: Workspace<'_>) {
        if self.empty() {
            return y.fill(T::ZERO);
        }
        let (depth, block) = (self.inputs * self.taps(), self.output_block::<T>());
        let whole = self.planes(0, block);
        let weights = work.take::<T>(padded_rows(self.outputs) * depth);
        let offsets = work.take::<u32>(depth);
        let planes = work.take::<T>(whole.elements() + SLACK);
        let columns = padded_columns(self.columns(block));
        let result = work.take::<T>(padded_rows(self.outputs) * columns);
        let image = self.inputs * self.image[0] * self.image[1];
        let places = self.places[0] * self.places[1];
        for group in 0..self.groups {
            let w = &w[group * self.outputs * depth..][..self.outputs * depth];
            pack((self.outputs, depth), |o, d| w[o * depth + d], weights);
            for n in 0..self.batch {
                let at = n * self.groups + group;
                let x = &x[at * image..][..image];
                let y = &mut y[at * self.outputs * places..][..self.outputs * places];
                for first in (0..self.places[0]).step_by(block) {
                    let rows = (self.places[0] - first).min(block);
                    let set = self.planes(first, rows);
                    if n == 0 || rows < self.places[0] {
                        self.offsets(&set, offsets);
                    }
                    set.fill(x, &mut planes[..set.elements() + SLACK]);
                    let columns = self.columns(rows);
                    correlate((self.outputs, columns), weights, offsets, planes, result);
                    let lines = result.chunks_exact(padded_columns(columns));
                    for (line, y) in lines.zip(y.chunks_exact_mut(places)) {
                        let y = y[first * self.places[1]..].chunks_exact_mut(self.places[1]);
                        for (row, y) in y.take(rows).enumerate() {
                            y.copy_from_slice(&line[row * set.pitch..][..self.places[1]]);
                        }
                    }
                }
            }
        }
    }
}
