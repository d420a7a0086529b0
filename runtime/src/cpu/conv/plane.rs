//! Padded planes of one image: where an element stands, and the copy of an image into them.

use crate::Real;

/// Planes of some channels. Coordinate u of an axis, counted from the first zero before it, is at
/// `u / split` in plane `u % split`.
#[derive(Clone, Copy)]
pub(super) struct PlaneSet {
    pub(super) channels: usize,
    /// Sizes of the image.
    pub(super) image: [usize; 2],
    /// Zeros before each axis.
    pub(super) before: [usize; 2],
    /// Rests of each axis.
    pub(super) split: [usize; 2],
    /// Rows of a plane, of which the first is this one.
    pub(super) first: usize,
    pub(super) rows: usize,
    /// Columns of a plane.
    pub(super) pitch: usize,
}

impl PlaneSet {
    /// Elements of all planes, without slack.
    pub(super) fn elements(&self) -> usize {
        self.channels * self.split[0] * self.split[1] * self.rows * self.pitch
    }

    /// Where the plane of a channel and rests begins.
    pub(super) fn start(&self, channel: usize, rest: [usize; 2]) -> usize {
        let plane = (channel * self.split[0] + rest[0]) * self.split[1] + rest[1];
        plane * self.rows * self.pitch
    }

    /// Copies an image of all channels, zeros around it and in the slack that follows.
    pub(super) fn fill<T: Real>(&self, image: &[T], to: &mut [T]) {
        let (planes, slack) = to.split_at_mut(self.elements());
        slack.fill(T::ZERO);
        let size = self.image[0] * self.image[1];
        let mut rows = planes.chunks_exact_mut(self.pitch.max(1));
        for channel in image.chunks_exact(size).take(self.channels) {
            for rest in 0..self.split[0] {
                for side in 0..self.split[1] {
                    for (row, to) in rows.by_ref().take(self.rows).enumerate() {
                        let at = ((self.first + row) * self.split[0] + rest)
                            .checked_sub(self.before[0])
                            .filter(|&at| at < self.image[0]);
                        match at {
                            Some(at) => {
                                let from = &channel[at * self.image[1]..][..self.image[1]];
                                self.fill_row(from, side, to);
                            }
                            None => to.fill(T::ZERO),
                        }
                    }
                }
            }
        }
    }

    /// The elements of a row whose coordinates leave a rest.
    fn fill_row<T: Real>(&self, from: &[T], side: usize, to: &mut [T]) {
        let (split, before) = (self.split[1], self.before[1]);
        // The first column of the plane at or behind the first element.
        let start = before.saturating_sub(side).div_ceil(split).min(to.len());
        let skipped = (start * split + side)
            .saturating_sub(before)
            .min(from.len());
        let count = (from.len() - skipped).div_ceil(split).min(to.len() - start);
        to[..start].fill(T::ZERO);
        to[start + count..].fill(T::ZERO);
        let to = &mut to[start..start + count];
        if split == 1 {
            to.copy_from_slice(&from[skipped..skipped + count]);
        } else {
            for (to, &from) in to.iter_mut().zip(from[skipped..].iter().step_by(split)) {
                *to = from;
            }
        }
    }
}
