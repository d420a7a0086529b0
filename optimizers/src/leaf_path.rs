//! The path of a leaf, owned: what a walk's borrowed [`Path`] is compared with at every step.
//!
//! The comparison renders nothing and allocates nothing.

use std::fmt;

use cotangent_runtime::Path;

/// Where a leaf stands in a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafPath {
    text: String,
    /// The steps from the leaf up to the root.
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(Box<str>),
    Index(usize),
}

impl LeafPath {
    pub(crate) fn of(path: &Path<'_>) -> Self {
        let (mut steps, mut at) = (Vec::new(), path);
        loop {
            let (step, parent) = match at {
                Path::Root => break,
                Path::Field(parent, name) => (Step::Field((*name).into()), *parent),
                Path::Index(parent, index) => (Step::Index(*index), *parent),
            };
            steps.push(step);
            at = parent;
        }
        Self {
            text: path.to_string(),
            steps,
        }
    }

    /// The dotted form, `layers.0.w`.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `path` is this one.
    #[inline]
    pub(crate) fn is(&self, path: &Path<'_>) -> bool {
        let mut at = path;
        for step in &self.steps {
            at = match (step, at) {
                (Step::Index(own), Path::Index(parent, index)) if own == index => parent,
                (Step::Field(own), Path::Field(parent, name)) if same(own, name) => parent,
                _ => return false,
            };
        }
        matches!(at, Path::Root)
    }
}

/// Equality without a call: names are short.
#[inline]
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| a == b)
}

impl fmt::Display for LeafPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_every_other() {
        let layers = Path::Field(&Path::Root, "layers");
        let twelfth = Path::Index(&layers, 12);
        let weight = Path::Field(&twelfth, "w");
        let own = LeafPath::of(&weight);
        assert_eq!(own.to_string(), "layers.12.w");
        assert!(own.is(&weight));
        let other_layer = Path::Index(&layers, 2);
        let other_field = Path::Field(&Path::Root, "xlayers");
        let elsewhere = Path::Index(&other_field, 12);
        for other in [
            Path::Field(&other_layer, "w"),
            Path::Field(&elsewhere, "w"),
            Path::Field(&twelfth, "b"),
            Path::Field(&Path::Root, "w"),
            Path::Index(&layers, 12),
            Path::Root,
        ] {
            assert!(!own.is(&other), "{other}");
        }
    }
}
