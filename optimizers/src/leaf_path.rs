//! The path of a leaf, owned: what a walk's borrowed [`Path`] is compared with at every step.
//!
//! The comparison renders nothing and allocates nothing.

use std::fmt;

use cotangent_runtime::Path;

/// Where a leaf stands in a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafPath {
    text: String,
    /// The last step; a leaf that is the whole structure has none.
    last: Option<Step>,
    /// The steps before it, up to the root.
    parents: Vec<Step>,
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
        let mut steps = steps.into_iter();
        Self {
            text: path.to_string(),
            last: steps.next(),
            parents: steps.collect(),
        }
    }

    /// The dotted form, `layers.0.w`.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `path` is this one.
    #[inline(always)]
    pub(crate) fn is(&self, path: &Path<'_>) -> bool {
        let Some(last) = &self.last else {
            return matches!(path, Path::Root);
        };
        let Some(mut at) = last.before(path) else {
            return false;
        };
        for step in &self.parents {
            match step.before(at) {
                Some(parent) => at = parent,
                None => return false,
            }
        }
        matches!(at, Path::Root)
    }
}

impl Step {
    /// The path to the structure in which `path` makes this step; none if it makes another.
    #[inline(always)]
    fn before<'p>(&self, path: &'p Path<'p>) -> Option<&'p Path<'p>> {
        match (self, path) {
            (Step::Index(own), Path::Index(parent, index)) if own == index => Some(parent),
            (Step::Field(own), Path::Field(parent, name)) if same(own, name) => Some(parent),
            _ => None,
        }
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
