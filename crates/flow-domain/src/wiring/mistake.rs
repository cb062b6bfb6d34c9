use std::{error, fmt};

use crate::{
    error::Error,
    record::HandlerKind,
    wiring::{KeyAdvice, SubscriptionMistake},
};

/// Everything that is wrong with the wiring of a domain, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WiringErrors {
    /// The name of the domain.
    pub domain: String,
    /// The mistakes, in the order of what is registered. Never empty.
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

/// One thing that is wrong with the wiring of a domain. Its text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum WiringMistake {
    /// The name of the domain cannot stand in the type of a message.
    InvalidDomainName { name: String },
    /// An aggregate or an event has a category that cannot be part of a stream's name.
    InvalidCategory {
        owner: &'static str,
        category: String,
    },
    /// The same thing is registered twice.
    RegisteredTwice {
        what: &'static str,
        name: &'static str,
    },
    /// Two things have the same name, so that what they keep, or what is told of them, would mix.
    SharedName {
        first: &'static str,
        second: &'static str,
        name: &'static str,
    },
    /// Two aggregates have the same category, so that their streams would mix.
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
    /// A handler names two methods for one message.
    TwoMethods {
        handler: &'static str,
        message: String,
    },
    /// A command is handled which its aggregate does not list.
    UnlistedCommand {
        command: &'static str,
        used_by: &'static str,
        aggregate: &'static str,
    },
    /// An event is handled which its aggregate does not list.
    UnlistedEvent {
        event: &'static str,
        used_by: &'static str,
        aggregate: &'static str,
    },
    /// A message is listed by another aggregate than the one that it says it is part of.
    ListedByAnotherAggregate {
        what: &'static str,
        message: &'static str,
        category: &'static str,
        part_of: Option<&'static str>,
        listed_by: &'static str,
    },
    /// Messages of a category are used that nothing has, by these handlers.
    UnregisteredAggregate {
        category: &'static str,
        used_by: Vec<(&'static str, Vec<String>)>,
        only_events: bool,
    },
    /// A projector keeps a projection that does not exist.
    UnregisteredProjection {
        projection: &'static str,
        projector: &'static str,
    },
    /// A handler says that it raises an event which no aggregate lists.
    UnlistedRaisedEvent {
        event: String,
        raised_by: &'static str,
    },
    /// A handler says that it issues a command which nobody handles.
    UnhandledIssuedCommand {
        command: String,
        issued_by: &'static str,
    },
    /// A handler names no methods.
    NoRoutes {
        handler: &'static str,
        kind: HandlerKind,
    },
    /// A handler reads categories in which an event that it handles never appears.
    WrongCategory {
        handler: &'static str,
        event: String,
        reads: Vec<&'static str>,
        appears_in: &'static str,
    },
    /// A handler reads a category that nothing has.
    UnknownCategory {
        handler: &'static str,
        category: &'static str,
        nearest: Option<String>,
    },
    /// A process manager is never started.
    NoStart { process_manager: &'static str },
    /// Events do not carry the field by which they should find their process manager.
    KeyNotCarried {
        process_manager: &'static str,
        key: &'static str,
        events: Vec<String>,
        advice: KeyAdvice,
    },
    /// What is said of a subscription cannot work.
    InvalidSubscription {
        /// The handler that says it; `None` if the domain says it of all.
        declared_by: Option<&'static str>,
        mistake: SubscriptionMistake,
    },
    /// Handlers of commands that are read together say different things of how.
    ConflictingReadOptions {
        category: &'static str,
        first: &'static str,
        second: &'static str,
        differ_in: Vec<&'static str>,
    },
    /// There are lanes, and nobody reads from the broker.
    LanesWithoutBroker { subscriptions: Vec<&'static str> },
}
