//! One matrix product, blocked: which operands are copied first, and the order of the tiles.
//!
//! The scheme is that of BLIS (Van Zee and van de Geijn, 2015) turned to row-major results: a block
//! of the right operand is packed into panels that stay in the second-level cache, a strip of the
//! left one stays in the first, and small operands are read where they are. Every element of the
//! result is summed in the order of k, in blocks whose depth depends on k alone, so it has the same
//! digits however rows and columns are cut.

use std::ops::Range;

use super::super::isa::Isa;
use super::super::threads::{Shared, split, threads};
use super::kernels::{Kernels, Tiles, WIDE, WIDTH};
use super::tile::{Copy, DOTS, Dots, Tile};

/// The deepest block, in bytes of a row: a strip of 12 rows of this depth is 12 KiB.
const DEPTH_BYTES: usize = 1024;
/// Bytes of a packed block of the right operand: half of a second-level cache of today.
const BLOCK_BYTES: usize = 512 * 1024;
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
        // A strip is read once for each panel: from where it is, unless its lines would compete.
        let (runs, run, apart) = if self.a.1 == 1 {
            (height, depth, self.a.0)
        } else {
            (depth, height, self.a.1)
        };
        let bytes = [run, apart].map(|elements| elements * size_of::<T>());
        let pack_a = self.n > self.panel(kernels) && crowded(runs, bytes[0], bytes[1]);
        Way::Tiles { pack_a, pack_b }
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
        let columns = BLOCK_BYTES / size_of::<T>() / self.depth::<T>();
        (columns / panel * panel).max(panel)
    }

    /// The depth to which a block of the right operand is packed: all of k where that fits, so that
    /// rows of the left operand are read from end to end; else one block of the depth.
    fn group<T>(&self, block: usize) -> usize {
        if block * self.k * size_of::<T>() <= BLOCK_BYTES {
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
                Strip::of(self.a, kernels, self.depth::<T>()).elements
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
                    let (first, last) = (s * m / strips, (s + 1) * m / strips);
                    for k0 in (0..group).step_by(depth) {
                        let tile = Tile {
                            k: (group - k0).min(depth),
                            a: a.add(first * self.a.0 + (g0 + k0) * self.a.1),
                            a_row: self.a.0,
                            a_step: self.a.1,
                            b: b.add(k0 * b_step),
                            b_step,
                            c: c.add(first * self.c_row + n0),
                            c_row: self.c_row,
                            columns,
                            accumulate: accumulate || g0 + k0 > 0,
                        };
                        self.strip(kernels, tile, last - first, panel, b_panel, packed_a);
                    }
                }
            }
        }
    }

    /// The tiles of a strip of `height` rows: the operands as those of one wide tile.
    ///
    /// # Safety
    /// As for a [`Tile`] of all columns; `packed_a` has room for a strip.
    unsafe fn strip<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        mut tile: Tile<T>,
        height: usize,
        panel: usize,
        b_panel: usize,
        packed_a: Option<*mut T>,
    ) {
        let (b, c, columns) = (tile.b, tile.c, tile.columns);
        // SAFETY: every panel begins below the columns.
        unsafe {
            if let Some(to) = packed_a {
                let layout = Strip::of(self.a, kernels, self.depth::<T>());
                layout.pack(kernels, (tile.a, self.a), height, tile.k, to);
                (tile.a, tile.a_row, tile.a_step) = (to, layout.row, layout.step);
            }
            for j in 0..columns.div_ceil(panel) {
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

/// Whether runs of `run` bytes that begin `apart` bytes after each other share so few sets of a
/// first-level cache (64 sets of 8 lines) that they displace each other.
fn crowded(runs: usize, run: usize, apart: usize) -> bool {
    const SETS: usize = 64;
    const LINE: usize = 64;
    if run >= apart || !apart.is_multiple_of(LINE) {
        return false;
    }
    // The set where a run begins takes as many values as the distance has odd multiples.
    let starts = SETS >> (apart / LINE).trailing_zeros().min(SETS.trailing_zeros());
    let sets = (starts * run.div_ceil(LINE)).min(SETS);
    runs * run.div_ceil(LINE) > sets * 4
}

/// A packed strip of the left operand: its layout follows that of the operand, so that packing
/// copies runs of elements.
struct Strip {
    row: usize,
    step: usize,
    elements: usize,
}

impl Strip {
    fn of<T>(strides: (usize, usize), kernels: &Kernels<T>, depth: usize) -> Strip {
        let height = kernels.tiles.len().next_multiple_of(kernels.lanes);
        if strides.0 == 1 {
            Strip {
                row: 1,
                step: height,
                elements: depth * height,
            }
        } else {
            // An odd number of cache lines, so that rows don't compete for the same sets.
            let line = 64 / size_of::<T>();
            let row = (depth.div_ceil(line) | 1) * line;
            Strip {
                row,
                step: 1,
                elements: row * height,
            }
        }
    }

    /// # Safety
    /// `from` is valid for `height` rows of the depth by its strides, and `to` for `elements`.
    unsafe fn pack<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        (from, strides): (*const T, (usize, usize)),
        height: usize,
        depth: usize,
        to: *mut T,
    ) {
        // SAFETY: the caller's contract; a row is a whole number of vectors.
        unsafe {
            match strides {
                (1, from_row) => (kernels.copy)(&Copy {
                    from,
                    from_row,
                    rows: depth,
                    columns: height,
                    to,
                    to_row: self.step,
                    panel: height,
                    to_panel: 0,
                }),
                (from_row, 1) => (kernels.copy)(&Copy {
                    from,
                    from_row,
                    rows: height,
                    columns: depth,
                    to,
                    to_row: self.row,
                    panel: depth,
                    to_panel: 0,
                }),
                (row, step) => {
                    for r in 0..height {
                        for d in 0..depth {
                            *to.add(r * self.row + d) = *from.add(r * row + d * step);
                        }
                    }
                }
            }
        }
    }
}

/// Packs columns into panels of `panel` columns, each of `depth` rows one after another; the last
/// panel is filled up with zeros.
///
/// # Safety
/// `from` is valid for the depth and columns by its strides, `to` for the columns, rounded up,
/// times the depth.
unsafe fn pack_panels<T: Tiles>(
    kernels: &Kernels<T>,
    (from, (row, column)): (*const T, (usize, usize)),
    columns: usize,
    depth: usize,
    panel: usize,
    to: *mut T,
) {
    if column == 1 {
        // SAFETY: the caller's contract; a panel is a whole number of vectors.
        unsafe {
            (kernels.copy)(&Copy {
                from,
                from_row: row,
                rows: depth,
                columns,
                to,
                to_row: panel,
                panel,
                to_panel: panel * depth,
            });
        }
        return;
    }
    for j in (0..columns).step_by(panel) {
        let width = (columns - j).min(panel);
        for c in 0..panel {
            for d in 0..depth {
                // SAFETY: j + c < columns where it is read; a panel has panel * depth elements.
                unsafe {
                    *to.add(j * depth + d * panel + c) = if c < width {
                        *from.add((j + c) * column + d * row)
                    } else {
                        T::ZERO
                    };
                }
            }
        }
    }
}
