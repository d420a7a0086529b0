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
/// assert_eq!(table.column("b")?, [2.0, 4.5]);
/// let error = Table::parse("a,b\n1,x\n", "inline").unwrap_err();
/// assert_eq!(error.to_string(), "inline, line 2, column `b`: `x` is not a number");
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<String>,
    values: Vec<f64>,
    /// The line of each row in the file, so that later checks can name it too.
    lines: Vec<usize>,
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

    /// Reads text; `name` stands for it in errors. Blank lines are skipped.
    ///
    /// # Errors
    /// An empty table, a nameless or repeated column, a row of another length than the header, a
    /// missing, infinite or non-numeric value: each with file, line and column.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rows = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let Some((_, header)) = rows.next() else {
            return Err(Error::data(format!(
                "{name} is empty: a header line was expected"
            )));
        };
        let columns: Vec<String> = header.split(',').map(|c| c.trim().to_owned()).collect();
        for (index, column) in columns.iter().enumerate() {
            if column.is_empty() || columns[..index].contains(column) {
                return Err(Error::data(format!(
                    "{name}: column {} of the header is `{column}`: names must be there and differ",
                    index + 1
                )));
            }
        }
        let mut table = Self {
            name: name.to_owned(),
            columns,
            values: Vec::new(),
            lines: Vec::new(),
        };
        for (index, line) in rows {
            table.add(index + 1, line)?;
        }
        if table.lines.is_empty() {
            return Err(Error::data(format!("{name} has a header but no rows")));
        }
        Ok(table)
    }

    fn add(&mut self, line: usize, text: &str) -> Result<(), Error> {
        let count = text.split(',').count();
        if count != self.columns.len() {
            return Err(Error::data(format!(
                "{}, line {line}: {count} values under {} columns",
                self.name,
                self.columns.len()
            )));
        }
        for (field, column) in text.split(',').map(str::trim).zip(&self.columns) {
            let what = match field.parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    self.values.push(value);
                    continue;
                }
                _ if field.is_empty() => "the value is missing".to_owned(),
                _ => format!("`{field}` is not a number"),
            };
            return Err(Error::data(format!(
                "{}, line {line}, column `{column}`: {what}",
                self.name
            )));
        }
        self.lines.push(line);
        Ok(())
    }

    /// The column names.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The values of one row; panics past the last one.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.columns.len()..][..self.columns.len()]
    }

    /// The values of a column.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn column(&self, name: &str) -> Result<Vec<f64>, Error> {
        let index = self.index_of(name)?;
        let width = self.columns.len();
        Ok(self
            .values
            .iter()
            .skip(index)
            .step_by(width)
            .copied()
            .collect())
    }

    /// The values of a column of class labels `0..classes`.
    ///
    /// # Errors
    /// When there is no such column, or a value is no label: with its line.
    pub fn labels(&self, name: &str, classes: u32) -> Result<Vec<u32>, Error> {
        let values = self.column(name)?;
        values
            .iter()
            .zip(&self.lines)
            .map(|(&value, line)| {
                if value >= 0.0 && value.fract() == 0.0 && value < f64::from(classes) {
                    Ok(value as u32)
                } else {
                    Err(Error::data(format!(
                        "{}, line {line}, column `{name}`: {value} is no label; labels are whole \
                         numbers from 0 to {}",
                        self.name,
                        classes.saturating_sub(1)
                    )))
                }
            })
            .collect()
    }

    /// The table of all columns but these.
    ///
    /// # Errors
    /// When one of them isn't there, or no column is left.
    pub fn without(&self, names: &[&str]) -> Result<Self, Error> {
        let mut keep = vec![true; self.columns.len()];
        for name in names {
            keep[self.index_of(name)?] = false;
        }
        let kept: Vec<usize> = (0..keep.len()).filter(|&index| keep[index]).collect();
        if kept.is_empty() {
            return Err(Error::data(format!(
                "{}: no column is left without {}",
                self.name,
                names.join(", ")
            )));
        }
        Ok(Self {
            name: self.name.clone(),
            columns: kept.iter().map(|&k| self.columns[k].clone()).collect(),
            values: (0..self.rows())
                .flat_map(|row| kept.iter().map(move |&k| self.row(row)[k]))
                .collect(),
            lines: self.lines.clone(),
        })
    }

    fn index_of(&self, name: &str) -> Result<usize, Error> {
        let position = self.columns.iter().position(|column| column == name);
        position.ok_or_else(|| {
            let mut known: Vec<&str> = self.columns.iter().take(8).map(String::as_str).collect();
            if known.len() < self.columns.len() {
                known.push("..");
            }
            Error::data(format!(
                "{} has no column `{name}`; its columns are {}",
                self.name,
                known.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Table::parse(text, "t.csv").unwrap_err().to_string()
    }

    #[test]
    fn damage_is_named_with_line_and_column() {
        for (text, want) in [
            ("", "t.csv is empty: a header line was expected"),
            ("a,b\n\n", "t.csv has a header but no rows"),
            ("a,b\n1,2\n\n3\n", "t.csv, line 4: 1 values under 2 columns"),
            (
                "a,b\n1,\n",
                "t.csv, line 2, column `b`: the value is missing",
            ),
            (
                "a,b\n1,inf\n",
                "t.csv, line 2, column `b`: `inf` is not a number",
            ),
            (
                "a,a\n1,2\n",
                "t.csv: column 2 of the header is `a`: names must be there and differ",
            ),
        ] {
            assert_eq!(message(text), want);
        }
    }

    #[test]
    fn a_missing_column_and_a_wrong_label_are_named() {
        let table = Table::parse("x,target\n1,0\n\n2,10\n", "t.csv").unwrap();
        assert_eq!(
            table.column("y").unwrap_err().to_string(),
            "t.csv has no column `y`; its columns are x, target"
        );
        assert_eq!(
            table.labels("target", 10).unwrap_err().to_string(),
            "t.csv, line 4, column `target`: 10 is no label; labels are whole numbers from 0 to 9"
        );
        assert_eq!(table.labels("target", 11).unwrap(), [0, 10]);
        assert!(table.labels("target", 0).is_err());
    }

    #[test]
    fn columns_are_taken_out_in_order() {
        let table = Table::parse("\u{feff}x,y,z\r\n1,2,3\r\n4,5,6\r\n", "t.csv").unwrap();
        let rest = table.without(&["y"]).unwrap();
        assert_eq!(rest.columns(), ["x", "z"]);
        assert_eq!(rest.row(1), [4.0, 6.0]);
        assert!(table.without(&["x", "y", "z"]).is_err());
    }
}
