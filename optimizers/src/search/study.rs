//! A study: asks a sampler for trials and remembers what came of them.

use std::path::Path;

use super::journal::{Journal, Line};
use super::sampler::Known;
use super::{Sampler, Space, Trial};
use crate::Error;

/// A search for the smallest value over a space.
pub struct Study {
    space: Space,
    sampler: Sampler,
    seed: u64,
    asked: u64,
    known: Vec<Known>,
    best: Option<(Trial, f64)>,
    journal: Option<Journal>,
}

impl Study {
    /// A study without trials.
    ///
    /// # Errors
    /// When the space or a setting of the sampler can't be used.
    pub fn new(space: Space, sampler: Sampler, seed: u64) -> Result<Self, Error> {
        space.validate()?;
        sampler.validate(&space)?;
        Ok(Self {
            space,
            sampler,
            seed,
            asked: 0,
            known: Vec::new(),
            best: None,
            journal: None,
        })
    }

    /// The study with every finished trial written to a journal, a line of JSON each. Trials that
    /// the journal has already are taken over, and the study goes on where it stopped; a last line
    /// that was not written to its end is dropped.
    ///
    /// # Errors
    /// When the file can't be read or written, is damaged, or is the journal of another space.
    pub fn with_journal(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let (journal, lines) = Journal::open(path.as_ref(), &self.space)?;
        for Line {
            trial,
            values,
            value,
        } in lines
        {
            self.asked = self.asked.max(trial + 1);
            let space = self.space.clone();
            let trial = Trial {
                id: trial,
                space,
                values,
            };
            self.take(&trial, value.unwrap_or(f64::NAN));
        }
        self.journal = Some(journal);
        Ok(self)
    }

    /// The next trial. Several may be asked for before the first is told.
    ///
    /// # Errors
    /// When a grid has no further point.
    pub fn ask(&mut self) -> Result<Trial, Error> {
        let proposed = self
            .sampler
            .propose(&self.space, &self.known, self.asked, self.seed);
        let point = proposed.ok_or_else(|| {
            Error::configuration(format!("all {} points of the grid were tried", self.asked))
        })?;
        let trial = Trial {
            id: self.asked,
            values: self.space.values(&point),
            space: self.space.clone(),
        };
        self.asked += 1;
        Ok(trial)
    }

    /// Takes the value of a trial. One that is not a number marks the trial as failed, which
    /// samplers count among the worst.
    ///
    /// # Errors
    /// When the trial is of another space, or the journal can't be written.
    pub fn tell(&mut self, trial: &Trial, value: f64) -> Result<(), Error> {
        if trial.space != self.space {
            return Err(Error::structure(format!(
                "trial {} is of another search space",
                trial.id
            )));
        }
        if let Some(journal) = &mut self.journal {
            journal.write(&Line {
                trial: trial.id,
                values: trial.values.clone(),
                value: (!value.is_nan()).then_some(value),
            })?;
        }
        self.take(trial, value);
        Ok(())
    }

    fn take(&mut self, trial: &Trial, value: f64) {
        self.known.push(Known {
            point: self.space.point(&trial.values),
            value,
        });
        let better = self.best.as_ref().is_none_or(|(_, best)| value < *best);
        if better && !value.is_nan() {
            self.best = Some((trial.clone(), value));
        }
    }

    /// Asks, tries and tells so many times; a grid may end earlier.
    ///
    /// # Errors
    /// What `value` reports, or the journal.
    pub fn run(
        &mut self,
        trials: usize,
        mut value: impl FnMut(&Trial) -> Result<f64, Error>,
    ) -> Result<(), Error> {
        for _ in 0..trials {
            let Ok(trial) = self.ask() else {
                return Ok(());
            };
            let value = value(&trial)?;
            self.tell(&trial, value)?;
        }
        Ok(())
    }

    /// The best trial so far and its value.
    #[must_use]
    pub fn best(&self) -> Option<(&Trial, f64)> {
        self.best.as_ref().map(|(trial, value)| (trial, *value))
    }

    /// How many trials were told.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.known.len()
    }
}
