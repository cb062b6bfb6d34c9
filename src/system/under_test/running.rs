use std::{slice, sync::Arc};

use flow_domain::{
    Error, Headers,
    clock::Timestamp,
    handler::Reply,
    message::{MessageLabels, Payload},
    model::SerializedMessage,
    port::BoxFuture,
    record::{EntryId, HandlerKind, Record},
    runtime::ProcessResult,
    testing::{Remaining, StateType, SystemRecorder, remember_panic_locations},
    wiring::Wiring,
};

use crate::system::{
    Act, ClockAdvance, System,
    fault::FaultInjector,
    under_test::{
        CommittedEvents, SystemSettings, SystemUnderTest,
        call_guard::within,
        route::{OwnRejection, Route},
        watched_states::{WatchedStates, read_states},
        worker::Worker,
        worker_rounds::WorkerRounds,
    },
};

/// A [`SystemUnderTest`] in one run.
pub(super) struct RunningSystem<S> {
    pub(super) description: Arc<SystemUnderTest<S>>,
    pub(super) state: Arc<S>,
    pub(super) recorder: Arc<SystemRecorder>,
    pub(super) events: CommittedEvents,
    pub(super) rounds: WorkerRounds,
    /// `None` if the flow has no faults.
    faults: Option<Arc<FaultInjector>>,
    /// How many events were read from each log.
    n_read: Vec<usize>,
    watched: Vec<WatchedStates>,
    remaining: Remaining,
    wiring: Wiring,
}

impl<S: Send + Sync + 'static> RunningSystem<S> {
    /// Starts the system for one run.
    pub(super) async fn start(
        description: Arc<SystemUnderTest<S>>,
        settings: SystemSettings,
    ) -> Self {
        remember_panic_locations();

        let recorder = Arc::new(SystemRecorder::new(description.name));
        let events = CommittedEvents::new(Arc::clone(&recorder));
        let state = Arc::new((description.start)(events.clone()).await);
        let watched = WatchedStates::of_queries(settings.watched);

        let mut system = Self {
            faults: settings.faults,
            rounds: WorkerRounds::new(settings.budget, settings.worker_seed),
            n_read: vec![0; description.event_logs.len()],
            watched,
            remaining: Remaining::default(),
            wiring: Wiring::unknown(description.name),
            description,
            state,
            recorder,
            events,
        };
        system.set_time();
        // What exists at the start is no work of a call: an error here comes again.
        let _ = system.note_changes().await;
        system
    }

    /// Returns the failure that takes the place of a call, if a fault says so.
    pub(super) fn scripted_failure(&self, component: &str) -> Option<Error> {
        self.faults.as_ref()?.component_failure(component)
    }

    /// Sets the clock of the system to the virtual time.
    pub(super) fn set_time(&self) {
        if let Some(set_time) = &self.description.set_time {
            set_time(&self.state, self.recorder.now());
        }
    }

    /// Records the events and the changes of states since the last look, as the work of the present call.
    ///
    /// Returns whether there are any.
    ///
    /// # Errors
    ///
    /// Returns an error if an event log cannot be read.
    pub(super) async fn note_changes(&mut self) -> Result<bool, Error> {
        self.read_event_logs().await?;
        let has_changed = self.compare_states().await;
        Ok(has_changed || self.events.has_committed())
    }

    async fn read_event_logs(&mut self) -> Result<(), Error> {
        for (log, n_read) in self.description.event_logs.iter().zip(&mut self.n_read) {
            let read = log.read(Arc::clone(&self.state), *n_read);
            let events = within(self.description.time_limit, read).await?;
            *n_read += events.len();
            for event in &events {
                self.events.add_serialized(event);
            }
        }

        Ok(())
    }

    /// Looks at the states that the flow reads, and records those that have changed.
    async fn compare_states(&mut self) -> bool {
        let mut has_changed = false;
        for watched in &mut self.watched {
            for (table, id, before, now) in watched.update(&self.description, &self.state).await {
                has_changed = true;
                if let Some(start) = self.events.start_entry() {
                    self.recorder
                        .state_changed(start, (table, &id), before, now);
                }
            }
        }

        has_changed
    }

    async fn execute(&mut self, command: &SerializedMessage) -> ProcessResult {
        let description = Arc::clone(&self.description);
        let route = match find_route(&description.commands, command, "command") {
            Ok(route) => route,
            Err(err) => return ProcessResult::from_error(err),
        };
        let received = match self.recorder.command_received(command) {
            Ok(received) => received,
            Err(err) => return ProcessResult::from_error(err),
        };

        let messages = slice::from_ref(command);
        let reply = self.call(route, HandlerKind::CommandHandler, messages, received);
        ProcessResult::from_reply(reply.await)
    }

    /// Brings an event into the system from outside.
    async fn receive(&mut self, event: &SerializedMessage) -> ProcessResult {
        let description = Arc::clone(&self.description);
        let received = find_route(&description.inbound, event, "inbound_event").and_then(|route| {
            let entry = self.recorder.committed(None, event)?;
            Ok((route, entry))
        });

        match received {
            Ok((route, entry)) => {
                let messages = slice::from_ref(event);
                let call = self.call(route, HandlerKind::EventHandler, messages, entry);
                ProcessResult::from_reply(call.await)
            }
            Err(err) => ProcessResult::from_error(err),
        }
    }

    /// Puts events into the system that happened before.
    async fn put_history(&mut self, events: &[SerializedMessage]) -> Result<(), Error> {
        let description = Arc::clone(&self.description);
        let is_same_entity = |left: &SerializedMessage, right: &SerializedMessage| {
            left.id == right.id && left.category == right.category
        };

        for events in events.chunk_by(is_same_entity) {
            let route = find_route(&description.history, &events[0], "history")?;
            let mut entry = None;
            for event in events {
                entry = Some(self.recorder.committed(None, event)?);
            }

            let Some(last) = entry else {
                continue;
            };
            // The record has these events already.
            self.events.mute();
            let put = self
                .call(route, HandlerKind::EventHandler, events, last)
                .await;
            self.events.unmute();
            put?;
        }

        Ok(())
    }

    /// Calls a part of the system because of the entry `cause`.
    async fn call(
        &mut self,
        route: &dyn Route<S>,
        kind: HandlerKind,
        messages: &[SerializedMessage],
        cause: EntryId,
    ) -> Result<Reply, Error> {
        self.events.begin_call(route.component(), kind, Some(cause));
        self.events.start_entry();
        let reply = if let Some(err) = self.scripted_failure(route.component()) {
            Err(err)
        } else {
            let call = route.call(Arc::clone(&self.state), messages);
            within(self.description.time_limit, call).await
        };
        let reply = reply.map_err(|err| self.rejection_or_failure(err));

        let noted = self.note_changes().await;
        self.events.end_call(reply.as_ref().map(|_| ()))?;
        noted?;
        reply
    }
}

