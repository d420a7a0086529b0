//! What can be composed with a rule, with settings for small leaves: lists that tests of compositions go over.

use cotangent_optimizers::{Clip, Constraint, Transform};

pub(crate) const CLIPS: [Clip; 4] = [
    Clip::PerTensor { limit: 0.1 },
    Clip::PerTensorRms { limit: 0.1 },
    Clip::Value { limit: 0.1 },
    Clip::Normalize {
        norm: 1.0,
        eps: 0.0,
    },
];

pub(crate) const TRANSFORMS: [Transform; 4] = [
    Transform::Centralize,
    Transform::AdaptiveClip {
        factor: 0.1,
        eps: 1e-3,
    },
    Transform::ZeroNonFinite,
    Transform::OrthogonalRows { penalty: 0.1 },
];

pub(crate) const CONSTRAINTS: [Constraint; 7] = [
    Constraint::MaxNorm {
        limit: 1.0,
        axis: 0,
    },
    Constraint::UnitNorm { axis: 0 },
    Constraint::Simplex { scale: 1.0 },
    Constraint::L1Ball { radius: 1.0 },
    Constraint::L2Ball { radius: 1.0 },
    Constraint::GroupLasso { penalty: 0.1 },
    Constraint::SpectralNorm { limit: 1.0 },
];
