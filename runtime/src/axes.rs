//! What methods take for axes and positions: one axis, several or all; a range along an axis.
//! Negative numbers count from the end, as in NumPy.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::shape;

/// The axes of a reduction: `1`, `-1`, `[0, 2]`, a slice, or `..` for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// All of them.
    All,
    /// These.
    These(Vec<isize>),
}

impl Over {
    /// The axes as sorted positions below `rank`, or why there are none.
    pub(crate) fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        let mut axes = match self {
            Over::All => (0..rank).collect(),
            Over::These(axes) => axes
                .iter()
                .map(|&axis| position(axis, rank))
                .collect::<Result<Vec<_>, _>>()?,
        };
        axes.sort_unstable();
        match axes.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(format!("axis {} stands there twice", twice[0])),
            None => Ok(axes),
        }
    }
}

/// A possibly negative axis as a position, or why it is none.
pub(crate) fn position(axis: isize, rank: usize) -> Result<usize, String> {
    shape::axis(axis, rank).ok_or_else(|| format!("there is no axis {axis}"))
}

impl From<RangeFull> for Over {
    fn from(_: RangeFull) -> Over {
        Over::All
    }
}

impl From<isize> for Over {
    fn from(axis: isize) -> Over {
        Over::These(vec![axis])
    }
}

impl<const N: usize> From<[isize; N]> for Over {
    fn from(axes: [isize; N]) -> Over {
        Over::These(axes.to_vec())
    }
}

impl From<&[isize]> for Over {
    fn from(axes: &[isize]) -> Over {
        Over::These(axes.to_vec())
    }
}

impl From<&Vec<isize>> for Over {
    fn from(axes: &Vec<isize>) -> Over {
        Over::These(axes.clone())
    }
}

/// An integer that can be a position along an axis.
pub trait Position: Copy {
    /// The position; a negative one counts from the end.
    fn position(self) -> i64;
}

macro_rules! positions {
    ($($ty:ident)*) => {$(
        impl Position for $ty {
            fn position(self) -> i64 {
                i64::try_from(self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

positions! { i32 i64 isize u32 usize }

/// A range of positions along an axis: `2..5`, `1..`, `..-1`, `..`.
pub trait Span {
    /// The bounds; negative ones count from the end.
    fn bounds(&self) -> (Option<i64>, Option<i64>);

    /// The first position and how many there are, on an axis of this size.
    ///
    /// # Errors
    /// Says so when the range is not inside the axis.
    fn on(&self, size: usize) -> Result<(usize, usize), String> {
        let (start, end) = self.bounds();
        let whole = i64::try_from(size).unwrap_or(i64::MAX);
        let resolve = |bound: i64| if bound < 0 { bound + whole } else { bound };
        let (first, last) = (start.map_or(0, resolve), end.map_or(whole, resolve));
        if 0 <= first && first <= last && last <= whole {
            // Both are between 0 and the size.
            return Ok((
                first.unsigned_abs() as usize,
                (last - first).unsigned_abs() as usize,
            ));
        }
        Err(format!(
            "the range {first}..{last} is not inside an axis of size {size}"
        ))
    }
}

impl<I: Position> Span for Range<I> {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (Some(self.start.position()), Some(self.end.position()))
    }
}

impl<I: Position> Span for RangeFrom<I> {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (Some(self.start.position()), None)
    }
}

impl<I: Position> Span for RangeTo<I> {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (None, Some(self.end.position()))
    }
}

impl<I: Position> Span for RangeInclusive<I> {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        let last = self.end().position();
        let end = if last == -1 { None } else { Some(last + 1) };
        (Some(self.start().position()), end)
    }
}

impl<I: Position> Span for RangeToInclusive<I> {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        let last = self.end.position();
        (None, if last == -1 { None } else { Some(last + 1) })
    }
}

impl Span for RangeFull {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::reversed_empty_ranges,
        reason = "a negative end counts from the end"
    )]
    fn axes_and_ranges_count_from_the_end() {
        assert_eq!(Over::from([-1, 0]).resolve(3), Ok(vec![0, 2]));
        assert_eq!(Over::from(..).resolve(2), Ok(vec![0, 1]));
        assert!(Over::from([1, -1]).resolve(2).is_err());
        assert!(Over::from(2).resolve(2).is_err());
        assert_eq!((1..-1).on(5), Ok((1, 3)));
        assert_eq!((-2..).on(5), Ok((3, 2)));
        assert_eq!((1..=-1).on(5), Ok((1, 4)));
        assert_eq!((2_usize..2).on(2), Ok((2, 0)));
        assert!((3..6).on(5).is_err() && (3..2).on(5).is_err());
    }
}
