//! Movements of elements: shapes, slices, joins, padding, gathers.

use super::{Labels, both};
use crate::axes::{Over, Position, Span, position};
use crate::graph::TensorHandle;
use crate::primitive::strided;
use crate::primitive::{
    CONCAT, FLOATS, GATHER, GATHER_ADD, ONE_HOT, PLACE, SELECT, Strided, TAKE, TAKE_ADD, TRIANGLE,
    VIEW,
};
use crate::{Float, Real, Tensor};

/// What stands in the margins of a padded tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pad {
    /// This value.
    Constant(f64),
    /// The entries mirrored at the edge, which is not repeated.
    Reflect,
    /// The entries mirrored at the edge, which is repeated.
    Symmetric,
    /// The entry at the edge.
    Edge,
    /// The entries from the other end.
    Wrap,
}

impl Pad {
    /// The position, inside an axis of size `size`, of the entry at `at`, which may be outside.
    fn inside(self, at: i64, size: i64) -> i64 {
        match self {
            Pad::Constant(_) | Pad::Edge => at.clamp(0, size - 1),
            Pad::Wrap => at.rem_euclid(size),
            Pad::Symmetric => {
                let turn = at.rem_euclid(2 * size);
                turn.min(2 * size - 1 - turn)
            }
            Pad::Reflect if size == 1 => 0,
            Pad::Reflect => {
                let turn = at.rem_euclid(2 * (size - 1));
                turn.min(2 * (size - 1) - turn)
            }
        }
    }
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

both! {
    #[track_caller]
    fn viewed(&self, what: &'static str, view: Result<Strided, String>) -> Self {
        match view {
            Ok(view) if view == Strided::whole(&self.sizes()) => self.clone(),
            Ok(view) => self.call(what, &VIEW, &[], &view.args(0.0)),
            Err(why) => self.refuse(what, why),
        }
    }

    /// The same elements under a shape that is known to fit.
    #[track_caller]
    pub(crate) fn shaped(&self, shape: &[usize]) -> Self {
        let sizes: Vec<i64> = shape.iter().map(|&size| signed(size)).collect();
        self.reshape(&sizes)
    }

    /// All elements along one axis.
    #[must_use]
    #[track_caller]
    pub fn flatten(&self) -> Self {
        let count = self.sizes().iter().product();
        self.shaped(&[count])
    }

    /// A new axis of size 1; a negative one counts from the end of the result.
    #[must_use]
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let mut shape = self.sizes();
        match position(axis, shape.len() + 1) {
            Ok(axis) => {
                shape.insert(axis, 1);
                self.shaped(&shape)
            }
            Err(why) => self.refuse("unsqueeze", why),
        }
    }

    /// Without axes, whose size must be 1.
    #[must_use]
    #[track_caller]
    pub fn squeeze(&self, axes: impl Into<Over>) -> Self {
        let shape = self.sizes();
        match axes.into().resolve(shape.len()) {
            Ok(axes) if axes.iter().all(|&axis| shape[axis] == 1) => self.without(&axes),
            Ok(_) => self.refuse("squeeze", "the size of an axis to remove is not 1"),
            Err(why) => self.refuse("squeeze", why),
        }
    }

    /// The same elements without axes of size 1.
    #[track_caller]
    pub(crate) fn without(&self, axes: &[usize]) -> Self {
        let sizes = self.sizes().into_iter().enumerate();
        let kept: Vec<usize> = sizes
            .filter_map(|(axis, size)| (!axes.contains(&axis)).then_some(size))
            .collect();
        self.shaped(&kept)
    }

    /// The axes in another order: axis i of the result is axis `axes[i]`.
    #[must_use]
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Self {
        self.viewed("permute", strided::permute(&self.sizes(), axes))
    }

    /// Two axes swapped.
    #[must_use]
    #[track_caller]
    pub fn swap_axes(&self, a: isize, b: isize) -> Self {
        let rank = self.sizes().len();
        let mut order: Vec<isize> = (0..).take(rank).collect();
        match (position(a, rank), position(b, rank)) {
            (Ok(a), Ok(b)) => order.swap(a, b),
            (Err(why), _) | (_, Err(why)) => return self.refuse("swap_axes", why),
        }
        self.permute(&order)
    }

