//! Losses.

type Sizes = Vec<usize>;

golden! { |case|
    "mse" mse (p, t) [] {} p.squared_difference(t).mean_axis(..);
    "mse/broadcast_column" mse_outer (p, t) [] {} p.unsqueeze(1).squared_difference(t).mean_axis(..);
    "mse/weighted" mse_weighted (p, t, w) [] {}
        (w * p.squared_difference(t)).sum_axis(0) / w.sum_axis(0);
    "log_cosh" log_cosh (p, t) [] {} (p - t).log_cosh().mean_axis(..);
    "pinball" pinball (p, t) [] {} p.pinball(t, 0.9).mean_axis(..);
    "pinball/at_zero_residual" pinball_at_zero (p) [] {} p.pinball(&(p * 0.0 + 1.0), 0.9).mean_axis(0);
    "bce_logits" bce_logits (z, y) [] {} z.bce_with_logits(y).mean_axis(..);
    "bce" bce (p, y) [] {} p.bce(y).mean_axis(..);
    "bce/clipped" bce_clipped (p, y) [] {} p.clamp(1e-7, 1.0 - 1e-7).bce(y).mean_axis(..);
    "gaussian_nll" gaussian_nll (m, s, t) [] {} m.gaussian_nll(s, t).mean_axis(..);
    "smooth_l1" smooth_l1 (p, t) [] {} p.smooth_l1(t, 0.5).mean_axis(..);
    "poisson_nll_log_rate" poisson_nll (z, k) [] {} z.poisson_nll(k).mean_axis(..);
    "student_t_nll" student_t_nll (m, n, s, t) [] {} {
        let half = (n + 1.0) * 0.5;
        let z = (t - m) / s;
        let loss = (n * 0.5).lgamma() - half.lgamma() + (n * std::f64::consts::PI as Float).ln() * 0.5
            + s.ln() + half * (z.square() / n).ln_1p();
        loss.mean_axis(..)
    };
    "mae" mae (p, t) [] {} (p - t).abs().mean_axis(..);
    "huber" huber (p, t) [] {} p.huber(t, 1.0).mean_axis(..);
    "huber/at_corner" huber_at_corner (p) [] {} p.huber(&(p * 0.0), 1.0).mean_axis(0);
    "charbonnier" charbonnier (p, t) [] {} p.charbonnier(t, 0.001).mean_axis(..);
    "crps_gaussian" crps_gaussian (m, s, t) [] {} {
        let z = (t - m) / s;
        let density = (z.square() * -0.5).exp() * (0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2) as Float;
        let loss = s * (&z * (z.normal_cdf() * 2.0 - 1.0) + density * 2.0
            - (0.5 * std::f64::consts::FRAC_2_SQRT_PI) as Float);
        loss.mean_axis(..)
    };
    "msle" msle (p, t) [] {} p.ln_1p().squared_difference(t.ln_1p()).mean_axis(0);
    "r2_loss" r2_loss (p, t) [] {} {
        let spread = t.squared_difference(t.mean_axis_keep(0)).sum_axis(0);
        t.squared_difference(p).sum_axis(0) / spread
    };
    "cross_entropy" cross_entropy (z) [t] {} z.cross_entropy(t).mean_axis(0);
    "smoothed" smoothed (z) [t] {} {
        let classes = z.shape()[1];
        let targets = t.one_hot::<Float>(classes) * 0.9 + 0.1 / classes as Float;
        z.soft_cross_entropy(&targets).mean_axis(0)
    };
    "cross_entropy/B5_K4_class_weights" class_weights (z, w) [t] {} {
        let weights = w.embedding(t);
        (&weights * z.cross_entropy(t)).sum_axis(0) / weights.sum_axis(0)
    };
    "cross_entropy/B3_K10_soft_targets" soft_targets (z, a) [] {}
        z.soft_cross_entropy(&a.softmax()).mean_axis(0);
    // A label that ours cannot be stands as a class that no row has: its weight is 0.
    "cross_entropy/ignore_index" ignored (z) [t] {} {
        let rows = t.one_hot::<Float>(8).slice(1, ..3);
        z.soft_cross_entropy(&rows).sum_axis(0) / rows.sum_axis(..)
    };
    "nll" nll (logp) [t] {} logp.nll(t).mean_axis(0);
    "focal" focal (z) [t] {} z.focal(t, 2.0).mean_axis(0);
    "multiclass_hinge" multiclass_hinge (z) [t] {} z.multiclass_hinge(t).mean_axis(0);
    "kl_divergence" kl_divergence (a, b) [] {} a.kl_divergence(b).mean_axis(0);
    "js_divergence" js_divergence (a, b) [] {} a.js_divergence(b).mean_axis(0);
    "brier" brier (z) [t] {} z.brier(t).mean_axis(0);
    "z_loss" z_loss (z) [] {} {
        let size = z.logsumexp_axis(1);
        (&size - z.index_axis(1, 0)).mean_axis(0) + size.square().mean_axis(0) * 0.01
    };
    "dice" dice (z, y) [] {} z.dice(y);
    "tversky" tversky (z, y) [] {} z.tversky(y, 0.3, 0.7);
    "soft_iou" soft_iou (z, y) [] {} z.soft_iou(y);
    "squared_hinge" squared_hinge (s, y) [] {} s.hinge(y).square().mean_axis(0);
    "hinge" hinge (s) [] {} s.hinge(&(s * 0.0 + 1.0)).mean_axis(0);
    "svm_primal" svm_primal (w, b, X, y) [] {} {
        let scores = X.matmul(&w.unsqueeze(1)).reshape(&[-1]) + b;
        w.square().sum_axis(0) * 0.5 + scores.hinge(y).mean_axis(0) * 2.0
    };
    "exponential" exponential (s, y) [] {} (-(y * s)).exp().mean_axis(0);
    "logistic_pm1" logistic_pm1 (s, y) [] {} (-(y * s)).softplus().mean_axis(0);
    "triplet" triplet (a, p, n) [] {} a.triplet(p, n, 1.0).mean_axis(0);
    "nt_xent" nt_xent (z) [] {} {
        let rows = z / z.norm_axis_keep(1);
        let alike = rows.matmul(&rows.t()) * 2.0;
        let own = (alike.detach().index_axis(0, 0) * 0.0 + 1.0).diag();
        let others = own.choose(&(&alike * 0.0 - 1e30), &alike);
        let pair = alike.diagonal(3).concat(&[&alike.diagonal(-3)], 0);
        (others.logsumexp_axis(1) - pair).mean_axis(0)
    };
    "cosine_embedding" cosine_embedding (a, b, y) [] {} a.cosine_embedding(b, y, 0.1).mean_axis(0);
    "ranking_margin" ranking_margin (a, b, y) [] {} (0.5 - y * (a - b)).relu().mean_axis(0);
    "listnet" listnet (s, r) [] {} s.soft_cross_entropy(&r.softmax());
    "bpr" bpr (p, n) [] {} -(p - n).log_sigmoid().mean_axis(0);
    "negative_binomial_nll" negative_binomial_nll (m, r, k) [] {} {
        let total = r + m;
        let loss = (k + r).lgamma() - r.lgamma() - (k + 1.0).lgamma() + r * (r / &total).ln()
            + k * (m / &total).ln();
        -loss.mean_axis(0)
    };
    "weibull_censored_nll" weibull_censored_nll (k, s, t, d) [] {} {
        let hazard = d * (k.ln() - k * s.ln() + (k - 1.0) * t.ln());
        -(hazard - (t / s).pow(k)).sum_axis(0)
    };
    "evidential_nig_nll" evidential_nig_nll (g, v, a, b, t) [] {} {
        let w = b * 2.0 * (v + 1.0);
        let r = t - g;
        let loss = ((std::f64::consts::PI as Float) / v).ln() * 0.5 - a * w.ln()
            + (a + 0.5) * (v * r.square() + &w).ln() + a.lgamma() - (a + 0.5).lgamma();
        loss.mean_axis(0) + (r.abs() * (v * 2.0 + a)).mean_axis(0) * 0.1
    };
    "cox_partial" cox_partial (b, X, t, d) [] {} X.matmul(&b.unsqueeze(1)).reshape(&[-1]).cox(t, d);
    "ctc" ctc (z) [] {labels: Sizes = case.sizes("label")} z.ctc(labels, 0);
    "sinkhorn" sinkhorn (x, y) [] {} {
        let cost = x.unsqueeze(1).squared_difference(y);
        let scaled = &cost * -2.0;
        let mut f = x * 0.0;
        let mut g = y * 0.0;
        for _ in 0..20 {
            f = (-(&scaled + &g).logsumexp_axis(1)) - (4.0 as Float).ln();
            g = (-(&scaled + f.unsqueeze(1)).logsumexp_axis(0)) - (3.0 as Float).ln();
        }
        ((scaled + f.unsqueeze(1) + g).exp() * cost).sum_axis(..)
    };
    "crps_ensemble" crps_ensemble (x) [] {}
        (x - 0.3).abs().mean_axis(0) - (x.unsqueeze(1) - x).abs().mean_axis(..) * 0.5;
    "barlow_twins" barlow_twins (a, b) [] {} {
        let u = (a - a.mean_axis_keep(0)) / a.std_axis_keep(0, 0);
        let v = (b - b.mean_axis_keep(0)) / b.std_axis_keep(0, 0);
        let c = u.t().matmul(&v) * 0.2;
        let on = (1.0 - c.diagonal(0)).square().sum_axis(0);
        on + (c.square().sum_axis(..) - c.diagonal(0).square().sum_axis(0)) * 0.05
    };
    "total_variation" total_variation (x) [] {} {
        let down = x.slice(0, 1..) - x.slice(0, ..-1);
        let right = x.slice(1, 1..) - x.slice(1, ..-1);
        down.square().sum_axis(..) + right.square().sum_axis(..)
    };
    "ppo_clip" ppo_clip (l, A, l0) [] {} {
        let q = (l - l0).exp();
        -(&q * A).minimum(&(q.clamp(0.8, 1.2) * A)).mean_axis(0)
    };
    "matrix_factorisation" matrix_factorisation (U, V, b, c, r) [i, j] {} {
        let p = (U.embedding(i) * V.embedding(j)).sum_axis(1) + b.embedding(i) + c.embedding(j);
        p.squared_difference(r).mean_axis(0)
            + (U.square().sum_axis(..) + V.square().sum_axis(..)) * 0.01
    };
    "softmax_regression" softmax_regression (W, b, X) [t] {}
        (X.matmul(W) + b).cross_entropy(t).mean_axis(0) + W.square().sum_axis(..) * 0.005;
    "poisson_regression" poisson_regression (w, X, y) [] {}
        X.matmul(&w.unsqueeze(1)).reshape(&[-1]).poisson_nll(y).mean_axis(0);
}
