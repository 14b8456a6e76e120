//! The picture: resident memory, requests a second and latencies over the leaking requests answered, one line for each server.

use std::fmt::Write;

use crate::course::{Course, Sample};
use crate::report::{Report, mib};

pub(crate) const SIZE: (u32, u32) = (960, 900);
/// Where the axes begin and end.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 920.0;
const COLOURS: [&str; 2] = ["#0b7a4b", "#b4531a"];
const GREY: &str = "#5b6875";

/// A panel: what it shows, where, and how it is read from a sample.
struct Panel {
    title: &'static str,
    top: f64,
    bottom: f64,
    values: &'static [fn(&Sample) -> f64],
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "Resident memory, MiB",
        top: 110.0,
        bottom: 430.0,
        values: &[|sample| mib(sample.resident_bytes as f64)],
    },
    Panel {
        title: "Requests per second",
        top: 490.0,
        bottom: 630.0,
        values: &[|sample| sample.requests_per_second],
    },
    Panel {
        title: "Latency, ms: p50 and (thin) p99",
        top: 690.0,
        bottom: 830.0,
        values: &[
            |sample| sample.p50.as_secs_f64() * 1e3,
            |sample| sample.p99.as_secs_f64() * 1e3,
        ],
    },
];

pub(crate) fn write(report: &Report) -> String {
    let (width, height) = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#1d2733\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"24\" y=\"34\" font-size=\"18\" font-weight=\"bold\">Resolvers that leak and crash, beside a server that keeps \
         every result</text>\n"
    );
    legend(&mut svg, report);
    let leaks = report
        .courses
        .iter()
        .filter_map(Course::last)
        .map(|last| last.leaks)
        .max()
        .unwrap_or(1)
        .max(1);
    for (index, panel) in PANELS.iter().enumerate() {
        let plan = report.plan_bytes.filter(|_| index == 0).map(mib);
        draw(&mut svg, report, panel, leaks, plan);
    }
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"880\" fill=\"{GREY}\">Leaking requests answered, of {} requests to each server, in turns over {} \
         connections.</text>\n</svg>",
        report.requests, report.connections
    );
    svg
}

fn legend(svg: &mut String, report: &Report) {
    let mut x = 30.0;
    for (course, colour) in report.courses.iter().zip(COLOURS) {
        let text = match (&course.ended, course.last()) {
            (Some(reason), Some(last)) => format!(
                "{} ({reason} after {} requests)",
                course.name, last.requests
            ),
            _ => course.name.to_owned(),
        };
        let _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"58\" r=\"5\" fill=\"{colour}\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"62\">{}</text>",
            x + 12.0,
            text.replace('&', "&amp;").replace('<', "&lt;")
        );
        x += 44.0 + 7.0 * text.len() as f64;
    }
}

fn draw(svg: &mut String, report: &Report, panel: &Panel, leaks: u64, plan: Option<f64>) {
    let samples = || report.courses.iter().flat_map(|course| &course.samples);
    // Slices that a busy machine disturbed do not flatten all others: the axis ends above 99.5 % of the values.
    let mut values: Vec<f64> = samples()
        .flat_map(|sample| panel.values.iter().map(move |value| value(sample)))
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    let usual = values
        .get(values.len() * 199 / 200)
        .or(values.last())
        .copied()
        .unwrap_or(1.0);
    let most = round_up(usual.max(plan.unwrap_or(0.0)) * 1.05);
    let x = |leaking: u64| LEFT + (RIGHT - LEFT) * leaking as f64 / leaks as f64;
    let y = |value: f64| panel.bottom - (panel.bottom - panel.top) * (value / most).min(1.0);
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>",
        panel.top - 14.0,
        panel.title
    );
    for step in 0..=4 {
        let value = most * f64::from(step) / 4.0;
        let (at, label) = (
            y(value),
            if most < 10.0 {
                format!("{value:.1}")
            } else {
                format!("{value:.0}")
            },
        );
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{RIGHT}\" y2=\"{at:.1}\" stroke=\"#e3e8ed\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{GREY}\">{label}</text>",
            LEFT - 8.0,
            at + 4.0
        );
        let leaking = leaks * step as u64 / 4;
        let (at, below) = (x(leaking), panel.bottom + 18.0);
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\" fill=\"{GREY}\">{leaking}</text>"
        );
    }
    if let Some(plan) = plan {
        let at = y(plan);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{RIGHT}\" y2=\"{at:.1}\" stroke=\"#1d2733\" stroke-dasharray=\"6 4\"/>\n\
             <text x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">Mayfly's memory plan: {plan:.0} MiB</text>",
            at - 6.0
        );
    }
    for (course, colour) in report.courses.iter().zip(COLOURS) {
        for (value, width) in panel.values.iter().zip(["2", "0.8"]) {
            let points: Vec<_> = course
                .samples
                .iter()
                .map(|sample| format!("{:.1},{:.1}", x(sample.leaks), y(value(sample))))
                .collect();
            let points = points.join(" ");
            let _ = writeln!(
                svg,
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"/>"
            );
        }
        if let (Some(_), Some(last), Some(value)) =
            (&course.ended, course.last(), panel.values.first())
        {
            let (at, height) = (x(last.leaks), y(value(last)));
            let _ = writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"18\" fill=\"{colour}\">✕</text>",
                height + 6.0
            );
        }
    }
}

/// The next of 1, 2, 4, 5, 8, 10, 20, …: numbers whose quarters are short.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-3).log10().floor());
    [1.0, 2.0, 4.0, 5.0, 8.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|round| *round >= value)
        .unwrap_or(value)
}
