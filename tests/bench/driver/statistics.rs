//! Medians, spreads and percentiles.

use std::time::Duration;

/// The middle and the ends of several measurements of one thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let lower = if values.len() % 2 == 0 {
            *values.get(middle - 1)?
        } else {
            upper
        };
        Some(Self {
            median: f64::midpoint(lower, upper),
            least: *values.first()?,
            most: *values.last()?,
        })
    }
}

/// The latency that a share of requests (0 to 1) did not exceed, of ascending latencies, in microseconds.
pub(crate) fn percentile_us(ascending: &[Duration], share: f64) -> f64 {
    let rank = (ascending.len() as f64 * share).ceil() as usize;
    let latency = ascending
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default();
    latency.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_with_both_ends() {
        assert_eq!(
            Spread::of([3.0, 1.0, 2.0]),
            Some(Spread {
                median: 2.0,
                least: 1.0,
                most: 3.0
            })
        );
        assert_eq!(
            Spread::of([4.0, 1.0, 2.0, 3.0]),
            Some(Spread {
                median: 2.5,
                least: 1.0,
                most: 4.0
            })
        );
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        assert!((percentile_us(&latencies, 0.99) - 198.0).abs() < 0.001);
        assert!((percentile_us(&latencies, 0.5) - 100.0).abs() < 0.001);
        assert!((percentile_us(&[], 0.5)).abs() < 0.001);
    }
}
