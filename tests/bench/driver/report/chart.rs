//! The picture: CPU per request, a dot for the median and a bar from the least to the most round, on a logarithmic axis (bars from
//! zero would show one peer and a row of stumps). Absent contenders have their line too.

use std::fmt::Write;

use super::table::conditions;
use super::{Line, Report};
use crate::contender::Kind;

const WIDTH: u32 = 960;
/// Where the axis begins and ends.
const LEFT: f64 = 262.0;
const RIGHT: f64 = 790.0;
const TOP: f64 = 84.0;
const ROW_HEIGHT: f64 = 34.0;
const BELOW: f64 = 84.0;
/// Room for the longest label of a bar.
const LABEL_WIDTH: f64 = 190.0;

/// Width and height, in pixels.
pub(super) fn size(report: &Report) -> (u32, u32) {
    (WIDTH, (bottom(report) + BELOW) as u32)
}

pub(super) fn write(report: &Report) -> String {
    let (width, height) = size(report);
    let scale = Scale::of(&report.lines);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#1d2733\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"24\" y=\"34\" font-size=\"18\" font-weight=\"bold\">CPU per request: {}</text>\n\
         <text x=\"24\" y=\"56\" fill=\"#5b6875\">Microseconds of the server process, logarithmic. Dot: median; bar: all rounds.</text>\n",
        report.plan.workload.what()
    );
    axis(&mut svg, &scale, bottom(report));
    for (index, line) in report.lines.iter().enumerate() {
        row(
            &mut svg,
            &scale,
            (line, report.plan.workload.base_word()),
            row_middle(index),
        );
    }
    for (index, absent) in report.absent.iter().enumerate() {
        let y = row_middle(report.lines.len() + index) + 4.0;
        let name = escaped(absent.name);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"#8a95a0\">{name}</text>",
            LEFT - 14.0
        );
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT:.1}\" y=\"{y:.1}\" fill=\"#8a95a0\">not measured</text>"
        );
    }
    footer(&mut svg, report);
    svg.push_str("</svg>\n");
    svg
}

fn bottom(report: &Report) -> f64 {
    TOP + ROW_HEIGHT * (report.lines.len() + report.absent.len()) as f64
}

fn row_middle(index: usize) -> f64 {
    TOP + ROW_HEIGHT * (index as f64 + 0.5)
}

/// From microseconds to pixels.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    /// From the 1, 2 or 5 below the least value to the one above the most.
    fn of(lines: &[Line]) -> Self {
        let least = lines
            .iter()
            .map(|line| line.cpu_us.least)
            .fold(f64::INFINITY, f64::min);
        let most = lines
            .iter()
            .map(|line| line.cpu_us.most)
            .fold(0.0, f64::max);
        let (least, most) = if least <= most {
            (least.max(0.1), most.max(0.2))
        } else {
            (1.0, 10.0)
        };
        let below = ticks().take_while(|tick| *tick <= least).last();
        let above = ticks().find(|tick| *tick >= most);
        Self {
            least: below.unwrap_or(least),
            most: above.unwrap_or(most),
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (value.max(self.least) / self.least).ln()
            / (self.most / self.least).ln()
    }
}

/// 0.1, 0.2, 0.5, 1, …
fn ticks() -> impl Iterator<Item = f64> {
    (-1..8).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
}

fn axis(svg: &mut String, scale: &Scale, bottom: f64) {
    for tick in ticks().filter(|tick| (scale.least..=scale.most).contains(tick)) {
        let x = scale.x(tick);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#e3e8ed\"/>"
        );
        let y = bottom + 18.0;
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" fill=\"#5b6875\">{tick}</text>"
        );
    }
}

fn row(svg: &mut String, scale: &Scale, (line, base): (&Line, &str), y: f64) {
    let (least, median, most) = (
        scale.x(line.cpu_us.least),
        scale.x(line.cpu_us.median),
        scale.x(line.cpu_us.most),
    );
    let colour = colour(line.kind);
    let weight = if line.kind == Kind::Mayfly {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let text = y + 4.0;
    let ratio = line.of_base.map_or_else(String::new, |ratio| {
        format!(" · {:.2} × {base}", ratio.median)
    });
    let name = escaped(line.name);
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{text:.1}\" text-anchor=\"end\"{weight}>{name}</text>",
        LEFT - 14.0
    );
    let _ = writeln!(
        svg,
        "<line x1=\"{least:.1}\" y1=\"{y:.1}\" x2=\"{most:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"7\" \
         stroke-opacity=\"0.35\" stroke-linecap=\"round\"/>"
    );
    let _ = writeln!(
        svg,
        "<circle cx=\"{median:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"{colour}\"/>"
    );
    // Beside the bar, on the side where there is room.
    let (x, anchor) = if most + LABEL_WIDTH < f64::from(WIDTH) {
        (most + 14.0, "start")
    } else {
        (least - 14.0, "end")
    };
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{text:.1}\" text-anchor=\"{anchor}\"{weight} stroke=\"#ffffff\" stroke-width=\"4\" \
         paint-order=\"stroke\">{:.0} µs{ratio}</text>",
        line.cpu_us.median
    );
}

fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Mayfly => "#0b7a4b",
        Kind::Shared => "#5b6875",
        Kind::Isolated => "#b4531a",
    }
}

fn footer(svg: &mut String, report: &Report) {
    let legend = [
        (
            Kind::Mayfly,
            "Mayfly: a fresh WebAssembly instance per request",
        ),
        (Kind::Shared, "no isolation"),
        (Kind::Isolated, "a fresh V8 isolate per request"),
    ];
    let (mut x, y) = (30.0, bottom(report) + 46.0);
    for (kind, text) in legend
        .into_iter()
        .filter(|(kind, _)| report.lines.iter().any(|line| line.kind == *kind))
    {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{}\"/>",
            y - 4.0,
            colour(kind)
        );
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{y:.1}\">{text}</text>",
            x + 12.0
        );
        x += 40.0 + 7.0 * text.len() as f64;
    }
    let conditions = escaped(&conditions(report));
    let _ = writeln!(
        svg,
        "<text x=\"24\" y=\"{:.1}\" font-size=\"11\" fill=\"#5b6875\">{conditions}.</text>",
        y + 24.0
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
