use cotangent::prelude::*;

fn f(x: f64, n: i32) -> f64 {
    x.powi(n)
}

#[derivative(of = f)]
fn rule(x: f64, cotangent: f64) -> f64 {
    cotangent * x
}

fn g(x: f64, y: f64) -> f64 {
    x * y
}

#[derivative(of = g)]
fn another(x: f64, _y: f64, cotangent: f64) -> f64 {
    cotangent * x
}

#[derivative(g)]
fn malformed(x: f64, cotangent: f64) -> f64 {
    cotangent * x
}

fn main() {}
