//! Methods and associated functions: what a companion has stands beside them as `f_grad` and so on.

use cotangent::prelude::*;

use crate::check::{Modes, check, close, noise};

#[derive(Differentiable, Clone, Copy, Debug, PartialEq)]
struct Vec2 {
    x: f64,
    y: f64,
}

impl Vec2 {
    #[differentiable]
    fn new(scale: f64, turn: f64) -> Self {
        Self {
            x: scale * turn.cos(),
            y: scale * turn.sin(),
        }
    }

    #[differentiable]
    fn dot(self, other: Vec2) -> f64 {
        self.x * other.x + self.y * other.y
    }

    #[differentiable]
    fn times(&self, factor: f64) -> Vec2 {
        Vec2 {
            x: self.x * factor,
            ..*self
        }
    }

    #[differentiable]
    fn turn(&mut self, by: f64) {
        let (sin, cos) = (by.sin(), by.cos());
        let x = self.x * cos - self.y * sin;
        self.y = self.x * sin + self.y * cos;
        self.x = x;
    }

    #[differentiable(associated)]
    fn weight(a: f64, b: f64) -> f64 {
        (a * b).tanh()
    }
}

#[derive(Differentiable, Clone, Debug)]
struct Chain {
    links: Vec<Vec2>,
    stiff: [f64; 2],
    #[no_diff]
    steps: usize,
}

impl Chain {
    #[differentiable]
    fn pull(&self, at: usize, k: f64) -> f64 {
        let link = self.links[at];
        let other = Vec2 {
            x: k,
            y: self.stiff[1],
        };
        link.dot(other) * self.stiff[0] + Vec2::weight(link.x, k)
    }

    #[differentiable]
    fn energy(&self, k: f64) -> f64 {
        let mut total = 0.0;
        let mut moved = Self::new_link(self, k);
        for i in 0..self.links.len() {
            total += self.pull(i, k * total) * moved.dot(self.links[i]);
            for _ in 0..self.steps {
                moved.turn(self.stiff[0] * k);
            }
            let longer = moved.times(self.links[i].y);
            moved = longer;
        }
        total + moved.x * moved.y
    }

    #[differentiable]
    fn new_link(of: &Self, k: f64) -> Vec2 {
        Vec2::new(of.stiff[0], k * of.stiff[1])
    }

    #[differentiable(strategy = tape, wrt(self))]
    fn taped(&self, k: f64) -> f64 {
        let mut total = 0.0;
        let mut moved = Self::new_link(self, k);
        for i in 0..self.links.len() {
            total += self.pull(i, k * total) * moved.dot(self.links[i]);
            for _ in 0..self.steps {
                moved.turn(self.stiff[0] * k);
            }
            let longer = moved.times(self.links[i].y);
            moved = longer;
        }
        total + moved.x * moved.y
    }
}

#[differentiable]
fn of_chain(chain: &Chain, k: f64) -> f64 {
    let e = chain.energy(k);
    e * chain.pull(0, e) + Chain::energy(chain, 0.3)
}

/// A polynomial of any degree.
#[derive(Differentiable, Clone, Debug)]
struct Polynomial<const N: usize> {
    coefficients: [f64; N],
}

impl<const N: usize> Polynomial<N> {
    #[differentiable]
    fn at(&self, x: f64) -> f64 {
        let mut sum = 0.0;
        for k in 0..N {
            sum = sum * x + self.coefficients[k];
        }
        sum
    }
}

fn chain(n: usize, seed: usize) -> Chain {
    let x = noise(2 * n + 2, seed);
    Chain {
        links: (0..n)
            .map(|i| Vec2 {
                x: x[i],
                y: x[n + i],
            })
            .collect(),
        stiff: [x[2 * n], x[2 * n + 1]],
        steps: 2,
    }
}

#[test]
fn methods_that_call_methods() {
    for n in [1, 2, 3] {
        for seed in 0..2 {
            let c = chain(n, seed);
            check(
                "energy",
                &c,
                &Modes {
                    primal: &|c| c.energy(0.4),
                    chosen: &|c| {
                        let (value, (gradient, _)) = c.energy_value_and_grad(0.4);
                        (value, gradient)
                    },
                    taped: &|c| c.taped_value_and_grad(0.4),
                    jvp: &|c, d| c.energy_jvp(0.4, d, 0.0),
                    hvp: &|c, d| c.energy_hvp(0.4, d, 0.0).0,
                },
            );
            check(
                "of_chain",
                &c,
                &Modes {
                    primal: &|c| of_chain(c, 0.4),
                    chosen: &|c| {
                        let (value, (gradient, _)) = of_chain::value_and_grad(c, 0.4);
                        (value, gradient)
                    },
                    taped: &|c| {
                        let mut gradient = (c.clone(), 0.0);
                        let value = of_chain::value_and_grad_into(c, 0.4, &mut gradient);
                        (value, gradient.0)
                    },
                    jvp: &|c, d| of_chain::jvp(c, 0.4, d, 0.0),
                    hvp: &|c, d| of_chain::hvp(c, 0.4, d, 0.0).0,
                },
            );
            let (_, (_, dk)) = c.energy_value_and_grad(0.4);
            let h = 1e-3;
            let f = |k: f64| c.energy(0.4 + k);
            let slope = (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
            close("k", &[dk], &[slope], 1e-8);
            assert_eq!(c.energy_grad(0.4).1, dk);
        }
    }
}

#[test]
fn receivers_of_every_kind() {
    let (a, b) = (Vec2 { x: 2.0, y: 3.0 }, Vec2 { x: 5.0, y: 7.0 });
    assert_eq!(a.dot_value_and_grad(b), (31.0, (b, a)));
    let cotangent = Vec2 { x: 1.0, y: 10.0 };
    let (_, (dscale, dturn)) = Vec2::new_vjp(2.0, 0.0, cotangent);
    assert_eq!((dscale, dturn), (1.0, 20.0));
    let (value, (da, dfactor)) = a.times_vjp(4.0, cotangent);
    assert_eq!(value, Vec2 { x: 8.0, y: 3.0 });
    assert_eq!((da, dfactor), (Vec2 { x: 4.0, y: 10.0 }, 2.0));
    let mut turned = a;
    let (da, by) = turned.turn_vjp(0.0, cotangent);
    assert_eq!((turned, da, by), (a, cotangent, -3.0 + 20.0));
    let jacobian = Vec2::weight_grad(0.0, 2.0);
    assert_eq!(jacobian, (2.0, 0.0));
    let p = Polynomial {
        coefficients: [1.0, 2.0, 3.0],
    };
    let (value, (dp, dx)) = p.at_value_and_grad(2.0);
    assert_eq!((value, dp.coefficients, dx), (11.0, [4.0, 2.0, 1.0], 6.0));
    assert_eq!(p.at_hessian(2.0).row(3), [4.0, 1.0, 0.0, 2.0]);
}
