//! The drivers of fused kernels: everything about rank, broadcasting, reduction and accumulation,
//! around a row function that knows none of it.
//!
//! A domain is cut into pieces: parts of a row, or several short rows. An operand that is contiguous
//! there is read in place; one that is broadcast is spread over a tile first; a result that is smaller than
//! the domain, or is accumulated, is computed into a tile and then added. Large domains are cut into
//! parts for several threads. Sums run in double precision in the order of the domain, those of parts are
//! joined in their order, and the parts of a sum are the same for every number of threads: results depend
//! on shapes alone.

mod range;
mod run;

use std::fmt;
use std::ops::Range;

use self::run::{Part, Run};
use super::dispatch::vectorized;
use super::isa::isa;
use super::kernel::{Kernel, Row};
use super::threads::{PART, split, threads};
use crate::{DType, shape};

/// Elements of a tile: a tile of every operand fits into the first-level cache.
const TILE: usize = 512;
/// The most parts of a domain with sums, and the most sums that are kept once for each part.
const SUMMED_PARTS: usize = 8;
const PARTED_SUMS: usize = 1 << 12;
/// The most operands, and the most results, that a kernel may have.
const MOST: usize = 64;

/// Where the elements of an operand are: its stride along each axis of the domain, 0 where it is
/// broadcast, and its first element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Read {
    pub(crate) strides: Vec<usize>,
    pub(crate) offset: usize,
}

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
#[derive(Clone, Debug)]
struct Strides {
    /// Where its first element is.
    offset: usize,
    outer: Vec<usize>,
    row: usize,
    element: usize,
    /// Whether a piece of the domain is contiguous in it.
    direct: bool,
}

impl Strides {
    /// All of them, and the offset.
    fn strides(&self) -> (usize, &[usize], usize, usize) {
        (self.offset, &self.outer, self.row, self.element)
    }
}

#[derive(Clone, Debug)]
struct Output {
    strides: Strides,
    target: Target,
    write: Write,
    /// Elements.
    count: usize,
}

/// A kernel over a domain whose shape is known.
#[derive(Clone, Debug)]
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
    /// Whether one call of the row function does it all.
    whole: bool,
    sums: usize,
    /// Pieces of the domain, and in how many parts they are worked on.
    pieces: usize,
    parts: usize,
}

impl FusedPlan {
    /// Plans a kernel over `domain`; each input broadcasts to it, and an output that is smaller
    /// receives the sum.
    #[cfg(test)]
    pub(crate) fn new(
        kernel: &'static Kernel,
        domain: &[usize],
        inputs: &[&[usize]],
        outputs: &[(&[usize], Write)],
    ) -> FusedPlan {
        let inputs = inputs.iter().map(|shape| Read {
            strides: shape::broadcast_strides(shape, domain),
            offset: 0,
        });
        Self::reading(kernel, domain, inputs.collect(), outputs)
    }

    /// Plans a kernel over `domain` whose inputs are read where they are; an output that is smaller
    /// receives the sum.
    pub(crate) fn reading(
        kernel: &'static Kernel,
        domain: &[usize],
        inputs: Vec<Read>,
        outputs: &[(&[usize], Write)],
    ) -> FusedPlan {
        assert!(
            inputs.len() <= MOST && outputs.len() <= MOST,
            "a kernel of too many operands"
        );
        let count = inputs.len();
        let results = outputs.iter().map(|&(shape, _)| Read {
            strides: shape::broadcast_strides(shape, domain),
            offset: 0,
        });
        let reads = inputs.into_iter().chain(results);
        let (mut strides, offsets): (Vec<Vec<usize>>, Vec<usize>) =
            reads.map(|read| (read.strides, read.offset)).unzip();
        let domain = collapse(domain, &mut strides);
        let total: usize = domain.iter().product();
        let (outer, rows, length) = match domain[..] {
            [length] => (Vec::new(), 1, length),
            [ref outer @ .., rows, length] => (outer.to_vec(), rows, length),
            [] => (Vec::new(), 1, 1),
        };
        let mut strides: Vec<Strides> = strides
            .into_iter()
            .zip(offsets)
            .map(|(strides, offset)| {
                let (outer, row, element) = match strides[..] {
                    [ref outer @ .., row, element] => (outer.to_vec(), row, element),
                    [element] => (Vec::new(), 0, element),
                    [] => (Vec::new(), 0, 1),
                };
                Strides {
                    offset,
                    outer,
                    row,
                    element,
                    direct: element == 1,
                }
            })
            .collect();
        let mut sums = 0;
        let results: Vec<Strides> = strides.split_off(count);
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
        let most = match sums {
            0 => threads(),
            1..=PARTED_SUMS => SUMMED_PARTS,
            _ => 1,
        };
        let parts = (total / PART).clamp(1, most);
        let mut plan = FusedPlan {
            kernel,
            row: kernel.rows[isa() as usize],
            outer,
            rows,
            length,
            block,
            step: 1,
            domain,
            inputs: strides,
            outputs,
            direct,
            whole: false,
            sums,
            pieces: 0,
            parts,
        };
        plan.cut();
        plan
    }

