//! A case of the reference, and how a result is compared with it.

use cotangent::Tensor;
use serde_json::Value;

/// A case: inputs, output, cotangent and gradients in double precision.
pub(crate) struct Case<'a> {
    pub(crate) id: &'a str,
    pub(crate) function: &'a str,
    value: &'a Value,
    /// Derivatives in directions and second derivatives, if the reference has them.
    modes: &'a Value,
}

/// An element type, with the tolerances that the reference suggests for it.
pub(crate) trait Golden: cotangent::Element {
    const RELATIVE: f64;
    const ABSOLUTE: f64;
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
}

impl Golden for f64 {
    const RELATIVE: f64 = 1e-9;
    const ABSOLUTE: f64 = 1e-12;
    fn of(value: f64) -> f64 {
        value
    }
    fn wide(self) -> f64 {
        self
    }
}

impl Golden for f32 {
    const RELATIVE: f64 = 2e-4;
    const ABSOLUTE: f64 = 1e-5;
    fn of(value: f64) -> f32 {
        value as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

fn list(value: &Value) -> Vec<f64> {
    let number = |x: &Value| match x.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some(_) => f64::NAN,
        None => x.as_f64().unwrap(),
    };
    value.as_array().unwrap().iter().map(number).collect()
}

fn shape(value: &Value) -> Vec<usize> {
    let sizes = value["shape"].as_array().unwrap().iter();
    sizes.map(|size| size.as_u64().unwrap() as usize).collect()
}

impl<'a> Case<'a> {
    pub(crate) fn new(value: &'a Value, modes: &'a Value) -> Case<'a> {
        Case {
            id: value["id"].as_str().unwrap(),
            function: value["function"].as_str().unwrap(),
            value,
            modes,
        }
    }

