//! Layers of networks: convolution and pooling over one or two axes are primitives; over more, a product
//! over a view of all windows and a reduction of it. Norms are one kernel, scaled and shifted; attention is
//! one kernel where queries, keys and values have the same batches and there is no mask.

use super::{Labels, both};
use crate::axes::position;
use crate::cpu::{Attention, Normal};
use crate::primitive::{
    ATTENTION, CONV, MAX_POOL, MEAN_POOL, NORMALIZE, PLACE, UNIFORM, VIEW, normal, strided,
};
use crate::{Float, Real};

fn product(sizes: &[usize]) -> usize {
    sizes.iter().product()
}

both! {
    /// `e^x / sum e^x` along an axis.
    #[must_use]
    #[track_caller]
    pub fn softmax_axis(&self, axis: isize) -> Self {
        self.swap_axes(axis, -1).softmax().swap_axes(axis, -1)
    }

    /// `x - ln sum e^x` along an axis.
    #[must_use]
    #[track_caller]
    pub fn log_softmax_axis(&self, axis: isize) -> Self {
        self.swap_axes(axis, -1).log_softmax().swap_axes(axis, -1)
    }

    /// The cross-correlation of `[N, C, L..]` with a kernel `[O, C / groups, K..]`: `[N, O, P..]`,
    /// `y[n, o, p] = sum x[n, c, p stride + q dilation - before] w[o, c, q]`. `padding` holds the
    /// zeros before and after each spatial axis. An infinite or NaN element of x may make the gradient of the
    /// kernel NaN also at taps that it does not meet.
    #[must_use]
    #[track_caller]
    pub fn conv(
        &self,
        kernel: &Self,
        stride: &[usize],
        padding: &[(usize, usize)],
        dilation: &[usize],
        groups: usize,
    ) -> Self {
        let axes = stride.len();
        if padding.len() != axes || dilation.len() != axes {
            let text = format!("stride {stride:?}, padding {padding:?} and dilation {dilation:?} must have one entry for each spatial axis");
            return self.refuse("conv", text);
        }
        if !(1..=2).contains(&axes) {
            return self.conv_by_windows(kernel, stride, padding, dilation, groups);
        }
        let each = (0..axes).flat_map(|k| [stride[k], padding[k].0, padding[k].1, dilation[k]]);
        let args: Vec<i64> = each.chain([groups]).map(|size| size as i64).collect();
        self.call("conv", &CONV, &[kernel], &args)
    }

    /// A convolution as a product over a copy of all windows, for any number of spatial axes.
    #[track_caller]
    fn conv_by_windows(
        &self,
        kernel: &Self,
        stride: &[usize],
        padding: &[(usize, usize)],
        dilation: &[usize],
        groups: usize,
    ) -> Self {
        let (shape, weights) = (self.sizes(), kernel.sizes());
        let axes = stride.len();
        let fits = shape.len() == axes + 2
            && weights.len() == axes + 2
            && padding.len() == axes
            && groups > 0
            && shape[1] == weights[1] * groups
            && weights[0].is_multiple_of(groups);
        if !fits {
            let text = format!("it needs [N, C, L..] and a kernel [O, C / {groups}, K..] with {axes} spatial axes; the kernel is {weights:?}");
            return self.refuse("conv", text);
        }
        let margins = [&[(0, 0), (0, 0)], padding].concat();
        let padded = match strided::padded(&shape, &margins) {
            Ok(_) if padding.iter().all(|&pair| pair == (0, 0)) => self.clone(),
            Ok(place) => self.call("conv", &PLACE, &[], &place.args(0.0)),
            Err(why) => return self.refuse("conv", why),
        };
        let patches = strided::patches(&padded.sizes(), &weights[2..], stride, dilation, groups);
        let view = match patches {
            Ok(view) => view,
            Err(why) => return self.refuse("conv", why),
        };
        let places = view.shape[2..2 + axes].to_vec();
        let (rows, depth) = (shape[0] * product(&places), product(&weights[1..]));
        let columns = padded
            .call("conv", &VIEW, &[], &view.args(0.0))
            .shaped(&[groups, rows, depth]);
        let channels = weights[0] / groups;
        let result = columns.matmul(&kernel.shaped(&[groups, channels, depth]).t());
        let split = [&[groups, shape[0]], &places[..], &[channels]].concat();
        // [G, N, P.., O/G] to [N, G, O/G, P..].
        let mut order = vec![1, 0, axes as isize + 2];
        order.extend((0..axes).map(|k| k as isize + 2));
        let whole = [&[shape[0], weights[0]], &places[..]].concat();
        result.shaped(&split).permute(&order).shaped(&whole)
    }

    /// The cross-correlation of `[N, C, L]` with a kernel `[O, C, K]` and zeros on both sides.
    #[must_use]
    #[track_caller]
    pub fn conv1d(&self, kernel: &Self, stride: usize, padding: usize) -> Self {
        self.conv(kernel, &[stride], &[(padding, padding)], &[1], 1)
    }

    /// The cross-correlation of `[N, C, H, W]` with a kernel `[O, C, K, K]` and zeros on all sides.
    #[must_use]
    #[track_caller]
    pub fn conv2d(&self, kernel: &Self, stride: usize, padding: usize) -> Self {
        let margin = (padding, padding);
        self.conv(kernel, &[stride, stride], &[margin, margin], &[1, 1], 1)
    }

    /// The adjoint of `conv` without dilation and groups: `[N, I, P..]` with a kernel `[I, O, K..]`
    /// to `[N, O, L..]`, `y[n, o, p stride + q - padding] += x[n, i, p] w[i, o, q]` over
    /// `L = (P - 1) stride - 2 padding + K + extra`.
    #[must_use]
    #[track_caller]
    pub fn conv_transpose(
        &self,
        kernel: &Self,
        stride: &[usize],
        padding: &[usize],
        extra: &[usize],
    ) -> Self {
        let (shape, weights) = (self.sizes(), kernel.sizes());
        let axes = stride.len();
        let fits = shape.len() == axes + 2
            && weights.len() == axes + 2
            && shape[1] == weights[0]
            && padding.len() == axes
            && extra.len() == axes
            && shape[2..].iter().all(|&size| size > 0)
            && (0..axes).all(|k| {
                let reach = weights[k + 2] + extra[k] + (shape[k + 2] - 1) * stride[k];
                extra[k] < stride[k] && 2 * padding[k] <= reach
            });
        if !fits {
            let text = format!("it needs [N, I, P..] and a kernel [I, O, K..] with {axes} spatial axes; the kernel is {weights:?}");
            return self.refuse("conv_transpose", text);
        }
        let places = &shape[2..];
        // [N, I, P..] to [N P.., I], times [I, O K..].
        let mut order = vec![0];
        order.extend((0..axes).map(|k| k as isize + 2));
        order.push(1);
        let rows = shape[0] * product(places);
        let columns = self
            .permute(&order)
            .shaped(&[rows, shape[1]])
            .matmul(&kernel.shaped(&[weights[0], product(&weights[1..])]));
        let split = [&shape[..1], places, &weights[1..]].concat();
        // [N, P.., O, K..] to [N, O, P.., K..].
        let mut order = vec![0, axes as isize + 1];
        order.extend((0..axes).map(|k| k as isize + 1));
        order.extend((0..axes).map(|k| (k + axes) as isize + 2));
        let full: Vec<usize> = (0..axes)
            .map(|k| (places[k] - 1) * stride[k] + weights[k + 2] + extra[k])
            .collect();
        let ones = vec![1; axes];
        let mut result = columns
            .shaped(&split)
            .permute(&order)
            .overlap_add(&full, stride, &ones);
        for k in 0..axes {
            result = result.slice(k as isize + 2, padding[k]..full[k] - padding[k]);
        }
        result
    }

    /// The largest element of each window of the last axes; ties share the derivative evenly.
    #[must_use]
    #[track_caller]
    pub fn max_pool(&self, window: &[usize], stride: &[usize]) -> Self {
        match pooling(window, stride) {
            Some(args) => self.call("max_pool", &MAX_POOL, &[], &args),
            None => self.windows_of(window, stride, &vec![1; window.len()]).max_axis(&last(window.len())),
        }
    }

    /// The mean of each window of the last axes.
    #[must_use]
    #[track_caller]
    pub fn avg_pool(&self, window: &[usize], stride: &[usize]) -> Self {
        match pooling(window, stride) {
            Some(args) => self.call("avg_pool", &MEAN_POOL, &[], &args),
            None => self.windows_of(window, stride, &vec![1; window.len()]).mean_axis(&last(window.len())),
        }
    }

    /// `(x - mean) / sqrt(var + eps)` of each group of elements of a tensor that is seen as
    /// `[outer, groups, inner]`, with the variance's divisor n.
    #[track_caller]
    fn normalized(&self, what: &'static str, [outer, groups, inner]: [usize; 3], eps: f64) -> Self {
        self.of_groups(what, Normal { outer, groups, inner, centred: true, eps })
    }

    /// A normalisation: one kernel, or the operations that it is made of where more than one derivative
    /// is taken.
    #[track_caller]
    fn of_groups(&self, what: &'static str, normal: Normal) -> Self {
        if !self.differentiated_again() {
            return self.call(what, &NORMALIZE, &[], &normal::args(&normal));
        }
        let parts = self.shaped(&[normal.outer, normal.groups, normal.inner]);
        let centred = match normal.centred {
            true => &parts - &parts.mean_axis_keep([0, 2]),
            false => parts,
        };
        let scale = (&centred * &centred).mean_axis_keep([0, 2]).plus(normal.eps);
        (centred / scale.power(0.5)).shaped(&self.sizes())
    }

    /// Elements of the last axis, and of the axes before it.
    #[track_caller]
    fn last_axis(&self) -> (usize, usize) {
        let shape = self.sizes();
        let inner = shape.last().copied().unwrap_or(1);
        (product(&shape[..shape.len().saturating_sub(1)]), inner)
    }

    /// A vector of one number per channel, over the axes of a tensor whose axis 1 is the channel.
    #[track_caller]
    fn per_channel(&self, rank: usize) -> Self {
        let mut shape = vec![1; rank];
        shape[1] = self.sizes().iter().product();
        self.shaped(&shape)
    }

    /// `(x - mean) / sqrt(var + eps) gain + bias` over the last axis.
    #[must_use]
    #[track_caller]
    pub fn layer_norm(&self, gain: &Self, bias: &Self, eps: f64) -> Self {
        let (rows, width) = self.last_axis();
        self.normalized("layer_norm", [1, rows, width], eps).affine(gain, bias)
    }

    /// `x / sqrt(mean x^2 + eps) gain` over the last axis.
    #[must_use]
    #[track_caller]
    pub fn rms_norm(&self, gain: &Self, eps: f64) -> Self {
        let (groups, inner) = self.last_axis();
        self.of_groups("rms_norm", Normal { outer: 1, groups, inner, centred: false, eps }) * gain
    }

    /// `(x - mean) / sqrt(var + eps) gain + bias` over all axes but the channel, which is axis 1:
    /// batch normalisation while training. The statistics are `x.mean_axis(..)`, `x.var_axis(..)`.
    #[must_use]
    #[track_caller]
    pub fn batch_norm(&self, gain: &Self, bias: &Self, eps: f64) -> Self {
        let rank = self.sizes().len();
        if rank < 2 {
            return self.refuse("batch_norm", "there is no channel: it needs [N, C, ..]");
        }
        let shape = self.sizes();
        let sizes = [shape[0], shape[1], product(&shape[2..])];
        self.normalized("batch_norm", sizes, eps)
            .affine(&gain.per_channel(rank), &bias.per_channel(rank))
    }

    /// Batch normalisation with given statistics, one number per channel: that of evaluation.
    #[must_use]
    #[track_caller]
    pub fn batch_norm_with(
        &self,
        mean: &Self,
        variance: &Self,
        gain: &Self,
        bias: &Self,
        eps: f64,
    ) -> Self {
        let rank = self.sizes().len();
        if rank < 2 {
            return self.refuse("batch_norm_with", "there is no channel: it needs [N, C, ..]");
        }
        let spread = variance.per_channel(rank).plus(eps).sqrt();
        (self - &mean.per_channel(rank)) / &spread * &gain.per_channel(rank)
            + &bias.per_channel(rank)
    }

    /// `(x - mean) / sqrt(var + eps) gain + bias` over space and groups of channels (axis 1).
    #[must_use]
    #[track_caller]
    pub fn group_norm(&self, groups: usize, gain: &Self, bias: &Self, eps: f64) -> Self {
        let shape = self.sizes();
        if shape.len() < 2 || groups == 0 || !shape[1].is_multiple_of(groups) {
            let text = format!("its channels, axis 1, do not split into {groups} groups");
            return self.refuse("group_norm", text);
        }
        let sizes = [1, shape[0] * groups, shape[1] / groups * product(&shape[2..])];
        let rank = shape.len();
        self.normalized("group_norm", sizes, eps)
            .affine(&gain.per_channel(rank), &bias.per_channel(rank))
    }

    /// `(x - mean) / sqrt(var + eps)` over space, per sample and channel.
    #[must_use]
    #[track_caller]
    pub fn instance_norm(&self, eps: f64) -> Self {
        let shape = self.sizes();
        if shape.len() < 2 {
            return self.refuse("instance_norm", "there is no channel: it needs [N, C, ..]");
        }
        self.normalized("instance_norm", [1, shape[0] * shape[1], product(&shape[2..])], eps)
    }

    /// Halves a and b of an axis: `a sigmoid(b)`.
    #[must_use]
    #[track_caller]
    pub fn glu(&self, axis: isize) -> Self {
        let size = match position(axis, self.sizes().len()) {
            Ok(axis) => self.sizes()[axis],
            Err(why) => return self.refuse("glu", why),
        };
        if !size.is_multiple_of(2) {
            return self.refuse("glu", format!("axis {axis} has no halves"));
        }
        self.slice(axis, ..size / 2) * self.slice(axis, size / 2..).sigmoid()
    }

    /// `softmax(q k^T / sqrt d) v` over the last two axes.
    #[must_use]
    #[track_caller]
    pub fn attention(&self, keys: &Self, values: &Self) -> Self {
        match self.heads(keys, values) {
            true => self.call("attention", &ATTENTION, &[keys, values], &[0]),
            false => self.scores(keys).softmax().matmul(values),
        }
    }

    /// Whether queries, keys and values have the same batches and one derivative is enough, so that
    /// attention is one kernel.
    #[track_caller]
    fn heads(&self, keys: &Self, values: &Self) -> bool {
        let shapes = [self.sizes(), keys.sizes(), values.sizes()];
        let fits = Attention::new(&[&shapes[0], &shapes[1], &shapes[2]], false).is_ok();
        fits && !self.differentiated_again()
    }

    /// Attention in which the keys where `mask`, broadcast to `[.., queries, keys]`, is 0 are
    /// invisible. A query that sees no key yields NaN.
    #[must_use]
    #[track_caller]
    pub fn attention_masked(&self, keys: &Self, values: &Self, mask: &Self) -> Self {
        let scores = self.scores(keys);
        let hidden = self.filled(&[], f64::NEG_INFINITY);
        mask.choose(&scores, &hidden).softmax().matmul(values)
    }

    /// Attention in which query i sees keys up to i.
    #[must_use]
    #[track_caller]
    pub fn attention_causal(&self, keys: &Self, values: &Self) -> Self {
        let (queries, sizes) = (self.sizes(), keys.sizes());
        if queries.len() < 2 || sizes.len() < 2 {
            return self.refuse("attention_causal", "it needs [.., queries, d]");
        }
        if self.heads(keys, values) {
            return self.call("attention_causal", &ATTENTION, &[keys, values], &[1]);
        }
        let square = [queries[queries.len() - 2], sizes[sizes.len() - 2]];
        let mask = self.filled(&square, 1.0).tril(0);
        self.attention_masked(keys, values, &mask)
    }

    /// `q k^T / sqrt d`
    #[track_caller]
    fn scores(&self, keys: &Self) -> Self {
        let width = self.sizes().last().copied().unwrap_or(1);
        self.matmul(&keys.t()).times(1.0 / (width as f64).sqrt())
    }

    /// Each element 0 with probability p, else divided by `1 - p`; which ones, the key (two words)
    /// and their positions say.
    #[must_use]
    #[track_caller]
    pub fn dropout(&self, p: f64, key: &Labels<Self>) -> Self {
        if !(0.0..1.0).contains(&p) {
            return self.refuse("dropout", format!("{p} is no probability below 1"));
        }
        let noise: Self = key.uniform(&self.sizes());
        let kept = noise.greater(&self.filled(&[], p - f64::EPSILON));
        self * &kept.times(1.0 / (1.0 - p))
    }
}

