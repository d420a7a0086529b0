//! Layers of networks.

use crate::case::Case;

type Sizes = Vec<usize>;
type Margins = Vec<(usize, usize)>;

fn margins(case: &Case<'_>) -> Margins {
    let pairs = case.param("padding").as_array().unwrap().iter();
    pairs
        .map(|pair| {
            (
                pair[0].as_u64().unwrap() as usize,
                pair[1].as_u64().unwrap() as usize,
            )
        })
        .collect()
}

fn axis(case: &Case<'_>) -> isize {
    case.integers("axis")
        .first()
        .map_or(-1, |&axis| axis as isize)
}

golden! { |case|
    "dense" dense (X, W, b) [] {} X.matmul(W) + b;
    "dense/weight_out_in_layout" dense_transposed (X, W, b) [] {} X.matmul(&W.t()) + b;
    "mlp/3_4_2_tanh" mlp (X, W1, b1, W2, b2) [] {} (X.matmul(W1) + b1).tanh().matmul(W2) + b2;
    "mlp/4_8_8_1_relu_mse" mlp_mse (W1, b1, W2, b2, W3, b3, X, y) [] {} {
        let h = (X.matmul(W1) + b1).relu();
        let h = (h.matmul(W2) + b2).relu();
        let p = (h.matmul(W3) + b3).reshape(&[-1]);
        p.squared_difference(y).mean_axis(0)
    };
    "bilinear" bilinear (x1, W, x2) [] {} {
        let left = x1.matmul(W);
        (left * x2).sum_axis(-1).t()
    };
    "conv1d" conv1d (x, w, b) [] {stride: Sizes = case.sizes("stride"),
        margins: Margins = margins(case), dilation: Sizes = case.sizes("dilation"),
        groups: usize = case.sizes("groups")[0]}
        x.conv(w, stride, margins, dilation, *groups) + b.unsqueeze(1);
    "conv1d/kernel_longer_than_half" conv1d_plain (x, w) [] {} x.conv1d(w, 1, 2);
    "conv2d" conv2d (x, w, b) [] {stride: Sizes = case.sizes("stride"),
        margins: Margins = margins(case), dilation: Sizes = case.sizes("dilation"),
        groups: usize = case.sizes("groups")[0]}
        x.conv(w, stride, margins, dilation, *groups) + b.reshape(&[-1, 1, 1]);
    "conv_transpose1d" conv_transpose1d (x, w) [] {} x.conv_transpose(w, &[2], &[1], &[1]);
    "conv_transpose2d" conv_transpose2d (x, w) [] {stride: Sizes = case.sizes("stride"),
        padding: Sizes = case.sizes("padding")} x.conv_transpose(w, stride, padding, &[0, 0]);
    "max_pool" max_pool (x) [] {window: Sizes = case.sizes("window"), stride: Sizes = case.sizes("stride")}
        x.max_pool(window, stride);
    "avg_pool" avg_pool (x) [] {window: Sizes = case.sizes("window"), stride: Sizes = case.sizes("stride")}
        x.avg_pool(window, stride).square();
    "avg_pool/2d_3x3_s2_pad1" avg_pool_padded (x) [] {} {
        let padded = x.pad(&[(0, 0), (0, 0), (1, 1), (1, 1)], cotangent::Pad::Constant(0.0));
        padded.avg_pool(&[3, 3], &[2, 2]).square()
    };
    "global_avg_pool" global_avg_pool (x) [] {} x.mean_axis([2, 3]).tanh();
    "batch_norm_train" batch_norm (x, g, b) [] {} x.batch_norm(g, b, 1e-5);
    "layer_norm" layer_norm (x, g, b) [] {} x.layer_norm(g, b, 1e-5);
    "rms_norm" rms_norm (x, g) [] {} x.rms_norm(g, 1e-6);
    "group_norm" group_norm (x, g, b) [] {} x.group_norm(2, g, b, 1e-5);
    "instance_norm" instance_norm (x) [] {} x.instance_norm(1e-5);
    "l2_normalize" l2_normalize (x) [] {} x / x.norm_axis_keep(-1);
    "weight_norm" weight_norm (X, V, g) [] {} X.matmul(&(g * V / V.norm_axis_keep(0)));
    "log_softmax" log_softmax (x) [] {axis: isize = axis(case)} x.log_softmax_axis(*axis);
    "softmax" softmax (x) [] {axis: isize = axis(case)} x.softmax_axis(*axis);
    "softmax/temperature" softmax_temperature (x, T) [] {} (x / T).softmax();
    "sparse_softmax_topk" topk_softmax (x) [] {} {
        let least = x.detach().top_k(0, 3).min_axis_keep(0);
        let below = x.less(&least);
        below.choose(&(x * 0.0 - 1e30), x).softmax()
    };
    "gumbel_softmax" gumbel_softmax (x, T, g) [] {} ((x + g) / T).softmax();
    "glu" glu (x) [] {} x.glu(-1);
    "swiglu" swiglu (X, W, V) [] {} X.matmul(W).silu() * X.matmul(V);
    "prelu" prelu (x, a) [] {} x.relu() - a.reshape(&[-1, 1]) * (-x).relu();
    "attention" attention (Q, K, V) [] {} Q.attention(K, V);
    "attention_causal" attention_causal (Q, K, V) [] {} Q.attention_causal(K, V);
    "attention/padding_mask" attention_masked (Q, K, V, m) [] {} Q.attention_masked(K, V, m);
    "transformer_block" transformer_block (X, Wq, Wk, Wv, Wo, g1, g2, W1, b1, W2, b2) [] {} {
        let zero = g1 * 0.0;
        let h = X.layer_norm(g1, &zero, 1e-5);
        let q = h.matmul(Wq).reshape(&[3, 2, 2]).swap_axes(0, 1);
        let k = h.matmul(Wk).reshape(&[3, 2, 2]).swap_axes(0, 1);
        let v = h.matmul(Wv).reshape(&[3, 2, 2]).swap_axes(0, 1);
        let heads = q.attention_causal(&k, &v).swap_axes(0, 1).reshape(&[3, 4]);
        let x = X + heads.matmul(Wo);
        let h = x.layer_norm(g2, &zero, 1e-5);
        &x + (h.matmul(W1) + b1).gelu().matmul(W2) + b2
    };
    "linear_attention" linear_attention (Q, K, V) [] {} {
        let q = Q.elu() + 1.0;
        let k = K.elu() + 1.0;
        q.matmul(&k.t().matmul(V)) / q.matmul(&k.sum_axis(0).unsqueeze(1))
    };
    "rnn_tanh" rnn_tanh (x, h0, Wx, Wh, b) [] {} {
        let mut h = h0.clone();
        let mut all = Vec::new();
        for t in 0..x.shape()[0] {
            h = (x.index_axis(0, t).matmul(Wx) + h.matmul(Wh) + b).tanh();
            all.push(h.clone());
        }
        cotangent::stack(&all, 0)
    };
    "lstm" lstm (x, h0, c0, Wx, Wh, b) [] {} {
        let mut h = h0.clone();
        let mut c = c0.clone();
        let mut all = Vec::new();
        let n = h0.shape()[1];
        for t in 0..x.shape()[0] {
            let z = x.index_axis(0, t).matmul(Wx) + h.matmul(Wh) + b;
            let i = z.slice(1, ..n).sigmoid();
            let f = z.slice(1, n..2 * n).sigmoid();
            let g = z.slice(1, 2 * n..3 * n).tanh();
            let o = z.slice(1, 3 * n..).sigmoid();
            c = f * &c + i * g;
            h = o * c.tanh();
            all.push(h.clone());
        }
        cotangent::stack(&all, 0)
    };
    "gru" gru (x, h0, Wx, Wh, bx, bh) [] {} {
        let mut h = h0.clone();
        let mut all = Vec::new();
        let n = h0.shape()[1];
        for t in 0..x.shape()[0] {
            let a = x.index_axis(0, t).matmul(Wx) + bx;
            let u = h.matmul(Wh) + bh;
            let r = (a.slice(1, ..n) + u.slice(1, ..n)).sigmoid();
            let z = (a.slice(1, n..2 * n) + u.slice(1, n..2 * n)).sigmoid();
            let m = (a.slice(1, 2 * n..) + r * u.slice(1, 2 * n..)).tanh();
            h = (1.0 - &z) * m + z * &h;
            all.push(h.clone());
        }
        cotangent::stack(&all, 0)
    };
    "rotary_embedding" rotary_embedding (x) [] {} {
        let pairs = x.reshape(&[3, 2, 2]);
        let place = (x.index_axis(1, 0).detach() * 0.0 + 1.0).cumsum(0) - 1.0;
        let slow = place.unsqueeze(1) * 0.01;
        let angle = place.unsqueeze(1).concat(&[&slow], 1);
        let a = pairs.index_axis(2, 0);
        let b = pairs.index_axis(2, 1);
        let first = &a * angle.cos() - &b * angle.sin();
        let second = &a * angle.sin() + &b * angle.cos();
        let r = first.stack(&[&second], 2).reshape(&[3, 4]);
        r.matmul(&r.t())
    };
    "residual_block" residual_block (x, W1, W2) [] {} x + x.matmul(W1).relu().matmul(W2);
    "mixture_of_experts" mixture_of_experts (X, Gt, W) [] {} {
        let gates = X.matmul(Gt).softmax().t().unsqueeze(2);
        (gates * X.matmul(W).tanh()).sum_axis(0)
    };
    "graph_conv" graph_conv (X, W, A) [] {} {
        let own = (X.index_axis(1, 0).detach() * 0.0 + 1.0).diag();
        let linked = A + own;
        let scale = linked.sum_axis(1).rsqrt();
        (scale.unsqueeze(1) * linked * &scale).matmul(&X.matmul(W)).tanh()
    };
    "vae_loss" vae_loss (m, lv, W, X, eps) [] {} {
        let z = m + (lv * 0.5).exp() * eps;
        let gap = z.matmul(W) - X;
        (lv.exp() + m.square() - 1.0 - lv).sum_axis([0, 1]) * 0.5 + gap.square().sum_axis([0, 1])
    };
    "lenet_small" lenet_small (w, b, W, d, x) [] {} {
        let h = (x.conv2d(w, 1, 1) + b.reshape(&[-1, 1, 1])).relu().max_pool(&[2, 2], &[2, 2]);
        let z = h.reshape(&[1, -1]).matmul(W) + d;
        z.logsumexp_axis(..) - z.index_axis(1, 2).index_axis(0, 0)
    };
}
