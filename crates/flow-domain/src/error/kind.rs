use std::{borrow::Cow, error, fmt, sync::Arc};

use crate::error::{
    HandlerFailure, Rejection, Stall,
    kind_text::{at, handler_failures_text, tries_text},
    stall,
};

type Source = Box<dyn error::Error + Send + Sync>;

/// A rejection by the domain, or a failure.
///
/// Callers decide with predicates: [`is_rejection`](Self::is_rejection),
/// [`is_conflict`](Self::is_conflict), and so on. `Display` names the operation that failed, and
/// never prints the cause. [`with_causes`](Self::with_causes) prints the whole chain. A clone is cheap.
#[derive(Clone)]
pub struct Error {
    pub(super) kind: Arc<Kind>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Kind {
    #[error("{0}")]
    Rejected(Source),
    #[error(
        "{who} could not write {what}: expected {expected}, found {found}{}",
        tries_text(*n_tries)
    )]
    Conflict {
        who: String,
        what: String,
        expected: String,
        found: String,
        /// How often the handler was called; each call ended with a conflict.
        n_tries: u32,
    },
    #[error("{who} could not commit: another engine owns partition {partition} of {group}")]
    Fenced {
        who: String,
        group: String,
        partition: u32,
    },
    #[error("there is no {what} `{id}`{hint}")]
    NotFound {
        what: &'static str,
        id: String,
        hint: &'static str,
    },
    #[error("{operation} `{what}` failed")]
    Codec {
        operation: &'static str,
        what: Cow<'static, str>,
        source: Source,
    },
    #[error("{doing} failed")]
    Failed {
        doing: Cow<'static, str>,
        source: Source,
    },
    #[error("{operation} failed in the {adapter} adapter")]
    Adapter {
        adapter: &'static str,
        operation: &'static str,
        source: Source,
    },
    #[error("nobody knows whether {operation} went through in the {adapter} adapter")]
    Unknown {
        adapter: &'static str,
        operation: &'static str,
        source: Source,
    },
    #[error("panicked{}: {message}", at(location.as_deref()))]
    Panicked {
        message: String,
        /// `None` in production, where the panic hook of the process prints it.
        location: Option<String>,
    },
    #[error("the message killed its process in each of {0} attempts")]
    KilledProcess(u32),
    #[error("{0}")]
    Stored(String),
    #[error("{0}")]
    TimedOut(String),
    #[error("{0}")]
    Expired(String),
    #[error("{0}")]
    NoHandler(String),
    #[error("{0}")]
    NewerEvent(String),
    #[error("{text}")]
    Unreadable { text: String, source: Source },
    #[error("{0}")]
    EventsWaiting(String),
    #[error("{0}")]
    Setup(String),
    #[error("{}", handler_failures_text(.0))]
    HandlersFailed(Vec<HandlerFailure>),
    #[error(fmt = stall::write_stall)]
    Stalled {
        stall: Box<Stall>,
        failures: Vec<HandlerFailure>,
    },
}

impl Error {
    /// Creates a rejection by the domain. `?` on a [`Rejection`] does the same.
    pub fn rejected(rejection: impl Rejection) -> Self {
        Kind::Rejected(Box::new(rejection)).into()
    }

    /// Creates a failure from the operation that failed and its cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_domain::Error;
    ///
    /// let err = Error::failed("charging the card", std::io::Error::other("timed out"));
    /// assert_eq!(err.to_string(), "charging the card failed");
    /// assert_eq!(err.with_causes().to_string(), "charging the card failed: timed out");
    /// ```
    pub fn failed(operation: impl Into<Cow<'static, str>>, cause: impl Into<Source>) -> Self {
        Kind::Failed {
            doing: operation.into(),
            source: cause.into(),
        }
        .into()
    }

    /// Creates a failure of an adapter from its name, the operation and the cause.
    pub fn adapter(
        adapter: &'static str,
        operation: &'static str,
        cause: impl Into<Source>,
    ) -> Self {
        Kind::Adapter {
            adapter,
            operation,
            source: cause.into(),
        }
        .into()
    }

