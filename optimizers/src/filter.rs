//! Which leaves an option is meant for: a path pattern or a predicate.
//!
//! A filter that matches nothing is a mistake in the pattern, and building fails on it.

use std::fmt;

use crate::Error;

/// What a predicate may know of a leaf.
#[derive(Clone, Copy, Debug)]
pub struct LeafInfo<'a> {
    /// The dotted path, such as `layers.0.w`.
    pub path: &'a str,
    /// Sizes, outermost first.
    pub shape: &'a [usize],
}

/// A set of leaves.
pub(crate) enum Filter {
    Pattern(String),
    Predicate(Box<dyn Fn(&LeafInfo<'_>) -> bool>),
}

impl Filter {
    pub(crate) fn matches(&self, leaf: &LeafInfo<'_>) -> bool {
        match self {
            Filter::Pattern(pattern) => glob(pattern.as_bytes(), leaf.path.as_bytes()),
            Filter::Predicate(predicate) => predicate(leaf),
        }
    }

    /// The error for a filter that matched none of `paths`.
    pub(crate) fn unmatched(&self, option: &str, paths: &[&str]) -> Error {
        let mut known = paths
            .iter()
            .take(8)
            .map(|p| format!("`{p}`"))
            .collect::<Vec<_>>();
        if paths.len() > known.len() {
            known.push("..".to_owned());
        }
        Error::configuration(format!(
            "the {option} {self:?} matches no leaf; the leaves are {}",
            known.join(", ")
        ))
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Pattern(pattern) => write!(f, "pattern `{pattern}`"),
            Filter::Predicate(_) => f.write_str("predicate"),
        }
    }
}

/// Shell-like matching: `*` stands for any text, dots included, and `?` for one byte.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            glob(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, tail)| glob(pattern, tail))
        }
        (Some((b'?', rest)), Some((_, tail))) => glob(rest, tail),
        (Some((a, rest)), Some((b, tail))) => a == b && glob(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_match_as_in_a_shell() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("*.b*", "layers.0.b", true),
            ("*.b*", "b1", false),
            ("b?", "b1", true),
            ("b?", "b12", false),
            ("w", "w", true),
            ("layers.*.w", "layers.10.w", true),
            ("layers.*.w", "layers.10.w2", false),
        ] {
            assert_eq!(
                glob(pattern.as_bytes(), text.as_bytes()),
                want,
                "{pattern} on {text}"
            );
        }
    }
}
