//! Files that appear whole or not at all, and folders that can be written to.

use std::path::Path;

use crate::Error;

/// Writes a file beside its place and moves it there, so that a reader never sees half of it and
/// an interrupted write leaves the old one.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let written = std::fs::write(&partial, content).and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|error| {
        // The error that matters is the first one; the partial file may not even exist.
        let _ = std::fs::remove_file(&partial);
        Error::io("write", path, &error)
    })
}

/// Makes a folder and the folders above it, and proves that files can be written there: so that a
/// long run fails at its start and not at its first checkpoint.
///
/// # Errors
/// When the folder can't be made or written to.
///
/// ```
/// let folder = std::env::temp_dir().join(format!("cotangent-out-{}", std::process::id()));
/// cotangent_optimizers::train::output_folder(&folder)?;
/// assert!(cotangent_optimizers::train::output_folder("/dev/null/out").is_err());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn output_folder(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let probe = path.join(format!(".{}.probe", std::process::id()));
    let tried = std::fs::create_dir_all(path)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|error| Error::io("write to the folder", path, &error))
}
