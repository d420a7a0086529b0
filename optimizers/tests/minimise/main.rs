//! Minimisers on functions with known optima, within bounds, over models, and in every way of
//! failing.

mod endings;
mod functions;
mod optima;
