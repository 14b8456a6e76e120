//! Little-endian reading and writing, and the string forms of TDS. Nothing here panics on short input.

/// A message that is not TDS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message ends early or holds {0}")]
pub(crate) struct Malformed(pub &'static str);

/// Reads bytes from the front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct In<'a> {
    rest: &'a [u8],
}

impl<'a> In<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Malformed("too few bytes"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?
            .try_into()
            .map_err(|_| Malformed("too few bytes"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A little-endian number of up to 16 bytes.
    pub(crate) fn unsigned(&mut self, bytes: usize) -> Result<u128, Malformed> {
        let mut whole = [0; 16];
        whole
            .get_mut(..bytes)
            .ok_or(Malformed("a number of more than 16 bytes"))?
            .copy_from_slice(self.take(bytes)?);
        Ok(u128::from_le_bytes(whole))
    }

    /// UTF-16 text of a length in units.
    pub(crate) fn utf16(&mut self, units: usize) -> Result<String, Malformed> {
        Ok(utf16(self.take(units * 2)?))
    }

    /// Text with its length in units in one byte.
    pub(crate) fn short_text(&mut self) -> Result<String, Malformed> {
        let units = self.u8()?;
        self.utf16(units.into())
    }
}

/// UTF-16 as a string; half a pair of surrogates becomes U+FFFD.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .as_chunks()
        .0
        .iter()
        .map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Writes bytes at the end.
pub(crate) trait Out {
    fn put_u16(&mut self, number: u16);
    fn put_u32(&mut self, number: u32);
    fn put_u64(&mut self, number: u64);
    /// Text with its length in units in one byte; cut off at 255.
    fn put_short_text(&mut self, text: &str);
    /// Text with its length in units in two bytes; cut off at 8,000, more than any message of the server.
    fn put_text(&mut self, text: &str);
}

impl Out for Vec<u8> {
    fn put_u16(&mut self, number: u16) {
        self.extend(number.to_le_bytes());
    }

    fn put_u32(&mut self, number: u32) {
        self.extend(number.to_le_bytes());
    }

    fn put_u64(&mut self, number: u64) {
        self.extend(number.to_le_bytes());
    }

    fn put_short_text(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().take(255).collect();
        self.push(u8::try_from(units.len()).unwrap_or(u8::MAX));
        self.extend(units.into_iter().flat_map(u16::to_le_bytes));
    }

    fn put_text(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().take(8000).collect();
        self.put_u16(u16::try_from(units.len()).unwrap_or(u16::MAX));
        self.extend(units.into_iter().flat_map(u16::to_le_bytes));
    }
}
