//! Shrinking a picture: each new pixel is the mean over the area it stands for.

/// A picture of `columns` x `rows` whose pixel (i, j) is the mean of `luma` over the columns `i * ratio[0]` to
/// `(i + 1) * ratio[0]` and the rows alike. Codes, not rounded. Ratios are pixels for one new pixel, at least 1;
/// columns and rows that are left over at the end are left out.
pub(super) fn shrink(luma: &[u8], width: usize, ratio: [f64; 2], columns: usize, rows: usize) -> Vec<f32> {
    let height = luma.len() / width;
    let across = shares(width, ratio[0], columns);
    let down = shares(height, ratio[1], rows);
    let mut sums = vec![0.0_f32; width];
    let mut shrunk = Vec::with_capacity(columns * rows);
    for row in &down {
        sums.fill(0.0);
        for (y, share) in row.pixels() {
            for (sum, code) in sums.iter_mut().zip(&luma[y * width..][..width]) {
                *sum += share * f32::from(*code);
            }
        }
        shrunk.extend(across.iter().map(|column| column.pixels().map(|(x, share)| share * sums[x]).sum::<f32>()));
    }
    shrunk
}

/// To the nearest code, halves to the even one.
pub(super) fn codes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|value| value.round_ties_even() as u8).collect()
}

/// Pixels that one new pixel is made of, along one side.
struct Shares {
    first: usize,
    last: usize,
    /// Of the first pixel, of those between, of the last one.
    weights: [f32; 3],
}

impl Shares {
    fn pixels(&self) -> impl Iterator<Item = (usize, f32)> {
        (self.first..=self.last).map(|at| {
            let place = if at == self.first { 0 } else { 1 + usize::from(at == self.last) };
            (at, self.weights[place])
        })
    }
}

fn shares(source: usize, ratio: f64, count: usize) -> Vec<Shares> {
    let share = |index: usize| {
        let (start, end) = (index as f64 * ratio, ((index + 1) as f64 * ratio).min(source as f64));
        let first = (start as usize).min(source - 1);
        let last = ((end - 1e-6).ceil() as usize).clamp(first + 1, source) - 1;
        let head = if first == last { end - start } else { (first + 1) as f64 - start };
        let weights = [head, 1.0, end - last as f64].map(|length| (length / (end - start)) as f32);
        Shares { first, last, weights }
    };
    (0..count).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_means_of_four() {
        let luma = [0, 10, 100, 104, 20, 30, 96, 100, 1, 1, 2, 2, 1, 1, 2, 3];
        assert_eq!(shrink(&luma, 4, [2.0, 2.0], 2, 2), [15.0, 100.0, 1.0, 2.25]);
    }

    #[test]
    fn pixels_in_two_areas_are_shared_out() {
        let shrunk = shrink(&[0, 60, 120], 3, [1.5, 1.0], 2, 1);
        assert!((shrunk[0] - 20.0).abs() < 1e-4 && (shrunk[1] - 100.0).abs() < 1e-4, "{shrunk:?}");
    }

    #[test]
    fn a_flat_picture_stays_as_it_is() {
        let shrunk = shrink(&[77; 131 * 47], 131, [131.0 / 50.0, 47.0 / 18.0], 50, 18);
        assert_eq!(shrunk.len(), 50 * 18);
        assert!(shrunk.iter().all(|value| (value - 77.0).abs() < 1e-3));
    }

    #[test]
    fn codes_round_halves_to_even() {
        assert_eq!(codes(&[0.5, 1.5, 254.6, 3.2]), [0, 2, 255, 3]);
    }
}
