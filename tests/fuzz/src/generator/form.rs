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

/// What is not compared of a program, because of a form that it has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Everything is compared.
    Nothing,
    /// It moves in steps that differences would see, and derivatives do not.
    Differences,
    /// Values, and derivatives on their way back, are rounded to single precision.
    Precision,
    /// Custom rules are first derivatives.
    Second,
    /// It does what forward mode cannot.
    Forward,
}

/// A form of statement.
pub struct Form {
    /// Its name in the histogram.
    pub name: &'static str,
    /// How often it is chosen, beside others.
    pub weight: usize,
    /// Where it can stand.
    pub place: Place,
    /// What is not compared of a program that has it.
    pub without: Without,
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
        without: Without::Nothing,
        write,
    }
}

impl Form {
    /// The form, for programs of which not everything can be compared.
    pub const fn without(mut self, what: Without) -> Form {
        self.without = what;
        self
    }
}
