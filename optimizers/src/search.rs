//! Search of hyperparameters: spaces, samplers that propose points, and pruners that give up early.
//!
//! A [`Study`] is asked for a [`Trial`] and told the value that came of it, which it minimises;
//! whoever asks decides where and how trials run. Proposals depend on the seed, the number of the
//! trial and what was told before alone. A journal keeps every finished trial on disk.
//!
//! ```
//! use cotangent_optimizers::search::{Sampler, Space, Study};
//! let space = Space::new()
//!     .log_float("rate", 1e-4, 1.0)
//!     .int("layers", 1, 4)
//!     .choice("rule", &["sgd", "adam"]);
//! let mut study = Study::new(space, Sampler::tpe(), 7)?;
//! for _ in 0..40 {
//!     let trial = study.ask()?;
//!     let rate = trial.float("rate")?;
//!     let slow = if trial.choice("rule")? == "sgd" { 0.5 } else { 0.0 };
//!     let loss = (rate.log10() + 2.0).powi(2) + slow + trial.int("layers")? as f64 * 0.1;
//!     study.tell(&trial, loss)?;
//! }
//! let (best, loss) = study.best().unwrap();
//! assert!(loss < 0.5 && best.choice("rule")? == "adam");
//! # Ok::<(), cotangent_optimizers::Error>(())
//! ```

mod gaussian_process;
mod halton;
mod journal;
mod kernel;
mod normal;
mod pruner;
mod sampler;
mod sobol;
mod space;
mod study;
mod tpe;
mod trial;

pub use gaussian_process::{GaussianProcess, Prediction};
pub use kernel::{Kernel, Shape};
pub use pruner::{Pruner, Pruning, Verdict};
pub use sampler::{GaussianProcessSearch, Sampler, Tpe};
pub use space::{Domain, Space, Value};
pub use study::Study;
pub use trial::Trial;
