//! Packets: messages cut into pieces of the negotiated size, eight bytes of header before each.
//!
//! A packet's status is 1 on a message's last packet and 0 before; clients refuse anything else.

use std::mem;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

/// Batch of SQL text.
pub(super) const BATCH: u8 = 1;
/// Remote procedure call.
pub(super) const RPC: u8 = 3;
/// The server's answer.
pub(super) const ANSWER: u8 = 4;
/// "Stop what you are doing."
pub(super) const ATTENTION: u8 = 6;
/// Begin, commit, roll back.
pub(super) const TRANSACTION: u8 = 14;
/// Log in.
pub(super) const LOGIN: u8 = 16;
/// Before logging in.
pub(super) const PRELOGIN: u8 = 18;

/// Before each packet's body.
pub(super) const HEADER_BYTES: usize = 8;
/// What a client may send in one message: a batch of statements, or parameters of a few values.
const MESSAGE_BYTES: usize = 256 << 20;

/// A whole message of the client.
#[derive(Debug)]
pub(super) struct Message {
    /// One of the constants above.
    pub kind: u8,
    /// What was in its packets.
    pub body: Vec<u8>,
}

/// Reads the next message; none when the client has closed the connection.
pub(super) async fn read_message(
    stream: &mut (impl AsyncRead + Unpin),
) -> std::io::Result<Option<Message>> {
    let mut body = Vec::new();
    loop {
        let mut header = [0_u8; HEADER_BYTES];
        match stream.read_exact(&mut header).await {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        };
        let [kind, status, high, low, ..] = header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let size = length
            .checked_sub(HEADER_BYTES)
            .ok_or_else(|| invalid("a packet shorter than its header"))?;
        if body.len() + size > MESSAGE_BYTES {
            return Err(invalid("a message of more than 256 MiB"));
        }
        let start = body.len();
        body.resize(start + size, 0);
        if let Some(space) = body.get_mut(start..) {
            stream.read_exact(space).await?;
        }
        match status & 3 {
            // The client gave up on its message: it counts as not sent.
            3 => body.clear(),
            1 => return Ok(Some(Message { kind, body })),
            _ => {}
        }
    }
}

fn invalid(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what)
}

/// The client is gone, or the connection is being closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// Cuts answers into packets and hands them to the task that writes; waits while the client does not read.
#[derive(Debug)]
pub(super) struct PacketWriter {
    packets: mpsc::Sender<Vec<u8>>,
    waiting: Vec<u8>,
    body_bytes: usize,
    next_id: u8,
    session: u16,
}

impl PacketWriter {
    pub(super) fn new(packets: mpsc::Sender<Vec<u8>>, packet_bytes: u32, session: u16) -> Self {
        let body_bytes = usize::try_from(packet_bytes)
            .unwrap_or(4096)
            .saturating_sub(HEADER_BYTES)
            .max(1);
        Self {
            packets,
            waiting: Vec::new(),
            body_bytes,
            next_id: 1,
            session,
        }
    }

    /// The bytes not sent yet: append here, then call one of the methods below.
    pub(super) fn waiting(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Sends whole packets; what may be the end of the message stays.
    pub(super) fn send_full(&mut self) -> Result<(), Gone> {
        let mut waiting = mem::take(&mut self.waiting);
        let full = waiting.len().saturating_sub(1) / self.body_bytes * self.body_bytes;
        for body in waiting
            .get(..full)
            .unwrap_or_default()
            .chunks(self.body_bytes)
        {
            self.send(body, false)?;
        }
        waiting.drain(..full);
        self.waiting = waiting;
        Ok(())
    }

    /// Sends everything there is; the message goes on.
    pub(super) fn send_all(&mut self) -> Result<(), Gone> {
        self.send_full()?;
        if self.waiting.is_empty() {
            Ok(())
        } else {
            self.send_rest(false)
        }
    }

    /// Sends everything there is and ends the message.
    pub(super) fn end(&mut self) -> Result<(), Gone> {
        self.send_full()?;
        self.send_rest(true)
    }

    fn send_rest(&mut self, last: bool) -> Result<(), Gone> {
        let rest = mem::take(&mut self.waiting);
        self.send(&rest, last)
    }

    fn send(&mut self, body: &[u8], last: bool) -> Result<(), Gone> {
        let length = u16::try_from(body.len() + HEADER_BYTES)
            .unwrap_or(u16::MAX)
            .to_be_bytes();
        let session = self.session.to_be_bytes();
        let mut packet = Vec::with_capacity(body.len() + HEADER_BYTES);
        packet.extend([ANSWER, u8::from(last)]);
        packet.extend(length);
        packet.extend(session);
        packet.extend([self.next_id, 0]);
        packet.extend_from_slice(body);
        self.next_id = self.next_id.wrapping_add(1);
        self.packets.blocking_send(packet).map_err(|_| Gone)
    }
}

/// A whole message in one packet, for answers before the session has its writer.
pub(super) fn single(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + HEADER_BYTES)
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    let mut packet = vec![ANSWER, 1];
    packet.extend(length);
    packet.extend([0, 0, 1, 0]);
    packet.extend(body);
    packet
}