    /// `function/variant`, where the variant is another function.
    pub(crate) fn variant(&self) -> &'a str {
        let name = self.id.split_once('/').unwrap().1;
        if name.ends_with("_smoothing0_1") {
            "smoothed"
        } else {
            name
        }
    }

    /// Whether value or derivative is a matter of convention, or not finite.
    pub(crate) fn is_convention(&self) -> bool {
        self.value.get("convention").is_some()
    }

    /// Whether single precision can be expected to reproduce it.
    pub(crate) fn fits_single(&self) -> bool {
        let variant = self.id.rsplit('/').next().unwrap();
        !["extreme", "kinks", "edge", "large", "infinit"]
            .iter()
            .any(|word| variant.contains(word))
            && !self.is_convention()
    }

    fn input(&self, name: &str) -> &'a Value {
        let inputs = self.value["inputs"].as_array().unwrap();
        inputs
            .iter()
            .find(|input| input["name"] == name)
            .unwrap_or(&Value::Null)
    }

    /// A float input; a boolean one is a mask of 1 and 0.
    pub(crate) fn tensor<T: Golden>(&self, name: &str) -> Tensor<T> {
        tensor(self.input(name))
    }

    /// An integer input as labels; -1, which ours cannot be, becomes a class that nobody has.
    pub(crate) fn labels(&self, name: &str) -> Tensor<u32> {
        let input = self.input(name);
        let elements = list(&input["data"])
            .into_iter()
            .map(|x| if x < 0.0 { 7 } else { x as u32 })
            .collect();
        Tensor::from_vec(&shape(input), elements).unwrap()
    }

    pub(crate) fn cotangent<T: Golden>(&self) -> Tensor<T> {
        tensor(&self.value["cotangent"])
    }

    /// A parameter.
    pub(crate) fn param(&self, name: &str) -> &'a Value {
        &self.value["params"][name]
    }

    /// A parameter that is a number, or the given one.
    pub(crate) fn number(&self, name: &str, otherwise: f64) -> f64 {
        self.param(name).as_f64().unwrap_or(otherwise)
    }

    /// A parameter that is an integer or a list of them.
    pub(crate) fn integers(&self, name: &str) -> Vec<i64> {
        let param = self.param(name);
        match param.as_array() {
            Some(list) => list.iter().map(|x| x.as_i64().unwrap()).collect(),
            None => param.as_i64().into_iter().collect(),
        }
    }

    pub(crate) fn sizes(&self, name: &str) -> Vec<usize> {
        self.integers(name)
            .into_iter()
            .map(|x| x as usize)
            .collect()
    }

    /// The shape of the first input.
    pub(crate) fn first_shape(&self) -> Vec<usize> {
        shape(&self.value["inputs"][0])
    }

    /// Whether the reference has `jvp`, `hvp` or `hessian`.
    pub(crate) fn has(&self, mode: &str) -> bool {
        self.modes.get(mode).is_some()
    }

    /// The direction of an input; zeros where it has none.
    pub(crate) fn direction<T: Golden>(&self, mode: &str, name: &str, x: &Tensor<T>) -> Tensor<T> {
        let key = if mode == "jvp" { "tangents" } else { "v" };
        match self.modes[mode][key].get(name) {
            Some(direction) => tensor(direction),
            None => Tensor::zeros(x.shape()),
        }
    }

    /// Whether the reference differentiates an input.
    fn differentiates(&self, name: &str) -> bool {
        self.value["grads"].get(name).is_some()
    }

    /// How many rows the Hessian has.
    pub(crate) fn side(&self) -> usize {
        shape(&self.modes["hessian"])[0]
    }

    /// The part of unit vector number `rest` that belongs to an input; counts its entries off.
    pub(crate) fn unit<T: Golden>(&self, rest: &mut usize, name: &str, x: &Tensor<T>) -> Tensor<T> {
        if !self.differentiates(name) {
            return Tensor::zeros(x.shape());
        }
        let at = *rest;
        *rest = rest.wrapping_sub(x.data().len());
        Tensor::from_fn(x.shape(), |k| T::of(if k == at { 1.0 } else { 0.0 }))
    }

    /// Adds the entries of a part of a column of the Hessian.
    pub(crate) fn entries<T: Golden>(&self, column: &mut Vec<f64>, name: &str, part: &Tensor<T>) {
        if self.differentiates(name) {
            column.extend(part.data().iter().map(|x| x.wide()));
        }
    }

    /// Compares the columns of the Hessian, which is symmetric.
    pub(crate) fn check_hessian<T: Golden>(&self, columns: &[Vec<f64>]) -> Result<(), String> {
        let elements = columns.iter().flatten().map(|&x| T::of(x)).collect();
        let found = Tensor::<T>::from_vec(&[self.side(), self.side()], elements).unwrap();
        self.compare("hessian", &found, &self.modes["hessian"])
    }

    /// Compares the Hessian times the direction.
    pub(crate) fn check_product<T: Golden>(
        &self,
        name: &str,
        found: &Tensor<T>,
    ) -> Result<(), String> {
        match self.modes["hvp"]["product"].get(name) {
            Some(expected) => self.compare(&format!("hvp {name}"), found, expected),
            None => Ok(()),
        }
    }

    /// Compares the derivative of the output in the direction.
    pub(crate) fn check_tangent<T: Golden>(&self, found: &Tensor<T>) -> Result<(), String> {
        self.compare("jvp", found, &self.modes["jvp"]["output_tangent"])
    }

    /// Compares an output; yields what differs.
    pub(crate) fn check_value<T: Golden>(&self, found: &Tensor<T>) -> Result<(), String> {
        self.compare("value", found, &self.value["output"])
    }

    /// Compares the gradient of an input that the reference differentiates.
    pub(crate) fn check_gradient<T: Golden>(
        &self,
        name: &str,
        found: &Tensor<T>,
    ) -> Result<(), String> {
        match self.value["grads"].get(name) {
            Some(expected) => self.compare(&format!("d/d{name}"), found, expected),
            None => Ok(()),
        }
    }

    /// Compares the value of the graph, a sum of products, with the eager products.
    pub(crate) fn check_total<T: Golden>(
        &self,
        found: T,
        products: &Tensor<T>,
    ) -> Result<(), String> {
        let terms = products.data().iter().map(|x| x.wide());
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
        let found = found.wide();
        let bound = T::ABSOLUTE + 0.01 * T::RELATIVE * size;
        let same = found == sum || !sum.is_finite() || (found - sum).abs() <= bound;
        match same {
            true => Ok(()),
            false => Err(format!(
                "{}: the graph yields {found}, eager code {sum}",
                self.id
            )),
        }
    }

    fn compare<T: Golden>(
        &self,
        what: &str,
        found: &Tensor<T>,
        expected: &Value,
    ) -> Result<(), String> {
        let mut expected: Tensor<f64> = tensor(expected);
        if let Some(ours) = crate::conventions::ours(self.id, what) {
            assert!(
                self.is_convention(),
                "{} is no matter of convention",
                self.id
            );
            expected = Tensor::from_vec(expected.shape(), ours.to_vec()).unwrap();
        }
        let fail = || {
            let found: Vec<f64> = found.data().iter().map(|x| x.wide()).collect();
            Err(format!(
                "{} ({}): {what} is {found:?}, expected {:?}",
                self.id,
                std::any::type_name::<T>(),
                expected.data()
            ))
        };
        if found.shape() != expected.shape() {
            return Err(format!(
                "{}: {what} has shape {:?}, expected {:?}",
                self.id,
                found.shape(),
                expected.shape()
            ));
        }
        let own = self.value["rtol"].as_f64().unwrap_or(0.0);
        // A gradient is a sum whose terms may cancel: rounding is relative to its largest entries.
        let scale = if T::RELATIVE > 1e-6 {
            expected
                .data()
                .iter()
                .fold(0.0_f64, |most, x| most.max(x.abs()))
        } else {
            0.0
        };
        for (found, &expected) in found.data().iter().zip(expected.data()) {
            let found = found.wide();
            let tolerance = T::ABSOLUTE + T::RELATIVE.max(own) * expected.abs().max(0.05 * scale);
            let same = found == expected || (found.is_nan() && expected.is_nan());
            if !same && !((found - expected).abs() <= tolerance) {
                return fail();
            }
        }
        Ok(())
    }
}

fn tensor<T: Golden>(value: &Value) -> Tensor<T> {
    let elements = list(&value["data"]).into_iter().map(T::of).collect();
    Tensor::from_vec(&shape(value), elements).unwrap()
}
