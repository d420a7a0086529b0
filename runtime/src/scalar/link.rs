//! How one differentiable function finds the derivative of another: through its companion.

/// The companion of a `#[differentiable]` function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not differentiable: it has no `#[differentiable]` companion",
    label = "called from a `#[differentiable]` function",
    note = "put `#[differentiable]` on it, or wrap the call in `no_diff!(..)`"
)]
pub trait DifferentiableFn {
    /// The name of the function.
    const NAME: &'static str;
}

/// What a method that is not differentiable would need; nothing has it.
#[diagnostic::on_unimplemented(
    message = "this method of `{Self}` is not differentiable",
    label = "called from a `#[differentiable]` function",
    note = "put `#[differentiable]` on it, or wrap the call in `no_diff!(..)`"
)]
pub trait MarkedMethod {}

/// Declares the fallback traits, with what the forward pass asks of the companion.
macro_rules! arities {
    ([$bound:ident] $($name:ident($($primal:ident $shadow:ident),*);)*) => {$(
        #[doc = "For calls with this number of arguments."]
        pub trait $name {
            /// Which arguments the reverse pass of no function reads.
            const __READS: u64 = !0;
            /// The forward pass of no function, whose caller does not want back what it lends.
            fn __losing_forward<$($primal,)* R: Val>($(_: $primal,)* _: &mut Tape) -> R {
                R::blank()
            }
            /// The reverse pass that belongs to it.
            fn __losing_reverse<$($primal, $shadow: ?Sized,)* R>(
                $(_: $primal,)* $(_: Option<&mut $shadow>,)* _: R, _: &mut Tape
            ) {
            }
            /// The forward pass of no function.
            fn __forward<$($primal,)* R: Val>($(_: $primal,)* _: &mut Tape) -> R
            where
                Self: $bound,
            {
                R::blank()
            }
            /// The reverse pass of no function; the error is that of the forward pass.
            fn __reverse<$($primal, $shadow: ?Sized,)* R>(
                $(_: $primal,)* $(_: Option<&mut $shadow>,)* _: R, _: &mut Tape
            ) {
            }
        }

        impl<T> $name for T {}
    )*};
}

macro_rules! all_arities {
    ([$bound:ident]) => {
        arities! {
            [$bound]
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
    };
}

/// What a call of a function without a companion resolves to: a method that asks for
/// [`DifferentiableFn`], so that the only error is that one. The inherent functions of a real
/// companion win over it.
#[allow(clippy::too_many_arguments, reason = "as many as the call has")]
pub mod unmarked {
    use super::super::{Tape, Val};
    use super::DifferentiableFn;

    all_arities!([DifferentiableFn]);

    /// For further code of the same call, which has been reported once.
    pub mod again {
        use super::{Tape, Val};

        all_arities!([Sized]);
    }
}
