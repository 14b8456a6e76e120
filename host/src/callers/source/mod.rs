//! Keys that an issuer publishes: fetched at the start and in the background, kept while the issuer is away, and fetched again when a
//! token names one that is not known.
//!
//! One task fetches, so that there is one fetch at a time however many ask. Who asks waits for it, for a while; and what tokens say
//! makes it fetch once a minute at most, so that nobody can use this server to flood an issuer.

mod document;
mod fetch;
mod gate;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use mayfly_config::{Problem, TokenKey, file};
use mayfly_error::{CallCode, CallError};
use mayfly_telemetry::names;
use metrics::counter;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::keys::TrustedKey;
use document::{Place, Published};
pub(super) use fetch::Failure;
use fetch::Fetcher;
use gate::Gate;

/// How long a request waits for keys that are being fetched.
const WAIT: Duration = Duration::from_secs(2);

/// Requests that wait for the keys of one issuer, at most; others are refused at once.
const WAITING: usize = 256;

/// How long fetching may take, discovery included.
const FETCH_TIME: Duration = Duration::from_secs(10);

/// How long keys are used before they are fetched again: half of the time for which the issuer says they may be cached, or half of an
/// hour where it does not, within these bounds. What an issuer withdraws is believed for so long.
const LIFETIME: Duration = Duration::from_secs(3_600);
const LEAST_AGE: Duration = Duration::from_secs(60);
const MOST_AGE: Duration = Duration::from_secs(3_600);

/// After a fetch that failed the next comes after this, doubled each time up to the least age.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The largest file of certificates, in bytes.
const MAX_CA_BYTES: u64 = 1 << 20;

/// Where the keys of one issuer come from, and those that came.
pub(super) struct Source {
    /// The issuer's name, for log and metrics.
    name: String,
    /// Where it is in the configuration.
    path: String,
    place: Place,
    /// What `ca_file` holds.
    ca: Option<Vec<u8>>,
    fetcher: Fetcher,
    keys: ArcSwap<Vec<TrustedKey>>,
    /// Why the last fetch failed; none when it did not.
    failure: Mutex<Option<String>>,
    /// When the last fetch began that did not fail.
    succeeded: Mutex<Option<Instant>>,
    gate: Mutex<Gate>,
    is_fetching: AtomicBool,
    /// Somebody wants the keys now.
    asked: Arc<Notify>,
    /// How many fetches have ended.
    fetched: watch::Sender<u64>,
    waiting: Semaphore,
    /// What fetches in the background.
    task: OnceLock<AbortOnDropHandle<()>>,
}

impl Source {
    /// Prepares to fetch the keys of an issuer.
    pub(super) fn new(issuer: &mayfly_config::Issuer) -> Result<Self, Problem> {
        let place = match &issuer.key {
            TokenKey::Discovery(url) => Place::Discovery {
                url: url.clone(),
                issuer: issuer.issuer.clone(),
            },
            TokenKey::Url(url) => Place::Url(url.clone()),
            _ => Place::Url(http::Uri::default()),
        };
        let ca = match &issuer.ca_file {
            None => None,
            Some(path) => Some(file::read_bytes(path, MAX_CA_BYTES).map_err(|error| {
                Problem::of_file(
                    path,
                    format!("cannot be read: {error}; correct `{}.ca_file`", issuer.path),
                )
            })?),
        };
        let fetcher = Fetcher::new(place.url(), ca.as_deref()).map_err(|why| {
            let of = issuer
                .ca_file
                .as_deref()
                .unwrap_or(std::path::Path::new(""));
            Problem::of_file(of, why)
        })?;
        Ok(Self {
            name: issuer.name.clone(),
            path: issuer.path.clone(),
            place,
            ca,
            fetcher,
            keys: ArcSwap::default(),
            failure: Mutex::new(None),
            succeeded: Mutex::new(None),
            gate: Mutex::default(),
            is_fetching: AtomicBool::new(false),
            asked: Arc::default(),
            fetched: watch::Sender::new(0),
            waiting: Semaphore::new(WAITING),
            task: OnceLock::new(),
        })
    }

