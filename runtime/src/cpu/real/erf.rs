//! The error function in double precision.
//!
//! Below 1 it is x times a polynomial in x^2; above, one minus `e^-x^2` times a polynomial in
//! `(x - 2) / (x + 2)`. Both polynomials are Chebyshev fits with an error below 1e-17.

/// In x^2 over [0, 1], highest power first.
#[allow(
    clippy::approx_constant,
    reason = "the last one is fitted, not 2 / sqrt(pi)"
)]
const NEAR: [f64; 13] = [
    5.957_176_147_748_911e-11,
    -1.137_284_885_679_167_4e-9,
    1.465_977_527_404_743_6e-8,
    -1.635_031_270_105_469_5e-7,
    1.646_100_048_412_136_8e-6,
    -1.492_559_526_683_118_2e-5,
    1.205_533_111_164_271e-4,
    -8.548_326_980_833_79e-4,
    5.223_977_624_818_014e-3,
    -2.686_617_064_507_679_3e-2,
    1.128_379_167_095_487_7e-1,
    -3.761_263_890_318_375e-1,
    1.128_379_167_095_512_6,
];

/// Of `erfc(x) e^x^2` in (x - 2) / (x + 2), x over [1, 6], highest power first.
const FAR: [f64; 17] = [
    -1.135_257_143_972_127_9e-6,
    1.272_567_656_015_026_7e-6,
    4.011_749_649_037_036e-6,
    1.305_857_713_758_803_6e-6,
    -1.399_828_377_368_006_1e-5,
    -2.756_220_920_916_116e-5,
    2.752_717_555_736_41e-5,
    1.743_594_740_045_620_5e-4,
    4.355_558_686_574_505e-5,
    -9.819_769_411_038_633e-4,
    -8.471_432_529_919_497e-4,
    6.997_461_736_971_579e-3,
    3.732_892_404_397_833_8e-3,
    -7.897_858_101_570_61e-2,
    2.416_581_942_424_658_5e-1,
    -4.271_858_474_139_485e-1,
    2.553_956_763_105_057_6e-1,
];

/// The error function.
#[inline(always)]
pub(super) fn erf(x: f64) -> f64 {
    let z = x * x;
    let mut near = 0.0;
    for c in NEAR {
        near = near * z + c;
    }
    let a = x.abs();
    // From 6 on the result is 1; NaN goes through.
    let a = if a > 6.0 { 6.0 } else { a };
    let u = (a - 2.0) / (a + 2.0);
    let mut far = 0.0;
    for c in FAR {
        far = far * u + c;
    }
    let far = (1.0 - super::double::exp(-a * a) * far).copysign(x);
    if z < 1.0 { x * near } else { far }
}
