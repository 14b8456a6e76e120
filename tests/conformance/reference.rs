//! graphql-js as a process: JSON lines in, JSON lines out, many requests under way at once.

use mayfly_tests::{node_packages, repository};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

/// Requests by id, waiting for their answers.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A running reference, killed when dropped.
pub(crate) struct Reference {
    input: AsyncMutex<ChildStdin>,
    waiting: Waiting,
    next_id: AtomicU64,
    _child: Child,
}

impl Reference {
    /// Starts it, installed as the lock file says.
    pub(crate) async fn start() -> Self {
        let mut command = Command::new("node");
        let command = command
            .arg("reference.mjs")
            .current_dir(installed())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed");
        let waiting = Waiting::default();
        tokio::spawn(hand_out(
            child.stdout.take().expect("a pipe"),
            waiting.clone(),
        ));
        let input = AsyncMutex::new(child.stdin.take().expect("a pipe"));
        Self {
            input,
            waiting,
            next_id: AtomicU64::new(0),
            _child: child,
        }
    }

    /// Its answer to a request, which is an object.
    pub(crate) async fn ask(&self, mut request: Value) -> Value {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        request["id"] = id.into();
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, sender);
        let line = format!("{request}\n");
        self.input
            .lock()
            .await
            .write_all(line.as_bytes())
            .await
            .expect("the reference runs");
        let answer = answer.await.expect("the reference answers");
        assert!(
            answer.get("broken").is_none(),
            "the reference broke: {answer}"
        );
        answer
    }
}

async fn hand_out(output: ChildStdout, waiting: Waiting) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| json!({ "broken": format!("{error}: {line}") }));
        let mut waiting = waiting.lock().unwrap();
        match answer["id"].as_u64().and_then(|id| waiting.remove(&id)) {
            Some(sender) => drop(sender.send(answer)),
            // Nobody knows whose answer that is, so everybody gets it.
            None => waiting
                .drain()
                .for_each(|(_, sender)| drop(sender.send(answer.clone()))),
        }
    }
    // Whoever still waits is told by the drop of its sender.
    waiting.lock().unwrap().clear();
}

/// The directory of the reference, after making sure that its one dependency is there.
fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let directory = repository().join("tests/conformance");
        node_packages(&directory);
        directory
    })
}