    /// Cuts the domain into pieces.
    fn cut(&mut self) {
        self.step = match (self.direct, self.block) {
            // One row is cut into parts that begin at whole cache lines.
            (true, _) if self.rows == 1 => self.length.div_ceil(self.parts).next_multiple_of(64),
            (true, _) | (_, 2..) => self.length.max(1),
            _ => TILE,
        };
        let (across, down) = (
            self.length.div_ceil(self.step),
            self.rows.div_ceil(self.block),
        );
        self.pieces = self.outer.iter().product::<usize>() * down * across;
        self.parts = self.parts.min(self.pieces.max(1));
        let first = |operand: &Strides| operand.offset == 0;
        self.whole = self.direct
            && self.domain.len() < 2
            && self.parts == 1
            && self.inputs.iter().all(first);
    }

    /// The pieces of a part. A small domain is one part, and there a division would count.
    #[inline(always)]
    fn pieces_of(&self, part: usize) -> Range<usize> {
        if self.parts == 1 {
            return 0..self.pieces;
        }
        self.pieces * part / self.parts..self.pieces * (part + 1) / self.parts
    }

    /// Where a piece begins: the element of its row, the row, and the number of the outer axes.
    #[inline(always)]
    fn place_of(&self, piece: usize) -> (usize, usize, usize) {
        if piece == 0 {
            return (0, 0, 0);
        }
        let across = self.length.div_ceil(self.step).max(1);
        let down = self.rows.div_ceil(self.block).max(1);
        (
            piece % across * self.step,
            piece / across % down * self.block,
            piece / across / down,
        )
    }

    /// Whether a result may be written over an operand: both have an element for each of the domain.
    pub(crate) fn may_overwrite(&self, input: usize, output: usize) -> bool {
        let (input, output) = (&self.inputs[input].strides(), &self.outputs[output]);
        output.target == Target::Direct && *input == output.strides.strides()
    }

    /// Takes an operand through a tile, because a result is written over it.
    pub(crate) fn overwrite(&mut self, input: usize) {
        self.inputs[input].direct = false;
        self.direct = false;
        self.cut();
    }

    /// The bytes that it moves, about: every operand has one element for each of the domain.
    pub(crate) fn bytes(&self) -> usize {
        let elements: usize = self.domain.iter().product();
        elements * (self.inputs.len() + self.outputs.len()) * self.kernel.dtype.size()
    }

    /// Bytes of scratch space that `run` needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.parts * self.part_bytes() + 64
    }

    /// Bytes of scratch space of a part: a tile for each operand, and the sums, to whole cache lines.
    fn part_bytes(&self) -> usize {
        let tiles = (self.inputs.len() + self.outputs.len()) * TILE * 8;
        tiles + (self.sums * 8).next_multiple_of(64)
    }

    /// Runs the kernel.
    ///
    /// # Safety
    /// The pointers are valid for operands of the planned shapes, one for each; no output overlaps
    /// anything but an operand that `overwrite` was told of, which it is; `scratch` has `scratch_bytes` bytes, aligned to 64.
    pub(crate) unsafe fn run(&self, inputs: &[*const u8], outputs: &[*mut u8], scratch: *mut u8) {
        debug_assert_eq!(
            (inputs.len(), outputs.len()),
            (self.inputs.len(), self.outputs.len())
        );
        if self.whole {
            // SAFETY: every operand is one contiguous row of this length.
            unsafe { (self.row)(inputs.as_ptr(), outputs.as_ptr(), self.length) };
            return;
        }
        match self.kernel.dtype {
            DType::F64 => self.run_parts(&Run::<f64>::of(self, inputs, outputs, scratch)),
            _ => self.run_parts(&Run::<f32>::of(self, inputs, outputs, scratch)),
        }
    }

    fn run_parts<T: run::Sum>(&self, run: &Run<'_, T>) {
        split(self.parts, &|number| vectorized(Part(run, number)));
        run.finish();
    }
}

impl fmt::Display for FusedPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fused {:?} {{ {} }}", self.domain, self.kernel.rust)
    }
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

#[cfg(test)]
mod tests;
