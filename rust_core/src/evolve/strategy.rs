//! What an evolution strategy is: how members are spread round the centre, and which direction their scores favour.
//!
//! A strategy file holds only that. The engine evaluates the members, turns the direction into a step by the optimizer of the
//! config, harmonizes, pulls, crystallizes and remembers; `optimizer=momentum, beta1=0` takes the direction times the
//! learning rate. Members come in mirrored pairs, centre + s z and centre - s z, with standard normal z that is drawn again
//! from its counters wherever it is needed.

use super::Config;
use super::setting::{Setting, Settings, Value};
use super::shaping::centred_ranks;
use crate::{Error, Result};

/// Standard deviations of the members round the centre.
#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// One for all weights.
    All(f64),
    /// One for each weight. The noise must then be of full rank, and the members are evaluated by the CPU.
    Each(Vec<f64>),
}

/// Which power of the noise is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// z
    One,
    /// z^2
    Two,
}

/// What the sums of a generation's noise are asked of: weights of the pairs, and the power.
pub(super) type Sums<'a> = dyn Fn(&[f64], Power) -> Result<Vec<f64>> + 'a;

/// A generation that was evaluated, as a strategy is told of it.
pub struct Sample<'a> {
    /// The settings of the run.
    pub config: &'a Config,
    /// The members' scores, mirror images side by side: higher is better, NaN counts as worst.
    pub scores: &'a [f64],
    /// Whether a member takes part: the syntony filter lets some out.
    pub takes_part: &'a [bool],
    /// How the members were spread.
    pub spread: &'a Spread,
    pub(super) sums: &'a Sums<'a>,
}

impl Sample<'_> {
    /// Returns the centred ranks of the scores, in [-1/2, 1/2]; 0 for members that take no part.
    pub fn ranks(&self) -> Vec<f64> {
        centred_ranks(self.scores, |i| self.takes_part[i])
    }

    /// Returns, for each weight, the sum over pairs of `weights[p]` z_p.
    ///
    /// # Errors
    /// `Error::Interrupted`.
    pub fn sum(&self, weights: &[f64]) -> Result<Vec<f64>> {
        (self.sums)(weights, Power::One)
    }

    /// Returns, for each weight, the sum over pairs of `weights[p]` z_p^2; the noise must be of full rank.
    ///
    /// # Errors
    /// `Error::Interrupted`.
    pub fn sum_of_squares(&self, weights: &[f64]) -> Result<Vec<f64>> {
        (self.sums)(weights, Power::Two)
    }
}

impl std::fmt::Debug for Sample<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sample").field("scores", &self.scores).field("spread", &self.spread).finish_non_exhaustive()
    }
}

/// An evolution strategy. What it keeps from one generation to the next is `memory`, which a checkpoint holds.
pub trait Strategy: std::fmt::Debug + Send + Sync {
    /// Checks that the settings go together.
    ///
    /// # Errors
    /// `Error::Value` naming the setting that does not.
    fn check(&self, _config: &Config) -> Result<()> {
        Ok(())
    }

    /// Returns what it keeps at the start, for a genome of `length` weights.
    fn start(&self, _config: &Config, _length: usize) -> Vec<f64> {
        Vec::new()
    }

    /// Returns how the members of a generation are spread.
    fn ask(&self, config: &Config, generation: u64, memory: &[f64]) -> Spread;

    /// Whether a device may do both calls by itself: it knows centred ranks and one deviation.
    fn is_of_devices(&self) -> bool {
        false
    }

    /// Returns the direction that the scores favour, and changes what is kept.
    ///
    /// # Errors
    /// `Error::Interrupted`.
    fn tell(&self, sample: &Sample<'_>, memory: &mut [f64]) -> Result<Vec<f64>>;
}

/// Returns an error for a setting that a strategy has no use for.
pub fn refuse<T>(strategy: &str, expected: &str, got: impl std::fmt::Display) -> Result<T> {
    Err(Error::Value { op: "trainer", expected: format!("{expected}: {strategy} has no other"), got: got.to_string() })
}

/// Makes a strategy of the values that are said of its own settings.
pub type Make = fn(&[(String, Value)]) -> Result<Box<dyn Strategy>>;

/// A strategy by its name: how it is described and made.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in a config.
    pub name: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
    /// The settings of its own.
    pub describe: fn() -> Vec<Setting>,
    /// Sets the defaults in which it differs.
    pub defaults: fn(&mut Config),
    /// Makes it.
    pub make: Make,
}

/// Makes a strategy of what is said of its settings.
pub(super) fn make<T: Strategy + Settings + 'static>(said: &[(String, Value)]) -> Result<Box<dyn Strategy>> {
    let mut strategy = T::default();
    for (name, value) in said {
        strategy.set(name, value)?;
    }
    strategy.check_each()?;
    Ok(Box::new(strategy))
}
