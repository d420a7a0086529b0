//! The kernels that copy blocks of operands into the order in which tiles read them.
//!
//! They convert what they copy: two-byte floats are widened, and the operands of a product of pairs are
//! rounded to `bf16` and laid two along k into one place.

use super::super::vector::Vector;
use super::stored::Source;

#[cfg(target_arch = "x86_64")]
use {super::super::convert::Bits, super::super::vector::Avx512Pairs, half::bf16};

/// Rows that are copied into panels.
pub(super) struct Copy<T> {
    /// `[r, c]` is at `r * from_row + c * from_column`, stored as the kernel reads it.
    pub(super) from: *const u8,
    pub(super) from_row: usize,
    pub(super) from_column: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) to: *mut T,
    /// At least the width of a panel, rounded up to whole vectors.
    pub(super) to_row: usize,
    /// Columns of a panel, and what lies between two panels.
    pub(super) panel: usize,
    pub(super) to_panel: usize,
}

/// Copies rows into panels.
///
/// # Safety
/// The machine has the instruction set; `from` is valid for the rows and columns, `to` for the
/// panels, each row of which is filled up to whole vectors with zeros. A kernel that makes pairs has half as
/// many rows or columns of results, whose sizes `to_row`, `panel` and `to_panel` are.
pub(super) type CopyKernel<T> = unsafe fn(&Copy<T>);

/// # Safety
/// As [`CopyKernel`].
#[inline(always)]
pub(super) unsafe fn copy<V: Vector, S: Source<V::Element>>(t: &Copy<V::Element>) {
    if t.from_column != 1 {
        // SAFETY: the caller's contract.
        return unsafe { turn::<V, S>(t) };
    }
    let panels = t.columns.div_ceil(t.panel);
    let vectors = t.panel / V::LANES;
    let whole = if t.panel.is_multiple_of(V::LANES) {
        t.columns / t.panel
    } else {
        0
    };
    for row in 0..t.rows {
        // SAFETY: the caller's contract.
        unsafe {
            let from = t.from.cast::<S>().add(row * t.from_row);
            let to = t.to.add(row * t.to_row);
            // Whole panels are most of the work, and as wide as a cache line or a tile.
            match vectors {
                1 => copy_panels::<V, S>(from, to, t.to_panel, 1, whole),
                2 => copy_panels::<V, S>(from, to, t.to_panel, 2, whole),
                _ => copy_panels::<V, S>(from, to, t.to_panel, vectors, whole),
            }
            for panel in whole..panels {
                let width = (t.columns - panel * t.panel).min(t.panel);
                let whole = width / V::LANES * V::LANES;
                let from = from.add(panel * t.panel);
                let to = to.add(panel * t.to_panel);
                for at in (0..whole).step_by(V::LANES) {
                    S::load::<V>(from.add(at)).store(to.add(at));
                }
                if whole < width {
                    S::load_part::<V>(from.add(whole), width - whole).store(to.add(whole));
                }
            }
        }
    }
}

/// Copies `panels` panels of `vectors` vectors.
///
/// # Safety
/// As [`CopyKernel`], for one row.
#[inline(always)]
unsafe fn copy_panels<V: Vector, S: Source<V::Element>>(
    mut from: *const S,
    mut to: *mut V::Element,
    to_panel: usize,
    vectors: usize,
    panels: usize,
) {
    for _ in 0..panels {
        for v in 0..vectors {
            // SAFETY: the caller's contract.
            unsafe { S::load::<V>(from.add(v * V::LANES)).store(to.add(v * V::LANES)) };
        }
        from = from.wrapping_add(vectors * V::LANES);
        to = to.wrapping_add(to_panel);
    }
}

