//! The state of one element, and the loops over slices of such states.
//!
//! A state is an array with one entry per slot; in memory a leaf's slots lie one after another.
//! The loops take every slot as a slice of its own, because that is how LLVM learns that they
//! don't alias; they are written for up to six slots. They go over tiles that stay in the first
//! level cache, so that what is summed (changes, measurements) is a second loop over hot data and
//! both vectorise.

use crate::lanes::{VECTOR, lane_sum, vector_sum};
use crate::{Blend, Real, Rule, Sums};

/// Elements per tile.
pub(crate) const TILE: usize = 256;

/// The elements of one leaf that a loop goes over.
#[derive(Debug)]
pub struct Strip<'a, T> {
    pub(crate) x: &'a mut [T],
    pub(crate) g: &'a [T],
    /// The slots, each as long as `x`, one after another.
    pub(crate) slots: &'a mut [T],
    /// Room for `DELTA` elements.
    pub(crate) delta: &'a mut [T],
    /// How many elements, from the first one on, enter sums.
    pub(crate) len: usize,
}

/// The room that a strip wants in `delta`: one tile per sum.
pub(crate) const DELTA: usize = 4 * TILE;

/// The state of one element: implemented for arrays of up to six numbers.
pub trait Slots<T: Real>: Sized + sealed::Sealed {
    /// Applies the rule to every element and returns the sum of squared parameter changes.
    #[doc(hidden)]
    fn sweep<R: Rule<State<T> = Self>, const EXTRAS: bool>(
        scalars: &R::Scalars<T>,
        blend: &Blend<T>,
        strip: Strip<'_, T>,
    ) -> f64;

    /// Sums what the rule measures; may change the state, never a parameter.
    #[doc(hidden)]
    fn measure<R: Rule<State<T> = Self>, const EXTRAS: bool>(
        scalars: &R::Scalars<T>,
        blend: &Blend<T>,
        strip: Strip<'_, T>,
    ) -> Sums;

    /// Writes the second view of every parameter over the parameter.
    #[doc(hidden)]
    fn view<R: Rule<State<T> = Self>>(scalars: &R::Scalars<T>, x: &mut [T], slots: &[T]);
}

mod sealed {
    pub trait Sealed {}
    impl<T, const N: usize> Sealed for [T; N] {}
}

