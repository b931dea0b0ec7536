//! Fitness shaping: only the order of the scores counts.
//!
//! Source: Salimans et al., "Evolution strategies as a scalable alternative to reinforcement learning", arXiv 1703.03864.

/// Returns each score's rank among all, spread over [-1/2, 1/2]: the best gets 1/2. Equal scores share their mean rank;
/// NaN is worse than every number. Members that do not `take_part` get 0 and no rank.
///
/// ```
/// use syntonic_core::evolve::centred_ranks;
/// assert_eq!(centred_ranks(&[3.0, f64::NAN, 5.0], |_| true), [0.0, -0.5, 0.5]);
/// ```
pub fn centred_ranks(scores: &[f64], take_part: impl Fn(usize) -> bool) -> Vec<f64> {
    let worst_if_nan = |x: f64| if x.is_nan() { f64::NEG_INFINITY } else { x };
    let mut order: Vec<(f64, usize)> =
        scores.iter().enumerate().filter(|(i, _)| take_part(*i)).map(|(i, &x)| (worst_if_nan(x), i)).collect();
    order.sort_unstable_by(|(x, i), (y, j)| x.total_cmp(y).then(i.cmp(j)));
    let last = order.len().saturating_sub(1).max(1) as f64;
    let mut ranks = vec![0.0; scores.len()];
    let mut start = 0;
    for group in order.chunk_by(|(x, _), (y, _)| x == y) {
        let mean = start as f64 + (group.len() - 1) as f64 / 2.0;
        for &(_, i) in group {
            ranks[i] = mean / last - 0.5;
        }
        start += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::centred_ranks;

    #[test]
    fn equal_scores_share_a_rank_and_the_sum_is_zero() {
        let ranks = centred_ranks(&[1.0, 1.0, 0.0, 2.0], |_| true);
        assert_eq!(ranks, [0.0, 0.0, -0.5, 0.5]);
        assert!(centred_ranks(&[7.0; 8], |_| true).iter().all(|r| *r == 0.0));
    }

    #[test]
    fn those_who_take_no_part_have_no_weight() {
        assert_eq!(centred_ranks(&[9.0, 1.0, 2.0], |i| i != 0), [0.0, -0.5, 0.5]);
    }
}
