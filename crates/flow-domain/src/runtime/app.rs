use std::{fmt, sync::Arc};

use crate::{
    clock::Timestamp,
    error::{Error, HandlerFailure, Stall},
    handler::{CommandRoute, CommittedEvent, Ports, Reply, Session, View, load_aggregate},
    message::{Envelope, MessageKind, Processing, StreamName},
    model::{Aggregate, Command, Projection, SerializedMessage},
    port::Store,
    record::{EntryId, EntryKind, HandlerKind},
    runtime::{
        AppBuilder, Headers,
        cascade::Cascade,
        handling::{AttemptOptions, Handling, HandlingSuccess},
        publish::wrap,
    },
    wiring::Domain,
};

/// A domain that runs: it processes commands and answers views. A clone is the same app.
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

/// By whom commands and events are handled if nothing else is said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessingModes {
    pub(super) commands: Processing,
    pub(super) events: Processing,
}

/// What became of a command: what its handler answered, and what failed after it was committed.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the command may have been refused"]
pub struct ProcessResult {
    /// The reply of the handler; its rejection or failure.
    pub reply: Result<Reply, Error>,
    /// The handlers that failed afterwards. What was committed before stays.
    pub failures: Vec<HandlerFailure>,
    /// Set if the cascade was stopped because it went over its budget of deliveries.
    pub stall: Option<Stall>,
}

impl ProcessResult {
    /// What became of nothing: it was accepted, and nothing failed.
    pub fn empty() -> Self {
        Self {
            reply: Ok(Reply::new(())),
            failures: Vec::new(),
            stall: None,
        }
    }

    /// What became of a command that was not handled, or that failed.
    pub fn from_error(err: Error) -> Self {
        Self {
            reply: Err(err),
            failures: Vec::new(),
            stall: None,
        }
    }

    /// Adds what became of what was left for later; that this could not be found out is told in place of
    /// a reply.
    pub fn merge(mut self, later: Result<Self, Error>) -> Self {
        match later {
            Ok(later) => {
                self.failures.extend(later.failures);
                self.stall = self.stall.or(later.stall);
            }
            Err(err) if self.reply.is_ok() => self.reply = Err(err),
            Err(_) => {}
        }

        self
    }

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
    /// Begins to start an app of `domain`.
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

    /// The domain that runs.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The current time of its clock.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// The store that it runs on.
    pub fn store(&self) -> &dyn Store {
        &*self.ports.store
    }

    /// Processes a command and everything that it causes, and returns what its handler answered.
    ///
    /// The future must be awaited to its end. If it is dropped after the commit, by a timeout or a
    /// connection that was closed, what was committed stays and what it would have caused does not
    /// happen: nobody comes back to it.
    ///
    /// # Errors
    ///
    /// Returns an error if the command was refused or its handler failed: then nothing was written.
    /// Returns one with [`Error::handler_failures`] if the command was committed and handlers failed
    /// afterwards, or with [`Error::stall`] if what it causes does not end: then what was committed
    /// stays.
    pub async fn process<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        self.process_with(command, &Headers::default()).await
    }

    /// Processes a command with headers.
    ///
    /// # Errors
    ///
    /// Those of [`process`](Self::process).
    pub async fn process_with<C: Command>(
        &self,
        command: C,
        headers: &Headers,
    ) -> Result<C::Reply, Error> {
        let command = SerializedMessage::new(&command)?;
        let processed = self.process_serialized(&command, headers).await;
        processed.into_result()?.downcast()
    }

    /// Processes a command that was written down, for those who build on the app.
    pub async fn process_serialized(
        &self,
        command: &SerializedMessage,
        headers: &Headers,
    ) -> ProcessResult {
        let processing = headers.event_processing.unwrap_or(self.modes.events);
        let (route, envelope, received) = match self.receive(command, headers) {
            Ok(received) => received,
            Err(err) => return ProcessResult::from_error(err),
        };
        let handled = self.handle_with_route(route, &envelope, received, processing);

        match handled.await {
            Ok((reply, committed, spare)) => {
                let mut processed = self.deliver_inline(committed, spare, processing).await;
                processed.reply = Ok(reply);
                processed
            }
            Err(err) => ProcessResult::from_error(err),
        }
    }

    /// Delivers what was committed, unless that is for an engine to do.
    pub(super) async fn deliver_inline(
        &self,
        committed: Vec<CommittedEvent>,
        spare: Session,
        processing: Processing,
    ) -> ProcessResult {
        let mut processed = ProcessResult::empty();
        if processing == Processing::Sync {
            let mut cascade = Cascade::new(Arc::clone(&self.ports), self.budget, spare);
            processed.stall = cascade.run(committed).await;
            processed.failures = cascade.into_failures();
        }
        processed
    }

    /// Puts a command into its envelope, and finds who handles it. Its future would be a part of that of
    /// every command, so it has none.
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

    /// Handles a command that is in its envelope already.
    pub(super) async fn handle_envelope(
        &self,
        envelope: &Arc<Envelope>,
        received: EntryId,
        processing: Processing,
    ) -> Result<(Reply, Vec<CommittedEvent>, Session), Error> {
        let route = self.ports.catalog.require_command_route(envelope)?;
        self.handle_with_route(route, envelope, received, processing)
            .await
    }

    async fn handle_with_route(
        &self,
        route: &CommandRoute,
        envelope: &Arc<Envelope>,
        received: EntryId,
        processing: Processing,
    ) -> Result<(Reply, Vec<CommittedEvent>, Session), Error> {
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
                // Its id was made here, or it was taken out of the outbox: it does not come again.
                ..AttemptOptions::inline(false)
            },
        };

        if let Some(err) = self.ports.check_deadline(envelope, received) {
            return Err(err);
        }

        let mut session = Session::default();
        let (_, handled) = handling.run(&mut session).await;

        match handled? {
            HandlingSuccess::Completed(reply, committed) => Ok((reply, committed, session)),
            // Its id was made here.
            HandlingSuccess::Duplicate => {
                unreachable!("a command that is new was not handled before")
            }
        }
    }

    /// Reads a projection.
    pub fn view<P: Projection>(&self) -> View<P> {
        View::new(Arc::clone(&self.ports))
    }

    /// Loads an aggregate as it is stored, to look at it.
    ///
    /// # Errors
    ///
    /// Returns an error if the aggregate is not registered, the store fails, or what is stored cannot
    /// be read as an `A`.
    pub async fn load<A: Aggregate>(&self, id: impl fmt::Display) -> Result<Option<A>, Error> {
        self.ports.catalog.require_aggregate::<A>()?;
        let stream = StreamName::new(A::CATEGORY, id.to_string())
            .map_err(|err| Error::setup(err.to_string()))?;
        load_aggregate(&self.ports, &stream).await
    }
}
