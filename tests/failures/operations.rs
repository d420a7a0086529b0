//! Every operation inside of a loop, its operand inline and bound by `let`, and every operation of
//! two operands on one variable.

use crate::common::strategies::programs;

/// The operations of one operand; the operand is brought to where it is smooth.
macro_rules! unary {
    ($($name:ident |$v:ident| $body:expr;)*) => {
        mod inline {
            use super::*;
            use cotangent::functions as f;
            programs! {
                $(fn $name(x: &[f64], y: &[f64]) -> f64 {
                    let mut s = 0.3;
                    for i in 0..x.len() {
                        let $v = s * x[i];
                        s = $body * 0.5 + y[i] * s * 0.2;
                    }
                    s
                })*
            }
        }
        mod bound {
            use super::*;
            use cotangent::functions as f;
            programs! {
                $(fn $name(x: &[f64], y: &[f64]) -> f64 {
                    let mut s = 0.3;
                    let mut kept = 0.0;
                    for i in 0..x.len() {
                        let $v = s * x[i];
                        let w = $body;
                        kept += w * y[i];
                        s = w * 0.4 + kept * 0.1;
                    }
                    s * kept
                })*
            }
        }
    };
}

unary! {
    neg |v| -v;
    abs |v| v.abs();
    exp |v| v.exp();
    exp2 |v| v.exp2();
    exp_m1 |v| v.exp_m1();
    ln |v| (v * v + 0.5).ln();
    log2 |v| (v * v + 0.5).log2();
    log10 |v| (v * v + 0.5).log10();
    ln_1p |v| (v * v).ln_1p();
    sqrt |v| (v * v + 0.5).sqrt();
    cbrt |v| (v * v + 0.5).cbrt();
    recip |v| (v * v + 0.5).recip();
    sin |v| v.sin();
    cos |v| v.cos();
    tan |v| (0.3 * v.sin()).tan();
    asin |v| (0.9 * v.sin()).asin();
    acos |v| (0.9 * v.sin()).acos();
    atan |v| v.atan();
    sinh |v| v.sin().sinh();
    cosh |v| v.sin().cosh();
    tanh |v| v.tanh();
    asinh |v| v.asinh();
    acosh |v| (v * v + 1.5).acosh();
    atanh |v| (0.8 * v.sin()).atanh();
    sigmoid |v| f::sigmoid(v);
    softplus |v| f::softplus(v);
    erf |v| f::erf(v);
    erfc |v| f::erfc(v);
    lgamma |v| f::lgamma(v * v + 0.5);
    relu |v| f::relu(v + 0.01);
    powi |v| v.powi(3);
    negative_powi |v| (v * v + 0.5).powi(-2);
    powf |v| (v * v + 0.5).powf(v);
    atan2 |v| v.atan2(v + 1.0);
    hypot |v| v.hypot(v * 0.5 + 1.0);
    max |v| v.max(v * v + 0.03);
    min |v| v.min(v * v + 0.03);
    rem |v| (v + 1.3) % (v * 0.1 + 0.7);
    copysign |v| v.copysign(-v);
    mul_add |v| v.mul_add(v, v);
    div |v| v / (v + 1.5);
    clamp |v| v.clamp(-0.9, 1.1);
    stepped |v| v * v.floor() + v.fract();
}

/// Operations of two operands, both the same variable.
mod same_operands {
    use super::*;
    programs! {
        fn every_pair(x: &[f64], y: &[f64]) -> f64 {
            let mut s = 0.4;
            for i in 0..x.len() {
                let v = x[i] * s + y[i];
                s += (v + v) * 0.1 + (v - v) * 3.0 + v * v * 0.2 + v / v * 2.0;
                s += v.max(v) * 0.3 - v.min(v) * 0.2 + v.hypot(v) * 0.1 + v.atan2(v);
                s += v.powf(v) * 0.1 + v % v + v.copysign(v) * 0.2 + v.mul_add(v, v) * 0.1;
                s = s.sin() * 0.5 + 0.6;
            }
            s
        }

        fn elements_of_one_array(x: &[f64], y: &[f64]) -> f64 {
            let mut a = [0.5, 1.5];
            for i in 0..x.len() {
                let k = i % 2;
                a[k] += a[k] * a[k] * 0.1 + x[i];
                a[k] = a[k] - a[k] * a[k] * 0.05 * y[i];
                a[k] *= a[k] * 0.5;
            }
            a[0] * a[0] + a[1] * a[1] * a[0]
        }
    }
}
