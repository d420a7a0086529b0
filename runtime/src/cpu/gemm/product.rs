//! One matrix product, blocked: which operands are copied first, and the order of the tiles.
//!
//! The scheme is that of BLIS (Van Zee and van de Geijn, 2015) turned to row-major results: a block
//! of the right operand is packed into panels that stay in the second-level cache, a strip of the
//! left one stays in the first, and small operands are read where they are. Every element of the
//! result is summed in the order of k, in blocks whose depth depends on k alone, so it has the same
//! digits however rows and columns are cut.

use super::super::isa::Isa;
use super::kernels::{Kernels, Tiles, WIDE, WIDTH};
use super::tile::{DOTS, Dots, Tile};

/// The deepest block, in bytes of a row: a strip of 12 rows of this depth is 24 KiB.
const DEPTH_BYTES: usize = 2048;
/// Bytes of a packed block of the right operand: half of a second-level cache of today.
const BLOCK_BYTES: usize = 512 * 1024;
/// Bytes of a right operand that is read in place.
const SMALL_BYTES: usize = 24 * 1024;
/// The most rows for which dot products are taken when the right operand runs along k.
const DOT_ROWS: usize = 4;

/// A product whose shape and strides are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Product {
    /// The instruction set that it is planned for.
    pub(super) isa: Isa,
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
    /// Strides of rows and columns, in elements.
    pub(super) a: (usize, usize),
    pub(super) b: (usize, usize),
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
        let (m, k) = if count < 2 {
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
        if self.n != 1 || self.m == 1 {
            return (self, false);
        }
        let swap = |(row, column)| (column, row);
        let turned = Product {
            m: 1,
            n: self.m,
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
        let width = self.panel(kernels);
        let bytes = self.n * self.k * size_of::<T>();
        let pack_b = self.b.1 != 1
            || (!kernels.masked && !self.n.is_multiple_of(kernels.lanes))
            || (bytes > SMALL_BYTES && self.m > 2 * kernels.tiles.len());
        let pack_a = self.n > 2 * width && self.k > 64;
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

    /// Elements of a packed strip of the left operand, and of a packed block of the right one.
    fn packed<T: Tiles>(&self) -> (usize, usize) {
        let kernels = T::kernels(self.isa);
        let Way::Tiles { pack_a, pack_b } = self.way(kernels) else {
            return (0, 0);
        };
        let (panel, depth) = (self.panel(kernels), self.depth::<T>());
        let strip = Strip::of(self.a, kernels, depth);
        let columns = self.n.min(self.block::<T>(panel)).next_multiple_of(panel);
        (
            if pack_a { strip.elements } else { 0 },
            if pack_b { depth * columns } else { 0 },
        )
    }

    /// Elements of scratch space that `run` needs.
    pub(super) fn scratch<T: Tiles>(&self) -> usize {
        let (a, b) = self.packed::<T>();
        a + b
    }

    /// Computes the product into rows of `n` elements.
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
                    let packed_b = scratch;
                    let packed_a = pack_a.then(|| scratch.add(self.packed::<T>().1));
                    let packed_b = pack_b.then_some(packed_b);
                    self.tiles(kernels, (a, b, c), packed_a, packed_b, accumulate);
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
                        c: c.add(row * self.n + j),
                        columns: (self.n - j).min(DOTS),
                        accumulate,
                    });
                }
            }
        }
    }

    /// # Safety
    /// As `run`; the packed blocks are as large as `packed` says.
    unsafe fn tiles<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        (a, b, c): (*const T, *const T, *mut T),
        packed_a: Option<*mut T>,
        packed_b: Option<*mut T>,
        accumulate: bool,
    ) {
        let (m, n, k) = (self.m, self.n, self.k);
        let (panel, depth) = (self.panel(kernels), self.depth::<T>());
        let block = if packed_b.is_some() {
            self.block::<T>(panel)
        } else {
            n.max(1)
        };
        let strips = m.div_ceil(kernels.tiles.len());
        let strip = Strip::of(self.a, kernels, depth);
        // SAFETY: rows, columns and depths stay below m, n and k; the packed blocks are written
        // before they are read.
        unsafe {
            for n0 in (0..n).step_by(block) {
                let columns = (n - n0).min(block);
                for k0 in (0..k).step_by(depth) {
                    let depth = (k - k0).min(depth);
                    let from = b.add(k0 * self.b.0 + n0 * self.b.1);
                    let (b, b_panel, b_step) = match packed_b {
                        Some(to) => {
                            pack_panels(kernels, (from, self.b), columns, depth, panel, to);
                            (to.cast_const(), panel * depth, panel)
                        }
                        None => (from, panel, self.b.0),
                    };
                    for s in 0..strips {
                        // Heights differ by one at most.
                        let (first, last) = (s * m / strips, (s + 1) * m / strips);
                        let height = last - first;
                        let mut tile = Tile {
                            k: depth,
                            a: a.add(first * self.a.0 + k0 * self.a.1),
                            a_row: self.a.0,
                            a_step: self.a.1,
                            b,
                            b_step,
                            c: c.add(first * n + n0),
                            c_row: n,
                            columns: panel,
                            accumulate: accumulate || k0 > 0,
                        };
                        if let Some(to) = packed_a {
                            strip.pack(kernels, (tile.a, self.a), height, depth, to);
                            (tile.a, tile.a_row, tile.a_step) = (to, strip.row, strip.step);
                        }
                        for j in 0..columns.div_ceil(panel) {
                            tile.columns = (columns - j * panel).min(panel);
                            tile.b = b.add(j * b_panel);
                            tile.c = c.add(first * n + n0 + j * panel);
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
        }
    }
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
                (1, step) => (kernels.copy_rows)((from, step), depth, height, (to, self.step)),
                (row, 1) => (kernels.copy_rows)((from, row), height, depth, (to, self.row)),
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
    for j in (0..columns).step_by(panel) {
        let width = (columns - j).min(panel);
        // SAFETY: j < columns; every panel has panel * depth elements.
        unsafe {
            let (from, to) = (from.add(j * column), to.add(j * depth));
            if column == 1 {
                (kernels.copy_rows)((from, row), depth, width, (to, panel));
                continue;
            }
            for c in 0..panel {
                for d in 0..depth {
                    *to.add(d * panel + c) = if c < width {
                        *from.add(c * column + d * row)
                    } else {
                        T::ZERO
                    };
                }
            }
        }
    }
}
