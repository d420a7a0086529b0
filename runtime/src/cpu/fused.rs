//! The drivers of fused kernels: everything about rank, broadcasting, reduction and accumulation,
//! around a row function that knows none of it.
//!
//! A domain is cut into pieces: parts of a row, or several short rows. An operand that is contiguous
//! there is read in place; one that is broadcast is spread over a tile first; a result that is smaller than
//! the domain, or is accumulated, is computed into a tile and then added. Sums run in double
//! precision in the order of the domain, so that they depend on shapes alone.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::dispatch::{Vectorized, vectorized};
use super::isa::isa;
use super::kernel::{Kernel, Row};
use crate::{DType, shape};

/// Elements of a tile: a tile of every operand fits into the first-level cache.
const TILE: usize = 512;
/// The most operands, and the most results, that a kernel may have.
const MOST: usize = 64;

/// What happens to a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Write {
    /// It replaces what is there.
    Store,
    /// It is added to what is there.
    Accumulate,
    /// Nobody wants it.
    Discard,
}

/// How a result is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    /// Straight into its place.
    Direct,
    /// Through a tile, added element by element.
    Added,
    /// Through a tile, summed; the sums start at this position of the accumulators.
    Summed(usize),
    /// Into a tile that nobody reads.
    Nowhere,
}

/// The strides of an operand over the collapsed domain, in elements.
#[derive(Debug)]
struct Strides {
    outer: Vec<usize>,
    row: usize,
    element: usize,
    /// Whether a piece of the domain is contiguous in it.
    direct: bool,
}

#[derive(Debug)]
struct Output {
    strides: Strides,
    target: Target,
    write: Write,
    /// Elements.
    count: usize,
}

/// A kernel over a domain whose shape is known.
#[derive(Debug)]
pub(crate) struct FusedPlan {
    kernel: &'static Kernel,
    row: Row,
    /// The collapsed domain: the last axis is the row.
    domain: Vec<usize>,
    /// The same: axes before the last two, and these; 1 where they don't exist.
    outer: Vec<usize>,
    rows: usize,
    length: usize,
    /// Rows of a piece, and elements of each: whole rows where there are several.
    block: usize,
    step: usize,
    inputs: Vec<Strides>,
    outputs: Vec<Output>,
    /// Whether no operand goes through a tile.
    direct: bool,
    sums: usize,
}

impl FusedPlan {
    /// Plans a kernel over `domain`; each input broadcasts to it, and an output that is smaller
    /// receives the sum.
    pub(crate) fn new(
        kernel: &'static Kernel,
        domain: &[usize],
        inputs: &[&[usize]],
        outputs: &[(&[usize], Write)],
    ) -> FusedPlan {
        assert!(
            inputs.len() <= MOST && outputs.len() <= MOST,
            "a kernel of too many operands"
        );
        let mut strides: Vec<Vec<usize>> = inputs
            .iter()
            .copied()
            .chain(outputs.iter().map(|&(shape, _)| shape))
            .map(|shape| shape::broadcast_strides(shape, domain))
            .collect();
        let domain = collapse(domain, &mut strides);
        let total: usize = domain.iter().product();
        let (outer, rows, length) = match domain[..] {
            [length] => (Vec::new(), 1, length),
            [ref outer @ .., rows, length] => (outer.to_vec(), rows, length),
            [] => (Vec::new(), 1, 1),
        };
        let mut strides: Vec<Strides> = strides
            .into_iter()
            .map(|strides| {
                let (outer, row, element) = match strides[..] {
                    [ref outer @ .., row, element] => (outer.to_vec(), row, element),
                    [element] => (Vec::new(), 0, element),
                    [] => (Vec::new(), 0, 1),
                };
                Strides {
                    outer,
                    row,
                    element,
                    direct: element == 1,
                }
            })
            .collect();
        let mut sums = 0;
        let results: Vec<Strides> = strides.split_off(inputs.len());
        let outputs: Vec<Output> = results
            .into_iter()
            .zip(outputs)
            .map(|(strides, &(shape, write))| {
                let count: usize = shape.iter().product();
                let target = match write {
                    Write::Discard => Target::Nowhere,
                    // Summed, too, when the domain is empty: a sum of nothing is 0.
                    _ if count != total || total == 0 => {
                        sums += count;
                        Target::Summed(sums - count)
                    }
                    Write::Store => Target::Direct,
                    Write::Accumulate => Target::Added,
                };
                Output {
                    strides,
                    target,
                    write,
                    count,
                }
            })
            .collect();
        // Several short rows make a piece, if that is not larger than a tile.
        let block = (TILE / length.max(1)).clamp(1, rows.max(1));
        for strides in &mut strides {
            strides.direct &= block == 1 || strides.row == length;
        }
        let direct = strides.iter().all(|strides| strides.direct)
            && outputs.iter().all(|output| output.target == Target::Direct);
        FusedPlan {
            kernel,
            row: kernel.rows[isa() as usize],
            outer,
            rows,
            length,
            block,
            step: if direct || block > 1 {
                length.max(1)
            } else {
                TILE
            },
            domain,
            inputs: strides,
            outputs,
            direct,
            sums,
        }
    }

