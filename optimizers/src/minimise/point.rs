//! Between a structure of leaves and the flat point that minimisers work on.

use cotangent_runtime::{Leaves, Path};

use crate::Error;

/// All elements of all leaves, in order, as f64.
///
/// # Errors
/// When there is no element, or one isn't finite.
pub(super) fn read(structure: &(impl Leaves + ?Sized)) -> Result<Vec<f64>, Error> {
    let mut x = Vec::new();
    let mut fault = None;
    structure.leaves(&Path::Root, &mut |path, leaf| {
        let start = x.len();
        leaf.data.each(|element| x.push(element));
        if let Some(at) = x[start..].iter().position(|x| !x.is_finite()) {
            let (value, path) = (x[start + at], path.to_string());
            let place = if path.is_empty() {
                String::new()
            } else {
                format!(" of leaf `{path}`")
            };
            fault.get_or_insert_with(|| {
                format!("element {at}{place} of the starting point is {value}: it must be finite")
            });
        }
    });
    match fault {
        Some(fault) => Err(Error::structure(fault)),
        None if x.is_empty() => Err(Error::structure(
            "the starting point has no elements: there is nothing to minimise over",
        )),
        None => Ok(x),
    }
}

/// Writes a flat point of the right length back into its structure.
pub(super) fn write(x: &[f64], structure: &mut (impl Leaves + ?Sized)) {
    let mut rest = x.iter();
    structure.leaves_mut(&Path::Root, &mut |_, mut leaf| {
        leaf.data.update(|old| rest.next().copied().unwrap_or(old));
    });
}