macro_rules! slots {
    ($($count:literal ($($slot:ident)*);)*) => {$(
        impl<T: Real> Slots<T> for [T; $count] {
            #[inline(always)]
            fn sweep<R: Rule<State<T> = Self>, const EXTRAS: bool>(
                scalars: &R::Scalars<T>,
                blend: &Blend<T>,
                strip: Strip<'_, T>,
            ) -> f64 {
                #[inline(always)]
                #[allow(clippy::too_many_arguments, reason = "one slice per slot")]
                fn tile<T: Real, R: Rule<State<T> = [T; $count]>, const EXTRAS: bool>(
                    scalars: R::Scalars<T>,
                    blend: Blend<T>,
                    x: &mut [T],
                    g: &[T],
                    $($slot: &mut [T],)*
                    delta: &mut [T],
                ) {
                    let len = x.len();
                    let (g, delta) = (&g[..len], &mut delta[..len]);
                    $(let $slot = &mut $slot[..len];)*
                    for i in 0..len {
                        let old = x[i];
                        #[allow(unused_mut, reason = "a rule may have no state")]
                        let mut state = [$($slot[i]),*];
                        let (x_in, g_in) = blend.before::<EXTRAS>(old, g[i]);
                        let new = R::element(&scalars, x_in, g_in, &mut state);
                        let new = blend.after::<EXTRAS>(new);
                        [$($slot[i]),*] = state;
                        x[i] = new;
                        delta[i] = new - old;
                    }
                }
                let len = strip.x.len();
                let rest = strip.slots;
                $(let ($slot, rest) = rest.split_at_mut(len);)*
                let _ = rest;
                if len <= TILE && len.is_multiple_of(VECTOR) {
                    // Vector by vector: a loop over so few elements would be all entry and rest.
                    let x = strip.x.as_chunks_mut::<VECTOR>().0;
                    let g = strip.g.as_chunks::<VECTOR>().0;
                    let delta = strip.delta.as_chunks_mut::<VECTOR>().0;
                    $(let $slot = $slot.as_chunks_mut::<VECTOR>().0;)*
                    for i in 0..x.len() {
                        tile::<T, R, EXTRAS>(
                            *scalars,
                            *blend,
                            &mut x[i],
                            &g[i],
                            $(&mut $slot[i],)*
                            &mut delta[i],
                        );
                    }
                    strip.delta[strip.len..len].fill(T::default());
                    let delta = strip.delta[..len].as_chunks::<VECTOR>().0;
                    return vector_sum(delta, |change| change.to_f64() * change.to_f64());
                }
                let mut squares = 0.0;
                let mut start = 0;
                while start < len {
                    let end = (start + TILE).min(len);
                    tile::<T, R, EXTRAS>(
                        *scalars,
                        *blend,
                        &mut strip.x[start..end],
                        &strip.g[start..end],
                        $(&mut $slot[start..end],)*
                        strip.delta,
                    );
                    squares += lane_sum::<T, true>(&strip.delta[..end.min(strip.len) - start]);
                    start = end;
                }
                squares
            }

            #[inline(always)]
            fn measure<R: Rule<State<T> = Self>, const EXTRAS: bool>(
                scalars: &R::Scalars<T>,
                blend: &Blend<T>,
                strip: Strip<'_, T>,
            ) -> Sums {
                #[inline(always)]
                #[allow(clippy::too_many_arguments, reason = "one slice per slot")]
                fn tile<T: Real, R: Rule<State<T> = [T; $count]>, const EXTRAS: bool>(
                    scalars: R::Scalars<T>,
                    blend: Blend<T>,
                    x: &[T],
                    g: &[T],
                    $($slot: &mut [T],)*
                    [a, b, c, d]: [&mut [T]; 4],
                ) {
                    let len = x.len();
                    let g = &g[..len];
                    let (a, b, c, d) =
                        (&mut a[..len], &mut b[..len], &mut c[..len], &mut d[..len]);
                    $(let $slot = &mut $slot[..len];)*
                    for i in 0..len {
                        #[allow(unused_mut, reason = "a rule may have no state")]
                        let mut state = [$($slot[i]),*];
                        let (x_in, g_in) = blend.before::<EXTRAS>(x[i], g[i]);
                        let [first, second, third, fourth] =
                            R::measure(&scalars, x_in, g_in, &mut state);
                        a[i] = first;
                        if R::SUMS > 1 {
                            b[i] = second;
                        }
                        if R::SUMS > 2 {
                            c[i] = third;
                        }
                        if R::SUMS > 3 {
                            d[i] = fourth;
                        }
                        [$($slot[i]),*] = state;
                    }
                }
                let len = strip.x.len();
                let rest = strip.slots;
                $(let ($slot, rest) = rest.split_at_mut(len);)*
                let _ = rest;
                let (a, tail) = strip.delta.split_at_mut(TILE);
                let (b, tail) = tail.split_at_mut(TILE);
                let (c, d) = tail.split_at_mut(TILE);
                let mut sums = [0.0; 4];
                let mut start = 0;
                while start < len {
                    let end = (start + TILE).min(len);
                    tile::<T, R, EXTRAS>(
                        *scalars,
                        *blend,
                        &strip.x[start..end],
                        &strip.g[start..end],
                        $(&mut $slot[start..end],)*
                        [&mut *a, &mut *b, &mut *c, &mut *d],
                    );
                    for (sum, part) in sums.iter_mut().zip([&*a, &*b, &*c, &*d]).take(R::SUMS) {
                        *sum += lane_sum::<T, false>(&part[..end.min(strip.len) - start]);
                    }
                    start = end;
                }
                sums
            }

            fn view<R: Rule<State<T> = Self>>(
                scalars: &R::Scalars<T>,
                x: &mut [T],
                slots: &[T],
            ) {
                let len = x.len();
                let rest = slots;
                $(let ($slot, rest) = rest.split_at(len);)*
                let _ = rest;
                for i in 0..len {
                    x[i] = R::view(scalars, x[i], &[$($slot[i]),*]);
                }
            }
        }
    )*};
}

slots! {
    0 ();
    1 (s0);
    2 (s0 s1);
    3 (s0 s1 s2);
    4 (s0 s1 s2 s3);
    5 (s0 s1 s2 s3 s4);
    6 (s0 s1 s2 s3 s4 s5);
}
