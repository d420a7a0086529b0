//! Products with vectors, seen as products of matrices.
//!
//! A vector on the left of a product is a row, one on the right a column; in the adjoint of a
//! product the same vector may stand on the other side. Which of the two an operand is follows from
//! the shapes: only one reading has equal inner sizes and as many elements as the result.

/// The shapes of the operands and the result of a product, each with two axes or more.
pub(crate) struct Matrices {
    pub(crate) a: Vec<usize>,
    pub(crate) b: Vec<usize>,
    pub(crate) result: Vec<usize>,
}

/// Reads `a b -> result`, with the transposes asked for. Operands that are matrices already stay.
pub(crate) fn matrices(
    a: &[usize],
    transpose_a: bool,
    b: &[usize],
    transpose_b: bool,
    result: &[usize],
) -> Matrices {
    let vectors = a.len() < 2 || b.len() < 2;
    let found = readings(a).into_iter().find_map(|a| {
        readings(b).into_iter().find_map(|b| {
            let (m, k) = sizes(&a, transpose_a);
            let (inner, n) = sizes(&b, transpose_b);
            let fits = match *result {
                [rows, columns] if vectors => (rows, columns) == (m, n),
                [] | [_] => result.iter().product::<usize>() == m * n,
                _ => true,
            };
            (k == inner && fits).then(|| Matrices {
                result: if result.len() > 1 {
                    result.to_vec()
                } else {
                    vec![m, n]
                },
                a: a.clone(),
                b,
            })
        })
    });
    found.unwrap_or_else(|| Matrices {
        a: a.to_vec(),
        b: b.to_vec(),
        result: result.to_vec(),
    })
}

/// A shape as that of a matrix: a vector as a row and as a column.
fn readings(shape: &[usize]) -> Vec<Vec<usize>> {
    match *shape {
        [] => vec![vec![1, 1]],
        [size] => vec![vec![1, size], vec![size, 1]],
        _ => vec![shape.to_vec()],
    }
}

/// Rows and columns of the last two axes.
fn sizes(shape: &[usize], transposed: bool) -> (usize, usize) {
    match *shape {
        [.., rows, columns] if transposed => (columns, rows),
        [.., rows, columns] => (rows, columns),
        _ => (0, 0),
    }
}
