//! The driver of a fused kernel: pieces of the domain, spread operands, sums.
//!
//! Everything about shapes was decided by the plan. The whole driver is compiled for every
//! instruction set, because its own loops over elements count where rows are short.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::{FusedPlan, MOST, Strides, TILE, Target, Write};
use crate::cpu::dispatch::Vectorized;

/// A run of a plan. Made by [`FusedPlan::run`] only, whose contract holds for its pointers.
pub(super) struct Run<'r, T> {
    plan: &'r FusedPlan,
    inputs: &'r [*const u8],
    outputs: &'r [*mut u8],
    scratch: *mut u8,
    element: PhantomData<T>,
}

/// A piece of the domain that one call of the row function works on: rows `row..row + rows` and, of
/// each, elements `start..start + length`.
#[derive(Clone, Copy)]
struct Piece {
    row: usize,
    rows: usize,
    start: usize,
    length: usize,
}

impl Piece {
    /// Where it begins in an operand.
    #[inline(always)]
    fn at(&self, strides: &Strides) -> usize {
        strides.offset + self.row * strides.row + self.start * strides.element
    }
}

// SAFETY: parts write to different elements of the outputs and have scratch space of their own, and
// nobody writes to the inputs while the contract of `FusedPlan::run` holds.
unsafe impl<T> Sync for Run<'_, T> {}

/// One of the parts of a run.
pub(super) struct Part<'p, 'r, T>(pub(super) &'p Run<'r, T>, pub(super) usize);

impl<T: Sum> Vectorized for Part<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Part(run, number) = self;
        let plan = run.plan;
        // SAFETY: the contract of `FusedPlan::run`, under which every `Run` is made.
        unsafe {
            run.clear(number);
            // Which part of an input is spread over its tile.
            let mut spread = [const { MaybeUninit::<usize>::uninit() }; MOST];
            for spread in &mut spread[..plan.inputs.len()] {
                spread.write(usize::MAX);
            }
            let pieces = plan.pieces_of(number);
            let (mut start, mut row, mut outer) = plan.place_of(pieces.start);
            for _ in pieces {
                let piece = Piece {
                    row,
                    rows: (plan.rows - row).min(plan.block),
                    start,
                    length: (plan.length - start).min(plan.step),
                };
                run.piece(number, outer, piece, &mut spread);
                start += plan.step;
                if start >= plan.length {
                    (start, row) = (0, row + plan.block);
                }
                if row >= plan.rows {
                    (row, outer) = (0, outer + 1);
                }
            }
        }
    }
}

/// A range of the domain, in row-major order, of a run without sums.
pub(super) struct Stretch<'p, 'r, T>(pub(super) &'p Run<'r, T>, pub(super) Range<usize>);

impl<T: Sum> Vectorized for Stretch<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Stretch(run, range) = self;
        let plan = run.plan;
        let mut spread = [const { MaybeUninit::uninit() }; MOST];
        let (mut at, mut last) = (range.start, (0, 0));
        while at < range.end {
            let (line, start) = (at / plan.length, at % plan.length);
            let row = line % plan.rows;
            let rest = range.end - at;
            // Whole rows where a piece has several; else a part of one.
            let (rows, length) = match (start, rest / plan.length) {
                (0, whole @ 1..) => (whole.min(plan.block).min(plan.rows - row), plan.length),
                _ => (1, rest.min(plan.length - start)),
            };
            let length = if plan.direct {
                length
            } else {
                length.min(TILE)
            };
            let piece = Piece {
                row,
                rows,
                start,
                length,
            };
            // What was spread over a tile serves pieces of one form.
            if last != (rows, length) {
                for spread in &mut spread[..plan.inputs.len()] {
                    spread.write(usize::MAX);
                }
                last = (rows, length);
            }
            // SAFETY: the contract of `FusedPlan::run_range`; a piece that goes through tiles has at most
            // TILE elements, because a block of rows has and a part of a row is cut.
            unsafe { run.piece(0, line / plan.rows, piece, &mut spread) };
            at += rows * length;
        }
    }
}

