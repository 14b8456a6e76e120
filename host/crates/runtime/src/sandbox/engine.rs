//! The engine: compiler settings, the pool of instances, the linker.

use std::sync::Arc;

use mayfly_config::Budget;
use mayfly_config::Module;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

use super::Prepared;
use super::capacity::{
    Capacity, FIBER_STACK_BYTES, INSTANCE_BYTES, PAGE_BYTES, TABLE_ELEMENTS,
    TABLE_KEEP_RESIDENT_BYTES, keep_resident_bytes, pages,
};
use super::data::Data;
use super::proposals;
use super::shares::MemoryShares;
use super::ticker::Ticker;
use crate::imports;

/// The guest's stack. Recursion ends there with a trap.
const WASM_STACK_BYTES: usize = 1 << 20;
/// One engine with its pool, its linker and its clock.
pub struct Sandbox {
    engine: Engine,
    linker: Linker<Data>,
    capacity: Capacity,
    shares: MemoryShares,
    slots: Semaphore,
    memory: Semaphore,
    _ticker: Ticker,
}

/// What an invocation holds while it lives.
pub(super) struct Admitted<'a> {
    _share: Option<SemaphorePermit<'a>>,
    _memory: SemaphorePermit<'a>,
    _slot: SemaphorePermit<'a>,
}

impl Sandbox {
    /// Builds the engine and reserves the pool's address space. `link` adds imports to the host's own.
    ///
    /// # Errors
    ///
    /// When the machine lacks the address space, or the settings contradict each other.
    pub fn new(
        capacity: Capacity,
        shares: MemoryShares,
        link: impl FnOnce(&mut Linker<Data>) -> wasmtime::Result<()>,
    ) -> wasmtime::Result<Arc<Self>> {
        let mut config = compiler_config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(capacity)));
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker, Data::calls)?;
        link(&mut linker)?;
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        Ok(Arc::new(Self {
            linker,
            capacity,
            shares,
            slots: Semaphore::new(capacity.slots as usize),
            memory: Semaphore::new(pages(capacity.memory_bytes) as usize),
            _ticker: Ticker::start(&engine),
            engine,
        }))
    }

    /// An engine that only compiles, with the same settings, so that its artifacts fit; with all cores, or in one thread.
    ///
    /// # Errors
    ///
    /// When the settings contradict each other.
    pub fn compiler(parallel: bool) -> wasmtime::Result<Engine> {
        Engine::new(compiler_config().parallel_compilation(parallel))
    }

    /// An engine for code that runs once, when a module is built: compiled as quickly as can be, with the limits of any other.
    pub(super) fn evaluator() -> wasmtime::Result<Engine> {
        let mut config = compiler_config();
        // Images of memories are files, of which the process that does this may write none; and one instance has no use for them.
        config
            .cranelift_opt_level(OptLevel::None)
            .memory_init_cow(false);
        Engine::new(&config)
    }

    /// Why a component is not compiled: a proposal it uses that guests may not, or that it is not a component at all.
    #[must_use]
    pub fn objection(component: &[u8]) -> Option<String> {
        proposals::objection(component)
    }

    /// The engine, for loading what was compiled for it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What this sandbox may hold.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Places in use, and bytes of memory caps in use.
    #[must_use]
    pub fn in_use(&self) -> (u64, u64) {
        let slots = u64::from(self.capacity.slots) - self.slots.available_permits() as u64;
        let pages =
            u64::from(pages(self.capacity.memory_bytes)) - self.memory.available_permits() as u64;
        (slots, pages * PAGE_BYTES)
    }

    /// Checks a component against the world and links it.
    ///
    /// # Errors
    ///
    /// What the component imports that the host does not offer, or exports in another shape.
    pub fn prepare(&self, component: &Component) -> wasmtime::Result<Prepared> {
        Prepared::new(self.linker.instantiate_pre(component)?)
    }

    /// Waits for the module's whole cap, out of its share and out of all there is, and for a place.
    pub(super) async fn admit(&self, module: &Module) -> wasmtime::Result<Admitted<'_>> {
        let share = self.shares.take(&module.name, module.memory_bytes).await;
        let memory = self.memory.acquire_many(pages(module.memory_bytes)).await?;
        let slot = self.slots.acquire().await?;
        Ok(Admitted {
            _share: share,
            _memory: memory,
            _slot: slot,
        })
    }
}

fn compiler_config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .concurrency_support(false)
        .wasm_features(proposals::ACCEPTED, true)
        .wasm_features(proposals::ACCEPTED.complement(), false)
        .memory_init_cow(true);
    config
}

fn pool(capacity: Capacity) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let slots = capacity.slots;
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(Budget::MAX_INSTANCES))
        .total_memories(slots.saturating_mul(Budget::MAX_MEMORIES))
        .total_tables(slots.saturating_mul(Budget::MAX_TABLES))
        .total_stacks(slots)
        .max_core_instances_per_component(Budget::MAX_INSTANCES)
        .max_memories_per_component(Budget::MAX_MEMORIES)
        .max_tables_per_component(Budget::MAX_TABLES)
        .max_memories_per_module(Budget::MAX_MEMORIES)
        .max_tables_per_module(Budget::MAX_TABLES)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(usize::try_from(capacity.largest_cap_bytes).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(keep_resident_bytes())
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(TABLE_KEEP_RESIDENT_BYTES)
        .max_unused_warm_slots(slots);
    pool
}
