//! A form of statement: a row of the tables.

use super::program::Program;

/// Where a statement can stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere.
    Anywhere,
    /// Where there is room for more nesting.
    Nested,
    /// In a loop.
    Looping,
    /// In a loop within a loop.
    Inner,
    /// Where the function can return.
    Returning,
}

/// A form of statement.
pub struct Form {
    /// Its name in the histogram.
    pub name: &'static str,
    /// How often it is chosen, beside others.
    pub weight: usize,
    /// Where it can stand.
    pub place: Place,
    /// Writes it.
    pub write: fn(&mut Program),
}

/// A row of a table.
pub const fn form(
    name: &'static str,
    weight: usize,
    place: Place,
    write: fn(&mut Program),
) -> Form {
    Form {
        name,
        weight,
        place,
        write,
    }
}
