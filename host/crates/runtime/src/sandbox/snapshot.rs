//! A module that has run once: what an instance has in memory after its build function, written into a new module.
//!
//! The build function runs within the cap and a deadline, and can call nothing: every import traps. Its input and output are bytes
//! in its memory, at addresses that it gives itself.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures_util::FutureExt;
use mayfly_config::Budget;
use mayfly_config::units::show_bytes;
use wasmtime::{Instance, Linker, Module, Store, UpdateDeadline, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use super::engine::Sandbox;
use super::memory::MemoryCap;
use super::ticker::Ticker;

/// The function that makes room for this many bytes of input, and says where.
const INPUT: &str = "mayfly_input";
/// The function that does the work. Nobody can call it in the module that is made.
const BUILD: &str = "mayfly_build";
/// The functions that say where the output is, and how long.
const OUTPUT: [&str; 2] = ["mayfly_output", "mayfly_output_bytes"];
/// The memory, as every compiler calls it.
const MEMORY: &str = "memory";

/// The most output there may be, in bytes: a list of fields, or an error.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// What the build function may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotLimits {
    /// Over its memories and tables, in bytes.
    pub memory_bytes: u64,
    /// From its beginning to its end.
    pub time: Duration,
}

/// What became of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The module with its memory inside.
    pub module: Vec<u8>,
    /// What the build function said.
    pub output: Vec<u8>,
}

/// The build function was still running at its deadline.
#[derive(Debug, thiserror::Error)]
#[error("the deadline has passed")]
struct DeadlinePassed;

impl Snapshot {
    /// Runs a core module's build function on an input, and writes what is in its memory then into a new module.
    ///
    /// # Errors
    ///
    /// When the module has no build function, or that ends without having done its work.
    pub fn take(module: &[u8], input: &[u8], limits: SnapshotLimits) -> anyhow::Result<Self> {
        let mut wizer = Wizer::new();
        wizer.init_func(BUILD);
        let (context, instrumented) = wizer.instrument(module).map_err(plain)?;
        let mut building = Building::start(&instrumented, limits)?;
        building.write(input)?;
        building.run()?;
        let output = building.read()?;
        let module = wizer
            .snapshot(&context, &mut building)
            .now_or_never()
            .context("reading the memory of an instance waits for something")?
            .map_err(plain)?;
        if let Some(problem) = building.problem {
            bail!("the module cannot be snapshotted: {problem}");
        }
        Ok(Self { module, output })
    }
}

/// An instance whose build function runs.
struct Building {
    store: Store<MemoryCap>,
    instance: Instance,
    limits: SnapshotLimits,
    /// What the snapshot asked for and was not there.
    problem: Option<String>,
    _ticker: Ticker,
}

impl Building {
    fn start(module: &[u8], limits: SnapshotLimits) -> anyhow::Result<Self> {
        let engine = Sandbox::evaluator().map_err(plain)?;
        let module = Module::new(&engine, module).map_err(plain)?;
        let mut linker = Linker::new(&engine);
        linker
            .define_unknown_imports_as_traps(&module)
            .map_err(plain)?;
        let cap = MemoryCap::new(limits.memory_bytes, &Budget::default());
        let mut store = Store::new(&engine, cap);
        store.limiter(|cap| cap);
        store.set_epoch_deadline(1);
        let deadline = Instant::now() + limits.time;
        store.epoch_deadline_callback(move |_| {
            if Instant::now() >= deadline {
                return Err(DeadlinePassed.into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        let ticker = Ticker::start(&engine);
        let instance = linker
            .instantiate(&mut store, &module)
            .map_err(|error| explain(&error, &store, limits))?;
        Ok(Self {
            store,
            instance,
            limits,
            problem: None,
            _ticker: ticker,
        })
    }

    fn write(&mut self, input: &[u8]) -> anyhow::Result<()> {
        let room = self
            .instance
            .get_typed_func::<u32, u32>(&mut self.store, INPUT)
            .map_err(plain)?;
        let at = room
            .call(&mut self.store, u32::try_from(input.len())?)
            .map_err(|error| explain(&error, &self.store, self.limits))?;
        self.memory()?
            .write(&mut self.store, at as usize, input)
            .context("there is no room for the input")
    }

    fn run(&mut self) -> anyhow::Result<()> {
        let build = self
            .instance
            .get_typed_func::<(), ()>(&mut self.store, BUILD)
            .map_err(plain)?;
        build
            .call(&mut self.store, ())
            .map_err(|error| explain(&error, &self.store, self.limits))
    }

    fn read(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut numbers = [0, 0];
        for (name, number) in OUTPUT.iter().zip(&mut numbers) {
            let function = self
                .instance
                .get_typed_func::<(), u32>(&mut self.store, name)
                .map_err(plain)?;
            *number = function.call(&mut self.store, ()).map_err(plain)? as usize;
        }
        let [at, bytes] = numbers;
        if bytes > MAX_OUTPUT_BYTES {
            bail!("the build function gave {bytes} bytes, and at most {MAX_OUTPUT_BYTES} are read");
        }
        let mut output = vec![0; bytes];
        self.memory()?
            .read(&self.store, at, &mut output)
            .context("its output is outside its memory")?;
        Ok(output)
    }

    fn memory(&mut self) -> anyhow::Result<wasmtime::Memory> {
        self.instance
            .get_memory(&mut self.store, MEMORY)
            .context("it exports no memory")
    }
}

impl InstanceState for Building {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let value = self
            .instance
            .get_global(&mut self.store, name)
            .map(|global| global.get(&mut self.store));
        match value {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            Some(_) | None => {
                self.problem = Some(format!("its global {name} is not a number"));
                SnapshotVal::I32(0)
            }
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.instance.get_memory(&mut self.store, name) {
            Some(memory) => contents(memory.data(&self.store)),
            None => {
                self.problem = Some(format!("it has no memory {name}"));
                contents(&[]);
            }
        }
    }
}

/// Why a build function did not end well, for whoever wrote it.
fn explain(
    error: &wasmtime::Error,
    store: &Store<MemoryCap>,
    limits: SnapshotLimits,
) -> anyhow::Error {
    if error.downcast_ref::<DeadlinePassed>().is_some() {
        return anyhow::anyhow!(
            "its top level ran for more than {} s; do the work in a resolver",
            limits.time.as_secs()
        );
    }
    if store.data().refused_bytes > 0 {
        return anyhow::anyhow!(
            "its top level used up the module's memory of {}; raise `memory` in its section, or do the work in a resolver",
            show_bytes(limits.memory_bytes)
        );
    }
    anyhow::anyhow!("its top level ended with a trap: {}", error.root_cause())
}

fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
