//! Saving and resuming an optimizer: state slots in the safetensors format, numbers and
//! hyperparameters as JSON in its header.
//!
//! Slots are keyed by leaf path and slot name (`layers.0.w:m`). A file is written whole or not at
//! all, and read whole or not at all; after resuming, an optimizer continues bit for bit as if it
//! had never stopped.

use std::collections::{BTreeSet, HashMap};
use std::path::Path as FilePath;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::train::file::write_atomically;
use crate::{Error, Optimizer, TensorRule};

/// The layout of the file; a reader refuses a newer one.
const VERSION: u32 = 1;

/// The key of the JSON in the safetensors header.
const HEADER: &str = "cotangent-optimizer";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    rule: String,
    hyperparameters: Value,
    step: u64,
    /// The rate of the next update: another schedule is noticed by it.
    rate: f64,
    rate_factor: f64,
}

/// One tensor of the file.
struct Entry {
    key: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl<R: TensorRule> Optimizer<R> {
    /// Saves the state: slots, memory, step and hyperparameters. The file appears whole or not at
    /// all.
    ///
    /// # Errors
    /// When the file can't be written.
    ///
    /// ```
    /// use cotangent_optimizers::Adam;
    /// let folder = std::env::temp_dir().join(format!("cotangent-state-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let file = folder.join("adam.safetensors");
    /// let mut x = vec![1.0_f64, -2.0];
    /// let mut optimizer = Adam::new(0.1).build(&x)?;
    /// optimizer.step(&mut x, &vec![1.0, 0.5])?;
    /// optimizer.save(&file)?;
    ///
    /// let mut resumed = Adam::new(0.1).build(&x)?;
    /// resumed.resume(&file)?;
    /// let mut y = x.clone();
    /// optimizer.step(&mut x, &vec![0.3, 0.2])?;
    /// resumed.step(&mut y, &vec![0.3, 0.2])?;
    /// assert_eq!(x, y);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<FilePath>) -> Result<(), Error> {
        let path = path.as_ref();
        let failed = |error: &dyn std::fmt::Display| Error::io("write", path, error);
        let header = Header {
            version: VERSION,
            rule: R::NAME.to_owned(),
            hyperparameters: self.hyperparameters()?,
            step: self.step,
            rate: self.rate(),
            rate_factor: self.rate_factor,
        };
        let header = serde_json::to_string(&header).map_err(|error| failed(&error))?;
        let entries = self.entries();
        let mut views = Vec::with_capacity(entries.len());
        for entry in &entries {
            let view = TensorView::new(entry.dtype, entry.shape.clone(), &entry.bytes);
            views.push((entry.key.as_str(), view.map_err(|error| failed(&error))?));
        }
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        let content = serialize(views, Some(metadata)).map_err(|error| failed(&error))?;
        write_atomically(path, &content)
    }

    /// Restores a saved state into an optimizer built with the same rule, hyperparameters and
    /// schedule for the same structure.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, or differs in version, rule, hyperparameters, rate
    /// or leaves: the text names what differs. Nothing is changed then.
    pub fn resume(&mut self, path: impl AsRef<FilePath>) -> Result<(), Error> {
        self.restore(path.as_ref(), true)
    }

    /// As [`resume`](Self::resume), for an optimizer whose hyperparameters or schedule were
    /// changed on purpose: they stay as they were built, and the state is restored.
    ///
    /// # Errors
    /// As [`resume`](Self::resume), hyperparameters and rate excepted.
    pub fn resume_changed(&mut self, path: impl AsRef<FilePath>) -> Result<(), Error> {
        self.restore(path.as_ref(), false)
    }

    fn restore(&mut self, path: &FilePath, strict: bool) -> Result<(), Error> {
        let content = std::fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        let file = path.display();
        let damaged = |error: &dyn std::fmt::Display| {
            Error::data(format!(
                "`{file}` is no complete optimizer state ({error}): save it again"
            ))
        };
        let tensors = SafeTensors::deserialize(&content).map_err(|error| damaged(&error))?;
        let (_, metadata) =
            SafeTensors::read_metadata(&content).map_err(|error| damaged(&error))?;
        let header = metadata.metadata().as_ref().and_then(|map| map.get(HEADER));
        let header = header.ok_or_else(|| {
            Error::data(format!(
                "`{file}` is no optimizer state: it was saved by something else"
            ))
        })?;
        // The version alone first: a newer header may have other fields.
        let value: Value = serde_json::from_str(header).map_err(|error| damaged(&error))?;
        let version = value.get("version").and_then(Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            return Err(Error::data(format!(
                "`{file}` has version {} of the optimizer state, and this library reads version \
                 {VERSION}: update the library, or start a new optimizer",
                version.map_or("none".to_owned(), |version| version.to_string())
            )));
        }
        let header: Header = serde_json::from_value(value).map_err(|error| damaged(&error))?;
        if header.rule != R::NAME {
            return Err(Error::data(format!(
                "`{file}` is the state of {}, and this optimizer is {}: build the one that was saved",
                header.rule,
                R::NAME
            )));
        }
        if strict {
            self.compare(&header).map_err(|what| {
                Error::data(format!(
                    "`{file}` was saved with {what}: build the optimizer as it was, or call \
                     resume_changed if the change is meant"
                ))
            })?;
        }
        self.check_leaves(&tensors)
            .map_err(|what| Error::data(format!("`{file}` {what}")))?;
        self.take_over(&tensors);
        self.step = header.step;
        self.rate_factor = header.rate_factor;
        Ok(())
    }

