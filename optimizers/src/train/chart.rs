//! Curves as an SVG picture.

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::History;
use super::file::write_atomically;
use crate::Error;

/// Width and height of one panel, in pixels.
const SIZE: (u32, u32) = (800, 500);

/// With more curves than this, the legend would hide too much of them.
const MANY: usize = 6;

type DrawError = Box<dyn std::error::Error>;

/// A diagram of curves over a common axis. Points that aren't finite are left out, and so are
/// points that are not positive on a logarithmic axis.
///
/// ```
/// use cotangent_optimizers::train::Chart;
/// let chart = Chart::new("decay")
///     .axes("step", "value")
///     .log_y()
///     .curve("half", (0..10).map(|t| (f64::from(t), 0.5_f64.powi(t))));
/// assert!(chart.svg()?.contains("decay"));
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    title: String,
    x_name: String,
    y_name: String,
    log_y: bool,
    y_limit: Option<(f64, f64)>,
    curves: Vec<(String, Vec<(f64, f64)>)>,
}

impl Chart {
    /// A diagram without curves.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            x_name: "epoch".to_owned(),
            y_name: "loss".to_owned(),
            log_y: false,
            y_limit: None,
            curves: Vec::new(),
        }
    }

    /// The names of the two axes.
    #[must_use]
    pub fn axes(mut self, x: &str, y: &str) -> Self {
        (self.x_name, self.y_name) = (x.to_owned(), y.to_owned());
        self
    }

    /// A logarithmic vertical axis.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.log_y = true;
        self
    }

    /// The range of the vertical axis; curves are cut there. Without it, all points are shown.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_limit = Some((low, high));
        self
    }

    /// Adds a curve.
    #[must_use]
    pub fn curve(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.curves
            .push((name.to_owned(), points.into_iter().collect()));
        self
    }

    /// The picture as text.
    ///
    /// # Errors
    /// When there is no point to draw.
    pub fn svg(&self) -> Result<String, Error> {
        svg(std::slice::from_ref(self))
    }

    /// Writes the picture to a file, which appears whole or not at all.
    ///
    /// # Errors
    /// When there is no point to draw, or the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Self::save_panels(std::slice::from_ref(self), path)
    }

    /// Writes several diagrams side by side into one picture.
    ///
    /// # Errors
    /// As [`Chart::save`].
    pub fn save_panels(panels: &[Chart], path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path.as_ref(), svg(panels)?.as_bytes())
    }

    fn drawable(&self, (x, y): (f64, f64)) -> bool {
        x.is_finite() && y.is_finite() && (y > 0.0 || !self.log_y)
    }

    /// The ranges of both axes, or `None` without a point.
    fn ranges(&self) -> Option<[(f64, f64); 2]> {
        let points = self.curves.iter().flat_map(|(_, points)| points).copied();
        let mut ranges: Option<[(f64, f64); 2]> = None;
        for (x, y) in points.filter(|&point| self.drawable(point)) {
            let [(left, right), (low, high)] = ranges.unwrap_or([(x, x), (y, y)]);
            ranges = Some([(left.min(x), right.max(x)), (low.min(y), high.max(y))]);
        }
        let [(left, right), (low, high)] = ranges?;
        let widened = |low: f64, high: f64| {
            if low < high {
                (low, high)
            } else {
                (low, low + 1.0)
            }
        };
        let vertical = match self.y_limit {
            Some(limit) => limit,
            None if self.log_y => (low / 1.2, high * 1.2),
            // A loss curve is read against zero.
            None if low >= 0.0 => widened(0.0, high * 1.05),
            None => widened(low - 0.05 * (high - low), high + 0.05 * (high - low)),
        };
        let (left, mut right) = widened(left, right);
        if self.curves.len() > MANY {
            // A long legend has the right side to itself.
            right += 0.28 * (right - left);
        }
        Some([(left, right), vertical])
    }

    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), DrawError> {
        let [(left, right), (low, high)] = self.ranges().ok_or("there is no point to draw")?;
        if self.log_y {
            self.draw_over(area, left..right, (low..high).log_scale())
        } else {
            self.draw_over(area, left..right, low..high)
        }
    }

    fn draw_over<Y>(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        x: std::ops::Range<f64>,
        y: Y,
    ) -> Result<(), DrawError>
    where
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 22))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(&self.x_name)
            .y_desc(&self.y_name)
            .y_label_formatter(&|y| label(*y))
            .x_label_formatter(&|x| label(*x))
            .draw()?;
        for (index, (name, points)) in self.curves.iter().enumerate() {
            let colour = colour(index);
            let points = points
                .iter()
                .copied()
                .filter(|&point| self.drawable(point))
                .map(|(x, y)| match self.y_limit {
                    Some((low, high)) => (x, y.clamp(low, high)),
                    None => (x, y),
                });
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
        }
        let corner = if self.curves.len() > MANY {
            SeriesLabelPosition::MiddleRight
        } else {
            SeriesLabelPosition::UpperRight
        };
        chart
            .configure_series_labels()
            .position(corner)
            .background_style(WHITE)
            .border_style(BLACK)
            .draw()?;
        Ok(())
    }
}

