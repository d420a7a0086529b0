//! `Result`: a content, or an error, which carries no derivative and comes back as it was.

use std::any::Any;
use std::cell::RefCell;

use super::{Entries, Lanes, Tangent, Tape, Val};

/// The error of a `Result` in the signature of a scalar function, which names it as `Itself`: so that
/// one that cannot be kept is one error, where it stands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a `#[differentiable]` function",
    label = "a run backwards needs a copy of it",
    note = "an error must be `Clone` and own what it holds: put `#[derive(Clone)]` on it"
)]
pub trait ErrorValue {
    /// The type.
    type Itself;
}

#[diagnostic::do_not_recommend]
impl<E: Clone + 'static> ErrorValue for E {
    type Itself = E;
}

thread_local! {
    /// Errors that a tape refers to by their number. They leave in the reverse order.
    static ERRORS: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps an error; the word is where.
fn keep<E: Clone + 'static>(error: &E, tape: &mut Tape) {
    let at = ERRORS.with_borrow_mut(|errors| {
        errors.push(Box::new(error.clone()));
        errors.len() - 1
    });
    tape.push(at as u64);
}

/// The error that was kept last; whatever a run that panicked left above it goes too.
fn bring<E: Clone + 'static>(tape: &mut Tape) -> Option<E> {
    let at = tape.pop() as usize;
    let kept = ERRORS.with_borrow_mut(|errors| {
        errors.truncate(at + 1);
        errors.pop()
    });
    kept?.downcast().ok().map(|error| *error)
}

/// Pushes what there is, the content by `save`, and then which of both it is.
fn push<T, E: Clone + 'static>(of: &Result<T, E>, tape: &mut Tape, save: fn(&T, &mut Tape)) {
    match of {
        Ok(content) => save(content, tape),
        Err(error) => keep(error, tape),
    }
    tape.push(u64::from(of.is_ok()));
}

/// Pops what was pushed last, the content by `load`.
fn pop<T: Val, E: Clone + 'static>(tape: &mut Tape, load: fn(&mut T, &mut Tape)) -> Result<T, E> {
    let mut content = T::blank();
    if tape.pop() == 1 {
        load(&mut content, tape);
        return Ok(content);
    }
    bring(tape).map_or(Ok(content), Err)
}

impl<T: Val, E: Clone + 'static> Val for Result<T, E> {
    fn blank() -> Self {
        Ok(T::blank())
    }
    fn zero_like(&self) -> Self {
        match self {
            Ok(content) => Ok(content.zero_like()),
            Err(error) => Err(error.clone()),
        }
    }
    fn save(&self, tape: &mut Tape) {
        push(self, tape, T::save);
    }
    fn load(&mut self, tape: &mut Tape) {
        *self = pop(tape, T::load);
    }
    /// A cotangent of an error is that error.
    fn save_shape(&self, tape: &mut Tape) {
        push(self, tape, T::save_shape);
    }
    fn load_shape(&mut self, tape: &mut Tape) {
        *self = pop(tape, T::load_shape);
    }
    fn accumulate(&mut self, other: &Self) {
        if let (Ok(content), Ok(other)) = (self, other) {
            content.accumulate(other);
        }
    }
    fn clear_constants(&mut self) {
        if let Ok(content) = self {
            content.clear_constants();
        }
    }
    fn adopt_constants(&mut self, primal: &Self) {
        if let (Ok(content), Ok(primal)) = (self, primal) {
            content.adopt_constants(primal);
        }
    }
}

impl<L: Lanes, T: Tangent<L>, E: Clone + 'static> Tangent<L> for Result<T, E> {
    type Of = Result<T::Of, E>;
    fn zero_tangent(&self) -> Self::Of {
        match self {
            Ok(content) => Ok(content.zero_tangent()),
            Err(error) => Err(error.clone()),
        }
    }
    fn along(direction: &Self) -> Self::Of {
        match direction {
            Ok(content) => Ok(T::along(content)),
            Err(error) => Err(error.clone()),
        }
    }
    fn first_lane(&self, tangent: &Self::Of) -> Self {
        match (self, tangent) {
            (Ok(content), Ok(tangent)) => Ok(content.first_lane(tangent)),
            (Ok(content), Err(_)) => Ok(content.zero_like()),
            (Err(error), _) => Err(error.clone()),
        }
    }
}

impl<T: Entries, E> Entries for Result<T, E> {
    fn read(&self, visit: &mut dyn FnMut(&[f64])) {
        self.iter().for_each(|content| content.read(visit));
    }
    fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
        self.iter_mut().for_each(|content| content.write(visit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_back_as_they_were() {
        let first: Result<f64, String> = Err("first".into());
        let (second, third) = (Ok(2.5), Err("third".to_string()));
        let mut found = Ok(0.0);
        Tape::with(|tape| {
            for value in [&first, &second, &third] {
                value.save(tape);
            }
            for value in [third, second, first] {
                found.load(tape);
                assert_eq!(found, value);
            }
        });
        ERRORS.with_borrow(|errors| assert!(errors.is_empty()));
    }
}
