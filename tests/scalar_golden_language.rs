//! Golden programs of the scalar language: patterns, iterators, vectors, calls, written as a user
//! would write them, against values and gradients computed by JAX in double precision
//! (`tests/reference/scalar_programs_language.json`; the first programs are in
//! `scalar_golden_programs.rs`).

#![allow(
    clippy::all,
    reason = "the programs under test are written to have certain forms"
)]

use cotangent::prelude::*;
use serde_json::Value;

#[path = "scalar_golden_language/case.rs"]
mod case;
#[path = "scalar_golden_language/finance.rs"]
mod finance;
#[path = "scalar_golden_language/models.rs"]
mod models;
#[path = "scalar_golden_language/nested.rs"]
mod nested;
#[path = "scalar_golden_language/numerics.rs"]
mod numerics;
#[path = "scalar_golden_language/optimum.rs"]
mod optimum;
#[path = "scalar_golden_language/physics.rs"]
mod physics;

use case::{Case, Found, found};
use finance::*;
use models::*;
use nested::*;
use numerics::*;
use optimum::*;
use physics::*;

/// Relative to the largest entry; iterations amplify the last digits.
const TOLERANCE: f64 = 1e-10;

type Program = fn(&Case) -> Found;

/// The program of each function, or of one of its variants.
const PROGRAMS: &[(&str, Program)] = &[
    ("babylonian_fixed", |c| {
        found(babylonian_fixed::value_and_grad(
            c.float(0),
            c.parameter("passes"),
        ))
    }),
    ("bisection_free_root", |c| {
        found(bisection_free_root::value_and_grad(c.float(0), c.float(1)))
    }),
    ("if_else_chain", |c| {
        found(if_else_chain::vjp(c.list(0), c.cotangent()))
    }),
    ("match_mode", |c| {
        found(match_mode::value_and_grad(c.float(0), c.float(1)))
    }),
    ("ode_rk4/exponential_decay", |c| {
        found(exponential_decay::value_and_grad(c.float(0), c.float(1)))
    }),
    ("ode_rk4/lotka_volterra", |c| {
        found(lotka_volterra::vjp(
            c.float(0),
            c.float(1),
            c.float(2),
            c.float(3),
            c.float(4),
            c.float(5),
            c.cotangent().try_into().expect("as many as the result has"),
        ))
    }),
    ("ode_rk4/lorenz", |c| {
        found(lorenz::vjp(
            c.list(0),
            c.float(1),
            c.float(2),
            c.float(3),
            c.cotangent(),
        ))
    }),
    ("ode_leapfrog", |c| {
        found(ode_leapfrog::vjp(
            c.list(0),
            c.list(1),
            c.float(2),
            c.cotangent(),
        ))
    }),
    ("pde_heat", |c| {
        found(pde_heat::value_and_grad(c.list(0), c.float(1), c.list(2)))
    }),
    ("nbody_energy", |c| {
        found(nbody_energy::value_and_grad(
            &c.rows::<3>(0),
            &c.rows::<3>(1),
            c.list(2),
        ))
    }),
    ("lennard_jones", |c| {
        found(lennard_jones::value_and_grad(
            &c.rows::<3>(0),
            c.float(1),
            c.float(2),
        ))
    }),
    ("hooke_chain", |c| {
        found(hooke_chain::value_and_grad(
            &c.rows::<2>(0),
            c.list(1),
            c.list(2),
        ))
    }),
    ("van_der_waals", |c| {
        found(van_der_waals::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.float(3),
            c.float(4),
        ))
    }),
    ("gmm_nll", |c| {
        found(gmm_nll::value_and_grad(
            c.list(0),
            c.list(1),
            c.list(2),
            c.list(3),
        ))
    }),
    ("kalman_loglik", |c| {
        found(kalman_loglik::value_and_grad(
            c.float(0),
            c.float(1),
            c.list(2),
        ))
    }),
    ("hmm_forward", |c| {
        found(hmm_forward::value_and_grad(
            c.list(0),
            c.list(1),
            c.list(2),
            &c.integers(3),
        ))
    }),
    ("linear_chain_crf", |c| {
        found(linear_chain_crf::value_and_grad(
            &c.rows::<3>(0),
            &c.rows::<3>(1),
            &c.integers(2),
        ))
    }),
    ("garch_nll", |c| {
        found(garch_nll::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.list(3),
        ))
    }),
    ("arma_css", |c| {
        found(arma_css::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.list(3),
        ))
    }),
    ("bayes_logistic_logpost", |c| {
        found(bayes_logistic_logpost::value_and_grad(
            c.list(0),
            &c.rows::<2>(1),
            c.list(2),
        ))
    }),
    ("elo_nll", |c| {
        found(elo_nll::value_and_grad(
            c.list(0),
            &c.integers(1),
            &c.integers(2),
        ))
    }),
    ("black_scholes_put", |c| {
        found(black_scholes_put::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.float(3),
            c.float(4),
        ))
    }),
    ("black_scholes_call", |c| {
        found(black_scholes_call::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.float(3),
            c.float(4),
        ))
    }),
    ("heston_path", |c| {
        found(heston_path::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.float(3),
            c.float(4),
            c.list(5),
        ))
    }),
    ("binomial_tree", |c| {
        found(binomial_tree::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.float(3),
        ))
    }),
    ("bond_yield", |c| {
        found(bond_yield::value_and_grad(c.float(0), c.float(1)))
    }),
    ("portfolio_sharpe", |c| {
        found(portfolio_sharpe::value_and_grad(
            c.list(0),
            c.list(1),
            c.list(2),
        ))
    }),
    ("robot_arm/3_links_planar", |c| {
        found(planar_arm::value_and_grad(c.list(0), c.list(1)))
    }),
    ("robot_arm/6_joint_dh", |c| {
        found(arm_of_six::vjp(
            c.list(0),
            c.list(1),
            c.list(2),
            c.list(3),
            c.cotangent().try_into().expect("as many as the result has"),
        ))
    }),
    ("ray_sphere_depth", |c| {
        found(ray_sphere_depth::value_and_grad(
            c.list(0),
            c.float(1),
            c.list(2),
        ))
    }),
    ("ray_sphere_shading", |c| {
        found(ray_sphere_shading::value_and_grad(
            c.list(0),
            c.float(1),
            c.list(2),
            c.float(3),
        ))
    }),
    ("sdf_sphere_trace", |c| {
        found(sdf_sphere_trace::value_and_grad(
            c.list(0),
            c.list(1),
            c.float(2),
        ))
    }),
    ("pinn_residual/poisson_1d", |c| {
        found(poisson_residual::value_and_grad(
            c.list(0),
            c.list(1),
            c.list(2),
            c.list(3),
        ))
    }),
    ("pinn_residual/heat_2d", |c| {
        found(heat_residual::value_and_grad(
            &c.rows::<2>(0),
            c.list(1),
            c.list(2),
            &c.rows::<2>(3),
        ))
    }),
    ("gradient_penalty", |c| {
        found(gradient_penalty::value_and_grad(
            &c.rows::<3>(0),
            c.list(1),
            &c.rows::<3>(2),
        ))
    }),
    ("hamiltonian_flow", |c| {
        found(hamiltonian_flow::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
        ))
    }),
    ("bezier_length", |c| {
        found(bezier_length::value_and_grad(&c.rows::<2>(0)))
    }),
    ("henon_map", |c| {
        found(henon_map::value_and_grad(c.float(0), c.float(1)))
    }),
    ("chebyshev", |c| {
        found(chebyshev::value_and_grad(c.list(0), c.float(1)))
    }),
    ("det_recursive", |c| {
        found(det_recursive::value_and_grad(c.list(0)))
    }),
    ("bspline", |c| {
        found(bspline::vjp(
            &c.rows::<2>(0),
            c.list(1),
            c.cotangent_rows::<2>(),
        ))
    }),
    ("catmull_rom", |c| {
        found(catmull_rom::value_and_grad(c.list(0), c.float(1)))
    }),
    ("gauss_legendre", |c| {
        found(gauss_legendre::value_and_grad(c.float(0), c.float(1)))
    }),
    ("dft_power", |c| found(dft_power::value_and_grad(c.list(0)))),
    ("gradient_descent_unrolled", |c| {
        found(gradient_descent_unrolled::value_and_grad(
            c.float(0),
            c.list(1),
            &c.rows::<2>(2),
        ))
    }),
    ("conjugate_gradient", |c| {
        found(conjugate_gradient::vjp(
            &c.rows::<3>(0),
            c.list(1),
            c.cotangent().try_into().expect("as many as the result has"),
        ))
    }),
    ("lstm_cell_by_hand", |c| {
        found(lstm_cell_by_hand::value_and_grad(
            c.float(0),
            c.float(1),
            c.float(2),
            c.list(3),
            c.list(4),
            c.list(5),
        ))
    }),
    ("test_ackley", |c| {
        found(test_ackley::value_and_grad(c.list(0)))
    }),
    ("test_rastrigin", |c| {
        found(test_rastrigin::value_and_grad(c.list(0)))
    }),
    ("test_styblinski_tang", |c| {
        found(test_styblinski_tang::value_and_grad(c.list(0)))
    }),
    ("test_sphere", |c| {
        found(test_sphere::value_and_grad(c.list(0)))
    }),
    ("test_schwefel", |c| {
        found(test_schwefel::value_and_grad(c.list(0)))
    }),
    ("test_levy", |c| found(test_levy::value_and_grad(c.list(0)))),
    ("test_zakharov", |c| {
        found(test_zakharov::value_and_grad(c.list(0)))
    }),
    ("test_dixon_price", |c| {
        found(test_dixon_price::value_and_grad(c.list(0)))
    }),
    ("test_himmelblau", |c| {
        found(test_himmelblau::value_and_grad(c.float(0), c.float(1)))
    }),
    ("test_booth", |c| {
        found(test_booth::value_and_grad(c.float(0), c.float(1)))
    }),
    ("test_goldstein_price", |c| {
        found(test_goldstein_price::value_and_grad(c.float(0), c.float(1)))
    }),
    ("test_mccormick", |c| {
        found(test_mccormick::value_and_grad(c.float(0), c.float(1)))
    }),
    ("test_three_hump_camel", |c| {
        found(test_three_hump_camel::value_and_grad(
            c.float(0),
            c.float(1),
        ))
    }),
    ("test_matyas", |c| {
        found(test_matyas::value_and_grad(c.float(0), c.float(1)))
    }),
];

