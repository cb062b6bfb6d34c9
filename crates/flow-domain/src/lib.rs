//! Runs an event-driven domain: commands, events, aggregates, process managers and projections.
//!
//! The wiring is checked when the domain is built. Handlers are plain structs with async methods.
//! `flow-harness` tests the whole domain with one test flow.
//!
//! The events of a command are handled inline, before [`process`](App::process) returns. Or an
//! [`Engine`] handles them later, through an outbox and a broker, with retries and dead letters.
//! Stores and brokers exist only in memory so far.
//!
//! # A first domain
//!
//! ```
//! use flow_domain::{
//!     Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
//!     UnitOfWork, adapter::memory::MemoryStore,
//! };
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
//! #[aggregate(id = order_id, commands(PlaceOrder), events(OrderPlaced))]
//! struct Order {
//!     order_id: String,
//!     #[serde(skip)]
//!     raised: PendingEvents,
//! }
//!
//! #[derive(Debug, Serialize, Deserialize, Command)]
//! #[command(part_of = Order, id = order_id)]
//! struct PlaceOrder { order_id: String }
//!
//! #[derive(Debug, Serialize, Deserialize, Event)]
//! #[event(part_of = Order, id = order_id)]
//! struct OrderPlaced { order_id: String }
//!
//! struct OrderCommandHandler;
//!
//! impl CommandHandler for OrderCommandHandler {
//!     fn routes(on: &mut CommandRoutes<Self>) {
//!         on.command(Self::place_order);
//!     }
//! }
//!
//! impl OrderCommandHandler {
//!     async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
//!         let mut order = Order { order_id: command.order_id.clone(), ..Order::default() };
//!         order.raise(OrderPlaced { order_id: command.order_id });
//!         work.add(order)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let domain = Domain::builder("shop")
//!     .aggregate::<Order>()
//!     .command_handler(OrderCommandHandler)
//!     .build()?;
//! let app = App::builder(domain).store(MemoryStore::default()).start();
//!
//! app.process(PlaceOrder { order_id: "ord-1".into() }).await?;
//! assert!(app.load::<Order>("ord-1").await?.is_some());
//! # Ok::<(), Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Messages
//!
//! A [`Command`] asks for a change and may be refused. An [`Event`] is a fact. `part_of` names the
//! aggregate to which they belong, and `id` the field with its id. A type of your own derives [`Id`] to
//! be an id. An enum can derive messages, too: each variant is a message. Messages are encoded as JSON
//! when they are submitted and decoded for each handler. So a message without a JSON form fails at
//! once. The type is stored as `Shop.OrderPlaced.v1`.
//!
//! An event from outside the domain has `category = "payment"` in place of `part_of`. Register it
//! with [`event_from_outside`](wiring::DomainBuilder::event_from_outside), and pass it to the
//! domain with [`App::publish`]. See [`model`], and [`message`] for the envelope with its ids, time
//! and priority.
//!
//! # Aggregates
//!
//! An [`Aggregate`] decides, and raises events with `raise`. It is stored as state. With
//! `event_sourced`, its events are stored and [`Apply`] folds them into the state. Either way it
//! lists its commands and events. Raising an event that is not listed does not compile.
//!
//! ```
//! # use flow_domain::doc_fixture::{Order, OrderError, OrderPlaced};
//! let mut order = Order::draft("ord-1".into(), 9_995);
//! order.place()?;
//!
//! assert_eq!(order.raised(), OrderPlaced { order_id: "ord-1".into() });
//! assert_eq!(order.place(), Err(OrderError));
//! # use flow_domain::Aggregate as _;
//! # Ok::<(), OrderError>(())
//! ```
//!
//! # Handlers
//!
//! A [`CommandHandler`] decides on commands, an [`EventHandler`] reacts to events. `routes` names
//! their methods, and the message type is inferred from the signature. Each handler call has a
//! [`UnitOfWork`]: it loads, adds, removes and raises, and commits everything or nothing. A command
//! that a handler processes with [`UnitOfWork::process`] is part of the same unit of work. See
//! [`handler`].
//!
//! # Process managers
//!
//! A [`ProcessManager`] joins the events of several streams and issues commands. Its fields are its
//! state, with one instance for each value of the field that `KEY` names. One event starts it and
//! others advance it. After it is complete, it skips all further events.
//!
//! # Projections and views
//!
//! A [`Projector`] writes the rows of one [`Projection`] and has access to nothing else. So
//! [`App::rebuild`] can rebuild them from the events, and goes on where a killed process stopped. A [`View`] reads the rows.
//!
//! ```
//! # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, app};
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! # let app = app()?;
//! # app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
//! use flow_domain::field;
//!
//! let placed = app.view::<OrderDashboard>().query().filter(field("status").equals("placed"));
//! assert_eq!(placed.order_by("order_id").limit(10).all().await?.len(), 1);
//! # Ok::<(), flow_domain::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A projection declares the fields by which queries filter or sort: `index(status, due_at)`. They are
//! compared by their type, so a time is compared as a time. See [`Projection`].
//!
//! # Events that change
//!
//! The store keeps events for years, and their types change. An event gets a new `version` then, and
//! an [`Upcast`] with one step for each older version. Everybody who reads an event gets the
//! version of today. [`retired`](wiring::DomainBuilder::retired) names events that nobody needs any
//! more. During a deployment, an older program may read an event of a newer version. Then its
//! engine pauses the stream until the newer program takes over.
//!
//! # Wiring checks
//!
//! [`build`](wiring::DomainBuilder::build) refuses a domain that cannot work. It reports all
//! mistakes together, and each says what to write instead. Examples are two handlers for a command,
//! a process manager without a start, and an unregistered message. [`Domain::check`] returns
//! warnings, for example for an event that nobody handles and for a cycle.
//! [`Domain::wiring`] returns the wiring as data. See [`wiring`].
//!
//! # Errors
//!
//! A rejection is a value of your own type that implements [`Rejection`]. `?` turns it into an
//! [`Error`]. Every other error is a failure, and a predicate says which:
//!
//! | question | what to do |
//! |---|---|
//! | [`is_rejection`](Error::is_rejection) | tell the caller why; [`rejection`](Error::rejection) has the value |
//! | [`is_conflict`](Error::is_conflict) | try again later, or tell the caller: another writer was first in every try |
//! | [`is_not_found`](Error::is_not_found) | check the id: the state or row does not exist |
//! | [`handler_failures`](Error::handler_failures) is not empty | look at the handlers that failed: the command itself is committed |
//! | [`stall`](Error::stall) | break the cycle that it names: the cascade of the command does not end |
//! | [`is_newer_event`](Error::is_newer_event) | run the newer program that wrote the event |
//! | [`has_events_waiting`](Error::has_events_waiting) | let an engine deliver what waits, and rebuild again |
//! | [`is_unreadable_event`](Error::is_unreadable_event) | add an [`Upcast`], and rebuild again |
//! | [`is_setup`](Error::is_setup), [`is_codec`](Error::is_codec), [`is_no_handler`](Error::is_no_handler), [`is_panic`](Error::is_panic) | fix the program |
//!
//! See [`mod@error`].
//!
//! # Running it
//!
//! [`App`] runs a [`Domain`] on a store. `process` submits a command and handles everything that it
//! causes. Then it returns the reply of the command's handler. Deliveries are breadth-first, in
//! order of commit. The handlers of one event are called in order of registration. Each delivery
//! has a unit of work of its own. So a handler that fails rolls back only its own work.
//! [`App::builder`] takes the clock, the ids and the budget. See [`runtime`] and [`clock`].
//!
//! # Running it later
//!
//! An app with [`event_processing(Processing::Async)`](runtime::AppBuilder::event_processing)
//! leaves events to an [`Engine`], which [`run_until`](Engine::run_until) runs. Committed events
//! are written to the outbox in the same transaction and published to the broker. Each subscription
//! receives them at least once, in the order of each stream.
//!
//! A handler sets the options of its subscription in `routes`. Examples are the source (broker or
//! event store), the number of attempts, and whether it handles each message `once`. A message
//! whose retries are exhausted is stored as a [dead letter](App::dead_letters).
//!
//! [`App::submit`] and [`UnitOfWork::submit`] submit a command for later. [`UnitOfWork::process_at`]
//! and [`UnitOfWork::process_after`] set a time for it. [`UnitOfWork::cancel`] takes a scheduled
//! command back. [`App::health`] counts the pending messages. See [`engine`].
//!
//! # Adapters
//!
//! A store implements [`port::Store`]: reads by kind, and one `commit` that writes all or nothing
//! and refuses stale writes. A broker implements [`port::Broker`]. [`MemoryStore`] and
//! [`MemoryBroker`] keep everything in memory. See [`port`].
//!
//! [`MemoryStore`]: adapter::memory::MemoryStore
//! [`MemoryBroker`]: adapter::memory::MemoryBroker
//!
//! # Testing
//!
//! Add `flow-harness` to the dev-dependencies to test a domain. What it needs of this crate is behind
//! the feature `testing`, in the module `testing`. Production does not turn this feature on.
//!
//! The feature is also for the authors of adapters. `store_contract!` and `broker_contract!` generate a
//! contract test for each rule of a port. Turn the feature on for tests only:
//!
//! ```toml
//! [dev-dependencies]
//! flow-domain = { version = "0.1", features = ["testing"] }
//! ```
//!
//! `cargo doc --features testing` shows the module and the macros.
//!
//! # Feature flags
//!
//! | name | description | default? |
//! |---|---|---|
//! | `derive` | `#[derive(Aggregate, Command, Event, Id, Projection, Sortable)]` | yes |
//! | `chrono`, `jiff`, `time` | [`Id`] and [`Sortable`] for the times and dates of these crates | no |
//! | `personal` | `Personal` values, which can be erased: each person has a key | no |
//! | `testing` | what only tests need: contract tests, a step-by-step engine, virtual time, the recorder | no |
//!
//! # Supported Rust versions
//!
//! Rust 1.89 and later. Clippy's `incompatible_msrv` checks this on every change. CI builds with
//! its stable compiler, not with 1.89 itself.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

