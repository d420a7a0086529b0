//! Values made of values: arrays, vectors, tuples, options, boxes, and nothing at all.

use super::{Tape, Val};

impl<T: Val, const N: usize> Val for [T; N] {
    #[inline(always)]
    fn blank() -> Self {
        std::array::from_fn(|_| T::blank())
    }
    #[inline(always)]
    fn zero_like(&self) -> Self {
        std::array::from_fn(|i| self[i].zero_like())
    }
    #[inline(always)]
    fn save(&self, tape: &mut Tape) {
        T::save_all(self, tape);
    }
    #[inline(always)]
    fn load(&mut self, tape: &mut Tape) {
        T::load_all(self, tape);
    }
    #[inline(always)]
    fn save_all(list: &[Self], tape: &mut Tape) {
        T::save_all(list.as_flattened(), tape);
    }
    #[inline(always)]
    fn load_all(list: &mut [Self], tape: &mut Tape) {
        T::load_all(list.as_flattened_mut(), tape);
    }
    #[inline(always)]
    fn save_shape(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save_shape(tape));
    }
    #[inline(always)]
    fn load_shape(&mut self, tape: &mut Tape) {
        self.iter_mut()
            .rev()
            .for_each(|element| element.load_shape(tape));
    }
    #[inline(always)]
    fn accumulate(&mut self, other: &Self) {
        self.iter_mut()
            .zip(other)
            .for_each(|(a, b)| a.accumulate(b));
    }
    #[inline(always)]
    fn take(&mut self) -> Self {
        std::array::from_fn(|i| self[i].take())
    }
    fn clear_constants(&mut self) {
        self.iter_mut().for_each(T::clear_constants);
    }
    fn adopt_constants(&mut self, primal: &Self) {
        let pairs = self.iter_mut().zip(primal);
        pairs.for_each(|(gradient, primal)| gradient.adopt_constants(primal));
    }
}

impl<T: Val> Val for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }
    fn zero_like(&self) -> Self {
        self.iter().map(T::zero_like).collect()
    }
    /// Elements first, then how many they are.
    fn save(&self, tape: &mut Tape) {
        T::save_all(self, tape);
        tape.push(self.len() as u64);
    }
    fn load(&mut self, tape: &mut Tape) {
        let len = tape.pop() as usize;
        self.resize_with(len, T::blank);
        T::load_all(self, tape);
    }
    fn zero_into(&self, cotangent: &mut Self) {
        cotangent.clear();
        cotangent.extend(self.iter().map(T::zero_like));
    }
    fn save_shape(&self, tape: &mut Tape) {
        self.iter().for_each(|element| element.save_shape(tape));
        tape.push(self.len() as u64);
    }
    fn load_shape(&mut self, tape: &mut Tape) {
        let len = tape.pop() as usize;
        self.clear();
        self.resize_with(len, T::blank);
        self.iter_mut()
            .rev()
            .for_each(|element| element.load_shape(tape));
    }
    fn accumulate(&mut self, other: &Self) {
        self.iter_mut()
            .zip(other)
            .for_each(|(a, b)| a.accumulate(b));
    }
    fn clear_constants(&mut self) {
        self.iter_mut().for_each(T::clear_constants);
    }
    fn adopt_constants(&mut self, primal: &Self) {
        let pairs = self.iter_mut().zip(primal);
        pairs.for_each(|(gradient, primal)| gradient.adopt_constants(primal));
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt $reversed:tt),*) => {
        impl<$($name: Val),*> Val for ($($name,)*) {
            #[inline(always)]
            fn blank() -> Self {
                ($($name::blank(),)*)
            }
            #[inline(always)]
            fn zero_like(&self) -> Self {
                ($(self.$index.zero_like(),)*)
            }
            #[inline(always)]
            fn save(&self, tape: &mut Tape) {
                $(self.$index.save(tape);)*
            }
            #[inline(always)]
            fn load(&mut self, tape: &mut Tape) {
                $(self.$reversed.load(tape);)*
            }
            #[inline(always)]
            fn save_shape(&self, tape: &mut Tape) {
                $(self.$index.save_shape(tape);)*
            }
            #[inline(always)]
            fn load_shape(&mut self, tape: &mut Tape) {
                $(self.$reversed.load_shape(tape);)*
            }
            #[inline(always)]
            fn accumulate(&mut self, other: &Self) {
                $(self.$index.accumulate(&other.$index);)*
            }
            #[inline(always)]
            fn take(&mut self) -> Self {
                ($(self.$index.take(),)*)
            }
            fn clear_constants(&mut self) {
                $(self.$index.clear_constants();)*
            }
            fn adopt_constants(&mut self, primal: &Self) {
                $(self.$index.adopt_constants(&primal.$index);)*
            }
        }
    };
}