    /// Bytes of scratch space that `run` needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        (self.inputs.len() + self.outputs.len()) * TILE * 8 + self.sums * 8 + 64
    }

    /// Runs the kernel.
    ///
    /// # Safety
    /// The pointers are valid for operands of the planned shapes, one for each; no output overlaps
    /// anything; `scratch` has `scratch_bytes` bytes, aligned to 64.
    pub(crate) unsafe fn run(&self, inputs: &[*const u8], outputs: &[*mut u8], scratch: *mut u8) {
        debug_assert_eq!(
            (inputs.len(), outputs.len()),
            (self.inputs.len(), self.outputs.len())
        );
        if self.direct && self.domain.len() < 2 {
            // SAFETY: every operand is one contiguous row of this length.
            unsafe { (self.row)(inputs.as_ptr(), outputs.as_ptr(), self.length) };
            return;
        }
        match self.kernel.dtype {
            DType::F64 => vectorized(Run::<f64>::of(self, inputs, outputs, scratch)),
            _ => vectorized(Run::<f32>::of(self, inputs, outputs, scratch)),
        }
    }
}

/// A run of a plan. Made by [`FusedPlan::run`] only, whose contract holds for its pointers.
struct Run<'r, T> {
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
        self.row * strides.row + self.start * strides.element
    }
}

impl<T: Sum> Vectorized for Run<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // SAFETY: the contract of `FusedPlan::run`, under which every `Run` is made.
        unsafe {
            self.clear();
            let plan = self.plan;
            // Which part of an input is spread over its tile.
            let mut spread = [const { MaybeUninit::<usize>::uninit() }; MOST];
            for spread in &mut spread[..plan.inputs.len()] {
                spread.write(usize::MAX);
            }
            for outer in 0..plan.outer.iter().product() {
                for row in (0..plan.rows).step_by(plan.block) {
                    let rows = (plan.rows - row).min(plan.block);
                    for start in (0..plan.length).step_by(plan.step) {
                        let length = (plan.length - start).min(plan.step);
                        let piece = Piece {
                            row,
                            rows,
                            start,
                            length,
                        };
                        self.piece(outer, piece, &mut spread);
                    }
                }
            }
            self.finish();
        }
    }
}

