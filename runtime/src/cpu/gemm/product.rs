//! One matrix product, blocked: which operands are copied first, and the order of the tiles.
//!
//! The scheme is that of BLIS (Van Zee and van de Geijn, 2015) turned to row-major results: a block
//! of the right operand is packed into panels that stream from the second- or third-level cache, a strip
//! of the left one stays close, and small operands are read where they are. Every element of the
//! result is summed in the order of k, in blocks whose depth depends on k alone, so it has the same
//! digits however rows and columns are cut.

use std::ops::Range;

use super::super::isa::Isa;
use super::super::threads::{Shared, split, threads};
use super::kernels::{Kernels, Tiles, WIDE, WIDTH};
use super::pack::{Strip, crowded, pack_panels};
use super::tile::{Ahead, DOTS, Dots, Tile};

/// The deepest block, in bytes of a row: a strip of 12 rows of this depth is 48 KiB.
const DEPTH_BYTES: usize = 4096;
/// Bytes of the packed blocks of the right operand, of all parts together. Panels are read from end to end,
/// which the machine foresees, so a block may exceed the second-level cache; what counts is how many
/// panels a strip serves.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a row within which competing cache lines are looked for.
const NEAR_BYTES: usize = 1024;
/// Bytes of a left operand that is expected to come from the third-level cache: its strips are copied,
/// and fetched while the one before is multiplied.
const FAR_BYTES: usize = 1024 * 1024;
/// Bytes of a right operand that is read in place.
const SMALL_BYTES: usize = 256 * 1024;
/// So few strips don't repay packing the right operand.
const FEW_STRIPS: usize = 8;
/// Products and sums that repay waking a thread, some 20 microseconds of work.
const SHARE: usize = 2_000_000;
/// The most rows for which dot products are taken when the right operand runs along k.
const DOT_ROWS: usize = 4;

/// A product whose shape and strides are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Product {
    /// The instruction set that it is planned for.
    pub(super) isa: Isa,
    /// Groups of strips that threads may share.
    pub(super) parts: usize,
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
    /// Strides of rows and columns, in elements.
    pub(super) a: (usize, usize),
    pub(super) b: (usize, usize),
    /// From a row of the result to the next one; its columns are contiguous.
    pub(super) c_row: usize,
}

/// How a product is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Dot products along k.
    Dots,
    /// Tiles.
    Tiles { pack_a: bool, pack_b: bool },
}

impl Product {
    /// The products of a batch as one where they share an operand and the rest lies in a row: rows
    /// of several left operands are one left operand, and a sum over the batch is one longer sum.
    pub(super) fn join(self, batch: Vec<[usize; 3]>) -> (Product, Vec<[usize; 3]>) {
        let count = batch.len();
        let (m, n, k) = (self.m, self.n, self.k);
        let apart = |sizes: [usize; 3]| {
            batch
                .iter()
                .enumerate()
                .all(|(index, at)| *at == sizes.map(|size| size * index))
        };
        let (m, k) = if count < 2 || self.c_row != n {
            (m, k)
        } else if self.a == (k, 1) && apart([m * k, 0, m * n]) {
            (count * m, k)
        } else if self.a == (1, m) && self.b == (n, 1) && apart([m * k, k * n, 0]) {
            (m, count * k)
        } else {
            return (self, batch);
        };
        (
            Product { m, k, ..self },
            batch.into_iter().take(1).collect(),
        )
    }

    /// A product whose result is one column, turned into one whose result is one row; says whether
    /// it was, because the operands then change places.
    pub(super) fn upright(self) -> (Product, bool) {
        if self.n != 1 || self.m == 1 || self.c_row != 1 {
            return (self, false);
        }
        let swap = |(row, column)| (column, row);
        let turned = Product {
            m: 1,
            n: self.m,
            c_row: self.m,
            a: swap(self.b),
            b: swap(self.a),
            ..self
        };
        (turned, true)
    }

    fn way<T: Tiles>(&self, kernels: &Kernels<T>) -> Way {
        let along_k = |stride: usize| stride == 1 || self.k == 1;
        if self.m <= DOT_ROWS && along_k(self.b.0) && self.b.1 != 1 && along_k(self.a.1) {
            return Way::Dots;
        }
        let (height, depth) = (kernels.tiles.len(), self.depth::<T>());
        let bytes = self.n * self.k * size_of::<T>();
        let pack_b = self.b.1 != 1
            || (!kernels.masked && !self.n.is_multiple_of(kernels.lanes))
            || (bytes > SMALL_BYTES && self.m > FEW_STRIPS * height);
        // A strip is read once for each panel: from where it is, unless that is far away or its lines
        // would compete.
        let near = depth.min(NEAR_BYTES / size_of::<T>());
        let (runs, run, apart) = if self.a.1 == 1 {
            (height, near, self.a.0)
        } else {
            (near, height, self.a.1)
        };
        let bytes = [run, apart].map(|elements| elements * size_of::<T>());
        let far = self.m * self.k * size_of::<T>() > FAR_BYTES;
        let pack_a = self.n > self.panel(kernels) && (far || crowded(runs, bytes[0], bytes[1]));
        Way::Tiles { pack_a, pack_b }
    }