tuple!(A 0 0);
tuple!(A 0 1, B 1 0);
tuple!(A 0 2, B 1 1, C 2 0);
tuple!(A 0 3, B 1 2, C 2 1, D 3 0);
tuple!(A 0 4, B 1 3, C 2 2, D 3 1, E 4 0);
tuple!(A 0 5, B 1 4, C 2 3, D 3 2, E 4 1, F 5 0);

impl<T: Val> Val for Option<T> {
    fn blank() -> Self {
        None
    }
    fn zero_like(&self) -> Self {
        self.as_ref().map(T::zero_like)
    }
    /// The content first, then whether there is one.
    fn save(&self, tape: &mut Tape) {
        if let Some(content) = self {
            content.save(tape);
        }
        tape.push(u64::from(self.is_some()));
    }
    fn load(&mut self, tape: &mut Tape) {
        *self = (tape.pop() == 1).then(T::blank);
        if let Some(content) = self {
            content.load(tape);
        }
    }
    fn save_shape(&self, tape: &mut Tape) {
        if let Some(content) = self {
            content.save_shape(tape);
        }
        tape.push(u64::from(self.is_some()));
    }
    fn load_shape(&mut self, tape: &mut Tape) {
        *self = (tape.pop() == 1).then(T::blank);
        if let Some(content) = self {
            content.load_shape(tape);
        }
    }
    fn accumulate(&mut self, other: &Self) {
        if let (Some(content), Some(other)) = (self, other) {
            content.accumulate(other);
        }
    }
    fn clear_constants(&mut self) {
        self.iter_mut().for_each(T::clear_constants);
    }
    fn adopt_constants(&mut self, primal: &Self) {
        let pairs = self.iter_mut().zip(primal);
        pairs.for_each(|(gradient, primal)| gradient.adopt_constants(primal));
    }
}

impl<T: Val> Val for Box<T> {
    fn blank() -> Self {
        Box::new(T::blank())
    }
    fn zero_like(&self) -> Self {
        Box::new((**self).zero_like())
    }
    fn save(&self, tape: &mut Tape) {
        (**self).save(tape);
    }
    fn load(&mut self, tape: &mut Tape) {
        (**self).load(tape);
    }
    fn save_shape(&self, tape: &mut Tape) {
        (**self).save_shape(tape);
    }
    fn load_shape(&mut self, tape: &mut Tape) {
        (**self).load_shape(tape);
    }
    fn accumulate(&mut self, other: &Self) {
        (**self).accumulate(other);
    }
    fn take(&mut self) -> Self {
        Box::new((**self).take())
    }
    fn clear_constants(&mut self) {
        (**self).clear_constants();
    }
    fn adopt_constants(&mut self, primal: &Self) {
        (**self).adopt_constants(primal);
    }
}

/// The result of a function that returns nothing.
impl Val for () {
    #[inline(always)]
    fn blank() -> Self {}
    #[inline(always)]
    fn zero_like(&self) -> Self {}
    #[inline(always)]
    fn save(&self, _: &mut Tape) {}
    #[inline(always)]
    fn load(&mut self, _: &mut Tape) {}
    #[inline(always)]
    fn save_shape(&self, _: &mut Tape) {}
    #[inline(always)]
    fn load_shape(&mut self, _: &mut Tape) {}
    #[inline(always)]
    fn accumulate(&mut self, _: &Self) {}
    #[inline(always)]
    fn take(&mut self) -> Self {}
}
