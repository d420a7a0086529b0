//! Everything that generated code may name, in one flat list: the contract between the macro and
//! the runtime. Not a public interface.

pub use crate::Real;
pub use crate::scalar::*;
