use std::{error, fmt};

use crate::{
    error::Error,
    record::HandlerKind,
    wiring::{KeyAdvice, SubscriptionMistake, UpcastMistake, WarningSelector},
};

/// All mistakes in the wiring of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WiringErrors {
    /// The name of the domain.
    pub domain: String,
    /// The mistakes, sorted by kind of part, then in order of registration. Never empty.
    pub mistakes: Vec<WiringMistake>,
}

impl fmt::Display for WiringErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_mistakes = self.mistakes.len();
        let noun = if n_mistakes == 1 {
            "mistake"
        } else {
            "mistakes"
        };

        write!(
            f,
            "the domain `{}` has {n_mistakes} wiring {noun}",
            self.domain
        )?;

        for (idx, mistake) in self.mistakes.iter().enumerate() {
            write!(f, "\n\n{:>3}. {mistake}", idx + 1)?;
        }

        Ok(())
    }
}

impl error::Error for WiringErrors {}

impl From<WiringErrors> for Error {
    fn from(errors: WiringErrors) -> Self {
        Self::setup(errors.to_string())
    }
}

/// One mistake in the wiring of a domain. Its text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum WiringMistake {
    /// The name of the domain cannot be part of a message type.
    InvalidDomainName { name: String },
    /// An aggregate or an event has a category that cannot be part of a stream's name.
    InvalidCategory {
        owner: &'static str,
        category: String,
    },
    /// An aggregate, a projection or a handler is registered twice.
    RegisteredTwice {
        what: &'static str,
        name: &'static str,
    },
    /// Two aggregates, projections or handlers have the same name. Their data or reports would mix.
    SharedName {
        first: &'static str,
        second: &'static str,
        name: &'static str,
    },
    /// Two aggregates have the same category. Their streams would mix.
    SharedCategory {
        category: &'static str,
        first: &'static str,
        second: &'static str,
    },
    /// A command has two handlers.
    TwoHandlers {
        command: String,
        first: &'static str,
        second: &'static str,
    },
    /// A handler has two routes for one message.
    TwoMethods {
        handler: &'static str,
        message: String,
    },
    /// A handler handles a command that its aggregate does not list.
    UnlistedCommand {
        command: &'static str,
        used_by: &'static str,
        aggregate: &'static str,
    },
    /// A handler handles an event that its aggregate does not list.
    UnlistedEvent {
        event: &'static str,
        used_by: &'static str,
        aggregate: &'static str,
    },
    /// An aggregate lists the message, but the message names another aggregate or category.
    ListedByAnotherAggregate {
        what: &'static str,
        message: &'static str,
        category: &'static str,
        part_of: Option<&'static str>,
        listed_by: &'static str,
    },
    /// An aggregate that is stored as state has a policy for snapshots.
    SnapshotsOfState { aggregate: &'static str },
    /// The policy for snapshots asks for one after every 0 events.
    SnapshotEveryZeroEvents { aggregate: &'static str },
    /// Handlers use messages of a category, and no aggregate of this category is registered.
    UnregisteredAggregate {
        category: &'static str,
        used_by: Vec<(&'static str, Vec<String>)>,
        only_events: bool,
    },
    /// A projector maintains a projection that is not registered.
    UnregisteredProjection {
        projection: &'static str,
        projector: &'static str,
    },
    /// A handler declares to raise an event that no aggregate lists.
    UnlistedRaisedEvent {
        event: String,
        raised_by: &'static str,
    },
    /// A handler declares to issue a command that nobody handles.
    UnhandledIssuedCommand {
        command: String,
        issued_by: &'static str,
    },
    /// A handler has no routes, so it is never called.
    NoRoutes {
        handler: &'static str,
        kind: HandlerKind,
    },
    /// A handler names the categories that it reads, but handles an event of another category.
    WrongCategory {
        handler: &'static str,
        event: String,
        reads: Vec<&'static str>,
        appears_in: &'static str,
    },
    /// A handler reads a category that no aggregate and no event from outside has.
    UnknownCategory {
        handler: &'static str,
        category: &'static str,
        nearest: Option<String>,
    },
    /// A process manager is never started.
    NoStart { process_manager: &'static str },
    /// Events do not carry the key field of their process manager.
    KeyNotCarried {
        process_manager: &'static str,
        key: &'static str,
        events: Vec<String>,
        advice: KeyAdvice,
    },
    /// The key field of a process manager has a type that is not an [`Id`](crate::Id).
    KeyIsNotAnId {
        process_manager: &'static str,
        key: &'static str,
        events: Vec<String>,
    },
    /// The options of a subscription cannot work.
    InvalidSubscription {
        /// The handler that sets the option; `None` if the domain sets it for all handlers.
        declared_by: Option<&'static str>,
        mistake: SubscriptionMistake,
    },
    /// An upcast cannot work.
    InvalidUpcast {
        /// The expression that starts it: `Upcast::to::<OrderPlaced>()`.
        upcast: String,
        mistake: UpcastMistake,
    },
    /// An event is retired, and an event of this category has its name today.
    RetiredEventIsCurrent {
        event: String,
        category: &'static str,
    },
    /// Two command handlers of one category set different options for reading. The commands of a
    /// category are read together.
    ConflictingReadOptions {
        category: &'static str,
        first: &'static str,
        second: &'static str,
        differ_in: Vec<&'static str>,
    },
    /// A warning is acknowledged without a reason.
    AcknowledgedWithoutReason { selector: WarningSelector },
    /// The domain has lanes, but no handler reads from the broker. Only the broker has lanes.
    LanesWithoutBroker { subscriptions: Vec<&'static str> },
}
