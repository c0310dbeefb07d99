//! How measured times are summed up.
//!
//! Owns medians and other quantiles. Knows nothing of what was measured.

/// The value below which the share `quantile` (0 to 1) of the values lies; NaN if there are none.
#[must_use]
pub fn quantile(values: &[f64], quantile: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    // The share of a length is at most that length.
    sorted.get((last as f64 * quantile).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The value in the middle; NaN if there are none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The median of the ratios of values that were measured right after one another: what both suffered from falls out.
#[must_use]
pub fn paired_ratio(values: &[f64], to: &[f64]) -> f64 {
    let ratios: Vec<f64> = values.iter().zip(to).map(|(value, to)| value / to).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_do_not_depend_on_the_order_of_the_values() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!((median(&values), quantile(&values, 0.0), quantile(&values, 1.0)), (3.0, 1.0, 5.0));
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_ratio_of_pairs_is_not_moved_by_a_slow_round() {
        assert_eq!(paired_ratio(&[2.0, 200.0, 2.0], &[1.0, 100.0, 1.0]), 2.0);
    }
}
