//! The derivative of a directional derivative, from a gradient and its tangent.

use super::{Entries, Lanes, Number, Val};

/// What is handed the entries of a value, one after another.
type Visit<'v> = dyn FnMut(&[f64]) + 'v;

/// The part of one parameter in a derivative along `direction`, and the tangent of that part:
/// `gradient . direction`, and `along . direction + gradient . turn`, where `along` is the tangent
/// of the gradient and `turn` that of the direction.
pub fn directional<L: Lanes, F: Number>(
    gradient: &impl Entries,
    along: &impl Entries,
    direction: &(impl Entries + ?Sized),
    turn: Option<&(impl Entries + ?Sized)>,
) -> (F, L::Of<F>) {
    let list = |of: &dyn Fn(&mut Visit)| {
        let mut list = Vec::new();
        of(&mut |lanes| list.push(lanes[0]));
        list
    };
    let gradient = list(&|visit| gradient.read(visit));
    let direction = list(&|visit| direction.read(visit));
    let value = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
    let mut sums = vec![0.0; L::COUNT];
    let mut add = |factors: &[f64], of: &dyn Fn(&mut Visit)| {
        let mut factors = factors.iter();
        of(&mut |lanes| {
            if let Some(factor) = factors.next() {
                let pairs = sums.iter_mut().zip(lanes);
                pairs.for_each(|(sum, lane)| *sum += lane * factor);
            }
        });
    };
    add(&direction, &|visit| along.read(visit));
    if let Some(turn) = turn {
        add(&gradient, &|visit| turn.read(visit));
    }
    let mut tangent: L::Of<F> = Val::blank();
    tangent.write(&mut |lanes| lanes.copy_from_slice(&sums));
    (F::of(value), tangent)
}
