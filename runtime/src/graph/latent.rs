//! Values that no step computes: views of other values, and zeros.
//!
//! Fused kernels and products read a view where its elements are, and zeros as one number. Whoever
//! needs the elements in a row gets a copy, which is made once. A view is of a buffer or a leaf, never of
//! another view.

use std::collections::HashSet;
use std::fmt;

use super::plan::{Home, Planner};
use super::step::{Action, Location};
use crate::cpu::{Read, Side};
use crate::primitive::{HEAD, PLACE_ZERO, Primitive, Resolved, Strided, TAIL, VIEW};
use crate::shape::broadcast_strides;

/// A value that is not there.
#[derive(Clone, Debug)]
pub(super) struct Latent {
    form: Form,
    /// Where its elements are in a row, once somebody needed that.
    packed: Option<Home>,
    /// Whether they were written in a row at all, be it straight into a gradient.
    copied: bool,
}

#[derive(Clone, Debug)]
enum Form {
    Own(Elements),
    /// The elements of another latent value, in the same order, under a shape that is no view.
    Again(LatentId),
}

/// What the elements of a latent value are.
#[derive(Clone, Debug)]
enum Elements {
    /// Zeros of that shape.
    Zeros(Vec<usize>),
    /// Elements of what is at home there, seen as one row.
    View(Home, Strided),
}

/// A view of a plan, for people.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) of: Location,
    shape: Vec<usize>,
    strides: Vec<i64>,
    offset: i64,
    /// Whether somebody needed its elements in a row.
    pub(crate) copied: bool,
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let View {
            of,
            shape,
            strides,
            offset,
            copied,
        } = self;
        let copied = if *copied { ", copied once" } else { "" };
        write!(
            f,
            "{shape:?} of {of:?} by strides {strides:?} from {offset}{copied}"
        )
    }
}

/// Which of the latent values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct LatentId(usize);