/// The colour of a curve: hues as far apart as they get one after another, dark enough to be seen on
/// white.
fn colour(index: usize) -> RGBAColor {
    let hue = (0.6 + 0.618_034 * index as f64).fract();
    let lightness = [0.45, 0.3][index / 6 % 2];
    HSLColor(hue, 0.85, lightness).to_rgba()
}

/// A short text for a number on an axis.
fn label(value: f64) -> String {
    let rounded = format!("{value:.4}").parse().unwrap_or(value);
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e5) {
        format!("{value:.0e}")
    } else {
        format!("{rounded}")
    }
}

fn svg(panels: &[Chart]) -> Result<String, Error> {
    let mut picture = String::new();
    let size = (SIZE.0 * panels.len().max(1) as u32, SIZE.1);
    let drawn = (|| -> Result<(), DrawError> {
        let area = SVGBackend::with_string(&mut picture, size).into_drawing_area();
        area.fill(&WHITE)?;
        for (panel, part) in panels.iter().zip(area.split_evenly((1, panels.len()))) {
            panel.draw(&part)?;
        }
        area.present()?;
        Ok(())
    })();
    drawn.map_err(|error| Error::configuration(format!("can't draw the picture: {error}")))?;
    Ok(picture)
}

/// Draws the named metrics over the epochs into an SVG file.
///
/// # Errors
/// When a metric is not in the history, there is nothing to draw, or the file cannot be written.
pub fn plot(
    history: &History,
    metrics: &[&str],
    title: &str,
    path: impl AsRef<Path>,
) -> Result<(), Error> {
    let mut chart = Chart::new(title);
    for &name in metrics {
        let values = history.series(name).ok_or_else(|| {
            let known: Vec<&str> = history.names().collect();
            Error::configuration(format!(
                "no metric `{name}`; there are {}",
                known.join(", ")
            ))
        })?;
        chart = chart.curve(name, (1..).map(f64::from).zip(values.iter().copied()));
    }
    chart.save(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_points_is_refused() {
        let nothing = Chart::new("x").curve("nan", [(0.0, f64::NAN)]);
        assert!(nothing.svg().unwrap_err().to_string().contains("no point"));
        let negative = Chart::new("x").log_y().curve("a", [(0.0, -1.0)]);
        assert!(negative.svg().is_err());
    }

    #[test]
    fn every_curve_has_its_name_and_its_line() {
        let points = |scale: f64| (0..5).map(move |i| (f64::from(i), scale * f64::from(i)));
        let picture = Chart::new("two")
            .curve("up", points(1.0))
            .curve("down", points(-1.0))
            .svg()
            .unwrap();
        for text in ["two", "up", "down"] {
            assert!(picture.contains(text), "{text}");
        }
        assert!(picture.matches("<polyline").count() >= 2);
    }

    #[test]
    fn a_metric_that_is_not_there_is_named() {
        let history = History::new(&["loss"]);
        let error = plot(&history, &["los"], "t", "/dev/null/x.svg").unwrap_err();
        assert_eq!(error.to_string(), "no metric `los`; there are loss");
    }
}
