//! The host under test: the app `guest/fuzz`, loaded by the host's own loader into its own sandbox, over backends that count.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use mayfly::serving::app::App;
use mayfly_capabilities::dynamodb::DynamoDbCapability;
use mayfly_capabilities::sql::{SqlCapability, databases};
use mayfly_config::{Config, Module};
use mayfly_runtime::capability::{self, Surroundings};
use mayfly_runtime::imports::{Backends, Operation};
use mayfly_runtime::sandbox::{Outcome, Prepared, Request};
use tokio::runtime::Runtime;

use crate::backends::InMemory;
use crate::run::Verdict;

/// How long a case may take before it counts as hanging; nothing is timed with it.
const PATIENCE: Duration = Duration::from_secs(120);

/// One host for all cases, so that what a case leaves behind is seen.
pub struct UnderTest {
    pub runtime: Runtime,
    pub app: App,
    pub config: Config,
    in_memory: Arc<InMemory>,
    backends: Arc<Backends>,
    turn: Mutex<()>,
}

/// The host under test.
///
/// # Panics
///
/// When the app does not load.
pub fn under_test() -> &'static UnderTest {
    static UNDER_TEST: OnceLock<UnderTest> = OnceLock::new();
    UNDER_TEST.get_or_init(UnderTest::load)
}

impl UnderTest {
    fn load() -> Self {
        mayfly_tests::built();
        // Two workers even on one core: what races shall race.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let config = capability::load(
            &mayfly_tests::repository().join("guest/fuzz"),
            mayfly_capabilities::ALL,
        )
        .expect("guest/fuzz is an app");
        let app = runtime
            .block_on(App::load(
                &config,
                &Surroundings::nowhere(mayfly_capabilities::ALL),
                &|_| (),
            ))
            .expect("the app loads");
        let in_memory = Arc::new(InMemory::default());
        let databases = databases(&config, in_memory.clone());
        let backends = Backends::default()
            .with::<DynamoDbCapability>(in_memory.clone())
            .with::<SqlCapability>(Arc::new(databases));
        let backends = Arc::new(backends);
        Self {
            runtime,
            app,
            config,
            in_memory,
            backends,
            turn: Mutex::default(),
        }
    }

    /// Waits until no other target uses the host: what one holds is not left behind by another.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        // A target that failed leaves nothing half done here.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The interpreter's configuration, to be varied.
    #[must_use]
    pub fn module(&self) -> Module {
        (*self.app.versions["interpreter"].module).clone()
    }

    /// Runs one invocation to its end, or drops it when it has been polled so often: a client that goes away.
    pub async fn invoke(
        &self,
        prepared: &Prepared,
        module: Module,
        arguments: String,
        dropped_after: Option<u32>,
    ) -> Option<Outcome> {
        let request = Request {
            module: Arc::new(module),
            backends: self.backends.clone(),
            version: String::new(),
            operation: Arc::new(Operation::default()),
            type_name: "Query".into(),
            field_name: "run".into(),
            arguments,
            parents: Vec::new(),
            selection: Arc::new([]),
        };
        let mut invocation = pin!(self.app.sandbox.invoke(prepared, request));
        let mut polls = 0;
        poll_fn(|context| {
            if dropped_after == Some(polls) {
                return Poll::Ready(None);
            }
            polls += 1;
            invocation.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Waits for a case, which has to end.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn finish<T>(&self, case: impl Future<Output = T>) -> Result<T, String> {
        let case = async { tokio::time::timeout(PATIENCE, case).await };
        self.runtime
            .block_on(case)
            .map_err(|_| format!("it was still running after {PATIENCE:?}"))
    }

    /// Whether the host is at rest: no place, no memory, no call, no session, no store is held.
    ///
    /// # Errors
    ///
    /// What is held.
    pub fn at_rest(&self) -> Verdict {
        let (slots, bytes) = self.app.sandbox.in_use();
        let (open, stores) = (self.in_memory.open(), Arc::strong_count(&self.backends) - 1);
        if (slots, bytes, open, stores) == (0, 0, 0, 0) {
            return Ok(());
        }
        Err(format!(
            "left behind: {slots} places, {bytes} bytes of caps, {open} calls or sessions, {stores} stores"
        ))
    }
}
