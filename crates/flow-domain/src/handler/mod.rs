//! The traits that users implement to make a domain react, and the unit of work.
//!
//! A handler is a plain struct with async methods. Its `routes` name the methods. The signature of a
//! method says which message it handles.

mod catalog;
mod catalog_entry;
mod command_handler;
mod delivery;
mod engine_metrics;
mod event_handler;
mod future;
// What tests do around handlers. In production, the same functions do nothing.
#[cfg(feature = "testing")]
pub(crate) mod hooks;
#[cfg(not(feature = "testing"))]
#[path = "no_hooks.rs"]
mod hooks;
mod inline_mark;
mod panic;
mod ports;
mod process_manager;
mod projector;
mod reply;
mod route;
mod rows;
mod snapshot_policy;
#[cfg(feature = "personal")]
mod subject_keys;
mod subscription;
mod trace;
mod upcast;
mod view;
mod wake_signal;
mod work;

pub(crate) use catalog::Catalog;
pub(crate) use catalog_entry::{AggregateEntry, ProjectionEntry};
pub use command_handler::{CommandHandler, CommandMethod, CommandRoutes};
pub use delivery::Delivery;
pub(crate) use engine_metrics::{EngineMetrics, RunningEngine};
pub use event_handler::{AnyEventMethod, EventHandler, EventMethod, EventRoutes};
pub use future::HandlerFuture;
pub(crate) use hooks::Hooks;
pub(crate) use inline_mark::is_inline_mark;
pub(crate) use panic::catch_panic;
pub(crate) use ports::{Ports, SharedPorts};
pub use process_manager::{ProcessManager, ProcessManagerMethod, ProcessManagerRoutes};
pub use projector::{Projector, ProjectorMethod, ProjectorRoutes};
pub use reply::Reply;
pub use route::RouteOptions;
pub(crate) use route::{
    AnyHandler, Call, CommandRoute, Disposition, EventRoute, OnError, RouteDeclaration,
    Subscription,
};
pub use rows::Rows;
pub use snapshot_policy::SnapshotPolicy;
pub(crate) use snapshot_policy::SnapshotRule;
pub use subscription::{
    CircuitBreaker, Profile, RetryPolicy, Source, SubscriptionOptions, SubscriptionSettings,
    WhenExhausted,
};
pub(crate) use trace::handling_span;
pub use upcast::Upcast;
pub(crate) use upcast::{FormerName, Interest, Upcasts, upcasting};
pub use view::{Field, FieldCondition, View, ViewQuery, field};
pub(crate) use wake_signal::WakeSignal;
pub use work::UnitOfWork;
pub(crate) use work::{
    CommittedEvent, HandlingContext, Session, command_stream, inbox_key, load_aggregate,
    stream_name,
};