    /// Whether the other one fetches the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.path == other.path && self.place == other.place && self.ca == other.ca
    }

    /// The keys that are known; none before the first fetch.
    pub(super) fn keys(&self) -> Arc<Vec<TrustedKey>> {
        self.keys.load_full()
    }

    /// Whether any key is known.
    pub(super) fn check(&self) -> Result<(), CallError> {
        if !self.keys.load().is_empty() {
            return Ok(());
        }
        let why = self.failure.lock().clone();
        let message = "no key of the issuer is known, so none of its tokens can be checked";
        Err(CallError::new(CallCode::Unavailable, message)
            .with_detail(why.unwrap_or_else(|| "they are being fetched".to_owned())))
    }

    /// Why it is not known whether the issuer has the key of a token.
    pub(super) fn why_unknown(&self) -> String {
        if let Err(error) = self.check() {
            return format!("{}: {}", error.message, error.detail);
        }
        let why = self.failure.lock().clone();
        format!(
            "a token names a key that is not known, and the keys of the issuer `{}` could not be fetched again: {}",
            self.name,
            why.unwrap_or_else(|| "they are being fetched".to_owned())
        )
    }

    /// Fetches from now on, if that has not begun.
    pub(super) fn start(self: &Arc<Self>) {
        self.task.get_or_init(|| {
            self.is_fetching.store(true, Ordering::Release);
            AbortOnDropHandle::new(tokio::spawn(keep(Arc::downgrade(self))))
        });
    }

    /// Waits until the keys were fetched again, unless they were just now because of a token, or that takes too long. Gives whether
    /// they are known now as the issuer has them: a token that none of them signed is not valid then, and may be otherwise.
    pub(super) async fn renew(&self) -> bool {
        let Ok(_place) = self.waiting.try_acquire() else {
            return false;
        };
        if self.task.get().is_none() {
            return false;
        }
        let mut fetched = self.fetched.subscribe();
        if !self.is_fetched_now() {
            return *self.succeeded.lock() >= self.gate.lock().opened();
        }
        let ended = timeout(WAIT, fetched.changed()).await.is_ok();
        ended && self.failure.lock().is_none()
    }

    /// Whether a fetch is under way, or begins because this asks for it.
    fn is_fetched_now(&self) -> bool {
        let mut gate = self.gate.lock();
        if self.is_fetching.load(Ordering::Acquire) {
            return true;
        }
        let opens = gate.opens(Instant::now());
        if opens {
            // Whoever comes before the task has begun waits for it, too.
            self.is_fetching.store(true, Ordering::Release);
            self.asked.notify_one();
        }
        opens
    }

    /// Fetches once.
    pub(super) async fn fetch_once(&self) -> Result<(), Failure> {
        self.fetch().await.map(|_| ())
    }

    /// Fetches, and keeps what came; says for how long the issuer lets it be cached.
    async fn fetch(&self) -> Result<Option<Duration>, Failure> {
        self.is_fetching.store(true, Ordering::Release);
        let began = Instant::now();
        let published = timeout(FETCH_TIME, self.place.fetch(&self.fetcher)).await;
        let published = published.unwrap_or(Err(Failure::Slow(FETCH_TIME)));
        let outcome = published.as_ref().map_or_else(Failure::as_str, |_| "ok");
        counter!(names::KEY_SET_FETCHES, "issuer" => self.name.clone(), "outcome" => outcome)
            .increment(1);
        let lifetime = published.map(|published| self.keep_keys(published));
        let failure = lifetime.as_ref().err().map(ToString::to_string);
        if let Some(why) = &failure {
            self.tell(why);
        }
        if failure.is_none() {
            *self.succeeded.lock() = Some(began);
        }
        *self.failure.lock() = failure;
        self.is_fetching.store(false, Ordering::Release);
        self.fetched.send_modify(|count| *count += 1);
        lifetime
    }

    fn keep_keys(&self, published: Published) -> Option<Duration> {
        let Published {
            keys,
            warning,
            lifetime,
        } = published;
        if let Some(warning) = warning {
            tracing::warn!(issuer = self.name, "the key set of the issuer: {warning}");
        }
        if self.keys.load().is_empty() {
            tracing::info!(
                issuer = self.name,
                keys = keys.len(),
                "the keys of the issuer are known"
            );
        }
        self.keys.store(Arc::new(keys));
        lifetime
    }

    fn tell(&self, why: &str) {
        if self.keys.load().is_empty() {
            tracing::error!(
                issuer = self.name,
                "the keys of the issuer cannot be fetched; its tokens are refused until they are: {why}"
            );
        } else {
            tracing::warn!(
                issuer = self.name,
                "the keys of the issuer cannot be fetched; the known ones stay in use: {why}"
            );
        }
    }
}

/// Fetches over and over, for as long as anybody needs the keys.
async fn keep(source: Weak<Source>) {
    let mut failures = 0;
    while let Some(current) = source.upgrade() {
        let next = match current.fetch().await {
            Ok(lifetime) => {
                failures = 0;
                age(lifetime)
            }
            Err(_) => {
                failures += 1;
                retry(failures)
            }
        };
        let asked = current.asked.clone();
        // Not held while this waits, so that the source ends with the last app that needs it, and this with the source.
        drop(current);
        tokio::select! {
            () = sleep(next) => {}
            () = asked.notified() => {}
        }
    }
}

/// For how long keys are used that may be cached for so long.
fn age(lifetime: Option<Duration>) -> Duration {
    (lifetime.unwrap_or(LIFETIME) / 2).clamp(LEAST_AGE, MOST_AGE)
}

/// How long nothing is fetched after this many failures in a row.
fn retry(failures: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(1 << failures.saturating_sub(1).min(8))
        .min(LEAST_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_again_in_half_of_the_time_they_may_be_cached_for_within_bounds() {
        let seconds = Duration::from_secs;
        assert_eq!(age(None), seconds(1_800));
        assert_eq!(age(Some(seconds(600))), seconds(300));
        assert_eq!(age(Some(Duration::ZERO)), LEAST_AGE);
        assert_eq!(age(Some(Duration::MAX)), MOST_AGE);
        assert_eq!(retry(1), seconds(1));
        assert_eq!(retry(2), seconds(2));
        assert_eq!(retry(6), seconds(32));
        assert_eq!(retry(u32::MAX), LEAST_AGE);
    }
}
