//! Models as their users write them, each with its gradient against central differences of the eager
//! function: what a layer, a loss and a loop over time are together.

#[path = "../common/mod.rs"]
mod common;

mod generative;
mod probabilistic;
mod sequences;
mod structures;

/// Binds a loss over a model and compares value and gradient with the eager function and its differences.
macro_rules! check_model {
    ($loss:path, $model:expr $(, $data:expr)*) => {{
        use $loss as the_loss;
        let model = $model;
        let mut program = the_loss::bind(&model $(, $data)*).unwrap();
        let (value, gradient) = program.value_and_grad(&model $(, $data)*).unwrap();
        let eager = the_loss(&model $(, $data)*);
        assert!((value - eager).abs() <= 1e-11 * eager.abs().max(1.0), "{value}, eagerly {eager}");
        crate::common::check_gradient(&model, gradient, |model| the_loss(model $(, $data)*));
    }};
}
pub(crate) use check_model;
