//! The drivers of fused kernels: everything about rank, broadcasting, reduction and accumulation,
//! around a row function that knows none of it.
//!
//! A domain is cut into tiles along its last axis. An operand that is contiguous there is read in
//! place; one that is broadcast along it is spread over a tile first; a result that is smaller than
//! the domain, or is accumulated, is computed into a tile and then added. Sums run in double
//! precision in the order of the domain, so that they depend on shapes alone.

use std::fmt;

use super::isa::isa;
use super::kernel::Kernel;
use crate::{DType, shape};

/// Elements of a tile: a tile of every operand fits into the first-level cache.
const TILE: usize = 256;
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

/// A kernel over a domain whose shape is known.
#[derive(Debug)]
pub(crate) struct FusedPlan {
    kernel: &'static Kernel,
    /// The collapsed domain: the last axis is the row.
    domain: Vec<usize>,
    /// Strides in elements, operand by operand.
    inputs: Vec<Vec<usize>>,
    outputs: Vec<(Vec<usize>, Target, Write, usize)>,
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
        let results = strides.split_off(inputs.len());
        let mut sums = 0;
        let outputs = results
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
                (strides, target, write, count)
            })
            .collect();
        FusedPlan {
            kernel,
            domain,
            inputs: strides,
            outputs,
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
        // SAFETY: the caller's contract, with the kernel's element type.
        unsafe {
            match self.kernel.dtype {
                DType::F64 => self.typed::<f64>(inputs, outputs, scratch),
                _ => self.typed::<f32>(inputs, outputs, scratch),
            }
        }
    }

    /// # Safety
    /// As `run`.
    unsafe fn typed<T: Sum>(&self, inputs: &[*const u8], outputs: &[*mut u8], scratch: *mut u8) {
        let row = self.kernel.rows[isa() as usize];
        let tiles = scratch.cast::<T>();
        // SAFETY: the tiles come first in the scratch space, 8 bytes an element.
        let sums: *mut f64 = unsafe {
            scratch
                .add((inputs.len() + outputs.len()) * TILE * 8)
                .cast()
        };
        for index in 0..self.sums {
            // SAFETY: the scratch space holds all sums.
            unsafe { *sums.add(index) = 0.0 };
        }
        // SAFETY: there is a tile of 8-byte elements for each operand.
        let tile =
            |operand: usize| unsafe { tiles.cast::<u8>().add(operand * TILE * 8).cast::<T>() };
        let (length, outer) = match self.domain.split_last() {
            Some((&length, outer)) => (length, outer),
            None => (1, &[][..]),
        };
        let last = outer.len();
        let rows: usize = outer.iter().product();
        let step = if self.tiled() { TILE } else { length.max(1) };
        let (mut sources, mut targets) = ([std::ptr::null(); MOST], [std::ptr::null_mut(); MOST]);
        for index in 0..rows {
            for start in (0..length).step_by(step) {
                let n = (length - start).min(step);
                for (k, strides) in self.inputs.iter().enumerate() {
                    let at = offset(index, outer, strides) + start * stride(strides, last);
                    // SAFETY: the offset is inside the operand, by its strides; a tile holds n
                    // elements, because step is TILE wherever a tile is used.
                    unsafe {
                        let from = inputs[k].cast::<T>().add(at);
                        sources[k] = if stride(strides, last) == 1 {
                            from.cast()
                        } else {
                            let value = *from;
                            for element in 0..n {
                                *tile(k).add(element) = value;
                            }
                            tile(k).cast()
                        };
                    }
                }
                for (k, (strides, target, ..)) in self.outputs.iter().enumerate() {
                    targets[k] = match target {
                        // SAFETY: as for the inputs.
                        Target::Direct => unsafe {
                            let at = offset(index, outer, strides) + start * stride(strides, last);
                            outputs[k].cast::<T>().add(at).cast()
                        },
                        _ => tile(self.inputs.len() + k).cast(),
                    };
                }
                // SAFETY: every row has n elements, and results overlap nothing.
                unsafe { row(sources.as_ptr(), targets.as_ptr(), n) };
                for (k, (strides, target, ..)) in self.outputs.iter().enumerate() {
                    let at = offset(index, outer, strides) + start * stride(strides, last);
                    // SAFETY: the tile holds n results; the place is inside the output.
                    unsafe {
                        let results = std::slice::from_raw_parts(targets[k].cast::<T>(), n);
                        match target {
                            Target::Added => {
                                let to = outputs[k].cast::<T>().add(at);
                                for (element, &result) in results.iter().enumerate() {
                                    *to.add(element) = (*to.add(element)).plus(result);
                                }
                            }
                            Target::Summed(base) if stride(strides, last) == 0 => {
                                *sums.add(base + at) += sum(results);
                            }
                            Target::Summed(base) => {
                                let to = sums.add(base + at);
                                for (element, &result) in results.iter().enumerate() {
                                    *to.add(element) += result.wide();
                                }
                            }
                            Target::Direct | Target::Nowhere => {}
                        }
                    }
                }
            }
        }
        for (k, &(_, target, write, count)) in self.outputs.iter().enumerate() {
            let Target::Summed(base) = target else {
                continue;
            };
            let to = outputs[k].cast::<T>();
            for element in 0..count {
                // SAFETY: both have `count` elements.
                unsafe {
                    let value = *sums.add(base + element);
                    *to.add(element) = match write {
                        Write::Accumulate => T::narrow((*to.add(element)).wide() + value),
                        _ => T::narrow(value),
                    };
                }
            }
        }
    }

    /// Whether any operand goes through a tile.
    fn tiled(&self) -> bool {
        let last = self.domain.len().saturating_sub(1);
        self.inputs.iter().any(|strides| stride(strides, last) != 1)
            || self
                .outputs
                .iter()
                .any(|(_, target, ..)| *target != Target::Direct)
    }
}

impl fmt::Display for FusedPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fused {:?} {{ {} }}", self.domain, self.kernel.rust)
    }
}

/// The stride of the row axis; a domain without axes is one element.
fn stride(strides: &[usize], last: usize) -> usize {
    strides.get(last).copied().unwrap_or(1)
}

/// Where row number `index` of the outer axes begins.
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
                for n in [1, 2, 3, 7, 8, 15, 16, 17, 33, 255, 256, 257, 600] {
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
                }
                check(&[], &[], &[], [(&[], Store), (&[], Accumulate)]);
                check(&[0, 3], &[0, 3], &[3], [(&[0, 3], Store), (&[3], Store)]);
                check(&[4, 0], &[4, 0], &[], [(&[4, 1], Accumulate), (&[], Store)]);
            });
        }
    }
}
