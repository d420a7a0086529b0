//! What a call with tangents of a function without a companion resolves to. The error is reported
//! once, for the forward pass of the gradient; these only keep the rest from adding to it.

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
