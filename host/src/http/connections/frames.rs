//! Follows the frames that an HTTP/2 client sends. hyper tells nothing of a request before its whole head is there, so what has to
//! arrive in time is seen here: the settings a client begins with, and every frame but those of bodies, which have a rate of their own.

use std::time::Instant;

/// Length, kind, flags and stream of a frame.
const HEAD_BYTES: usize = 9;

/// Where the kind of a frame stands in its head, and the flags.
const KIND: usize = 3;
const FLAGS: usize = 4;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

/// The flag of the last frame of a head.
const END_HEADERS: u8 = 4;

/// What a frame of settings counts besides its bytes: every stream has to follow it.
const SETTINGS_BYTES: usize = 1 << 10;

/// Where in its frames a client is.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD_BYTES],
    /// How much of `head` has come.
    head_bytes: usize,
    /// What is missing of the payload.
    missing_bytes: usize,
    /// Whether the head of a request has begun, and its last frame has not come.
    in_request_head: bool,
    /// Since when something is on its way that has to arrive in time.
    since: Option<Instant>,
    /// Whether the client's first settings have come.
    settled: bool,
    /// What frames counted besides their bytes, and was not asked for yet.
    extra_bytes: usize,
}

impl Frames {
    /// Follows bytes that came.
    pub fn received(&mut self, mut bytes: &[u8], now: Instant) {
        while !bytes.is_empty() {
            if self.head_bytes < HEAD_BYTES {
                self.since = self.since.or(Some(now));
                bytes = self.take_head(bytes);
                if self.head_bytes < HEAD_BYTES {
                    return;
                }
                if self.kind() == DATA && !self.in_request_head {
                    self.since = None;
                }
            }
            let taken = self.missing_bytes.min(bytes.len());
            bytes = bytes.get(taken..).unwrap_or_default();
            self.missing_bytes -= taken;
            if self.missing_bytes == 0 {
                self.frame_ends();
            }
        }
    }

    /// Since when something is on its way that has to arrive in time.
    pub fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Whether the client has sent all that a connection begins with.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// What the frames since the last time count besides their bytes.
    pub fn take_extra_bytes(&mut self) -> usize {
        std::mem::take(&mut self.extra_bytes)
    }

    /// Takes what is missing of a frame's head, and gives the rest.
    fn take_head<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let space = self.head.get_mut(self.head_bytes..).unwrap_or_default();
        let taken = space.len().min(bytes.len());
        let (now, rest) = bytes.split_at(taken);
        space.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
        self.head_bytes += taken;
        if self.head_bytes == HEAD_BYTES {
            let [a, b, c, ..] = self.head;
            self.missing_bytes = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        }
        rest
    }

    fn frame_ends(&mut self) {
        let ends_head = self.head[FLAGS] & END_HEADERS != 0;
        match self.kind() {
            HEADERS | CONTINUATION => self.in_request_head = !ends_head,
            SETTINGS => {
                self.settled = true;
                self.extra_bytes += SETTINGS_BYTES;
            }
            _ => {}
        }
        self.head_bytes = 0;
        if !self.in_request_head {
            self.since = None;
        }
    }

    fn kind(&self) -> u8 {
        self.head[KIND]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests end by panicking")]
    use std::time::Duration;

    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let [.., a, b, c] = payload.to_be_bytes();
        let mut frame = vec![a, b, c, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD_BYTES + payload, 0);
        frame
    }

    /// What is waited for after each step, and since which step.
    fn followed(steps: &[Vec<u8>]) -> Vec<Option<u64>> {
        let began = Instant::now();
        let mut frames = Frames::default();
        let times = (0..).map(|step| began + Duration::from_secs(step));
        let waits = steps.iter().zip(times).map(|(bytes, now)| {
            frames.received(bytes, now);
            frames.since().map(|since| (since - began).as_secs())
        });
        waits.collect()
    }

    #[test]
    fn a_head_is_waited_for_from_its_first_byte_to_its_last_frame() {
        let steps = [
            frame(SETTINGS, 0, 6),
            frame(HEADERS, END_HEADERS, 10),
            frame(HEADERS, 0, 10),
            frame(CONTINUATION, 0, 10),
            frame(CONTINUATION, 0, 0),
            frame(CONTINUATION, END_HEADERS, 0),
        ];
        let waits = [None, None, Some(2), Some(2), Some(2), None];
        assert_eq!(followed(&steps), waits);
    }

    #[test]
    fn the_next_head_has_its_own_time() {
        let whole = frame(HEADERS, END_HEADERS, 10);
        let (begun, rest) = whole.split_at(12);
        let steps = [
            begun.to_vec(),
            [rest, begun].concat(),
            [rest, &frame(HEADERS, 0, 3)].concat(),
        ];
        assert_eq!(followed(&steps), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn bodies_are_not_waited_for_and_any_other_part_of_a_frame_is() {
        let data = frame(DATA, 0, 10_000);
        let ping = frame(6, 0, 8);
        let steps = [
            data[..3].to_vec(),
            data[3..500].to_vec(),
            data[500..].to_vec(),
            ping[..16].to_vec(),
            ping[16..].to_vec(),
            data[..9].to_vec(),
        ];
        assert_eq!(followed(&steps), [Some(0), None, None, Some(3), None, None]);
    }

    #[test]
    fn settings_count_more_than_their_bytes() {
        let mut frames = Frames::default();
        frames.received(&frame(SETTINGS, 0, 6).repeat(3), Instant::now());
        frames.received(&frame(HEADERS, END_HEADERS, 6), Instant::now());
        assert_eq!(frames.take_extra_bytes(), 3 * SETTINGS_BYTES);
        assert_eq!(frames.take_extra_bytes(), 0);
    }

    #[test]
    fn bytes_one_by_one_are_the_same_as_all_at_once() {
        let bytes = [
            frame(SETTINGS, 0, 12),
            frame(HEADERS, 0, 300),
            frame(CONTINUATION, END_HEADERS, 1),
            frame(DATA, 1, 70_000),
        ]
        .concat();
        let mut frames = Frames::default();
        for (at, byte) in bytes.iter().enumerate() {
            assert_eq!(frames.is_settled(), at >= HEAD_BYTES + 12, "{at}");
            frames.received(&[*byte], Instant::now());
        }
        assert!(frames.since().is_none() && frames.is_settled());
        assert_eq!((frames.head_bytes, frames.missing_bytes), (0, 0));
    }
}