    /// Creates the error for a commit whose answer was lost: it was written, or it was not.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_domain::Error;
    ///
    /// let err = Error::unknown("postgres", "commit", std::io::Error::other("connection reset"));
    /// assert!(err.is_unknown());
    /// ```
    pub fn unknown(
        adapter: &'static str,
        operation: &'static str,
        cause: impl Into<Source>,
    ) -> Self {
        Kind::Unknown {
            adapter,
            operation,
            source: cause.into(),
        }
        .into()
    }

    /// Creates a version conflict: `writer` expected another version of `target` than it found.
    pub fn conflict(
        writer: impl fmt::Display,
        target: impl fmt::Display,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Kind::Conflict {
            who: writer.to_string(),
            what: target.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
            n_tries: 1,
        }
        .into()
    }

    /// Sets after how many conflicts the runtime has returned this one.
    pub(crate) fn after_tries(mut self, n: u32) -> Self {
        if let Some(Kind::Conflict { n_tries, .. }) = Arc::get_mut(&mut self.kind) {
            *n_tries = n;
        }
        self
    }

    /// Creates the error for a commit of `writer` whose fence is over.
    ///
    /// A store returns it if another member owns `partition` of `group` by now.
    pub fn fenced(writer: impl fmt::Display, group: impl fmt::Display, partition: u32) -> Self {
        Kind::Fenced {
            who: writer.to_string(),
            group: group.to_string(),
            partition,
        }
        .into()
    }

    pub(crate) fn not_found(type_name: &'static str, id: impl Into<String>) -> Self {
        Self::not_found_with_hint(type_name, id, "")
    }

    /// Like [`not_found`](Self::not_found), but `hint` adds a possible reason to the message.
    pub(crate) fn not_found_with_hint(
        type_name: &'static str,
        id: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Kind::NotFound {
            what: type_name,
            id: id.into(),
            hint,
        }
        .into()
    }

    pub(crate) fn codec(
        operation: &'static str,
        type_name: impl Into<Cow<'static, str>>,
        cause: impl Into<Source>,
    ) -> Self {
        Kind::Codec {
            operation,
            what: type_name.into(),
            source: cause.into(),
        }
        .into()
    }

    pub(crate) fn panicked(message: String, location: Option<String>) -> Self {
        Kind::Panicked { message, location }.into()
    }

    pub(crate) fn killed_process(n_attempts: u32) -> Self {
        Kind::KilledProcess(n_attempts).into()
    }

    /// Creates a failure of an earlier process from its stored text.
    pub(crate) fn stored(text: String) -> Self {
        Kind::Stored(text).into()
    }

    pub(crate) fn timed_out(text: String) -> Self {
        Kind::TimedOut(text).into()
    }

    pub(crate) fn expired(text: String) -> Self {
        Kind::Expired(text).into()
    }

    pub(crate) fn no_handler(text: String) -> Self {
        Kind::NoHandler(text).into()
    }

    pub(crate) fn newer_event(text: String) -> Self {
        Kind::NewerEvent(text).into()
    }

    pub(crate) fn unreadable(text: String, cause: impl Into<Source>) -> Self {
        Kind::Unreadable {
            text,
            source: cause.into(),
        }
        .into()
    }

    pub(crate) fn events_waiting(text: String) -> Self {
        Kind::EventsWaiting(text).into()
    }

    /// Creates an error for a wrong setup. A retry does not help.
    pub fn setup(text: impl Into<String>) -> Self {
        Kind::Setup(text.into()).into()
    }

    pub(crate) fn handlers_failed(failures: Vec<HandlerFailure>) -> Self {
        Kind::HandlersFailed(failures).into()
    }

    pub(crate) fn stalled(stall: Box<Stall>, failures: Vec<HandlerFailure>) -> Self {
        Kind::Stalled { stall, failures }.into()
    }

    /// Returns true if nobody knows whether a commit went through. Look before trying it again.
    pub fn is_unknown(&self) -> bool {
        matches!(*self.kind, Kind::Unknown { .. })
    }

    /// Returns true if another engine owns the partition by now. Nothing was written.
    pub fn is_fenced(&self) -> bool {
        matches!(*self.kind, Kind::Fenced { .. })
    }

    /// Returns true if the domain refused. Tell the caller why. A retry does not help.
    pub fn is_rejection(&self) -> bool {
        matches!(*self.kind, Kind::Rejected(_))
    }

    /// Returns the rejection if the domain refused with a value of type `R`.
    pub fn rejection<R: Rejection>(&self) -> Option<&R> {
        match &*self.kind {
            Kind::Rejected(rejection) => rejection.downcast_ref(),
            _ => None,
        }
    }

