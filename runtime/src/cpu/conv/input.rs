//! The gradient of a convolution's input: what the output's cotangent is worth in each element.
//!
//! With a stride, elements whose coordinates leave different rests meet different taps; each rest is a
//! convolution of its own over the same planes of the cotangent.

use super::kernels::{Planes, correlate, padded_columns, padded_rows};
use super::pack::pack;
use super::plane::PlaneSet;
use super::{BLOCK_BYTES, Geometry, SLACK};
use crate::cpu::workspace::{Plain, Workspace};

/// One rest of the input's coordinates: its elements, as places.
#[derive(Clone, Copy)]
struct Rest {
    rest: [usize; 2],
    /// The first place of each axis that is no padding, and the place after the last one.
    from: [usize; 2],
    to: [usize; 2],
}

impl Geometry {
    /// The planes of the cotangent that some rows of elements need: with as many zeros around as the
    /// kernel reaches.
    fn cotangent_planes(&self, first: usize, rows: usize, columns: usize) -> PlaneSet {
        PlaneSet {
            channels: self.outputs,
            image: self.places,
            before: [self.reach(0), self.reach(1)],
            split: [1; 2],
            first,
            rows: rows + self.reach(0),
            pitch: columns + self.reach(1),
        }
    }

    /// The elements of a rest.
    fn rest(&self, rest: [usize; 2]) -> Rest {
        let bound =
            |axis: usize, at: usize| at.saturating_sub(rest[axis]).div_ceil(self.stride[axis]);
        Rest {
            rest,
            from: [0, 1].map(|axis| bound(axis, self.before[axis])),
            to: [0, 1].map(|axis| bound(axis, self.before[axis] + self.image[axis])),
        }
    }

    /// The most places of a rest along each axis.
    fn widest(&self) -> [usize; 2] {
        [0, 1].map(|axis| (self.before[axis] + self.image[axis]).div_ceil(self.stride[axis]))
    }

    fn input_block<T>(&self) -> usize {
        let [rows, columns] = self.widest();
        let pitch = columns + self.reach(1);
        let most = |elements: usize| (BLOCK_BYTES / size_of::<T>() / elements.max(1)).max(1);
        most(self.outputs * pitch)
            .saturating_sub(self.reach(0))
            .max(1)
            .min(most(padded_rows(self.inputs) * pitch))
            .min(rows)
    }

    /// Bytes of scratch space that `input` needs.
    pub(crate) fn input_scratch<T: Plain>(&self) -> usize {
        let (depth, block) = (self.outputs * self.taps(), self.input_block::<T>());
        let set = self.cotangent_planes(0, block, self.widest()[1]);
        Workspace::bytes::<T>(padded_rows(self.inputs) * depth)
            + Workspace::bytes::<u32>(depth)
            + Workspace::bytes::<T>(set.elements() + SLACK)
            + Workspace::bytes::<T>(padded_rows(self.inputs) * padded_columns(block * set.pitch))
    }

    /// `x[n, c, p stride + q dilation - before] += y[n, o, p] w[o, c, q]` from 0
    pub(crate) fn input<T: Planes>(&self, y: &[T], w: &[T], x: &mut [T], mut work: Workspace<'_>) {
        if self.empty() {
            return x.fill(T::ZERO);
        }
        let (most, block) = (self.outputs * self.taps(), self.input_block::<T>());
        let columns = self.widest()[1];
        let whole = self.cotangent_planes(0, block, columns);
        let weights = work.take::<T>(padded_rows(self.inputs) * most);
        let offsets = work.take::<u32>(most);
        let planes = work.take::<T>(whole.elements() + SLACK);
        let result = work.take::<T>(padded_rows(self.inputs) * padded_columns(block * whole.pitch));
        let image = self.inputs * self.image[0] * self.image[1];
        let places = self.outputs * self.places[0] * self.places[1];
        let per_group = self.outputs * self.inputs * self.taps();
        for group in 0..self.groups {
            let w = &w[group * per_group..][..per_group];
            for rest in (0..self.stride[0]).flat_map(|a| (0..self.stride[1]).map(move |b| [a, b])) {
                let rest = self.rest(rest);
                let taps = self.pack_rest(rest, w, weights);
                for first in (rest.from[0]..rest.to[0]).step_by(block) {
                    let rows = (rest.to[0] - first).min(block);
                    let set = self.cotangent_planes(first, rows, columns);
                    let offsets = &mut offsets[..taps];
                    self.cotangent_offsets(rest, &set, offsets);
                    for n in 0..self.batch {
                        let at = n * self.groups + group;
                        set.fill(
                            &y[at * places..][..places],
                            &mut planes[..set.elements() + SLACK],
                        );
                        let width = (rows - 1) * set.pitch + columns;
                        correlate((self.inputs, width), weights, offsets, planes, result);
                        let x = &mut x[at * image..][..image];
                        self.spread(
                            rest,
                            (first, rows),
                            set.pitch,
                            result,
                            padded_columns(width),
                            x,
                        );
                    }
                }
            }
        }
    }

    /// Packs the weights of the taps that a rest meets; yields the length of the sums.
    fn pack_rest<T: Planes>(&self, rest: Rest, w: &[T], to: &mut [T]) -> usize {
        let [(i0, down, high), (j0, right, across)] =
            [0, 1].map(|axis| self.taps_of(axis, rest.rest[axis]));
        let weight = |c: usize, d: usize| {
            let (o, tap) = (d / (high * across), d % (high * across));
            let (i, j) = (i0 + tap / across * down, j0 + tap % across * right);
            w[((o * self.inputs + c) * self.kernel[0] + i) * self.kernel[1] + j]
        };
        let depth = self.outputs * high * across;
        pack((self.inputs, depth), weight, to);
        depth
    }

    fn cotangent_offsets(&self, rest: Rest, planes: &PlaneSet, to: &mut [u32]) {
        let [(i0, down, high), (j0, right, across)] =
            [0, 1].map(|axis| self.taps_of(axis, rest.rest[axis]));
        let mut to = to.iter_mut();
        for channel in 0..self.outputs {
            for i in 0..high {
                for j in 0..across {
                    let row = self.reach(0) - self.tap(0, i0 + i * down).1;
                    let column = self.reach(1) - self.tap(1, j0 + j * right).1;
                    let at = planes.start(channel, [0; 2]) + row * planes.pitch + column;
                    if let Some(to) = to.next() {
                        *to = u32::try_from(at).unwrap_or(u32::MAX);
                    }
                }
            }
        }
    }

    /// Writes the elements of a rest into the image.
    fn spread<T: Planes>(
        &self,
        rest: Rest,
        (first, rows): (usize, usize),
        pitch: usize,
        result: &[T],
        width: usize,
        x: &mut [T],
    ) {
        let [height, across] = self.image;
        let element = |axis: usize, place: usize| {
            place * self.stride[axis] + rest.rest[axis] - self.before[axis]
        };
        let (from, to) = (rest.from[1], rest.to[1]);
        for (line, x) in result
            .chunks_exact(width)
            .zip(x.chunks_exact_mut(height * across))
        {
            for row in 0..rows {
                let x = &mut x[element(0, first + row) * across..][..across];
                let line = &line[row * pitch..][from..to];
                if line.is_empty() {
                    continue;
                }
                if self.stride[1] == 1 {
                    x[element(1, from)..][..line.len()].copy_from_slice(line);
                } else {
                    let x = x[element(1, from)..].iter_mut().step_by(self.stride[1]);
                    x.zip(line).for_each(|(x, &value)| *x = value);
                }
            }
        }
    }
}
