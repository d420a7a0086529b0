//! Training support: loading, splits, standardisation, initialisation, mini-batches, monitoring.
//!
//! Everything here is deterministic: a seed names a ChaCha stream, the same on every machine.

mod batches;
mod checkpoint;
mod early_stopping;
mod file;
mod history;
mod init;
mod metrics;
mod plot;
mod progress;
mod standardizer;
mod table;

pub use batches::Batches;
pub use checkpoint::{load, save};
pub use early_stopping::{Decision, EarlyStopping};
pub use history::History;
pub use init::{Init, init};
pub use metrics::accuracy;
pub use plot::plot;
pub use progress::Progress;
pub use standardizer::Standardizer;
pub use table::Table;
