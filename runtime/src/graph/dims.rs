//! Declared dimensions: what `#[shape(B, 784)]` says of a parameter or a field, checked at bind.
//!
//! Names are local to the function or the struct that declares them. The first tensor that has a
//! name gives it its size; another one that has it must agree.

use super::builder::{Builder, TensorHandle};
use super::region::Place;
use crate::Error;

/// A declared dimension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dim {
    /// `784`
    Size(usize),
    /// `B`
    Name(&'static str),
}

/// The sizes of the names of one function or struct.
#[derive(Default, Debug)]
pub struct Dims {
    known: Vec<(&'static str, usize, &'static str)>,
}

/// Something that `#[shape(..)]` can stand on.
#[diagnostic::on_unimplemented(
    message = "`#[shape(..)]` stands on something that is not a tensor",
    label = "not a tensor or an optional tensor"
)]
pub trait Shaped {
    /// The shape, if there is a tensor.
    fn declared_shape(&self) -> Option<Vec<usize>>;
}

impl<T> Shaped for TensorHandle<'_, T> {
    fn declared_shape(&self) -> Option<Vec<usize>> {
        Some(self.shape())
    }
}

impl<S: Shaped> Shaped for Option<S> {
    fn declared_shape(&self) -> Option<Vec<usize>> {
        self.as_ref().and_then(Shaped::declared_shape)
    }
}

impl<S: Shaped + ?Sized> Shaped for &S {
    fn declared_shape(&self) -> Option<Vec<usize>> {
        (**self).declared_shape()
    }
}

impl Dims {
    /// Checks a tensor against its declaration; a mismatch is the error of the bind.
    pub fn check(
        &mut self,
        builder: &Builder,
        place: Place,
        value: &impl Shaped,
        declared: &'static [Dim],
    ) {
        let Some(shape) = value.declared_shape() else {
            return;
        };
        if let Err(text) = self.unify(place.what, &shape, declared) {
            builder.fail(Error::shape(place, &[&shape], text));
        }
    }

    fn unify(
        &mut self,
        what: &'static str,
        shape: &[usize],
        declared: &'static [Dim],
    ) -> Result<(), String> {
        if shape.len() != declared.len() {
            return Err(format!("it is declared with {} axes", declared.len()));
        }
        for (axis, (&size, &dim)) in shape.iter().zip(declared).enumerate() {
            match dim {
                Dim::Size(wanted) if wanted != size => {
                    return Err(format!("axis {axis} is declared as {wanted}"));
                }
                Dim::Size(_) => {}
                Dim::Name(name) => match self.known.iter().find(|known| known.0 == name) {
                    Some(&(_, wanted, first)) if wanted != size => {
                        return Err(format!(
                            "axis {axis} is `{name}`, which `{first}` makes {wanted}"
                        ));
                    }
                    Some(_) => {}
                    None => self.known.push((name, size, what)),
                },
            }
        }
        Ok(())
    }
}
