//! Tensors in serde's data model: `{"shape": [2, 3], "data": [..]}`, elements in row-major order.

use std::fmt;
use std::marker::PhantomData;

use serde_core::de::{self, MapAccess, SeqAccess, Visitor};
use serde_core::ser::SerializeStruct;
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use super::Tensor;
use crate::Element;

const FIELDS: &[&str] = &["shape", "data"];

impl<T: Element + Serialize> Serialize for Tensor<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tensor = serializer.serialize_struct("Tensor", FIELDS.len())?;
        tensor.serialize_field(FIELDS[0], self.shape())?;
        tensor.serialize_field(FIELDS[1], self.data())?;
        tensor.end()
    }
}

impl<'de, T: Element + Deserialize<'de>> Deserialize<'de> for Tensor<T> {
    /// # Errors
    /// When there are not as many elements as the shape has.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Tensor", FIELDS, Parts(PhantomData))
    }
}

/// Reads shape and elements, by name or by position.
struct Parts<T>(PhantomData<T>);

impl<'de, T: Element + Deserialize<'de>> Visitor<'de> for Parts<T> {
    type Value = Tensor<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tensor: its shape, then its elements in row-major order")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Tensor<T>, A::Error> {
        let shape = parts.next_element()?;
        let data = parts.next_element()?;
        built(shape, data)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tensor<T>, A::Error> {
        let (mut shape, mut data) = (None, None);
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "shape" if shape.is_none() => shape = Some(fields.next_value()?),
                "data" if data.is_none() => data = Some(fields.next_value()?),
                "shape" => return Err(de::Error::duplicate_field("shape")),
                "data" => return Err(de::Error::duplicate_field("data")),
                other => return Err(de::Error::unknown_field(other, FIELDS)),
            }
        }
        built(shape, data)
    }
}

fn built<T: Element, E: de::Error>(
    shape: Option<Vec<usize>>,
    data: Option<Vec<T>>,
) -> Result<Tensor<T>, E> {
    let shape = shape.ok_or_else(|| E::missing_field("shape"))?;
    let data = data.ok_or_else(|| E::missing_field("data"))?;
    Tensor::from_vec(&shape, data).map_err(E::custom)
}
