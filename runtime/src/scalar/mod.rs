//! What the gradient code of scalar functions stands on: the tape, the values that it holds, their
//! tangents, and the traits that link a function to its companion. It knows no rule of
//! differentiation.

mod arithmetic;
mod array;
mod checkpoint;
mod container;
mod dense;
mod directional;
mod entries;
mod gradient;
mod lanes;
mod link;
mod matrix;
mod outcome;
pub mod pass;
mod sparse;
mod tangent;
mod tape;
mod unlinked;
mod value;
mod window;

pub use crate::check::CheckReport;
pub use arithmetic::{
    add, divide, equal, greater, greater_equal, less, less_equal, multiply, remainder, subtract,
    unequal,
};
pub use array::names as ndarray;
pub use checkpoint::{Checkpoints, turns};
pub use dense::{hessian, jacobian_forward, jacobian_reverse};
pub use directional::directional;
pub use entries::Entries;
pub use gradient::Primal;
pub use lanes::{Lane, Lanes, Number, Pack, Single, Wide};
pub use link::{DifferentiableFn, MarkedMethod, unmarked};
pub use matrix::Matrix;
pub use outcome::ErrorValue;
pub use sparse::SparseJacobian;
pub use tangent::{
    CastAlong, Direction, Tangent, cast_back_tangent, cast_tangent, check_direction, load_both,
    save_both,
};
pub use tape::Tape;
pub use unlinked::{TwiceDifferentiableFn, refuse, unmarked_modes, unmarked_nested};
pub use value::{
    Cast, Counted, Integer, ScalarValue, Val, Word, assert_shape, counted, integer, lost_shadow,
};
pub use window::{
    along0, along1, along2, along3, along4, along5, along6, along7, along8, along9, along10,
    along11, along12, along13, exp_words, length, load_window, save_window, shadow_window,
    tanh_words, window, window_mut, word_like,
};