    /// Returns true if another writer was first. Nothing was written. Load and decide again.
    ///
    /// Before the runtime returns such an error, it has called the handler again: see
    /// [`conflict_tries`](crate::handler::SubscriptionOptions::conflict_tries).
    pub fn is_conflict(&self) -> bool {
        matches!(*self.kind, Kind::Conflict { .. })
    }

    /// Returns true if the state or row to load or change does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(*self.kind, Kind::NotFound { .. })
    }

    /// Returns true if a message or a stored value could not be encoded as JSON or decoded.
    pub fn is_codec(&self) -> bool {
        matches!(*self.kind, Kind::Codec { .. })
    }

    /// Returns the name of the type that could not be encoded as JSON or decoded.
    #[doc(hidden)]
    pub fn codec_type(&self) -> Option<&str> {
        match &*self.kind {
            Kind::Codec { what, .. } => Some(what),
            _ => None,
        }
    }

    /// Returns the type name and the id of the item that does not exist.
    pub(crate) fn missing_item(&self) -> Option<(&'static str, &str)> {
        match &*self.kind {
            Kind::NotFound { what, id, .. } => Some((what, id)),
            _ => None,
        }
    }

    /// Returns true if a handler panicked.
    pub fn is_panic(&self) -> bool {
        matches!(*self.kind, Kind::Panicked { .. })
    }

    /// Returns true if a handler took longer than its time limit. Its work was rolled back.
    pub fn is_timed_out(&self) -> bool {
        matches!(*self.kind, Kind::TimedOut(_))
    }

    /// Returns true if a command arrived after its deadline. No handler was called.
    pub fn is_expired(&self) -> bool {
        matches!(*self.kind, Kind::Expired(_))
    }

    /// Returns true if the command has no handler. Register one.
    pub fn is_no_handler(&self) -> bool {
        matches!(*self.kind, Kind::NoHandler(_))
    }

    /// Returns true if a stored event has a newer version than this program knows.
    ///
    /// Run the program that wrote it, or a newer one. An engine waits for that: it tries the event again
    /// from time to time.
    pub fn is_newer_event(&self) -> bool {
        matches!(*self.kind, Kind::NewerEvent(_))
    }

    /// Returns true if a rebuild could not read an event. Nothing was changed.
    ///
    /// The cause says why. An [`Upcast`](crate::Upcast) makes older events readable.
    pub fn is_unreadable_event(&self) -> bool {
        matches!(*self.kind, Kind::Unreadable { .. })
    }

    /// Returns true if a rebuild was refused, because stored events would reach a projector twice.
    ///
    /// Nothing was changed. Let an engine deliver what waits, and rebuild again.
    pub fn has_events_waiting(&self) -> bool {
        matches!(*self.kind, Kind::EventsWaiting(_))
    }

    /// Returns true if the setup is wrong. A retry does not help.
    pub fn is_setup(&self) -> bool {
        matches!(*self.kind, Kind::Setup(_))
    }

    /// Returns the stall if a cascade did not settle within its budget of deliveries.
    pub fn stall(&self) -> Option<&Stall> {
        match &*self.kind {
            Kind::Stalled { stall, .. } => Some(stall),
            _ => None,
        }
    }

    /// Returns the handlers that failed after the command itself was committed.
    ///
    /// The list is empty if the command was not accepted. The writes of an accepted command stay.
    pub fn handler_failures(&self) -> &[HandlerFailure] {
        match &*self.kind {
            Kind::HandlersFailed(failures) | Kind::Stalled { failures, .. } => failures,
            _ => &[],
        }
    }

    /// Returns the cause of a failure or the value of a rejection, if it is an `E`.
    pub fn downcast_ref<E: error::Error + 'static>(&self) -> Option<&E> {
        match &*self.kind {
            Kind::Rejected(source)
            | Kind::Failed { source, .. }
            | Kind::Codec { source, .. }
            | Kind::Unreadable { source, .. }
            | Kind::Unknown { source, .. }
            | Kind::Adapter { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self {
            kind: Arc::new(kind),
        }
    }
}

impl<R: Rejection> From<R> for Error {
    fn from(rejection: R) -> Self {
        Self::rejected(rejection)
    }
}
