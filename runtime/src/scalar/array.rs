//! ndarrays of any rank, owned and as views: their gradients are ndarrays of the same shape.
//!
//! What a view refers to is an `ArrayRef`, which is to an array what a slice is to a vector.

use ndarray::{Array, ArrayRef, Dimension};

use super::{Direction, Entries, Lanes, Primal, ScalarValue, Tangent, Tape, Val};
use crate::check::Owned;

/// Types of ndarray as generated code names them. Aliases, so that error texts know them by their own
/// names only.
pub mod names {
    /// An owned array.
    pub type Array<T, D> = ndarray::Array<T, D>;
    /// What a view refers to.
    pub type ArrayRef<T, D> = ndarray::ArrayRef<T, D>;

    macro_rules! dimensions {
        ($($name:ident)*) => {$(
            #[doc = "A dimension."]
            pub type $name = ndarray::$name;
        )*};
    }
    dimensions!(Ix0 Ix1 Ix2 Ix3 Ix4 Ix5 Ix6 IxDyn);
}

#[diagnostic::do_not_recommend]
impl<T, D> ScalarValue for Array<T, D> {
    type Itself = Array<T, D>;
}

/// Pushes the lengths of the axes, then how many they are.
fn save_axes<T, D: Dimension>(array: &ArrayRef<T, D>, tape: &mut Tape) {
    let axes = array.shape();
    axes.iter().for_each(|length| tape.push(*length as u64));
    tape.push(axes.len() as u64);
}

/// Gives an array the shape that was saved last.
fn load_axes<T: Val, D: Dimension>(array: &mut Array<T, D>, tape: &mut Tape) {
    let mut axes = D::zeros(tape.pop() as usize);
    let lengths = axes.slice_mut().iter_mut().rev();
    lengths.for_each(|length| *length = tape.pop() as usize);
    if array.raw_dim() != axes {
        *array = Array::from_shape_fn(axes, |_| T::blank());
    }
}

/// The elements from the last to the first.
fn backwards<T, D: Dimension>(array: &mut ArrayRef<T, D>) -> impl Iterator<Item = &mut T> {
    let elements: Vec<&mut T> = array.iter_mut().collect();
    elements.into_iter().rev()
}

impl<T: Val, D: Dimension> Val for Array<T, D> {
    fn blank() -> Self {
        Array::from_shape_fn(D::zeros(D::NDIM.unwrap_or(0)), |_| T::blank())
    }
    fn zero_like(&self) -> Self {
        self.map(T::zero_like)
    }
    /// Elements first, then the shape.
    fn save(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save(tape));
        save_axes(self, tape);
    }
    fn load(&mut self, tape: &mut Tape) {
        load_axes(self, tape);
        backwards(self).for_each(|element| element.load(tape));
    }
    fn save_shape(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save_shape(tape));
        save_axes(self, tape);
    }
    fn load_shape(&mut self, tape: &mut Tape) {
        load_axes(self, tape);
        backwards(self).for_each(|element| element.load_shape(tape));
    }
    fn accumulate(&mut self, other: &Self) {
        let pairs = self.iter_mut().zip(other);
        pairs.for_each(|(cotangent, other)| cotangent.accumulate(other));
    }
    fn clear_constants(&mut self) {
        self.iter_mut().for_each(T::clear_constants);
    }
    fn adopt_constants(&mut self, primal: &Self) {
        let pairs = self.iter_mut().zip(primal);
        pairs.for_each(|(gradient, primal)| gradient.adopt_constants(primal));
    }
}

impl<L: Lanes, T: Tangent<L>, D: Dimension> Tangent<L> for Array<T, D> {
    type Of = Array<T::Of, D>;
    fn zero_tangent(&self) -> Self::Of {
        self.map(T::zero_tangent)
    }
    fn along(direction: &Self) -> Self::Of {
        direction.map(T::along)
    }
    fn first_lane(&self, tangent: &Self::Of) -> Self {
        let mut lane = self.clone();
        let pairs = lane.iter_mut().zip(tangent);
        pairs.for_each(|(value, tangent)| *value = value.first_lane(tangent));
        lane
    }
}

impl<T: Entries, D: Dimension> Entries for Array<T, D> {
    fn read(&self, visit: &mut dyn FnMut(&[f64])) {
        self.iter().for_each(|element| element.read(visit));
    }
    fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
        self.iter_mut().for_each(|element| element.write(visit));
    }
}

impl<T: Val, D: Dimension> Primal for ArrayRef<T, D> {
    type Gradient = Array<T, D>;
    fn gradient(&self) -> Array<T, D> {
        self.map(T::zero_like)
    }
    fn reset(&self, gradient: &mut Array<T, D>) {
        if gradient.raw_dim() == self.raw_dim() {
            let pairs = gradient.iter_mut().zip(self);
            pairs.for_each(|(gradient, primal)| primal.zero_into(gradient));
        } else {
            *gradient = self.gradient();
        }
    }
    fn add(&mut self, gradient: &Array<T, D>) {
        let pairs = self.iter_mut().zip(gradient);
        pairs.for_each(|(shadow, cotangent)| shadow.accumulate(cotangent));
    }
    fn adopt(&self, gradient: &mut Array<T, D>) {
        let pairs = gradient.iter_mut().zip(self);
        pairs.for_each(|(gradient, primal)| gradient.adopt_constants(primal));
    }
    fn keep(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save(tape));
    }
    fn bring(&mut self, tape: &mut Tape) {
        backwards(self).for_each(|element| element.load(tape));
    }
}

impl<L: Lanes, T: Tangent<L>, D: Dimension> Direction<L> for ArrayRef<T, D> {
    type Owned = Array<T::Of, D>;
    fn direction(&self) -> Self::Owned {
        self.map(T::zero_tangent)
    }
    fn towards(direction: &Self) -> Self::Owned {
        let mut along = direction.map(T::along);
        along.clear_constants();
        along
    }
    fn back(&self, tangent: &Self::Owned, direction: &mut Self) {
        let pairs = self.iter().zip(tangent).zip(direction);
        pairs.for_each(|((value, tangent), lane)| *lane = value.first_lane(tangent));
    }
}

impl<T: Entries, D: Dimension> Entries for ArrayRef<T, D> {
    fn read(&self, visit: &mut dyn FnMut(&[f64])) {
        self.iter().for_each(|element| element.read(visit));
    }
    fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
        self.iter_mut().for_each(|element| element.write(visit));
    }
}

impl<T: Val, D: Dimension> Owned for ArrayRef<T, D> {
    fn owned(&self) -> Array<T, D> {
        self.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::super::{Tape, Val};

    #[test]
    fn arrays_come_back_with_their_shape_and_layout_does_not_matter() {
        let wide = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let turned = wide.clone().reversed_axes();
        let mut found: ndarray::Array2<f64> = Val::blank();
        Tape::with(|tape| {
            for value in [&wide, &turned] {
                value.save(tape);
            }
            found.load(tape);
            assert_eq!(found, turned);
            found.load(tape);
            assert_eq!(found, wide);
        });
        assert_eq!(turned.zero_like().shape(), [3, 2]);
    }
}
