//! What users implement to make a domain react, and the unit of work that they react in.
//!
//! A handler is a plain struct with async methods. Its `routes` name the methods; the message that a
//! method handles is inferred from its signature.

mod catalog;
mod command_handler;
mod event_handler;
mod future;
mod name;
mod panic;
mod ports;
mod process_manager;
mod projector;
mod reply;
mod route;
mod rows;
mod trace;
mod view;
mod work;

pub(crate) use catalog::{AggregateEntry, Catalog, ProjectionEntry};
pub use command_handler::{CommandHandler, CommandMethod, CommandRoutes};
pub use event_handler::{EventHandler, EventMethod, EventRoutes};
pub use future::HandlerFuture;
pub use name::short_type_name;
pub(crate) use panic::catch_panic;
pub use panic::{catch, remember_panic_locations};
pub(crate) use ports::Ports;
pub use process_manager::{ProcessManager, ProcessManagerMethod, ProcessManagerRoutes};
pub use projector::{Projector, ProjectorMethod, ProjectorRoutes};
pub use reply::Reply;
pub use route::RouteOptions;
pub(crate) use route::{
    AnyHandler, Call, CommandRoute, Declared, Disposition, EventRoute, Subscription,
};
pub use rows::Rows;
pub(crate) use trace::span_of;
pub use view::{Field, View, ViewQuery, field};
pub use work::UnitOfWork;
pub(crate) use work::{Committed, Session, command_stream, load_aggregate, no_handler};
