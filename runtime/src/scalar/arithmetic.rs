//! Operators as functions of two operands of one type: generated code calls them where one operand
//! is a constant, whose type then is that of the other.

use std::ops::{Add, Div, Mul, Rem, Sub};

macro_rules! arithmetic {
    ($($name:ident $bound:ident $sign:tt)*) => {$(
        #[doc = concat!("`a ", stringify!($sign), " b`")]
        #[inline(always)]
        pub fn $name<T: $bound<Output = T>>(a: T, b: T) -> T {
            a $sign b
        }
    )*};
}

arithmetic!(add Add + subtract Sub - multiply Mul * divide Div / remainder Rem %);

macro_rules! comparison {
    ($($name:ident $sign:tt)*) => {$(
        #[doc = concat!("`a ", stringify!($sign), " b`")]
        #[inline(always)]
        pub fn $name<T: PartialOrd>(a: T, b: T) -> bool {
            a $sign b
        }
    )*};
}

comparison!(less < less_equal <= greater > greater_equal >= equal == unequal !=);
