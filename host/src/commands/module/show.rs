//! What the host answered, for people.

use std::borrow::Cow;
use std::time::Duration;

use mayfly_config::units;
use mayfly_json::Value;

use crate::http::admin::graphql::canaries::{Canary, CanaryVerdict, PastCanary, Tally};
use crate::http::admin::graphql::modules::{Module, Refusal, Version, VersionOrigin};
use crate::http::admin::graphql::outcomes::Activation;

/// Digits of a digest that are shown where it need not be copied.
const SHORT: usize = 12;

/// What became of a component that was sent.
pub(super) fn pushed(body: Value<'_>) -> String {
    let (module, version, previous) = (
        text(body, "module"),
        text(body, "version"),
        text(body, "previous"),
    );
    let mut said = match body.get("changed").and_then(Value::as_bool) {
        Some(false) => format!("{module}: {version} was already active"),
        _ => format!(
            "{module}: {version} is active (before: {})",
            short(&previous)
        ),
    };
    if let Some(seconds) = body.get("seconds").and_then(Value::as_f64) {
        said += &format!(", {seconds:.2} s");
    }
    if let Some(warning) = body.get("warning").and_then(Value::as_str) {
        said += &format!("\nwarning: {warning}");
    }
    said
}

/// Why the host did not take a component.
pub(super) fn push_refused(body: Value<'_>) -> String {
    let Some(error) = body.get("error") else {
        return "the host refused without giving a reason".to_owned();
    };
    let message = text(error, "message");
    match error.get("step").and_then(Value::as_str) {
        Some(step) => format!(
            "{} refused at the step `{step}`: {message}",
            text(error, "module")
        ),
        None => message.into_owned(),
    }
}

/// Which version is active now.
pub(in crate::commands) fn activated(activation: &Activation) -> String {
    let previous = activation.previous.as_deref().map_or("none", short);
    let mut said = format!(
        "{}: {} is active (before: {previous})",
        activation.module, activation.digest
    );
    if let Some(warning) = &activation.warning {
        said += &format!("\nwarning: {warning}");
    }
    said
}

/// Why a version was refused.
pub(super) fn refused(refusal: &Refusal) -> String {
    format!(
        "{} refused at the step `{}`: {}",
        refusal.module, refusal.step, refusal.message
    )
}

/// Every module, a line each.
pub(super) fn list(modules: &[Module]) -> String {
    let lines = modules.iter().map(|module| {
        let canary = module.canary.as_ref().map_or_else(String::new, |canary| {
            format!(", canary {} on {}", short(&canary.digest), canary.share)
        });
        format!(
            "{}  {}, {} swaps, {} refusals{canary}",
            module.name,
            version(&module.active),
            module.swaps.0,
            module.refusals.0
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One module.
pub(super) fn module(module: &Module) -> String {
    let mut lines = vec![
        module.name.clone(),
        format!("  active   {}", version(&module.active)),
    ];
    let earlier = module.earlier.iter();
    lines.extend(earlier.map(|earlier| format!("  earlier  {}", version(earlier))));
    let undone = module.rolled_back.iter();
    lines.extend(undone.map(|undone| format!("  undone   {}", version(undone))));
    lines.push(format!("  handles  {}", module.fields.join(", ")));
    lines.push(format!(
        "  memory   {} for each invocation",
        units::show_bytes(module.memory_bytes.0)
    ));
    lines.push(format!(
        "  swaps {}, refusals {}, versions in memory {}",
        module.swaps.0, module.refusals.0, module.live_versions
    ));
    let staged = module.staged.iter();
    lines.extend(staged.map(|digest| format!("  staged   {digest}")));
    let running_canary = module.canary.iter();
    lines.extend(running_canary.map(|canary| format!("  canary   {}", running(canary))));
    if let Some(past) = &module.last_canary {
        lines.push(format!(
            "  tried    {} {}: {}",
            short(&past.digest),
            verdict(past),
            past.reason
        ));
    }
    if let Some(refusal) = &module.last_refusal {
        lines.push(format!(
            "  refused  {} {}: {}",
            refusal.digest.as_deref().map_or("", short),
            refusal.step,
            refusal.message
        ));
    }
    lines.join("\n")
}

/// A canary that began.
pub(super) fn canary_begun(canary: &Canary) -> String {
    format!("{}: {}", canary.module, running(canary))
}

/// A canary that ended.
pub(super) fn canary_ended(past: &PastCanary) -> String {
    format!(
        "{}: {} {}: {}",
        past.module,
        past.digest,
        verdict(past),
        past.reason
    )
}

fn verdict(past: &PastCanary) -> &'static str {
    match past.verdict {
        CanaryVerdict::Promoted => "promoted",
        CanaryVerdict::Aborted => "aborted",
    }
}

/// How a canary is doing.
pub(in crate::commands) fn running(canary: &Canary) -> String {
    let counted = |side: &Tally| {
        format!(
            "{} of {} operations failed",
            side.failed.0, side.operations.0
        )
    };
    format!(
        "{} is tried on {} by {}, {} left; {}; of the active version {}",
        canary.digest,
        canary.share,
        canary.by,
        show_age(Duration::from_secs(canary.seconds_left.0)),
        counted(&canary.canary),
        counted(&canary.active)
    )
}

fn version(version: &Version) -> String {
    let origin = match version.origin {
        VersionOrigin::File => "file",
        VersionOrigin::Push => "push",
        VersionOrigin::Canary => "canary",
    };
    let pushed_by = version.pushed_by.as_deref();
    let pushed_by = pushed_by.map_or_else(String::new, |token| format!(" of {token}"));
    format!(
        "{} ({}, by {origin}{pushed_by}, {} ago)",
        version.digest,
        units::show_bytes(version.size_bytes.0),
        show_age(Duration::from_secs(version.age_seconds.0))
    )
}

/// A time, in the unit that says most.
pub(in crate::commands) fn show_age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn text<'v>(value: Value<'v>, key: &str) -> Cow<'v, str> {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The first digits of a digest.
pub(in crate::commands) fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}