    /// A range of entries of an axis: `x.slice(1, 2..5)`, `x.slice(-1, ..-1)`.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl Span) -> Self {
        self.viewed("slice", strided::slice(&self.sizes(), axis, &range, 1))
    }

    /// Every `step`-th entry of a range of an axis; a negative step begins at the range's end.
    #[must_use]
    #[track_caller]
    pub fn slice_step(&self, axis: isize, range: impl Span, step: isize) -> Self {
        self.viewed("slice_step", strided::slice(&self.sizes(), axis, &range, step))
    }

    /// One entry of an axis, which vanishes.
    #[must_use]
    #[track_caller]
    pub fn index_axis(&self, axis: isize, index: impl Position) -> Self {
        let shape = self.sizes();
        let (at, axis) = match position(axis, shape.len()) {
            Ok(axis) => (index.position(), axis),
            Err(why) => return self.refuse("index_axis", why),
        };
        let size = signed(shape[axis]);
        let at = if at < 0 { at + size } else { at };
        if !(0..size).contains(&at) {
            return self.refuse("index_axis", format!("there is no entry {at} of axis {axis}"));
        }
        self.slice(axis as isize, at..at + 1).without(&[axis])
    }

    /// Consecutive parts of an axis, of these sizes.
    #[must_use]
    #[track_caller]
    pub fn split(&self, axis: isize, sizes: &[usize]) -> Vec<Self> {
        let mut start = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for &size in sizes {
            parts.push(self.slice(axis, start..start + size));
            start += size;
        }
        let whole = position(axis, self.sizes().len()).map(|axis| self.sizes()[axis]);
        if whole.is_ok_and(|whole| whole != start) {
            let _ = self.refuse("split", format!("the parts {sizes:?} do not fill axis {axis}"));
        }
        parts
    }

    /// The order of entries reversed along axes.
    #[must_use]
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Over>) -> Self {
        self.viewed("flip", strided::flip(&self.sizes(), &axes.into()))
    }

    /// The entries of an axis moved by `shift` places, round the end.
    #[must_use]
    #[track_caller]
    pub fn roll(&self, axis: isize, shift: isize) -> Self {
        let shape = self.sizes();
        match position(axis, shape.len()) {
            Ok(at) => {
                let size = signed(shape[at]).max(1);
                let places = (0..signed(shape[at])).map(|k| (k - shift as i64).rem_euclid(size));
                self.chosen("roll", at, places)
            }
            Err(why) => self.refuse("roll", why),
        }
    }

    /// Broadcast to a shape by NumPy's rules.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Self {
        self.viewed("broadcast_to", strided::broadcast(&self.sizes(), shape))
    }

    /// Entry k of an axis `counts[k]` times.
    #[must_use]
    #[track_caller]
    pub fn repeat_axis(&self, axis: isize, counts: &[usize]) -> Self {
        let shape = self.sizes();
        match position(axis, shape.len()) {
            Ok(at) if shape[at] == counts.len() => {
                let places = (0..).zip(counts).flat_map(|(k, &n)| std::iter::repeat_n(k, n));
                self.chosen("repeat_axis", at, places)
            }
            Ok(at) => self.refuse("repeat_axis", format!("{} counts for axis {at}", counts.len())),
            Err(why) => self.refuse("repeat_axis", why),
        }
    }

    /// The whole tensor `times[k]` times along axis k; leading axes of size 1 are added for more
    /// numbers than axes.
    #[must_use]
    #[track_caller]
    pub fn tile(&self, times: &[usize]) -> Self {
        let mut shape = self.sizes();
        while shape.len() < times.len() {
            shape.insert(0, 1);
        }
        let mut result = self.shaped(&shape);
        for (k, &n) in times.iter().rev().enumerate() {
            let axis = shape.len() - 1 - k;
            let places = (0..n).flat_map(|_| 0..signed(shape[axis]));
            result = result.chosen("tile", axis, places);
        }
        result
    }

    /// The entries of an axis at these positions of the host, in this order.
    #[must_use]
    #[track_caller]
    pub fn pick(&self, axis: isize, positions: &[usize]) -> Self {
        let shape = self.sizes();
        match position(axis, shape.len()) {
            Ok(at) => match positions.iter().find(|&&k| k >= shape[at]) {
                Some(k) => self.refuse("pick", format!("there is no entry {k} of axis {at}")),
                None => self.chosen("pick", at, positions.iter().map(|&k| signed(k))),
            },
            Err(why) => self.refuse("pick", why),
        }
    }

    #[track_caller]
    fn chosen(&self, what: &'static str, axis: usize, at: impl Iterator<Item = i64>) -> Self {
        let args: Vec<i64> = std::iter::once(signed(axis)).chain(at).collect();
        self.call(what, &SELECT, &[], &args)
    }

    /// Margins around a tensor: `margins[k]` entries before and after those of axis k.
    #[must_use]
    #[track_caller]
    pub fn pad(&self, margins: &[(usize, usize)], mode: Pad) -> Self {
        let shape = self.sizes();
        let place = match strided::padded(&shape, margins) {
            Ok(place) => place,
            Err(why) => return self.refuse("pad", why),
        };
        if let Pad::Constant(value) = mode {
            return self.call("pad", &PLACE, &[], &place.args(value));
        }
        let mut result = self.clone();
        for (axis, &(before, after)) in margins.iter().enumerate() {
            let size = signed(shape[axis]);
            if size == 0 && before + after > 0 {
                return self.refuse("pad", format!("axis {axis} has no entries to repeat"));
            }
            if before + after > 0 {
                let range = -signed(before)..size + signed(after);
                result = result.chosen("pad", axis, range.map(|at| mode.inside(at, size)));
            }
        }
        result
    }

    /// The diagonal of the last two axes that begins `offset` columns to the right of the corner.
    #[must_use]
    #[track_caller]
    pub fn diagonal(&self, offset: isize) -> Self {
        self.viewed("diagonal", strided::diagonal(&self.sizes(), offset))
    }

    /// Square matrices with the last axis on the diagonal and 0 elsewhere.
    #[must_use]
    #[track_caller]
    pub fn diag(&self) -> Self {
        let mut outer = self.sizes();
        match outer.last().copied() {
            Some(size) => {
                outer.push(size);
                match strided::diagonal(&outer, 0) {
                    Ok(place) => self.call("diag", &PLACE, &[], &place.args(0.0)),
                    Err(why) => self.refuse("diag", why),
                }
            }
            None => self.refuse("diag", "a scalar has no axis"),
        }
    }

    /// The sum of the main diagonal of the last two axes.
    #[must_use]
    #[track_caller]
    pub fn trace(&self) -> Self {
        self.diagonal(0).sum_axis(-1)
    }

    /// The last two axes on and below a diagonal, 0 above it.
    #[must_use]
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Self {
        self.call("tril", &TRIANGLE, &[], &[diagonal as i64, 1])
    }

    /// The last two axes on and above a diagonal, 0 below it.
    #[must_use]
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Self {
        self.call("triu", &TRIANGLE, &[], &[diagonal as i64, 0])
    }

    /// Sliding windows over the last axes, `[.., L..]` to `[.., P.., K..]`: window p of an axis
    /// holds the entries `p stride + q dilation` for q below the window's size.
    #[must_use]
    #[track_caller]
    pub fn windows_of(&self, window: &[usize], stride: &[usize], dilation: &[usize]) -> Self {
        self.viewed("windows_of", strided::windows(&self.sizes(), window, stride, dilation))
    }

    /// The adjoint of [`windows_of`](Self::windows_of): windows added up where they overlap, over
    /// last axes of these sizes.
    #[must_use]
    #[track_caller]
    pub fn overlap_add(&self, sizes: &[usize], stride: &[usize], dilation: &[usize]) -> Self {
        let (shape, axes) = (self.sizes(), sizes.len());
        if shape.len() < 2 * axes {
            return self.refuse("overlap_add", "it has too few axes for windows");
        }
        let window = &shape[shape.len() - axes..];
        let outer = [&shape[..shape.len() - 2 * axes], sizes].concat();
        match strided::windows(&outer, window, stride, dilation) {
            Ok(view) if view.shape == shape => self.call("overlap_add", &PLACE, &[], &view.args(0.0)),
            Ok(_) => self.refuse("overlap_add", "there are not as many windows as fit"),
            Err(why) => self.refuse("overlap_add", why),
        }
    }

    /// This tensor and others, joined along an axis.
    #[must_use]
    #[track_caller]
    pub fn concat(&self, others: &[&Self], axis: isize) -> Self {
        match position(axis, self.sizes().len()) {
            Ok(at) => {
                let mut parts: Vec<Self> = vec![self.clone()];
                parts.extend(others.iter().map(|&other| other.clone()));
                // Pairs of neighbours, so that an element is copied log n times.
                while parts.len() > 1 {
                    let mut joined = Vec::with_capacity(parts.len().div_ceil(2));
                    // A closure would be the place of what does not fit.
                    for pair in parts.chunks(2) {
                        joined.push(match pair {
                            [a, b] => a.call("concat", &CONCAT, &[b], &[signed(at)]),
                            rest => rest[0].clone(),
                        });
                    }
                    parts = joined;
                }
                parts.swap_remove(0)
            }
            Err(why) => self.refuse("concat", why),
        }
    }

    /// This tensor and others of its shape, joined along a new axis.
    #[must_use]
    #[track_caller]
    pub fn stack(&self, others: &[&Self], axis: isize) -> Self {
        let mut rest: Vec<Self> = Vec::with_capacity(others.len());
        for other in others {
            rest.push(other.unsqueeze(axis));
        }
        self.unsqueeze(axis).concat(&rest.iter().collect::<Vec<_>>(), axis)
    }

    /// The entries of an axis at labels: the labels' shape takes the axis's place.
    #[must_use]
    #[track_caller]
    pub fn index_select(&self, axis: isize, labels: &Labels<Self>) -> Self {
        match position(axis, self.sizes().len()) {
            Ok(at) => self.call_labels("index_select", &TAKE, labels, &[signed(at)]),
            Err(why) => self.refuse("index_select", why),
        }
    }

    /// One entry along an axis for each label: `y[i, k] = x[i, t[i, k]]` along the last one.
    #[must_use]
    #[track_caller]
    pub fn gather(&self, axis: isize, labels: &Labels<Self>) -> Self {
        match position(axis, self.sizes().len()) {
            Ok(at) => self.call_labels("gather", &GATHER, labels, &[signed(at)]),
            Err(why) => self.refuse("gather", why),
        }
    }

    /// The entries of `src` added to those of this tensor at the labels of an axis.
    #[must_use]
    #[track_caller]
    pub fn index_add(&self, axis: isize, labels: &Labels<Self>, src: &Self) -> Self {
        let shape = self.sizes();
        let at = match position(axis, shape.len()) {
            Ok(at) => at,
            Err(why) => return self.refuse("index_add", why),
        };
        let picked = labels.shape().to_vec();
        let taken = [&shape[..at], &picked, &shape[at + 1..]].concat();
        if src.sizes() != taken {
            let text = format!("the entries to add must have the shape {taken:?}");
            return src.refuse("index_add", text);
        }
        self.added_at("index_add", &TAKE_ADD, labels, src, &[signed(at)])
    }

    /// The elements of `src`, which has the labels' shape, added at one label each.
    #[must_use]
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, labels: &Labels<Self>, src: &Self) -> Self {
        let (shape, to) = (self.sizes(), labels.shape().to_vec());
        let at = match position(axis, shape.len()) {
            Ok(at) => at,
            Err(why) => return self.refuse("scatter_add", why),
        };
        let fits = src.sizes() == to
            && shape.len() == to.len()
            && (0..to.len()).all(|k| k == at || shape[k] == to[k]);
        if !fits {
            let text = format!("the elements to add and the labels {to:?} must have one shape, with the sizes of the tensor except along axis {at}");
            return src.refuse("scatter_add", text);
        }
        self.added_at("scatter_add", &GATHER_ADD, labels, src, &[signed(at)])
    }
}

