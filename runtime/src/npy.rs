//! NumPy's files: `.npy`, one array, and `.npz`, named ones.
//!
//! An `.npz` is a ZIP archive of `.npy` files. `numpy.savez` stores them, and so does [`save_all`];
//! one that `numpy.savez_compressed` made is refused with its remedy. Reading checks everything that
//! the file says of itself, so that no file makes more than an error. Elements keep their bits.
//!
//! ```
//! use cotangent_runtime::{Tensor, npy};
//!
//! let folder = std::env::temp_dir();
//! let x = Tensor::from_fn(&[2, 3], |i| i as f32);
//! let path = folder.join(format!("cotangent-doc-{}.npz", std::process::id()));
//! npy::save_all(&path, &[("x", &x), ("ids", &Tensor::from_vec(&[2], vec![7_u32, 1])?)])?;
//! let archive = npy::Archive::open(&path)?;
//! assert_eq!(archive.names().collect::<Vec<_>>(), ["x", "ids"]);
//! assert_eq!(archive.tensor::<f32>("x")?, x);
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), cotangent_runtime::Error>(())
//! ```

use std::path::Path;

use half::f16;

use crate::{Element, Error, Tensor, zip};

/// An element that NumPy has, too.
pub trait NpyElement: Element {
    /// NumPy's name of it.
    #[doc(hidden)]
    const DESCR: &'static str;
    /// Appends its bytes.
    #[doc(hidden)]
    fn put(self, bytes: &mut Vec<u8>);
    /// Its value from the bytes of an element of the type `descr`, or why there is none.
    #[doc(hidden)]
    fn get(bytes: &[u8], descr: &str) -> Result<Self, String>;
}

macro_rules! floats {
    ($($ty:ident $descr:literal;)*) => {$(
        impl NpyElement for $ty {
            const DESCR: &'static str = $descr;

            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            fn get(bytes: &[u8], descr: &str) -> Result<Self, String> {
                match bytes.try_into() {
                    Ok(bytes) if descr == $descr => Ok($ty::from_le_bytes(bytes)),
                    _ => Err(format!("its elements are `{descr}`, and not `{}`: convert it in NumPy with `.astype('{}')`", $descr, $descr)),
                }
            }
        }
    )*};
}

floats! { f16 "<f2"; f32 "<f4"; f64 "<f8"; }

/// Types of one layout.
macro_rules! exact {
    ($($ty:ident $descr:literal $put:expr, $get:expr;)*) => {$(
        impl NpyElement for $ty {
            const DESCR: &'static str = $descr;

            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&$put(self));
            }

            fn get(bytes: &[u8], descr: &str) -> Result<Self, String> {
                match bytes.try_into() {
                    Ok(bytes) if descr == $descr => Ok($get(bytes)),
                    _ => Err(format!("its elements are `{descr}`, and not `{}`: convert it in NumPy with `.astype('{}')`", $descr, $descr)),
                }
            }
        }
    )*};
}

exact! {
    bool "|b1" |x| [u8::from(x)], |[x]: [u8; 1]| x != 0;
    u8 "|u1" u8::to_le_bytes, u8::from_le_bytes;
    i64 "<i8" i64::to_le_bytes, i64::from_le_bytes;
}

/// Labels: any integer that is not negative and fits.
impl NpyElement for u32 {
    const DESCR: &'static str = "<u4";

    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn get(bytes: &[u8], descr: &str) -> Result<Self, String> {
        let signed = descr.as_bytes().get(1) == Some(&b'i');
        let integer = signed || descr.as_bytes().get(1) == Some(&b'u');
        let little = bytes.len() == 1 || descr.starts_with('<');
        if !integer || !little || bytes.len() > 8 {
            return Err(format!(
                "its elements are `{descr}`, and labels are little-endian integers"
            ));
        }
        // Two's complement: the sign fills the bytes that are missing.
        let negative = signed && bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut word = [if negative { 0xFF } else { 0 }; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        let value = u64::from_le_bytes(word);
        match u32::try_from(value) {
            Ok(value) if !negative => Ok(value),
            _ if negative => Err(format!("the label {} is negative", value.cast_signed())),
            _ => Err(format!("the label {value} is above {}", u32::MAX)),
        }
    }
}

/// A tensor of any element type, to be saved.
pub trait Saved {
    /// It as an `.npy` file.
    #[doc(hidden)]
    fn npy(&self) -> Vec<u8>;
}

impl<T: NpyElement> Saved for Tensor<T> {
    fn npy(&self) -> Vec<u8> {
        let sizes: String = self
            .shape()
            .iter()
            .map(|size| format!("{size}, "))
            .collect();
        let mut header = format!(
            "{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
            T::DESCR,
            // A tuple of one has a comma; of none or several it needs none.
            if self.rank() == 1 {
                sizes.trim_end()
            } else {
                sizes.trim_end_matches(", ")
            }
        );
        // The elements begin on a multiple of 64 bytes, behind a line end.
        let start = (10 + header.len() + 1).next_multiple_of(64);
        header.extend(std::iter::repeat_n(' ', start - 11 - header.len()));
        header.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(
            u16::try_from(header.len())
                .unwrap_or(u16::MAX)
                .to_le_bytes(),
        );
        bytes.extend_from_slice(header.as_bytes());
        self.data().iter().for_each(|&value| value.put(&mut bytes));
        bytes
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// Writes a tensor to an `.npy` file.
///
/// # Errors
/// When the file can't be written.
pub fn save(path: impl AsRef<Path>, tensor: &impl Saved) -> Result<(), Error> {
    write(path.as_ref(), &tensor.npy())
}

/// Writes named tensors to an `.npz` file.
///
/// # Errors
/// When the file can't be written, or it would have 4 GiB or more, or two tensors have one name.
pub fn save_all(path: impl AsRef<Path>, tensors: &[(&str, &dyn Saved)]) -> Result<(), Error> {
    let path = path.as_ref();
    let files: Vec<(String, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| (format!("{name}.npy"), tensor.npy()))
        .collect();
    let archive = zip::archive(&files).map_err(|why| fault(path, why))?;
    write(path, &archive)
}

/// Reads an `.npy` file.
///
/// # Errors
/// When the file can't be read, is damaged, or holds another element type; for labels, when one is
/// negative or above `u32::MAX`.
pub fn load<T: NpyElement>(path: impl AsRef<Path>) -> Result<Tensor<T>, Error> {
    let path = path.as_ref();
    parse(&read(path)?).map_err(|why| fault(path, why))
}

/// An `.npz` file in memory.
#[derive(Clone, Debug)]
pub struct Archive {
    path: std::path::PathBuf,
    files: Vec<(String, Vec<u8>)>,
}

impl Archive {
    /// Reads an `.npz` file.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, or is compressed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let files = zip::files(&read(path)?).map_err(|why| fault(path, why))?;
        Ok(Archive {
            path: path.to_owned(),
            files,
        })
    }

    /// The names of its tensors, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.files.iter().map(|(name, _)| name.as_str());
        names.map(|name| name.strip_suffix(".npy").unwrap_or(name))
    }

