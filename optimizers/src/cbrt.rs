//! Cube roots that vectorise, within two units in the last place: a guess from the exponent, one or
//! two steps of Halley's method, and one of Newton's in a form that rounds well.
//!
//! The guess is that of W. Kahan: a third of the bits plus a constant is within 5 % of the root.

macro_rules! cbrt {
    ($name:ident, $float:ident, $bits:ident, $shift:literal, $guess:literal, $halley:literal,
     $small:literal, $large:literal, $up:literal, $down:literal, $up_root:literal, $down_root:literal) => {
        /// The cube root.
        #[inline(always)]
        pub(crate) fn $name(x: $float) -> $float {
            let size = x.abs();
            // Away from the ends of the range, where powers overflow and exponents mean less.
            let (factor, root_factor) = if size < $small {
                ($up, $up_root)
            } else if size > $large {
                ($down, $down_root)
            } else {
                (1.0, 1.0)
            };
            let scaled = size * factor;
            let high = (scaled.to_bits() >> $shift) as u32;
            let mut t = $float::from_bits($bits::from(high / 3 + $guess) << $shift);
            for _ in 0..$halley {
                let cube = t * t * t;
                t *= (cube + scaled + scaled) / (cube + cube + scaled);
            }
            t -= (t - scaled / (t * t)) / 3.0;
            // Zeros, infinities and what is not a number are their own roots.
            let root = (t * root_factor).copysign(x);
            if size > 0.0 && size < $float::INFINITY {
                root
            } else {
                x
            }
        }
    };
}

cbrt!(
    cbrt_f32,
    f32,
    u32,
    0,
    709_958_130,
    1,
    1e-30,
    1e37,
    1.677_721_6e7,
    5.960_464_5e-8,
    3.906_25e-3,
    256.0
);
cbrt!(
    cbrt_f64,
    f64,
    u64,
    32,
    715_094_163,
    2,
    1e-290,
    1e300,
    1.801_439_850_948_198_4e16,
    5.551_115_123_125_783e-17,
    3.814_697_265_625e-6,
    262_144.0
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_those_of_the_standard_library_within_two_units() {
        for exponent in -323..=308 {
            for mantissa in [1.0, 1.1, 2.7, 3.999, 5.0, 7.3, 9.99] {
                let x = mantissa * 10.0_f64.powi(exponent);
                for x in [x, -x] {
                    let (own, known) = (cbrt_f64(x), x.cbrt());
                    assert!(
                        own.to_bits().abs_diff(known.to_bits()) <= 2,
                        "{x:e}: {own:e} {known:e}"
                    );
                    let x = x as f32;
                    let (own, known) = (cbrt_f32(x), x.cbrt());
                    assert!(
                        own.to_bits().abs_diff(known.to_bits()) <= 2,
                        "{x:e}: {own:e} {known:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_has_no_root_of_its_own_stays() {
        for x in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(cbrt_f64(x).to_bits(), x.to_bits());
            assert_eq!(cbrt_f32(x as f32).to_bits(), (x as f32).to_bits());
        }
        assert!(cbrt_f64(f64::NAN).is_nan() && cbrt_f32(f32::NAN).is_nan());
    }
}
