//! What a module's section says of its JavaScript: how the code is written, what its `process.env` holds, and how clients read its errors.
//!
//! The first two become part of the component when it is built. So nothing here may come from outside the file: who reads the component would
//! read a secret, and a host with another environment would run what was built for this one.

use std::collections::BTreeMap;

use crate::key::Key;
use crate::reader::Table;

/// How a module's code is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScriptHandler {
    /// It exports `resolvers`, by type and field.
    #[default]
    Resolvers,
    /// It exports `handler`, as AppSync's direct Lambda resolvers do.
    AppSync,
}

/// How clients read the errors of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorStyle {
    /// `extensions.reason` beside the message, as all others.
    #[default]
    Extensions,
    /// `errorType`, `errorInfo` and `data` as well, beside the message, as AppSync has them.
    AppSync,
}

/// What a module's section says of its JavaScript.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JavaScript {
    /// `handler`: "resolvers" or "appsync". Default "resolvers".
    pub handler: ScriptHandler,
    /// `errors`: "extensions" or "appsync". Default "extensions".
    pub errors: ErrorStyle,
    /// `environment`: texts by name, for `process.env`.
    pub environment: BTreeMap<String, String>,
}

impl JavaScript {
    pub(crate) fn read(section: &mut Table<'_>) -> Self {
        let handler = Key::new(
            "handler",
            "How JavaScript is written: it exports `resolvers`, by type and field, or `handler`, as AppSync's direct Lambda resolvers do.",
        )
        .or("`\"resolvers\"`");
        let words = [
            ("resolvers", ScriptHandler::Resolvers),
            ("appsync", ScriptHandler::AppSync),
        ];
        let errors = Key::new(
            "errors",
            "How clients read the module's errors: its code is in `extensions.reason`, or also beside the message as `errorType`, \
             with `errorInfo` and `data`, as in AppSync.",
        )
        .or("`\"extensions\"`");
        let styles = [
            ("extensions", ErrorStyle::Extensions),
            ("appsync", ErrorStyle::AppSync),
        ];
        Self {
            handler: section.word(handler, &words).unwrap_or_default(),
            errors: section.word(errors, &styles).unwrap_or_default(),
            environment: section
                .table(Key::new(
                    "environment",
                    "What `process.env` of JavaScript holds. It becomes part of the component when that is built.",
                ))
                .map(environment)
                .unwrap_or_default(),
        }
    }
}

fn environment(mut table: Table<'_>) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    for name in table.names("NAME") {
        let key = Key {
            name: &name,
            ..Key::new("NAME", "A plain text.")
        };
        let text = table.text_in_file(
            key,
            "the environment of a module becomes part of its component, which anybody who has it can read; write plain text, and leave \
             secrets to the backends that need them",
        );
        if let Some(text) = text {
            environment.insert(name, text);
        }
    }
    table.finish();
    environment
}