    /// Whether strips of the left operand are copied.
    #[cfg(test)]
    pub(super) fn packs_left<T: Tiles>(&self, kernels: &Kernels<T>) -> bool {
        matches!(self.way(kernels), Way::Tiles { pack_a: true, .. })
    }

    /// Columns of a panel.
    fn panel<T: Tiles>(&self, kernels: &Kernels<T>) -> usize {
        kernels.lanes
            * if self.m <= kernels.wide.len() {
                WIDE
            } else {
                WIDTH
            }
    }

    /// The depth of a block: k in equal parts.
    fn depth<T>(&self) -> usize {
        let deepest = DEPTH_BYTES / size_of::<T>();
        self.k.div_ceil(self.k.div_ceil(deepest).max(1)).max(1)
    }

    /// Columns of a block of the right operand.
    fn block<T>(&self, panel: usize) -> usize {
        let columns = BLOCK_BYTES / self.parts / size_of::<T>() / self.depth::<T>();
        (columns / panel * panel).max(panel)
    }

    /// The depth to which a block of the right operand is packed: all of k where that fits, so that
    /// rows of the left operand are read from end to end; else one block of the depth.
    fn group<T>(&self, block: usize) -> usize {
        if block * self.k * size_of::<T>() * self.parts <= BLOCK_BYTES {
            self.k.max(1)
        } else {
            self.depth::<T>()
        }
    }

    /// Elements of a packed strip of the left operand, and of a packed block of the right one.
    fn packed<T: Tiles>(&self) -> (usize, usize) {
        let kernels = T::kernels(self.isa);
        let Way::Tiles { pack_a, pack_b } = self.way(kernels) else {
            return (0, 0);
        };
        let panel = self.panel(kernels);
        let block = self.block::<T>(panel).min(self.n.max(1));
        let columns = block.next_multiple_of(panel);
        (
            if pack_a {
                Strip::elements(kernels, self.depth::<T>())
            } else {
                0
            },
            if pack_b {
                self.group::<T>(block) * columns
            } else {
                0
            },
        )
    }

    /// Elements of scratch space that `run` needs.
    pub(super) fn scratch<T: Tiles>(&self) -> usize {
        let (a, b) = self.packed::<T>();
        (a + b) * self.parts
    }

    /// In how many parts the product is worth doing by the threads that there are.
    pub(super) fn shares<T: Tiles>(&self) -> usize {
        let kernels = T::kernels(self.isa);
        if self.way(kernels) == Way::Dots {
            return 1;
        }
        let strips = self.m.div_ceil(kernels.tiles.len());
        let worth = self.m.saturating_mul(self.n).saturating_mul(self.k) / SHARE;
        threads().min(strips).min(worth).max(1)
    }

    /// Computes the product.
    ///
    /// # Safety
    /// The pointers are valid for operands of these sizes and strides; `c` overlaps nothing;
    /// `scratch` has room for `scratch` elements and is aligned for vectors.
    pub(super) unsafe fn run<T: Tiles>(
        &self,
        a: *const T,
        b: *const T,
        c: *mut T,
        scratch: *mut T,
        accumulate: bool,
    ) {
        let kernels = T::kernels(self.isa);
        // SAFETY: the caller's contract.
        unsafe {
            match self.way(kernels) {
                Way::Dots => self.dots(kernels, a, b, c, accumulate),
                Way::Tiles { pack_a, pack_b } => {
                    let strips = self.m.div_ceil(kernels.tiles.len());
                    let (size_a, size_b) = self.packed::<T>();
                    // Parts read the operands, and write rows of the result and scratch space of their own.
                    let shared = Shared::new((a, b, c, scratch));
                    let part = |part: usize| {
                        let (a, b, c, scratch) = shared.get();
                        let scratch = scratch.add(part * (size_a + size_b));
                        let packed_b = pack_b.then_some(scratch);
                        let packed_a = pack_a.then(|| scratch.add(size_b));
                        let mine = part * strips / self.parts..(part + 1) * strips / self.parts;
                        self.tiles(kernels, (a, b, c), mine, packed_a, packed_b, accumulate);
                    };
                    split(self.parts, &part);
                }
            }
        }
    }