impl<'r, T: Sum> Run<'r, T> {
    fn of(
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

    /// The tile of an operand.
    ///
    /// # Safety
    /// As `FusedPlan::run`; `operand` is below the number of operands. So for all functions here.
    #[inline(always)]
    unsafe fn tile(&self, operand: usize) -> *mut T {
        // SAFETY: the scratch space begins with a tile of 8-byte elements for each operand.
        unsafe { self.scratch.add(operand * TILE * 8).cast() }
    }

    /// The sums, in double precision.
    #[inline(always)]
    unsafe fn sums(&self) -> *mut f64 {
        let tiles = self.inputs.len() + self.outputs.len();
        // SAFETY: the sums come after the tiles.
        unsafe { self.scratch.add(tiles * TILE * 8).cast() }
    }

    #[inline(always)]
    unsafe fn clear(&self) {
        for index in 0..self.plan.sums {
            // SAFETY: the scratch space holds all sums.
            unsafe { *self.sums().add(index) = 0.0 };
        }
    }

    /// One call of the row function, with what goes before and after it.
    #[inline(always)]
    unsafe fn piece(&self, outer: usize, piece: Piece, spread: &mut [MaybeUninit<usize>; MOST]) {
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
                    fill(from, strides, piece, self.tile(k));
                }
                sources[k].write(self.tile(k).cast_const().cast());
            }
            for (k, output) in plan.outputs.iter().enumerate() {
                targets[k].write(match output.target {
                    Target::Direct => self.place(outer, piece, k).cast(),
                    _ => self.tile(plan.inputs.len() + k).cast(),
                });
            }
            let elements = piece.rows * piece.length;
            (plan.row)(sources.as_ptr().cast(), targets.as_ptr().cast(), elements);
            for (k, output) in plan.outputs.iter().enumerate() {
                let results = self.tile(plan.inputs.len() + k);
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
                        add_up(results, strides, piece, self.sums().add(base + at));
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

    /// Writes the sums to their outputs.
    #[inline(always)]
    unsafe fn finish(&self) {
        for (k, output) in self.plan.outputs.iter().enumerate() {
            let Target::Summed(base) = output.target else {
                continue;
            };
            let to = self.outputs[k].cast::<T>();
            for element in 0..output.count {
                // SAFETY: both have `count` elements.
                unsafe {
                    let value = *self.sums().add(base + element);
                    *to.add(element) = match output.write {
                        Write::Accumulate => T::narrow((*to.add(element)).wide() + value),
                        _ => T::narrow(value),
                    };
                }
            }
        }
    }
}

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
                1 => std::ptr::copy_nonoverlapping(from, to, piece.length),
                stride => {
                    for element in 0..piece.length {
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

impl fmt::Display for FusedPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fused {:?} {{ {} }}", self.domain, self.kernel.rust)
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

/// Joins neighbouring axes that every operand walks as one, and drops axes of size 1.
fn collapse(domain: &[usize], strides: &mut [Vec<usize>]) -> Vec<usize> {
    let mut sizes: Vec<usize> = Vec::new();
    let mut kept: Vec<Vec<usize>> = vec![Vec::new(); strides.len()];
    for (axis, &size) in domain.iter().enumerate() {
        if size == 1 {
            continue;
        }
        let joins = !sizes.is_empty()
            && strides.iter().zip(&kept).all(|(strides, kept)| {
                kept.last()
                    .is_some_and(|&outer| outer == strides[axis] * size)
            });
        if joins && let Some(last) = sizes.last_mut() {
            *last *= size;
            for (kept, strides) in kept.iter_mut().zip(strides.iter()) {
                kept.pop();
                kept.push(strides[axis]);
            }
        } else {
            sizes.push(size);
            for (kept, strides) in kept.iter_mut().zip(strides.iter()) {
                kept.push(strides[axis]);
            }
        }
    }
    strides.clone_from_slice(&kept);
    sizes
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
trait Sum: Copy {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{isa::Isa, kernel, with_isa};

    /// `y0 = a * b`, `y1 = a + b`
    static TWO: Kernel = kernel! {
        f64, "", "two", "", (a, b) -> (product, sum) { (a * b, a + b) }
    };

    fn at(index: &[usize], shape: &[usize]) -> usize {
        let lead = index.len() - shape.len();
        shape.iter().enumerate().fold(0, |at, (axis, &size)| {
            at * size + if size == 1 { 0 } else { index[lead + axis] }
        })
    }

    fn check(domain: &[usize], a: &[usize], b: &[usize], y: [(&[usize], Write); 2]) {
        let values = |shape: &[usize], step: usize| -> Vec<f64> {
            (0..shape.iter().product::<usize>())
                .map(|i| ((i * step) % 11) as f64 - 5.0)
                .collect()
        };
        let (va, vb) = (values(a, 3), values(b, 7));
        let mut expected = y.map(|(shape, write)| {
            let start = values(shape, 5);
            if write == Write::Store {
                vec![0.0; start.len()]
            } else {
                start
            }
        });
        for element in 0..domain.iter().product() {
            let mut rest = element;
            let mut index = vec![0; domain.len()];
            for axis in (0..domain.len()).rev() {
                index[axis] = rest % domain[axis];
                rest /= domain[axis];
            }
            let (x0, x1) = (va[at(&index, a)], vb[at(&index, b)]);
            for (k, value) in [x0 * x1, x0 + x1].into_iter().enumerate() {
                if y[k].1 != Write::Discard {
                    expected[k][at(&index, y[k].0)] += value;
                }
            }
        }
        let mut results = y.map(|(shape, _)| values(shape, 5));
        let plan = FusedPlan::new(&TWO, domain, &[a, b], &y);
        let mut scratch = vec![0_u64; plan.scratch_bytes() / 8 + 8];
        let targets = results
            .each_mut()
            .map(|result| result.as_mut_ptr().cast::<u8>());
        // SAFETY: the operands have the planned shapes.
        unsafe {
            plan.run(
                &[va.as_ptr().cast(), vb.as_ptr().cast()],
                &targets,
                scratch.as_mut_ptr().cast(),
            );
        }
        assert_eq!(results, expected, "{domain:?} {a:?} {b:?} {y:?}");
    }

    #[test]
    fn drivers_equal_naive_loops_on_every_instruction_set() {
        use Write::{Accumulate, Discard, Store};
        for &isa in Isa::available() {
            with_isa(isa, || {
                for n in [
                    1, 2, 3, 7, 8, 15, 16, 17, 33, 170, 171, 255, 256, 257, 511, 513, 1100,
                ] {
                    check(&[n], &[n], &[n], [(&[n], Store), (&[n], Accumulate)]);
                    check(&[n], &[n], &[], [(&[n], Store), (&[], Store)]);
                    check(&[3, n], &[3, n], &[n], [(&[3, n], Store), (&[n], Store)]);
                    check(
                        &[3, n],
                        &[3, 1],
                        &[n],
                        [(&[3, 1], Accumulate), (&[n], Accumulate)],
                    );
                    check(
                        &[n, 5],
                        &[n, 1],
                        &[n, 5],
                        [(&[n, 1], Store), (&[5], Discard)],
                    );
                    check(
                        &[2, 3, n],
                        &[2, 1, n],
                        &[3, 1],
                        [(&[2, 3, n], Accumulate), (&[3, 1], Store)],
                    );
                    check(
                        &[2, 2, n, 3],
                        &[2, 1, n, 1],
                        &[1, 2, 1, 3],
                        [(&[2, 1, n, 3], Accumulate), (&[n, 1], Store)],
                    );
                }
                check(&[], &[], &[], [(&[], Store), (&[], Accumulate)]);
                check(&[0, 3], &[0, 3], &[3], [(&[0, 3], Store), (&[3], Store)]);
                check(&[4, 0], &[4, 0], &[], [(&[4, 1], Accumulate), (&[], Store)]);
            });
        }
    }
}
