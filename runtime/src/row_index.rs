//! `RowIndex`: a set of row numbers that remembers the order in which they came.
//!
//! It knows nothing of what the rows hold. Its memory is that of the rows in it, whatever their
//! numbers are, and `clear` keeps it: a set that is filled anew with as many rows allocates nothing.

/// A place of the table that holds no row.
const FREE: u32 = u32::MAX;

/// Row numbers in the order in which they first occurred, each once.
///
/// ```
/// use cotangent_runtime::RowIndex;
///
/// let mut rows = RowIndex::default();
/// assert_eq!([7, 900_000, 7].map(|row| rows.insert(row)), [0, 1, 0]);
/// assert_eq!(rows.rows(), [7, 900_000]);
/// assert_eq!(rows.position(900_000), Some(1));
/// assert_eq!(rows.position(8), None);
/// ```
#[derive(Clone, Default)]
pub struct RowIndex {
    rows: Vec<u32>,
    /// Positions in `rows` by open addressing: a power of two, at most half full.
    places: Vec<u32>,
}

impl RowIndex {
    /// The row numbers in the order of their first occurrence.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The position of a row, if it is in the set.
    #[must_use]
    pub fn position(&self, row: u32) -> Option<usize> {
        let found = self.places.get(self.place(row)?)?;
        (*found != FREE).then_some(*found as usize)
    }

    /// Adds a row unless it is there; its position.
    pub fn insert(&mut self, row: u32) -> usize {
        if (self.rows.len() + 1) * 2 > self.places.len() {
            self.grow();
        }
        let Some(place) = self.place(row) else {
            return 0;
        };
        if self.places[place] == FREE {
            self.places[place] = self.rows.len() as u32;
            self.rows.push(row);
        }
        self.places[place] as usize
    }

    /// Forgets every row and keeps the memory.
    pub fn clear(&mut self) {
        self.places.fill(FREE);
        self.rows.clear();
    }

    /// Where a row is, or would be; nowhere in a table without places.
    fn place(&self, row: u32) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        // Fibonacci hashing (Knuth 6.4): the high bits of the product depend on all bits of the row.
        let hash = u64::from(row).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut place = (hash >> 32) as usize & mask;
        // At least half of the places are free, so that this ends.
        while self.places[place] != FREE && self.rows[self.places[place] as usize] != row {
            place = (place + 1) & mask;
        }
        Some(place)
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(16);
        self.places.clear();
        self.places.resize(size, FREE);
        for (position, &row) in self.rows.iter().enumerate() {
            if let Some(place) = self.place(row) {
                self.places[place] = position as u32;
            }
        }
    }
}

impl std::fmt::Debug for RowIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.rows).finish()
    }
}

impl PartialEq for RowIndex {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_a_search_through_the_list() {
        let mut state = 1_u64;
        let mut index = RowIndex::default();
        for round in 0..4 {
            let mut known: Vec<u32> = Vec::new();
            for _ in 0..500 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                // Few numbers, so that many repeat; far apart in odd rounds.
                let row = (state >> 57) as u32 * if round % 2 == 1 { 1 << 24 } else { 1 };
                let at = known.iter().position(|&other| other == row);
                assert_eq!(index.position(row), at);
                if at.is_none() {
                    known.push(row);
                }
                assert_eq!(index.insert(row), at.unwrap_or(known.len() - 1));
            }
            assert_eq!(index.rows(), known);
            let room = index.places.capacity();
            index.clear();
            assert!(index.is_empty() && index.position(known[0]).is_none());
            assert_eq!(index.places.capacity(), room);
        }
    }
}
