//! No search: a step that is a fixed part of the first one.

use serde::{Deserialize, Serialize};

use super::{Line, Trial};

/// Takes `part` times the step that would be tried first, whatever the value does there, as long as
/// it is finite: pure Newton steps, or the fixed rate of torch's L-BFGS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fixed {
    /// The part of the first step; 1 by default.
    pub part: f64,
}

impl Default for Fixed {
    fn default() -> Self {
        Self { part: 1.0 }
    }
}

impl Fixed {
    pub(super) fn search(self, line: &mut Line<'_>, first: f64) -> Option<Trial> {
        let trial = line.at((self.part * first).min(line.furthest));
        trial.is_finite().then_some(trial)
    }
}