fn compare(id: &str, what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{id} {what}");
    let scale = expected
        .iter()
        .fold(1.0_f64, |scale, entry| scale.max(entry.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() <= tolerance * scale,
            "{id} {what}: {f}, the reference says {e}"
        );
    }
}

#[test]
fn programs() {
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("the reference is JSON");
    let first = read(include_str!("reference/scalar_programs.json"));
    let file = read(include_str!("reference/scalar_programs_language.json"));
    let mut count = 0;
    let mut seen = std::collections::BTreeSet::new();
    for case in file["cases"].as_array().expect("a list of cases") {
        let case = Case(case);
        let (id, name) = (case.text("id"), case.text("function"));
        let variant = id.strip_prefix("programs/").unwrap_or(id);
        let (known, program) = PROGRAMS
            .iter()
            .find(|(known, _)| *known == name || *known == variant)
            .unwrap_or_else(|| panic!("{id} has no program"));
        let found = program(&case);
        let tolerance = case.0["rtol"].as_f64().unwrap_or(TOLERANCE);
        compare(id, "value", &found.value, &case.output(), tolerance);
        let inputs = case.differentiable();
        assert_eq!(inputs.len(), found.gradients.len(), "{id}");
        for (input, gradient) in inputs.iter().zip(&found.gradients) {
            compare(id, input, gradient, &case.gradient(input), tolerance);
        }
        seen.insert(*known);
        count += 1;
    }
    println!("golden: {count} cases");
    assert_eq!(seen.len(), PROGRAMS.len(), "a program has no case");
    let elsewhere = first["cases"].as_array().map_or(0, Vec::len);
    assert_eq!(count + elsewhere, 94, "the group has 94 cases");
}
