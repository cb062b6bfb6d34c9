//! Scripted faults: something goes wrong, once or a few times, at a given point of the run.
//!
//! A fault that never happens, or that changes nothing, fails the flow. For example, a test in which a
//! mail fails to be sent proves nothing if the flow sends no mail. See [`docs::guards`](crate::docs::guards).
//!
//! | fault | what happens |
//! |---|---|
//! | [`Fault::handler`] | a handler fails, or panics |
//! | [`Fault::append`] | an append to a stream meets a conflict, as if another writer had appended first; the handler is called again |
//! | [`Fault::publish`] | the broker rejects a message |
//! | [`Fault::crash_after`] | the engine crashes after a handler commits, and before the acknowledgement |
//! | [`Fault::restart_after`] | the engine stops after `n` deliveries, and starts again with new handlers |
//! | [`Fault::resource`] | a call of a fake fails |
//! | [`component`] | a component or a worker of a [`SystemUnderTest`](crate::SystemUnderTest) fails |
//!
//! `publish`, `crash_after` and `restart_after` need an engine. They never happen in
//! [`Mode::Sync`](crate::Mode::Sync).
//!
//! # Examples
//!
//! ```
//! # use flow_harness::prelude::*;
//! use flow_harness::fault::Fault;
//! use shop::{InventoryEventHandler, PlaceOrder, StockReceived, StockReserved};
//!
//! # let stock = StockReceived { product_id: "tea".into(), quantity: 100 };
//! # let place_order = PlaceOrder { order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(), quantity: 2, total_cents: 1_200 };
//! FlowHarness::new(shop::domain)
//!     .mode(Mode::Engine)
//!     .given_events(stock)
//!     .with_fault(Fault::handler::<InventoryEventHandler>().panics("out of memory"))
//!     .when(place_order)
//!     .then(expect::attempts::<InventoryEventHandler>(2))
//!     .then_event(StockReserved { product_id: "tea".into(), order_id: "ord-1".into(), quantity: 2 })
//!     .run();
//! ```

mod call_script;
mod commit_barrier;
mod component_fault;
mod delivery_count;
mod injector;
mod script;
mod step_fault;

pub use call_script::{CallScript, Failable, ScriptedFailure};
pub use component_fault::{ComponentFault, ComponentFaultPoint, component};
pub use script::{AppendFault, CrashFault, Fault, HandlerFault, PublishFault, ResourceFault};
pub use step_fault::StepFault;

pub(crate) use injector::FaultInjector;
pub(crate) use script::InjectionPoint;
