//! Runs an event-driven domain: commands, events, aggregates, process managers and projections, wired
//! once and checked when the domain is built. Handlers are plain structs with async methods; a test of
//! the whole is one sentence with `flow-harness`.
//!
//! What a command causes is handled inline, before [`process`](App::process) returns, or later by an
//! [`Engine`], through an outbox and a broker, with retries and dead letters. Stores and brokers other
//! than those in memory are not there yet.
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
//! A [`Command`] asks for a change and may be refused; an [`Event`] is a fact. `part_of` names the
//! aggregate whose stream they belong to, `id` the field with its id. An enum derives them, too: each
//! variant is a message. Messages are written as JSON when they are handed over and read back for
//! each handler, so what has no JSON form fails at once. Their type is stored as `Shop.OrderPlaced.v1`.
//!
//! An event that happens elsewhere has `category = "payment"` in place of `part_of`, is registered
//! with [`event_from_outside`](wiring::DomainBuilder::event_from_outside) and told with
//! [`App::publish`]. See [`model`], and [`message`] for the envelope with its ids, time and priority.
//!
//! # Aggregates
//!
//! An [`Aggregate`] decides, and raises events with `raise`. It is kept as state, or with
//! `event_sourced` folded from its events by [`Apply`]. Either way it lists its commands and events;
//! raising one that is not listed does not compile.
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
//! their methods, and the message is inferred from the signature. Each handling has a [`UnitOfWork`]:
//! it loads, adds, removes and raises, and is written whole or not at all. A command that a handler
//! processes with [`UnitOfWork::process`] is part of the same unit of work. See [`handler`].
//!
//! # Process managers
//!
//! A [`ProcessManager`] joins the events of several streams and issues commands. Its fields are its
//! memory, kept once for each value of the field that `KEY` names; it is started by one event,
//! advanced by others, and lets all further ones go when it is complete.
//!
//! # Projections and views
//!
//! A [`Projector`] keeps the rows of one [`Projection`] and reaches nothing else, so that
//! [`App::rebuild`] can make them anew from the events; a [`View`] reads them.
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
//! # Wiring checks
//!
//! [`build`](wiring::DomainBuilder::build) refuses a domain that cannot work and tells all mistakes
//! together, each with what to write instead: two handlers for a command, a handler that never hears
//! of its event, a process manager that is never started or whose key the event does not carry, what
//! is used and not registered. [`Domain::check`] tells what may be a mistake (an event that nobody
//! handles, a cycle), [`Domain::wiring`] who handles what, as data. See [`wiring`].
//!
//! # Errors
//!
//! A refusal is a value of your own that implements [`Rejection`]; `?` turns it into an [`Error`].
//! Everything else is a failure, and a predicate tells which:
//!
//! | question | what to do |
//! |---|---|
//! | [`is_rejection`](Error::is_rejection) | tell the caller why; [`rejection`](Error::rejection) has the value |
//! | [`is_conflict`](Error::is_conflict) | another writer was first: load and decide again |
//! | [`is_not_found`](Error::is_not_found) | what was to be loaded or changed does not exist |
//! | [`handler_failures`](Error::handler_failures) is not empty | the command is committed, a handler failed afterwards |
//! | [`stall`](Error::stall) | what the command causes does not end: break the cycle that it names |
//! | [`is_setup`](Error::is_setup), [`is_codec`](Error::is_codec), [`is_no_handler`](Error::is_no_handler), [`is_panic`](Error::is_panic) | mend the program |
//!
//! See [`mod@error`].
//!
//! # Running it
//!
//! [`App`] runs a [`Domain`] on a store. `process` hands over a command, and returns what its handler
//! answered once everything that it causes is handled: breadth-first, in order of commit, and for one
//! event in order of registration, each delivery in a unit of work of its own. A handler that fails
//! takes nothing down but itself. Clock, ids, recorder and budget are given to [`App::builder`].
//! See [`runtime`], [`clock`] and [`record`].
//!
//! # Running it later
//!
//! An app with [`event_processing(Processing::Async)`](runtime::AppBuilder::event_processing) leaves events
//! to an [`Engine`]: [`run_until`](Engine::run_until) in production, [`Engine::test_mode`] step by step in
//! a test. What is committed is written to the outbox in the same transaction, published to the broker,
//! and handed to each subscription at least once, in the order of each stream. A handler says how it is
//! subscribed in its `routes`: from the broker or the event store, how often it is tried, whether it
//! handles each message `once`. What is given up on is kept as a [dead letter](App::dead_letters).
//!
//! Commands are handed over to be processed later with [`App::submit`] and
//! [`UnitOfWork::submit`], for a certain time with [`UnitOfWork::schedule`] and
//! [`UnitOfWork::process_after`], and taken back with [`UnitOfWork::cancel`]. [`App::health`] counts what is
//! left to do. See [`engine`].
//!
//! # Adapters and the contract suite
//!
//! A store implements [`port::Store`]: reads by kind, and one `commit` that writes all or nothing and
//! refuses what is stale. [`store_contract!`] stamps a test for each law of it, for our adapters and
//! for yours. [`MemoryStore`](adapter::memory::MemoryStore) keeps them all. [`port::Broker`],
//! [`broker_contract!`] and [`MemoryBroker`](adapter::memory::MemoryBroker) are the same for messages.
//! See [`port`].
//!
//! # Feature flags
//!
//! | name | description | default? |
//! |---|---|---|
//! | `derive` | `#[derive(Aggregate, Command, Event, Projection)]` | yes |
//!
//! # Supported Rust versions
//!
//! Rust 1.89 and later. Clippy's `incompatible_msrv` watches over it on every change; CI builds with
//! the stable compiler that it has, not with 1.89 itself.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

// The derives write `::flow_domain::..`, also inside this crate.
#[cfg(feature = "derive")]
extern crate self as flow_domain;

pub mod adapter;
pub mod clock;
#[cfg(feature = "derive")]
#[doc(hidden)]
pub mod doc_fixture;
pub mod engine;
pub mod error;
pub mod handler;
pub mod message;
pub mod model;
#[doc(hidden)]
pub mod mutation;
pub mod port;
pub mod record;
pub mod runtime;
pub mod wiring;

pub use engine::Engine;
pub use error::{Error, HandlerFailure, Rejection};
#[cfg(feature = "derive")]
pub use flow_domain_derive::{Aggregate, Command, Event, Projection};
pub use handler::{
    CommandHandler, CommandRoutes, Delivery, EventHandler, EventRoutes, ProcessManager,
    ProcessManagerRoutes, Projector, ProjectorRoutes, RetryPolicy, Rows, UnitOfWork, View, field,
};
pub use model::{Aggregate, Apply, Command, Event, Message, PendingEvents, Projection};
pub use runtime::{App, Headers};
pub use wiring::{Domain, WiringErrors};

/// The README's example, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
