//! Bodies that a service packed (RFC 9110, 8.4): `gzip`, and `deflate` as servers send it, in the format of zlib.
//!
//! Invariants: what is unpacked is counted while it is made, so that a few kilobytes cannot become more than the limit; a body that ends
//! before its packing does is no body; a large piece is unpacked a part at a time, and other work goes on in between.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, HeaderMap};

use super::failure::Cause;

/// What is unpacked before other work has its turn, in bytes as they came. Gzip makes at most about a thousand times as much of it.
const PIECE_BYTES: usize = 4 << 10;

/// The body of an answer while it comes.
pub(super) enum Unpacking {
    /// As it is.
    Plain(Bounded),
    /// In gzip, members behind each other included.
    Gzip(Box<MultiGzDecoder<Bounded>>),
    /// In zlib's format.
    Deflate(Box<ZlibDecoder<Bounded>>),
}

/// Bytes, at most this many.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    is_full: bool,
}

impl Unpacking {
    /// For a body without a byte.
    pub(super) fn plain() -> Self {
        Self::Plain(Bounded::new(0, 0))
    }

    /// For a body with these headers, of which at most this many bytes are kept. `said` is how many there will be, as far as it is known.
    ///
    /// # Errors
    ///
    /// It is packed in another way.
    pub(super) fn of(headers: &HeaderMap, most: usize, said: usize) -> Result<Self, Cause> {
        let codings = headers.get_all(CONTENT_ENCODING).iter();
        let mut codings =
            codings.filter(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
        let Some(coding) = codings.next() else {
            return Ok(Self::Plain(Bounded::new(most, said)));
        };

        let is = |name: &str| coding.as_bytes().eq_ignore_ascii_case(name.as_bytes());
        let is_only = codings.next().is_none();
        if is_only && (is("gzip") || is("x-gzip")) {
            let decoder = MultiGzDecoder::new(Bounded::new(most, 0));
            return Ok(Self::Gzip(Box::new(decoder)));
        }
        if is_only && is("deflate") {
            let decoder = ZlibDecoder::new(Bounded::new(most, 0));
            return Ok(Self::Deflate(Box::new(decoder)));
        }
        Err(Cause::Packed(format!(
            "it is compressed as {coding:?}, which was not asked for; gzip and deflate are understood"
        )))
    }

    /// Takes a piece of the body.
    ///
    /// # Errors
    ///
    /// It holds more than is kept, or is not packed as was said.
    pub(super) async fn take(&mut self, data: &[u8]) -> Result<(), Cause> {
        for piece in data.chunks(PIECE_BYTES) {
            let written = match self {
                Self::Plain(bounded) => return self::written(bounded.write_all(data), bounded),
                Self::Gzip(decoder) => {
                    let outcome = decoder.write_all(piece);
                    self::written(outcome, decoder.get_ref())
                }
                Self::Deflate(decoder) => {
                    let outcome = decoder.write_all(piece);
                    self::written(outcome, decoder.get_ref())
                }
            };
            written?;
            tokio::task::coop::consume_budget().await;
        }
        Ok(())
    }

    /// The body, whole.
    ///
    /// # Errors
    ///
    /// Its packing goes on where the body ends.
    pub(super) fn finish(self) -> Result<Vec<u8>, Cause> {
        match self {
            Self::Plain(bounded) => Ok(bounded.bytes),
            Self::Gzip(mut decoder) => {
                let ended = decoder.try_finish();
                written(ended, decoder.get_ref())?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
            Self::Deflate(mut decoder) => {
                let ended = decoder.try_finish();
                written(ended, decoder.get_ref())?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
        }
    }
}

impl Bounded {
    fn new(most: usize, said: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(said.min(most)),
            most,
            is_full: false,
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() > self.most - self.bytes.len() {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a write that failed means.
fn written(outcome: io::Result<()>, bounded: &Bounded) -> Result<(), Cause> {
    outcome.map_err(|error| {
        if bounded.is_full {
            Cause::TooLarge(bounded.most)
        } else {
            Cause::Packed(format!("it is not compressed as its headers say: {error}"))
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test that fails by panicking has failed"
    )]
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    async fn unpacked(
        codings: &[&'static str],
        body: &[u8],
        pieces: usize,
        most: usize,
    ) -> Result<Vec<u8>, Cause> {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let mut unpacking = Unpacking::of(&headers, most, body.len())?;
        for piece in body.chunks(pieces) {
            unpacking.take(piece).await?;
        }
        unpacking.finish()
    }

    #[tokio::test]
    async fn a_packed_body_is_the_one_that_was_packed_however_it_comes() {
        let body: Vec<u8> = (0..100_000u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        let twice = [gzip(&body), gzip(b"and more")].concat();
        for pieces in [1_000, 65_536, usize::MAX] {
            let most = 1 << 20;
            assert_eq!(unpacked(&[], &body, pieces, most).await.unwrap(), body);
            assert_eq!(
                unpacked(&["identity"], &body, pieces, most).await.unwrap(),
                body
            );
            let packed = gzip(&body);
            for coding in ["gzip", "GZIP", "x-gzip"] {
                let whole = unpacked(&[coding], &packed, pieces, most).await.unwrap();
                assert_eq!(whole, body);
            }
            let whole = unpacked(&["deflate"], &zlib(&body), pieces, most).await;
            assert_eq!(whole.unwrap(), body);
            let whole = unpacked(&["gzip"], &twice, pieces, most).await.unwrap();
            assert_eq!(whole, [&body[..], b"and more"].concat());
        }
    }

    #[tokio::test]
    async fn no_more_is_unpacked_than_may_be_kept() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < 80_000);
        for most in [0, 1, 1 << 20, (64 << 20) - 1] {
            let refused = unpacked(&["gzip"], &bomb, 10_000, most).await;
            assert!(matches!(refused, Err(Cause::TooLarge(limit)) if limit == most));
        }
        assert!(unpacked(&["gzip"], &bomb, 10_000, 64 << 20).await.is_ok());
        let refused = unpacked(&[], &bomb, 10_000, bomb.len() - 1).await;
        assert!(matches!(refused, Err(Cause::TooLarge(_))));
    }

    #[tokio::test]
    async fn what_is_cut_short_or_packed_otherwise_is_no_body() {
        let packed = gzip(b"{\"studentId\": \"S1\"}");
        for cut in [0, 1, 10, packed.len() / 2, packed.len() - 1] {
            let outcome = unpacked(&["gzip"], &packed[..cut], 7, 1_000).await;
            assert!(
                matches!(outcome, Err(Cause::Packed(_))),
                "{cut}: {outcome:?}"
            );
        }
        let mut damaged = packed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        for (codings, body) in [
            (&["gzip"][..], &b"{}"[..]),
            (&["gzip"], &damaged),
            (&["deflate"], &packed),
            (&["br"], &packed),
            (&["gzip, gzip"], &packed),
            (&["gzip", "br"], &packed),
        ] {
            let outcome = unpacked(codings, body, 1_000, 1_000).await;
            assert!(matches!(outcome, Err(Cause::Packed(_))), "{codings:?}");
        }
    }
}
