use std::sync::Arc;

use crate::{
    clock::Timestamp,
    error::{Error, HandlerFailure, Stall},
    handler::{
        CommandRoute, CommittedEvent, Ports, Reply, Session, View, load_aggregate, stream_name,
    },
    message::{Envelope, MessageKind, Processing},
    model::{Aggregate, Command, Id, Projection, SerializedMessage},
    port::Store,
    record::{EntryId, EntryKind, HandlerKind},
    runtime::{
        AppBuilder, Headers,
        cascade::Cascade,
        delivery_log::DeliveryLog,
        handling::{AttemptOptions, Handling, HandlingSuccess},
        lost_race::COMMAND_TRIES,
        publish::wrap,
    },
    wiring::Domain,
};

/// Runs a domain: it processes commands and reads projections. A clone is the same app.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, shop};
/// use flow_domain::{App, adapter::memory::MemoryStore};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let app = App::builder(shop()?).store(MemoryStore::default()).start();
/// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
///
/// assert!(app.view::<OrderDashboard>().exists("ord-1").await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct App {
    pub(super) domain: Domain,
    pub(crate) ports: Arc<Ports>,
    pub(crate) budget: usize,
    pub(super) modes: ProcessingModes,
}

/// Whether commands and events are handled inline or by an engine, unless a call says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessingModes {
    pub(super) commands: Processing,
    pub(super) events: Processing,
}

/// The result of processing a command: the reply of its handler, and later failures.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the command may have been rejected"]
pub struct ProcessResult {
    /// The reply of the handler, or its rejection or failure.
    pub reply: Result<Reply, Error>,
    /// The handlers that failed after the commit. Committed changes stay.
    pub failures: Vec<HandlerFailure>,
    /// Set if the cascade was stopped because it went over its budget of deliveries.
    pub stall: Option<Box<Stall>>,
    /// What was delivered inline.
    pub(crate) log: DeliveryLog,
}

impl ProcessResult {
    /// Returns a result without failures.
    pub(super) fn new(reply: Result<Reply, Error>) -> Self {
        Self {
            reply,
            failures: Vec::new(),
            stall: None,
            log: DeliveryLog::default(),
        }
    }

    /// Returns the reply, or one error with everything that went wrong.
    pub(super) fn into_result(self) -> Result<Reply, Error> {
        let reply = self.reply?;
        if let Some(stall) = self.stall {
            return Err(Error::stalled(stall, self.failures));
        }

        if self.failures.is_empty() {
            Ok(reply)
        } else {
            Err(Error::handlers_failed(self.failures))
        }
    }
}

impl App {
    /// Returns a builder of an app that runs `domain`.
    pub fn builder(domain: Domain) -> AppBuilder {
        AppBuilder::new(domain)
    }

    pub(super) fn new(domain: Domain, ports: Ports, budget: usize, modes: ProcessingModes) -> Self {
        Self {
            domain,
            ports: Arc::new(ports),
            budget,
            modes,
        }
    }

    /// Returns the domain that the app runs.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Returns the current time of the app's clock.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Returns the store of the app.
    pub fn store(&self) -> &dyn Store {
        &*self.ports.store
    }

