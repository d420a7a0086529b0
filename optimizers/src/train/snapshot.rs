//! A copy of all leaves, to go back to the best model.

use cotangent_runtime::{Floats, FloatsMut, Leaves, Path, bf16, f16};

use crate::Error;

/// The values of every leaf at one moment. Keeping another moment allocates nothing.
///
/// ```
/// use cotangent_optimizers::train::Snapshot;
/// let mut model = vec![1.0_f32, 2.0];
/// let mut best = Snapshot::of(&model);
/// model[0] = 5.0;
/// best.restore(&mut model)?;
/// assert_eq!(model, [1.0, 2.0]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    halves: Vec<f16>,
    brains: Vec<bf16>,
    singles: Vec<f32>,
    doubles: Vec<f64>,
}

impl Snapshot {
    /// A copy of the leaves of `model`.
    #[must_use]
    pub fn of(model: &impl Leaves) -> Self {
        let mut snapshot = Self::default();
        snapshot.keep(model);
        snapshot
    }

    /// Replaces the copy by the present leaves of `model`.
    pub fn keep(&mut self, model: &impl Leaves) {
        self.halves.clear();
        self.brains.clear();
        self.singles.clear();
        self.doubles.clear();
        model.leaves(&Path::Root, &mut |_, leaf| match leaf.data {
            Floats::F16(data) => self.halves.extend_from_slice(data),
            Floats::Bf16(data) => self.brains.extend_from_slice(data),
            Floats::F32(data) => self.singles.extend_from_slice(data),
            Floats::F64(data) => self.doubles.extend_from_slice(data),
        });
    }

    /// Writes the copy back.
    ///
    /// # Errors
    /// When `model` has another number of elements; nothing is changed then.
    pub fn restore(&self, model: &mut impl Leaves) -> Result<(), Error> {
        let mut found = [0; 4];
        model.leaves(&Path::Root, &mut |_, leaf| {
            let kind = match leaf.data {
                Floats::F16(_) => 0,
                Floats::Bf16(_) => 1,
                Floats::F32(_) => 2,
                Floats::F64(_) => 3,
            };
            found[kind] += leaf.data.len();
        });
        let (mut halves, mut brains) = (&self.halves[..], &self.brains[..]);
        let (mut singles, mut doubles) = (&self.singles[..], &self.doubles[..]);
        let kept = [halves.len(), brains.len(), singles.len(), doubles.len()];
        if found != kept {
            return Err(Error::structure(format!(
                "the snapshot has {kept:?} elements of f16, bf16, f32 and f64, and the model \
                 {found:?}: it is of another model"
            )));
        }
        model.leaves_mut(&Path::Root, &mut |_, leaf| match leaf.data {
            FloatsMut::F16(data) => take(&mut halves, data),
            FloatsMut::Bf16(data) => take(&mut brains, data),
            FloatsMut::F32(data) => take(&mut singles, data),
            FloatsMut::F64(data) => take(&mut doubles, data),
        });
        Ok(())
    }
}

fn take<T: Copy>(from: &mut &[T], into: &mut [T]) {
    let (head, tail) = from.split_at(into.len());
    into.copy_from_slice(head);
    *from = tail;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_leaves_come_back_and_another_model_is_refused() {
        let mut model = vec![vec![1.0_f64, 2.0], vec![3.0]];
        let snapshot = Snapshot::of(&model);
        model[1][0] = -1.0;
        snapshot.restore(&mut model).unwrap();
        assert_eq!(model, [vec![1.0, 2.0], vec![3.0]]);
        let mut other = vec![0.0_f64; 4];
        assert!(snapshot.restore(&mut other).is_err());
        assert_eq!(other, [0.0; 4]);
    }
}
