//! A dimension as far as it is known when the user's crate is compiled.
//!
//! It is a size or a name, times a factor and plus an offset, and belongs to a scope: the function,
//! or the one structure that declares it. Within a scope two different dimensions never fit,
//! because a declaration speaks for every size that a name may have; dimensions of different scopes
//! are compared only where both are plain sizes.

use super::dims::Dim;

/// A dimension with its scope and the tensor that brought it in.
#[derive(Clone, Copy, Debug)]
pub(super) struct StaticDim {
    pub(super) dim: Dim,
    pub(super) scope: &'static str,
    pub(super) of: &'static str,
}

/// How two dimensions relate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    Same,
    Different,
    Open,
}

impl StaticDim {
    pub(super) const fn relation(a: Option<StaticDim>, b: Option<StaticDim>) -> Relation {
        let (Some(a), Some(b)) = (a, b) else {
            return Relation::Open;
        };
        if let (Dim::Size(x), Dim::Size(y)) = (a.dim, b.dim) {
            return if x == y {
                Relation::Same
            } else {
                Relation::Different
            };
        }
        if !same_text(a.scope, b.scope) {
            return Relation::Open;
        }
        match (a.dim, b.dim) {
            (
                Dim::Name {
                    name,
                    factor,
                    offset,
                },
                Dim::Name {
                    name: other,
                    factor: times,
                    offset: plus,
                },
            ) if same_text(name, other) && factor == times && offset == plus => Relation::Same,
            (Dim::Rest, _) | (_, Dim::Rest) => Relation::Open,
            _ => Relation::Different,
        }
    }

    pub(super) const fn is_one(dim: Option<StaticDim>) -> bool {
        matches!(
            dim,
            Some(StaticDim {
                dim: Dim::Size(1),
                ..
            })
        )
    }
}

pub(super) const fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut k = 0;
    while k < a.len() {
        if a[k] != b[k] {
            return false;
        }
        k += 1;
    }
    true
}
