//! Inverts 4×4 matrices by cofactors: the same source for guests and peers.

/// Row by row.
pub type Matrix = [f32; 16];

/// A matrix that can be inverted, different for each number.
#[inline]
pub fn numbered(n: u32) -> Matrix {
    let mut matrix = [0.0; 16];
    for (at, cell) in matrix.iter_mut().enumerate() {
        *cell = if at % 5 == 0 { 2.0 + (n % 7) as f32 } else { 0.1 * at as f32 };
    }
    matrix
}

/// The inverse; the matrix itself when it has none.
#[inline]
pub fn inverse(m: &Matrix) -> Matrix {
    let minor = |r: [usize; 3], c: [usize; 3]| {
        let at = |i: usize, j: usize| m[r[i] * 4 + c[j]];
        at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1))
            - at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0))
            + at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0))
    };
    const OTHERS: [[usize; 3]; 4] = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]];
    let mut cofactors = [0.0; 16];
    for row in 0..4 {
        for column in 0..4 {
            let sign = if (row + column) % 2 == 0 { 1.0 } else { -1.0 };
            cofactors[column * 4 + row] = sign * minor(OTHERS[row], OTHERS[column]);
        }
    }
    let determinant: f32 = (0..4).map(|column| m[column] * cofactors[column * 4]).sum();
    if determinant == 0.0 {
        return *m;
    }
    cofactors.map(|cofactor| cofactor / determinant)
}