impl Tensor<u32> {
    /// 1 at each label's class, 0 elsewhere: `[..]` to `[.., classes]`.
    ///
    /// # Panics
    /// When a label is not below `classes`.
    #[must_use]
    #[track_caller]
    pub fn one_hot<T: Float + Real>(&self, classes: usize) -> Tensor<T> {
        self.call_alone("one_hot", &ONE_HOT, &[signed(classes)])
    }

    /// The labels as numbers, which carry no derivative.
    #[must_use]
    #[track_caller]
    pub fn to_float<T: Float + Real>(&self) -> Tensor<T> {
        self.call_alone("to_float", &FLOATS, &[])
    }
}

impl<'b> TensorHandle<'b, u32> {
    /// 1 at each label's class, 0 elsewhere: `[..]` to `[.., classes]`.
    #[must_use]
    #[track_caller]
    pub fn one_hot<T: Float + Real>(&self, classes: usize) -> TensorHandle<'b, T> {
        self.call_alone("one_hot", &ONE_HOT, &[signed(classes)])
    }

    /// The labels as numbers, which carry no derivative.
    #[must_use]
    #[track_caller]
    pub fn to_float<T: Float + Real>(&self) -> TensorHandle<'b, T> {
        self.call_alone("to_float", &FLOATS, &[])
    }
}
