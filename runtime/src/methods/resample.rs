//! Tensors of other sizes: interpolation, and pooling to a given number of windows; and the waves
//! that say where along an axis an entry stands.

use super::both;
use crate::primitive::mix::{self, Taps};
use crate::primitive::{MIX, WAVES};

/// How an axis is interpolated at the places of its new entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resize {
    /// New entry p of S is old entry `floor(p L / S)` of L.
    Nearest,
    /// New entry p lies at `(p + 1/2) L / S - 1/2` of the old axis, not before its first entry, and
    /// is interpolated between its neighbours: entries are areas. Over two axes this is bilinear.
    Linear,
    /// New entry p lies at `p (L - 1) / (S - 1)`: entries are points, and both ends stay.
    LinearAligned,
}

impl Resize {
    /// What each new entry of an axis is made of.
    fn taps(self, old: usize, new: usize) -> Vec<Taps> {
        let (length, count) = (old as f64, new as f64);
        let taps = |p: usize| match self {
            Resize::Nearest => vec![(p * old / new, 1.0)],
            Resize::Linear => {
                let place = (p as f64 + 0.5) * length / count - 0.5;
                between(place.max(0.0), old)
            }
            Resize::LinearAligned if new == 1 => vec![(0, 1.0)],
            Resize::LinearAligned => between(p as f64 * (length - 1.0) / (count - 1.0), old),
        };
        (0..new).map(taps).collect()
    }
}

/// The neighbours of a place on an axis, weighted.
fn between(place: f64, size: usize) -> Taps {
    let low = (place.floor() as usize).min(size - 1);
    let part = place - low as f64;
    if part == 0.0 || low + 1 == size {
        return vec![(low, 1.0)];
    }
    vec![(low, 1.0 - part), (low + 1, part)]
}

/// The entries of each of `new` windows that cover an axis: from `floor(p L / S)` to
/// `ceil((p + 1) L / S)`.
fn windows(old: usize, new: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..new).map(move |p| p * old / new..((p + 1) * old).div_ceil(new))
}

both! {
    /// The last axes interpolated to these sizes: of images `[N, C, H, W]`, `resize(&[2 * h, 2 * w],
    /// Resize::Linear)` is bilinear upsampling. Nothing is smoothed where an axis shrinks.
    #[must_use]
    #[track_caller]
    pub fn resize(&self, sizes: &[usize], how: Resize) -> Self {
        self.along_last("resize", sizes, |old, new| match old == new {
            // Every entry is its own place.
            true => None,
            false => Some(how.taps(old, new)),
        })
    }

    /// The means of `sizes` windows that cover the last axes evenly: window p of S along an axis of
    /// L is `floor(p L / S)..ceil((p + 1) L / S)`. With sizes of 1 it is global pooling.
    #[must_use]
    #[track_caller]
    pub fn adaptive_avg_pool(&self, sizes: &[usize]) -> Self {
        self.along_last("adaptive_avg_pool", sizes, |old, new| {
            let mean = |window: std::ops::Range<usize>| {
                let weight = 1.0 / window.len() as f64;
                window.map(|entry| (entry, weight)).collect()
            };
            Some(windows(old, new).map(mean).collect())
        })
    }

    /// The largest elements of the windows of [`adaptive_avg_pool`](Self::adaptive_avg_pool); ties
    /// share the derivative evenly.
    #[must_use]
    #[track_caller]
    pub fn adaptive_max_pool(&self, sizes: &[usize]) -> Self {
        let shape = self.sizes();
        let lead = shape.len().saturating_sub(sizes.len());
        let widest = |(&old, &new): (&usize, &usize)| {
            windows(old, new).map(|window| window.len()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = shape[lead..].iter().zip(sizes).map(widest).collect();
        // Windows side by side, each as wide as the widest; what is missing is 0 here.
        let spread = |x: &Self| {
            x.along_last("adaptive_max_pool", sizes, |old, new| {
                let width = windows(old, new).map(|window| window.len()).max().unwrap_or(0);
                let entries = |window: std::ops::Range<usize>| {
                    let missing = width - window.len();
                    let present = window.map(|entry| vec![(entry, 1.0)]);
                    present.chain(std::iter::repeat_n(Vec::new(), missing))
                };
                Some(windows(old, new).flat_map(entries).collect())
            })
        };
        let split: Vec<usize> = sizes.iter().zip(&widths).flat_map(|(&s, &w)| [s, w]).collect();
        let inside: Vec<isize> = (0..sizes.len() as isize).map(|k| -1 - 2 * k).collect();
        let wide = spread(self);
        if wide.sizes().len() < sizes.len() || split.contains(&0) {
            return wide;
        }
        let wide = wide.shaped(&[&shape[..lead], &split].concat());
        let even = shape[lead..].iter().zip(sizes).all(|(old, new)| old.is_multiple_of(*new));
        if even {
            return wide.max_axis(&inside);
        }
        let present = spread(&self.filled(&shape[lead..], 1.0)).shaped(&split);
        let nothing = self.filled(&[], f64::NEG_INFINITY);
        present.choose(&wide, &nothing).max_axis(&inside)
    }

    /// The last axes mixed, where `taps` gives a mix for the old and the new size.
    #[track_caller]
    fn along_last(
        &self,
        what: &'static str,
        sizes: &[usize],
        taps: impl Fn(usize, usize) -> Option<Vec<Taps>>,
    ) -> Self {
        let shape = self.sizes();
        let Some(lead) = shape.len().checked_sub(sizes.len()) else {
            let text = format!("{} sizes for its {} axes", sizes.len(), shape.len());
            return self.refuse(what, text);
        };
        let mut result = self.clone();
        for (k, &new) in sizes.iter().enumerate() {
            let old = shape[lead + k];
            if old == 0 && new > 0 {
                return self.refuse(what, format!("axis {} has no entries", lead + k));
            }
            if let Some(taps) = taps(old, new) {
                result = result.call(what, &MIX, &[], &mix::args(lead + k, &taps));
            }
        }
        result
    }

    /// Waves of the positions along the axis before the last, one pair of frequencies for every two
    /// channels (the last axis), for a tensor `[.., l, d]`: `y[p, 2i] = sin(p b^(-2i / d))` and
    /// `y[p, 2i + 1] = cos(p b^(-2i / d))`, `[l, d]`. With the usual base 10000, `x +
    /// x.positional_encoding(1e4)` tells an attention the order of its rows.
    #[must_use]
    #[track_caller]
    pub fn positional_encoding(&self, base: f64) -> Self {
        if !(base.is_finite() && base > 0.0) {
            return self.refuse("positional_encoding", format!("{base} is no base of frequencies"));
        }
        let bits = base.to_bits().cast_signed();
        self.call("positional_encoding", &WAVES, &[], &[bits])
    }
}
