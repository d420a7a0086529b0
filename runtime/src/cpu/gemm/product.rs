//! One matrix product, blocked: which operands are copied first, and the order of the tiles.
//!
//! The scheme is that of BLIS (Van Zee and van de Geijn, 2015) turned to row-major results: a block
//! of the right operand is packed into panels that stream from the second- or third-level cache, a strip
//! of the left one stays close, and small operands are read where they are. Every element of the
//! result is summed in the order of k, in blocks whose depth depends on the shapes alone, so it has the
//! same digits for every number of threads.

use std::ops::Range;

use super::super::isa::Isa;
use super::super::threads::{Shared, split};
use super::copy::Copy;
use super::kernels::{Kernels, Tiles, multiplies_pairs};
use super::pack::{Strip, pack_panels};
use super::schedule::{Schedule, Way};
use super::stored::Stored;
use super::tile::{Ahead, DOTS, Dots, Tile};

/// The least number of products and sums for each element of the operands, and of elements along k, of a product
/// that is faster in pairs.
const PAIRED_WORK: usize = 16;
const PAIRED_DEPTH: usize = 32;

/// What is done to a block of results, given by its rows and columns, as soon as it is computed.
pub(super) type Finish<'f> = &'f (dyn Fn(Range<usize>, Range<usize>) + Sync);

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
    /// From a row of the result to the next one; its columns are contiguous.
    pub(super) c_row: usize,
    /// Whether the right operand serves several products in a row, which repays packing it.
    pub(super) b_stays: bool,
    /// What the operands are stored as.
    pub(super) stored: [Stored; 2],
    /// Whether the operands are rounded to `bf16` and multiplied two along k at a time.
    pub(super) pairs: bool,
}

/// Where an operand is, how it lies, and what its elements are.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) at: *const u8,
    /// Of rows and columns, in elements.
    pub(super) strides: (usize, usize),
    pub(super) stored: Stored,
}