    /// A tensor by its name.
    ///
    /// # Errors
    /// When there is none of that name, or as [`load`].
    pub fn tensor<T: NpyElement>(&self, name: &str) -> Result<Tensor<T>, Error> {
        let Some(at) = self.names().position(|known| known == name) else {
            let names = self.names().collect::<Vec<_>>().join("`, `");
            let why = format!("there is no `{name}` in it; it holds `{names}`");
            return Err(fault(&self.path, why));
        };
        parse(&self.files[at].1).map_err(|why| fault(&self.path, format!("`{name}`: {why}")))
    }
}

fn fault(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::structure(format!("`{}`: {why}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| fault(path, format!("can't read it: {error}")))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|error| fault(path, format!("can't write it: {error}")))
}

/// Reads the bytes of an `.npy` file.
fn parse<T: NpyElement>(bytes: &[u8]) -> Result<Tensor<T>, String> {
    let damaged = || "it is no complete .npy file".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
    let (version, rest) = rest.split_at_checked(2).ok_or_else(damaged)?;
    let (length, rest) = match version[0] {
        1 => rest.split_at_checked(2).ok_or_else(damaged)?,
        2 | 3 => rest.split_at_checked(4).ok_or_else(damaged)?,
        other => return Err(format!("it has version {other} of the format, not 1 to 3")),
    };
    let length = length
        .iter()
        .rev()
        .fold(0, |all, &byte| all << 8 | usize::from(byte));
    let (header, elements) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let header = std::str::from_utf8(header).map_err(|_| damaged())?;
    let descr = field(header, "descr").ok_or_else(damaged)?;
    let descr = descr
        .strip_prefix('\'')
        .and_then(|text| text.split('\'').next());
    let descr = descr.ok_or("it holds records, and not elements of one type")?;
    let fortran = field(header, "fortran_order")
        .ok_or_else(damaged)?
        .starts_with("True");
    let sizes = field(header, "shape").and_then(|text| text.strip_prefix('('));
    let sizes = sizes
        .and_then(|text| text.split(')').next())
        .ok_or_else(damaged)?;
    let sizes = sizes
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let mut shape: Vec<usize> = sizes
        .map(|size| size.parse().map_err(|_| damaged()))
        .collect::<Result<_, _>>()?;
    let size: usize = descr
        .get(2..)
        .and_then(|size| size.parse().ok())
        .ok_or_else(damaged)?;
    let count = crate::shape::checked_len(&shape).ok_or("its shape is too large")?;
    if size == 0 || count.checked_mul(size) != Some(elements.len()) {
        return Err(damaged());
    }
    let get = |bytes| T::get(bytes, descr);
    let values = elements
        .chunks_exact(size)
        .map(get)
        .collect::<Result<Vec<T>, _>>()?;
    if fortran {
        // The first index runs fastest: the reversed axes in row-major order.
        shape.reverse();
    }
    let tensor = Tensor::from_vec(&shape, values).map_err(|error| error.to_string())?;
    if !fortran {
        return Ok(tensor);
    }
    let turned = tensor.as_ndarray().reversed_axes();
    Ok(Tensor::from_ndarray(&turned))
}

/// The text behind a key of the header, which is a Python dictionary.
fn field<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let (_, rest) = header.split_once(&format!("'{key}'"))?;
    rest.trim_start().strip_prefix(':').map(str::trim_start)
}
