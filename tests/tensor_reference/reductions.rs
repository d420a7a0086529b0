//! Reductions, scans, sorting and statistics.

use crate::case::Case;

type Axes = Vec<isize>;

/// The axes of a case; all of them if it names none.
fn axes(case: &Case<'_>) -> Axes {
    let named: Axes = case
        .integers("axis")
        .iter()
        .map(|&axis| axis as isize)
        .collect();
    if named.is_empty() {
        (0..case.first_shape().len() as isize).collect()
    } else {
        named
    }
}

fn axis(case: &Case<'_>) -> isize {
    case.integers("axis")
        .first()
        .map_or(0, |&axis| axis as isize)
}

fn keep(case: &Case<'_>) -> bool {
    case.param("keepdims").as_bool().unwrap_or(false)
}

golden! { generic |case|
    "sum" sum (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.sum_axis_keep(axes) } else { x.sum_axis(axes) };
    "mean" mean (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.mean_axis_keep(axes) } else { x.mean_axis(axes) };
    "prod" prod (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.prod_axis_keep(axes) } else { x.prod_axis(axes) };
    "max" max (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.max_axis_keep(axes) } else { x.max_axis(axes) };
    "min" min (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.min_axis_keep(axes) } else { x.min_axis(axes) };
    "var" var (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.var_axis_keep(axes, 0) } else { x.var_axis(axes, 0) };
    "var_unbiased" var_unbiased (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.var_axis_keep(axes, 1) } else { x.var_axis(axes, 1) };
    "std" std (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.std_axis_keep(axes, 0) } else { x.std_axis(axes, 0) };
    "std_unbiased" std_unbiased (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.std_axis_keep(axes, 1) } else { x.std_axis(axes, 1) };
    "norm_l1" norm_l1 (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.abs().sum_axis_keep(axes) } else { x.abs().sum_axis(axes) };
    "norm_l2" norm_l2 (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.norm_axis_keep(axes) } else { x.norm_axis(axes) };
    "norm_l3" norm_l3 (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep {
            x.abs().cube().sum_axis_keep(axes).cbrt()
        } else {
            x.abs().cube().sum_axis(axes).cbrt()
        };
    "norm_inf" norm_inf (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.abs().max_axis_keep(axes) } else { x.abs().max_axis(axes) };
    "sum_squares" sum_squares (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.square().sum_axis_keep(axes) } else { x.square().sum_axis(axes) };
    "logsumexp" logsumexp (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.logsumexp_axis_keep(axes) } else { x.logsumexp_axis(axes) };
    "mean_abs" mean_abs (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep { x.abs().mean_axis_keep(axes) } else { x.abs().mean_axis(axes) };
    "rms" rms (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep {
            x.square().mean_axis_keep(axes).sqrt()
        } else {
            x.square().mean_axis(axes).sqrt()
        };
    "geometric_mean" geometric_mean (x) [] {axes: Axes = axes(case), keep: bool = keep(case)}
        if *keep {
            x.ln().mean_axis_keep(axes).exp()
        } else {
            x.ln().mean_axis(axes).exp()
        };
    "softmax_weighted_max" softmax_weighted_max (x) [] {axes: Axes = axes(case)} {
        let log_weights = x * Float::from_f64(2.0);
        let weights = (&log_weights - &log_weights.logsumexp_axis_keep(axes)).exp();
        (x * &weights).sum_axis(axes)
    };
    "argmax_value" argmax_value (x) [] {} x.detach().max_axis(..) * Float::ZERO;
    "argmax_select" argmax_select (x, y) [] {} {
        let best = y.equal(y.max_axis_keep(..));
        (x * y * best).sum_axis(0)
    };
    "cumsum" cumsum (x) [] {axis: isize = axis(case)} x.cumsum(*axis);
    "cumprod" cumprod (x) [] {axis: isize = axis(case)} x.cumprod(*axis);
    "cummax" cummax (x) [] {axis: isize = axis(case)} x.cummax(*axis);
    "cumlogsumexp" cumlogsumexp (x) [] {axis: isize = axis(case)} x.cumlogsumexp(*axis);
    "cumsum_reverse" cumsum_reverse (x) [] {axis: isize = axis(case)}
        x.flip(*axis).cumsum(*axis).flip(*axis);
    "cumsum_exclusive" cumsum_exclusive (x) [] {axis: isize = axis(case)} x.cumsum(*axis) - x;
    "dot" dot (x, y) [] {} (x * y).sum_axis(0);
    "weighted_mean" weighted_mean (x, w) [] {} (x * w).sum_axis(0) / w.sum_axis(0);
    "median" median (x) [] {} x.median_axis(0);
    "quantile" quantile (x) [] {} x.quantile_axis(0, 0.3);
    "sort" sort (x) [] {axis: isize = axis(case)} x.sort(*axis);
    "diff" diff (x) [] {} x.slice(0, 1..) - x.slice(0, ..-1);
    "segment_sum" segment_sum (x) [s] {} (x.slice(0, ..4) * Float::ZERO).index_add(0, s, x);
    "segment_max" segment_max (x) [s] {} {
        let member = s.one_hot::<Float>(3).t();
        let far = &member * Float::ZERO - Float::from_f64(1e9);
        member.choose(&x.broadcast_to(&[3, 9]), &far).max_axis(1)
    };
    "moments" moments (x) [] {} {
        let centred = x - &x.mean_axis_keep(0);
        centred.cube().mean_axis(0) / centred.square().mean_axis(0).powf(Float::from_f64(1.5))
    };
    "moments/pearson_n9" pearson (x, y) [] {} {
        let a = x - &x.mean_axis_keep(0);
        let b = y - &y.mean_axis_keep(0);
        (&a * &b).sum_axis(0) / (a.square().sum_axis(0) * b.square().sum_axis(0)).sqrt()
    };
    "entropy_of_softmax" entropy_of_softmax (x) [] {} -(x.softmax() * x.log_softmax()).sum_axis(0);
}