impl<'r, T: Sum> Run<'r, T> {
    pub(super) fn of(
        plan: &'r FusedPlan,
        inputs: &'r [*const u8],
        outputs: &'r [*mut u8],
        scratch: *mut u8,
    ) -> Run<'r, T> {
        Run {
            plan,
            inputs,
            outputs,
            scratch,
            element: PhantomData,
        }
    }

    /// The tile of an operand, in the scratch space of a part.
    ///
    /// # Safety
    /// As `FusedPlan::run`; `operand` is below the number of operands, `part` below that of parts. So for
    /// all functions here.
    #[inline(always)]
    unsafe fn tile(&self, part: usize, operand: usize) -> *mut T {
        // SAFETY: the scratch space of a part begins with a tile of 8-byte elements for each operand.
        unsafe {
            self.scratch
                .add(part * self.plan.part_bytes() + operand * TILE * 8)
                .cast()
        }
    }

    /// The sums of a part, in double precision.
    #[inline(always)]
    unsafe fn sums(&self, part: usize) -> *mut f64 {
        // SAFETY: the sums come after the tiles, of which each is a whole number of doubles.
        unsafe {
            self.tile(part, self.inputs.len() + self.outputs.len())
                .cast()
        }
    }

    #[inline(always)]
    unsafe fn clear(&self, part: usize) {
        for index in 0..self.plan.sums {
            // SAFETY: the scratch space holds all sums.
            unsafe { *self.sums(part).add(index) = 0.0 };
        }
    }

    /// One call of the row function, with what goes before and after it.
    #[inline(always)]
    unsafe fn piece(
        &self,
        part: usize,
        outer: usize,
        piece: Piece,
        spread: &mut [MaybeUninit<usize>; MOST],
    ) {
        let plan = self.plan;
        let mut sources = [const { MaybeUninit::<*const u8>::uninit() }; MOST];
        let mut targets = [const { MaybeUninit::<*mut u8>::uninit() }; MOST];
        // SAFETY: offsets stay inside the operands, by their strides; a piece that goes through
        // tiles has at most TILE elements, because `block` and `step` were chosen so; the first
        // entry of `spread` for each input is initialised by the caller.
        unsafe {
            for (k, strides) in plan.inputs.iter().enumerate() {
                let at = offset(outer, &plan.outer, &strides.outer) + piece.at(strides);
                let from = self.inputs[k].cast::<T>().add(at);
                if strides.direct {
                    sources[k].write(from.cast());
                    continue;
                }
                // The first piece is the largest, so what was spread for it serves later ones.
                if spread[k].assume_init() != at {
                    spread[k].write(at);
                    fill(from, strides, piece, self.tile(part, k));
                }
                sources[k].write(self.tile(part, k).cast_const().cast());
            }
            for (k, output) in plan.outputs.iter().enumerate() {
                targets[k].write(match output.target {
                    Target::Direct => self.place(outer, piece, k).cast(),
                    _ => self.tile(part, plan.inputs.len() + k).cast(),
                });
            }
            let elements = piece.rows * piece.length;
            (plan.row)(sources.as_ptr().cast(), targets.as_ptr().cast(), elements);
            for (k, output) in plan.outputs.iter().enumerate() {
                let results = self.tile(part, plan.inputs.len() + k);
                match output.target {
                    Target::Added => {
                        let to = self.place(outer, piece, k);
                        for element in 0..elements {
                            *to.add(element) = (*to.add(element)).plus(*results.add(element));
                        }
                    }
                    Target::Summed(base) => {
                        let strides = &output.strides;
                        let at = offset(outer, &plan.outer, &strides.outer) + piece.at(strides);
                        let results = std::slice::from_raw_parts(results, elements);
                        add_up(results, strides, piece, self.sums(part).add(base + at));
                    }
                    Target::Direct | Target::Nowhere => {}
                }
            }
        }
    }

    /// Where a piece begins in an output that has the shape of the domain.
    #[inline(always)]
    unsafe fn place(&self, outer: usize, piece: Piece, output: usize) -> *mut T {
        let strides = &self.plan.outputs[output].strides;
        let at = offset(outer, &self.plan.outer, &strides.outer) + piece.at(strides);
        // SAFETY: the offset is inside the output, by its strides.
        unsafe { self.outputs[output].cast::<T>().add(at) }
    }

    /// Writes the sums of all parts, which have run, to their outputs.
    pub(super) fn finish(&self) {
        for (k, output) in self.plan.outputs.iter().enumerate() {
            let Target::Summed(base) = output.target else {
                continue;
            };
            let to = self.outputs[k].cast::<T>();
            for element in 0..output.count {
                // SAFETY: the contract of `FusedPlan::run`; an output and its sums have `count` elements.
                unsafe {
                    let mut value = *self.sums(0).add(base + element);
                    for part in 1..self.plan.parts {
                        value += *self.sums(part).add(base + element);
                    }
                    *to.add(element) = match output.write {
                        Write::Accumulate => T::narrow((*to.add(element)).wide() + value),
                        _ => T::narrow(value),
                    };
                }
            }
        }
    }
}

