//! Stepping over values of any kind, checking them, and telling of what is in them. Nothing recurses: a bit a level says what is open.

use crate::error::{ErrorKind, Malformed};
use crate::scanner::Scanner;

/// Who is told of the values that a scanner walks over. Each may refuse.
pub(crate) trait Visit {
    /// A key begins at a byte.
    fn key(&mut self, at: usize) -> Result<(), Malformed>;
    /// A value begins at a byte.
    fn value(&mut self, at: usize) -> Result<(), Malformed>;
    /// The value is an array or object, and has something in it.
    fn open(&mut self);
    /// The innermost array or object, which had something in it, ends.
    fn close(&mut self, object: bool) -> Result<(), Malformed>;
}

/// Nobody.
struct Skip;

impl Visit for Skip {
    #[inline]
    fn key(&mut self, _: usize) -> Result<(), Malformed> {
        Ok(())
    }

    #[inline]
    fn value(&mut self, _: usize) -> Result<(), Malformed> {
        Ok(())
    }

    #[inline]
    fn open(&mut self) {}

    #[inline]
    fn close(&mut self, _: bool) -> Result<(), Malformed> {
        Ok(())
    }
}

/// The arrays and objects under way: a bit for each, the innermost lowest.
#[derive(Default)]
struct Open {
    depth: usize,
    objects: u128,
}

impl Open {
    fn push(&mut self, object: bool) {
        self.depth += 1;
        self.objects = (self.objects << 1) | u128::from(object);
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    /// Whether the innermost one is an object; none when nothing is open.
    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.objects & 1 == 1)
    }
}

impl Scanner<'_> {
    /// Steps over any value, checking it.
    ///
    /// # Errors
    ///
    /// Where it is not JSON, or too deep.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        self.walk(&mut Skip)
    }

    /// The same for a value that is inside this many others.
    ///
    /// # Errors
    ///
    /// Where it is not JSON, or too deep.
    pub fn skip_below(&mut self, levels: usize) -> Result<(), Malformed> {
        let most = self.max_depth;
        self.max_depth = most.saturating_sub(levels);
        let skipped = self.walk(&mut Skip);
        self.max_depth = most;
        skipped.map_err(|malformed| match malformed.problem {
            ErrorKind::TooDeep(_) => Malformed {
                problem: ErrorKind::TooDeep(most),
                ..malformed
            },
            _ => malformed,
        })
    }

    /// Steps over any value, checking it, and tells of what is in it.
    pub(crate) fn walk(&mut self, visit: &mut impl Visit) -> Result<(), Malformed> {
        let mut open = Open::default();
        loop {
            let next = self.peek();
            visit.value(self.at)?;
            match next {
                Some(b'"') => self.string().map(drop)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(drop)?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                Some(bracket @ (b'[' | b'{')) => {
                    if open.depth >= self.max_depth {
                        return self.refuse(ErrorKind::TooDeep(self.max_depth));
                    }
                    let object = bracket == b'{';
                    self.at += 1;
                    if !self.eat(closing(object)) {
                        open.push(object);
                        visit.open();
                        self.member(object, visit)?;
                        continue;
                    }
                }
                _ => return self.malformed(),
            }
            // A value has ended, and with it whatever it was the last part of.
            loop {
                let Some(object) = open.innermost() else {
                    return Ok(());
                };
                if self.eat(b',') {
                    self.member(object, visit)?;
                    break;
                }
                self.expect(closing(object))?;
                open.pop();
                visit.close(object)?;
            }
        }
    }

    /// Reads what comes before a value: a key in an object, nothing in an array.
    fn member(&mut self, object: bool, visit: &mut impl Visit) -> Result<(), Malformed> {
        if object {
            self.peek();
            visit.key(self.at)?;
            self.key()?;
        }
        Ok(())
    }
}

/// The bracket that ends an object or an array.
fn closing(object: bool) -> u8 {
    if object { b'}' } else { b']' }
}
