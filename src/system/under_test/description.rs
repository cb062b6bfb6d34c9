use std::{collections::BTreeSet, convert::Infallible, fmt, sync::Arc, time::Duration};

use flow_domain::{
    Error, clock::Timestamp, handler::Reply, message::short_type_name, port::BoxFuture,
    record::TableKind, testing::StateType,
};

use crate::system::under_test::{
    CommittedEvents, WorkerStep,
    call_guard::TIME_LIMIT,
    event_log::{EventLog, ReadLog},
    route::{HistoryRoute, MessageRoute, OwnRejection, Route, failure, rejection},
    view::{ReadList, ReadView, View, ViewList},
    worker::{Work, Worker},
};

/// A system of your own, described in a test: how to start it, and what it is made of.
///
/// It needs no derive and no trait on the types of the system. `S` is what a run starts, for example your
/// service with its store. Every closure gets the `Arc<S>` of its run. See
/// [`docs::own_systems`](crate::docs::own_systems).
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use flow_harness::{SystemHarness, SystemUnderTest, at};
///
/// #[derive(Debug)]
/// struct Increment;
///
/// let counter = SystemUnderTest::new("counter", |_| async { AtomicU32::new(0) })
///     .command("counter", |counter, _id, _: Increment| async move {
///         counter.fetch_add(1, Ordering::Relaxed);
///         Ok::<(), std::convert::Infallible>(())
///     })
///     .view(|counter, _id| async move { Some(counter.load(Ordering::Relaxed)) });
///
/// SystemHarness::new(counter)
///     .when(at("clicks", Increment))
///     .then_projection::<u32>("clicks")
///     .is(1)
///     .run();
/// ```
pub struct SystemUnderTest<S> {
    pub(super) name: &'static str,
    pub(super) start: Box<StartFn<S>>,
    pub(super) commands: Vec<Box<dyn Route<S>>>,
    pub(super) inbound: Vec<Box<dyn Route<S>>>,
    pub(super) history: Vec<Box<dyn Route<S>>>,
    pub(super) event_logs: Vec<Box<dyn ReadLog<S>>>,
    pub(super) views: Vec<Box<dyn ReadView<S>>>,
    pub(super) lists: Vec<Box<dyn ReadList<S>>>,
    pub(super) workers: Vec<Worker<S>>,
    pub(super) set_time: Option<Box<SetTimeFn<S>>>,
    pub(super) failures: Vec<Box<IsFailureFn>>,
    /// How long a call of a part may take.
    pub(super) time_limit: Duration,
}

type StartFn<S> = dyn Fn(CommittedEvents) -> BoxFuture<'static, S> + Send + Sync;
type IsFailureFn = dyn Fn(&OwnRejection) -> bool + Send + Sync;
type SetTimeFn<S> = dyn Fn(&S, Timestamp) + Send + Sync;

