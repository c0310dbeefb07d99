//! The plots of the report.
//!
//! Owns their form: lines over a logarithmic height, as SVG. Knows nothing of what was measured.

use std::path::Path;

use plotters::prelude::*;

const SIZE: (u32, u32) = (860, 460);

/// A line of a plot: what it is called, and its points.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What the axes of a plot are.
pub(crate) struct Axes<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// How a place on the horizontal axis is written.
    pub(crate) label: fn(f64) -> String,
}

/// Draws a plot into a file.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn draw(file: &Path, axes: &Axes<'_>, lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let points = || lines.iter().flat_map(|line| &line.points).filter(|(_, y)| y.is_finite() && *y > 0.0);
    let least = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(f64::NEG_INFINITY, f64::max);
    if points().next().is_none() {
        return Ok(());
    }
    let (left, right) = (least(|point| point.0), most(|point| point.0));
    // Whole powers of ten: there is where the labels are.
    let (low, high) = (least(|point| point.1).log10().floor(), most(|point| point.1).log10().ceil());
    let (low, high) = (10_f64.powf(low), 10_f64.powf(high.max(low + 1.0)));
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    // Names of lines stand beside the plot, where no line can run through them.
    let (plot, names) = root.split_horizontally(SIZE.0 - 270);
    let mut chart = ChartBuilder::on(&plot)
        .caption(axes.title, ("sans-serif", 17))
        .margin(8)
        .x_label_area_size(38)
        .y_label_area_size(62)
        .build_cartesian_2d(left..right.max(left + 1e-9), (low..high).log_scale())?;
    let label = |x: &f64| (axes.label)(*x);
    let power = |y: &f64| if *y < 1.0 { format!("{y}") } else { format!("{y:.0}") };
    chart
        .configure_mesh()
        .y_label_formatter(&power)
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_label_formatter(&label)
        .x_labels(6)
        .draw()?;
    for (number, line) in lines.iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        let shown: Vec<(f64, f64)> = line.points.iter().copied().filter(|(_, y)| y.is_finite() && *y > 0.0).collect();
        chart.draw_series(LineSeries::new(shown.clone(), color.stroke_width(2)))?;
        chart.draw_series(shown.into_iter().map(|point| Circle::new(point, 3, color.filled())))?;
        let top = 40 + 20 * number as i32;
        names.draw(&Rectangle::new([(4, top), (18, top + 10)], color.filled()))?;
        names.draw(&Text::new(line.name.clone(), (24, top - 1), ("sans-serif", 13)))?;
    }
    root.present()?;
    Ok(())
}
