//! What the host answered, for people.

use std::borrow::Cow;
use std::time::Duration;

use mayfly_config::units;
use mayfly_json::Value;

use super::client::AdminAnswer;

/// Digits of a digest that are shown where it need not be copied.
const SHORT: usize = 12;

/// What a swap did.
pub(super) fn swapped(body: Value<'_>) -> String {
    let (module, version, previous) = (
        text(body, "module"),
        text(body, "version"),
        text(body, "previous"),
    );
    let mut said = match body.get("changed").and_then(Value::as_bool) {
        Some(false) => format!("{module}: {version} was active already"),
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

/// Every module, a line each.
pub(super) fn list(body: Value<'_>) -> String {
    let modules = body
        .get("modules")
        .and_then(Value::elements)
        .unwrap_or_default();
    let lines = modules.map(|module| {
        let active = module.get("active").unwrap_or_default();
        let (swaps, refusals) = (number(module, "swaps"), number(module, "refusals"));
        let canary = module.get("canary").filter(|canary| !canary.is_null());
        let canary = canary.map_or_else(String::new, |canary| {
            let digest = text(canary, "digest");
            format!(", canary {} on {}", short(&digest), text(canary, "share"))
        });
        format!(
            "{}  {}, {swaps} swaps, {refusals} refusals{canary}",
            text(module, "name"),
            version(active)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One module.
pub(super) fn module(body: Value<'_>) -> String {
    let mut lines = vec![
        text(body, "name").into_owned(),
        format!(
            "  active   {}",
            version(body.get("active").unwrap_or_default())
        ),
    ];
    for earlier in body
        .get("earlier")
        .and_then(Value::elements)
        .unwrap_or_default()
    {
        lines.push(format!("  earlier  {}", version(earlier)));
    }
    for left in body
        .get("rolled_back")
        .and_then(Value::elements)
        .unwrap_or_default()
    {
        lines.push(format!("  undone   {}", version(left)));
    }
    let fields = body
        .get("fields")
        .and_then(Value::elements)
        .unwrap_or_default()
        .filter_map(Value::as_str);
    lines.push(format!(
        "  handles  {}",
        fields.collect::<Vec<_>>().join(", ")
    ));
    lines.push(format!(
        "  swaps {}, refusals {}, versions in memory {}",
        number(body, "swaps"),
        number(body, "refusals"),
        number(body, "live_versions")
    ));
    if let Some(canary) = body.get("canary").filter(|canary| !canary.is_null()) {
        lines.push(format!("  canary   {}", running(canary)));
    }
    if let Some(past) = body.get("last_canary").filter(|past| !past.is_null()) {
        lines.push(format!(
            "  tried    {} {}: {}",
            short(&text(past, "digest")),
            text(past, "verdict"),
            text(past, "reason")
        ));
    }
    if let Some(refusal) = body
        .get("last_refusal")
        .filter(|refusal| !refusal.is_null())
    {
        lines.push(format!(
            "  refused  {} {}: {}",
            short(&text(refusal, "digest")),
            text(refusal, "step"),
            text(refusal, "message")
        ));
    }
    lines.join("\n")
}

/// A canary that began.
pub(super) fn canary_begun(body: Value<'_>) -> String {
    let canary = body.get("canary").unwrap_or_default();
    format!("{}: {}", text(body, "module"), running(canary))
}

/// A canary that ended.
pub(super) fn canary_ended(body: Value<'_>) -> String {
    let canary = body.get("canary").unwrap_or_default();
    format!(
        "{}: {} {}: {}",
        text(body, "module"),
        text(canary, "digest"),
        text(canary, "verdict"),
        text(canary, "reason")
    )
}

fn running(canary: Value<'_>) -> String {
    let counted = |side: &str| {
        let side = canary.get(side).unwrap_or_default();
        format!(
            "{} of {} operations failed",
            number(side, "failed"),
            number(side, "operations")
        )
    };
    let (digest, share, by) = (
        text(canary, "digest"),
        text(canary, "share"),
        text(canary, "by"),
    );
    let left = show_age(Duration::from_secs(number(canary, "seconds_left")));
    format!(
        "{digest} is tried on {share} by {by}, {left} left; {}; of the active version {}",
        counted("canary"),
        counted("active")
    )
}

/// Why the host did not do it.
pub(in crate::commands) fn error(answer: &AdminAnswer) -> String {
    let Some(error) = answer.body.root().get("error") else {
        return format!("the host answered {} without saying why", answer.status);
    };
    match error.get("step").and_then(Value::as_str) {
        Some(step) => format!(
            "{} refused at the step `{step}`: {}",
            text(error, "module"),
            text(error, "message")
        ),
        None => text(error, "message").into_owned(),
    }
}

fn version(version: Value<'_>) -> String {
    let age = Duration::from_secs(number(version, "age_seconds"));
    let bytes = units::show_bytes(number(version, "bytes"));
    format!(
        "{} ({bytes}, by {}, {} ago)",
        text(version, "digest"),
        text(version, "by"),
        show_age(age)
    )
}

fn show_age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

pub(in crate::commands) fn text<'v>(value: Value<'v>, key: &str) -> Cow<'v, str> {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: Value<'_>, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

pub(in crate::commands) fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}
