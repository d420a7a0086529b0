//! Reverse differentiation of scalar functions, stage by stage: which slots carry a derivative
//! (`activity`), the adjoint of every statement (`adjoint`), how the reverse pass goes through each
//! loop (`reversal`), and what it reads and therefore must be restored (`residuals`).

pub(crate) mod activity;
pub(crate) mod adjoint;
pub(crate) mod residuals;
pub(crate) mod reversal;
pub(crate) mod uses;

#[cfg(test)]
mod tests;
