//! What is computed again: what `#[checkpoint]` asks for, and what a byte budget needs beyond it.
//!
//! For a budget, several ways to compute again are laid out and the cheapest that fits is taken: the
//! values that cost least for their bytes, more and more of them, and divisions of the forward pass
//! into parts of which only the borders are kept, also divided in turn.

use super::checkpoint::{Scope, Scopes};
use super::in_place::{LARGE, Merged};
use super::memory::{Arena, Buffer};
use super::recompute::{Levels, Outline, Turn};

/// How many numbers of values are tried.
const SHARES: usize = 16;
/// In how many parts the forward pass is divided.
const PARTS: [usize; 12] = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96];
/// How often parts are divided in turn.
const DEPTHS: usize = 3;
/// How many of the smallest ways are packed to know the least bytes.
const SMALLEST: usize = 4;

/// A schedule with its buffers.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) turns: Vec<Turn>,
    pub(super) arena: Arena,
    pub(super) merged: Merged,
    peak: usize,
    cost: f64,
}

impl Way {
    /// Its arena, in which results that are written in place are kept where they stand.
    pub(super) fn kept(&self) -> Arena {
        let mut arena = self.arena.clone();
        let kept: Vec<Buffer> = arena.kept().collect();
        for (written, root) in self.merged.iter() {
            if kept.contains(&written) {
                arena.keep(root);
            }
        }
        arena
    }
}

/// The cheapest way that fits into `budget` bytes; `scope_of` is what the user asked for.
///
/// # Errors
/// The least bytes of all ways, if none fits.
pub(super) fn choose(
    outline: &Outline,
    arena: &Arena,
    (scope_of, scopes): (&[Scope], &Scopes),
    budget: Option<usize>,
) -> Result<Way, usize> {
    let way = |levels: &Levels, scope_of: &[Scope], scopes: &Scopes| {
        let mut arena = arena.clone();
        let turns = outline.again(levels, scope_of, scopes, &mut arena);
        let again = turns.iter().filter(|turn| turn.again);
        let least = if budget.is_some() { 0 } else { LARGE };
        let merged = outline.merge(&turns, &arena, least);
        Way {
            peak: outline.peak(&turns, &arena, &merged),
            cost: again.map(|turn| outline.steps[turn.step].cost).sum(),
            arena,
            merged,
            turns,
        }
    };
    let asked = way(&outline.inside(scope_of, scopes), scope_of, scopes);
    let Some(budget) = budget else {
        return Ok(asked);
    };
    if packed(outline, &asked) <= budget {
        return Ok(asked);
    }
    let whole = vec![Scope::WHOLE; outline.steps.len()];
    let mut ways = vec![asked];
    for levels in shares(outline) {
        ways.push(way(&levels, &whole, &Scopes::default()));
    }
    for (scope_of, scopes) in divisions(outline) {
        let levels = outline.inside(&scope_of, &scopes);
        ways.push(way(&levels, &scope_of, &scopes));
    }
    ways.sort_by_key(|way| way.peak);
    let smallest = ways.iter().take(SMALLEST).map(|way| packed(outline, way));
    let least = smallest.min().unwrap_or(0);
    ways.retain(|way| way.peak <= budget);
    ways.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let mut fitting = ways
        .into_iter()
        .filter(|way| packed(outline, way) <= budget);
    fitting.next().ok_or(least)
}

/// The bytes that the buffers of a way take when they are packed.
fn packed(outline: &Outline, way: &Way) -> usize {
    let mut arena = way.kept();
    for (at, turn) in way.turns.iter().enumerate() {
        for buffer in outline.steps[turn.step].buffers() {
            arena.touch(way.merged.name(turn.name(buffer)), at);
        }
    }
    arena.pack(way.turns.len());
    arena.bytes
}

/// More and more of the saved values, those that cost least for their bytes first.
fn shares(outline: &Outline) -> Vec<Levels> {
    let passing: Levels = outline
        .passing()
        .map(|value| (value, Scope::WHOLE))
        .collect();
    let mut ranked: Vec<(f64, Buffer)> = outline
        .saved()
        .into_iter()
        .map(|value| (outline.price(value, &passing), value))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = ranked.len();
    let mut numbers: Vec<usize> = (1..=SHARES)
        .map(|share| (count * share).div_ceil(SHARES))
        .collect();
    numbers.dedup();
    let share = |number: usize| {
        let mut levels = passing.clone();
        levels.extend(
            ranked[..number]
                .iter()
                .map(|&(_, value)| (value, Scope::WHOLE)),
        );
        levels
    };
    numbers.into_iter().map(share).collect()
}

/// Divisions of the forward pass; the steps of the backward pass belong to the whole.
fn divisions(outline: &Outline) -> Vec<(Vec<Scope>, Scopes)> {
    let forward = outline.forward();
    let mut divisions = Vec::new();
    for depth in 1..=DEPTHS {
        for parts in PARTS {
            let pieces = parts.checked_pow(u32::try_from(depth).unwrap_or(1));
            if pieces.is_some_and(|pieces| pieces <= forward) {
                let mut scopes = Scopes::default();
                let mut scope_of = Vec::new();
                divide(
                    forward,
                    parts,
                    depth,
                    Scope::WHOLE,
                    &mut scopes,
                    &mut scope_of,
                );
                divisions.push((outline.spread(&scope_of), scopes));
            }
        }
    }
    divisions
}

/// Divides `steps` steps. What the backward pass needs first, the last part, stays in the scope that
/// is divided: it would be computed again at once.
fn divide(
    steps: usize,
    parts: usize,
    depth: usize,
    outer: Scope,
    scopes: &mut Scopes,
    scope_of: &mut Vec<Scope>,
) {
    for part in 0..parts {
        let count = steps * (part + 1) / parts - steps * part / parts;
        let scope = if part + 1 == parts {
            outer
        } else {
            scopes.within(outer)
        };
        if depth > 1 {
            divide(count, parts, depth - 1, scope, scopes, scope_of);
        } else {
            scope_of.extend(std::iter::repeat_n(scope, count));
        }
    }
}
