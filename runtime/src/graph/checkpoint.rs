//! Scopes of `#[checkpoint]`: stretches of a function whose intermediate values are not kept for the
//! backward pass, but computed again there.
//!
//! `instantiate` opens a scope where the user wrote the attribute; an instance that is recorded
//! belongs to the innermost one. What becomes of it is decided in `recompute`.

use std::cell::{Cell, RefCell};

use super::builder::Builder;

/// A stretch of the function: an index into [`Scopes::parents`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Scope(usize);

impl Scope {
    /// The whole function.
    pub(crate) const WHOLE: Scope = Scope(0);
}

/// The tree of scopes; a parent comes before its children.
#[derive(Clone, Debug)]
pub(crate) struct Scopes {
    parents: Vec<Scope>,
}

impl Default for Scopes {
    fn default() -> Self {
        Scopes {
            parents: vec![Scope::WHOLE],
        }
    }
}

impl Scopes {
    /// A new scope inside of another.
    pub(crate) fn within(&mut self, parent: Scope) -> Scope {
        self.parents.push(parent);
        Scope(self.parents.len() - 1)
    }

    /// The innermost scope that holds both.
    pub(crate) fn common(&self, mut a: Scope, mut b: Scope) -> Scope {
        while a != b {
            // The later one is no ancestor of the other.
            if a > b {
                a = self.parents[a.0];
            } else {
                b = self.parents[b.0];
            }
        }
        a
    }

    /// Whether a scope holds another, or is it.
    pub(crate) fn holds(&self, outer: Scope, inner: Scope) -> bool {
        self.common(outer, inner) == outer
    }

    /// Whether there is any but the whole function.
    pub(crate) fn any(&self) -> bool {
        self.parents.len() > 1
    }
}

/// The scopes of a graph under construction, and the one that is open.
#[derive(Debug)]
pub(crate) struct OpenScopes {
    pub(crate) tree: RefCell<Scopes>,
    pub(crate) open: Cell<Scope>,
}

impl Default for OpenScopes {
    fn default() -> Self {
        OpenScopes {
            tree: RefCell::default(),
            open: Cell::new(Scope::WHOLE),
        }
    }
}

/// Until it is dropped, what is recorded is computed again in the backward pass: made by
/// [`Builder::checkpoint`], which the macro prints for `#[checkpoint]`.
#[derive(Debug)]
pub struct Checkpoint<'b> {
    builder: &'b Builder,
    outer: Scope,
}

impl Builder {
    /// Opens a scope of `#[checkpoint]` inside of the one that is open.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint<'_> {
        let outer = self.scopes.open.get();
        let inner = self.scopes.tree.borrow_mut().within(outer);
        self.scopes.open.set(inner);
        Checkpoint {
            builder: self,
            outer,
        }
    }
}

impl Drop for Checkpoint<'_> {
    fn drop(&mut self) {
        self.builder.scopes.open.set(self.outer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_scope_of_cousins_is_their_grandparent() {
        let mut scopes = Scopes::default();
        let outer = scopes.within(Scope::WHOLE);
        let [left, right] = [(); 2].map(|()| scopes.within(outer));
        let [a, b] = [left, right].map(|parent| scopes.within(parent));
        let other = scopes.within(Scope::WHOLE);
        assert_eq!(scopes.common(a, b), outer);
        assert_eq!(scopes.common(a, left), left);
        assert_eq!(scopes.common(a, other), Scope::WHOLE);
        assert!(scopes.holds(outer, b) && !scopes.holds(b, outer));
    }
}
