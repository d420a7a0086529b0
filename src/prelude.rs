//! Everything a user of the crate needs: `use cotangent::prelude::*`.

pub use crate::functions::*;
pub use crate::optimizers::{
    Adam, AdamW, Batches, Decision, EarlyStopping, Init, Sgd, Standardizer, Table, WarmupCosine,
    init,
};
pub use crate::{
    Bag, Embedding, Error, Leaves, Pad, Program, Resize, Tensor, bf16, concat, f16, stack,
};
pub use crate::{Differentiable, derivative, differentiable, einsum, gradcheck, no_diff};