impl<S> RunningSystem<S> {
    /// Returns the error as a failure, if the description says that it is one.
    fn rejection_or_failure(&self, err: Error) -> Error {
        let is_failure = |refused: &OwnRejection| {
            let mut failures = self.description.failures.iter();
            failures.any(|is_failure| is_failure(refused))
        };

        match err.rejection::<OwnRejection>() {
            Some(refused) if is_failure(refused) => Error::failed("the call", refused.to_string()),
            _ => err,
        }
    }
}

/// Returns the route that takes `message`. `method` is the method of the description that adds one.
fn find_route<'r, S>(
    routes: &'r [Box<dyn Route<S>>],
    message: &SerializedMessage,
    method: &str,
) -> Result<&'r dyn Route<S>, Error> {
    let mut accepting = routes.iter().filter(|route| route.accepts(message));
    if let Some(route) = accepting.next() {
        return Ok(&**route);
    }

    let name = message.category;
    let mut types = routes.iter().map(|route| route.message_type());
    Err(Error::setup(if types.any(|taken| taken == name) {
        format!(
            "{} was moved into an earlier run: build the flow anew for each run",
            message.name
        )
    } else {
        format!("the system takes no {name}: add `.{method}(..)` for it to the `SystemUnderTest`")
    }))
}

impl<S: Send + Sync + 'static> System for RunningSystem<S> {
    fn act<'a>(&'a mut self, act: Act<'a>, _headers: &'a Headers) -> BoxFuture<'a, ProcessResult> {
        Box::pin(async move {
            self.rounds.begin_act();
            let result = match act {
                Act::Command(command) => self.execute(command).await,
                Act::History(events) => match self.put_history(events).await {
                    Ok(()) => ProcessResult::empty(),
                    Err(err) => ProcessResult::from_error(err),
                },
                Act::Events([event]) => self.receive(event).await,
                Act::Time(ClockAdvance::By(duration)) => {
                    self.pass_time(self.recorder.now() + duration).await
                }
                Act::Time(ClockAdvance::To(time)) => self.pass_time(time).await,
                _ => ProcessResult::from_error(Error::setup("this step needs a domain")),
            };

            let settled = self.step_workers().await;
            result.merge(Ok(settled))
        })
    }

    fn read_states<'a>(
        &'a self,
        state_type: StateType,
        id: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Payload>, Error>> {
        Box::pin(async move {
            let read = read_states(&self.description, &self.state, (state_type, id));
            let states = read.await?.into_iter();
            Ok(states.map(|(_, state)| state).collect())
        })
    }

    fn now(&self) -> Timestamp {
        self.recorder.now()
    }

    fn update_record(&self, record: &mut Record) {
        self.recorder.recorder().drain_into(record);
    }

    fn remaining(&self) -> &Remaining {
        &self.remaining
    }

    fn component_names(&self) -> Vec<&'static str> {
        let description = &self.description;
        let routes = description.commands.iter().chain(&description.inbound);
        // The harness does not call a worker that polls.
        let workers = description
            .workers
            .iter()
            .filter(|worker| !worker.is_polling());
        let workers = workers.map(|worker| worker.name);
        routes
            .map(|route| route.component())
            .chain(workers)
            .collect()
    }

    fn has_known_wiring(&self) -> bool {
        false
    }

    fn reports_events(&self) -> bool {
        !self.description.event_logs.is_empty() || self.events.is_kept()
    }

    fn knows_time(&self) -> bool {
        let mut workers = self.description.workers.iter();
        self.description.set_time.is_some()
            || self.rounds.has_waited()
            || workers.any(Worker::is_polling)
    }

    fn labels(&self) -> MessageLabels {
        MessageLabels::default()
    }

    fn wiring(&self) -> &Wiring {
        &self.wiring
    }
}

impl<S> std::fmt::Debug for RunningSystem<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RunningSystem")
            .field(&self.description)
            .finish()
    }
}
