use flow_domain::record::{Ended, FailureKind, HandlerKind, RolledBack};

use crate::why::{
    Right, Verdict,
    facts::{Facts, Handling, Message},
};

/// Why nothing came of a handling, or of a message.
impl<'r> Facts<'r> {
    /// Why nothing came of a handling, if it did not simply go well.
    pub(super) fn trouble_of(&self, handling: &Handling<'r>) -> Option<Verdict> {
        let at = self.place(handling);
        match handling.ended? {
            Ended::Rejected(undone) if handling.kind == HandlerKind::CommandHandler => {
                let is_answer = self
                    .message_of(handling)
                    .is_some_and(|one| one.by.is_none() && self.n_given <= one.entry.index());
                let refused = || Verdict::Rejected {
                    at,
                    reason: undone.reason.clone(),
                    is_answer,
                    unmade: self.unmade(handling),
                };
                Some(self.wrong_key(handling).unwrap_or_else(refused))
            }
            Ended::Failed(undone) | Ended::Rejected(undone) => {
                Some(self.failure_of(handling, undone))
            }
            Ended::Filtered(reason) => Some(Verdict::Filtered {
                at,
                reason: reason.clone(),
            }),
            Ended::Deduplicated => Some(Verdict::Deduplicated { at }),
            _ => self.undone(handling),
        }
    }

    /// Why what was handled well was rolled back all the same.
    fn undone(&self, handling: &Handling<'r>) -> Option<Verdict> {
        let with = handling.undone_with?;
        let outer = self.outer_of(handling, with)?;
        let Some(Ended::Failed(undone) | Ended::Rejected(undone)) = outer.ended else {
            return None;
        };
        let what = match self.message_of(handling) {
            Some(message) => format!("what {} did on {}", handling.handler, message.name),
            None => format!("what {} did", handling.handler),
        };
        Some(Verdict::RolledBack {
            what,
            at: self.place(outer),
            reason: undone.reason.clone(),
        })
    }

    /// The handling of this name around a handling.
    fn outer_of(&self, handling: &Handling<'r>, name: &str) -> Option<&Handling<'r>> {
        let mut inner = handling;
        loop {
            let message = self.message_of(inner)?;
            let outer = self.handling_of(message)?;
            let has_failed = matches!(outer.ended, Some(Ended::Failed(_) | Ended::Rejected(_)));
            if outer.handler == name && has_failed {
                return Some(outer);
            }
            inner = outer;
        }
    }

    /// Whether a handling was not the first of its handler with this message that went well.
    pub(super) fn handled_again(&self, handling: &Handling<'r>) -> Option<Verdict> {
        let same = self.handlings.iter().filter(|other| {
            let is_same = (other.handler, other.message) == (handling.handler, handling.message);
            is_same && handling.message.is_some() && other.is_handled()
        });
        let times = same.count();
        (1 < times).then(|| Verdict::HandledAgain {
            at: self.place(handling),
            times,
        })
    }

    fn failure_of(&self, handling: &Handling<'r>, undone: &RolledBack) -> Verdict {
        // What it did under a wrong key may well be why what it issued failed.
        if let Some(wrong @ Verdict::WrongKey { .. }) = self.wrong_key(handling)
            && matches!(
                wrong,
                Verdict::WrongKey {
                    right: Right::Field(..),
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
            let mut inner = self
                .handlings_of(message)
                .filter(|inner| match inner.ended {
                    Some(Ended::Failed(inner) | Ended::Rejected(inner)) => {
                        undone.reason.ends_with(&inner.reason)
                    }
                    _ => false,
                });
            if let Some(verdict) = inner.next().and_then(|inner| self.trouble_of(inner)) {
                return verdict;
            }
        }
        let known = self.wrong_key(handling);
        let known = known.or_else(|| self.never_told(handling));
        let known = known.or_else(|| match &undone.kind {
            FailureKind::Codec(what) => self
                .unreadable_message(handling, what, undone)
                .or_else(|| self.unreadable(handling, what, undone)),
            _ => None,
        });
        if let Some(verdict) = known {
            return verdict;
        }
        let same = self
            .handlings
            .iter()
            .filter(|other| (other.handler, other.message) == (handling.handler, handling.message));
        let attempts = same.map(|other| other.attempt).max().unwrap_or(1);
        let message = self.message_of(handling);
        let given_up = message.and_then(|message| {
            let mut given_up = message.given_up.iter();
            given_up.find(|(handler, ..)| *handler == handling.handler)
        });
        Verdict::HandlerFailed {
            at: self.place(handling),
            error: undone.reason.clone(),
            attempts,
            is_dead_letter: given_up.is_some_and(|(.., is_kept)| *is_kept),
            is_panic: undone.kind == FailureKind::Panic,
            missing: match &undone.kind {
                FailureKind::NotFound { what, id } => Some(self.missing(what, id)),
                _ => None,
            },
        }
    }

    /// A command that nobody handles.
    pub(super) fn no_handler(&self, message: &Message<'r>) -> Verdict {
        let mut relatives = self.wiring.commands.iter();
        let relative = relatives.find(|one| one.category == message.category());
        Verdict::NoHandler {
            command: message.name.clone(),
            relative: relative.map(|one| one.handler),
            entry: message.entry,
        }
    }
}
