//! An optimizer as a bound program uses it: `program.step_with(&mut model, .., &mut optimizer)`.

use cotangent_runtime::{Leaves, Update};

use crate::{Error, Optimizer, StepInput, StepReport, TensorRule};

impl<R: TensorRule, M: Leaves> Update<M> for Optimizer<R> {
    type Report = StepReport;
    type Error = Error;

    fn update(&mut self, parameters: &mut M, gradient: &M, loss: f64) -> Result<StepReport, Error> {
        self.step_with(parameters, gradient, StepInput::default().loss(loss))
    }
}
