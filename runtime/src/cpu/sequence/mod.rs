//! Recurrent layers over a whole sequence: one kernel for all steps, forward and backward.
//!
//! The products of the inputs are made before, for all steps at once; here is what must wait for the
//! step before: a product with the recurrent weights, and the gates. A `Cell` says what an element's gates
//! are and how their cotangents flow; this file has the loops over time, rows and blocks of elements.
//! Nothing is allocated.
//!
//! Layouts: products of inputs `[T, N, G H]`, recurrent weights `[H, G H]`, states `[S, T, N, H]`, and
//! cotangents of the gates, *flows*, `[T + 1, N, F H]`, whose last entry holds the cotangents of the
//! initial hidden state and cell in its first columns.

mod gru;
mod lstm;

pub(crate) use gru::Gru;
pub(crate) use lstm::Lstm;

use super::attention::turn;
use super::dispatch::{Vectorized, vectorized};
use super::gemm::{Multiply, Tiles};
use super::real::Real;
use super::workspace::{Plain, Workspace};

/// Elements that are worked on at once.
const LANES: usize = 16;
/// The most gates, states or flows of a cell.
const MOST: usize = 6;

/// Some elements of a row.
type Block<T> = [T; LANES];

/// The gates of one element.
pub(crate) trait Cell {
    /// Columns of the recurrent product for each element.
    const GATES: usize;
    /// What is kept of a step for each element; the hidden state is the last.
    const STATES: usize;
    /// Cotangents of a step for each element; those of the recurrent product are the last ones.
    const FLOWS: usize;
    /// Which state is the cell, where there is one.
    const CELL: Option<usize>;

    /// The states from the products of input (`a`) and hidden state (`u`), and the hidden state and
    /// cell before.
    fn forward<T: Real>(
        a: &[Block<T>; MOST],
        u: &[Block<T>; MOST],
        before: &[Block<T>; 2],
        states: &mut [Block<T>; MOST],
    );

    /// The flows from the cotangent of the hidden state; `carried` has that of the cell, and becomes what
    /// flows to the hidden state before, beside the product, and to the cell before.
    fn backward<T: Real>(
        states: &[Block<T>; MOST],
        before: &[Block<T>; 2],
        dh: &Block<T>,
        carried: &mut [Block<T>; 2],
        flows: &mut [Block<T>; MOST],
    );
}

/// The sizes of a sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sequence {
    pub(crate) steps: usize,
    pub(crate) batch: usize,
    pub(crate) width: usize,
}

impl Sequence {
    /// Elements of a state in one step.
    fn state(&self) -> usize {
        self.batch * self.width
    }

    /// Where a state of a step begins.
    fn at(&self, state: usize, step: usize) -> usize {
        (state * self.steps + step) * self.state()
    }

    fn recurrent<C: Cell>(&self) -> Multiply {
        let (width, gates) = (self.width, C::GATES * self.width);
        let product = Multiply::new([self.batch, width, gates], (width, 1), (gates, 1), gates);
        self.repeated(product)
    }

    /// Of the flows, by weights that were turned.
    fn recurrent_back<C: Cell>(&self) -> Multiply {
        let (width, gates) = (self.width, C::GATES * self.width);
        self.repeated(Multiply::new(
            [self.batch, gates, width],
            (C::FLOWS * width, 1),
            (width, 1),
            width,
        ))
    }

    /// The product of a step: its weights are packed once for all steps.
    fn repeated(&self, product: Multiply) -> Multiply {
        if self.steps > 1 {
            product.repeated()
        } else {
            product
        }
    }

    /// Bytes of scratch space that `forward` needs.
    pub(crate) fn forward_scratch<T: Tiles + Plain, C: Cell>(&self) -> usize {
        Workspace::bytes::<T>(C::GATES * self.state())
            + Workspace::bytes::<T>(self.recurrent::<C>().scratch::<T>())
    }

