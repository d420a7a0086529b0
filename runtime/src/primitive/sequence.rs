//! Recurrent layers over a whole sequence. The states of all steps are computed by one primitive, which is
//! a constant for derivatives; the hidden states by another, which takes them out and passes
//! cotangents on to what the first was computed from.

use super::{Call, Inferred, primitive, shape_of_another};
use crate::Real;
use crate::cpu::{Cell, Gru, Lstm, Plain, Sequence, Tiles, Workspace};

primitive! {
    /// The states `[6, T, N, H]` (i, f, g, o, c, h) of an LSTM from products of the inputs `[T, N, 4 H]`,
    /// recurrent weights `[H, 4 H]`, and initial hidden state and cell `[N, H]`.
    LSTM lstm |shapes, _| {
        let size = layer::<Lstm>(shapes[0], shapes[1], &shapes[2..])?;
        Ok(vec![Lstm::STATES, size.steps, size.batch, size.width])
    }, scratch |(_, states), _| forward_words::<Lstm>(states)
}

primitive! {
    /// The hidden states `[T, N, H]`, from the states and the operands that they were computed from.
    LSTM_HIDDEN hidden hidden_shape
}

primitive! {
    /// The flows `[T + 1, N, 4 H]` from states, weights, initial cell and the hidden states' cotangent.
    LSTM_FLOWS lstm_flows |shapes, _| flows::<Lstm>(shapes[0]),
        scratch |(shapes, _), _| backward_words::<Lstm>(&shapes[0])
}

primitive! {
    /// The gradient of the recurrent weights from states, initial hidden state and flows.
    LSTM_WEIGHTS lstm_weights |_, _| shape_of_another(),
        scratch |(shapes, _), _| weight_words::<Lstm>(&shapes[0])
}

primitive! {
    /// The flow to the initial hidden state.
    START_HIDDEN start_hidden |_, _| shape_of_another()
}

primitive! {
    /// The flow to the initial cell.
    START_CELL start_cell |_, _| shape_of_another()
}

primitive! {
    /// The states `[5, T, N, H]` (r, z, m, the recurrent product of m, h) of a GRU from products of the inputs
    /// `[T, N, 3 H]`, recurrent weights `[H, 3 H]` and their bias `[3 H]`, and initial hidden state `[N, H]`.
    GRU gru |shapes, _| {
        let size = layer::<Gru>(shapes[0], shapes[1], &shapes[3..])?;
        if shapes[2] != [3 * size.width] {
            return Err(format!("the bias of the recurrent weights is {:?}", shapes[2]));
        }
        Ok(vec![Gru::STATES, size.steps, size.batch, size.width])
    }, scratch |(_, states), _| forward_words::<Gru>(states)
}

primitive! {
    /// The hidden states `[T, N, H]`, from the states and the operands that they were computed from.
    GRU_HIDDEN hidden hidden_shape
}

primitive! {
    /// The flows `[T + 1, N, 4 H]` from states, weights, initial hidden state and the hidden states'
    /// cotangent.
    GRU_FLOWS gru_flows |shapes, _| flows::<Gru>(shapes[0]),
        scratch |(shapes, _), _| backward_words::<Gru>(&shapes[0])
}

primitive! {
    /// The gradient of the recurrent weights from states, initial hidden state and flows.
    GRU_WEIGHTS gru_weights |_, _| shape_of_another(),
        scratch |(shapes, _), _| weight_words::<Gru>(&shapes[0])
}

primitive! {
    /// The flows to the products of the inputs.
    GRU_INPUTS gru_inputs |_, _| shape_of_another()
}

primitive! {
    /// The flows to the recurrent products.
    GRU_PRODUCTS gru_products |_, _| shape_of_another()
}

/// The sizes of a layer from the products of its inputs, its weights and its initial states.
fn layer<C: Cell>(
    inputs: &[usize],
    weights: &[usize],
    start: &[&[usize]],
) -> Result<Sequence, String> {
    let [steps, batch, gates] = *inputs else {
        return Err("it needs [T, N, features]".to_owned());
    };
    let width = gates / C::GATES;
    if gates != C::GATES * width || weights != [width, gates] {
        return Err(format!(
            "the weights must be [.., {0} H] and [H, {0} H] for a hidden state of size H",
            C::GATES
        ));
    }
    match start.iter().find(|&&shape| shape != [batch, width]) {
        Some(shape) => Err(format!(
            "an initial state is {shape:?}, not [{batch}, {width}]"
        )),
        None => Ok(Sequence {
            steps,
            batch,
            width,
        }),
    }
}

/// The sizes of a layer from the shape of its states.
fn of_states(states: &[usize]) -> Sequence {
    Sequence {
        steps: states[1],
        batch: states[2],
        width: states[3],
    }
}

fn flows<C: Cell>(states: &[usize]) -> Inferred {
    match *states {
        [_, steps, batch, width] => Ok(vec![steps + 1, batch, C::FLOWS * width]),
        _ => Err(NO_STATES.to_owned()),
    }
}

