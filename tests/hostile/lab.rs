//! A host that serves guest/hostile, and what is asserted of every attack.

use std::fs;
use std::ops::Deref;

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A host under attack by one module.
pub struct Lab {
    host: TestHost,
    /// The module that attacks, which the log has to name.
    module: String,
}

/// The lab for the module that a file of tests is named after; takes the app and the environment when they are not the usual.
macro_rules! lab {
    () => {
        lab!(mayfly_tests::TestApp::hostile())
    };
    ($app:expr) => {
        lab!($app, &[])
    };
    ($app:expr, $environment:expr) => {
        $crate::hostile::Lab::start(module_path!(), $app, $environment).await
    };
}
pub(super) use lab;

impl Lab {
    /// Starts a host; `path` is that of the module of tests.
    pub async fn start(path: &str, app: TestApp, environment: &[(&str, &str)]) -> Self {
        let module = path.rsplit("::").next().unwrap().replace('_', "-");
        assert!(
            app.path().join(format!("build/{module}.wasm")).exists(),
            "{path} is named after no module of guest/hostile"
        );
        Self {
            host: TestHost::start_with(app, environment).await,
            module,
        }
    }

    /// Asks one field, which has to fail with a code at its own place, and in the log with everything an operator needs to find
    /// the module; gives the message.
    pub async fn fails(&self, query: &str, code: &str) -> String {
        let answer = self.post(&json!({ "query": query })).await;
        let body = answer.json();
        assert_eq!(
            body["errors"].as_array().map(Vec::len),
            Some(1),
            "{query}: {body}"
        );
        let error = &body["errors"][0];
        assert_eq!(error["extensions"]["code"], json!(code), "{query}: {body}");
        let trace_id = answer.header("x-trace-id");
        let line = self
            .logged(&[trace_id, &format!("\"code\":\"{code}\"")])
            .await;
        let fields: Value = serde_json::from_str(&line).unwrap();
        let root = if query.trim_start().starts_with("mutation") {
            "Mutation"
        } else {
            "Query"
        };
        let path = error["path"][0].as_str().unwrap();
        assert_eq!(fields["module"], json!(self.module), "{line}");
        assert_eq!(fields["version"], json!(self.digest()), "{line}");
        assert_eq!(fields["trace_id"], json!(trace_id), "{line}");
        // A guest that waits for a backend is not to blame for the backend.
        let blame = match code {
            "BACKEND_UNAVAILABLE" => "Backend",
            _ => "Guest",
        };
        assert_eq!(fields["blame"], json!(blame), "{line}");
        assert!(fields["path"].as_str().unwrap().starts_with(path), "{line}");
        // An answer of the wrong shape is the fault of one property, which the log names instead.
        if code != "INVALID_OUTPUT" {
            assert_eq!(fields["field"], json!(format!("{root}.{path}")), "{line}");
        }
        error["message"].as_str().unwrap().to_owned()
    }

    /// As [`Lab::fails`] for several attacks with one code, and nothing may be left of them.
    pub async fn all_fail(&self, queries: &[impl AsRef<str>], code: &str) -> Vec<String> {
        let mut messages = Vec::new();
        for query in queries {
            messages.push(self.fails(query.as_ref(), code).await);
        }
        self.unharmed().await;
        messages
    }

    /// Asks one field that has to answer, and gives its value.
    pub async fn value(&self, query: &str) -> Value {
        let answer = self.query(query).await;
        assert_eq!(answer.get("errors"), None, "{query}: {answer}");
        let data = answer["data"]
            .as_object()
            .unwrap_or_else(|| panic!("{query}: {answer}"));
        data.values().next().unwrap().clone()
    }

    /// What every attack must leave behind: a host that answers right, and nothing in use, here or at the backends.
    pub async fn unharmed(&self) {
        const HONEST: &str = "{ traps(how: NONE) leaks marks aliases(how: NONE) malformedJson(how: NONE) { id number } }";
        let thing = json!({ "id": "1", "number": null });
        let right =
            json!({ "traps": 7, "leaks": 1, "marks": 0, "aliases": "one", "malformedJson": thing });
        assert_eq!(self.query(HONEST).await, json!({ "data": right }));
        // A client has its answer before the host is done with it, and a connection that was cut off is closed in its own time.
        for in_use in [
            "mayfly_slots_in_use ",
            "mayfly_guest_memory_reserved ",
            "mayfly_operations ",
            "mayfly_pool_in_use{backend=\"lab\"}",
            "mayfly_pool_in_use{backend=\"dynamodb\"}",
        ] {
            self.until(async || self.metric(in_use).await == 0.0).await;
        }
        self.until(async || {
            let backends = self.backends().await;
            let sqlserver = &backends["sqlserver"];
            sqlserver["openTransactions"] == json!(0) && sqlserver["running"] == json!(0)
        })
        .await;
    }

    /// The version's name: the SHA-256 of the component.
    fn digest(&self) -> String {
        let component =
            fs::read(self.app.path().join(format!("build/{}.wasm", self.module))).unwrap();
        Sha256::digest(component)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl Deref for Lab {
    type Target = TestHost;

    fn deref(&self) -> &TestHost {
        &self.host
    }
}