    /// The states of all steps from the products of the inputs, the recurrent weights and their bias, which may
    /// be empty, and the initial hidden state and cell, which is empty where there is none.
    pub(crate) fn forward<T: Tiles + Plain, C: Cell>(
        &self,
        inputs: &[T],
        (weights, bias): (&[T], &[T]),
        (h0, c0): (&[T], &[T]),
        states: &mut [T],
        mut work: Workspace<'_>,
    ) {
        let (product, gates) = (self.recurrent::<C>(), C::GATES * self.state());
        let u = work.take::<T>(gates);
        let scratch = work.take::<T>(product.scratch::<T>());
        for step in 0..self.steps {
            if !bias.is_empty() {
                u.chunks_exact_mut(bias.len())
                    .for_each(|row| row.copy_from_slice(bias));
            }
            let before = match step {
                0 => h0,
                _ => &states[self.at(C::STATES - 1, step - 1)..][..self.state()],
            };
            product.run_again(step > 0, before, weights, u, scratch, !bias.is_empty());
            vectorized(Forward::<T, C> {
                sequence: *self,
                step,
                inputs: &inputs[step * gates..][..gates],
                u,
                start: [h0, c0],
                states,
                cell: std::marker::PhantomData,
            });
        }
    }

    /// Bytes of scratch space that `backward` needs.
    pub(crate) fn backward_scratch<T: Tiles + Plain, C: Cell>(&self) -> usize {
        Workspace::bytes::<T>(C::GATES * self.width * self.width)
            + 2 * Workspace::bytes::<T>(self.state())
            + Workspace::bytes::<T>(self.recurrent_back::<C>().scratch::<T>())
    }

    /// The flows of all steps from the states, the weights and the cotangents of the hidden states.
    pub(crate) fn backward<T: Tiles + Plain, C: Cell>(
        &self,
        states: &[T],
        weights: &[T],
        (h0, c0): (&[T], &[T]),
        dh: &[T],
        flows: &mut [T],
        mut work: Workspace<'_>,
    ) {
        let (gates, product) = (C::GATES * self.width, self.recurrent_back::<C>());
        let row = C::FLOWS * self.width;
        let turned = work.take::<T>(gates * self.width);
        turn(weights, gates, turned);
        let carried = [work.take::<T>(self.state()), work.take::<T>(self.state())];
        let scratch = work.take::<T>(product.scratch::<T>());
        let [to_hidden, to_cell] = carried;
        to_hidden.fill(T::ZERO);
        to_cell.fill(T::ZERO);
        for step in (0..self.steps).rev() {
            let flows = &mut flows[step * self.batch * row..][..self.batch * row];
            vectorized(Backward::<T, C> {
                sequence: *self,
                step,
                states,
                start: [h0, c0],
                dh: &dh[step * self.state()..][..self.state()],
                carried: [&mut *to_hidden, &mut *to_cell],
                flows,
                cell: std::marker::PhantomData,
            });
            let recurrent = flows.get(row - gates..).unwrap_or(&[]);
            let again = step + 1 < self.steps;
            product.run_again(again, recurrent, turned, to_hidden, scratch, true);
        }
        let last = &mut flows[self.steps * self.batch * row..];
        last.fill(T::ZERO);
        for n in 0..self.batch {
            let from = n * self.width..(n + 1) * self.width;
            let to = &mut last[n * row..][..2 * self.width];
            to[..self.width].copy_from_slice(&to_hidden[from.clone()]);
            to[self.width..].copy_from_slice(&to_cell[from]);
        }
    }

    /// Products of hidden states and flows: of the first step, and of all others.
    fn weight_products<C: Cell>(&self) -> [Multiply; 2] {
        let (width, gates) = (self.width, C::GATES * self.width);
        let after = self.steps.saturating_sub(1);
        [self.batch.min(self.batch * self.steps), after * self.batch].map(|rows| {
            let sizes = [width, rows, gates];
            Multiply::new(sizes, (1, width), (C::FLOWS * width, 1), gates)
        })
    }

    /// Bytes of scratch space that `weight` needs.
    pub(crate) fn weight_scratch<T: Tiles + Plain, C: Cell>(&self) -> usize {
        let [first, rest] = self
            .weight_products::<C>()
            .map(|product| product.scratch::<T>());
        Workspace::bytes::<T>(first.max(rest))
    }

    /// The gradient of the recurrent weights from states, initial hidden state and flows.
    pub(crate) fn weight<T: Tiles + Plain, C: Cell>(
        &self,
        states: &[T],
        h0: &[T],
        flows: &[T],
        weights: &mut [T],
        mut work: Workspace<'_>,
    ) {
        let [first, rest] = self.weight_products::<C>();
        let scratch = work.take::<T>(first.scratch::<T>().max(rest.scratch::<T>()));
        let skipped = (C::FLOWS - C::GATES) * self.width;
        first.run(
            h0,
            flows.get(skipped..).unwrap_or(&[]),
            weights,
            scratch,
            false,
        );
        if self.steps > 1 {
            let hidden = &states[self.at(C::STATES - 1, 0)..];
            let flows = flows.get(self.batch * C::FLOWS * self.width + skipped..);
            rest.run(hidden, flows.unwrap_or(&[]), weights, scratch, true);
        }
    }
}

