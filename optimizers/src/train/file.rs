//! Files that appear whole or not at all.

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
