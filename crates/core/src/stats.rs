//! One definition of median and percentile for every figure that offhook prints, so that figures compare.

/// Sorted values of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distribution {
    sorted: Vec<f64>,
}

impl FromIterator<f64> for Distribution {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }
}

impl Distribution {
    /// The number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The value below which `percent` of all values lie, interpolated linearly between the two nearest
    /// (type 7 of Hyndman and Fan, 1996, as in NumPy and spreadsheets). `None` if there are no values.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let last = self.sorted.len().checked_sub(1)?;
        let place = last as f64 * percent.clamp(0.0, 100.0) / 100.0;
        let (below, above) = (self.sorted[place.floor() as usize], self.sorted[place.ceil() as usize]);
        Some(below + (above - below) * place.fract())
    }

    /// The 50th percentile.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.percentile(50.0)
    }

    /// The largest value.
    #[must_use]
    pub fn longest(&self) -> Option<f64> {
        self.sorted.last().copied()
    }
}

/// The median of `values`; `None` if there are none. See [`Distribution::percentile`].
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().collect::<Distribution>().median()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_two_nearest_values() {
        let values: Distribution = (1..=21).rev().map(f64::from).collect();
        let at = |percent| values.percentile(percent).unwrap();
        assert_eq!([0.0, 50.0, 95.0, 97.5, 100.0].map(at), [1.0, 11.0, 20.0, 20.5, 21.0]);
        assert_eq!((values.count(), values.longest()), (21, Some(21.0)));
        assert_eq!(
            (median([3.0, 1.0, 2.0]), median([4.0, 1.0]), median([7.0])),
            (Some(2.0), Some(2.5), Some(7.0))
        );
    }

    #[test]
    fn nothing_has_no_percentile() {
        let nothing = Distribution::default();
        assert_eq!((nothing.median(), nothing.longest(), median([])), (None, None, None));
    }
}