/// The parameters of a pooling that has a kernel of its own: one over one or two axes.
fn pooling(window: &[usize], stride: &[usize]) -> Option<Vec<i64>> {
    let fits = (1..=2).contains(&window.len()) && window.len() == stride.len();
    let pairs = window.iter().zip(stride);
    fits.then(|| {
        pairs
            .flat_map(|(&window, &stride)| [window as i64, stride as i64])
            .collect()
    })
}

/// The last axes.
fn last(count: usize) -> Vec<isize> {
    (1..=count as isize).rev().map(|k| -k).collect()
}

impl crate::Tensor<u32> {
    /// Random numbers in [0, 1) of a shape: this tensor is the key, of two words.
    ///
    /// # Panics
    /// When the key has not two words.
    #[must_use]
    #[track_caller]
    pub fn uniform<T: Float + Real>(&self, shape: &[usize]) -> crate::Tensor<T> {
        let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        self.call_alone("uniform", &UNIFORM, &sizes)
    }
}

impl<'b> crate::graph::TensorHandle<'b, u32> {
    /// Random numbers in [0, 1) of a shape: this tensor is the key, of two words.
    #[must_use]
    #[track_caller]
    pub fn uniform<T: Float + Real>(&self, shape: &[usize]) -> crate::graph::TensorHandle<'b, T> {
        let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        self.call_alone("uniform", &UNIFORM, &sizes)
    }
}
