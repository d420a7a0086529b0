//! Differentiation of scalar functions, stage by stage: which slots carry a derivative
//! (`activity`), the adjoint of every statement (`adjoint`), how the reverse pass goes through each
//! loop (`reversal`), and what it reads and therefore must be restored (`residuals`). `tangent` is
//! forward mode, for primal and adjoint code alike.

pub(crate) mod activity;
pub(crate) mod adjoint;
pub(crate) mod costly;
mod elements;
pub(crate) mod joint;
pub(crate) mod lending;
pub(crate) mod residuals;
pub(crate) mod reversal;
pub(crate) mod selection;
pub(crate) mod tangent;
pub(crate) mod uses;
pub(crate) mod windows;

#[cfg(test)]
mod tests;
