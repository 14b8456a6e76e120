//! Why a version is refused: the step that refused it, and what to do.

/// A step on a version's way in, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its bytes are read or received.
    Read,
    /// They are recognised as a component.
    Validate,
    /// They are compiled, in a limited process.
    Compile,
    /// What it imports and exports is checked against the world.
    TypeCheck,
    /// The fields it handles are compared with the schema.
    Fields,
    /// It answers the questions the configuration asks.
    Probe,
    /// It is instantiated under its cap.
    Instantiate,
    /// It takes the place of the version before it.
    Swap,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Validate,
        Self::Compile,
        Self::TypeCheck,
        Self::Fields,
        Self::Probe,
        Self::Instantiate,
        Self::Swap,
    ];

    /// The word in answers, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Validate => "validate",
            Self::Compile => "compile",
            Self::TypeCheck => "type-check",
            Self::Fields => "fields",
            Self::Probe => "probe",
            Self::Instantiate => "instantiate",
            Self::Swap => "swap",
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a version is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("module `{module}`: {step}: {message}")]
pub struct Refusal {
    /// The module.
    pub module: String,
    /// The step that refused.
    pub step: Step,
    /// What is wrong and the remedy.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(module: &str, step: Step, message: impl Into<String>) -> Self {
        Self {
            module: module.to_owned(),
            step,
            message: message.into(),
        }
    }
}
