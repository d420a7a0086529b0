//! Movements of elements.

use cotangent::Pad;

type Sizes = Vec<i64>;
type Shape = Vec<usize>;
type Axes = Vec<isize>;
type Margins = Vec<(usize, usize)>;

use crate::case::Case;

fn isizes(case: &Case<'_>, name: &str) -> Axes {
    case.integers(name).iter().map(|&x| x as isize).collect()
}

fn isize_of(case: &Case<'_>, name: &str, otherwise: isize) -> isize {
    isizes(case, name).first().copied().unwrap_or(otherwise)
}

fn margins(case: &Case<'_>) -> Margins {
    case.sizes("before")
        .into_iter()
        .zip(case.sizes("after"))
        .collect()
}

golden! { |case|
    "reshape" reshape (x) [] {sizes: Sizes = case.integers("shape")} x.reshape(sizes);
    "ravel" ravel (x) [] {} x.flatten();
    "expand_dims" expand_dims (x) [] {axis: isize = isize_of(case, "axis", 0)} x.unsqueeze(*axis);
    "transpose" transpose (x) [] {} x.t().tanh();
    "permute" permute (x) [] {axes: Axes = isizes(case, "p")} x.permute(axes);
    "swapaxes" swapaxes (x) [] {} x.swap_axes(0, 2) * x.square().sum();
    "slice/n17_3_to_11" slice (x) [] {} x.slice(0, 3..11);
    "slice/overlapping_product" slice_product (x) [] {} x.slice(0, ..-1) * x.slice(0, 1..);
    "strided_slice/5x6_step2" strided_slice (x) [] {}
        x.slice_step(0, ..5, 2).slice_step(1, 1..6, 2).square();
    "strided_slice/negative_step" negative_step (x) [] {} x.slice_step(0, ..=8, -2);
    "index/single_element" single_element (x) [] {} x.index_axis(0, 2).index_axis(0, 1).powi(3);
    "index/row" row (x) [] {} x.index_axis(0, 1);
    "gather" gather (x) [i] {} x.index_select(0, i);
    "index_select/axis0" index_select (x) [i] {} x.index_select(0, i);
    "index_select/axis1" index_columns (x) [i] {} x.index_select(1, i).tanh();
    "take_along_axis" take_along_axis (x) [i] {axis: isize = isize_of(case, "axis", 0)}
        x.gather(*axis, i);
    "embedding/7x4_batch2x3" embedding (E) [t] {} E.embedding(t).tanh();
    "embedding/padding_row_masked" embedding_masked (E) [t] {} {
        let padding = t.one_hot::<Float>(5).slice(1, ..1);
        ((1.0 - padding) * E.embedding(t)).sum_axis(0)
    };
    "scatter_add" scatter_add (x, u) [i] {} x.index_add(0, i, u).tanh();
    "slice_update" slice_update (x, u) [] {} {
        let place = [(1, 1), (0, 2)];
        let inside = (u * 0.0 + 1.0).pad(&place, Pad::Constant(0.0));
        inside.choose(&u.pad(&place, Pad::Constant(0.0)), x)
    };
    "concat" concat (a, b, d) [] {axis: isize = isize_of(case, "axis", 0)} a.concat(&[b, d], *axis);
    "concat/with_empty" concat_empty (x, y) [] {} x.concat(&[y], 0);
    "stack" stack (a, b) [] {axis: isize = isize_of(case, "axis", 0)} {
        let parts = vec![a.clone(), b.clone(), a * b];
        cotangent::stack(&parts, *axis)
    };
    "split" split (x) [] {} {
        let parts = x.split(0, &[3, 3, 3]);
        &parts[0] * &parts[1] + &parts[2]
    };
    "pad/constant_1d" pad_zero (x) [] {margins: Margins = margins(case)}
        x.pad(margins, Pad::Constant(0.0));
    "pad/constant_value_2d" pad_value (x) [] {margins: Margins = margins(case)}
        x.pad(margins, Pad::Constant(1.5)).square();
    "pad/reflect" pad_reflect (x) [] {margins: Margins = margins(case)} x.pad(margins, Pad::Reflect);
    "pad/wrap" pad_wrap (x) [] {margins: Margins = margins(case)} x.pad(margins, Pad::Wrap);
    "flip" flip (x) [] {} x.flip(0);
    "roll" roll (x) [] {} x.roll(0, 2);
    "roll/axis1_minus1" roll_product (x) [] {} x.roll(1, -1) * x;
    "broadcast_to" broadcast_to (x) [] {shape: Shape = case.sizes("shape")} x.broadcast_to(shape);
    "repeat" repeat (x) [] {} x.repeat_axis(1, &[1, 0, 3]);
    "tile" tile (x) [] {} x.tile(&[2, 2]);
    "diag/vector_to_matrix" diag (x) [] {} x.diag();
    "diag/matrix_to_vector" diagonal (x) [] {} x.diagonal(0);
    "trace/4x4" trace_of_squares (x) [] {} x.square().trace();
    "trace/3x5" trace (x) [] {} x.trace();
    "tril/4x4" tril_exp (x) [] {} x.tril(0).exp();
    "tril/3x5_offset_minus1" tril (x) [] {} x.tril(-1);
    "one_hot_product/batch5_classes4" one_hot_product (W) [t] {} t.one_hot::<Float>(4).matmul(W);
    "one_hot_product/out_of_range" out_of_range (W) [t] {}
        t.one_hot::<Float>(8).slice(1, ..3).matmul(W);
    "vec_triangular" vec_triangular (x) [] {} {
        let rows = x.pick(0, &[0, 0, 0, 1, 2, 2, 3, 4, 5]).reshape(&[3, 3]);
        let lower = rows.tril(0);
        lower.matmul(&lower.t())
    };
    "meshgrid" meshgrid (x, y) [] {} x.sin() * y.unsqueeze(1);
    "chain_of_views" chain_of_views (x) [] {}
        x.permute(&[1, 0, 2]).reshape(&[3, 8]).slice(1, 1..7).flip(0).tanh().mean_axis(0);
    "permute_by_index" permute_by_index (x) [p] {} x.index_select(0, p) * x;
    "boolean_mask_sum" boolean_mask_sum (x, m) [] {} m.choose(&x.square(), &(x * 0.0)).sum_axis(0);
    "upsample_nearest" upsample_nearest (x) [] {}
        x.repeat_axis(0, &[2, 2]).repeat_axis(1, &[2, 2, 2]);
    // The tent around each grid point, which is bilinear interpolation.
    "bilinear_sample" bilinear_sample (g, r, q) [] {} {
        let places = (g.index_axis(0, 0) * 0.0 + 1.0).cumsum(0) - 1.0;
        let rows = (1.0 - (r.unsqueeze(1) - &places).abs()).relu();
        let columns = (1.0 - (q.unsqueeze(1) - &places).abs()).relu();
        (rows.matmul(g) * columns).sum_axis(1)
    };
}
