//! A copy of all leaves, to go back to the best model.

use cotangent_runtime::{Floats, FloatsMut, Leaves, Path};

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
        self.singles.clear();
        self.doubles.clear();
        model.leaves(&Path::Root, &mut |_, leaf| match leaf.data {
            Floats::F32(data) => self.singles.extend_from_slice(data),
            Floats::F64(data) => self.doubles.extend_from_slice(data),
        });
    }

    /// Writes the copy back.
    ///
    /// # Errors
    /// When `model` has another number of elements; nothing is changed then.
    pub fn restore(&self, model: &mut impl Leaves) -> Result<(), Error> {
        let mut found = (0, 0);
        model.leaves(&Path::Root, &mut |_, leaf| match leaf.data {
            Floats::F32(data) => found.0 += data.len(),
            Floats::F64(data) => found.1 += data.len(),
        });
        let kept = (self.singles.len(), self.doubles.len());
        if found != kept {
            return Err(Error::structure(format!(
                "the snapshot has {} f32 and {} f64 elements, and the model {} and {}: it is of \
                 another model",
                kept.0, kept.1, found.0, found.1
            )));
        }
        let (mut singles, mut doubles) = (&self.singles[..], &self.doubles[..]);
        model.leaves_mut(&Path::Root, &mut |_, leaf| match leaf.data {
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
