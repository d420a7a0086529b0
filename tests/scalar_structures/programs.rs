//! Programs that read and write fields.

use cotangent::prelude::*;

use crate::check::{Modes, check, noise};

#[derive(Differentiable, Clone, Debug, PartialEq)]
pub(crate) struct Body {
    pub(crate) mass: f64,
    pub(crate) at: [f64; 3],
    pub(crate) speed: (f64, f64),
}

#[derive(Differentiable, Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Plain,
    Bent,
}

#[derive(Differentiable, Clone, Debug, PartialEq)]
pub(crate) struct Model {
    pub(crate) w: Vec<f64>,
    pub(crate) rows: Vec<[f64; 2]>,
    pub(crate) bodies: Vec<Body>,
    pub(crate) center: Body,
    pub(crate) bias: Option<f64>,
    pub(crate) extra: Option<Body>,
    pub(crate) scale: f64,
    pub(crate) count: usize,
    pub(crate) kind: Kind,
    #[no_diff]
    pub(crate) rate: f64,
    #[no_diff]
    pub(crate) table: Vec<f64>,
}

pub(crate) fn body(seed: usize) -> Body {
    let x = noise(6, seed);
    Body {
        mass: x[0],
        at: [x[1], x[2], x[3]],
        speed: (x[4], x[5]),
    }
}

pub(crate) fn model(n: usize, seed: usize) -> Model {
    let x = noise(20, seed);
    Model {
        w: noise(n, seed),
        rows: (0..n).map(|k| [x[k], x[k + 1]]).collect(),
        bodies: (0..n).map(|k| body(seed + k)).collect(),
        center: body(seed + 9),
        bias: (n % 2 == 0).then_some(0.4),
        extra: (n % 3 == 0).then(|| body(seed + 11)),
        scale: x[19],
        count: n,
        kind: if n % 2 == 0 { Kind::Plain } else { Kind::Bent },
        rate: 0.3,
        table: noise(n, 17),
    }
}

macro_rules! structures {
    ($(fn $name:ident($m:ident: &Model, $x:ident: &[f64]) -> f64 $body:tt)*) => {
        mod chosen {
            use super::*;
            $(#[differentiable] pub(super) fn $name($m: &Model, $x: &[f64]) -> f64 $body)*
        }
        mod taped {
            use super::*;
            $(#[differentiable(strategy = tape, wrt($m))]
            pub(super) fn $name($m: &Model, $x: &[f64]) -> f64 $body)*
        }
        $(#[test]
        fn $name() {
            for n in [0, 1, 2, 3, 4] {
                for seed in 0..2 {
                    let (m, x) = (model(n, seed), noise(4, seed + 3));
                    let none = vec![0.0; x.len()];
                    let (_, (gradient, _)) = chosen::$name::value_and_grad(&m, &x);
                    assert_eq!((gradient.rate, &gradient.table), (m.rate, &m.table));
                    check(stringify!($name), &m, &Modes {
                        primal: &|m| chosen::$name(m, &x),
                        chosen: &|m| {
                            let (value, (gradient, _)) = chosen::$name::value_and_grad(m, &x);
                            (value, gradient)
                        },
                        taped: &|m| taped::$name::value_and_grad(m, &x),
                        jvp: &|m, d| chosen::$name::jvp(m, &x, d, &none),
                        hvp: &|m, d| chosen::$name::hvp(m, &x, d, &none).0,
                    });
                    let check = |x: &[f64]| chosen::$name::__check(&m, x).assert();
                    check(&x);
                }
            }
        })*
    };
}

structures! {
    fn reads(m: &Model, x: &[f64]) -> f64 {
        let mut total = m.scale * x[0].sin() * m.rate;
        for i in 0..m.w.len() {
            total += m.w[i] * m.rows[i][0].powi(2) * m.table[i] - m.rows[i][1] * x[i % 4];
        }
        for body in &m.bodies {
            total += 0.5 * body.mass * (body.speed.0 * body.speed.0 + body.speed.1.cos());
            for k in 0..3 {
                total += body.at[k] * m.center.at[k] * m.scale;
            }
        }
        total
    }

    fn integers(m: &Model, x: &[f64]) -> f64 {
        let half = m.count / 2;
        let n = m.count;
        let mut total = m.scale;
        for i in 0..n {
            if i >= half {
                total *= m.w[i];
            } else {
                total += m.w[i].powi(m.count as i32) / (n + 1) as f64;
            }
        }
        total * (2 * m.count + 1) as f64 + m.count as f64 * m.scale * x[n % 4]
    }

    fn choices(m: &Model, x: &[f64]) -> f64 {
        let bend = match m.kind {
            Kind::Plain => m.scale,
            Kind::Bent => (m.scale * x[1]).tanh(),
        };
        let bias = match m.bias {
            Some(b) => b * b,
            None => 0.25,
        };
        let mut total = bend + bias * m.scale;
        if let Some(extra) = &m.extra {
            total += extra.mass * extra.at[1] * bend;
        }
        if m.kind == Kind::Bent && m.scale > 0.1 {
            total += m.center.mass.ln();
        }
        total
    }

    fn writes(m: &Model, x: &[f64]) -> f64 {
        let mut body = m.center.clone();
        for i in 0..m.w.len() {
            body.mass = body.mass * 0.5 + m.w[i] * body.at[i % 3];
            body.at[i % 3] *= body.mass.sin();
            body.speed.0 -= body.speed.1 * x[i % 4];
            body.speed = (body.speed.1, body.speed.0 + m.scale);
        }
        let copy = body.clone();
        body.at = [copy.mass, copy.at[0] * body.at[2], m.scale];
        body.mass * copy.mass + body.at[0] * body.at[1] + body.at[2] + body.speed.0 * copy.speed.1
    }

    fn literals(m: &Model, x: &[f64]) -> f64 {
        let (mass, scale) = (m.center.mass, m.scale);
        let mut list = Vec::new();
        for i in 0..m.w.len() {
            let body = Body { mass: m.w[i] * scale, at: [x[i % 4], mass, m.w[i]], speed: m.center.speed };
            let moved = Body { mass: body.mass + 1.0, ..body.clone() };
            list.push(Body { at: [moved.mass, body.at[1], scale], ..moved });
        }
        let mut total = 0.0;
        for body in list.iter() {
            total += body.mass * body.at[0] * body.at[2] + body.speed.0 * body.at[1];
        }
        total + mass
    }

    fn patterns(m: &Model, x: &[f64]) -> f64 {
        let Body { mass, at: [a, b, c], speed: (u, v) } = m.center.clone();
        let Model { w, scale, bodies, .. } = m;
        let mut total = mass * a + b * u - c * v * *scale + x[2] * mass;
        for (w, Body { mass, at, .. }) in w.iter().zip(bodies) {
            total += w * mass * at[0];
        }
        total
    }

    fn moments(m: &Model, x: &[f64]) -> f64 {
        let total: f64 = m.bodies.iter().map(|b| b.mass).sum();
        let mut state = m.bodies.clone();
        for step in 0..3 {
            for i in 0..state.len() {
                let pull = (m.center.at[step] - state[i].at[step]) * m.scale * x[step];
                state[i].speed.0 += pull * state[i].mass;
                state[i].at[step] += 0.1 * state[i].speed.0;
            }
            if step == 1 {
                continue;
            }
            for body in state.iter_mut() {
                body.mass *= 0.9;
            }
        }
        state.iter().map(|b| b.mass * b.at[0] * b.at[2]).sum::<f64>() + total * total
    }
}
