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
use super::kernels::{Kernels, Tiles, WIDTH};
use super::pack::{Strip, pack_panels};
use super::schedule::{Schedule, Way};
use super::tile::{Ahead, DOTS, Dots, Tile, TileKernel};

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

    /// Computes the product; every block of the result is handed to `finish` once. Where `b_ready`, the
    /// scratch space still holds what a run with the same right operand packed.
    ///
    /// # Safety
    /// The pointers are valid for operands of these sizes and strides; `c` overlaps nothing; the schedule is
    /// of this product and element type, and `scratch` has room for its elements; only a right operand that the
    /// schedule packs whole is ready.
    pub(super) unsafe fn run<T: Tiles>(
        &self,
        schedule: &Schedule,
        (a, b, c): (*const T, *const T, *mut T),
        scratch: *mut T,
        accumulate: bool,
        b_ready: bool,
        finish: Option<Finish<'_>>,
    ) {
        let kernels = T::kernels(self.isa);
        // SAFETY: the caller's contract.
        unsafe {
            match schedule.way {
                Way::Dots => {
                    self.dots(kernels, a, b, c, accumulate);
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
                            operands: (a, b, c),
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
    /// As `run`; the packed blocks are as large as the schedule says.
    unsafe fn tiles<T: Tiles>(&self, work: &Work<'_, T>, mine: Range<usize>) {
        let (kernels, (a, b, c)) = (work.kernels, work.operands);
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
            while n0 < self.n && g0 < self.k {
                let (columns, group) = ((self.n - n0).min(block), (self.k - g0).min(group));
                let from = b.add(g0 * self.b.0 + n0 * self.b.1);
                let (b, b_panel, b_step) = match work.packed_b {
                    Some(to) => {
                        if !work.b_ready {
                            pack_panels(kernels, (from, self.b), columns, group, panel, to);
                        }
                        (to.cast_const(), panel * group, panel)
                    }
                    None => (from, panel, self.b.0),
                };
                for s in mine.clone() {
                    let [first, last, after] = [s, s + 1, s + 2].map(|s| work.schedule.row(s));
                    let mut k0 = 0;
                    while k0 < group {
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
                            accumulate: work.accumulate || g0 + k0 > 0,
                        };
                        k0 += depth;
                        // What the next strip will copy.
                        let (next, rows) = if k0 < group {
                            (at(first, k0), last - first)
                        } else if s + 1 < mine.end {
                            (at(last, 0), after - last)
                        } else {
                            (tile.a, 0)
                        };
                        let packed_a = work.packed_a.map(|to| (to, next, rows));
                        self.strip(kernels, tile, last - first, panel, b_panel, packed_a);
                    }
                    if let (Some(finish), true) = (work.finish, g0 + group == self.k) {
                        finish(first..last, n0..n0 + columns);
                    }
                }
                g0 += group;
                if g0 >= self.k {
                    (n0, g0) = (n0 + block, 0);
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
        let columns = tile.columns;
        let kernels_of_height: &[TileKernel<T>] = match kernels.wide.get(height - 1) {
            Some(wide) if panel > WIDTH * kernels.lanes => wide,
            _ => &kernels.tiles[height - 1],
        };
        let layout = Strip::of(self.a, kernels, height);
        // SAFETY: every panel begins below the columns.
        unsafe {
            if let Some((to, _, _)) = packed_a {
                layout.pack(kernels, (tile.a, self.a), height, tile.k, to);
                (tile.a, tile.a_row, tile.a_step) = (to, layout.row, layout.step);
                (tile.a_run, tile.a_block) = (layout.run, layout.block);
            }
            let mut from = 0;
            while from < columns {
                tile.columns = (columns - from).min(panel);
                if let Some((_, next, rows)) = packed_a {
                    tile.ahead =
                        layout.ahead((next, self.a), rows, from / panel, columns.div_ceil(panel));
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

/// What the parts of a product have in common, and the scratch space of one of them.
struct Work<'w, T: 'static> {
    kernels: &'static Kernels<T>,
    schedule: &'w Schedule,
    operands: (*const T, *const T, *mut T),
    packed_a: Option<*mut T>,
    packed_b: Option<*mut T>,
    b_ready: bool,
    accumulate: bool,
    finish: Option<Finish<'w>>,
}
