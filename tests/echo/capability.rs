//! `echo`: the smallest capability there is, whole: section, grants, import, pool, gauges, memory.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use mayfly_config::reader::{Key, Table};
use mayfly_config::{Config, Problem, ReadSections, Sections};
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::capability::{
    Before, Capabilities, Capability, Connected, Kind, MemoryLine, Pool, Setting, Surroundings,
};
use mayfly_runtime::imports::{Access, Calls};
use mayfly_runtime::sandbox::Data;
use mayfly_telemetry::pool_gauges;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use bindings::mayfly_tests::echo::echo;

/// Everything of the product, and `echo`.
pub const ALL: Capabilities = &[
    &mayfly_capabilities::dynamodb::DynamoDbCapability,
    &mayfly_capabilities::sql::SqlCapability,
    &Echo,
];

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        reason = "generated; the WIT file holds the documentation"
    )]
    wasmtime::component::bindgen!({
        path: ["../../wit", "echo.wit"],
        world: "mayfly-tests:echo/host",
        imports: { default: trappable },
        require_store_data_send: true,
    });
}

/// Says texts back, after a greeting.
pub struct Echo;

/// `[echo]`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    /// `greeting`.
    greeting: String,
    /// `room`.
    room_bytes: u64,
}

/// `echo` in a module's grants.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Granted(bool);

impl ReadSections for Echo {
    fn read(&self, _: &Path, file: &mut Table<'_>, sections: &mut Sections) {
        if let Some(mut table) = file.table(Key::new("echo", "What says texts back.")) {
            let greeting = Key::new("greeting", "What stands before each text.");
            let room = Key::new("room", "Bytes it may hold.");
            sections.set(Section {
                greeting: table.required(greeting, "\"hello\""),
                room_bytes: table.size(room, 1 << 20, 64 << 10..=1 << 30),
            });
            table.finish();
        }
    }

    fn read_grants(&self, table: &mut Table<'_>, _: &Sections, grants: &mut Sections) {
        grants.set(Granted(table.flag(
            Key::new("echo", "Whether the module may have texts said back."),
            false,
        )));
    }
}

impl Access for Echo {
    type Backend = str;
    const NAME: &str = "echo";
}

impl echo::Host for Calls {
    fn say(&mut self, text: String) -> wasmtime::Result<Result<String, String>> {
        let said = self.open::<Echo, _, _>(
            text.len(),
            |asker| match asker.module.grants.get::<Granted>() {
                Some(Granted(true)) => Ok(()),
                _ => Err(CallError::new(CallCode::Denied, "echo is not granted")),
            },
            |granted, ()| {
                let greeting = granted.backend();
                Ok(mayfly_json::quoted(&format!("{greeting}, {text}")))
            },
        );
        Ok(said.map_err(|error| error.message))
    }
}

impl Capability for Echo {
    fn link(&self, linker: &mut Linker<Data>) -> wasmtime::Result<()> {
        echo::add_to_linker::<Data, HasSelf<Calls>>(linker, Data::calls)
    }

    fn connect<'a>(
        &'a self,
        config: &'a Config,
        _: &'a Surroundings,
        before: Option<Before<'a>>,
        _: &'a mut Vec<Problem>,
    ) -> BoxFuture<'a, Connected> {
        let mut connected = Connected::default();
        if let Some(section) = config.sections.get::<Section>() {
            let was = before.and_then(|before| before.config.sections.get());
            let greeting: Arc<str> = section.greeting.as_str().into();
            connected
                .pools
                .push(Arc::new(EchoPool), was != Some(section));
            connected.reach = Some(Box::new(|backends| backends.with::<Self>(greeting)));
        }
        Box::pin(std::future::ready(connected))
    }

    fn memory(&self, config: &Config) -> Vec<MemoryLine> {
        let section = config.sections.get::<Section>();
        let line = |section: &Section| {
            MemoryLine::new("what is said back", section.room_bytes, Some("echo.room"))
        };
        section.map(line).into_iter().collect()
    }

    fn settings(&self, config: &Config) -> Vec<Setting> {
        let section = config.sections.get::<Section>();
        let setting = |section: &Section| {
            let range = (section.room_bytes, 64 << 10);
            Setting::new("echo", "room", Kind::SharedBytes, range, |config, bytes| {
                let set = |section: &mut Section| section.room_bytes = bytes;
                config.sections.change(set);
            })
        };
        section.map(setting).into_iter().collect()
    }

    fn connections(&self, _: &Config) -> u64 {
        0
    }
}

/// Nothing is connected to: it always answers.
struct EchoPool;

impl Pool for EchoPool {
    fn name(&self) -> String {
        "echo".to_owned()
    }

    fn check(&self, _: Instant) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn describe<'a>(&'a self, _: &'a Config, _: Instant) -> BoxFuture<'a, Vec<Problem>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn record_gauges(&self) {
        pool_gauges::record("echo", 1, 0, 0);
    }

    fn clear_gauges(&self) {
        pool_gauges::record("echo", 0, 0, 0);
    }
}
