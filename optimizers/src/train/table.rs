//! A numeric table with named columns, read from comma-separated text.

use std::path::Path;

use crate::Error;

/// Rows of numbers under a header of column names.
///
/// ```
/// use cotangent_optimizers::Table;
/// let table = Table::parse("a,b\n1,2\n3,4.5\n", "inline")?;
/// assert_eq!(table.columns(), ["a", "b"]);
/// assert_eq!(table.row(1), [3.0, 4.5]);
/// let error = Table::parse("a,b\n1,x\n", "inline").unwrap_err();
/// assert_eq!(error.to_string(), "inline, line 2, column `b`: `x` is not a number");
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<String>,
    values: Vec<f64>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file can't be read, or as [`Table::parse`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads text; `name` stands for it in errors.
    ///
    /// # Errors
    /// An empty table, a row of another length than the header, a missing or non-numeric value:
    /// each with file, line and column.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let Some((_, header)) = lines.next() else {
            return Err(Error::data(format!(
                "{name} is empty: a header line was expected"
            )));
        };
        let columns: Vec<String> = header.split(',').map(|c| c.trim().to_owned()).collect();
        let mut values = Vec::new();
        for (index, line) in lines {
            let place = format!("{name}, line {}", index + 1);
            let count = line.split(',').count();
            if count != columns.len() {
                return Err(Error::data(format!(
                    "{place}: {count} values under {} columns",
                    columns.len()
                )));
            }
            for (field, column) in line.split(',').map(str::trim).zip(&columns) {
                let what = match field.parse::<f64>() {
                    Ok(value) if value.is_finite() => {
                        values.push(value);
                        continue;
                    }
                    _ if field.is_empty() => "the value is missing".to_owned(),
                    _ => format!("`{field}` is not a number"),
                };
                return Err(Error::data(format!("{place}, column `{column}`: {what}")));
            }
        }
        if values.is_empty() {
            return Err(Error::data(format!("{name} has a header but no rows")));
        }
        Ok(Self { columns, values })
    }

    /// The column names.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// The values of one row; panics past the last one.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.columns.len()..][..self.columns.len()]
    }

    /// The indices of the rows that `keep` wants, in order: a split by `index % k` is
    /// `table.select(|index| index % 5 == 4)`.
    #[must_use]
    pub fn select(&self, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.rows()).filter(|&index| keep(index)).collect()
    }
}
