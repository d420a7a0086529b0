//! The floats of a value, one after another, whatever it is made of.

use std::cmp::Ordering;

use super::{Number, Pack};

/// A value made of floats, or of tangents of floats.
pub trait Entries {
    /// Calls `visit` with every float in order; for a tangent, with its lanes.
    fn read(&self, visit: &mut dyn FnMut(&[f64]));
    /// The same for writing.
    fn write(&mut self, visit: &mut dyn FnMut(&mut [f64]));
    /// How many floats there are.
    fn entries(&self) -> usize {
        let mut count = 0;
        self.read(&mut |_| count += 1);
        count
    }
}

macro_rules! float {
    ($($ty:ident)*) => {$(
        impl Entries for $ty {
            fn read(&self, visit: &mut dyn FnMut(&[f64])) {
                visit(&[f64::from(*self)]);
            }
            fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
                let mut lane = [f64::from(*self)];
                visit(&mut lane);
                *self = lane[0] as $ty;
            }
        }
    )*};
}

float!(f32 f64);

impl<F: Number, const N: usize> Entries for Pack<F, N> {
    fn read(&self, visit: &mut dyn FnMut(&[f64])) {
        visit(&self.0.map(F::to_f64));
    }
    fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
        let mut lanes = self.0.map(F::to_f64);
        visit(&mut lanes);
        self.0 = lanes.map(F::of);
    }
}

macro_rules! discrete {
    ($($ty:ident)*) => {$(
        impl Entries for $ty {
            fn read(&self, _: &mut dyn FnMut(&[f64])) {}
            fn write(&mut self, _: &mut dyn FnMut(&mut [f64])) {}
        }
    )*};
}

discrete!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize char Ordering);

macro_rules! list {
    ($($(const $n:ident)? $ty:ty;)*) => {$(
        impl<T: Entries $(, const $n: usize)?> Entries for $ty {
            fn read(&self, visit: &mut dyn FnMut(&[f64])) {
                self.iter().for_each(|element| element.read(visit));
            }
            fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
                self.iter_mut().for_each(|element| element.write(visit));
            }
        }
    )*};
}

list! {
    [T];
    Vec<T>;
    const N [T; N];
}

macro_rules! tuple {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Entries),*> Entries for ($($name,)*) {
            fn read(&self, visit: &mut dyn FnMut(&[f64])) {
                $(self.$index.read(visit);)*
            }
            fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
                $(self.$index.write(visit);)*
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl Entries for () {
    fn read(&self, _: &mut dyn FnMut(&[f64])) {}
    fn write(&mut self, _: &mut dyn FnMut(&mut [f64])) {}
}

impl<T: Entries> Entries for Option<T> {
    fn read(&self, visit: &mut dyn FnMut(&[f64])) {
        self.iter().for_each(|content| content.read(visit));
    }
    fn write(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
        self.iter_mut().for_each(|content| content.write(visit));
    }
}
