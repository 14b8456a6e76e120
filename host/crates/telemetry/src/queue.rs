//! Lines on their way to a stream: a bounded buffer, and a thread that writes it.
//!
//! Whoever has a line to write never waits: what does not fit is dropped and counted. So a pipe that nobody reads costs lines, and
//! neither requests nor the process's end. The bound is in bytes, because one line may have a few bytes or many thousands; libraries
//! that do the same bound the number of lines.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use metrics::counter;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::names;

/// How long a stream that takes nothing just now is left alone before it is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// Lines for one stream.
#[derive(Clone)]
pub(crate) struct LineQueue(Arc<Shared>);

/// Makes the line that says how many were dropped.
pub(crate) type Notice = fn(u64) -> String;

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// Everything was written.
    drained: Condvar,
    /// Bytes that may wait; as many again may be on their way to the stream.
    limit_bytes: usize,
}

#[derive(Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    /// Whether the thread is writing what it took.
    writing: bool,
    /// Lines dropped since the last notice of it.
    dropped: u64,
}

impl LineQueue {
    /// Starts the thread that writes to `stream`.
    pub(crate) fn start(
        stream: impl Write + Send + 'static,
        limit_bytes: usize,
        notice: Notice,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
            limit_bytes,
        });
        let writer = shared.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.write_all_to(stream, notice))?;
        Ok(Self(shared))
    }

    /// Adds one line, with its end, or drops it.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut state = self.0.lock();
        if state.waiting.len() + line.len() > self.0.limit_bytes {
            state.dropped += 1;
            drop(state);
            count_dropped(1);
            return;
        }
        state.waiting.extend_from_slice(line);
        drop(state);
        self.0.filled.notify_one();
    }

    /// Waits until everything is written, but no longer than this.
    pub(crate) fn flush(&self, most: Duration) {
        let end = Instant::now() + most;
        let mut state = self.0.lock();
        while state.writing || !state.waiting.is_empty() {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return;
            };
            self.0.drained.wait_for(&mut state, left);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn write_all_to(&self, mut stream: impl Write, notice: Notice) {
        let mut lines = Vec::new();
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() {
                self.filled.wait(&mut state);
            }
            mem::swap(&mut lines, &mut state.waiting);
            state.writing = true;
            let dropped = mem::take(&mut state.dropped);
            drop(state);

            if dropped > 0 {
                lines.extend_from_slice(notice(dropped).as_bytes());
            }
            let written = write_patiently(&mut stream, &lines);
            if let Err(unwritten) = written {
                let lost = lines.get(unwritten..).unwrap_or_default();
                let lost = lost.iter().filter(|byte| **byte == b'\n').count();
                count_dropped(lost as u64);
            }
            lines.clear();

            let mut state = self.lock();
            state.writing = false;
            drop(state);
            self.drained.notify_all();
        }
    }
}

/// Writes everything; where it stopped when the stream is closed, or refuses for good.
fn write_patiently(stream: &mut impl Write, bytes: &[u8]) -> Result<(), usize> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match stream.write(rest) {
            Ok(0) => return Err(written),
            Ok(taken) => written += taken,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A pipe that somebody else has set to non-blocking, and that is full.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(_) => return Err(written),
        }
    }
    stream.flush().map_err(|_| written)
}

fn count_dropped(lines: u64) {
    counter!(names::LOG_LINES_DROPPED).increment(lines);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A stream that holds nothing: each write waits until the reader takes it, and fails once the reader is gone.
    struct HandOver(SyncSender<Vec<u8>>);

    impl Write for HandOver {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let sent = self.0.send(bytes.to_vec());
            sent.map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn hand_over() -> (HandOver, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        (HandOver(sender), receiver)
    }

    fn notice(dropped: u64) -> String {
        format!("dropped {dropped}\n")
    }

    #[test]
    fn nobody_waits_for_a_reader_and_what_is_dropped_is_told_when_one_comes() {
        let (ours, theirs) = hand_over();
        let queue = LineQueue::start(ours, 64 << 10, notice).unwrap();
        let line = [[b'x'; 1_023].as_slice(), b"\n"].concat();
        // More than twice what the queue holds: as much again may be in the writer's hands.
        for _ in 0..256 {
            queue.push(&line);
        }
        queue.flush(Duration::from_millis(1));

        let reader = thread::spawn(move || {
            let mut text = Vec::new();
            while !text.ends_with(b"the last\n") {
                text.extend(theirs.recv().unwrap());
            }
            String::from_utf8(text).unwrap()
        });
        queue.flush(PATIENCE);
        queue.push(b"the last\n");
        let text = reader.join().unwrap();
        let told: u64 = text
            .lines()
            .filter_map(|line| line.strip_prefix("dropped "))
            .map(|count| count.parse::<u64>().unwrap())
            .sum();
        let kept = text.lines().filter(|line| line.starts_with('x')).count() as u64;
        assert_eq!(told + kept, 256);
        assert!(told >= 128, "dropped {told}");
    }

    #[test]
    fn a_stream_that_is_closed_takes_nothing_and_keeps_nobody() {
        let (ours, theirs) = hand_over();
        drop(theirs);
        let queue = LineQueue::start(ours, 1_024, notice).unwrap();
        for _ in 0..100 {
            queue.push(&[b'\n'; 1_024]);
            queue.flush(PATIENCE);
        }
        let state = queue.0.lock();
        assert!(state.waiting.is_empty() && !state.writing);
    }

    #[test]
    fn a_flush_ends_though_nobody_reads() {
        let (ours, _theirs) = hand_over();
        let queue = LineQueue::start(ours, 1_024, notice).unwrap();
        queue.push(b"a line\n");
        queue.flush(Duration::from_millis(1));
        let state = queue.0.lock();
        assert!(state.writing || !state.waiting.is_empty());
    }
}
