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
    pub fn offer(&mut self, values: &[f64], score: f64, generation: u64) -> bool {
        if score.is_nan() {
            return false;
        }
        let new = || Attractor { values: values.to_vec(), score, generation };
        if self.attractors.len() < self.capacity {
            self.attractors.push(new());
            return true;
        }
        let order = self.order();
        let place = (self.quantile * (order.len() - 1) as f64).floor() as usize;
        if score <= self.attractors[order[place]].score {
            return false;
        }
        self.attractors[order[0]] = new();
        true
    }

    /// Returns the centroid, each attractor weighted by (1/2 + its rank from 0 to 1) * decay^age; none if empty.
    pub fn centroid(&self, generation: u64) -> Option<Vec<f64>> {
        let length = self.attractors.first()?.values.len();
        let last = (self.attractors.len() - 1).max(1) as f64;
        let (mut sum, mut total) = (vec![0.0; length], 0.0);
        for (rank, &i) in self.order().iter().enumerate() {
            let attractor = &self.attractors[i];
            let age = generation.saturating_sub(attractor.generation);
            let weight = (0.5 + rank as f64 / last) * self.decay_rate.powi(i32::try_from(age).unwrap_or(i32::MAX));
            total += weight;
            Arch::new().dispatch(Add(&mut sum, weight, &attractor.values));
        }
        if total <= 0.0 {
            return None;
        }
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

/// sum += weight * values, in the processor's widest vectors.
struct Add<'a>(&'a mut [f64], f64, &'a [f64]);

impl NullaryFnOnce for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (sum, value) in self.0.iter_mut().zip(self.2) {
            *sum += self.1 * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AttractorMemory;

    #[test]
    fn a_full_memory_drops_its_lowest() {
        let mut memory = AttractorMemory::new(2, 1.0, 0.0);
        assert!(memory.offer(&[0.0], 1.0, 0) && memory.offer(&[4.0], 2.0, 1));
        assert!(!memory.offer(&[9.0], 0.5, 2) && !memory.offer(&[9.0], f64::NAN, 2));
        assert!(memory.offer(&[8.0], 3.0, 3));
        assert_eq!(memory.centroid(3), Some(vec![(0.5 * 4.0 + 1.5 * 8.0) / 2.0]));
    }

    #[test]
    fn a_high_quantile_admits_only_the_best() {
        let mut memory = AttractorMemory::new(3, 1.0, 1.0);
        assert!([1.0, 2.0, 3.0].iter().all(|&score| memory.offer(&[score], score, 0)));
        assert!(!memory.offer(&[2.5], 2.5, 1) && memory.offer(&[3.5], 3.5, 1));
    }

    #[test]
    fn the_empty_memory_has_no_centroid() {
        assert_eq!(AttractorMemory::new(2, 0.9, 0.0).centroid(5), None);
    }
}