/// Rows of at least so many elements are copied by `memcpy`.
const LONG: usize = 64;

/// Spreads a piece of an input over a tile.
///
/// # Safety
/// `from` is valid for the piece by the strides, `tile` for its elements.
#[inline(always)]
unsafe fn fill<T: Sum>(from: *const T, strides: &Strides, piece: Piece, tile: *mut T) {
    for row in 0..piece.rows {
        // SAFETY: the caller's contract.
        unsafe {
            let (from, to) = (from.add(row * strides.row), tile.add(row * piece.length));
            match strides.element {
                0 => {
                    let value = *from;
                    for element in 0..piece.length {
                        *to.add(element) = value;
                    }
                }
                // Rows are often as short as a vector: a call of `memcpy` would cost more than the copy.
                1 if piece.length >= LONG => std::ptr::copy_nonoverlapping(from, to, piece.length),
                stride => {
                    let mut done = 0;
                    while stride == 1 && done + 8 <= piece.length {
                        to.add(done)
                            .cast::<[T; 8]>()
                            .write_unaligned(from.add(done).cast::<[T; 8]>().read_unaligned());
                        done += 8;
                    }
                    for element in done..piece.length {
                        *to.add(element) = *from.add(element * stride);
                    }
                }
            }
        }
    }
}

/// Adds the results of a piece to sums in double precision.
///
/// # Safety
/// `sums` is valid for the piece by the strides.
#[inline(always)]
unsafe fn add_up<T: Sum>(results: &[T], strides: &Strides, piece: Piece, sums: *mut f64) {
    for row in 0..piece.rows {
        let results = &results[row * piece.length..][..piece.length];
        // SAFETY: the caller's contract.
        unsafe {
            let to = sums.add(row * strides.row);
            if strides.element == 0 {
                *to += sum(results);
                continue;
            }
            for (element, &result) in results.iter().enumerate() {
                *to.add(element * strides.element) += result.wide();
            }
        }
    }
}

/// Where number `index` of the outer axes begins.
#[inline(always)]
fn offset(index: usize, outer: &[usize], strides: &[usize]) -> usize {
    let (mut rest, mut at) = (index, 0);
    for (&size, &stride) in outer.iter().zip(strides).rev() {
        at += rest % size * stride;
        rest /= size;
    }
    at
}

/// The sum of a tile, in eight lanes that are joined in a fixed order.
#[inline(always)]
fn sum<T: Sum>(values: &[T]) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value.wide();
        }
    }
    let rest: f64 = rest.iter().map(|value| value.wide()).sum();
    lanes.iter().sum::<f64>() + rest
}

/// A float whose sums are taken in double precision.
pub(super) trait Sum: Copy {
    fn wide(self) -> f64;
    fn narrow(value: f64) -> Self;
    fn plus(self, other: Self) -> Self;
}

impl Sum for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(value: f64) -> f32 {
        value as f32
    }

    #[inline(always)]
    fn plus(self, other: f32) -> f32 {
        self + other
    }
}

impl Sum for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn narrow(value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn plus(self, other: f64) -> f64 {
        self + other
    }
}
