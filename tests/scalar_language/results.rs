//! Functions that return a `Result`: the gradient is that of the value, or the error.

use super::*;

#[derive(Clone, Debug, PartialEq)]
enum Failure {
    Domain(f64),
    Empty(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
struct Outer(String);

impl From<Failure> for Outer {
    fn from(failure: Failure) -> Outer {
        Outer(format!("{failure:?}"))
    }
}

#[differentiable]
fn root(x: f64) -> Result<f64, Failure> {
    if x < 0.5 {
        return Err(Failure::Domain(x));
    }
    Ok(x.sqrt())
}

#[differentiable]
fn first_below(x: &[f64], bound: f64) -> Option<f64> {
    for v in x {
        if *v < bound {
            return Some(*v * bound);
        }
    }
    None
}

#[differentiable]
fn roots(x: &[f64]) -> Result<f64, Failure> {
    if x.is_empty() {
        return Err(Failure::Empty("no numbers"));
    }
    let mut total = 0.25;
    for i in 0..x.len() {
        total += root(x[i])? * x[i];
        if total > 6.0 {
            return Ok(total * total);
        }
    }
    Ok(total * root(total + x[0])? + x[0])
}

#[differentiable]
fn converted(x: &[f64], k: f64) -> Result<f64, Outer> {
    let low = first_below(x, k).ok_or(Failure::Empty("nothing below"))?;
    let value = roots(x)?;
    Ok(value * low.sin())
}

#[differentiable]
fn caught(x: &[f64]) -> f64 {
    let mut s = 1.0;
    for i in 0..x.len() {
        s += match root(x[i]) {
            Ok(r) => r * x[i],
            Err(_) => s * x[i],
        };
        if let Ok(r) = roots(&x[i..]) {
            s = s.sin() + 0.25 * r;
        }
    }
    s
}

super::lists::agree! {
    results_are_matched: caught at SIZES;
}

#[test]
fn the_gradient_is_that_of_the_value_or_the_error() {
    let mut failed = 0;
    for n in SIZES {
        for seed in 0..4 {
            let x = noise(n, seed);
            match (roots(&x), roots::value_and_grad(&x)) {
                (Ok(value), Ok((found, gradient))) => {
                    assert!((value - found).abs() <= 1e-12);
                    close(&gradient, &central(|x| roots(x).unwrap(), &x));
                    let along = noise(n, seed + 7);
                    let slope: f64 = gradient.iter().zip(&along).map(|(g, v)| g * v).sum();
                    let tangent = roots::jvp(&x, &along).1.unwrap();
                    assert!((slope - tangent).abs() <= 1e-12 * slope.abs().max(1.0));
                }
                (Err(expected), Err(found)) => {
                    assert_eq!(
                        (&expected, roots::grad(&x)),
                        (&found, Err(expected.clone()))
                    );
                    failed += 1;
                }
                (value, gradient) => panic!("{value:?} with {gradient:?}"),
            }
            if let Ok((_, (dx, dk))) = converted::value_and_grad(&x, 1.1) {
                close(&dx, &central(|x| converted(x, 1.1).unwrap(), &x));
                close(&[dk], &central(|k| converted(&x, k[0]).unwrap(), &[1.1]));
            }
        }
    }
    assert!((5..19).contains(&failed), "{failed}");
    assert_eq!(
        converted::grad(&[0.2, 0.7], 1.0),
        Err(Outer("Domain(0.2)".into()))
    );
    assert_eq!(
        converted::grad(&[0.7], 0.5),
        Err(Outer("Empty(\"nothing below\")".into()))
    );
    gradcheck!(second: caught, &[0.9, 1.4, 0.3, 0.7]);
    assert_eq!(roots::vjp(&[0.64], Ok(2.0)).1.len(), 1);
}
