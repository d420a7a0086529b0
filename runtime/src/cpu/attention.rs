//! Attention, `softmax(q k^T / sqrt d) v`, and its gradient, without the whole matrix of scores.
//!
//! Some queries are worked on at a time: their scores with all keys, the softmax, and the products
//! with the values fit into the caches. Going back the scores of those queries are computed again. Keys that the
//! queries of a block do not see are left out of its products.

use super::dispatch::{Vectorized, vectorized};
use super::gemm::{Multiply, Tiles};
use super::real::Real;
use super::workspace::{Plain, Workspace};

/// Queries that are worked on at once, while few keys allow it.
const QUERIES: usize = 24;
/// Above so many keys it is half as many.
const MANY_KEYS: usize = 1024;
/// Elements that are worked on at once.
const LANES: usize = 16;

/// The sizes of an attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Attention {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    /// Elements of a query and of a key.
    pub(crate) width: usize,
    /// Elements of a value.
    pub(crate) values: usize,
    /// Whether query i sees keys up to i alone.
    pub(crate) causal: bool,
}

/// A block of queries: the first, how many, and how many keys they see.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    rows: usize,
    keys: usize,
}

impl Attention {
    /// The sizes for queries `[.., Q, D]`, keys `[.., K, D]` and values `[.., K, V]`.
    pub(crate) fn new(shapes: &[&[usize]], causal: bool) -> Result<Attention, String> {
        let (&[ref lead @ .., queries, width], &[ref of_keys @ .., keys, of_key]) =
            (shapes[0], shapes[1])
        else {
            return Err("it needs [.., queries, d], [.., keys, d] and [.., keys, v]".to_owned());
        };
        match *shapes[2] {
            [ref of_values @ .., count, values]
                if count == keys && of_key == width && lead == of_keys && lead == of_values =>
            {
                let batch = lead.iter().product();
                Ok(Attention {
                    batch,
                    queries,
                    keys,
                    width,
                    values,
                    causal,
                })
            }
            _ => Err(format!(
                "it needs [.., queries, d], [.., keys, d] and [.., keys, v]; keys are {:?}, values {:?}",
                shapes[1], shapes[2]
            )),
        }
    }

    fn rows(&self) -> usize {
        let most = if self.keys > MANY_KEYS {
            QUERIES / 2
        } else {
            QUERIES
        };
        most.min(self.queries)
    }

    fn blocks(self) -> impl Iterator<Item = Block> {
        let most = self.rows();
        (0..self.queries).step_by(most.max(1)).map(move |first| {
            let rows = (self.queries - first).min(most);
            let keys = if self.causal {
                self.keys.min(first + rows)
            } else {
                self.keys
            };
            Block { first, rows, keys }
        })
    }

    /// `a [rows, inner] b [inner, keys]` for turned keys or values.
    fn onto_keys(&self, block: Block, inner: usize) -> Multiply {
        Multiply::new(
            [block.rows, inner, block.keys],
            (inner, 1),
            (self.keys, 1),
            block.keys,
        )
    }

    /// `a [rows, keys] b [keys, columns]`
    fn over_keys(&self, block: Block, columns: usize) -> Multiply {
        let sizes = [block.rows, block.keys, columns];
        Multiply::new(sizes, (block.keys, 1), (columns, 1), columns)
    }

    /// `a [rows, keys]^T b [rows, columns]`
    fn over_queries(&self, block: Block, columns: usize) -> Multiply {
        let sizes = [block.keys, block.rows, columns];
        Multiply::new(sizes, (1, block.keys), (columns, 1), columns)
    }

    /// Elements of scratch space that the products need.
    fn product_scratch<T: Tiles>(&self) -> usize {
        let of_block = |block: Block| {
            [self.width, self.values]
                .into_iter()
                .flat_map(move |columns| {
                    [
                        self.onto_keys(block, columns),
                        self.over_keys(block, columns),
                        self.over_queries(block, columns),
                    ]
                })
        };
        let products = self.blocks().flat_map(of_block);
        products
            .map(|product| product.scratch::<T>())
            .max()
            .unwrap_or(0)
    }

