//! What tests need and production does not. The feature `testing` adds this module.
//!
//! | for | items |
//! |---|---|
//! | an adapter | [`contract`], with [`store_contract!`](crate::store_contract) and [`broker_contract!`](crate::broker_contract) |
//! | the stores of test runs | [`Backend`], [`MemoryBackend`] |
//! | time and ids | [`VirtualClock`], [`VirtualIds`] |
//! | an engine, step by step | [`TestEngine`], from [`Engine::test_mode`](crate::Engine::test_mode) |
//! | what happened | [`Recorder`], [`Record`] |
//! | a handler that fails | [`Interceptor`], [`EngineAction`], [`remember_panic_locations`] |
//! | a handler that never ends | [`CallLimits`] |
//! | messages without their Rust types | [`SerializedMessage`], [`SerializedAggregate`] |
//! | events of yesterday | [`StoredEvent`] |
//! | stored state | [`StateType`] and the methods of [`App`](crate::App) that take it |
//! | rules that always hold | [`Invariant`], [`InvariantSet`], [`invariant_violations`] |
//!
//! The feature also adds methods to [`App`](crate::App) and [`AppBuilder`](crate::runtime::AppBuilder),
//! for example [`App::fork`](crate::App::fork) and [`App::pass_time`](crate::App::pass_time).
//!
//! `flow-harness` builds on this module. With the harness, a test rarely needs it.

mod backend;
pub mod contract;
#[doc(hidden)]
pub mod mutation;
#[doc(hidden)]
pub mod random;
mod stored_messages;
mod system_recorder;
mod unit_record;

pub use backend::{Backend, MemoryBackend, OpenedStore};
#[doc(hidden)]
pub use stored_messages::{ReadContent, StoredType, read_stored, stored_types};
#[doc(hidden)]
pub use system_recorder::SystemRecorder;
#[doc(hidden)]
pub use unit_record::{UnitRecord, unit_record};

#[doc(no_inline)]
pub use crate::{
    clock::{VirtualClock, VirtualIds},
    record::{Invariant, InvariantSet, InvariantViolation, Record, Recorder},
};
pub use crate::{
    engine::StaleRow,
    engine::manual::{
        Footprint, FootprintItem, PendingDelivery, Remaining, ScheduledCommand, SettleReport, Step,
        StepOutcome, SubscriptionBacklog, TestEngine,
    },
    handler::hooks::{
        CallLimits, EngineAction, Interceptor, TaskWatch, catch, remember_panic_locations,
    },
    model::{
        AnyCommand, SerializedMessage,
        invariants::{SerializedAggregate, invariant_violations, is_same_value},
    },
    runtime::testing::{StateType, StoredEvent},
};
