use std::collections::BTreeSet;

use flow_domain::{
    record::{Ended, HandlerKind, RolledBack, Table, TableKind},
    wiring::nearest,
};

use crate::why::{
    Origin, Right, Verdict,
    facts::{Facts, Handling, Message},
};

/// Why nothing came of a handling, or of a message.
impl<'r> Facts<'r> {
    /// Why nothing came of a handling, if it did not simply go well.
    pub(super) fn trouble_of(&self, handling: &Handling<'r>) -> Option<Verdict> {
        let at = self.place(handling);
        match handling.ended? {
            Ended::Failed(undone) => Some(self.failure_of(handling, undone)),
            Ended::Rejected(undone) if handling.kind == HandlerKind::CommandHandler => {
                Some(Verdict::Rejected {
                    at,
                    reason: undone.reason.clone(),
                })
            }
            Ended::Rejected(undone) => Some(self.failure_of(handling, undone)),
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
        let (Some(Ended::Failed(undone)) | Some(Ended::Rejected(undone))) = outer.ended else {
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

    fn failure_of(&self, handling: &Handling<'r>, undone: &RolledBack) -> Verdict {
        let issued = handling.caused.iter().map(|place| &self.messages[*place]);
        for message in issued.filter(|message| !message.is_event()) {
            if message.has_no_subscriber {
                return self.no_handler(message);
            }
            // A command takes the handler that issued it with it: the cause is further inside.
            let mut inner = self
                .handlings_of(message)
                .filter(|inner| match inner.ended {
                    Some(Ended::Failed(inner) | Ended::Rejected(inner)) => {
                        undone.reason.contains(&inner.reason)
                    }
                    _ => false,
                });
            if let Some(verdict) = inner.next().and_then(|inner| self.trouble_of(inner)) {
                return verdict;
            }
        }
        if let Some(verdict) = self.wrong_key(handling) {
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
            is_panic: undone.is_panic,
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

    /// Whether a handling looked for something under a wrong id: there is one whose id its message
    /// carries in another field, or one with nearly the same id.
    pub(super) fn wrong_key(&self, handling: &Handling<'r>) -> Option<Verdict> {
        let message = self.message_of(handling)?;
        handling.missed.iter().find_map(|(table, id)| {
            let field = message.field_with(id);
            let known = self.ids_of(*table);
            let carried = known.iter().find_map(|known| {
                let other = message.field_with(known)?;
                (Some(&other) != field.as_ref()).then(|| Right::Field(other, known.clone()))
            });
            let origin = field.as_ref().map(|field| {
                let value = serde_json::Value::String((*id).to_owned());
                self.origin_of(message, field, &value)
            });
            let origin = origin.filter(|origin| matches!(origin, Origin::Changed { .. }));
            let near = || nearest(id, known.iter().map(String::as_str));
            let right = match carried {
                Some(carried) => carried,
                None => match near() {
                    Some(near) => Right::Near(near.to_owned()),
                    None if origin.is_some() => Right::Unknown,
                    None => return None,
                },
            };
            Some(Verdict::WrongKey {
                at: self.place(handling),
                name: table.name,
                id: (*id).to_owned(),
                field,
                right,
                origin,
            })
        })
    }

    /// The ids under which such things were ever kept.
    pub(super) fn ids_of(&self, table: Table) -> BTreeSet<String> {
        let writes = self.handlings.iter().flat_map(|one| one.writes.iter());
        let written = writes.filter(|one| one.table == table && one.after.is_some());
        let mut ids: BTreeSet<String> = written.map(|one| one.id.to_string()).collect();
        if table.kind == TableKind::Aggregate {
            let mut aggregates = self.wiring.aggregates.iter();
            let own = aggregates.find(|one| one.name == table.name);
            let category = own.map(|one| one.category);
            let events = self.messages.iter().filter(|message| {
                message.is_event() && message.kept.is_some() && Some(message.category()) == category
            });
            ids.extend(events.map(|event| event.envelope.metadata.stream.id().to_owned()));
        }
        ids
    }
}