    /// Bytes of scratch space that `forward` needs.
    pub(crate) fn forward_scratch<T: Tiles + Plain>(&self) -> usize {
        Workspace::bytes::<T>(self.width * self.keys)
            + Workspace::bytes::<T>(self.rows() * self.keys)
            + Workspace::bytes::<T>(self.product_scratch::<T>())
    }

    /// The attended values.
    pub(crate) fn forward<T: Tiles + Plain>(
        &self,
        [q, k, v]: [&[T]; 3],
        y: &mut [T],
        mut work: Workspace<'_>,
    ) {
        let turned = work.take::<T>(self.width * self.keys);
        let scores = work.take::<T>(self.rows() * self.keys);
        let scratch = work.take::<T>(self.product_scratch::<T>());
        for n in 0..self.batch {
            turn(part(k, n, self.keys * self.width), self.width, turned);
            for block in self.blocks() {
                let scores = &mut scores[..block.rows * block.keys];
                let q = block.of(q, n, self.queries, self.width);
                self.onto_keys(block, self.width)
                    .run(q, turned, scores, scratch, false);
                self.softmax(block, scores);
                let v = part(v, n, self.keys * self.values);
                let from = (n * self.queries + block.first) * self.values;
                let y = &mut y[from..from + block.rows * self.values];
                self.over_keys(block, self.values)
                    .run(scores, v, y, scratch, false);
            }
        }
    }

    /// Bytes of scratch space that `backward` needs.
    pub(crate) fn backward_scratch<T: Tiles + Plain>(&self) -> usize {
        Workspace::bytes::<T>(self.width * self.keys)
            + Workspace::bytes::<T>(self.values * self.keys)
            + 2 * Workspace::bytes::<T>(self.rows() * self.keys)
            + Workspace::bytes::<T>(self.product_scratch::<T>())
    }

    /// The gradients of queries, keys and values.
    pub(crate) fn backward<T: Tiles + Plain>(
        &self,
        [q, k, v]: [&[T]; 3],
        dy: &[T],
        [dq, dk, dv]: [&mut [T]; 3],
        mut work: Workspace<'_>,
    ) {
        let turned_k = work.take::<T>(self.width * self.keys);
        let turned_v = work.take::<T>(self.values * self.keys);
        let scores = work.take::<T>(self.rows() * self.keys);
        let flows = work.take::<T>(self.rows() * self.keys);
        let scratch = work.take::<T>(self.product_scratch::<T>());
        dk.fill(T::ZERO);
        dv.fill(T::ZERO);
        for n in 0..self.batch {
            let (of_k, of_v) = (self.keys * self.width, self.keys * self.values);
            let (k, v) = (part(k, n, of_k), part(v, n, of_v));
            turn(k, self.width, turned_k);
            turn(v, self.values, turned_v);
            for block in self.blocks() {
                let scores = &mut scores[..block.rows * block.keys];
                let flows = &mut flows[..block.rows * block.keys];
                let from = block.of(q, n, self.queries, self.width);
                self.onto_keys(block, self.width)
                    .run(from, turned_k, scores, scratch, false);
                self.softmax(block, scores);
                let to = block.of(dy, n, self.queries, self.values);
                let dv = &mut dv[n * of_v..(n + 1) * of_v];
                self.over_queries(block, self.values)
                    .run(scores, to, dv, scratch, true);
                self.onto_keys(block, self.values)
                    .run(to, turned_v, flows, scratch, false);
                vectorized(SoftmaxBack {
                    keys: block.keys,
                    scale: self.scale(),
                    scores,
                    flows,
                });
                let at = (n * self.queries + block.first) * self.width;
                let dq = &mut dq[at..at + block.rows * self.width];
                self.over_keys(block, self.width)
                    .run(flows, k, dq, scratch, false);
                let dk = &mut dk[n * of_k..(n + 1) * of_k];
                self.over_queries(block, self.width)
                    .run(flows, from, dk, scratch, true);
            }
        }
    }

