//! The table of tensor methods: what the macro does with a method's name.
//!
//! Elementwise methods are the scalar operations and composites by their names. A *bound* method is
//! left to the runtime: it is called on a handle when the graph is bound, where its parameters
//! (axes, sizes, ranges) are ordinary values of the host, and records regions of one operation.

use crate::frontend::scalar::is_stream;
use crate::ir::composite::Composite;
use crate::ir::graph::RowOp;
use crate::ir::op::{Kind, Op};

/// What a bound method yields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Yields {
    /// A float tensor.
    Tensor,
    /// Several tensors, or something that the macro does not know.
    Other,
}

/// How a method is lowered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    /// A scalar operation of every element.
    Op(Op),
    /// A composite of every element.
    Composite(Composite),
    /// `powi(n)`; bound when n is no literal
    Powi,
    /// `map(f)` or `zip_map(&y, f)`
    Map,
    /// A matrix product.
    MatMul,
    /// The last two axes swapped.
    Transpose,
    /// An operation on rows.
    Rows(RowOp),
    /// A sum or mean of all elements.
    Total {
        /// Whether it is divided by their number.
        mean: bool,
    },
    /// A sum or mean over axes; bound when they are no literals.
    Axes {
        /// Whether it is divided by the number of terms.
        mean: bool,
        /// Whether the axes stay with size 1.
        keep: bool,
    },
    /// Another shape; bound when the sizes are no literals.
    Reshape,
    /// Left to the runtime.
    Bound(Yields),
}

impl Method {
    /// Whether every argument is a tensor or a float.
    pub(super) fn takes_tensors(self) -> bool {
        !matches!(
            self,
            Method::Powi | Method::Map | Method::Axes { .. } | Method::Reshape | Method::Bound(_)
        )
    }
}

/// Methods that are no scalar operation or composite.
const STRUCTURAL: &[(&str, Method)] = &[
    ("powi", Method::Powi),
    ("pow", Method::Op(Op::Powf)),
    ("fmod", Method::Op(Op::Rem)),
    ("maximum", Method::Op(Op::Max)),
    ("minimum", Method::Op(Op::Min)),
    ("map", Method::Map),
    ("zip_map", Method::Map),
    ("matmul", Method::MatMul),
    ("t", Method::Transpose),
    ("softmax", Method::Rows(RowOp::Softmax)),
    ("log_softmax", Method::Rows(RowOp::LogSoftmax)),
    ("cross_entropy", Method::Rows(RowOp::CrossEntropy)),
    ("sum", Method::Total { mean: false }),
    ("mean", Method::Total { mean: true }),
    (
        "sum_axis",
        Method::Axes {
            mean: false,
            keep: false,
        },
    ),
    (
        "sum_axis_keep",
        Method::Axes {
            mean: false,
            keep: true,
        },
    ),
    (
        "mean_axis",
        Method::Axes {
            mean: true,
            keep: false,
        },
    ),
    (
        "mean_axis_keep",
        Method::Axes {
            mean: true,
            keep: true,
        },
    ),
    ("reshape", Method::Reshape),
];

/// Bound methods that yield a tensor.
const BOUND: &[&str] = &[
    "detach",
    "masked_fill",
    "cast",
    "flatten",
    "unsqueeze",
    "squeeze",
    "permute",
    "swap_axes",
    "slice",
    "slice_step",
    "index_axis",
    "flip",
    "roll",
    "broadcast_to",
    "repeat_axis",
    "tile",
    "pick",
    "pad",
    "diagonal",
    "diag",
    "trace",
    "tril",
    "triu",
    "windows_of",
    "overlap_add",
    "stack",
    "index_select",
    "embedding",
    "embedding_bag",
    "lookup",
    "bag",
    "gather",
    "index_add",
    "scatter_add",
    "one_hot",
    "prod_axis",
    "prod_axis_keep",
    "max_axis",
    "max_axis_keep",
    "min_axis",
    "min_axis_keep",
    "logsumexp_axis",
    "logsumexp_axis_keep",
    "var_axis",
    "var_axis_keep",
    "std_axis",
    "std_axis_keep",
    "norm_axis",
    "norm_axis_keep",
    "cumsum",
    "cumprod",
    "cummax",
    "cumlogsumexp",
    "sort",
    "top_k",
    "quantile_axis",
    "median_axis",
    "any_axis",
    "any_axis_keep",
    "argmax_axis",
    "argmin_axis",
    "to_float",
    "resize",
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "positional_encoding",
    "outer",
    "matvec",
    "cross",
    "solve",
    "triangular_solve",
    "triangular_solve_transposed",
    "cholesky",
    "inverse",
    "det",
    "log_abs_det",
    "singular_values",
    "einsum",
    "softmax_axis",
    "log_softmax_axis",
    "conv",
    "conv1d",
    "conv2d",
    "conv_transpose",
    "max_pool",
    "avg_pool",
    "layer_norm",
    "rms_norm",
    "batch_norm",
    "batch_norm_with",
    "group_norm",
    "instance_norm",
    "glu",
    "lstm",
    "rnn",
    "gru",
    "attention",
    "attention_masked",
    "attention_causal",
    "dropout",
    "uniform",
    "soft_cross_entropy",
    "nll",
    "focal",
    "multiclass_hinge",
    "kl_divergence",
    "js_divergence",
    "brier",
    "dice",
    "tversky",
    "soft_iou",
    "triplet",
    "cosine_similarity",
    "cosine_embedding",
    "cox",
    "ctc",
    "all_axis",
    "all_axis_keep",
];

