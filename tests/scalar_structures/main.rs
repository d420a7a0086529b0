//! Structures in scalar functions: every mode against differences, fastest and taped reverse.

#![allow(
    clippy::all,
    reason = "the programs under test are written to have certain forms"
)]

mod check;
mod methods;
mod programs;
mod results;
