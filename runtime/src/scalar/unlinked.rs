//! What a call with tangents of a function without a companion resolves to. The error is reported
//! once, for the forward pass of the gradient; these only keep the rest from adding to it. The
//! gradient of a function that asks for one itself has an error of its own.

/// The fallbacks, by the number of arguments.
#[allow(clippy::too_many_arguments, reason = "as many as the call has")]
pub mod unmarked_modes {
    use super::super::{Lanes, Tape, Val};

    macro_rules! arities {
        ($($name:ident($($primal:ident $tangent:ident $shadow:ident $along:ident),*);)*) => {$(
            #[doc = "For calls with this number of arguments."]
            pub trait $name {
                /// The tangent of no function.
                fn __tangent<L: Lanes, $($primal, $tangent,)*>(
                    $(_: $primal,)* $(_: $tangent,)* _: L
                ) -> (f64, L::Of<f64>) {
                    (0.0, Val::blank())
                }
                /// The forward pass of no function.
                fn __second_forward<L: Lanes, $($primal, $tangent,)*>(
                    $(_: $primal,)* $(_: $tangent,)* _: &mut Tape, _: L
                ) -> (f64, L::Of<f64>) {
                    (0.0, Val::blank())
                }
                /// The reverse pass of no function.
                fn __second_reverse<
                    L: Lanes,
                    $($primal, $tangent, $shadow: ?Sized, $along: ?Sized,)*
                    C,
                    T,
                >(
                    $(_: $primal,)* $(_: $tangent,)* $(_: Option<&mut $shadow>,)*
                    $(_: Option<&mut $along>,)* _: C, _: T, _: &mut Tape, _: L
                ) {
                }
            }

            impl<X> $name for X {}
        )*};
    }

    arities! {
        Arity1(A0 T0 S0 U0);
        Arity2(A0 T0 S0 U0, A1 T1 S1 U1);
        Arity3(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2);
        Arity4(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3);
        Arity5(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4);
        Arity6(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5);
        Arity7(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5, A6 T6 S6 U6);
        Arity8(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5, A6 T6 S6 U6, A7 T7 S7 U7);
        Arity9(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5, A6 T6 S6 U6, A7 T7 S7 U7, A8 T8 S8 U8);
        Arity10(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5, A6 T6 S6 U6, A7 T7 S7 U7, A8 T8 S8 U8, A9 T9 S9 U9);
        Arity11(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5, A6 T6 S6 U6, A7 T7 S7 U7, A8 T8 S8 U8, A9 T9 S9 U9, A10 T10 S10 U10);
        Arity12(A0 T0 S0 U0, A1 T1 S1 U1, A2 T2 S2 U2, A3 T3 S3 U3, A4 T4 S4 U4, A5 T5 S5 U5, A6 T6 S6 U6, A7 T7 S7 U7, A8 T8 S8 U8, A9 T9 S9 U9, A10 T10 S10 U10, A11 T11 S11 U11);
    }
}

/// The companion of a function whose gradient can be differentiated.
#[diagnostic::on_unimplemented(
    message = "[AD016] the derivative of `{Self}` cannot be differentiated",
    label = "its derivative is asked for in a `#[differentiable]` function",
    note = "it is no `#[differentiable]` function with one float result, or it takes a gradient \
            itself: at most two derivatives can be nested",
    note = "write one of the derivatives out as a function of its own"
)]
pub trait TwiceDifferentiableFn {}

/// The fallbacks for calls of gradients, by the number of arguments.
#[allow(clippy::too_many_arguments, reason = "as many as the call has")]
pub mod unmarked_nested {
    use super::super::{Lanes, Val};
    use super::TwiceDifferentiableFn;

    macro_rules! arities {
        ($($name:ident($($primal:ident $other:ident),*);)*) => {$(
            #[doc = "For calls with this number of arguments."]
            pub trait $name {
                /// The reverse pass of no gradient.
                fn __gradient_reverse<$($primal, $other: ?Sized,)* C, D>(
                    $(_: $primal,)* $(_: Option<&mut $other>,)* _: C, _: D
                ) where
                    Self: TwiceDifferentiableFn,
                {
                }
                /// The tangent of no gradient; the error is that of the reverse pass.
                fn __gradient_tangent<L: Lanes, $($primal, $other,)*>(
                    $(_: $primal,)* $(_: $other,)* _: L
                ) -> ((f64, f64), (L::Of<f64>, L::Of<f64>)) {
                    ((0.0, 0.0), (Val::blank(), Val::blank()))
                }
                /// The reverse pass of no directional derivative.
                fn __jvp_reverse<$($primal, $other: ?Sized,)* C, D>(
                    $(_: $primal,)* $(_: Option<&mut $other>,)* _: C, _: D
                ) where
                    Self: TwiceDifferentiableFn,
                {
                }
                /// The tangent of no directional derivative.
                fn __jvp_tangent<L: Lanes, $($primal, $other,)*>(
                    $(_: $primal,)* $(_: $other,)* _: L
                ) -> ((f64, f64), (L::Of<f64>, L::Of<f64>)) {
                    ((0.0, 0.0), (Val::blank(), Val::blank()))
                }
            }

            impl<X> $name for X {}
        )*};
    }

    arities! {
        Arity1(A0 S0);
        Arity2(A0 S0, A1 S1);
        Arity3(A0 S0, A1 S1, A2 S2);
        Arity4(A0 S0, A1 S1, A2 S2, A3 S3);
        Arity5(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4);
        Arity6(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5);
        Arity7(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5, A6 S6);
        Arity8(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5, A6 S6, A7 S7);
        Arity9(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5, A6 S6, A7 S7, A8 S8);
        Arity10(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5, A6 S6, A7 S7, A8 S8, A9 S9);
        Arity11(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5, A6 S6, A7 S7, A8 S8, A9 S9, A10 S10);
        Arity12(A0 S0, A1 S1, A2 S2, A3 S3, A4 S4, A5 S5, A6 S6, A7 S7, A8 S8, A9 S9, A10 S10, A11 S11);
    }
}

/// What there is in place of code with tangents that cannot be made: compiling a use of it is the
/// error.
///
/// # Panics
/// Always, with that message.
pub const fn refuse(message: &str) -> ! {
    panic!("{}", message)
}
