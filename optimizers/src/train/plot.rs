//! Loss curves as a picture.

use std::path::Path;

use plotters::prelude::*;

use super::History;
use super::file::write_atomically;
use crate::Error;

/// Width and height of the picture, in pixels.
const SIZE: (u32, u32) = (800, 500);

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
    let path = path.as_ref();
    let mut series = Vec::new();
    for &name in metrics {
        let values = history.series(name).ok_or_else(|| {
            let known: Vec<&str> = history.names().collect();
            Error::configuration(format!(
                "no metric `{name}`; there are {}",
                known.join(", ")
            ))
        })?;
        series.push((name, values));
    }
    let finite = series
        .iter()
        .flat_map(|(_, values)| *values)
        .copied()
        .filter(|x| x.is_finite());
    let top = finite.fold(0.0, f64::max);
    if top <= 0.0 {
        return Err(Error::configuration(
            "there is no positive value to draw".to_owned(),
        ));
    }
    let mut picture = String::new();
    draw(&mut picture, history.epochs(), top * 1.05, &series, title)
        .map_err(|error| Error::io("draw", path, &error))?;
    write_atomically(path, picture.as_bytes())
}

fn draw(
    picture: &mut String,
    epochs: usize,
    top: f64,
    series: &[(&str, &[f64])],
    title: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(1..epochs.max(2), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc("loss")
        .draw()?;
    for (index, (name, values)) in series.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        let points = values
            .iter()
            .enumerate()
            .map(|(epoch, &value)| (epoch + 1, value));
        let points = points.filter(|(_, value)| value.is_finite());
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
