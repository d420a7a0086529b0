//! Fused kernels over ranges of their domain, for whoever has just computed an operand there and still
//! has it in the cache: a matrix product that hands over its results.
//!
//! Every element goes through the same row function as in a whole run, so that it has the same bits. Sums
//! are not taken here: their order would depend on the ranges.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::run::{Run, Stretch};
use super::{FusedPlan, TILE, Target};
use crate::DType;
use crate::cpu::dispatch::vectorized;

/// The most operands and results of a kernel that is run by ranges: their tiles lie on the stack.
const MOST: usize = 8;

/// The tiles of a run.
#[repr(align(64))]
struct Tiles(MaybeUninit<[u8; MOST * TILE * 8]>);

impl FusedPlan {
    /// Whether the kernel can be run by ranges of its domain.
    pub(crate) fn has_ranges(&self) -> bool {
        let summed = |target| matches!(target, Target::Summed(_));
        let operands = self.inputs.len() + self.outputs.len();
        operands <= MOST && !self.outputs.iter().any(|output| summed(output.target))
    }

    /// Whether an operand has an element for each of the domain, in its order.
    pub(crate) fn follows(&self, input: usize) -> bool {
        let input = self.inputs[input].strides();
        let whole = |target| matches!(target, Target::Direct | Target::Added);
        let mut results = self.outputs.iter().filter(|output| whole(output.target));
        results.any(|output| input == output.strides.strides())
    }

    /// The number of elements of the domain.
    pub(crate) fn elements(&self) -> usize {
        self.domain.iter().product()
    }

    /// The bytes of a result that has an element for each of the domain.
    pub(crate) fn result_bytes(&self) -> usize {
        self.elements() * self.kernel.dtype.size()
    }

    /// How many threads a run of its own would use.
    pub(crate) fn parts(&self) -> usize {
        self.parts
    }

    /// Runs the kernel for a range of the domain in row-major order; several threads may do it at a time.
    ///
    /// # Safety
    /// The plan has ranges; as for `run`, but only the range has to be there; ranges of calls at one time do
    /// not overlap.
    pub(crate) unsafe fn run_range(
        &self,
        inputs: &[*const u8],
        outputs: &[*mut u8],
        range: Range<usize>,
    ) {
        let mut tiles = Tiles(MaybeUninit::uninit());
        let scratch = tiles.0.as_mut_ptr().cast();
        match self.kernel.dtype {
            DType::F64 => vectorized(Stretch(
                &Run::<f64>::of(self, inputs, outputs, scratch),
                range,
            )),
            _ => vectorized(Stretch(
                &Run::<f32>::of(self, inputs, outputs, scratch),
                range,
            )),
        }
    }
}