// The derives write `::flow_domain::..`. This makes the path valid inside this crate, too.
#[cfg(all(feature = "derive", feature = "testing"))]
extern crate self as flow_domain;

pub mod adapter;
pub mod clock;
#[cfg(all(feature = "derive", feature = "testing"))]
#[doc(hidden)]
pub mod doc_fixture;
pub mod engine;
pub mod error;
pub mod handler;
pub mod json;
pub mod message;
pub mod model;
pub mod port;
pub mod record;
pub mod runtime;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wiring;

pub use engine::Engine;
pub use error::{Error, HandlerFailure, Rejection};
#[cfg(feature = "derive")]
pub use flow_domain_derive::{Aggregate, Command, Event, Id, Projection, Sortable};
pub use handler::{
    CommandHandler, CommandRoutes, Delivery, EventHandler, EventRoutes, ProcessManager,
    ProcessManagerRoutes, Projector, ProjectorRoutes, RetryPolicy, Rows, SnapshotPolicy,
    UnitOfWork, Upcast, View, field,
};
#[cfg(feature = "personal")]
pub use model::Personal;
pub use model::{
    Aggregate, Apply, Command, Event, Id, Message, PendingEvents, Projection, Sortable,
};
pub use runtime::{App, Headers};
pub use wiring::{Domain, WarningSelector, WiringErrors};

/// The README's example, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
