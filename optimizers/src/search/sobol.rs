//! Sobol's sequence: every block of `2^k` points has equally many in each half, quarter, .. of the
//! cube, and pairs of coordinates are even together.
//!
//! Polynomials and initial numbers are those of Joe and Kuo (2008, `new-joe-kuo-6`); points come in
//! Gray code order (Antonov and Saleev 1979), and a seed shifts the bits of every coordinate, which
//! keeps what makes them even.

use crate::random::Random;

/// One coordinate: the polynomial's degree, its inner coefficients as bits, the initial numbers.
struct Row(u32, u32, &'static [u32]);

/// The coordinates after the first, whose numbers are all 1.
const ROWS: [Row; 20] = [
    Row(1, 0, &[1]),
    Row(2, 1, &[1, 3]),
    Row(3, 1, &[1, 3, 1]),
    Row(3, 2, &[1, 1, 1]),
    Row(4, 1, &[1, 1, 3, 3]),
    Row(4, 4, &[1, 3, 5, 13]),
    Row(5, 2, &[1, 1, 5, 5, 17]),
    Row(5, 4, &[1, 1, 5, 5, 5]),
    Row(5, 7, &[1, 1, 7, 11, 19]),
    Row(5, 11, &[1, 1, 5, 1, 1]),
    Row(5, 13, &[1, 1, 1, 3, 11]),
    Row(5, 14, &[1, 3, 5, 5, 31]),
    Row(6, 1, &[1, 3, 3, 9, 7, 49]),
    Row(6, 13, &[1, 1, 1, 15, 21, 21]),
    Row(6, 16, &[1, 3, 1, 13, 27, 49]),
    Row(6, 19, &[1, 1, 1, 15, 7, 5]),
    Row(6, 22, &[1, 3, 1, 15, 13, 25]),
    Row(6, 25, &[1, 1, 5, 5, 19, 61]),
    Row(7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    Row(7, 4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// As many coordinates as the table has.
pub(super) const COORDINATES: usize = ROWS.len() + 1;

const BITS: u32 = 32;

const CELLS: f64 = 4_294_967_296.0;

/// The direction number of a coordinate for one bit of the point's code, as a fraction of `2^32`.
fn direction(coordinate: usize, bit: u32) -> u32 {
    let Some(Row(degree, inner, initial)) = coordinate.checked_sub(1).map(|row| &ROWS[row]) else {
        return 1 << (BITS - 1 - bit);
    };
    let mut numbers: Vec<u32> = initial.to_vec();
    for next in numbers.len()..=bit as usize {
        let degree = *degree as usize;
        let last = numbers[next - degree];
        let mut number = last ^ (last << degree);
        for power in 1..degree {
            if inner >> (degree - 1 - power) & 1 == 1 {
                number ^= numbers[next - power] << power;
            }
        }
        numbers.push(number);
    }
    numbers[bit as usize] << (BITS - 1 - bit)
}

/// Point `index` (from 0, below `2^32`) of the sequence of a seed.
pub(super) fn sobol(index: u64, coordinates: usize, seed: u64) -> Vec<f64> {
    let mut random = Random::named(seed, "sobol");
    let mut shift = || (random.unit() * CELLS) as u32;
    let code = index ^ (index >> 1);
    (0..coordinates)
        .map(|coordinate| fraction(point(code, coordinate) ^ shift()))
        .collect()
}

/// A coordinate of the point of this code, without a shift.
fn point(code: u64, coordinate: usize) -> u32 {
    let bits = (0..BITS).filter(|bit| code >> bit & 1 == 1);
    bits.fold(0, |sum, bit| sum ^ direction(coordinate, bit))
}

fn fraction(bits: u32) -> f64 {
    // The middle of the cell: no point lies on the edge of the cube.
    (f64::from(bits) + 0.5) / CELLS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_points_are_the_published_ones() {
        // Points 1 to 7 in three coordinates, as in Joe and Kuo's notes and Numerical Recipes.
        let want = [
            [0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25],
            [0.25, 0.75, 0.75],
            [0.375, 0.375, 0.625],
            [0.875, 0.875, 0.125],
            [0.625, 0.125, 0.875],
            [0.125, 0.625, 0.375],
        ];
        for (index, want) in (1_u64..).zip(want) {
            for (coordinate, want) in want.into_iter().enumerate() {
                let bits = point(index ^ (index >> 1), coordinate);
                assert_eq!(f64::from(bits) / CELLS, want, "point {index}");
            }
        }
    }

    #[test]
    fn every_interval_of_every_coordinate_has_its_share() {
        for seed in 0..2 {
            let points: Vec<Vec<f64>> = (0..128).map(|i| sobol(i, COORDINATES, seed)).collect();
            for coordinate in 0..COORDINATES {
                let mut counts = [0; 128];
                for point in &points {
                    counts[(point[coordinate] * 128.0) as usize] += 1;
                }
                assert_eq!(counts, [1; 128], "coordinate {coordinate}");
            }
            // And the first two together, in boxes of every shape of equal content.
            for bits in 0..=7 {
                let (wide, high) = (f64::from(1 << bits), f64::from(128 >> bits));
                let mut counts = [0; 128];
                for point in &points {
                    let (i, j) = ((point[0] * wide) as usize, (point[1] * high) as usize);
                    counts[i * (128 >> bits) + j] += 1;
                }
                assert_eq!(counts, [1; 128], "{wide} by {high}");
            }
        }
    }
}
