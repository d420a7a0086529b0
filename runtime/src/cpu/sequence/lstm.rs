//! The gates of an LSTM (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000):
//! `i, f, o = sigmoid(a + u)`, `g = tanh(a + u)`, `c = f c' + i g`, `h = o tanh c`, gates in the order
//! i, f, g, o.

use super::{Block, Cell, LANES, MOST};
use crate::cpu::real::Real;

/// States: i, f, g, o, c, h. Flows: those of i, f, g, o.
pub(crate) struct Lstm;

impl Cell for Lstm {
    const GATES: usize = 4;
    const STATES: usize = 6;
    const FLOWS: usize = 4;
    const CELL: Option<usize> = Some(4);

    #[inline(always)]
    fn forward<T: Real>(
        a: &[Block<T>; MOST],
        u: &[Block<T>; MOST],
        before: &[Block<T>; 2],
        states: &mut [Block<T>; MOST],
    ) {
        for l in 0..LANES {
            let z = |gate: usize| a[gate][l] + u[gate][l];
            let (i, f) = (z(0).sigmoid(), z(1).sigmoid());
            let (g, o) = (z(2).tanh(), z(3).sigmoid());
            let c = f * before[1][l] + i * g;
            let h = o * c.tanh();
            for (state, value) in states.iter_mut().zip([i, f, g, o, c, h]) {
                state[l] = value;
            }
        }
    }

    #[inline(always)]
    fn backward<T: Real>(
        states: &[Block<T>; MOST],
        before: &[Block<T>; 2],
        dh: &Block<T>,
        carried: &mut [Block<T>; 2],
        flows: &mut [Block<T>; MOST],
    ) {
        for l in 0..LANES {
            let [i, f, g, o, c, _] = states.map(|state| state[l]);
            let t = c.tanh();
            let dc = carried[1][l] + dh[l] * o * (T::ONE - t * t);
            flows[0][l] = dc * g * i * (T::ONE - i);
            flows[1][l] = dc * before[1][l] * f * (T::ONE - f);
            flows[2][l] = dc * i * (T::ONE - g * g);
            flows[3][l] = dh[l] * t * o * (T::ONE - o);
            carried[0][l] = T::ZERO;
            carried[1][l] = dc * f;
        }
    }
}
