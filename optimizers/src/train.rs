//! Training support: loading, splits, standardisation, initialisation, mini-batches, monitoring.
//!
//! Everything here is deterministic: a seed names a ChaCha stream, the same on every machine.

mod batches;
mod chart;
mod checkpoint;
mod early_stopping;
pub(crate) mod file;
mod history;
mod init;
mod metrics;
mod plateau;
mod progress;
mod snapshot;
mod split;
mod standardizer;
mod table;

pub use batches::Batches;
pub use chart::{Chart, plot};
pub use checkpoint::{load, save};
pub use early_stopping::{Decision, EarlyStopping, Goal};
pub use file::output_folder;
pub use history::History;
pub use init::{Init, Initializer, init};
pub use metrics::accuracy;
pub use plateau::Plateau;
pub use progress::Progress;
pub use snapshot::Snapshot;
pub use split::{Part, Split};
pub use standardizer::Standardizer;
pub use table::Table;