/// The elements that there are, and zeros.
#[inline(always)]
fn load<T: Real>(from: &[T]) -> Block<T> {
    let mut block = [T::ZERO; LANES];
    match from.first_chunk::<LANES>() {
        Some(whole) => block = *whole,
        None => block[..from.len()].copy_from_slice(from),
    }
    block
}

#[inline(always)]
fn store<T: Real>(block: &Block<T>, to: &mut [T]) {
    match to.first_chunk_mut::<LANES>() {
        Some(whole) => *whole = *block,
        None => to.copy_from_slice(&block[..to.len()]),
    }
}

/// One step of all rows.
struct Forward<'s, T, C> {
    sequence: Sequence,
    step: usize,
    inputs: &'s [T],
    u: &'s [T],
    start: [&'s [T]; 2],
    states: &'s mut [T],
    cell: std::marker::PhantomData<C>,
}

/// Hidden state and cell of some elements before a step.
#[inline(always)]
fn before<T: Real, C: Cell>(
    (sequence, step): (&Sequence, usize),
    states: &[T],
    start: [&[T]; 2],
    (at, count): (usize, usize),
) -> [Block<T>; 2] {
    let one = |state: Option<usize>, start: &[T]| match (state, step) {
        (None, _) => [T::ZERO; LANES],
        (_, 0) => load(&start[at..at + count]),
        (Some(state), _) => load(&states[sequence.at(state, step - 1) + at..][..count]),
    };
    [one(Some(C::STATES - 1), start[0]), one(C::CELL, start[1])]
}

impl<T: Real, C: Cell> Vectorized for Forward<'_, T, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sequence { batch, width, .. } = self.sequence;
        let zero = [[T::ZERO; LANES]; MOST];
        for n in 0..batch {
            for j in (0..width).step_by(LANES) {
                let count = (width - j).min(LANES);
                let (mut a, mut u, mut states) = (zero, zero, zero);
                for g in 0..C::GATES {
                    let at = (n * C::GATES + g) * width + j;
                    a[g] = load(&self.inputs[at..at + count]);
                    u[g] = load(&self.u[at..at + count]);
                }
                let at = n * width + j;
                let time = (&self.sequence, self.step);
                let before = before::<T, C>(time, self.states, self.start, (at, count));
                C::forward(&a, &u, &before, &mut states);
                for (s, state) in states.iter().enumerate().take(C::STATES) {
                    let to = self.sequence.at(s, self.step) + at;
                    store(state, &mut self.states[to..to + count]);
                }
            }
        }
    }
}

/// One step of all rows, backwards.
struct Backward<'s, T, C> {
    sequence: Sequence,
    step: usize,
    states: &'s [T],
    start: [&'s [T]; 2],
    dh: &'s [T],
    carried: [&'s mut [T]; 2],
    flows: &'s mut [T],
    cell: std::marker::PhantomData<C>,
}

impl<T: Real, C: Cell> Vectorized for Backward<'_, T, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sequence { batch, width, .. } = self.sequence;
        let zero = [[T::ZERO; LANES]; MOST];
        let [to_hidden, to_cell] = self.carried;
        for n in 0..batch {
            for j in (0..width).step_by(LANES) {
                let count = (width - j).min(LANES);
                let at = n * width + j;
                let (mut states, mut flows) = (zero, zero);
                for (s, state) in states.iter_mut().enumerate().take(C::STATES) {
                    let from = self.sequence.at(s, self.step) + at;
                    *state = load(&self.states[from..from + count]);
                }
                let time = (&self.sequence, self.step);
                let before = before::<T, C>(time, self.states, self.start, (at, count));
                let mut dh = load(&self.dh[at..at + count]);
                let later = load(&to_hidden[at..at + count]);
                for (dh, later) in dh.iter_mut().zip(later) {
                    *dh += later;
                }
                let mut carried = [[T::ZERO; LANES], load(&to_cell[at..at + count])];
                C::backward(&states, &before, &dh, &mut carried, &mut flows);
                store(&carried[0], &mut to_hidden[at..at + count]);
                store(&carried[1], &mut to_cell[at..at + count]);
                for (f, flow) in flows.iter().enumerate().take(C::FLOWS) {
                    let to = (n * C::FLOWS + f) * width + j;
                    store(flow, &mut self.flows[to..to + count]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
