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
    // Integers that order like the scores but for their last digits, where the member stands: they sort in half the time
    // of pairs. The few that agree in all other digits are put in order afterwards.
    let low = scores.len().next_power_of_two() as u64 - 1;
    let member = |key: u64| (key & low) as usize;
    let exact = |key: &u64| ordered(scores[member(*key)]);
    let those = scores.iter().enumerate().filter(|(i, _)| take_part(*i));
    let mut order: Vec<u64> = those.map(|(i, &x)| ordered(x) & !low | i as u64).collect();
    order.sort_unstable();
    let last = order.len().saturating_sub(1).max(1) as f64;
    let mut ranks = vec![0.0; scores.len()];
    let mut start = 0;
    for near in order.chunk_by_mut(|x, y| x | low == y | low) {
        if near.len() > 1 {
            near.sort_unstable_by_key(exact);
        }
        for group in near.chunk_by(|x, y| exact(x) == exact(y)) {
            let mean = start as f64 + (group.len() - 1) as f64 / 2.0;
            for &key in group {
                ranks[member(key)] = mean / last - 0.5;
            }
            start += group.len();
        }
    }
    ranks
}

/// Returns an integer that orders like the score; NaN like minus infinity, -0 like 0.
fn ordered(score: f64) -> u64 {
    let score = if score.is_nan() { f64::NEG_INFINITY } else { score + 0.0 };
    let bits = score.to_bits();
    if score.is_sign_negative() { !bits } else { bits | 1 << 63 }
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
    fn the_order_is_that_of_the_numbers() {
        let scores = [f64::NEG_INFINITY, -2.5, -1e-300, -0.0, 0.0, 1e-300, 2.5, f64::INFINITY, f64::NAN];
        let ranks: Vec<f64> = centred_ranks(&scores, |_| true).iter().map(|r| (r + 0.5) * 8.0).collect();
        assert_eq!(ranks, [0.5, 2.0, 3.0, 4.5, 4.5, 6.0, 7.0, 8.0, 0.5]);
    }

    #[test]
    fn the_last_digit_counts() {
        let scores: Vec<f64> = (0..200_u64).map(|i| f64::from_bits(1.0_f64.to_bits() + (i * 77) % 100)).collect();
        let ranks = centred_ranks(&scores, |_| true);
        for (i, x) in scores.iter().enumerate() {
            let below = scores.iter().filter(|y| *y < x).count() as f64;
            assert_eq!(ranks[i], (below + 0.5) / 199.0 - 0.5, "{i}");
        }
    }

    #[test]
    fn those_who_take_no_part_have_no_weight() {
        assert_eq!(centred_ranks(&[9.0, 1.0, 2.0], |i| i != 0), [0.0, -0.5, 0.5]);
    }
}
