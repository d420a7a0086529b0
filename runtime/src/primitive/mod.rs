//! The primitives: structural operations with one shape rule and one kernel each.
//!
//! A plan and an eager method run the same primitive through the same entrance: `Resolved` checks
//! shapes once and then runs the kernel over slices, without allocating. A kernel is safe code; the
//! only pointers are here. The macro knows primitives by their names, which are those of the
//! statics, and holds their derivative rules.

mod affine;
mod attention;
mod bag;
mod conv;
mod index;
mod join;
mod matrix;
pub(crate) mod mix;
pub(crate) mod normal;
mod pool;
mod position;
mod random;
mod reduce;
mod round;
mod scan;
mod sequence;
mod solve;
mod spectrum;
pub(crate) mod strided;
mod view;

pub use attention::{
    ATTENTION, ATTENTION_BACK, ATTENTION_KEYS, ATTENTION_QUERIES, ATTENTION_VALUES,
};
pub use bag::{BAG, BAG_ADD};
pub use conv::{CONV, CONV_INPUT, CONV_KERNEL};
pub use index::{GATHER, GATHER_ADD, ONE_HOT, SELECT, SELECT_ADD, TAKE, TAKE_ADD};
pub use join::{CONCAT, HEAD, HEAD_BACK, TAIL, TAIL_BACK};
pub use matrix::TRIANGLE;
pub use mix::{MIX, MIX_ADD};
pub use normal::{NORMALIZE, NORMALIZE_BACK};
pub use pool::{MAX_POOL, MAX_POOL_BACK, MAX_POOL_TANGENT, MEAN_POOL, MEAN_POOL_BACK};
pub use position::{ARG_MAX, ARG_MIN, FLOATS, WAVES};
pub use random::UNIFORM;
pub use reduce::{
    LOG_SUM_EXP, MAXIMUM, MINIMUM, PRODUCT, PRODUCT_OTHERS, PRODUCT_OTHERS_BACK, SUM,
};
pub use round::{ROUND_BF16, ROUND_F16};
pub use scan::{
    RUNNING_LOG_SUM_EXP, RUNNING_LOG_SUM_EXP_BACK, RUNNING_LOG_SUM_EXP_TANGENT, RUNNING_MAX,
    RUNNING_MAX_BACK, RUNNING_MAX_TANGENT, RUNNING_PRODUCT, RUNNING_PRODUCT_BACK,
    RUNNING_PRODUCT_SECOND, RUNNING_PRODUCT_TANGENT, RUNNING_SUM, RUNNING_SUM_BACK, SORT,
    SORT_BACK, SORT_TANGENT,
};
pub use sequence::{
    GRU, GRU_FLOWS, GRU_HIDDEN, GRU_INPUTS, GRU_PRODUCTS, GRU_WEIGHTS, LSTM, LSTM_FLOWS,
    LSTM_HIDDEN, LSTM_WEIGHTS, START_CELL, START_HIDDEN,
};
pub use solve::{
    CHOLESKY, COFACTORS, DETERMINANT, INVERSE, LOG_DETERMINANT, MIRRORED, MIRRORED_BACK,
    SIGN_OF_DETERMINANT, SOLVE, TRIANGLE_READ, TRIANGULAR_SOLVE, TRIANGULAR_SOLVE_TRANSPOSED,
};
pub use spectrum::{EIGENVECTORS, ORTHOGONAL, SINGULAR_VECTORS};
pub(crate) use view::Strided;
pub use view::{PLACE, PLACE_ADD, PLACE_ZERO, VIEW};

use std::fmt;

use crate::{DType, Real, Rows};

/// The most axes that a primitive takes.
pub(crate) use crate::cpu::reduce::MOST_AXES;

/// The most operands of a primitive.
pub(crate) const MOST_OPERANDS: usize = 5;

/// What a kernel gets: its operands, its result and its parameters.
pub(crate) struct Call<'c, T> {
    /// The float operands, in their order.
    pub(crate) x: [&'c [T]; MOST_OPERANDS],
    /// The labels, if it takes any.
    pub(crate) labels: &'c [u32],
    /// The shapes of all operands.
    pub(crate) shapes: &'c [Vec<usize>],
    /// The result, in row-major order; what is in it is undefined.
    pub(crate) y: &'c mut [T],
    /// The shape of the result.
    pub(crate) shape: &'c [usize],
    /// The parameters.
    pub(crate) args: &'c [i64],
    /// As many floats as `scratch` asked for.
    pub(crate) scratch: &'c mut [f64],
}

