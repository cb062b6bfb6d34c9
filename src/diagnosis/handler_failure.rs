use flow_domain::record::{FailureKind, HandlerKind, HandlerOutcome, RolledBack};

use crate::diagnosis::{
    Cause, ExpectedKey,
    causal_index::{CausalIndex, IndexedCall, IndexedMessage},
};

/// Why nothing came of a handling, or of a message.
impl<'r> CausalIndex<'r> {
    /// Why nothing came of a handling, if it did not simply go well.
    pub(super) fn problem_of_call(&self, handling: &IndexedCall<'r>) -> Option<Cause> {
        let at = self.handler_call(handling);
        match handling.outcome? {
            HandlerOutcome::Rejected(undone) if handling.kind == HandlerKind::CommandHandler => {
                let is_answer = self.message_of(handling).is_some_and(|one| {
                    one.produced_by.is_none() && self.n_given <= one.entry.index()
                });
                let refused = || Cause::Rejected {
                    at,
                    reason: undone.reason.clone(),
                    is_command_result: is_answer,
                    missing_state: self.missing_state(handling),
                };

                Some(self.wrong_key(handling).unwrap_or_else(refused))
            }
            HandlerOutcome::Failed(undone) | HandlerOutcome::Rejected(undone) => {
                Some(self.handler_failure(handling, undone))
            }
            HandlerOutcome::Filtered(reason) => Some(Cause::Filtered {
                at,
                reason: reason.clone(),
            }),
            HandlerOutcome::Deduplicated => Some(Cause::Deduplicated { at }),
            _ => self.rolled_back_call(handling),
        }
    }

    /// Why what was handled well was rolled back all the same.
    fn rolled_back_call(&self, handling: &IndexedCall<'r>) -> Option<Cause> {
        let with = handling.rolled_back_by?;
        let outer = self.failed_outer_call(handling, with)?;
        let Some(HandlerOutcome::Failed(undone) | HandlerOutcome::Rejected(undone)) = outer.outcome
        else {
            return None;
        };

        let what = match self.message_of(handling) {
            Some(message) => format!("what {} did on {}", handling.handler, message.name),
            None => format!("what {} did", handling.handler),
        };

        Some(Cause::RolledBack {
            what,
            at: self.handler_call(outer),
            reason: undone.reason.clone(),
        })
    }

    /// The handling of this name around a handling.
    fn failed_outer_call(
        &self,
        handling: &IndexedCall<'r>,
        name: &str,
    ) -> Option<&IndexedCall<'r>> {
        let mut inner = handling;
        loop {
            let message = self.message_of(inner)?;
            let outer = self.producer_of(message)?;
            let has_failed = matches!(
                outer.outcome,
                Some(HandlerOutcome::Failed(_) | HandlerOutcome::Rejected(_))
            );

            if outer.handler == name && has_failed {
                return Some(outer);
            }

            inner = outer;
        }
    }

    /// Whether a handling was not the first of its handler with this message that went well.
    pub(super) fn handled_repeatedly(&self, handling: &IndexedCall<'r>) -> Option<Cause> {
        let same = self.calls.iter().filter(|other| {
            let is_same = (other.handler, other.message) == (handling.handler, handling.message);
            is_same && handling.message.is_some() && other.has_succeeded()
        });
        let times = same.count();

        (1 < times).then(|| Cause::HandledRepeatedly {
            at: self.handler_call(handling),
            times,
        })
    }

    fn handler_failure(&self, handling: &IndexedCall<'r>, undone: &RolledBack) -> Cause {
        // What it did under a wrong key may well be why what it issued failed.
        if let Some(wrong @ Cause::WrongKey { .. }) = self.wrong_key(handling)
            && matches!(
                wrong,
                Cause::WrongKey {
                    expected_key: ExpectedKey::InField(..),
                    ..
                }
            )
        {
            return wrong;
        }

        let issued = handling.caused.iter().map(|place| &self.messages[*place]);
        // A command takes the handler that issued it with it: the cause is further inside.
        for message in issued.filter(|message| !message.is_event()).rev() {
            if message.has_no_subscriber {
                return self.no_handler(message);
            }

            let mut inner = self.calls_of(message).filter(|inner| match inner.outcome {
                Some(HandlerOutcome::Failed(inner) | HandlerOutcome::Rejected(inner)) => {
                    undone.reason.ends_with(&inner.reason)
                }
                _ => false,
            });

            if let Some(verdict) = inner.next().and_then(|inner| self.problem_of_call(inner)) {
                return verdict;
            }
        }

        let known = self.wrong_key(handling);
        let known = known.or_else(|| self.unsubscribed_creation(handling));
        let known = known.or_else(|| match &undone.kind {
            FailureKind::Codec(what) => self
                .unreadable_message(handling, what, undone)
                .or_else(|| self.unreadable_write(handling, what, undone)),
            _ => None,
        });

        if let Some(verdict) = known {
            return verdict;
        }

        let same = self
            .calls
            .iter()
            .filter(|other| (other.handler, other.message) == (handling.handler, handling.message));
        let attempts = same.map(|other| other.attempt).max().unwrap_or(1);
        let message = self.message_of(handling);
        let given_up = message.and_then(|message| {
            message
                .retries_exhausted
                .iter()
                .find(|(handler, ..)| *handler == handling.handler)
        });

        Cause::HandlerFailed {
            at: self.handler_call(handling),
            error: undone.reason.clone(),
            attempts,
            is_dead_letter: given_up.is_some_and(|(.., is_kept)| *is_kept),
            is_panic: undone.kind == FailureKind::Panic,
            missing: match &undone.kind {
                FailureKind::NotFound {
                    type_name: what,
                    id,
                } => Some(self.describe_missing(what, id)),
                _ => None,
            },
        }
    }

    /// A command that nobody handles.
    pub(super) fn no_handler(&self, message: &IndexedMessage<'r>) -> Cause {
        let relative = self
            .wiring
            .commands
            .iter()
            .find(|one| one.category == message.category());

        Cause::NoHandler {
            command: message.name.clone(),
            related_handler: relative.map(|one| one.handler),
            entry: message.entry,
        }
    }
}
