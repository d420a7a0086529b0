//! What a program needs of an optimizer: to step a model by its gradient.

/// Updates parameters by a gradient of the same structure; optimizers implement it.
pub trait Update<M> {
    /// What an update did.
    type Report;
    /// Why an update could not be made.
    type Error: std::error::Error;

    /// Updates `parameters` by `gradient`; `loss` is the value at the parameters before.
    ///
    /// # Errors
    /// When nothing could be updated; `parameters` are unchanged then.
    fn update(
        &mut self,
        parameters: &mut M,
        gradient: &M,
        loss: f64,
    ) -> Result<Self::Report, Self::Error>;
}
