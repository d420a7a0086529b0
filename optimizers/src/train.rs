//! Training support: loading, splits, standardisation, initialisation, mini-batches, monitoring.
//!
//! Everything here is deterministic: a seed names a ChaCha stream, the same on every machine.

mod batches;
mod early_stopping;
mod init;
mod metrics;
mod standardizer;
mod table;

pub use batches::Batches;
pub use early_stopping::{Decision, EarlyStopping};
pub use init::{Init, init};
pub use metrics::accuracy;
pub use standardizer::Standardizer;
pub use table::Table;
