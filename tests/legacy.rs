//! Legacy code in worker processes: the libraries that workers are written with, assemblies as they are, and the whole old system.

mod alone;
mod app;
mod assemblies;
mod chaos;
mod check;
mod conversation;
pub mod driver;
mod libraries;
mod remote;
