//! Checkpoints: the leaves of a model by their paths, in the safetensors format.

use std::collections::HashMap;
use std::path::Path as FilePath;

use cotangent_runtime::{Floats, FloatsMut, Leaves, Path, bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::file::write_atomically;
use crate::Error;

/// Saves every leaf of a model under its path. The file appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
///
/// ```
/// use cotangent_optimizers::train::{load, save};
///
/// let folder = std::env::temp_dir().join(format!("cotangent-doc-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// let file = folder.join("model.safetensors");
/// let weights = vec![1.0_f64, -0.5];
/// save(&weights, &file)?;
/// let mut loaded = vec![0.0_f64; 2];
/// load(&mut loaded, &file)?;
/// assert_eq!(loaded, weights);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save(model: &impl Leaves, path: impl AsRef<FilePath>) -> Result<(), Error> {
    let path = path.as_ref();
    let mut leaves: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    model.leaves(&Path::Root, &mut |name, leaf| {
        let bytes = match leaf.data {
            Floats::F16(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Floats::Bf16(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Floats::F32(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Floats::F64(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        leaves.push((key(name), dtype(&leaf.data), leaf.shape.to_vec(), bytes));
    });
    let mut views = Vec::with_capacity(leaves.len());
    for (name, dtype, shape, bytes) in &leaves {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        views.push((
            name.as_str(),
            view.map_err(|error| Error::io("write", path, &error))?,
        ));
    }
    let metadata = HashMap::from([("format".to_owned(), "cotangent/1".to_owned())]);
    let content =
        serialize(views, Some(metadata)).map_err(|error| Error::io("write", path, &error))?;
    write_atomically(path, &content)
}

/// Loads every leaf of a model from a checkpoint. Nothing is changed unless everything fits.
///
/// # Errors
/// When the file cannot be read, is damaged, or lacks a leaf of this path, type and shape.
pub fn load(model: &mut impl Leaves, path: impl AsRef<FilePath>) -> Result<(), Error> {
    let path = path.as_ref();
    let content = std::fs::read(path).map_err(|error| Error::io("read", path, &error))?;
    let file = path.display();
    let tensors = SafeTensors::deserialize(&content).map_err(|error| {
        Error::data(format!(
            "`{file}` is no complete checkpoint ({error}): save it again"
        ))
    })?;
    let mut fault: Option<String> = None;
    model.leaves(&Path::Root, &mut |name, leaf| {
        let dtype = dtype(&leaf.data);
        let text = match tensors.tensor(&key(name)) {
            Err(_) => format!(
                "`{file}` has no leaf `{}`: it is of another model",
                key(name)
            ),
            Ok(found) if found.shape() != leaf.shape || found.dtype() != dtype => format!(
                "`{file}`: the leaf `{}` is {:?} {:?}, and the model's is {dtype:?} {:?}",
                key(name),
                found.dtype(),
                found.shape(),
                leaf.shape
            ),
            Ok(_) => return,
        };
        fault.get_or_insert(text);
    });
    if let Some(text) = fault {
        return Err(Error::data(text));
    }
    model.leaves_mut(&Path::Root, &mut |name, leaf| {
        let Ok(found) = tensors.tensor(&key(name)) else {
            return;
        };
        match leaf.data {
            FloatsMut::F16(data) => read(data, found.data(), f16::from_le_bytes),
            FloatsMut::Bf16(data) => read(data, found.data(), bf16::from_le_bytes),
            FloatsMut::F32(data) => read(data, found.data(), f32::from_le_bytes),
            FloatsMut::F64(data) => read(data, found.data(), f64::from_le_bytes),
        }
    });
    Ok(())
}

/// Fills a leaf from the bytes of its elements.
fn read<T, const N: usize>(data: &mut [T], bytes: &[u8], element: impl Fn([u8; N]) -> T) {
    let (values, _) = bytes.as_chunks::<N>();
    for (x, bytes) in data.iter_mut().zip(values) {
        *x = element(*bytes);
    }
}

/// The element type as the file names it.
fn dtype(data: &Floats<'_>) -> Dtype {
    match data {
        Floats::F16(_) => Dtype::F16,
        Floats::Bf16(_) => Dtype::BF16,
        Floats::F32(_) => Dtype::F32,
        Floats::F64(_) => Dtype::F64,
    }
}

/// The name of a leaf in the file; a model that is one leaf has no path.
fn key(path: &Path<'_>) -> String {
    match path {
        Path::Root => "value".to_owned(),
        _ => path.to_string(),
    }
}
