//! What the members' losses say: scores, survivors, ranks, the direction that they favour, and who replaces the centre.

use super::super::centred_ranks;
use super::super::direction::{Left, direction};
use super::super::population::Evaluation;
use super::super::strategy::{Power, Sample, Sums};
use super::Evolution;
use crate::Result;
use crate::tensor::Real;

impl Evolution {
    /// The direction that the members' scores favour, and what the strategy keeps of them.
    pub(in crate::evolve) fn towards(&self, evaluation: &Evaluation, sums: &Sums<'_>) -> Result<(Vec<f64>, Vec<f64>)> {
        let mut kept = self.state.strategy.clone();
        let sample = Sample {
            config: &self.config,
            scores: &self.scores(evaluation),
            takes_part: &self.survivors(evaluation),
            spread: &self.spread(),
            sums,
        };
        let towards = self.strategy.tell(&sample, &mut kept)?;
        Ok((towards, kept))
    }

    /// Sums the noise of all pairs, times the pairs' weights, on the CPU.
    pub(in crate::evolve) fn sum<T: Real>(&self, left: &Left<T>, weights: &[f64], power: Power) -> Result<Vec<f64>> {
        direction(&self.pool, &self.perturbation, left, &self.shapes, weights, power)
    }

    /// The members' centred ranks; 0 for those who do not take part.
    pub(in crate::evolve) fn ranks(&self, evaluation: &Evaluation) -> Vec<f64> {
        let survives = self.survivors(evaluation);
        centred_ranks(&self.scores(evaluation), |i| survives[i])
    }

    /// Each member's score: fitness + lambda * S.
    fn scores(&self, evaluation: &Evaluation) -> Vec<f64> {
        let lambda = self.config.lambda();
        match evaluation.syntonies.as_slice() {
            [] => evaluation.losses.iter().map(|loss| -loss).collect(),
            syntonies => evaluation.losses.iter().zip(syntonies).map(|(loss, s)| lambda * s - loss).collect(),
        }
    }

    /// Whether a member survives the syntony filter: all do if there is none.
    fn survivors(&self, evaluation: &Evaluation) -> Vec<bool> {
        let mut survives = vec![true; evaluation.losses.len()];
        if let Some(count) = self.config.survivor_count {
            // A member without a syntony is the last: its sign, which total_cmp looks at, differs between processors.
            let s = |i: usize| if evaluation.syntonies[i].is_nan() { -1.0 } else { evaluation.syntonies[i] };
            let mut order: Vec<usize> = (0..evaluation.syntonies.len()).collect();
            order.sort_by(|&i, &j| s(j).total_cmp(&s(i)).then(i.cmp(&j)));
            order.iter().skip(count).for_each(|&i| survives[i] = false);
        }
        survives
    }

    pub(in crate::evolve) fn needs_syntony(&self) -> bool {
        self.config.lambda() != 0.0 || self.config.survivor_count.is_some()
    }

    /// Returns the best surviving member if elitism is on and lets it replace a centre of this loss.
    pub(in crate::evolve) fn elite(&self, evaluation: &Evaluation, loss: f64) -> Result<Option<usize>> {
        if !self.config.elitist {
            return Ok(None);
        }
        let (scores, survives) = (self.scores(evaluation), self.survivors(evaluation));
        let centre = self.config.lambda() * self.harmony()? - loss;
        let candidates = (0..scores.len()).filter(|&i| survives[i] && !scores[i].is_nan());
        let best = candidates.max_by(|&i, &j| scores[i].total_cmp(&scores[j]));
        // A centre without a score loses to any member that has one.
        Ok(best.filter(|&best| centre.is_nan() || scores[best] > centre))
    }
}
