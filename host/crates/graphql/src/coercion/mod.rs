//! Values from clients, made to fit the types of the schema: always JSON text afterwards, ready to be given to a guest.
//!
//! [`compile`] turns values as written into [`template`]s, in which variables are left open, and constants into JSON; [`literal`] says
//! what a scalar may be written as. [`variables`] checks what a client gives for the variables themselves, which [`values`] then
//! holds. Numbers keep their digits.

pub(crate) mod compile;
pub(crate) mod literal;
pub(crate) mod numbers;
pub(crate) mod template;
pub(crate) mod values;
pub(crate) mod variables;
