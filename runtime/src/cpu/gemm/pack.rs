//! Copies of blocks of the operands, in the order in which tiles read them.
//!
//! A strip of the left operand is cut into blocks of one cache line for each row, so that it is one stream
//! of memory; nothing is transposed for that. A block of the right operand is cut into panels as wide
//! as a tile. What is copied and when is the driver's choice.

use super::copy::Copy;
use super::kernels::{Kernels, Tiles};
use super::product::Operand;
use super::tile::Ahead;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Whether runs of `run` bytes that begin `apart` bytes after each other share so few sets of a
/// first-level cache (64 sets of 8 lines) that they displace each other.
pub(super) fn crowded(runs: usize, run: usize, apart: usize) -> bool {
    const SETS: usize = 64;
    if run >= apart || !apart.is_multiple_of(LINE) {
        return false;
    }
    // The set where a run begins takes as many values as the distance has odd multiples.
    let starts = SETS >> (apart / LINE).trailing_zeros().min(SETS.trailing_zeros());
    let sets = (starts * run.div_ceil(LINE)).min(SETS);
    runs * run.div_ceil(LINE) > sets * 4
}

/// The layout of a packed strip of the left operand. It follows that of the operand, so that packing
/// copies runs of elements: `[r, d]` is at `r * row + d % run * step + d / run * block`.
pub(super) struct Strip {
    pub(super) row: usize,
    pub(super) step: usize,
    pub(super) run: usize,
    pub(super) block: usize,
}

impl Strip {
    /// The layout for `height` rows of an operand of these strides.
    pub(super) fn of<T>(strides: (usize, usize), kernels: &Kernels<T>, height: usize) -> Strip {
        let run = LINE / size_of::<T>();
        if strides.0 == 1 {
            let step = height.next_multiple_of(kernels.lanes);
            Strip {
                row: 1,
                step,
                run,
                block: run * step,
            }
        } else {
            Strip {
                row: run,
                step: 1,
                run,
                block: run * height,
            }
        }
    }

    /// Elements of the largest strip of this depth.
    pub(super) fn elements<T>(kernels: &Kernels<T>, depth: usize) -> usize {
        let height = kernels.tiles.len().next_multiple_of(kernels.lanes);
        depth.next_multiple_of(LINE / size_of::<T>()) * height
    }

    /// Packs a strip.
    ///
    /// # Safety
    /// `from` is valid for `height` rows of the depth by its strides, and `to` for `elements`.
    pub(super) unsafe fn pack<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        from: Operand,
        height: usize,
        depth: usize,
        to: *mut T,
    ) {
        let (row, column) = from.strides;
        let stored = from.stored as usize;
        // SAFETY: the caller's contract; a cache line is a whole number of vectors.
        unsafe {
            if row == 1 {
                kernels.copies[stored](&Copy {
                    from: from.at,
                    from_row: column,
                    from_column: 1,
                    rows: depth,
                    columns: height,
                    to,
                    to_row: self.step,
                    panel: height,
                    to_panel: 0,
                });
            } else {
                kernels.copies_along[stored](&Copy {
                    from: from.at,
                    from_row: row,
                    from_column: column,
                    rows: height,
                    columns: depth,
                    to,
                    to_row: self.row,
                    panel: self.run,
                    to_panel: self.block,
                });
            }
        }
    }

    /// What panel `number` of `panels` fetches of the next strip, which has `rows` rows that begin at `from`: its
    /// share of the cache lines of every block. A place of a strip holds `each` elements.
    pub(super) fn ahead<T>(
        &self,
        from: Operand,
        rows: usize,
        each: usize,
        number: usize,
        panels: usize,
    ) -> Ahead {
        let (row, step) = from.strides;
        let run = self.run * each;
        let (lines, apart) = match (rows, row) {
            (0, _) => (0, 0),
            (_, 1) => (run, step),
            _ => (rows, row),
        };
        let [first, last] = [number, number + 1].map(|panel| panel * lines / panels);
        let bytes = from.stored.bytes::<T>();
        Ahead {
            from: from.at.wrapping_add(first * apart * bytes),
            lines: last - first,
            apart: apart * bytes,
            block: run * step * bytes,
        }
    }
}

/// Packs columns into panels of `panel` columns, each of `depth` rows one after another, of `rows` rows of the
/// operand.
///
/// # Safety
/// `from` is valid for the rows and columns by its strides, `to` for the columns, rounded up,
/// times the depth.
pub(super) unsafe fn pack_panels<T: Tiles>(
    kernels: &Kernels<T>,
    from: Operand,
    columns: usize,
    (rows, depth): (usize, usize),
    panel: usize,
    to: *mut T,
) {
    let (row, column) = from.strides;
    // SAFETY: the caller's contract; a panel is a whole number of vectors.
    unsafe {
        kernels.copies[from.stored as usize](&Copy {
            from: from.at,
            from_row: row,
            from_column: column,
            rows,
            columns,
            to,
            to_row: panel,
            panel,
            to_panel: panel * depth,
        });
    }
}
