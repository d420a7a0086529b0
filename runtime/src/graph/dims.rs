//! Declared dimensions: what `#[shape(B, 784)]` says of a parameter or a field, checked at bind.
//!
//! Names are local to the function or the struct that declares them. The first tensor that has a
//! name gives it its size; another one that has it must agree.

use std::fmt;

use super::builder::{Builder, TensorHandle};
use super::region::Place;
use crate::Error;

/// A declared dimension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dim {
    /// `784`
    Size(usize),
    /// `B`, `2 * H`, `H + 1`: the size of a name times a factor, plus an offset.
    Name {
        /// The name.
        name: &'static str,
        /// What its size is multiplied by; at least 1.
        factor: isize,
        /// What is added to that.
        offset: isize,
    },
    /// `..`: any number of axes.
    Rest,
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Dim::Size(size) => write!(f, "{size}"),
            Dim::Rest => f.write_str(".."),
            Dim::Name {
                name,
                factor,
                offset,
            } => {
                if factor != 1 {
                    write!(f, "{factor} * ")?;
                }
                f.write_str(name)?;
                match offset {
                    0 => Ok(()),
                    1.. => write!(f, " + {offset}"),
                    _ => write!(f, " - {}", -offset),
                }
            }
        }
    }
}

/// A name that has its size: by which declaration.
#[derive(Clone, Copy, Debug)]
struct Known {
    name: &'static str,
    size: isize,
    by: &'static str,
}

/// The sizes of the names of one function or struct.
#[derive(Default, Debug)]
pub struct Dims {
    known: Vec<Known>,
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
        let rest = declared.iter().position(|dim| *dim == Dim::Rest);
        let least = declared.len() - usize::from(rest.is_some());
        if shape.len() < least || (rest.is_none() && shape.len() != least) {
            let more = if rest.is_some() { " or more" } else { "" };
            return Err(format!("it is declared with {least}{more} axes"));
        }
        for (at, &dim) in declared.iter().enumerate() {
            match rest {
                Some(rest) if at == rest => {}
                Some(rest) if at > rest => {
                    let axis = shape.len() - (declared.len() - at);
                    self.axis(what, axis, shape[axis], dim)?;
                }
                _ => self.axis(what, at, shape[at], dim)?,
            }
        }
        Ok(())
    }

    fn axis(
        &mut self,
        what: &'static str,
        axis: usize,
        size: usize,
        dim: Dim,
    ) -> Result<(), String> {
        let Dim::Name {
            name,
            factor,
            offset,
        } = dim
        else {
            return match dim {
                Dim::Size(wanted) if wanted != size => {
                    Err(format!("axis {axis} is declared as {wanted}"))
                }
                _ => Ok(()),
            };
        };
        let size = size.cast_signed();
        match self.known.iter().find(|known| known.name == name) {
            Some(known) if known.size * factor + offset == size => Ok(()),
            Some(Known { size, by, .. }) if factor == 1 && offset == 0 => Err(format!(
                "axis {axis} is `{name}`, which `{by}` makes {size}"
            )),
            Some(known) => Err(format!(
                "axis {axis} is `{dim}` = {}, because `{}` makes `{name}` {}",
                known.size * factor + offset,
                known.by,
                known.size
            )),
            None if (size - offset) % factor != 0 || size < offset => Err(format!(
                "axis {axis} is `{dim}`, which no size of `{name}` makes {size}"
            )),
            None => {
                let size = (size - offset) / factor;
                self.known.push(Known {
                    name,
                    size,
                    by: what,
                });
                Ok(())
            }
        }
    }
}