    fn hyperparameters(&self) -> Result<Value, Error> {
        serde_json::to_value(&self.config.rule)
            .map_err(|error| Error::configuration(format!("the rule can't be saved: {error}")))
    }

    /// What differs between a saved header and this optimizer, in words.
    fn compare(&self, header: &Header) -> Result<(), String> {
        let own = self.hyperparameters().map_err(|error| error.to_string())?;
        if own != header.hyperparameters {
            let mut differences = Vec::new();
            if let (Value::Object(saved), Value::Object(own)) = (&header.hyperparameters, &own) {
                let names: BTreeSet<&String> = saved.keys().chain(own.keys()).collect();
                for name in names {
                    let (saved, own) = (saved.get(name), own.get(name));
                    if saved != own {
                        let show =
                            |v: Option<&Value>| v.map_or("none".to_owned(), Value::to_string);
                        differences.push(format!("{name} = {} (now {})", show(saved), show(own)));
                    }
                }
            } else {
                differences.push(format!("{} (now {own})", header.hyperparameters));
            }
            return Err(differences.join(", "));
        }
        let rate = self.config.rate * self.config.schedule.at(header.step) * header.rate_factor;
        if rate.to_bits() != header.rate.to_bits() {
            return Err(format!(
                "the rate {} for step {} (now {rate})",
                header.rate, header.step
            ));
        }
        Ok(())
    }

    /// Every tensor of the file, with this optimizer's present content.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !self.memory.is_empty() {
            entries.push(numbers(":memory".to_owned(), &self.memory));
        }
        for leaf in &self.leaves {
            if !leaf.memory.is_empty() {
                entries.push(numbers(format!("{}:memory", leaf.path), &leaf.memory));
            }
            if let Some(master) = leaf.master {
                let copy = self.masters.copy(master).iter();
                entries.push(Entry {
                    key: format!("{}:master", leaf.path),
                    dtype: Dtype::F32,
                    shape: leaf.shape.clone(),
                    bytes: copy.flat_map(|x| x.to_le_bytes()).collect(),
                });
            }
            for (index, spec) in leaf.specs.iter().enumerate() {
                let (dtype, bytes) = if leaf.single {
                    let slot = self.single.blocks.slot(leaf, index);
                    (
                        Dtype::F32,
                        slot.iter().flat_map(|x| x.to_le_bytes()).collect(),
                    )
                } else {
                    let slot = self.double.blocks.slot(leaf, index);
                    (
                        Dtype::F64,
                        slot.iter().flat_map(|x| x.to_le_bytes()).collect(),
                    )
                };
                entries.push(Entry {
                    key: format!("{}:{}", leaf.path, spec.name),
                    dtype,
                    shape: spec.shape.clone(),
                    bytes,
                });
            }
        }
        entries
    }

    /// Whether the file has exactly the tensors of this optimizer; what differs, in words.
    fn check_leaves(&self, tensors: &SafeTensors<'_>) -> Result<(), String> {
        let mut known = BTreeSet::new();
        for Entry {
            key, dtype, shape, ..
        } in self.entries()
        {
            let Ok(found) = tensors.tensor(&key) else {
                return Err(format!("has no state `{key}`: it is of another model"));
            };
            if found.dtype() != dtype || found.shape() != shape {
                return Err(format!(
                    "has the state `{key}` as {:?} {:?}, and the optimizer wants {dtype:?} \
                     {shape:?}: it is of another model",
                    found.dtype(),
                    found.shape()
                ));
            }
            known.insert(key);
        }
        match tensors.names().iter().find(|name| !known.contains(**name)) {
            Some(name) => Err(format!(
                "has a state `{name}` that this optimizer lacks: it is of another model"
            )),
            None => Ok(()),
        }
    }

    /// Takes over what `check_leaves` found to fit.
    fn take_over(&mut self, tensors: &SafeTensors<'_>) {
        let data = |key: &str| {
            tensors
                .tensor(key)
                .map(|found| found.data())
                .unwrap_or_default()
        };
        read_f64(&mut self.memory, data(":memory"));
        for leaf in &mut self.leaves {
            read_f64(&mut leaf.memory, data(&format!("{}:memory", leaf.path)));
            if let Some(master) = leaf.master {
                let bytes = data(&format!("{}:master", leaf.path));
                read_f32(self.masters.copy_mut(master), bytes);
            }
            for (index, spec) in leaf.specs.iter().enumerate() {
                let bytes = data(&format!("{}:{}", leaf.path, spec.name));
                if leaf.single {
                    read_f32(self.single.blocks.slot_mut(leaf, index), bytes);
                } else {
                    read_f64(self.double.blocks.slot_mut(leaf, index), bytes);
                }
            }
        }
    }
}

fn numbers(key: String, values: &[f64]) -> Entry {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    Entry {
        key,
        dtype: Dtype::F64,
        shape: vec![values.len()],
        bytes,
    }
}

fn read_f32(values: &mut [f32], bytes: &[u8]) {
    let (bytes, _) = bytes.as_chunks::<4>();
    values
        .iter_mut()
        .zip(bytes)
        .for_each(|(x, bytes)| *x = f32::from_le_bytes(*bytes));
}

fn read_f64(values: &mut [f64], bytes: &[u8]) {
    let (bytes, _) = bytes.as_chunks::<8>();
    values
        .iter_mut()
        .zip(bytes)
        .for_each(|(x, bytes)| *x = f64::from_le_bytes(*bytes));
}
