//! Changes of what is served: who made them, from where, what was before and after. Each is a line of the log, and the last are kept.

use tokio::sync::watch;

use super::now_ms;
use super::ring::Ring;

/// Changes that are kept.
const KEPT: usize = 200;

/// Who changes what is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name of a token of the admin API, or what of the host itself it was.
    pub name: String,
    /// Whether it is the bearer of a token.
    pub is_operator: bool,
    /// The address of whoever sent the request.
    pub address: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A component became the active version.
    Push,
    /// A component was stored for a canary.
    Stage,
    /// A canary began.
    Canary,
    /// A canary became the active version.
    Promote,
    /// A canary ended without.
    Abort,
    /// An earlier version became the active one.
    RollBack,
    /// Another configuration was applied.
    Apply,
}

/// A change, or one that was not made.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its number, from 1, since the process began.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// The module.
    pub module: Option<String>,
    /// The digest of the active version before.
    pub before: Option<String>,
    /// The digest of the version that is active now, or that was to be.
    pub after: Option<String>,
    /// Whether it was made.
    pub done: bool,
    /// More about it, or why it was not made.
    pub message: Option<String>,
}

/// The last changes.
pub struct Changes {
    kept: Ring<Change>,
    /// The number of the last one.
    last: watch::Sender<u64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            kept: Ring::new(KEPT),
            last: watch::Sender::new(0),
        }
    }
}

impl Actor {
    /// The bearer of a token.
    #[must_use]
    pub fn operator(token: &str, address: Option<String>) -> Self {
        Self {
            name: token.to_owned(),
            is_operator: true,
            address,
        }
    }

    /// A file that changed.
    #[must_use]
    pub fn file_watcher() -> Self {
        Self::host("file watcher")
    }

    /// A signal.
    #[must_use]
    pub fn signal() -> Self {
        Self::host("SIGHUP")
    }

    /// The verdict on a canary.
    #[must_use]
    pub fn verdict() -> Self {
        Self::host("verdict")
    }

    fn host(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_operator: false,
            address: None,
        }
    }
}

impl Action {
    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Stage => "stage",
            Self::Canary => "canary",
            Self::Promote => "promote",
            Self::Abort => "abort",
            Self::RollBack => "roll-back",
            Self::Apply => "apply",
        }
    }
}

impl Change {
    /// A change that was made now.
    #[must_use]
    pub fn new(actor: &Actor, action: Action) -> Self {
        Self {
            number: 0,
            at_ms: now_ms(),
            actor: actor.clone(),
            action,
            module: None,
            before: None,
            after: None,
            done: true,
            message: None,
        }
    }

    /// The same, of a module.
    #[must_use]
    pub fn of(self, module: &str) -> Self {
        Self {
            module: Some(module.to_owned()),
            ..self
        }
    }

    /// The same, from one version to another.
    #[must_use]
    pub fn versions(self, before: Option<&str>, after: Option<&str>) -> Self {
        Self {
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            ..self
        }
    }

    /// The same, with more about it.
    #[must_use]
    pub fn saying(self, message: Option<String>) -> Self {
        Self { message, ..self }
    }

    /// The same, not made for a reason.
    #[must_use]
    pub fn refused(self, reason: String) -> Self {
        Self {
            done: false,
            message: Some(reason),
            ..self
        }
    }
}

impl Changes {
    /// Keeps and logs a change.
    pub fn record(&self, mut change: Change) {
        tracing::info!(
            audit = change.action.as_str(),
            who = change.actor.name,
            from = change.actor.address,
            module = change.module,
            before = change.before,
            after = change.after,
            done = change.done,
            note = change.message,
            "{}",
            if change.done {
                "changed"
            } else {
                "not changed"
            }
        );
        self.last.send_modify(|last| {
            *last += 1;
            change.number = *last;
            // In here, so that changes are kept in the order of their numbers.
            self.kept.push(change);
        });
    }

    /// The last few, the latest first.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<Change> {
        self.kept.latest(count)
    }

    /// The number of the last one, and whenever there is another.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}
