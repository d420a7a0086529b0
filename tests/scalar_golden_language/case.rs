//! A case of the reference file, and what a program gave for it.

use serde_json::Value;

/// A case.
pub(crate) struct Case<'c>(pub(crate) &'c Value);

fn floats(array: &Value) -> Vec<f64> {
    array["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect()
}

fn rows<const N: usize>(flat: &[f64]) -> Vec<[f64; N]> {
    let row = |row: &[f64]| row.try_into().expect("whole rows");
    flat.chunks(N).map(row).collect()
}

impl<'c> Case<'c> {
    pub(crate) fn text(&self, key: &str) -> &'c str {
        self.0[key].as_str().expect("a text")
    }
    pub(crate) fn list(&self, input: usize) -> &'static [f64] {
        // A test is over soon enough.
        floats(&self.0["inputs"][input]).leak()
    }
    pub(crate) fn float(&self, input: usize) -> f64 {
        self.list(input)[0]
    }
    pub(crate) fn integers(&self, input: usize) -> Vec<usize> {
        self.list(input)
            .iter()
            .map(|&value| value as usize)
            .collect()
    }
    pub(crate) fn rows<const N: usize>(&self, input: usize) -> Vec<[f64; N]> {
        rows(self.list(input))
    }
    pub(crate) fn parameter(&self, name: &str) -> usize {
        self.0["params"][name].as_u64().expect("a number") as usize
    }
    pub(crate) fn output(&self) -> Vec<f64> {
        floats(&self.0["output"])
    }
    pub(crate) fn cotangent(&self) -> Vec<f64> {
        floats(&self.0["cotangent"])
    }
    pub(crate) fn cotangent_rows<const N: usize>(&self) -> Vec<[f64; N]> {
        rows(&self.cotangent())
    }
    pub(crate) fn gradient(&self, input: &str) -> Vec<f64> {
        floats(&self.0["grads"][input])
    }
    /// The names of the inputs that have a gradient.
    pub(crate) fn differentiable(&self) -> Vec<&'c str> {
        let inputs = self.0["inputs"].as_array().into_iter().flatten();
        inputs
            .filter(|input| input["diff"] == true)
            .filter_map(|input| input["name"].as_str())
            .collect()
    }
}

/// What a program gave.
pub(crate) struct Found {
    pub(crate) value: Vec<f64>,
    pub(crate) gradients: Vec<Vec<f64>>,
}

/// Takes a value and gradients apart.
pub(crate) fn found<V: Flat, G: Parts>((value, gradients): (V, G)) -> Found {
    Found {
        value: value.flat(),
        gradients: gradients.parts(),
    }
}

/// Something made of floats.
pub(crate) trait Flat {
    fn flat(&self) -> Vec<f64>;
}

impl Flat for f64 {
    fn flat(&self) -> Vec<f64> {
        vec![*self]
    }
}

impl<T: Flat> Flat for Vec<T> {
    fn flat(&self) -> Vec<f64> {
        self.iter().flat_map(Flat::flat).collect()
    }
}

impl<T: Flat, const N: usize> Flat for [T; N] {
    fn flat(&self) -> Vec<f64> {
        self.iter().flat_map(Flat::flat).collect()
    }
}

/// One gradient, or a tuple of them.
pub(crate) trait Parts {
    fn parts(&self) -> Vec<Vec<f64>>;
}

impl Parts for f64 {
    fn parts(&self) -> Vec<Vec<f64>> {
        vec![self.flat()]
    }
}

impl<T: Flat> Parts for Vec<T> {
    fn parts(&self) -> Vec<Vec<f64>> {
        vec![self.flat()]
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+);)*) => {$(
        impl<$($name: Flat),+> Parts for ($($name,)+) {
            fn parts(&self) -> Vec<Vec<f64>> {
                vec![$(self.$index.flat()),+]
            }
        }
    )*};
}

tuples! {
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}
