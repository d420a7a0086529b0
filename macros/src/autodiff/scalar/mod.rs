//! Reverse differentiation of scalar functions, stage by stage: which slots carry a derivative
//! (`activity`), the adjoint of every statement (`adjoint`), and what the reverse pass reads and
//! therefore must be restored (`residuals`).

pub(crate) mod activity;
pub(crate) mod adjoint;
pub(crate) mod residuals;

#[cfg(test)]
mod tests;
