//! The configuration as it was loaded, with what the file does not say filled in.

use async_graphql::SimpleObject;
use mayfly_config::Config;
use serde::Deserialize;

/// The configuration that is served.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// The app's directory.
    pub directory: String,
    /// The schema's file.
    pub schema: String,
    /// Its parts.
    pub sections: Vec<ConfigurationSection>,
}

/// A part of the configuration.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationSection {
    /// The table it comes from, such as `server` or `modules.students`.
    pub name: String,
    /// Its values as loaded, defaults included; `***` stands for a secret.
    pub text: String,
}

impl Configuration {
    /// What of a configuration may be shown: everything but the contents of files of keys. Secrets show as `***` by their type.
    pub(super) fn of(config: &Config) -> Self {
        let section = |name: String, part: &dyn std::fmt::Debug| ConfigurationSection {
            name,
            text: format!("{part:#?}"),
        };
        let mut sections = vec![
            section("server".to_owned(), &config.server),
            section("limits".to_owned(), &config.limits),
            section("operation".to_owned(), &config.operation),
        ];
        let callers = config.callers.iter();
        sections.extend(callers.map(|callers| section("callers".to_owned(), callers)));
        let modules = config.modules.iter();
        sections.extend(modules.map(|module| section(format!("modules.{}", module.name), module)));
        let others = config.sections.iter();
        sections.extend(others.map(|part| section("capability".to_owned(), &part)));
        sections.push(section("embedded".to_owned(), &config.embedded));
        Self {
            directory: config.root.display().to_string(),
            schema: config.schema.display().to_string(),
            sections,
        }
    }
}
