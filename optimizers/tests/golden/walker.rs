//! What walks along a trajectory: an optimizer, alone or with something around it.

use cotangent_optimizers::{Adam, Average, Lookahead, Optimizer, StepInput, TensorRule};

use crate::problem::{Model, Problem};

/// Something that moves parameters by one step.
pub(crate) trait Walker {
    fn step(&mut self, model: &mut Model, problem: &Problem);

    /// The second view, for rules that have one.
    fn view(&self, model: &Model) -> Model {
        model.clone()
    }
}

impl<R: TensorRule> Walker for Optimizer<R> {
    fn step(&mut self, model: &mut Model, problem: &Problem) {
        let (loss, gradient, _) = problem.evaluate(model);
        let report = self.step_with(model, &gradient, StepInput::default().loss(loss));
        assert!(report.unwrap().applied());
    }

    fn view(&self, model: &Model) -> Model {
        self.eval_params(model).unwrap()
    }
}

/// Calls a closure with model and problem.
pub(crate) struct By<F>(pub(crate) F);

impl<F: FnMut(&mut Model, &Problem)> Walker for By<F> {
    fn step(&mut self, model: &mut Model, problem: &Problem) {
        (self.0)(model, problem);
    }
}

/// Adam, and an average of what it does.
pub(crate) struct Averaged {
    pub(crate) optimizer: Optimizer<Adam>,
    pub(crate) average: Average<Model>,
}

impl Walker for Averaged {
    fn step(&mut self, model: &mut Model, problem: &Problem) {
        self.optimizer
            .step(model, &problem.evaluate(model).1)
            .unwrap();
        self.average.update(model).unwrap();
    }

    fn view(&self, _: &Model) -> Model {
        self.average.model().clone()
    }
}

/// An optimizer, and slow parameters that follow it.
pub(crate) struct Ahead<R: TensorRule> {
    pub(crate) optimizer: Optimizer<R>,
    pub(crate) lookahead: Lookahead<Model>,
    pub(crate) resets: bool,
}

impl<R: TensorRule> Walker for Ahead<R> {
    fn step(&mut self, model: &mut Model, problem: &Problem) {
        self.optimizer
            .step(model, &problem.evaluate(model).1)
            .unwrap();
        if self.lookahead.update(model).unwrap() && self.resets {
            self.optimizer.reset(model).unwrap();
        }
    }

    fn view(&self, _: &Model) -> Model {
        self.lookahead.slow().clone()
    }
}
