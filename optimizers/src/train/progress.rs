//! A progress bar for a run; silent where nobody watches.

use std::fmt::Display;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far a run is. On anything but a terminal it draws nothing, and lines still appear.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of this many steps.
    #[must_use]
    pub fn new(steps: u64) -> Self {
        let bar = ProgressBar::new(steps);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
            bar.set_style(style);
        }
        Progress { bar }
    }

    /// A bar that never draws.
    #[must_use]
    pub fn silent(steps: u64) -> Self {
        Progress {
            bar: ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden()),
        }
    }

    /// One step further, with what there is to say.
    pub fn advance(&self, message: impl Display) {
        self.bar.set_message(message.to_string());
        self.bar.inc(1);
    }

    /// Prints a line to standard output, above the bar.
    pub fn line(&self, text: impl Display) {
        self.bar.suspend(|| println!("{text}"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
