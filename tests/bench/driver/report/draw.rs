//! Pictures for places that show no SVG.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// Has a Chromium make a PNG of an SVG.
pub(crate) fn draw(svg: &Path, png: &Path, (width, height): (u32, u32)) -> anyhow::Result<()> {
    let svg = svg.canonicalize()?;
    let mut tried = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .map(|program| {
            Command::new(program)
                .args([
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    "--force-device-scale-factor=2",
                ])
                .arg(format!("--window-size={width},{height}"))
                .arg(format!("--screenshot={}", png.display()))
                .arg(format!("file://{}", svg.display()))
                .output()
        });
    let output = tried
        .find_map(Result::ok)
        .context("no Chromium is installed")?;
    anyhow::ensure!(
        output.status.success() && png.exists(),
        "Chromium failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