/// The shape of the hidden states.
fn hidden_shape(shapes: &[&[usize]], _: &[i64]) -> Inferred {
    match *shapes[0] {
        [_, steps, batch, width] => Ok(vec![steps, batch, width]),
        _ => Err(NO_STATES.to_owned()),
    }
}

/// What is wrong when an earlier error left other shapes.
const NO_STATES: &str = "its states are not [S, T, N, H]";

fn forward_words<C: Cell>(states: &[usize]) -> usize {
    let size = of_states(states);
    size.forward_scratch::<f32, C>()
        .max(size.forward_scratch::<f64, C>())
        .div_ceil(8)
}

fn backward_words<C: Cell>(states: &[usize]) -> usize {
    let size = of_states(states);
    size.backward_scratch::<f32, C>()
        .max(size.backward_scratch::<f64, C>())
        .div_ceil(8)
}

fn weight_words<C: Cell>(states: &[usize]) -> usize {
    let size = of_states(states);
    size.weight_scratch::<f32, C>()
        .max(size.weight_scratch::<f64, C>())
        .div_ceil(8)
}

fn lstm<T: Tiles + Plain>(call: Call<'_, T>) {
    let (x, work) = (call.x, Workspace::new(call.scratch));
    of_states(call.shape).forward::<T, Lstm>(x[0], (x[1], &[]), (x[2], x[3]), call.y, work);
}

fn lstm_flows<T: Tiles + Plain>(call: Call<'_, T>) {
    let (x, work) = (call.x, Workspace::new(call.scratch));
    // The initial hidden state is read by no flow of an LSTM.
    let start = (x[2], x[2]);
    of_states(&call.shapes[0]).backward::<T, Lstm>(x[0], x[1], start, x[3], call.y, work);
}

fn lstm_weights<T: Tiles + Plain>(call: Call<'_, T>) {
    let (x, work) = (call.x, Workspace::new(call.scratch));
    of_states(&call.shapes[0]).weight::<T, Lstm>(x[0], x[1], x[2], call.y, work);
}

fn gru<T: Tiles + Plain>(call: Call<'_, T>) {
    let (x, work) = (call.x, Workspace::new(call.scratch));
    of_states(call.shape).forward::<T, Gru>(x[0], (x[1], x[2]), (x[3], &[]), call.y, work);
}

fn gru_flows<T: Tiles + Plain>(call: Call<'_, T>) {
    let (x, work) = (call.x, Workspace::new(call.scratch));
    of_states(&call.shapes[0]).backward::<T, Gru>(x[0], x[1], (x[2], &[]), x[3], call.y, work);
}

fn gru_weights<T: Tiles + Plain>(call: Call<'_, T>) {
    let (x, work) = (call.x, Workspace::new(call.scratch));
    of_states(&call.shapes[0]).weight::<T, Gru>(x[0], x[1], x[2], call.y, work);
}

fn hidden<T: Real>(call: Call<'_, T>) {
    let first = call.x[0].len() - call.y.len();
    call.y.copy_from_slice(&call.x[0][first..]);
}

fn start_hidden<T: Real>(call: Call<'_, T>) {
    start(call, 0);
}

fn start_cell<T: Real>(call: Call<'_, T>) {
    start(call, 1);
}

/// Column number `which` of the last entry of the flows.
fn start<T: Real>(call: Call<'_, T>, which: usize) {
    let (width, flows) = (call.shape[1], &call.shapes[0]);
    let (rows, columns) = (flows[0] * flows[1], flows[2]);
    let last = &call.x[0][(rows - flows[1]) * columns..];
    columns_of(last, columns, call.y, width, |to| {
        to.copy_from(which, 0, width)
    });
}

fn gru_inputs<T: Real>(call: Call<'_, T>) {
    gru_rows(call, [1, 2, 0]);
}

fn gru_products<T: Real>(call: Call<'_, T>) {
    gru_rows(call, [1, 2, 3]);
}

/// Three of the four flows of a GRU.
fn gru_rows<T: Real>(call: Call<'_, T>, flows: [usize; 3]) {
    let columns = call.shapes[0][2];
    let width = columns / Gru::FLOWS;
    columns_of(call.x[0], columns, call.y, 3 * width, |to| {
        for (k, flow) in flows.into_iter().enumerate() {
            to.copy_from(flow, k, width);
        }
    });
}

/// A row that columns are copied to, and the row that they come from.
struct Columns<'c, T> {
    from: &'c [T],
    to: &'c mut [T],
}

impl<T: Copy> Columns<'_, T> {
    /// Copies columns of a width, numbered from 0.
    fn copy_from(&mut self, from: usize, to: usize, width: usize) {
        let source = &self.from[from * width..(from + 1) * width];
        self.to[to * width..(to + 1) * width].copy_from_slice(source);
    }
}

fn columns_of<T: Copy>(
    x: &[T],
    columns: usize,
    y: &mut [T],
    width: usize,
    copy: impl Fn(&mut Columns<'_, T>),
) {
    if width == 0 {
        return;
    }
    for (from, to) in x.chunks_exact(columns).zip(y.chunks_exact_mut(width)) {
        copy(&mut Columns { from, to });
    }
}