    /// # Safety
    /// As `run`.
    unsafe fn dots<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        a: *const T,
        b: *const T,
        c: *mut T,
        accumulate: bool,
    ) {
        for row in 0..self.m {
            for j in (0..self.n).step_by(DOTS) {
                // SAFETY: row < m and j < n.
                unsafe {
                    (kernels.dots)(&Dots {
                        k: self.k,
                        a: a.add(row * self.a.0),
                        b: b.add(j * self.b.1),
                        b_column: self.b.1,
                        c: c.add(row * self.c_row + j),
                        columns: (self.n - j).min(DOTS),
                        accumulate,
                    });
                }
            }
        }
    }

    /// Some strips of rows.
    ///
    /// # Safety
    /// As `run`; the packed blocks are as large as `packed` says.
    unsafe fn tiles<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        (a, b, c): (*const T, *const T, *mut T),
        mine: Range<usize>,
        packed_a: Option<*mut T>,
        packed_b: Option<*mut T>,
        accumulate: bool,
    ) {
        let (m, n, k) = (self.m, self.n, self.k);
        let (panel, depth) = (self.panel(kernels), self.depth::<T>());
        let block = self.block::<T>(panel).min(n.max(1));
        let group = self.group::<T>(block);
        let strips = m.div_ceil(kernels.tiles.len());
        let blocks = (0..n)
            .step_by(block)
            .flat_map(|n0| (0..k).step_by(group).map(move |k0| (n0, k0)));
        // SAFETY: rows, columns and depths stay below m, n and k; the packed blocks are written
        // before they are read.
        unsafe {
            for (n0, g0) in blocks {
                let (columns, group) = ((n - n0).min(block), (k - g0).min(group));
                let from = b.add(g0 * self.b.0 + n0 * self.b.1);
                let (b, b_panel, b_step) = match packed_b {
                    Some(to) => {
                        pack_panels(kernels, (from, self.b), columns, group, panel, to);
                        (to.cast_const(), panel * group, panel)
                    }
                    None => (from, panel, self.b.0),
                };
                for s in mine.clone() {
                    // Heights differ by one at most.
                    let [first, last, after] = [s, s + 1, s + 2].map(|s| s * m / strips);
                    for k0 in (0..group).step_by(depth) {
                        let at =
                            |row, k0: usize| a.wrapping_add(row * self.a.0 + (g0 + k0) * self.a.1);
                        let tile = Tile {
                            k: (group - k0).min(depth),
                            a: at(first, k0),
                            a_row: self.a.0,
                            a_step: self.a.1,
                            a_run: depth,
                            a_block: 0,
                            ahead: Ahead::nothing(),
                            b: b.add(k0 * b_step),
                            b_step,
                            c: c.add(first * self.c_row + n0),
                            c_row: self.c_row,
                            columns,
                            accumulate: accumulate || g0 + k0 > 0,
                        };
                        // What the next strip will copy.
                        let (next, rows) = if k0 + depth < group {
                            (at(first, k0 + depth), last - first)
                        } else if s + 1 < mine.end {
                            (at(last, 0), after - last)
                        } else {
                            (tile.a, 0)
                        };
                        let packed_a = packed_a.map(|to| (to, next, rows));
                        self.strip(kernels, tile, last - first, panel, b_panel, packed_a);
                    }
                }
            }
        }
    }

    /// The tiles of a strip of `height` rows: the operands as those of one wide tile.
    ///
    /// # Safety
    /// As for a [`Tile`] of all columns; the left operand is packed where there is room for a strip, and
    /// the rows of the next one, which begins at the address beside it, are fetched.
    unsafe fn strip<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        mut tile: Tile<T>,
        height: usize,
        panel: usize,
        b_panel: usize,
        packed_a: Option<(*mut T, *const T, usize)>,
    ) {
        let (b, c, columns) = (tile.b, tile.c, tile.columns);
        // SAFETY: every panel begins below the columns.
        unsafe {
            let panels = columns.div_ceil(panel);
            let layout = Strip::of(self.a, kernels, height);
            if let Some((to, _, _)) = packed_a {
                layout.pack(kernels, (tile.a, self.a), height, tile.k, to);
                (tile.a, tile.a_row, tile.a_step) = (to, layout.row, layout.step);
                (tile.a_run, tile.a_block) = (layout.run, layout.block);
            }
            for j in 0..panels {
                if let Some((_, next, rows)) = packed_a {
                    tile.ahead = layout.ahead((next, self.a), rows, j, panels);
                }
                tile.columns = (columns - j * panel).min(panel);
                tile.b = b.add(j * b_panel);
                tile.c = c.add(j * panel);
                let vectors = tile.columns.div_ceil(kernels.lanes);
                let kernel = match kernels.wide.get(height - 1) {
                    Some(wide) if panel > WIDTH * kernels.lanes => wide[vectors - 1],
                    _ => kernels.tiles[height - 1][vectors - 1],
                };
                kernel(&tile);
            }
        }
    }
}
