//! Values from clients, made to fit the types of the schema: always JSON text afterwards, ready to be given to a guest.
//!
//! [`literal`] turns constants into JSON, [`template`] values that contain variables, [`variables`] what a client gives for the
//! variables themselves, which [`values`] then holds. Numbers keep their digits.

pub(crate) mod literal;
pub(crate) mod numbers;
pub(crate) mod template;
pub(crate) mod values;
pub(crate) mod variables;
