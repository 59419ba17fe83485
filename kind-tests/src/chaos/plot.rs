//! A report as a picture.

use std::fmt::Write as _;

use super::report::Report;

/// Of the picture, in pixels; its names stand left of the lines.
const WIDTH: f64 = 900.0;
const LEFT: f64 = 190.0;
const ROW: f64 = 22.0;

/// An SVG: a row for each fault, then one for each stream with its losses, over
/// time.
pub(super) fn plot(report: &Report) -> String {
    let x = |seconds: f64| LEFT + (WIDTH - LEFT) * seconds / report.seconds.max(1.0);
    let rows = report.faults.len() + report.streams.len();
    let height = ROW * (rows as f64 + 2.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut y = ROW;
    let mut row = |name: &str, marks: &str| {
        // Writing to a string cannot fail.
        let _written = writeln!(
            svg,
            "<g transform=\"translate(0 {y})\"><text x=\"4\" y=\"15\">{name}</text>\
             <line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"11\" y2=\"11\" stroke=\"#ccc\"/>{marks}</g>"
        );
        y += ROW;
    };
    for happened in &report.faults {
        let (from, to) = (x(happened.from), x(happened.to));
        let colour = match happened.fault.silences() {
            Some(_) => "#d95f02",
            None => "#7570b3",
        };
        let bar = format!(
            "<rect x=\"{from:.1}\" y=\"4\" width=\"{:.1}\" height=\"14\" fill=\"{colour}\"/>",
            (to - from).max(1.0)
        );
        row(&happened.fault.to_string(), &bar);
    }
    for stream in &report.streams {
        let losses = stream.losses.iter().map(|(at, packets)| {
            format!(
                "<rect x=\"{:.1}\" y=\"2\" width=\"2\" height=\"18\" fill=\"#e7298a\">\
                 <title>{packets} packets lost at {at:.2} s</title></rect>",
                x(*at)
            )
        });
        row(
            &format!("through gateway {}", stream.gateway),
            &losses.collect::<String>(),
        );
    }
    let _written = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{:.0}\">0 s</text>\
         <text x=\"{WIDTH}\" y=\"{0:.0}\" text-anchor=\"end\">{:.0} s</text>\n</svg>",
        height - 6.0,
        report.seconds
    );
    svg
}
