//! Sine, cosine and tangent in single precision: branch-free, right for every argument, rounded once
//! from double precision.
//!
//! The argument is measured in quarter turns. `|x| = m 2^k` with an integer m of 24 bits, so whatever
//! of `2^k 2/pi` is a multiple of four quarter turns does not count: a table holds the rest for every
//! exponent, to 82 bits, as two doubles whose first has 29 bits, which makes its product with m exact.
//! No float comes closer to a multiple of a quarter turn than 2^-31 of one, and the reduced argument
//! is known to 2^-57. (The idea is Payne's and Hanek's, 1983.)

use std::f64::consts::FRAC_PI_2;

/// The bits of `2/pi` after the point.
const TWO_OVER_PI: [u64; 4] = [
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
];
const MAGIC: f64 = 6_755_399_441_055_744.0;
const HIGH_BITS: usize = 29;
const LOW_BITS: usize = 53;

/// `2^k 2/pi` without multiples of 4, for every exponent field of a float: the first bits, and the next.
static HIGH: [f64; 256] = quarter_turns(0, HIGH_BITS);
static LOW: [f64; 256] = quarter_turns(HIGH_BITS, LOW_BITS);

const fn quarter_turns(skip: usize, count: usize) -> [f64; 256] {
    // Infinities and NaN keep the last entry.
    let mut table = [f64::NAN; 256];
    let mut field = 0;
    while field < 255 {
        // Subnormals have the exponent of the first normal numbers.
        let exponent = (if field == 0 { 1 } else { field }) - 150;
        // Bit i of 2/pi, worth 2^-i, is worth less than 4 from i = exponent - 1 on.
        let first = (if exponent > 2 { exponent - 1 } else { 1 }) + skip as i32;
        let (mut digits, mut bit) = (0_u64, first);
        while bit < first + count as i32 {
            let at = (bit - 1) as usize;
            digits = digits << 1 | (TWO_OVER_PI[at / 64] >> (63 - at % 64) & 1);
            bit += 1;
        }
        // Both factors are exact, and so is the product.
        let worth = exponent - (bit - 1);
        table[field as usize] = digits as f64 * f64::from_bits(((worth + 1023) as u64) << 52);
        field += 1;
    }
    table
}

/// The sine and the cosine of `|x|` without its whole quarter turns, and the number of those modulo 4.
#[inline(always)]
fn reduced(x: f32) -> (f64, f64, u64) {
    let bits = x.to_bits() & 0x7fff_ffff;
    let field = (bits >> 23) as usize & 255;
    let hidden = if field == 0 { 0 } else { 0x0080_0000 };
    let m = f64::from((bits & 0x007f_ffff | hidden) as i32);
    let product = m * HIGH[field];
    let most = (product + MAGIC) - MAGIC;
    let rest = (product - most) + m * LOW[field];
    let more = (rest + MAGIC) - MAGIC;
    let quarters = (most + more + MAGIC).to_bits() & 3;
    let r = (rest - more) * FRAC_PI_2;
    let z = r * r;
    let (mut sine, mut cosine) = (-1.0 / 39_916_800.0, 1.0 / 479_001_600.0);
    for c in [1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0] {
        sine = sine * z + c;
    }
    for c in [
        -1.0 / 3_628_800.0,
        1.0 / 40_320.0,
        -1.0 / 720.0,
        1.0 / 24.0,
        -0.5,
    ] {
        cosine = cosine * z + c;
    }
    (r + r * z * sine, 1.0 + z * cosine, quarters)
}

/// `y`, negated where the bit of weight 2 is set.
#[inline(always)]
fn signed(y: f64, quarters: u64) -> f64 {
    f64::from_bits(y.to_bits() ^ (quarters & 2) << 62)
}

/// Sine.
#[inline(always)]
pub(super) fn sin(x: f32) -> f32 {
    let (sine, cosine, quarters) = reduced(x);
    let y = if quarters & 1 == 0 { sine } else { cosine };
    let y = signed(y, quarters) as f32;
    f32::from_bits(y.to_bits() ^ x.to_bits() & 0x8000_0000)
}

/// Cosine.
#[inline(always)]
pub(super) fn cos(x: f32) -> f32 {
    let (sine, cosine, quarters) = reduced(x);
    let y = if quarters & 1 == 0 { cosine } else { sine };
    signed(y, quarters.wrapping_add(quarters & 1)) as f32
}

/// Tangent.
#[inline(always)]
pub(super) fn tan(x: f32) -> f32 {
    let (sine, cosine, quarters) = reduced(x);
    let even = quarters & 1 == 0;
    let (top, bottom) = if even {
        (sine, cosine)
    } else {
        (-cosine, sine)
    };
    let y = (top / bottom) as f32;
    f32::from_bits(y.to_bits() ^ x.to_bits() & 0x8000_0000)
}
