//! Master copies: the parameters of leaves of `f16` and `bf16` in single precision.
//!
//! Such a leaf is updated in `f32`, with `f32` state, and the model gets the rounded result: steps
//! that are smaller than a unit of the half type add up in the master. A master stands for its
//! parameter as long as it rounds to it; where somebody else wrote the parameter (a checkpoint that
//! was loaded, weights that were averaged) the master follows.

use cotangent_runtime::Half;
use cotangent_runtime::cpu::{narrow, widen};

/// Elements that are compared at a time.
const PIECE: usize = 512;

/// The master copies of all half leaves, and room for the gradient of one.
#[derive(Debug, Default)]
pub(crate) struct Masters {
    copies: Vec<Vec<f32>>,
    gradient: Vec<f32>,
}

/// Which master is a leaf's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Master(usize);

impl Masters {
    /// Makes room for a leaf.
    pub(crate) fn admit(&mut self, len: usize) -> Master {
        self.copies.push(vec![0.0; len]);
        self.gradient.resize(self.gradient.len().max(len), 0.0);
        Master(self.copies.len() - 1)
    }

    /// The master copy of a leaf.
    pub(crate) fn copy(&self, master: Master) -> &[f32] {
        &self.copies[master.0]
    }

    /// As `copy`, for writing.
    pub(crate) fn copy_mut(&mut self, master: Master) -> &mut [f32] {
        &mut self.copies[master.0]
    }

    /// Takes the parameters as they are.
    pub(crate) fn take<H: Half>(&mut self, master: Master, x: &[H]) -> &[f32] {
        widen(x, &mut self.copies[master.0]);
        self.copy(master)
    }

    /// Does something with the parameters and the gradient of a leaf in single precision.
    pub(crate) fn with<H: Half, O>(
        &mut self,
        master: Master,
        x: &[H],
        g: &[H],
        act: impl FnOnce(&mut [f32], &[f32]) -> O,
    ) -> O {
        let (copy, gradient) = (&mut self.copies[master.0], &mut self.gradient[..g.len()]);
        follow(copy, x);
        widen(g, gradient);
        act(copy, gradient)
    }

    /// As `with`; the parameters become what the master is then, rounded.
    pub(crate) fn update<H: Half, O>(
        &mut self,
        master: Master,
        x: &mut [H],
        g: &[H],
        act: impl FnOnce(&mut [f32], &[f32]) -> O,
    ) -> O {
        let result = self.with(master, x, g, act);
        narrow(self.copy(master), x);
        result
    }

    /// Changes parameters by a function of their master, which stays.
    pub(crate) fn view<H: Half>(&self, master: Master, x: &mut [H], act: impl FnOnce(&mut [f32])) {
        let mut copy = self.copy(master).to_vec();
        follow(&mut copy, x);
        act(&mut copy);
        narrow(&copy, x);
    }
}

/// Replaces every element of a master that does not round to its parameter.
fn follow<H: Half>(master: &mut [f32], x: &[H]) {
    let mut rounded = [H::ZERO; PIECE];
    for (master, x) in master.chunks_mut(PIECE).zip(x.chunks(PIECE)) {
        let rounded = &mut rounded[..x.len()];
        narrow(master, rounded);
        let (known, given) = (H::bits(rounded), H::bits(x));
        if known == given {
            continue;
        }
        let pairs = known.iter().zip(given).zip(x);
        for (master, ((known, given), x)) in master.iter_mut().zip(pairs) {
            if known != given {
                *master = x.to_compute();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cotangent_runtime::bf16;

    use super::*;

    #[test]
    fn small_steps_add_up_and_written_parameters_are_followed() {
        let mut masters = Masters::default();
        let master = masters.admit(2);
        let mut x = [1.0, 2.0].map(bf16::from_f32);
        masters.take(master, &x);
        let g = [bf16::ONE; 2];
        // A unit of bf16 at 1 is 1/128.
        for _ in 0..8 {
            masters.update(master, &mut x, &g, |x, g| {
                x.iter_mut().zip(g).for_each(|(x, g)| *x += g / 1024.0);
            });
        }
        assert_eq!(masters.copy(master), [1.0 + 1.0 / 128.0, 2.0 + 1.0 / 128.0]);
        assert_eq!(x.map(bf16::to_f32), [1.0 + 1.0 / 128.0, 2.0]);
        x[1] = bf16::from_f32(3.0);
        masters.with(master, &x, &g, |x, _| {
            assert_eq!(x, [1.0 + 1.0 / 128.0, 3.0])
        });
    }
}
