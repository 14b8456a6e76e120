//! The outermost layer of a text, without memory for what it holds.

use std::borrow::Cow;

use crate::error::{Error, Malformed};
use crate::limits::Limits;
use crate::scanner::{RawString, Scanner};

/// The members of an object, one after another: the key, and the text of the value, which was checked.
///
/// Keys may come twice: whoever looks for one has to say what that means.
pub struct Members<'j> {
    text: &'j str,
    scanner: Scanner<'j>,
    state: State,
}

/// The value of a text that is a string; none when it is something else.
#[must_use]
pub fn string(text: &str) -> Option<Cow<'_, str>> {
    let mut scanner = Scanner::new(text, 0);
    if scanner.peek() != Some(b'"') {
        return None;
    }
    let string = scanner.string().ok()?;
    scanner.end().ok()?;
    Some(string.value())
}

/// How many elements an array has; none when the text is not an array.
#[must_use]
pub fn length(array: &str) -> Option<u64> {
    let mut scanner = Scanner::new(array, Limits::MAX_DEPTH);
    if !scanner.eat(b'[') {
        return None;
    }
    if scanner.eat(b']') {
        return Some(0);
    }
    for length in 1.. {
        scanner.skip_below(1).ok()?;
        if !scanner.eat(b',') {
            scanner.expect(b']').ok()?;
            return Some(length);
        }
    }
    None
}

enum State {
    Start,
    Inside,
    Done,
}

impl<'j> Members<'j> {
    /// Reads the members of a text that is an object, no deeper than `max_depth`.
    #[must_use]
    pub fn of(text: &'j str, max_depth: usize) -> Self {
        Self {
            text,
            scanner: Scanner::new(text, max_depth),
            state: State::Start,
        }
    }

    fn step(&mut self) -> Result<Option<(RawString<'j>, &'j str)>, Malformed> {
        let more = match self.state {
            State::Start => {
                self.scanner.expect(b'{')?;
                !self.scanner.eat(b'}')
            }
            State::Inside => {
                let more = self.scanner.eat(b',');
                if !more {
                    self.scanner.expect(b'}')?;
                }
                more
            }
            State::Done => return Ok(None),
        };
        if !more {
            self.scanner.end()?;
            self.state = State::Done;
            return Ok(None);
        }
        self.state = State::Inside;
        let key = self.scanner.key()?;
        self.scanner.peek();
        let start = self.scanner.at;
        self.scanner.skip_below(1)?;
        Ok(Some((key, self.scanner.slice(start, self.scanner.at))))
    }
}

impl<'j> Iterator for Members<'j> {
    type Item = Result<(RawString<'j>, &'j str), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().map_err(|malformed| {
            self.state = State::Done;
            malformed.in_text(self.text)
        });
        step.transpose()
    }
}
