//! Small dense linear algebra in `f64`: what fitting a camera needs and no more.

/// Solves `a · x = b` by Gaussian elimination with partial pivoting.
///
/// `None` when `a` is singular to working precision or holds a value that is not finite.
pub fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    let scale = a.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    for column in 0..N {
        let pivot = (column..N).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        // Not so for NaN.
        let regular = a[pivot][column].abs() > scale * 1e-14;
        if !regular {
            return None;
        }
        a.swap(column, pivot);
        b.swap(column, pivot);
        let (pivot_row, pivot_value) = (a[column], b[column]);
        for row in column + 1..N {
            let factor = a[row][column] / pivot_row[column];
            for (value, above) in a[row][column..].iter_mut().zip(&pivot_row[column..]) {
                *value -= factor * above;
            }
            b[row] -= factor * pivot_value;
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| a[row][column] * b[column]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b.iter().all(|value| value.is_finite()).then_some(b)
}

/// Eigenvalues of a symmetric matrix in rising order, and the unit eigenvector of each.
///
/// Cyclic Jacobi rotations (Golub & Van Loan, *Matrix Computations*, 8.5); only sensible for small `N`.
pub fn symmetric_eigen<const N: usize>(mut a: [[f64; N]; N]) -> ([f64; N], [[f64; N]; N]) {
    let mut vectors = [[0.0; N]; N];
    for (index, row) in vectors.iter_mut().enumerate() {
        row[index] = 1.0;
    }
    for _ in 0..64 {
        let mut off_diagonal = 0.0;
        let mut diagonal = 0.0;
        for p in 0..N {
            diagonal += a[p][p] * a[p][p];
            for q in p + 1..N {
                off_diagonal += a[p][q] * a[p][q];
                rotate(&mut a, &mut vectors, p, q);
            }
        }
        if off_diagonal <= diagonal * 1e-30 {
            break;
        }
    }
    let mut order: [usize; N] = std::array::from_fn(|index| index);
    order.sort_by(|&i, &j| a[i][i].total_cmp(&a[j][j]));
    (order.map(|index| a[index][index]), order.map(|index| vectors[index]))
}

/// Makes `a[p][q]` zero; row `k` of `vectors` stays the eigenvector that belongs to `a[k][k]`.
fn rotate<const N: usize>(a: &mut [[f64; N]; N], vectors: &mut [[f64; N]; N], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for row in a.iter_mut() {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    for column in 0..N {
        (a[p][column], a[q][column]) =
            (cosine * a[p][column] - sine * a[q][column], sine * a[p][column] + cosine * a[q][column]);
        (vectors[p][column], vectors[q][column]) = (
            cosine * vectors[p][column] - sine * vectors[q][column],
            sine * vectors[p][column] + cosine * vectors[q][column],
        );
    }
}

/// The Cholesky factor of a symmetric positive definite matrix of any size.
#[derive(Debug, Clone)]
pub struct Cholesky {
    size: usize,
    /// Lower triangle, row-major, the upper one is not read.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a row-major `size × size` matrix; `None` when it is not positive definite to working precision.
    pub fn new(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        if matrix.len() != size * size {
            return None;
        }
        for row in 0..size {
            let (done, rest) = matrix.split_at_mut(row * size);
            for column in 0..row {
                let above = &done[column * size..];
                let dot: f64 = rest[..column].iter().zip(&above[..column]).map(|(a, b)| a * b).sum();
                rest[column] = (rest[column] - dot) / above[column];
            }
            let squares: f64 = rest[..row].iter().map(|value| value * value).sum();
            let pivot = rest[row] - squares;
            // Not so for NaN.
            let positive = pivot > rest[row].abs() * 1e-13;
            if !positive {
                return None;
            }
            rest[row] = pivot.sqrt();
        }
        Some(Self { size, lower: matrix })
    }

    /// Solves `matrix · x = b`, `x` in place of `b`.
    ///
    /// # Panics
    ///
    /// When `b` has another length than the matrix has rows.
    pub fn solve(&self, b: &mut [f64]) {
        assert_eq!(b.len(), self.size, "a right side has as many values as the matrix has rows");
        for row in 0..self.size {
            let known: f64 = (0..row).map(|column| self.at(row, column) * b[column]).sum();
            b[row] = (b[row] - known) / self.at(row, row);
        }
        for row in (0..self.size).rev() {
            let known: f64 = (row + 1..self.size).map(|below| self.at(below, row) * b[below]).sum();
            b[row] = (b[row] - known) / self.at(row, row);
        }
    }

    /// Element `index, index` of the inverse.
    pub fn inverse_diagonal(&self, index: usize) -> f64 {
        let mut unit = vec![0.0; self.size];
        unit[index] = 1.0;
        self.solve(&mut unit);
        unit[index]
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.lower[row * self.size + column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn square() -> impl Strategy<Value = [[f64; 4]; 4]> {
        prop::array::uniform4(prop::array::uniform4(-10.0..10.0_f64))
    }

    fn times(a: &[[f64; 4]; 4], x: &[f64; 4]) -> [f64; 4] {
        a.map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum())
    }

    /// `aᵀ a + I`: symmetric and positive definite.
    fn positive(a: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| a.iter().map(|row| row[i] * row[j]).sum::<f64>() + f64::from(u8::from(i == j)))
        })
    }

    #[test]
    fn singular_matrices_are_refused() {
        assert_eq!(solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 1.0]), None);
        assert_eq!(solve([[f64::NAN, 2.0], [2.0, 4.0]], [1.0, 1.0]), None);
        assert!(Cholesky::new(vec![1.0, 2.0, 2.0, 4.0], 2).is_none());
        assert!(Cholesky::new(vec![-1.0], 1).is_none());
    }

    proptest! {
        #[test]
        fn a_solution_solves(a in square(), x in prop::array::uniform4(-10.0..10.0_f64)) {
            let a = positive(&a);
            let found = solve(a, times(&a, &x)).unwrap();
            let factor = Cholesky::new(a.as_flattened().to_vec(), 4).unwrap();
            let mut other = times(&a, &x);
            factor.solve(&mut other);
            for index in 0..4 {
                prop_assert!((found[index] - x[index]).abs() < 1e-8, "{found:?} {x:?}");
                prop_assert!((other[index] - x[index]).abs() < 1e-8, "{other:?} {x:?}");
            }
        }

        #[test]
        fn eigenvectors_are_only_stretched(a in square()) {
            let a = positive(&a);
            let (values, vectors) = symmetric_eigen(a);
            prop_assert!(values.is_sorted());
            for (value, vector) in values.iter().zip(&vectors) {
                let image = times(&a, vector);
                for index in 0..4 {
                    prop_assert!((image[index] - value * vector[index]).abs() < 1e-8 * (1.0 + values[3]));
                }
            }
        }
    }
}
