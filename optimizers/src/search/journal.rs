//! The journal of a study: a header with the space, then a line of JSON per finished trial.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Space, Value};
use crate::Error;

/// A finished trial; a failed one has no value.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) trial: u64,
    pub(super) values: Vec<Value>,
    pub(super) value: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    space: Space,
}

const FORMAT: &str = "cotangent-search/1";

pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens a journal for writing, and yields the trials that it has.
    pub(super) fn open(path: &Path, space: &Space) -> Result<(Self, Vec<Line>), Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io("read", path, &error)),
        };
        // A line without its end was cut off while it was written.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines().enumerate();
        let mut trials = Vec::new();
        if let Some((_, header)) = lines.next() {
            let header: Header = parse(path, 1, header)?;
            if header.format != FORMAT || header.space != *space {
                return Err(Error::data(format!(
                    "`{}` is the journal of another search space or version",
                    path.display()
                )));
            }
        }
        for (index, line) in lines {
            let line: Line = parse(path, index + 1, line)?;
            if !space.contains(&line.values) {
                return Err(damaged(path, index + 1, &"values outside the space"));
            }
            trials.push(line);
        }
        let file = OpenOptions::new().append(true).create(true).open(path);
        let mut journal = Self {
            path: path.to_owned(),
            file: file.map_err(|error| Error::io("write", path, &error))?,
        };
        let cut = journal.file.set_len(whole as u64);
        cut.map_err(|error| Error::io("write", path, &error))?;
        if whole == 0 {
            let (format, space) = (FORMAT.to_owned(), space.clone());
            journal.append(&Header { format, space })?;
        }
        Ok((journal, trials))
    }

    pub(super) fn write(&mut self, line: &Line) -> Result<(), Error> {
        self.append(line)
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let path = &self.path;
        let mut text =
            serde_json::to_string(line).map_err(|error| Error::io("write", path, &error))?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| Error::io("write", path, &error))
    }
}

fn parse<'t, T: Deserialize<'t>>(path: &Path, number: usize, line: &'t str) -> Result<T, Error> {
    serde_json::from_str(line).map_err(|error| damaged(path, number, &error))
}

fn damaged(path: &Path, number: usize, what: &dyn std::fmt::Display) -> Error {
    Error::data(format!(
        "`{}`, line {number}, is no line of a search journal: {what}",
        path.display()
    ))
}