    /// What scores are multiplied with.
    fn scale(&self) -> f64 {
        1.0 / (self.width as f64).sqrt()
    }

    fn softmax<T: Real>(&self, block: Block, scores: &mut [T]) {
        vectorized(Softmax {
            block,
            causal: self.causal,
            scale: self.scale(),
            scores,
        });
    }
}

impl Block {
    /// The rows of this block in part n of an operand.
    fn of<T>(self, x: &[T], n: usize, queries: usize, width: usize) -> &[T] {
        &x[(n * queries + self.first) * width..][..self.rows * width]
    }
}

/// Part n of an operand that has parts of a length.
fn part<T>(x: &[T], n: usize, length: usize) -> &[T] {
    &x[n * length..(n + 1) * length]
}

/// A matrix with `columns` columns, turned.
pub(super) fn turn<T: Copy>(from: &[T], columns: usize, to: &mut [T]) {
    let rows = from.len().checked_div(columns).unwrap_or(0);
    for i0 in (0..rows).step_by(LANES) {
        for j0 in (0..columns).step_by(LANES) {
            for j in j0..(j0 + LANES).min(columns) {
                for i in i0..(i0 + LANES).min(rows) {
                    to[j * rows + i] = from[i * columns + j];
                }
            }
        }
    }
}

/// The softmax of the scores that each query of a block sees, and 0 for the others.
struct Softmax<'s, T> {
    block: Block,
    causal: bool,
    scale: f64,
    scores: &'s mut [T],
}

impl<T: Real> Vectorized for Softmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (keys, scale) = (self.block.keys, T::from_f64(self.scale));
        if keys == 0 {
            return;
        }
        let infinity = T::from_f64(f64::INFINITY);
        for (row, scores) in self.scores.chunks_exact_mut(keys).enumerate() {
            let seen = if self.causal {
                keys.min(self.block.first + row + 1)
            } else {
                keys
            };
            let (scores, hidden) = scores.split_at_mut(seen);
            hidden.fill(T::ZERO);
            let mut lanes = [-infinity; LANES];
            for block in scores.chunks(LANES) {
                for (lane, &x) in lanes.iter_mut().zip(block) {
                    *lane = if x > *lane { x } else { *lane };
                }
            }
            let largest = lanes
                .iter()
                .fold(-infinity, |m, &x| if x > m { x } else { m });
            let shift = if largest.abs() == infinity {
                T::ZERO
            } else {
                largest * scale
            };
            let mut sums = [T::ZERO; LANES];
            let (whole, rest) = scores.as_chunks_mut::<LANES>();
            for block in whole {
                for l in 0..LANES {
                    block[l] = (block[l] * scale - shift).exp();
                    sums[l] += block[l];
                }
            }
            for (x, sum) in rest.iter_mut().zip(&mut sums) {
                *x = (*x * scale - shift).exp();
                *sum += *x;
            }
            let factor = T::ONE / total(sums);
            scores.iter_mut().for_each(|x| *x *= factor);
        }
    }
}

/// The lanes of a sum together.
#[inline(always)]
fn total<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
    }
    lanes[0]
}

/// The cotangents of the scores from those of their softmax: `p (p' - sum p p') scale`.
struct SoftmaxBack<'s, T> {
    keys: usize,
    scale: f64,
    scores: &'s [T],
    flows: &'s mut [T],
}

