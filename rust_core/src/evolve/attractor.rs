//! The memory of good states that pulls the centre back: the "retrocausal" part.

use pulp::{Arch, NullaryFnOnce};

/// One remembered state.
#[derive(Clone, Debug, PartialEq)]
pub struct Attractor {
    /// The parameters, flat.
    pub values: Vec<f64>,
    /// The score they had.
    pub score: f64,
    /// The generation in which they were the centre.
    pub generation: u64,
}

/// At most `capacity` attractors, admitted by their score among those remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct AttractorMemory {
    capacity: usize,
    decay_rate: f64,
    quantile: f64,
    attractors: Vec<Attractor>,
}

impl AttractorMemory {
    /// Starts an empty memory.
    pub fn new(capacity: usize, decay_rate: f64, quantile: f64) -> Self {
        Self { capacity, decay_rate, quantile, attractors: Vec::new() }
    }

    /// Returns the attractors.
    pub fn attractors(&self) -> &[Attractor] {
        &self.attractors
    }

    /// Replaces the attractors, as when a checkpoint is read.
    pub fn set_attractors(&mut self, attractors: Vec<Attractor>) {
        self.attractors = attractors;
    }

    /// Offers a state. It is admitted while there is room, later if its score exceeds the quantile of those remembered;
    /// it then replaces the lowest. Returns whether it was admitted.
    pub fn offer(&mut self, values: Vec<f64>, score: f64, generation: u64) -> bool {
        if score.is_nan() {
            return false;
        }
        let new = Attractor { values, score, generation };
        if self.attractors.len() < self.capacity {
            self.attractors.push(new);
            return true;
        }
        let order = self.order();
        let place = (self.quantile * (order.len() - 1) as f64).floor() as usize;
        if score <= self.attractors[order[place]].score {
            return false;
        }
        self.attractors[order[0]] = new;
        true
    }

    /// Returns the centroid, each attractor weighted by (1/2 + its rank from 0 to 1) * decay^age; none if empty.
    pub fn centroid(&self, generation: u64) -> Option<Vec<f64>> {
        let length = self.attractors.first()?.values.len();
        let last = (self.attractors.len() - 1).max(1) as f64;
        let weighted = self.order().into_iter().enumerate().map(|(rank, i)| {
            let attractor = &self.attractors[i];
            let age = generation.saturating_sub(attractor.generation);
            let weight = (0.5 + rank as f64 / last) * self.decay_rate.powi(i32::try_from(age).unwrap_or(i32::MAX));
            (weight, attractor.values.as_slice())
        });
        let weighted: Vec<(f64, &[f64])> = weighted.collect();
        let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        if total <= 0.0 {
            return None;
        }
        let mut sum = vec![0.0; length];
        Arch::new().dispatch(Add(&mut sum, &weighted));
        sum.iter_mut().for_each(|s| *s /= total);
        Some(sum)
    }

    /// Returns the attractors' numbers, lowest score first, the older first among equals.
    fn order(&self) -> Vec<usize> {
        let key = |i: usize| (self.attractors[i].score, self.attractors[i].generation);
        let mut order: Vec<usize> = (0..self.attractors.len()).collect();
        order.sort_by(|&i, &j| key(i).0.total_cmp(&key(j).0).then(key(i).1.cmp(&key(j).1)));
        order
    }
}

/// The retrocausal pull: x <- (1 - strength) x + strength c with the attractors' centroid c.
pub(super) fn pull(values: &mut [f64], strength: f64, centroid: &[f64]) {
    struct Pull<'a>(&'a mut [f64], f64, &'a [f64]);
    impl NullaryFnOnce for Pull<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            for (x, c) in self.0.iter_mut().zip(self.2) {
                *x = (1.0 - self.1) * *x + self.1 * c;
            }
        }
    }
    Arch::new().dispatch(Pull(values, strength, centroid));
}

/// sum += weight * values for one attractor after the other, in the processor's widest vectors.
struct Add<'a>(&'a mut [f64], &'a [(f64, &'a [f64])]);

impl NullaryFnOnce for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        // Four in one pass, so that the sum is not read and written for each.
        let (fours, rest) = self.1.as_chunks::<4>();
        for [(w0, v0), (w1, v1), (w2, v2), (w3, v3)] in fours {
            for ((((sum, x0), x1), x2), x3) in self.0.iter_mut().zip(*v0).zip(*v1).zip(*v2).zip(*v3) {
                *sum = *sum + w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3;
            }
        }
        for (weight, values) in rest {
            for (sum, value) in self.0.iter_mut().zip(*values) {
                *sum += weight * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AttractorMemory;

    #[test]
    fn a_full_memory_drops_its_lowest() {
        let mut memory = AttractorMemory::new(2, 1.0, 0.0);
        assert!(memory.offer(vec![0.0], 1.0, 0) && memory.offer(vec![4.0], 2.0, 1));
        assert!(!memory.offer(vec![9.0], 0.5, 2) && !memory.offer(vec![9.0], f64::NAN, 2));
        assert!(memory.offer(vec![8.0], 3.0, 3));
        assert_eq!(memory.centroid(3), Some(vec![(0.5 * 4.0 + 1.5 * 8.0) / 2.0]));
    }

    #[test]
    fn a_high_quantile_admits_only_the_best() {
        let mut memory = AttractorMemory::new(3, 1.0, 1.0);
        assert!([1.0, 2.0, 3.0].iter().all(|&score| memory.offer(vec![score], score, 0)));
        assert!(!memory.offer(vec![2.5], 2.5, 1) && memory.offer(vec![3.5], 3.5, 1));
    }

    #[test]
    fn the_empty_memory_has_no_centroid() {
        assert_eq!(AttractorMemory::new(2, 0.9, 0.0).centroid(5), None);
    }
}
