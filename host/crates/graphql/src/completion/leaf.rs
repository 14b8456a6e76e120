//! Scalars and enums of answers, coerced as the reference implementation serializes them.
//!
//! Strings are copied as they stand, escapes included; numbers keep their digits. `Int` and `Float` also take numbers written as
//! strings (exact decimals of databases come so), `String` and `ID` take numbers; whatever else does not fit is an error.

use super::completer::Completer;
use crate::coercion::numbers::{fits_int, is_finite, whole};
use crate::schema::types::{Kind, Scalar, TypeId};
use mayfly_json::{Malformed, Scanner};

impl Completer<'_, '_, '_> {
    /// Completes a scalar; false when the value is none, the error noted.
    pub(super) fn scalar(&mut self, scalar: &Scalar) -> Result<bool, Malformed> {
        match (scalar, self.scanner.peek()) {
            (Scalar::Custom { .. }, _) => {
                let start = self.scanner.at;
                self.scanner.skip()?;
                let text = self.scanner.slice(start, self.scanner.at);
                Ok(self.write(text))
            }
            (Scalar::String | Scalar::Id, Some(b'"')) => {
                let text = self.scanner.string()?.quoted;
                Ok(self.write(text))
            }
            (_, Some(b'"')) => self.number_in_string(scalar),
            (_, Some(b'-' | b'0'..=b'9')) => {
                let text = self.scanner.number()?;
                Ok(self.number(scalar, text))
            }
            (_, Some(byte @ (b't' | b'f'))) => {
                self.scanner
                    .word(if byte == b't' { "true" } else { "false" })?;
                Ok(self.boolean(scalar, byte == b't'))
            }
            _ => self.mismatch(format_args!("{}", name(scalar))),
        }
    }

    /// Completes a value of an enum; false when it is none, the error noted.
    pub(super) fn enumeration(&mut self, id: TypeId) -> Result<bool, Malformed> {
        let schema = self.schema;
        let ty = schema.get(id);
        if self.scanner.peek() != Some(b'"') {
            return self.mismatch(format_args!("a value of enum {}", ty.name));
        }
        let raw = self.scanner.string()?;
        let Kind::Enum(values) = &ty.kind else {
            return Ok(false);
        };
        if !raw.escaped && values.contains_key(raw.inner()) {
            return Ok(self.write(raw.quoted));
        }
        match values.keys().find(|value| raw.is(value)) {
            Some(value) => Ok(self.write(&format!("\"{value}\""))),
            None => {
                self.refuse(format_args!("not a value of enum {}", ty.name));
                Ok(false)
            }
        }
    }

    fn number_in_string(&mut self, scalar: &Scalar) -> Result<bool, Malformed> {
        let raw = self.scanner.string()?;
        let inner = raw.inner();
        let mut digits = Scanner::new(inner, 0);
        let is_number = digits.number().is_ok() && digits.end().is_ok() && !inner.is_empty();
        if is_number && matches!(scalar, Scalar::Int | Scalar::Float) {
            return Ok(self.number(scalar, inner));
        }
        self.refuse(format_args!("expected {}, found a string", name(scalar)));
        Ok(false)
    }

    fn number(&mut self, scalar: &Scalar, text: &str) -> bool {
        match scalar {
            Scalar::Float if is_finite(text) => return self.write(text),
            Scalar::Float => {
                self.refuse(format_args!(
                    "Float cannot represent a number that is not finite"
                ));
            }
            Scalar::Int => match whole(text) {
                Some(digits) if fits_int(&digits) => return self.write(&digits),
                Some(_) => self.refuse(format_args!(
                    "Int cannot represent a whole number beyond 32 bits"
                )),
                None => self.refuse(format_args!(
                    "Int cannot represent a number that is not whole"
                )),
            },
            Scalar::Id => match whole(text) {
                Some(digits) => return self.write(&format!("\"{digits}\"")),
                None => self.refuse(format_args!(
                    "ID cannot represent a number that is not whole"
                )),
            },
            Scalar::String => return self.write(&format!("\"{text}\"")),
            Scalar::Boolean => {
                let is_zero = text.parse::<f64>().is_ok_and(|value| value == 0.0);
                return self.write(if is_zero { "false" } else { "true" });
            }
            Scalar::Custom { .. } => return self.write(text),
        }
        false
    }

    fn boolean(&mut self, scalar: &Scalar, value: bool) -> bool {
        match (scalar, value) {
            (Scalar::Boolean | Scalar::Custom { .. }, true) => self.write("true"),
            (Scalar::Boolean | Scalar::Custom { .. }, false) => self.write("false"),
            (Scalar::String, true) => self.write("\"true\""),
            (Scalar::String, false) => self.write("\"false\""),
            (Scalar::Int | Scalar::Float, true) => self.write("1"),
            (Scalar::Int | Scalar::Float, false) => self.write("0"),
            (Scalar::Id, _) => {
                self.refuse(format_args!("expected ID, found a boolean"));
                false
            }
        }
    }

    fn write(&mut self, text: &str) -> bool {
        let fits = self.fits(text.len());
        if fits {
            self.done.bytes.extend_from_slice(text.as_bytes());
        }
        fits
    }
}

fn name(scalar: &Scalar) -> &'static str {
    match scalar {
        Scalar::Int => "Int",
        Scalar::Float => "Float",
        Scalar::String => "String",
        Scalar::Boolean => "Boolean",
        Scalar::Id => "ID",
        Scalar::Custom { .. } => "any value",
    }
}