impl<T: Real> Vectorized for SoftmaxBack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (keys, scale) = (self.keys.max(1), T::from_f64(self.scale));
        let rows = self.scores.chunks_exact(keys);
        for (p, flow) in rows.zip(self.flows.chunks_exact_mut(keys)) {
            let mut lanes = [T::ZERO; LANES];
            for (p, flow) in p.chunks(LANES).zip(flow.chunks(LANES)) {
                for ((lane, &p), &flow) in lanes.iter_mut().zip(p).zip(flow) {
                    *lane += p * flow;
                }
            }
            let sum = total(lanes);
            flow.iter_mut()
                .zip(p)
                .for_each(|(flow, &p)| *flow = p * (*flow - sum) * scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{Isa, with_isa};

    fn noise(len: usize, seed: usize) -> Vec<f64> {
        let value = |i: usize| ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract();
        (0..len).map(|i| value(i) * 2.0 - 1.0).collect()
    }

    /// Attention by its formula.
    fn attended(size: &Attention, [q, k, v]: [&[f64]; 3]) -> Vec<f64> {
        let mut y = Vec::new();
        for n in 0..size.batch {
            for i in 0..size.queries {
                let seen = if size.causal {
                    size.keys.min(i + 1)
                } else {
                    size.keys
                };
                let query = &q[(n * size.queries + i) * size.width..][..size.width];
                let weights: Vec<f64> = (0..seen)
                    .map(|j| {
                        let key = &k[(n * size.keys + j) * size.width..][..size.width];
                        let score: f64 = query.iter().zip(key).map(|(q, k)| q * k).sum();
                        (score / (size.width as f64).sqrt()).exp()
                    })
                    .collect();
                let total: f64 = weights.iter().sum();
                y.extend((0..size.values).map(|c| {
                    let values = |j: usize| v[(n * size.keys + j) * size.values + c];
                    weights
                        .iter()
                        .enumerate()
                        .map(|(j, w)| w / total * values(j))
                        .sum::<f64>()
                }));
            }
        }
        y
    }

    #[test]
    fn attention_equals_its_formula_and_differences_on_every_instruction_set() {
        for &isa in Isa::available() {
            with_isa(isa, || {
                for (batch, queries, keys, width, values) in [
                    (1, 1, 1, 1, 1),
                    (2, 5, 7, 3, 2),
                    (1, 26, 19, 4, 5),
                    (1, 7, 33, 2, 17),
                    (0, 2, 2, 2, 2),
                ] {
                    for causal in [false, true] {
                        check(&Attention {
                            batch,
                            queries,
                            keys,
                            width,
                            values,
                            causal,
                        });
                    }
                }
            });
        }
    }

    fn check(size: &Attention) {
        let lengths = [
            size.batch * size.queries * size.width,
            size.batch * size.keys * size.width,
            size.batch * size.keys * size.values,
        ];
        let operands = [0, 1, 2].map(|k| noise(lengths[k], k));
        let slices = |operands: &[Vec<f64>; 3]| -> [Vec<f64>; 3] { operands.clone() };
        let [q, k, v] = slices(&operands);
        let expected = attended(size, [&q, &k, &v]);
        let mut y = vec![f64::NAN; expected.len()];
        let mut work = vec![f64::NAN; size.forward_scratch::<f64>() / 8];
        size.forward([&q, &k, &v], &mut y, Workspace::new(&mut work));
        let close = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance;
        assert!(
            y.iter().zip(&expected).all(|(&y, &e)| close(y, e, 1e-13)),
            "{size:?}"
        );

        let dy = noise(y.len(), 4);
        let mut found = lengths.map(|length| vec![f64::NAN; length]);
        let mut work = vec![f64::NAN; size.backward_scratch::<f64>() / 8];
        let [dq, dk, dv] = &mut found;
        size.backward([&q, &k, &v], &dy, [dq, dk, dv], Workspace::new(&mut work));
        for operand in 0..3 {
            for element in 0..lengths[operand] {
                let at = |step: f64| {
                    let mut moved = operands.clone();
                    moved[operand][element] += step;
                    let [q, k, v] = &moved;
                    let y = attended(size, [q, k, v]);
                    y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
                };
                // Differences at this step are right to about 1e-10.
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                let found = found[operand][element];
                assert!(
                    close(found, slope, 1e-8),
                    "{size:?}: {found}, by differences {slope}"
                );
            }
        }
    }
}