/// Copies columns that are not contiguous, one element after the other; whole panels are filled.
///
/// # Safety
/// As [`CopyKernel`].
#[inline(always)]
unsafe fn turn<V: Vector, S: Source<V::Element>>(t: &Copy<V::Element>) {
    for panel in 0..t.columns.div_ceil(t.panel) {
        let first = panel * t.panel;
        let width = (t.columns - first).min(t.panel);
        for c in 0..t.panel {
            for row in 0..t.rows {
                // SAFETY: first + c < columns where it is read.
                unsafe {
                    *t.to.add(panel * t.to_panel + row * t.to_row + c) = if c < width {
                        let at = row * t.from_row + (first + c) * t.from_column;
                        (*t.from.cast::<S>().add(at)).value()
                    } else {
                        V::Element::default()
                    };
                }
            }
        }
    }
}

/// Lanes of the vectors of pairs.
#[cfg(target_arch = "x86_64")]
const LANES: usize = Avx512Pairs::LANES;

/// Two values as one place: rounded to `bf16`, the first in the lower half.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pair(first: f32, second: f32) -> f32 {
    let [first, second] = [first, second].map(|value| u32::from(<bf16 as Bits>::round(value)));
    f32::from_bits(first | second << 16)
}

/// Makes pairs of neighbours: in the same row where they lie `ALONG` it, else in the same column. One without a
/// partner is paired with zero.
///
/// # Safety
/// As [`CopyKernel`], and the machine multiplies pairs.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn pairs<S: Source<f32>, const ALONG: bool>(t: &Copy<f32>) {
    let (rows, columns) = if ALONG {
        (t.rows, t.columns.div_ceil(2))
    } else {
        (t.rows.div_ceil(2), t.columns)
    };
    // SAFETY: a partner is read where there is one.
    let one = |line: usize, column: usize| unsafe {
        let (at, partner, exists) = if ALONG {
            let at = line * t.from_row + 2 * column * t.from_column;
            (at, at + t.from_column, 2 * column + 1 < t.columns)
        } else {
            let at = 2 * line * t.from_row + column * t.from_column;
            (at, at + t.from_row, 2 * line + 1 < t.rows)
        };
        let from = t.from.cast::<S>();
        let second = if exists {
            (*from.add(partner)).value()
        } else {
            0.0
        };
        pair((*from.add(at)).value(), second)
    };
    let from = t.from.cast::<S>();
    for panel in 0..columns.div_ceil(t.panel) {
        let first = panel * t.panel;
        let width = (columns - first).min(t.panel);
        let to = t.to.wrapping_add(panel * t.to_panel);
        if t.from_column != 1 {
            for c in 0..width.next_multiple_of(LANES) {
                for line in 0..rows {
                    let value = if c < width { one(line, first + c) } else { 0.0 };
                    // SAFETY: rows are filled up to whole vectors.
                    unsafe { *to.add(line * t.to_row + c) = value };
                }
            }
            continue;
        }
        for line in 0..rows {
            for at in (0..width).step_by(LANES) {
                let partners = if ALONG {
                    2 * (first + at + LANES) <= t.columns
                } else {
                    2 * line + 1 < t.rows
                };
                let whole = partners && at + LANES <= width;
                // SAFETY: rows are filled up to whole vectors; whole vectors of pairs are read as such.
                unsafe {
                    let to = to.add(line * t.to_row + at);
                    if !whole {
                        let mut lanes = [0.0; LANES];
                        for (lane, to) in lanes.iter_mut().enumerate().take(width - at) {
                            *to = one(line, first + at + lane);
                        }
                        <Avx512Pairs as Vector>::load(lanes.as_ptr()).store(to);
                    } else if ALONG {
                        let from = from.add(line * t.from_row + 2 * (first + at));
                        Avx512Pairs::of_neighbours(S::load(from), S::load(from.add(LANES)))
                            .store(to);
                    } else {
                        let from = from.add(2 * line * t.from_row + first + at);
                        Avx512Pairs::join(S::load(from), S::load(from.add(t.from_row))).store(to);
                    }
                }
            }
        }
    }
}
