//! The gates of a GRU (Cho et al., 2014, with the reset behind the recurrent product, as cuDNN has it):
//! `r, z = sigmoid(a + u)`, `m = tanh(a + r u)`, `h = (1 - z) m + z h'`, gates in the order r, z, m.

use super::{Block, Cell, LANES, MOST};
use crate::cpu::real::Real;

/// States: r, z, m, the recurrent product of m, h. Flows: that of m's input, then those of the recurrent
/// products of r, z, m; what flows to the inputs of r and z is the same.
pub(crate) struct Gru;

impl Cell for Gru {
    const GATES: usize = 3;
    const STATES: usize = 5;
    const FLOWS: usize = 4;
    const CELL: Option<usize> = None;

    #[inline(always)]
    fn forward<T: Real>(
        a: &[Block<T>; MOST],
        u: &[Block<T>; MOST],
        before: &[Block<T>; 2],
        states: &mut [Block<T>; MOST],
    ) {
        for l in 0..LANES {
            let r = (a[0][l] + u[0][l]).sigmoid();
            let z = (a[1][l] + u[1][l]).sigmoid();
            let m = (a[2][l] + r * u[2][l]).tanh();
            let h = (T::ONE - z) * m + z * before[0][l];
            for (state, value) in states.iter_mut().zip([r, z, m, u[2][l], h]) {
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
            let [r, z, m, u, ..] = states.map(|state| state[l]);
            let dm = dh[l] * (T::ONE - z) * (T::ONE - m * m);
            flows[0][l] = dm;
            flows[1][l] = dm * u * r * (T::ONE - r);
            flows[2][l] = dh[l] * (before[0][l] - m) * z * (T::ONE - z);
            flows[3][l] = dm * r;
            carried[0][l] = dh[l] * z;
            carried[1][l] = T::ZERO;
        }
    }
}