/// A shape, or why there is none.
pub(crate) type Inferred = Result<Vec<usize>, String>;

/// The shapes of the operands, and of the result.
pub(crate) type Shapes<'s> = (&'s [Vec<usize>], &'s [usize]);

/// A structural operation.
pub struct Primitive {
    /// The name of its static.
    pub name: &'static str,
    /// The position of the operand that holds labels.
    pub(crate) labels: Option<usize>,
    /// The shape of the result from those of the operands and the parameters.
    pub(crate) infer: fn(&[&[usize]], &[i64]) -> Inferred,
    /// Labels must be below this.
    pub(crate) limit: fn(Shapes<'_>, &[i64]) -> usize,
    /// How many floats of scratch space it needs.
    pub(crate) scratch: fn(Shapes<'_>, &[i64]) -> usize,
    pub(crate) single: fn(Call<'_, f32>),
    pub(crate) double: fn(Call<'_, f64>),
    /// How its result is added to a row list, if it can be: `y` of the call is empty then.
    pub(crate) rows: Option<RowKernels>,
}

/// A kernel that yields rows, in both precisions.
pub(crate) type RowKernels = (
    fn(Call<'_, f32>, &mut Rows<f32>),
    fn(Call<'_, f64>, &mut Rows<f64>),
);

impl fmt::Debug for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Declares a primitive:
/// `primitive! { /// doc NAME kernel infer [labels at limit] [scratch s] [rows kernel] }`.
macro_rules! primitive {
    ($(#[$doc:meta])* $name:ident $kernel:ident $infer:expr
        $(, labels $at:literal $limit:expr)? $(, scratch $scratch:expr)?
        $(, rows $rows:ident)?) => {
        $(#[$doc])*
        pub static $name: $crate::primitive::Primitive = $crate::primitive::Primitive {
            name: stringify!($name),
            labels: primitive!(@option $($at)?),
            infer: $infer,
            limit: primitive!(@or $($limit)?),
            scratch: primitive!(@or $($scratch)?),
            single: $kernel::<f32>,
            double: $kernel::<f64>,
            rows: primitive!(@rows $($rows)?),
        };
    };
    (@rows) => { None };
    (@rows $kernel:ident) => { Some(($kernel::<f32>, $kernel::<f64>)) };
    (@option) => { None };
    (@option $at:literal) => { Some($at) };
    (@or) => { |_, _| 0 };
    (@or $value:expr) => { $value };
}
pub(crate) use primitive;

/// A primitive with the shapes that it will run on.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    op: &'static Primitive,
    dtype: DType,
    shapes: Vec<Vec<usize>>,
    shape: Vec<usize>,
    args: Vec<i64>,
}

impl Resolved {
    /// Resolves a primitive whose shapes were inferred.
    pub(crate) fn new(
        op: &'static Primitive,
        dtype: DType,
        shapes: &[&[usize]],
        shape: &[usize],
        args: &[i64],
    ) -> Resolved {
        assert!(
            shapes.len() <= MOST_OPERANDS,
            "a primitive of too many operands"
        );
        Resolved {
            op,
            dtype,
            shapes: shapes.iter().map(|shape| shape.to_vec()).collect(),
            shape: shape.to_vec(),
            args: args.to_vec(),
        }
    }

    /// The bytes of its operands and its result.
    pub(crate) fn bytes(&self) -> usize {
        let shapes = self.shapes.iter().chain([&self.shape]);
        let elements: usize = shapes.map(|shape| shape.iter().product::<usize>()).sum();
        elements * self.dtype.size()
    }

    /// Whether it does nothing but bring elements to other places.
    pub(crate) fn moves(&self) -> bool {
        [&VIEW, &PLACE, &PLACE_ZERO, &HEAD, &TAIL]
            .iter()
            .any(|&op| std::ptr::eq(op, self.op))
    }

    /// The bytes of its result.
    pub(crate) fn result_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.size()
    }

    /// Labels must be below this.
    pub(crate) fn limit(&self) -> usize {
        (self.op.limit)((&self.shapes, &self.shape), &self.args)
    }

    /// How many labels it takes.
    pub(crate) fn labels(&self) -> usize {
        self.op
            .labels
            .map_or(0, |at| self.shapes[at].iter().product())
    }

    /// Bytes of scratch space that `run` needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        (self.op.scratch)((&self.shapes, &self.shape), &self.args) * 8
    }

    /// Runs it.
    ///
    /// # Safety
    /// There is one pointer for each operand, valid for its shape; labels were checked; `output` is
    /// valid for the shape of the result, and `scratch` for `scratch_bytes`, aligned to 8; neither
    /// overlaps anything.
    pub(crate) unsafe fn run(&self, inputs: &[*const u8], output: *mut u8, scratch: *mut u8) {
        let count = self.shape.iter().product();
        // SAFETY: the caller's contract, for the element type.
        unsafe {
            match self.dtype {
                DType::F64 => {
                    let y = slice_mut(output.cast(), count);
                    self.typed(self.op.double, inputs, y, scratch);
                }
                _ => {
                    let y = slice_mut(output.cast(), count);
                    self.typed(self.op.single, inputs, y, scratch);
                }
            }
        }
    }

    /// Adds the result to a row list.
    ///
    /// # Safety
    /// As `run`, but `list` is a `Rows` of the table's shape and of this element type that nobody
    /// else uses.
    pub(crate) unsafe fn run_rows(&self, inputs: &[*const u8], list: *mut u8, scratch: *mut u8) {
        let Some((single, double)) = self.op.rows else {
            return;
        };
        // SAFETY: the caller's contract, for the element type.
        unsafe {
            match self.dtype {
                DType::F64 => {
                    let list = &mut *list.cast();
                    self.typed(|call| double(call, list), inputs, &mut [], scratch);
                }
                _ => {
                    let list = &mut *list.cast();
                    self.typed(|call| single(call, list), inputs, &mut [], scratch);
                }
            }
        }
    }

    /// # Safety
    /// As `run`.
    unsafe fn typed<T: Real>(
        &self,
        kernel: impl FnOnce(Call<'_, T>),
        inputs: &[*const u8],
        y: &mut [T],
        scratch: *mut u8,
    ) {
        let mut x: [&[T]; MOST_OPERANDS] = [&[]; MOST_OPERANDS];
        let mut labels: &[u32] = &[];
        let mut next = 0;
        for (k, (&input, shape)) in inputs.iter().zip(&self.shapes).enumerate() {
            let count: usize = shape.iter().product();
            // SAFETY: the caller's contract; an empty operand may have any pointer.
            unsafe {
                if self.op.labels == Some(k) {
                    labels = slice(input.cast(), count);
                } else {
                    x[next] = slice(input.cast(), count);
                    next += 1;
                }
            }
        }
        let floats = self.scratch_bytes() / 8;
        let call = Call {
            x,
            labels,
            shapes: &self.shapes,
            y,
            shape: &self.shape,
            args: &self.args,
            // SAFETY: as above; it overlaps nothing.
            scratch: unsafe { slice_mut(scratch.cast(), floats) },
        };
        kernel(call);
    }
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:?} -> {:?}",
            self.op.name.to_lowercase(),
            self.shapes,
            self.shape
        )
    }
}

/// # Safety
/// The pointer is valid for `count` elements, or `count` is 0.
unsafe fn slice<'a, T>(pointer: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts(pointer, count) }
}

/// # Safety
/// The pointer is valid for `count` elements that nobody else uses, or `count` is 0.
unsafe fn slice_mut<'a, T>(pointer: *mut T, count: usize) -> &'a mut [T] {
    if count == 0 {
        return &mut [];
    }
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts_mut(pointer, count) }
}

/// What a primitive infers that stands in adjoints only: its result has the shape of another tensor.
pub(crate) fn shape_of_another() -> Inferred {
    Err("its shape is that of another tensor".to_owned())
}

/// A parameter that is an index or a size; those that are given were checked by the method.
pub(crate) fn index(arg: i64) -> usize {
    usize::try_from(arg).unwrap_or(0)
}

/// The elements before, along and after an axis.
pub(crate) fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    )
}