/// Bound methods that yield several tensors, or one that holds no floats.
const BOUND_OTHERS: &[&str] = &["split", "eigh", "svd", "qr", "slogdet", "to_mask"];

/// Methods that masks have, too: what they yield is a tensor of floats or a mask as their receiver is.
const OF_MASKS: &[&str] = &["any_axis", "any_axis_keep", "all_axis", "all_axis_keep"];

/// Whether a method's result is a mask where its receiver is one.
pub(super) fn is_of_masks(name: &str) -> bool {
    OF_MASKS.contains(&name)
}

/// Names that floats or containers have too: they say nothing about an unknown receiver.
const SHARED: &[&str] = &[
    "clamp",
    "to_radians",
    "to_degrees",
    "fract",
    "reshape",
    "powi",
    "pow",
    "map",
    "sum",
    "sort",
    "split",
    "concat",
];

/// The method of that name.
pub(super) fn find(name: &str) -> Option<Method> {
    if let Some(&(_, method)) = STRUCTURAL.iter().find(|(known, _)| *known == name) {
        return Some(method);
    }
    if name == "concat" || BOUND.contains(&name) {
        return Some(Method::Bound(Yields::Tensor));
    }
    if BOUND_OTHERS.contains(&name) {
        return Some(Method::Bound(Yields::Other));
    }
    let op = Op::ALL.iter().copied().find(|op| op.name() == name);
    match op {
        Some(op) => is_method(op).then_some(Method::Op(op)),
        None => Composite::named(name).map(Method::Composite),
    }
}

/// Whether it is a float operation that is written as a method.
fn is_method(op: Op) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    op.kind() == Kind::Float
        && op.name().chars().all(word)
        && !matches!(op, Op::Select | Op::ToFloat | Op::Polygamma)
}

/// Whether it is a method that floats have, too.
pub(super) fn is_float_method(name: &str) -> bool {
    Op::ALL.iter().any(|&op| op.name() == name && is_method(op))
}

/// Whether only tensors have a method of that name: its receiver is a tensor whatever else is
/// known.
pub(super) fn is_tensor_only(name: &str, arguments: usize) -> bool {
    // Those of slices take fewer.
    if matches!(
        (name, arguments),
        ("concat" | "split", 2) | ("reshape" | "sort", 1)
    ) {
        return true;
    }
    if SHARED.contains(&name) {
        return false;
    }
    match find(name) {
        Some(Method::Op(op)) => op.form() == crate::ir::op::Form::Runtime,
        Some(_) => true,
        None => false,
    }
}

/// Layers of networks: methods that a structure of floats is unlikely to have.
const LAYERS: &[&str] = &[
    "attention",
    "attention_causal",
    "attention_masked",
    "avg_pool",
    "batch_norm",
    "conv",
    "conv1d",
    "conv2d",
    "embedding",
    "group_norm",
    "gru",
    "instance_norm",
    "layer_norm",
    "lstm",
    "max_pool",
    "rms_norm",
];

/// Whether code does what only tensors can: it names them, or calls one of their methods that
/// neither floats nor iterators have, nor a structure is likely to have.
pub(crate) fn speaks_of_tensors(body: &syn::Block) -> bool {
    struct Search(bool);
    impl syn::visit::Visit<'_> for Search {
        fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
            let name = call.method.to_string();
            let total = matches!(name.as_str(), "sum" | "mean") && call.args.is_empty();
            self.0 |= match find(&name) {
                Some(Method::Total { .. }) => total && !is_stream(&call.receiver),
                Some(Method::MatMul | Method::Rows(_) | Method::Axes { .. }) => true,
                Some(Method::Bound(_)) => {
                    name.ends_with("_axis")
                        || name.ends_with("_axis_keep")
                        || LAYERS.contains(&name.as_str())
                }
                _ => false,
            };
            syn::visit::visit_expr_method_call(self, call);
        }
        fn visit_path_segment(&mut self, segment: &syn::PathSegment) {
            self.0 |= segment.ident == "Tensor";
            syn::visit::visit_path_segment(self, segment);
        }
    }
    let mut search = Search(false);
    syn::visit::Visit::visit_block(&mut search, body);
    search.0
}