    /// Processes a command and everything that it causes, and returns the reply of its handler.
    ///
    /// The future must be awaited to its end. A timeout or a closed connection may drop it after the
    /// commit. Then the committed changes stay, but their events are never delivered, unless the app
    /// [looks for them](AppBuilder::recover_inline_after).
    ///
    /// # Errors
    ///
    /// Returns an error if the command was rejected or its handler failed. Then nothing was written.
    ///
    /// If another writer commits first, the handler is called again, 10 times in all unless it sets
    /// [`conflict_tries`](crate::handler::SubscriptionOptions::conflict_tries). After the last try the error is the conflict:
    /// [`Error::is_conflict`] is true.
    ///
    /// Returns an error with [`Error::handler_failures`] if handlers failed after the commit. Returns one
    /// with [`Error::stall`] if the cascade went over its budget. In both cases committed changes stay.
    ///
    /// Each handler has the time limit of its subscription. One that takes longer fails with an error for
    /// which [`Error::is_timed_out`] is true. So an app whose handlers wait needs a runtime of tokio.
    pub async fn process<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        self.process_with(command, &Headers::default()).await
    }

    /// Processes a command with headers.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`process`](Self::process).
    pub async fn process_with<C: Command>(
        &self,
        command: C,
        headers: &Headers,
    ) -> Result<C::Reply, Error> {
        let command = self.ports.serialize(&command)?;
        let result = self.process_message(&command, headers).await;
        result.into_result()?.downcast()
    }

    /// Processes a serialized command and everything that it causes.
    pub(super) async fn process_message(
        &self,
        command: &SerializedMessage,
        headers: &Headers,
    ) -> ProcessResult {
        let processing = headers.event_processing.unwrap_or(self.modes.events);
        let (route, envelope, received) = match self.receive(command, headers) {
            Ok(parts) => parts,
            Err(err) => return ProcessResult::new(Err(err)),
        };

        let mut session = Session::default();
        let handled = self
            .handle_with_route(route, &envelope, received, processing, &mut session)
            .await;

        match handled {
            Ok((reply, committed)) => {
                let mut result = ProcessResult::new(Ok(reply));
                if processing == Processing::Sync {
                    self.deliver_inline(committed, session, &mut result).await;
                }
                result
            }
            Err(err) => ProcessResult::new(Err(err)),
        }
    }

    /// Delivers committed events, and everything that they cause, as a part of the act with this result.
    ///
    /// The units of work reuse the memory that `spare_session` has allocated.
    pub(super) async fn deliver_inline(
        &self,
        committed: Vec<CommittedEvent>,
        spare_session: Session,
        act: &mut ProcessResult,
    ) {
        let log = std::mem::take(&mut act.log);
        let mut cascade = Cascade::new(Arc::clone(&self.ports), self.budget, log, spare_session);

        act.stall = cascade.run(committed).await;
        let (failures, log) = cascade.into_parts();
        act.failures.extend(failures);
        act.log = log;
    }

    /// Wraps a command in its envelope, and finds its route.
    ///
    /// This method is not async, because its locals would enlarge the future of every command.
    fn receive(
        &self,
        command: &SerializedMessage,
        headers: &Headers,
    ) -> Result<(&CommandRoute, Arc<Envelope>, EntryId), Error> {
        let kind = MessageKind::Command;
        let envelope = wrap(&self.ports, command, kind, headers, Processing::Sync)?;
        let received = self
            .ports
            .record(None, || EntryKind::CommandReceived(Arc::clone(&envelope)));

        let catalog = &self.ports.catalog;
        let Some(route) = catalog.command_route(command.name, command.category) else {
            self.ports
                .record(Some(received), || EntryKind::NoSubscriber);
            return Err(catalog.no_handler_error(command.name, command.category));
        };

        Ok((route, envelope, received))
    }

    /// Handles a command that has its envelope already.
    ///
    /// Returns the reply and the committed events. The memory of `session` can be reused.
    pub(super) async fn handle_envelope(
        &self,
        envelope: &Arc<Envelope>,
        received: EntryId,
        processing: Processing,
        session: &mut Session,
    ) -> Result<(Reply, Vec<CommittedEvent>), Error> {
        let route = self.ports.catalog.require_command_route(envelope)?;
        self.handle_with_route(route, envelope, received, processing, session)
            .await
    }

    async fn handle_with_route(
        &self,
        route: &CommandRoute,
        envelope: &Arc<Envelope>,
        received: EntryId,
        processing: Processing,
        session: &mut Session,
    ) -> Result<(Reply, Vec<CommittedEvent>), Error> {
        let time_limit = route.time_limit(&self.ports.catalog.defaults);
        let conflict_tries = route.conflict_tries().unwrap_or(COMMAND_TRIES);
        let handling = Handling {
            ports: &self.ports,
            envelope,
            cause: received,
            handler: route.handler,
            kind: HandlerKind::CommandHandler,
            instance: &route.instance,
            call: &*route.call,
            options: AttemptOptions {
                processing,
                // No check for duplicates: the id is new, or the command was removed from the outbox.
                ..AttemptOptions::inline(false, time_limit, conflict_tries)
            },
        };
        if let Some(err) = self.ports.check_deadline(envelope, received) {
            return Err(err);
        }

        let (_, result) = handling.run(session).await;

        match result? {
            HandlingSuccess::Completed(reply, committed) => Ok((reply, committed)),
            HandlingSuccess::Duplicate => {
                unreachable!("a new command cannot be a duplicate")
            }
        }
    }

    /// Returns a view of a projection, to read its rows.
    pub fn view<P: Projection>(&self) -> View<P> {
        View::new(Arc::clone(&self.ports))
    }

    /// Loads an aggregate as it is stored, to inspect it.
    ///
    /// # Errors
    ///
    /// Returns an error if the aggregate is not registered, the key of the id is invalid, the store
    /// fails, or the stored data is not an `A`.
    pub async fn load<A: Aggregate>(&self, id: impl Id) -> Result<Option<A>, Error> {
        self.ports.catalog.require_aggregate::<A>()?;

        let stream = stream_name::<A>(&*id.key())?;
        load_aggregate(&self.ports, &stream).await
    }
}
