//! Which states of a long loop are kept, so that it can be reversed in little memory.
//!
//! The forward pass keeps a few states and no tape. The reverse pass goes back to the last one,
//! runs on from there, perhaps keeping states on the way, and tapes only the last turns that are
//! not reversed yet. With one state every `sqrt(n)` turns, each turn is run twice. With at most
//! `s` states their places are those of binomial checkpointing (Griewank 1992): a loop of
//! `binomial(s + r, s)` pieces runs no piece more than `r` times before it is taped.

/// The plan of a loop.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoints {
    /// How many turns are taped at a time.
    piece: u64,
    /// How many states may be kept.
    limit: u64,
}

impl Checkpoints {
    /// A state every `sqrt(turns)` turns, which are taped at a time.
    pub fn root(turns: u64) -> Checkpoints {
        let mut piece = turns.isqrt();
        piece += u64::from(piece * piece < turns);
        Checkpoints {
            piece: piece.max(1),
            limit: u64::MAX,
        }
    }

    /// At most `states` states, and as many turns taped at a time.
    ///
    /// # Panics
    /// If `states` is 0.
    #[track_caller]
    pub fn binomial(states: usize) -> Checkpoints {
        assert!(
            states > 0,
            "`#[checkpoint(states = 0)]`: at least one state must be kept"
        );
        Checkpoints {
            piece: states as u64,
            limit: states as u64,
        }
    }

    /// The same as [`next`](Self::next) in the forward pass, which keeps one more state: the last.
    #[inline]
    pub fn first(&self, at: u64, end: u64, held: u64) -> Option<u64> {
        (held + 1 < self.limit)
            .then(|| self.next(at, end, held))
            .flatten()
    }

    /// With the state in front of turn `at`, which is not among the `held` ones, and the turns
    /// below `end` still to be reversed: the turn up to which the loop runs on after that state was
    /// kept, or `None` if the rest is taped.
    #[inline]
    pub fn next(&self, at: u64, end: u64, held: u64) -> Option<u64> {
        if end - at <= self.piece {
            return None;
        }
        if self.limit == u64::MAX {
            return Some(at + self.piece);
        }
        let pieces = (end - at).div_ceil(self.piece);
        let free = self.limit.saturating_sub(held).max(1);
        let mut repeats = 1;
        while binomial(free + repeats, free) < pieces {
            repeats += 1;
        }
        let last = binomial(free + repeats - 1, free - 1);
        let run = pieces.saturating_sub(last).clamp(1, pieces - 1);
        Some(at + run * self.piece)
    }
}

/// `n` over `k`, or the largest number if that is too small.
fn binomial(n: u64, k: u64) -> u64 {
    let k = k.min(n - k);
    (1..=k)
        .try_fold(1_u64, |product, i| {
            // The product of i consecutive numbers is divisible by i!.
            product.checked_mul(n - k + i).map(|product| product / i)
        })
        .unwrap_or(u64::MAX)
}

/// How many turns a loop over a range takes.
pub fn turns(range: impl Iterator) -> u64 {
    range.size_hint().0 as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a plan: how often each turn was run forward without tape, and how many states were
    /// held at most. Every turn must be taped once, the last ones first.
    fn play(plan: Checkpoints, turns: u64) -> (Vec<u64>, usize) {
        let (mut runs, mut held, mut most) = (vec![0; turns as usize], Vec::new(), 0);
        let go = |from: u64, to: u64, runs: &mut Vec<u64>| {
            runs[from as usize..to as usize]
                .iter_mut()
                .for_each(|r| *r += 1);
        };
        let mut at = 0;
        while let Some(to) = plan.first(at, turns, held.len() as u64) {
            held.push(at);
            go(at, to, &mut runs);
            at = to;
        }
        held.push(at);
        go(at, turns, &mut runs);
        let mut end = turns;
        while end > 0 {
            most = most.max(held.len());
            let mut at = held.pop().expect("a state");
            while let Some(to) = plan.next(at, end, held.len() as u64) {
                held.push(at);
                most = most.max(held.len());
                go(at, to, &mut runs);
                at = to;
            }
            assert!(at < end && end - at <= plan.piece, "taped {at}..{end}");
            end = at;
        }
        assert!(held.is_empty());
        (runs, most)
    }

    #[test]
    fn the_root_plan_runs_every_turn_once_and_holds_the_root_of_them() {
        for turns in [1, 2, 3, 7, 16, 17, 1000] {
            let (runs, most) = play(Checkpoints::root(turns), turns);
            assert!(runs.iter().all(|&r| r == 1), "{turns}: {runs:?}");
            assert!(
                most as f64 <= (turns as f64).sqrt().ceil(),
                "{turns}: {most}"
            );
        }
    }

    #[test]
    fn the_binomial_plan_keeps_its_bounds() {
        for states in [1, 2, 3, 5, 10] {
            for turns in [1, 2, 3, 7, 50, 1000] {
                let (runs, most) = play(Checkpoints::binomial(states), turns);
                assert!(most <= states, "{states} states, {turns}: {most}");
                let pieces = turns.div_ceil(states as u64);
                let s = states as u64;
                let bound = (1..)
                    .find(|&r| binomial(s + r, s) >= pieces)
                    .expect("a bound");
                let worst = runs.iter().max().expect("a turn");
                assert!(
                    *worst <= bound + 1,
                    "{states} states, {turns}: {worst} > {bound}"
                );
            }
        }
    }
}
