//! What is minimised: closures over a flat point, or over a model, as one kind of problem.

use cotangent_runtime::{Leaves, Path};

use super::point;
use crate::Error;

/// A function of a flat point, with its gradient.
pub trait Problem {
    /// The value at `x`; `gradient` is overwritten.
    ///
    /// # Errors
    /// What the function itself reports.
    fn value_and_gradient(&mut self, x: &[f64], gradient: &mut Vec<f64>) -> Result<f64, Error>;
}

/// A problem that also gives the Hessian times a direction.
pub trait ProductCurvature: Problem {
    /// The product at `x`; `product` is overwritten.
    ///
    /// # Errors
    /// What the function itself reports.
    fn product(&mut self, x: &[f64], along: &[f64], product: &mut Vec<f64>) -> Result<(), Error>;
}

/// A problem that also gives its whole Hessian.
pub trait DenseCurvature: Problem {
    /// The Hessian at `x`, row after row; `hessian` is overwritten.
    ///
    /// # Errors
    /// What the function itself reports.
    fn hessian(&mut self, x: &[f64], hessian: &mut Vec<f64>) -> Result<(), Error>;
}

impl<P: Problem> Problem for &mut P {
    fn value_and_gradient(&mut self, x: &[f64], gradient: &mut Vec<f64>) -> Result<f64, Error> {
        (**self).value_and_gradient(x, gradient)
    }
}

impl<P: ProductCurvature> ProductCurvature for &mut P {
    fn product(&mut self, x: &[f64], along: &[f64], product: &mut Vec<f64>) -> Result<(), Error> {
        (**self).product(x, along, product)
    }
}

impl<P: DenseCurvature> DenseCurvature for &mut P {
    fn hessian(&mut self, x: &[f64], hessian: &mut Vec<f64>) -> Result<(), Error> {
        (**self).hessian(x, hessian)
    }
}

/// A closure that overwrites a gradient and yields the value.
pub trait Function: FnMut(&[f64], &mut Vec<f64>) -> Result<f64, Error> {}

impl<F: FnMut(&[f64], &mut Vec<f64>) -> Result<f64, Error>> Function for F {}

/// A problem made of a closure; see [`objective`], [`objective_into`] and [`model_objective`].
pub struct Objective<F> {
    function: F,
}

/// A problem from a function that yields value and gradient, as a companion's `value_and_grad`:
/// `objective(|w| nll::value_and_grad(w, &x, &y))`.
pub fn objective(mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>)) -> Objective<impl Function> {
    Objective {
        function: move |x: &[f64], gradient: &mut Vec<f64>| {
            let (value, computed) = function(x);
            *gradient = computed;
            Ok(value)
        },
    }
}

/// A problem from a function that overwrites a gradient, as a companion's `value_and_grad_into`,
/// which allocates nothing: `objective_into(|w, g| nll::value_and_grad_into(w, &x, &y, g))`.
pub fn objective_into(
    mut function: impl FnMut(&[f64], &mut Vec<f64>) -> f64,
) -> Objective<impl Function> {
    Objective {
        function: move |x: &[f64], gradient: &mut Vec<f64>| Ok(function(x, gradient)),
    }
}

