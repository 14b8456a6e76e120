//! What goes wrong with services over HTTP.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{DropConnection, Faults, Limited, Plain, Slow, Stall, Then, take};

/// Faults of the HTTP endpoint. `matching` sees the method, a space, the path with the service before it and the query, a space and the
/// body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpFaults {
    /// The answer takes its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// The request is read and never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    /// The request is carried out, and the answer's body never ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endless: Option<Plain>,
    /// The answer says that it is longer or shorter than it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_length: Option<WrongLength>,
    /// Half of the answer is sent, then nothing, or the connection is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half: Option<Half>,
    /// The connection is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<DropConnection>,
    /// The same by a reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<DropConnection>,
    /// Somebody else's answer comes behind the right one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surplus: Option<Surplus>,
    /// Another place is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// A page of a proxy or a balancer comes instead of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<Page>,
    /// The body is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_utf8: Option<Plain>,
    /// The answer says that its body is in gzip, which it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packed: Option<Plain>,
    /// The body is in gzip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gzip: Option<Gzip>,
    /// The body is large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large: Option<Large>,
    /// Status 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<NotNow>,
    /// What answers speaks another protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_protocol: Option<Plain>,
    /// The service is down: open connections are closed, new ones refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refuse: bool,
}

switch!(
    /// A length that is not so.
    WrongLength {
        /// This many bytes more are said than come; negative for fewer. Behind the body the connection is closed where bytes are missing.
        by: i64,
    }
);
switch!(
    /// Half an answer.
    Half {
        /// What follows.
        then: Then,
    }
);
switch!(
    /// An answer that nobody asked for.
    Surplus {
        /// Between the right answer and the other one, in milliseconds.
        ms: u64,
    }
);
switch!(
    /// A redirect.
    Redirect {
        /// Where to.
        to: String,
    }
);
switch!(
    /// A page.
    Page {
        /// Its status; 0 for 200.
        status: u16,
    }
);
switch!(
    /// A body in gzip.
    Gzip {
        /// This many spaces follow the answer in it.
        spaces: u64,
    }
);
switch!(
    /// A large body.
    Large {
        /// Its size; 0 for 1 GB.
        bytes: u64,
        /// Whether it comes in chunks, without saying how long it is.
        chunked: bool,
    }
);
switch!(
    /// A service that is busy.
    NotNow {
        /// `Retry-After`, in seconds, if there is one.
        retry_after: Option<u64>,
    }
);

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) struct HttpPlan {
    /// The edits since: what a stall waits for.
    pub edits: watch::Receiver<u64>,
    pub faults: HttpFaults,
}

impl Faults {
    pub(crate) fn http_plan(&self, text: &str) -> HttpPlan {
        let mut switches = self.lock();
        let set = &mut switches.http;
        HttpPlan {
            edits: self.edits(),
            faults: HttpFaults {
                slow: take(&mut set.slow, text),
                stall: take(&mut set.stall, text),
                endless: take(&mut set.endless, text),
                wrong_length: take(&mut set.wrong_length, text),
                half: take(&mut set.half, text),
                drop: take(&mut set.drop, text),
                reset: take(&mut set.reset, text),
                surplus: take(&mut set.surplus, text),
                redirect: take(&mut set.redirect, text),
                html: take(&mut set.html, text),
                invalid_utf8: take(&mut set.invalid_utf8, text),
                packed: take(&mut set.packed, text),
                gzip: take(&mut set.gzip, text),
                large: take(&mut set.large, text),
                unavailable: take(&mut set.unavailable, text),
                other_protocol: take(&mut set.other_protocol, text),
                refuse: false,
            },
        }
    }
}
