//! Where the time of one call of a program goes, step by step.

use std::fmt;
use std::time::Duration;

/// One step of a profiled call.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    /// What ran: a kernel, a product.
    pub(crate) label: String,
    /// `function.number` of the region, or nothing for a step of the plan itself.
    pub(crate) region: &'static str,
    /// Since the first step began.
    pub(crate) start: Duration,
    /// How long it took.
    pub(crate) time: Duration,
}

/// The steps of one call with their times.
///
/// Reading the clock costs some tens of nanoseconds per step, which is part of the times. Displays
/// as a table, the longest step first.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Timed>,
}

impl Profile {
    /// How many steps ran.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no step ran.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The time of all steps together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.steps.iter().map(|step| step.time).sum()
    }

    /// The call in the trace event format, as `chrome://tracing` and Perfetto read it: one complete
    /// event per step, with times in microseconds.
    #[must_use]
    pub fn chrome_trace(&self) -> String {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let events: Vec<String> = self
            .steps
            .iter()
            .map(|step| {
                format!(
                    "{{\"name\": {}, \"cat\": {}, \"ph\": \"X\", \"pid\": 1, \"tid\": 1, \"ts\": {:.3}, \"dur\": {:.3}}}",
                    quoted(&step.label),
                    quoted(step.region),
                    micros(step.start),
                    micros(step.time),
                )
            })
            .collect();
        format!("{{\"traceEvents\": [\n{}\n]}}\n", events.join(",\n"))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total().as_secs_f64();
        writeln!(
            f,
            "{}: {} steps, {:.3} us",
            self.name,
            self.steps.len(),
            total * 1e6
        )?;
        let mut steps: Vec<&Timed> = self.steps.iter().collect();
        steps.sort_by_key(|step| std::cmp::Reverse(step.time));
        for step in steps {
            let time = step.time.as_secs_f64();
            let share = if total > 0.0 {
                100.0 * time / total
            } else {
                0.0
            };
            writeln!(
                f,
                "{:10.3} us {share:5.1} %  {:12} {}",
                time * 1e6,
                step.region,
                step.label
            )?;
        }
        Ok(())
    }
}

/// A text as a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
