//! In-place reuse: an elementwise step writes over an operand that nobody reads any more.
//!
//! The driver of a fused kernel then takes the operand through a tile, piece by piece, because a row
//! function must not see its operand change. That costs a copy within the first-level cache, so it is
//! done where it is memory that counts: for buffers that no cache holds, and within a byte budget.

use std::collections::{BTreeSet, HashMap};

use super::memory::{Arena, Buffer};

/// Buffers of fewer bytes are not overwritten unless there is a budget.
pub(super) const LARGE: usize = 1 << 20;

/// An operand of a step, and a result that may be written over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Which operand of the step.
    pub(super) input: usize,
    pub(super) read: Buffer,
    pub(super) written: Buffer,
}

/// What a step uses, and what may be written over what.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) buffers: Vec<Buffer>,
    pub(super) pairs: Vec<Pair>,
}

/// The buffers that stand where others stood.
#[derive(Default, Debug)]
pub(super) struct Merged(HashMap<Buffer, Buffer>);

impl Merged {
    /// The buffer that a buffer is.
    pub(super) fn name(&self, buffer: Buffer) -> Buffer {
        self.0.get(&buffer).copied().unwrap_or(buffer)
    }

    /// Whether a result is written over the operand.
    pub(super) fn joins(&self, pair: &Pair) -> bool {
        self.0.get(&pair.written) == Some(&self.name(pair.read))
    }

    /// The results and what they stand for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Buffer, Buffer)> {
        self.0.iter().map(|(&written, &root)| (written, root))
    }
}

/// Finds what can be overwritten: of at least `least` bytes, in the order of the steps. What is `kept`
/// is read after the last step.
pub(super) fn merge(
    steps: &[Uses],
    kept: &BTreeSet<Buffer>,
    arena: &Arena,
    least: usize,
) -> Merged {
    let mut first: HashMap<Buffer, usize> = HashMap::new();
    let mut last: HashMap<Buffer, usize> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        for &buffer in &step.buffers {
            first.entry(buffer).or_insert(at);
            last.insert(buffer, at);
        }
    }
    last.extend(kept.iter().map(|&buffer| (buffer, usize::MAX)));
    let mut merged = Merged::default();
    for (at, step) in steps.iter().enumerate() {
        for pair in &step.pairs {
            let root = merged.name(pair.read);
            let once = step
                .buffers
                .iter()
                .filter(|&&used| merged.name(used) == root);
            let bytes = arena.bytes_of(pair.written);
            if once.count() == 1
                && last.get(&root) == Some(&at)
                && first.get(&pair.written) == Some(&at)
                && !merged.0.contains_key(&pair.written)
                && bytes == arena.bytes_of(root)
                && bytes >= least
            {
                merged.0.insert(pair.written, root);
                let until = last.get(&pair.written).copied().unwrap_or(at);
                last.insert(root, until);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dead_and_read_once_is_overwritten() {
        let mut arena = Arena::default();
        let [a, b, c, d, e] = [64, 64, 64, 64, 128].map(|bytes| arena.allocate(bytes));
        let pair = |read, written| Pair {
            input: 0,
            read,
            written,
        };
        let uses = |buffers: &[Buffer], pairs: &[Pair]| Uses {
            buffers: buffers.to_vec(),
            pairs: pairs.to_vec(),
        };
        let steps = [
            uses(&[a], &[]),
            // `a` is read later, `b` is dead after `c`, `c` is read twice by the last step.
            uses(&[a, b], &[pair(a, b)]),
            uses(&[b, c, a], &[pair(b, c)]),
            uses(&[c, c, d], &[pair(c, d)]),
            uses(&[d, e], &[pair(d, e)]),
        ];
        let merged = merge(&steps, &BTreeSet::new(), &arena, 0);
        assert_eq!(merged.iter().collect::<Vec<_>>(), [(c, b)]);
        assert!(merged.joins(&pair(b, c)) && !merged.joins(&pair(c, d)));
        assert_eq!(
            merge(&steps, &BTreeSet::from([b]), &arena, 0)
                .iter()
                .count(),
            0
        );
        assert_eq!(
            merge(&steps, &BTreeSet::new(), &arena, 65).iter().count(),
            0
        );
    }
}
