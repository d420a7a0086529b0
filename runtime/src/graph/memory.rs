//! One arena for all intermediate values: each buffer lives from its first to its last step, and
//! buffers whose lives do not overlap share bytes.

/// A buffer of the arena, before and after packing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Buffer(pub(crate) usize);

/// Alignment of every buffer: a cache line, and the widest vector register.
const ALIGN: usize = 64;

#[derive(Clone, Debug)]
struct Life {
    bytes: usize,
    first: usize,
    last: usize,
    offset: usize,
}

/// The buffers of a plan.
#[derive(Clone, Default, Debug)]
pub(crate) struct Arena {
    lives: Vec<Life>,
    kept: Vec<Buffer>,
    /// Size after packing.
    pub(crate) bytes: usize,
}

impl Arena {
    /// A new buffer.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Buffer {
        let bytes = bytes.next_multiple_of(ALIGN).max(ALIGN);
        self.lives.push(Life {
            bytes,
            first: usize::MAX,
            last: 0,
            offset: 0,
        });
        Buffer(self.lives.len() - 1)
    }

    /// How many buffers there are.
    pub(crate) fn count(&self) -> usize {
        self.lives.len()
    }

    /// The buffer is used by a step.
    pub(crate) fn touch(&mut self, buffer: Buffer, step: usize) {
        let life = &mut self.lives[buffer.0];
        life.first = life.first.min(step);
        life.last = life.last.max(step);
    }

    /// The buffer is read after the last step.
    pub(crate) fn keep(&mut self, buffer: Buffer) {
        self.kept.push(buffer);
    }

    /// The buffers that are read after the last step.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Buffer> {
        self.kept.iter().copied()
    }

    /// A new buffer of the size of another.
    pub(crate) fn another(&mut self, like: Buffer) -> Buffer {
        self.allocate(self.bytes_of(like))
    }

    /// The size of the largest buffer.
    pub(crate) fn largest(&self) -> usize {
        self.lives.iter().map(|life| life.bytes).max().unwrap_or(0)
    }

    /// The size of a buffer.
    pub(crate) fn bytes_of(&self, buffer: Buffer) -> usize {
        self.lives[buffer.0].bytes
    }

    /// The places of the buffers whose last step this is, after packing.
    pub(crate) fn dead_after(&self, step: usize) -> impl Iterator<Item = (usize, usize)> {
        let dead = move |life: &&Life| life.first <= life.last && life.last == step;
        let lives = self.lives.iter().filter(dead);
        lives.map(|life| (life.offset, life.bytes))
    }

    /// The bytes of the buffers that are written before a step and read at it or later.
    pub(crate) fn crossing(&self, step: usize) -> usize {
        let crosses = |life: &&Life| life.first < step && step <= life.last;
        self.lives
            .iter()
            .filter(crosses)
            .map(|life| life.bytes)
            .sum()
    }

    /// Assigns offsets: the largest buffer first, at the lowest place where no buffer with an
    /// overlapping life stands.
    pub(crate) fn pack(&mut self, steps: usize) {
        for &buffer in &self.kept {
            self.lives[buffer.0].last = steps;
        }
        let used = |index: &usize| self.lives[*index].first <= self.lives[*index].last;
        let mut order: Vec<usize> = (0..self.lives.len()).filter(used).collect();
        order.sort_by_key(|&index| (std::cmp::Reverse(self.lives[index].bytes), index));
        let mut placed: Vec<usize> = Vec::new();
        for index in order {
            let life = self.lives[index].clone();
            let mut rivals: Vec<(usize, usize)> = placed
                .iter()
                .map(|&other| &self.lives[other])
                .filter(|other| other.first <= life.last && life.first <= other.last)
                .map(|other| (other.offset, other.offset + other.bytes))
                .collect();
            rivals.sort_unstable();
            let mut offset = 0;
            for (start, end) in rivals {
                if offset + life.bytes <= start {
                    break;
                }
                offset = offset.max(end);
            }
            self.lives[index].offset = offset;
            self.bytes = self.bytes.max(offset + life.bytes);
            placed.push(index);
        }
    }

    /// Two buffers that live at the same step and share bytes, or one that lies outside of the
    /// arena: there are none, and every plan of a debug build is checked.
    pub(crate) fn overlap(&self) -> Option<(usize, usize)> {
        let used = |life: &Life| life.first <= life.last;
        for (index, life) in self.lives.iter().enumerate().filter(|(_, life)| used(life)) {
            if life.offset + life.bytes > self.bytes {
                return Some((index, index));
            }
            for (later, other) in self.lives.iter().enumerate().skip(index + 1) {
                let same_time = life.first <= other.last && other.first <= life.last;
                let same_place = life.offset < other.offset + other.bytes
                    && other.offset < life.offset + life.bytes;
                if used(other) && same_time && same_place {
                    return Some((index, later));
                }
            }
        }
        None
    }

    /// Where a buffer begins, after packing.
    pub(crate) fn offset(&self, buffer: Buffer) -> usize {
        self.lives[buffer.0].offset
    }

    /// The bytes that all buffers would take without sharing.
    pub(crate) fn unshared(&self) -> usize {
        let used = self.lives.iter().filter(|life| life.first <= life.last);
        used.map(|life| life.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_share_bytes_only_when_their_lives_are_apart() {
        let mut arena = Arena::default();
        let [a, b, c] = [100, 200, 100].map(|bytes| arena.allocate(bytes));
        for (buffer, step) in [(a, 0), (a, 1), (b, 1), (b, 2), (c, 2), (c, 3)] {
            arena.touch(buffer, step);
        }
        arena.pack(4);
        assert_eq!(arena.offset(a), arena.offset(c), "their lives are apart");
        assert!(
            arena.offset(b) >= 128 || arena.offset(a) >= 256,
            "a and b live at step 1"
        );
        assert!(arena.bytes < arena.unshared());
    }

    #[test]
    fn no_packing_of_random_lives_overlaps_and_an_overlap_is_seen() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from((state >> 33) % below).unwrap()
        };
        for _ in 0..200 {
            let mut arena = Arena::default();
            for _ in 0..30 {
                let buffer = arena.allocate(random(1000));
                let first = random(40);
                arena.touch(buffer, first);
                arena.touch(buffer, first + random(10));
                if random(5) == 0 {
                    arena.keep(buffer);
                }
            }
            arena.pack(50);
            assert_eq!(arena.overlap(), None);
            // Moved onto its neighbour, a buffer that lives as long is found.
            let longest = |life: &Life| life.last - life.first;
            let at = (0..30).max_by_key(|&k| longest(&arena.lives[k])).unwrap();
            let rival = (0..30).find(|&k| {
                let (a, b) = (&arena.lives[at], &arena.lives[k]);
                k != at && a.first <= b.last && b.first <= a.last
            });
            if let Some(rival) = rival {
                arena.lives[at].offset = arena.lives[rival].offset;
                arena.bytes *= 2;
                assert!(arena.overlap().is_some());
            }
        }
    }

    #[test]
    fn a_kept_buffer_is_never_overwritten() {
        let mut arena = Arena::default();
        let [a, b] = [64, 64].map(|bytes| arena.allocate(bytes));
        arena.touch(a, 0);
        arena.touch(b, 1);
        arena.keep(a);
        arena.pack(2);
        assert_ne!(arena.offset(a), arena.offset(b));
    }
}