impl<S: Send + Sync + 'static> SystemUnderTest<S> {
    /// Returns what the description says twice, so that one of them would have no effect.
    pub(crate) fn duplicates(&self) -> Vec<String> {
        let commands = self
            .commands
            .iter()
            .map(|route| ("command", route.message_type()));
        let inbound = self
            .inbound
            .iter()
            .map(|route| ("inbound_event", route.message_type()));
        let history = self
            .history
            .iter()
            .map(|route| ("history", route.message_type()));
        let views = self.views.iter().map(|view| {
            let StateType { kind, name, .. } = view.state_type();
            let is_aggregate = kind == TableKind::Aggregate;
            (if is_aggregate { "aggregate" } else { "view" }, name)
        });
        let lists = self
            .lists
            .iter()
            .map(|list| ("view_list", list.state_type().name));
        let workers = self.workers.iter().map(|worker| ("worker", worker.name));

        let all = commands
            .chain(inbound)
            .chain(history)
            .chain(views)
            .chain(lists)
            .chain(workers);
        let mut seen = BTreeSet::new();
        all.filter(|entry| !seen.insert(*entry))
            .map(|(method, name)| format!("two `.{method}(..)` for {name}"))
            .collect()
    }

    /// Describes a system that `start` starts. Every run starts one of its own.
    ///
    /// The system passes each event that it commits to the [`CommittedEvents`], or has an
    /// [`event_log`](Self::event_log).
    pub fn new<F, R>(name: &'static str, start: F) -> Self
    where
        F: Fn(CommittedEvents) -> R + Send + Sync + 'static,
        R: Future<Output = S> + Send + 'static,
    {
        Self {
            name,
            start: Box::new(move |events| Box::pin(start(events))),
            commands: Vec::new(),
            inbound: Vec::new(),
            history: Vec::new(),
            event_logs: Vec::new(),
            views: Vec::new(),
            lists: Vec::new(),
            workers: Vec::new(),
            set_time: None,
            time_limit: TIME_LIMIT,
            failures: Vec::new(),
        }
    }

    /// Adds a component that executes commands of type `C`, up to and including the commit.
    ///
    /// An error that it returns is a rejection, unless [`failures`](Self::failures) says otherwise. What it
    /// returns on success is the reply. A panic is a failure.
    #[must_use]
    pub fn command<C, F, R, T, E>(mut self, component: &'static str, execute: F) -> Self
    where
        C: fmt::Debug + Send + 'static,
        F: Fn(Arc<S>, String, C) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        T: fmt::Debug + Send + Sync + 'static,
        E: fmt::Debug + Send + Sync + 'static,
    {
        let execute = move |state, id, command| {
            let result = execute(state, id, command);
            async move { result.await.map(Reply::new).map_err(rejection) }
        };
        self.commands
            .push(Box::new(MessageRoute::<C, _>::new(component, execute)));
        self
    }

    /// Adds a component whose commands may also fail: the outer error is a failure, the inner one a rejection.
    ///
    /// A domain refuses with a rejection; a database that is down is a failure. See [`command`](Self::command).
    #[must_use]
    pub fn fallible_command<C, F, R, T, E, X>(mut self, component: &'static str, execute: F) -> Self
    where
        C: fmt::Debug + Send + 'static,
        F: Fn(Arc<S>, String, C) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Result<T, E>, X>> + Send + 'static,
        T: fmt::Debug + Send + Sync + 'static,
        E: fmt::Debug + Send + Sync + 'static,
        X: fmt::Debug + Send + Sync + 'static,
    {
        let execute = move |state, id, command| {
            let result = execute(state, id, command);
            async move {
                let result = result.await.map_err(|err| failure(&err))?;
                result.map(Reply::new).map_err(rejection)
            }
        };
        self.commands
            .push(Box::new(MessageRoute::<C, _>::new(component, execute)));
        self
    }

    /// Says which errors of the type `X` are failures, and not rejections.
    ///
    /// A domain refuses with a rejection; a database that is down is a failure.
    #[must_use]
    pub fn failures<X: 'static>(
        mut self,
        is_failure: impl Fn(&X) -> bool + Send + Sync + 'static,
    ) -> Self {
        let is_failure =
            move |refused: &OwnRejection| refused.downcast_ref::<X>().is_some_and(&is_failure);
        self.failures.push(Box::new(is_failure));
        self
    }

    /// Adds a component that receives events of type `E` from outside, for `when_event`.
    #[must_use]
    pub fn inbound_event<E, F, R, T, X>(mut self, component: &'static str, receive: F) -> Self
    where
        E: fmt::Debug + PartialEq + Send + 'static,
        F: Fn(Arc<S>, String, E) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, X>> + Send + 'static,
        T: fmt::Debug + Send + Sync + 'static,
        X: fmt::Debug + Send + Sync + 'static,
    {
        let receive = move |state, id, event| {
            let result = receive(state, id, event);
            async move { result.await.map(Reply::new).map_err(rejection) }
        };
        self.inbound
            .push(Box::new(MessageRoute::<E, _>::new(component, receive)));
        self
    }

    /// Adds a function that puts events of type `E` into the system, as if they had happened before.
    ///
    /// `given_events` calls it, once for events in a row of one entity. Without it, a flow begins with
    /// `given_command`. The events that the system commits meanwhile are not recorded again.
    #[must_use]
    pub fn history<E, F, R, X>(mut self, put: F) -> Self
    where
        E: fmt::Debug + PartialEq + Send + 'static,
        F: Fn(Arc<S>, String, Vec<E>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), X>> + Send + 'static,
        X: fmt::Debug + Send + Sync + 'static,
    {
        let route = HistoryRoute::<E, F>::new(put);
        self.history.push(Box::new(route));
        self
    }

    /// Adds a log of committed events of type `E`, for a system that stores its events and reports them to nobody.
    ///
    /// `read` gets the number of events that were read before, and returns the later ones in the order of their
    /// commits, each with the id of its entity. The harness calls it after each call of a component or worker.
    #[must_use]
    pub fn event_log<E, F, R>(mut self, read: F) -> Self
    where
        E: fmt::Debug + PartialEq + Send + 'static,
        F: Fn(Arc<S>, usize) -> R + Send + Sync + 'static,
        R: Future<Output = Vec<(String, E)>> + Send + 'static,
    {
        self.event_logs.push(Box::new(EventLog::<E, F>::new(read)));
        self
    }

    /// Adds a read model: how to look up the row of type `P` with an id, for `then_projection`.
    #[must_use]
    pub fn view<P, F, R>(mut self, find: F) -> Self
    where
        P: fmt::Debug + PartialEq + Send + 'static,
        F: Fn(Arc<S>, String) -> R + Send + Sync + 'static,
        R: Future<Output = Option<P>> + Send + 'static,
    {
        let view = View::new(TableKind::Projection, find);
        self.views.push(Box::new(view));
        self
    }

    /// Adds all rows of a read model of type `P`, each with its id, for [`expect::rows`](crate::expect::rows).
    #[must_use]
    pub fn view_list<P, F, R>(mut self, list: F) -> Self
    where
        P: fmt::Debug + PartialEq + Send + 'static,
        F: Fn(Arc<S>) -> R + Send + Sync + 'static,
        R: Future<Output = Vec<(String, P)>> + Send + 'static,
    {
        self.lists.push(Box::new(ViewList::new(list)));
        self
    }

    /// Adds the state of an aggregate: how to load the one of type `A` with an id, for `then_aggregate`.
    #[must_use]
    pub fn aggregate<A, F, R>(mut self, load: F) -> Self
    where
        A: fmt::Debug + PartialEq + Send + 'static,
        F: Fn(Arc<S>, String) -> R + Send + Sync + 'static,
        R: Future<Output = Option<A>> + Send + 'static,
    {
        let view = View::new(TableKind::Aggregate, load);
        self.views.push(Box::new(view));
        self
    }

    /// Adds a worker: one step of whatever works after a commit.
    ///
    /// A projector, a relay, a process manager, a job queue or a timer is a worker. After each act the harness
    /// calls the workers in the order of this list, again and again, until all are idle.
    #[must_use]
    pub fn worker<F, R>(self, name: &'static str, step: F) -> Self
    where
        F: Fn(Arc<S>) -> R + Send + Sync + 'static,
        R: Future<Output = WorkerStep> + Send + 'static,
    {
        self.fallible_worker(name, move |state| {
            let step = step(state);
            async move { Ok::<_, Infallible>(step.await) }
        })
    }

    /// Adds a worker whose steps may fail. After a failure, it is called again in the next act.
    ///
    /// See [`worker`](Self::worker).
    #[must_use]
    pub fn fallible_worker<F, R, X>(mut self, name: &'static str, step: F) -> Self
    where
        F: Fn(Arc<S>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<WorkerStep, X>> + Send + 'static,
        X: fmt::Debug + Send + Sync + 'static,
    {
        let step = move |state| -> BoxFuture<'static, Result<WorkerStep, Error>> {
            let step = step(state);
            Box::pin(async move { step.await.map_err(|err| failure(&err)) })
        };
        self.workers.push(Worker {
            name,
            work: Work::Stepped(Box::new(step)),
        });
        self
    }

    /// Adds a worker that is a task of the system, and looks for work after each `interval`.
    ///
    /// The harness lets the interval pass, until one passes in which nothing was committed and no row changed.
    /// This needs the paused clock of `.run()`, and a worker that waits with `tokio::time`. It costs no real time.
    #[must_use]
    pub fn polling_worker(mut self, name: &'static str, interval: Duration) -> Self {
        let work = Work::Polling(interval);
        self.workers.push(Worker { name, work });
        self
    }

    /// Sets how long a call of a component, a worker, a view or a log may take. The default is 30 seconds.
    ///
    /// On the paused clock of `.run()`, a call that waits for something that never comes fails at once.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets how to set the clock of the system. `when_time_passes` calls it whenever the virtual clock moves.
    #[must_use]
    pub fn clock(mut self, set_time: impl Fn(&S, Timestamp) + Send + Sync + 'static) -> Self {
        self.set_time = Some(Box::new(set_time));
        self
    }
}

impl<S> fmt::Debug for SystemUnderTest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemUnderTest")
            .field("name", &self.name)
            .field("system", &short_type_name::<S>())
            .finish_non_exhaustive()
    }
}
