use flow_domain::record::{FailureKind, HandlerKind, HandlerOutcome, RolledBack};

use crate::diagnosis::{
    Cause, ExpectedKey,
    causal_index::{CausalIndex, IndexedCall},
    indexed_message::IndexedMessage,
};

/// Why a handler call had no effect.
impl<'r> CausalIndex<'r> {
    /// Returns why a call had no effect; `None` if it succeeded and was not rolled back.
    pub(super) fn problem_of_call(&self, call: &IndexedCall<'r>) -> Option<Cause> {
        let at = self.handler_call(call);

        match call.outcome? {
            HandlerOutcome::Rejected(rejection) if call.kind == HandlerKind::CommandHandler => {
                let rejected = || Cause::Rejected {
                    at,
                    reason: rejection.reason.clone(),
                    missing_state: self.missing_state(call),
                };

                Some(self.wrong_key(call).unwrap_or_else(rejected))
            }
            HandlerOutcome::Failed(failure) | HandlerOutcome::Rejected(failure) => {
                Some(self.handler_failure(call, failure))
            }
            HandlerOutcome::Filtered(reason) => Some(Cause::Filtered {
                at,
                reason: reason.clone(),
            }),
            HandlerOutcome::Deduplicated => Some(Cause::Deduplicated { at }),
            _ => self.rolled_back_call(call),
        }
    }

    /// Returns why a successful call was rolled back, if it was.
    fn rolled_back_call(&self, call: &IndexedCall<'r>) -> Option<Cause> {
        let outer = self.failed_outer_call(call, call.rolled_back_by?)?;
        let failure = outer.failure()?;

        let what = match self.message_of(call) {
            Some(message) => format!("the work of {} on {}", call.handler, message.name),
            None => format!("the work of {}", call.handler),
        };

        Some(Cause::RolledBack {
            what,
            at: self.handler_call(outer),
            reason: failure.reason.clone(),
        })
    }

    /// Follows the messages back from `call` to the nearest failed call of `handler`.
    fn failed_outer_call(&self, call: &IndexedCall<'r>, handler: &str) -> Option<&IndexedCall<'r>> {
        let mut inner = call;
        loop {
            let outer = self.producer_of(self.message_of(inner)?)?;
            if outer.handler == handler && outer.has_failed() {
                return Some(outer);
            }

            inner = outer;
        }
    }

    /// Returns the cause that a handler changed something more than once with the same message.
    pub(super) fn handled_repeatedly(&self, call: &IndexedCall<'r>) -> Option<Cause> {
        let times = self
            .attempts_of(call)
            .filter(|other| call.message.is_some() && other.has_effect())
            .count();

        (1 < times).then(|| Cause::HandledRepeatedly {
            at: self.handler_call(call),
            times,
        })
    }

    /// Returns why a handler failed: the most specific cause that is known.
    fn handler_failure(&self, call: &IndexedCall<'r>, failure: &RolledBack) -> Cause {
        // The wrong key comes first: it may be the reason why an issued command failed.
        self.wrong_key_in_field(call)
            .or_else(|| self.inner_failure(call, failure))
            .or_else(|| self.wrong_key(call))
            .or_else(|| self.unsubscribed_creation(call))
            .or_else(|| self.unreadable_input(call, failure))
            .unwrap_or_else(|| self.unexplained_failure(call, failure))
    }

    /// Returns the wrong key of a call, if its message contains the expected key in another field.
    fn wrong_key_in_field(&self, call: &IndexedCall<'r>) -> Option<Cause> {
        self.wrong_key(call).filter(|cause| {
            matches!(
                cause,
                Cause::WrongKey {
                    expected_key: ExpectedKey::InField(..),
                    ..
                }
            )
        })
    }

    /// Returns why an issued command failed, if its failure made the call fail, too.
    ///
    /// The command must be the last message that the handler sent, and both must have failed alike.
    /// A handler may also ignore the failure of a command, and fail later for another reason.
    fn inner_failure(&self, call: &IndexedCall<'r>, failure: &RolledBack) -> Option<Cause> {
        let command = self
            .messages_caused_by(call)
            .next_back()
            .filter(|message| !message.is_event())?;
        if command.has_no_subscriber {
            return Some(self.no_handler(command));
        }

        let inner = self.calls_of(command).last()?;
        let inner_failure = inner.failure()?;
        let is_same =
            (&inner_failure.kind, &inner_failure.reason) == (&failure.kind, &failure.reason);

        self.problem_of_call(inner).filter(|_| is_same)
    }

    /// Returns who wrote the message or state that a call could not read.
    fn unreadable_input(&self, call: &IndexedCall<'r>, failure: &RolledBack) -> Option<Cause> {
        let FailureKind::Codec(type_name) = &failure.kind else {
            return None;
        };

        self.unreadable_message(call, type_name, failure)
            .or_else(|| self.unreadable_write(call, type_name, failure))
    }

    /// Returns the failure itself, if no cause behind it is known.
    fn unexplained_failure(&self, call: &IndexedCall<'r>, failure: &RolledBack) -> Cause {
        let attempts = self
            .attempts_of(call)
            .filter(|other| other.has_failed())
            .map(|other| other.attempt)
            .max()
            .unwrap_or(1);
        Cause::HandlerFailed {
            at: self.handler_call(call),
            error: failure.reason.clone(),
            attempts,
            is_dead_letter: self.is_dead_letter(call),
            is_panic: failure.kind == FailureKind::Panic,
            is_timed_out: failure.kind == FailureKind::TimedOut,
            missing: match &failure.kind {
                FailureKind::NotFound { type_name, id } => {
                    Some(self.describe_missing(type_name, id))
                }
                _ => None,
            },
        }
    }

    /// Returns true if a call failed and its message became a dead letter of the handler.
    pub(super) fn is_dead_letter(&self, call: &IndexedCall<'_>) -> bool {
        let letters = self.message_of(call).map(|message| &message.dead_letters);

        call.has_failed() && letters.is_some_and(|letters| letters.contains(&call.handler))
    }

    /// Returns the cause that no handler handles a command.
    pub(super) fn no_handler(&self, command: &IndexedMessage<'r>) -> Cause {
        let related = self
            .wiring
            .commands
            .iter()
            .find(|route| route.category == command.category());

        Cause::NoHandler {
            command: command.name.clone(),
            related_handler: related.map(|route| route.handler),
            entry: command.entry,
        }
    }
}