impl Operand {
    /// The part that begins at a row and a column.
    pub(super) fn from<T>(self, row: usize, column: usize) -> Operand {
        let elements = row * self.strides.0 + column * self.strides.1;
        Operand {
            at: self.at.wrapping_add(elements * self.stored.bytes::<T>()),
            ..self
        }
    }
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
            stored: [self.stored[1], self.stored[0]],
            ..self
        };
        (turned, true)
    }

    /// Whether the machine multiplies pairs, and they repay that both operands are rounded and copied.
    pub(super) fn repays_pairs(&self) -> bool {
        let Product { isa, m, n, k, .. } = *self;
        multiplies_pairs(isa) && m * n >= PAIRED_WORK * (m + n) && k >= PAIRED_DEPTH
    }

    /// Elements along k that are multiplied at a time.
    pub(super) fn each(&self) -> usize {
        if self.pairs { 2 } else { 1 }
    }

    /// How often that is.
    pub(super) fn steps(&self) -> usize {
        self.k.div_ceil(self.each())
    }

    /// The elements along k of `steps` steps from one on.
    fn elements(&self, from: usize, steps: usize) -> usize {
        (steps * self.each()).min(self.k - from * self.each())
    }

    /// The operands at these addresses.
    fn operands(&self, [a, b]: [*const u8; 2]) -> [Operand; 2] {
        let operand = |at, strides, stored| Operand {
            at,
            strides,
            stored,
        };
        [
            operand(a, self.a, self.stored[0]),
            operand(b, self.b, self.stored[1]),
        ]
    }

    /// Computes the product; every block of the result is handed to `finish` once. Where `b_ready`, the
    /// scratch space still holds what a run with the same right operand packed.
    ///
    /// # Safety
    /// The pointers are valid for operands of these sizes, strides and types; `c` overlaps nothing; the schedule is
    /// of this product and element type, and `scratch` has room for its elements; only a right operand that the
    /// schedule packs whole is ready.
    pub(super) unsafe fn run<T: Tiles>(
        &self,
        schedule: &Schedule,
        (a, b, c): (*const u8, *const u8, *mut T),
        scratch: *mut T,
        accumulate: bool,
        b_ready: bool,
        finish: Option<Finish<'_>>,
    ) {
        let kernels = T::kernels(self.isa, self.pairs);
        // SAFETY: the caller's contract.
        unsafe {
            match schedule.way {
                Way::Dots => {
                    self.dots(kernels, self.operands([a, b]), c, scratch, accumulate);
                    if let Some(finish) = finish {
                        finish(0..self.m, 0..self.n);
                    }
                }
                Way::One => {
                    self.one(kernels, [a, b], c, schedule.panel, accumulate);
                    if let Some(finish) = finish {
                        finish(0..self.m, 0..self.n);
                    }
                }
                Way::Tiles { pack_a, pack_b } => {
                    let Schedule { parts, strips, .. } = *schedule;
                    let (size_a, size_b) = schedule.packed;
                    // Parts read the operands, and write rows of the result and scratch space of their own.
                    let shared = Shared::new((a, b, c, scratch));
                    let part = |part: usize| {
                        let (a, b, c, scratch) = shared.get();
                        let scratch = scratch.add(part * (size_a + size_b));
                        let work = Work {
                            kernels,
                            schedule,
                            operands: self.operands([a, b]),
                            c,
                            packed_b: pack_b.then_some(scratch),
                            b_ready,
                            packed_a: pack_a.then(|| scratch.add(size_b)),
                            accumulate,
                            finish,
                        };
                        let mine = match parts {
                            1 => 0..strips,
                            _ => part * strips / parts..(part + 1) * strips / parts,
                        };
                        self.tiles(&work, mine);
                    };
                    split(parts, &part);
                }
            }
        }
    }

    /// # Safety
    /// As `run`.
    unsafe fn dots<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        [a, b]: [Operand; 2],
        c: *mut T,
        scratch: *mut T,
        accumulate: bool,
    ) {
        let dots = kernels.dots[b.stored as usize];
        for row in 0..self.m {
            let from = a.from::<T>(row, 0);
            // SAFETY: row < m and j < n; the scratch space has room for a row that is widened.
            unsafe {
                let a = if a.stored == Stored::Own {
                    from.at.cast()
                } else {
                    kernels.copies[a.stored as usize](&Copy {
                        from: from.at,
                        from_row: 0,
                        from_column: 1,
                        rows: 1,
                        columns: self.k,
                        to: scratch,
                        to_row: 0,
                        panel: self.k.next_multiple_of(kernels.lanes),
                        to_panel: 0,
                    });
                    scratch.cast_const()
                };
                for j in (0..self.n).step_by(DOTS) {
                    dots(&Dots {
                        k: self.k,
                        a,
                        b: b.from::<T>(0, j).at,
                        b_column: self.b.1,
                        c: c.add(row * self.c_row + j),
                        columns: (self.n - j).min(DOTS),
                        accumulate,
                    });
                }
            }
        }
    }

    /// The product as one tile of a panel of this width.
    ///
    /// # Safety
    /// As `run`, for operands that are read in place.
    unsafe fn one<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        [a, b]: [*const u8; 2],
        c: *mut T,
        panel: usize,
        accumulate: bool,
    ) {
        if self.m == 0 || self.n == 0 {
            return;
        }
        let vectors = (self.n + kernels.lanes - 1) >> kernels.lanes.trailing_zeros();
        // SAFETY: the caller's contract; the tile is as large as the product.
        unsafe {
            kernels.of_height(self.m, panel)[vectors - 1](&Tile {
                k: self.k,
                a: a.cast(),
                a_row: self.a.0,
                a_step: self.a.1,
                a_run: self.k,
                a_block: 0,
                ahead: Ahead::nothing(),
                b: b.cast(),
                b_step: self.b.0,
                c,
                c_row: self.c_row,
                columns: self.n,
                accumulate,
            });
        }
    }

    /// Some strips of rows.
    ///
    /// # Safety
    /// As `run`; the packed blocks are as large as the schedule says.
    unsafe fn tiles<T: Tiles>(&self, work: &Work<'_, T>, mine: Range<usize>) {
        let (kernels, [a, b], c) = (work.kernels, work.operands, work.c);
        let (steps, each) = (self.steps(), self.each());
        let Schedule {
            panel,
            depth,
            block,
            group,
            ..
        } = *work.schedule;
        // Loops by hand, because an iterator in steps divides.
        let (mut n0, mut g0) = (0, 0);
        // SAFETY: rows, columns and depths stay below m, n and k; the packed blocks are written
        // before they are read.
        unsafe {
            while n0 < self.n && g0 < steps {
                let (columns, group) = ((self.n - n0).min(block), (steps - g0).min(group));
                let from = b.from::<T>(g0 * each, n0);
                let (b, b_panel, b_step) = match work.packed_b {
                    Some(to) => {
                        if !work.b_ready {
                            let rows = self.elements(g0, group);
                            pack_panels(kernels, from, columns, (rows, group), panel, to);
                        }
                        (to.cast_const(), panel * group, panel)
                    }
                    None => (from.at.cast(), panel, self.b.0),
                };
                for s in mine.clone() {
                    let [first, last, after] = [s, s + 1, s + 2].map(|s| work.schedule.row(s));
                    let mut k0 = 0;
                    while k0 < group {
                        let at = |row, k0: usize| a.from::<T>(row, (g0 + k0) * each);
                        let strip = at(first, k0);
                        let tile = Tile {
                            k: (group - k0).min(depth),
                            a: strip.at.cast(),
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
                            accumulate: work.accumulate || g0 + k0 > 0,
                        };
                        let elements = self.elements(g0 + k0, tile.k);
                        k0 += depth;
                        // What the next strip will copy.
                        let (next, rows) = if k0 < group {
                            (at(first, k0), last - first)
                        } else if s + 1 < mine.end {
                            (at(last, 0), after - last)
                        } else {
                            (strip, 0)
                        };
                        let packed_a = work.packed_a.map(|to| Left {
                            to,
                            strip,
                            elements,
                            next,
                            rows,
                        });
                        self.strip(kernels, tile, last - first, panel, b_panel, packed_a);
                    }
                    if let (Some(finish), true) = (work.finish, g0 + group == steps) {
                        finish(first..last, n0..n0 + columns);
                    }
                }
                g0 += group;
                if g0 >= steps {
                    (n0, g0) = (n0 + block, 0);
                }
            }
        }
    }

    /// The tiles of a strip of `height` rows: the operands as those of one wide tile.
    ///
    /// # Safety
    /// As for a [`Tile`] of all columns; the left operand is packed where there is room for a strip.
    unsafe fn strip<T: Tiles>(
        &self,
        kernels: &Kernels<T>,
        mut tile: Tile<T>,
        height: usize,
        panel: usize,
        b_panel: usize,
        packed_a: Option<Left<T>>,
    ) {
        let columns = tile.columns;
        let kernels_of_height = kernels.of_height(height, panel);
        let layout = Strip::of(self.a, kernels, height);
        // SAFETY: every panel begins below the columns.
        unsafe {
            if let Some(Left {
                to,
                strip,
                elements,
                ..
            }) = packed_a
            {
                layout.pack(kernels, strip, height, elements, to);
                (tile.a, tile.a_row, tile.a_step) = (to, layout.row, layout.step);
                (tile.a_run, tile.a_block) = (layout.run, layout.block);
            }
            let mut from = 0;
            while from < columns {
                tile.columns = (columns - from).min(panel);
                if let Some(Left { next, rows, .. }) = packed_a {
                    let (number, panels) = (from / panel, columns.div_ceil(panel));
                    tile.ahead = layout.ahead::<T>(next, rows, self.each(), number, panels);
                }
                // The vectors that hold the columns; lanes are a power of two.
                let vectors = (tile.columns + kernels.lanes - 1) >> kernels.lanes.trailing_zeros();
                kernels_of_height[vectors - 1](&tile);
                from += panel;
                tile.b = tile.b.wrapping_add(b_panel);
                tile.c = tile.c.wrapping_add(panel);
            }
        }
    }
}

/// A strip of the left operand that is packed.
#[derive(Clone, Copy)]
struct Left<T> {
    /// Where to.
    to: *mut T,
    strip: Operand,
    /// Its length along k.
    elements: usize,
    /// The next one, which has so many rows and is fetched meanwhile.
    next: Operand,
    rows: usize,
}

/// What the parts of a product have in common, and the scratch space of one of them.
struct Work<'w, T: 'static> {
    kernels: &'static Kernels<T>,
    schedule: &'w Schedule,
    operands: [Operand; 2],
    c: *mut T,
    packed_a: Option<*mut T>,
    packed_b: Option<*mut T>,
    b_ready: bool,
    accumulate: bool,
    finish: Option<Finish<'w>>,
}
