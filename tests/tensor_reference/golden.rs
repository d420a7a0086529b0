//! The functions of a group: each is differentiated in both float types, run eagerly and as a
//! graph, and compared with the reference. A group is of one function for each float type, or, where
//! it says `generic`, of one function that is generic over it.

/// `golden! { "key" name (x, y) [labels] { host: Type = value } body; .. }` with float inputs in
/// parentheses, labels in brackets and parameters of the host, which are references, in braces.
/// `|case|` names the case for their values.
macro_rules! golden {
    (generic |$case:ident| $($rows:tt)*) => {
        golden! { @rows (both both generic) |$case| $($rows)* }
    };
    (|$case:ident| $($rows:tt)*) => {
        golden! { @rows (double single each) |$case| $($rows)* }
    };
    (@rows ($double:ident $single:ident $kind:ident) |$case:ident| $($key:literal $name:ident ($($x:ident),*) [$($i:ident),*]
        {$($h:ident : $hty:ident = $hval:expr),*} $body:expr;)*) => {
        $(mod $name {
            #[allow(unused_imports, reason = "not every row uses all of it")]
            use super::*;
            golden!(@functions $kind ($($x)*) ($($i)*) ($($h $hty)*) $body);
            #[allow(unused_variables, reason = "not every row has parameters")]
            pub(super) fn check($case: &crate::case::Case<'_>) -> Vec<String> {
                $(let $h = &($hval);)*
                let mut faults = Vec::new();
                golden!(@check f64 $double faults $case ($($x)*) ($($i)*) ($($h)*));
                if $case.fits_single() {
                    golden!(@check f32 $single faults $case ($($x)*) ($($i)*) ($($h)*));
                }
                faults
            }
        })*

        /// Runs the case; yields what differs, or nothing if the function is unknown.
        pub(crate) fn check(case: &crate::case::Case<'_>) -> Option<Vec<String>> {
            by_name(case.variant(), case).or_else(|| by_name(case.function, case))
        }

        fn by_name(name: &str, case: &crate::case::Case<'_>) -> Option<Vec<String>> {
            match name {
                $($key => Some($name::check(case)),)*
                _ => None,
            }
        }
    };
    (@functions each $($row:tt)*) => {
        golden!(@typed f64 double $($row)*);
        golden!(@typed f32 single $($row)*);
    };
    (@functions generic ($($x:ident)*) ($($i:ident)*) ($($h:ident $hty:ident)*) $body:expr) => {
        mod both {
            #[allow(unused_imports, reason = "not every row uses all of it")]
            use super::*;
            use cotangent::{Real, Tensor, differentiable};

            #[differentiable(wrt($($x),*), order = 2)]
            #[allow(clippy::ptr_arg, unused_variables, reason = "the signature is that of the case")]
            pub(super) fn f<Float: Real>(
                $($x: &Tensor<Float>,)* $($i: &Tensor<u32>,)* $($h: &$hty),*
            ) -> Tensor<Float> {
                $body
            }

            #[differentiable(wrt($($x),*), order = 2)]
            #[allow(clippy::ptr_arg, unused_variables, reason = "the signature is that of the case")]
            pub(super) fn weighted<Float: Real>(
                $($x: &Tensor<Float>,)* $($i: &Tensor<u32>,)* $($h: &$hty,)*
                cotangent: &Tensor<Float>
            ) -> Float {
                (f($($x,)* $($i,)* $($h),*) * cotangent).sum()
            }
        }
    };
    (@typed $t:ident $module:ident ($($x:ident)*) ($($i:ident)*) ($($h:ident $hty:ident)*) $body:expr) => {
        mod $module {
            #[allow(unused_imports, reason = "not every row uses all of it")]
            use super::*;
            use cotangent::{Tensor, differentiable};
            #[allow(dead_code, reason = "not every row names its element type")]
            type Float = $t;

            #[differentiable(wrt($($x),*), order = 2)]
            #[allow(clippy::ptr_arg, unused_variables, reason = "the signature is that of the case")]
            pub(super) fn f($($x: &Tensor<$t>,)* $($i: &Tensor<u32>,)* $($h: &$hty),*) -> Tensor<$t> {
                $body
            }

            #[differentiable(wrt($($x),*), order = 2)]
            #[allow(clippy::ptr_arg, unused_variables, reason = "the signature is that of the case")]
            pub(super) fn weighted(
                $($x: &Tensor<$t>,)* $($i: &Tensor<u32>,)* $($h: &$hty,)* cotangent: &Tensor<$t>
            ) -> $t {
                (f($($x,)* $($i,)* $($h),*) * cotangent).sum()
            }
        }
    };
    (@check $t:ident $module:ident $faults:ident $case:ident ($($x:ident)*) ($($i:ident)*) ($($h:ident)*)) => {{
        $(let $x = &$case.tensor::<$t>(stringify!($x));)*
        $(let $i = &$case.labels(stringify!($i));)*
        let value = $module::f($($x,)* $($i,)* $($h),*);
        $faults.extend($case.check_value(&value).err());
        let cotangent = $case.cotangent::<$t>();
        match $module::weighted::bind($($x,)* $($i,)* $($h,)* &cotangent) {
            Err(error) => $faults.push(format!("{}: {error}", $case.id)),
            Ok(mut program) => {
                let result = program.value_and_grad($($x,)* $($i,)* $($h,)* &cotangent);
                let (value, gradients) = result.unwrap();
                let weighted = $module::f($($x,)* $($i,)* $($h),*) * &cotangent;
                $faults.extend($case.check_total(value, &weighted).err());
                { golden!(@gradients $case $faults gradients ($($x)*)); }
                if $case.has("hvp") {
                    let product = program.hvp(
                        $($x,)* $($i,)* $($h,)* &cotangent, $(&$case.direction("hvp", stringify!($x), $x)),*
                    );
                    match product {
                        Err(error) => $faults.push(format!("{}: hvp: {error}", $case.id)),
                        Ok(product) => { golden!(@products $case $faults product ($($x)*)); }
                    }
                }
                if $case.has("hessian") {
                    let mut columns = Vec::new();
                    for axis in 0..$case.side() {
                        #[allow(unused_mut, unused_variables, unused_assignments, reason = "of one input")]
                        let mut rest = axis;
                        let product = program.hvp(
                            $($x,)* $($i,)* $($h,)* &cotangent,
                            $(&$case.unit(&mut rest, stringify!($x), $x)),*
                        );
                        let product = product.unwrap();
                        let mut column = Vec::new();
                        { golden!(@entries $case column product ($($x)*)); }
                        columns.push(column);
                    }
                    $faults.extend($case.check_hessian::<$t>(&columns).err());
                }
            }
        }
        if $case.has("jvp") {
            let along = $module::f::jvp(
                $($x,)* $($i,)* $($h,)* $(&$case.direction("jvp", stringify!($x), $x)),*
            );
            match along {
                Err(error) => $faults.push(format!("{}: jvp: {error}", $case.id)),
                Ok((_, tangent)) => $faults.extend($case.check_tangent(&tangent).err()),
            }
        }
    }};
    (@products $case:ident $faults:ident $products:ident ($x:ident)) => {
        $faults.extend($case.check_product(stringify!($x), $products).err());
    };
    (@products $case:ident $faults:ident $products:ident ($($x:ident)*)) => {
        let ($($x,)*) = $products;
        $($faults.extend($case.check_product(stringify!($x), $x).err());)*
    };
    (@entries $case:ident $column:ident $products:ident ($x:ident)) => {
        $case.entries(&mut $column, stringify!($x), $products);
    };
    (@entries $case:ident $column:ident $products:ident ($($x:ident)*)) => {
        let ($($x,)*) = $products;
        $($case.entries(&mut $column, stringify!($x), $x);)*
    };
    (@gradients $case:ident $faults:ident $gradients:ident ($x:ident)) => {
        $faults.extend($case.check_gradient(stringify!($x), $gradients).err());
    };
    (@gradients $case:ident $faults:ident $gradients:ident ($($x:ident)*)) => {
        let ($($x,)*) = $gradients;
        $($faults.extend($case.check_gradient(stringify!($x), $x).err());)*
    };
}