impl Planner<'_> {
    fn latent(&mut self, form: Form) -> Home {
        self.latents.push(Latent {
            form,
            packed: None,
            copied: false,
        });
        Home::Latent(LatentId(self.latents.len() - 1))
    }

    /// Zeros of a shape.
    pub(super) fn zeros(&mut self, shape: &[usize]) -> Home {
        self.latent(Form::Own(Elements::Zeros(shape.to_vec())))
    }

    /// The elements of a latent value as long as nobody has packed it.
    fn unpacked(&self, home: Home) -> Option<&Elements> {
        let Home::Latent(id) = home else { return None };
        let latent = &self.latents[id.0];
        match &latent.form {
            Form::Again(id) => self.unpacked(Home::Latent(*id)),
            Form::Own(elements) => latent.packed.is_none().then_some(elements),
        }
    }

    /// What stands for the result, of that shape, of a view, of a part of what was joined, or of the
    /// adjoint of a view where that only orders elements anew; `None` for other primitives.
    pub(super) fn moved(
        &mut self,
        (op, args): (&'static Primitive, &[i64]),
        (home, of): (Home, &[usize]),
        shape: &[usize],
    ) -> Option<Home> {
        let seen = if std::ptr::eq(op, &VIEW) {
            Strided::from_args(args)
        } else if std::ptr::eq(op, &PLACE_ZERO) {
            Strided::from_args(args).inverse()?
        } else if std::ptr::eq(op, &HEAD) || std::ptr::eq(op, &TAIL) {
            Strided::part(of, shape, std::ptr::eq(op, &TAIL))
        } else {
            return None;
        };
        if seen.shape != shape {
            return None;
        }
        self.seen(home, seen)
    }

    /// A view of a value.
    pub(super) fn seen(&mut self, home: Home, seen: Strided) -> Option<Home> {
        let (base, seen) = match self.unpacked(home) {
            Some(Elements::View(base, known)) => (*base, known.followed_by(&seen)?),
            Some(Elements::Zeros(_)) => return Some(self.zeros(&seen.shape)),
            None => (self.packed(home), seen),
        };
        Some(self.latent(Form::Own(Elements::View(base, seen))))
    }

    /// A value under another shape.
    pub(super) fn reshaped(&mut self, home: Home, shape: &[usize]) -> Home {
        let Home::Latent(id) = home else { return home };
        let form = match self.unpacked(home) {
            Some(Elements::Zeros(_)) => return self.zeros(shape),
            Some(Elements::View(base, known)) => match known.of_shape(shape) {
                Some(seen) => Form::Own(Elements::View(*base, seen)),
                None => Form::Again(id),
            },
            None => return self.packed(home),
        };
        self.latent(form)
    }

    /// A value with its elements in a row.
    pub(super) fn packed(&mut self, home: Home) -> Home {
        let Home::Latent(id) = home else { return home };
        if let Some(home) = self.latents[id.0].packed {
            return home;
        }
        let shape = match &self.latents[id.0].form {
            Form::Own(Elements::Zeros(shape)) => shape,
            Form::Own(Elements::View(_, seen)) => &seen.shape,
            Form::Again(id) => return self.packed(Home::Latent(*id)),
        };
        let to = self.room(shape.iter().product());
        self.pack_into(home, to);
        self.latents[id.0].packed = Some(to);
        to
    }

    /// The views of what the steps of the plan touch.
    pub(super) fn views(&mut self) -> Vec<View> {
        let mut touched = HashSet::new();
        for step in &self.steps {
            step.action.visit(&mut |location| {
                touched.insert(*location);
            });
        }
        let mut views = Vec::new();
        for latent in self.latents.clone() {
            let Form::Own(Elements::View(base, seen)) = latent.form else {
                continue;
            };
            let of = self.location(base);
            if touched.contains(&of) {
                views.push(View {
                    of,
                    shape: seen.shape,
                    strides: seen.strides,
                    offset: seen.offset,
                    copied: latent.copied,
                });
            }
        }
        views
    }

    /// What an unpacked view shows.
    pub(super) fn shown(&self, home: Home) -> Option<Home> {
        match self.unpacked(home) {
            Some(Elements::View(base, _)) => Some(*base),
            _ => None,
        }
    }

    /// Whether it is the packed form of a latent value, which others may read.
    pub(super) fn is_copy(&self, home: Home) -> bool {
        self.latents
            .iter()
            .any(|latent| latent.packed == Some(home))
    }

    /// Writes the elements of a latent value in a row; says whether it is one.
    pub(super) fn pack_into(&mut self, home: Home, to: Home) -> bool {
        let Some(elements) = self.unpacked(home).cloned() else {
            return false;
        };
        let mut of = home;
        while let Home::Latent(id) = of {
            let latent = &mut self.latents[id.0];
            latent.copied = true;
            match latent.form {
                Form::Again(id) => of = Home::Latent(id),
                Form::Own(_) => break,
            }
        }
        let output = self.location(to);
        let action = match elements {
            Elements::Zeros(shape) => Action::Zero {
                to: output,
                bytes: self.bytes(&shape),
            },
            Elements::View(base, seen) => {
                let (dtype, input) = (self.dtype, self.location(base));
                match seen.transposed() {
                    Some(shape) => Action::Transpose {
                        dtype,
                        shape,
                        input,
                        output,
                    },
                    None => {
                        let (outer, args) = (&seen.outer[..], seen.args(0.0));
                        Action::Primitive {
                            plan: Resolved::new(&VIEW, dtype, &[outer], &seen.shape, &args),
                            inputs: vec![input],
                            output,
                        }
                    }
                }
            }
        };
        self.push(action, "");
        true
    }

    /// Where a fused kernel over `domain` reads a value of that shape.
    pub(super) fn read(
        &mut self,
        home: Home,
        shape: &[usize],
        domain: &[usize],
    ) -> (Location, Read) {
        let (home, strides, offset) = match self.unpacked(home) {
            Some(Elements::Zeros(_)) => (None, vec![0; domain.len()], 0),
            Some(Elements::View(base, seen)) if seen.is_forward() && seen.shape == shape => {
                let (base, own) = (*base, seen.forward_strides());
                let mut strides = vec![0; domain.len()];
                strides[domain.len() - own.len()..].copy_from_slice(&own);
                (Some(base), strides, seen.first())
            }
            _ => (Some(home), broadcast_strides(shape, domain), 0),
        };
        let home = home.unwrap_or_else(|| self.constant(0.0));
        (self.location(home), Read { strides, offset })
    }

    /// Where a product reads an operand, whose shape it reads as `matrix`.
    pub(super) fn side<'s>(
        &mut self,
        home: Home,
        shape: &[usize],
        (matrix, transposed): (&'s [usize], bool),
    ) -> (Location, Side<'s>) {
        if let Some(Elements::View(base, seen)) = self.unpacked(home)
            && seen.is_forward()
            && seen.shape == shape
            && shape == matrix
            && seen.strides[shape.len() - 2..].contains(&1)
        {
            let (base, strides) = (*base, seen.forward_strides());
            let side = Side {
                shape: matrix,
                strides,
                offset: seen.first(),
                transposed,
            };
            return (self.location(base), side);
        }
        (self.location(home), Side::packed(matrix, transposed))
    }
}