/// A problem over the leaves of a model, in their order: `model` gives the structure, and the
/// minimiser is given the model to start from.
///
/// ```
/// use cotangent_optimizers::minimise::{Bfgs, model_objective};
/// type Model = Vec<Vec<f64>>;
/// let mut model: Model = vec![vec![3.0], vec![-1.0, 2.0]];
/// // The sum of (x - 1)^2 over all elements.
/// let problem = model_objective(&model, |model: &Model, gradient| {
///     let mut grads = model.clone();
///     grads.iter_mut().flatten().for_each(|x| *x = 2.0 * (*x - 1.0));
///     gradient.set(&grads); // of a program: `gradient.set(program.value_and_grad(..)?.1)`
///     let value: f64 = model.iter().flatten().map(|x| (x - 1.0).powi(2)).sum();
///     Ok::<_, std::fmt::Error>(value)
/// });
/// Bfgs::default().minimise(problem, &mut model)?;
/// assert!(model.iter().flatten().all(|x| (x - 1.0).abs() < 1e-8));
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
pub fn model_objective<M, E, F>(
    model: &M,
    mut function: F,
) -> Objective<impl Function + use<M, E, F>>
where
    M: Leaves + Clone,
    E: std::fmt::Display,
    F: FnMut(&M, &mut Gradient<'_>) -> Result<f64, E>,
{
    let mut scratch = model.clone();
    Objective {
        function: move |x: &[f64], gradient: &mut Vec<f64>| {
            point::write(x, &mut scratch);
            gradient.clear();
            function(&scratch, &mut Gradient { flat: gradient })
                .map_err(|error| Error::evaluation(format!("the objective failed: {error}")))
        },
    }
}

/// Where the function of a [`model_objective`] puts its gradient.
pub struct Gradient<'a> {
    flat: &'a mut Vec<f64>,
}

impl Gradient<'_> {
    /// Takes the gradient, a structure with the leaves of the model.
    pub fn set(&mut self, gradient: &(impl Leaves + ?Sized)) {
        self.flat.clear();
        gradient.leaves(&Path::Root, &mut |_, leaf| {
            if leaf.rows.is_some() {
                // A minimiser works on all of a table.
                leaf.each_at(None, |x| self.flat.push(x));
            } else {
                leaf.data.each(|x| self.flat.push(x));
            }
        });
    }
}

impl<F: Function> Objective<F> {
    /// Adds products of the Hessian with a direction, as of a companion's `hvp`:
    /// `objective(..).with_products(|w, d| nll::hvp(w, &x, &y, d))`.
    pub fn with_products<H>(self, products: H) -> WithProducts<F, H>
    where
        H: FnMut(&[f64], &[f64]) -> Vec<f64>,
    {
        WithProducts {
            objective: self,
            products,
        }
    }

    /// Adds the Hessian, row after row, as of a companion's `hessian`:
    /// `objective(..).with_hessian(|w| nll::hessian(w, &x, &y).into_data())`.
    pub fn with_hessian<H>(self, hessian: H) -> WithHessian<F, H>
    where
        H: FnMut(&[f64]) -> Vec<f64>,
    {
        WithHessian {
            objective: self,
            hessian,
        }
    }
}

/// A problem with products of its Hessian.
pub struct WithProducts<F, H> {
    objective: Objective<F>,
    products: H,
}

/// A problem with its Hessian.
pub struct WithHessian<F, H> {
    objective: Objective<F>,
    hessian: H,
}

impl<F: Function> Problem for Objective<F> {
    fn value_and_gradient(&mut self, x: &[f64], gradient: &mut Vec<f64>) -> Result<f64, Error> {
        (self.function)(x, gradient)
    }
}

macro_rules! delegate {
    ($($ty:ident)*) => {$(
        impl<F: Function, H> Problem for $ty<F, H> {
            fn value_and_gradient(
                &mut self,
                x: &[f64],
                gradient: &mut Vec<f64>,
            ) -> Result<f64, Error> {
                self.objective.value_and_gradient(x, gradient)
            }
        }
    )*};
}
delegate! { WithProducts WithHessian }

impl<F, H> ProductCurvature for WithProducts<F, H>
where
    F: Function,
    H: FnMut(&[f64], &[f64]) -> Vec<f64>,
{
    fn product(&mut self, x: &[f64], along: &[f64], product: &mut Vec<f64>) -> Result<(), Error> {
        *product = (self.products)(x, along);
        Ok(())
    }
}

impl<F, H> DenseCurvature for WithHessian<F, H>
where
    F: Function,
    H: FnMut(&[f64]) -> Vec<f64>,
{
    fn hessian(&mut self, x: &[f64], hessian: &mut Vec<f64>) -> Result<(), Error> {
        *hessian = (self.hessian)(x);
        Ok(())
    }
}
