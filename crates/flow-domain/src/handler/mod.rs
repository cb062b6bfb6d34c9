//! What users implement to make a domain react, and the unit of work that they react in.
//!
//! A handler is a plain struct with async methods. Its `routes` name the methods; the message that a
//! method handles is inferred from its signature.

mod bell;
mod catalog;
mod command_handler;
mod delivery;
mod event_handler;
mod future;
mod gauges;
mod name;
mod panic;
mod ports;
mod process_manager;
mod projector;
mod reply;
mod route;
mod rows;
mod subscription;
mod tasks;
mod trace;
mod view;
mod work;

pub(crate) use bell::Bell;
pub(crate) use catalog::{AggregateEntry, Catalog, ProjectionEntry};
pub use command_handler::{CommandHandler, CommandMethod, CommandRoutes};
pub use delivery::Delivery;
pub use event_handler::{AnyEventMethod, EventHandler, EventMethod, EventRoutes};
pub use future::HandlerFuture;
pub(crate) use gauges::{Gauges, RunningEngine};
pub use name::short_type_name;
pub(crate) use panic::catch_panic;
pub use panic::{catch, remember_panic_locations};
pub use ports::{AfterAttempt, Interceptor};
pub(crate) use ports::{CommonPorts, Ports};
pub use process_manager::{ProcessManager, ProcessManagerMethod, ProcessManagerRoutes};
pub use projector::{Projector, ProjectorMethod, ProjectorRoutes};
pub use reply::Reply;
pub use route::RouteOptions;
pub(crate) use route::{
    AnyHandler, Call, CommandRoute, Declared, Disposition, EventRoute, OnError, Subscription,
};
pub use rows::Rows;
pub use subscription::{
    CircuitBreaker, Profile, RetryPolicy, Source, SubscriptionOptions, SubscriptionSettings,
    WhenExhausted,
};
pub use tasks::TaskWatch;
pub(crate) use trace::span_of;
pub use view::{Field, View, ViewQuery, field};
pub use work::UnitOfWork;
pub(crate) use work::{
    Committed, Context, Rewrite, Session, command_stream, fold_aggregate, load_aggregate,
};
