use std::collections::BTreeSet;

use flow_domain::{
    message::Payload,
    record::{Ended, FailureKind, HandlerKind, RolledBack, Table, TableKind},
    wiring::nearest,
};

use crate::why::{
    KeptAs, Missing, Nearness, Origin, Right, Verdict,
    facts::{Facts, Handling, Message, is_text},
    sought::SoughtKept,
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

    /// An aggregate that a handling looked for in vain, although its events are there.
    fn unmade(&self, handling: &Handling<'r>) -> Option<String> {
        let mut missed = handling.missed.iter();
        let (table, id) = missed.find(|(table, id)| {
            let mut aggregates = self.wiring.aggregates.iter();
            let own = aggregates.find(|one| one.name == table.name && !one.event_sourced);
            let mut messages = self.messages.iter();
            own.is_some_and(|own| {
                messages.any(|message| {
                    let stream = &message.envelope.metadata.stream;
                    message.is_event()
                        && message.kept.is_some()
                        && message.category() == own.category
                        && stream.id() == *id
                })
            })
        })?;
        Some(format!("{} {id:?}", table.name))
    }

    /// What was to be there, and what was there instead.
    fn missing(&self, what: &'static str, id: &str) -> Missing {
        let mut aggregates = self.wiring.aggregates.iter();
        let own = aggregates.find(|one| one.name == what);
        let kind = match own {
            Some(_) => TableKind::Aggregate,
            None => TableKind::Projection,
        };
        Missing {
            what,
            id: id.to_owned(),
            kept_as: match own {
                Some(own) if own.event_sourced => KeptAs::Events,
                Some(_) => KeptAs::State,
                None => KeptAs::Row,
            },
            known: self.ids_of(Table::new(kind, what)).into_iter().collect(),
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
        let mut missed = handling.missed.iter();
        missed.find_map(|(table, id)| self.missed_by_key(handling, *table, id))
    }

    fn missed_by_key(&self, handling: &Handling<'r>, table: Table, id: &str) -> Option<Verdict> {
        let message = self.message_of(handling)?;
        let field = message.field_with(id);
        let known = self.ids_of(table);
        let carried = known.iter().find_map(|known| {
            let other = message.field_with(known)?;
            (Some(&other) != field.as_ref()).then(|| Right::Field(other, known.clone()))
        });
        // A message that has the right id where such ids are is not to blame.
        let is_right =
            matches!(&carried, Some(Right::Field(right, _)) if self.is_id_field(table, right));
        if !is_right {
            let mut known = known.iter();
            let elsewhere = known.find_map(|wrote| {
                let ids = (id, &**wrote);
                let misfiled = self.misfiled(table, ids);
                misfiled.or_else(|| self.misnamed(table, ids, handling))
            });
            if elsewhere.is_some() {
                return elsewhere;
            }
        }
        let origin = field.as_ref().map(|field| {
            let value = serde_json::Value::String(id.to_owned());
            self.origin_of(message, field, &value)
        });
        let origin =
            origin.filter(|origin| !is_right && !matches!(origin, Origin::Sentence { .. }));
        let is_changed = matches!(origin, Some(Origin::Changed { .. }));
        let right = match carried {
            Some(carried) => carried,
            None => match nearest(id, known.iter().map(String::as_str)) {
                Some(near) => Right::Near(near.to_owned()),
                None if is_changed => Right::Unknown,
                None => return None,
            },
        };
        Some(Verdict::WrongKey {
            at: self.place(handling),
            name: table.name,
            id: id.to_owned(),
            field,
            right,
            origin,
        })
    }

    /// Whether messages carry the id of such a thing in a field of this name.
    fn is_id_field(&self, table: Table, field: &str) -> bool {
        let mut aggregates = self.wiring.aggregates.iter();
        let Some(own) = aggregates.find(|one| one.name == table.name) else {
            let writes = self.handlings.iter().flat_map(|one| one.writes.iter());
            let mut rows = writes.filter(|one| one.table == table);
            return rows.any(|row| {
                let now = row.after.as_ref().map(Payload::to_value);
                now.is_some_and(|now| now.get(field).is_some_and(|value| is_text(value, &row.id)))
            });
        };
        let mut messages = self.messages.iter();
        messages.any(|message| {
            let id = message.envelope.metadata.stream.id();
            message.category() == own.category
                && message
                    .content()
                    .get(field)
                    .is_some_and(|value| is_text(value, id))
        })
    }

    /// Whether what was looked for was written under the other id, by a handler of a message of the
    /// first.
    fn misfiled(&self, table: Table, (wanted, wrote): (&str, &str)) -> Option<Verdict> {
        let (by, _) = self.writes_of(table, wrote).next()?;
        let message = self.message_of(by)?;
        if message.envelope.metadata.stream.id() != wanted {
            return None;
        }
        let n_letters = strsim::damerau_levenshtein(wanted, wrote);
        let nearness = match message.field_with(wanted) {
            Some(field) => Nearness::Carried(field),
            None => Nearness::Letters(n_letters),
        };
        Some(Verdict::WroteOther {
            at: self.place(by),
            wanted: format!("{} {wanted:?}", table.name),
            wrote: format!("{} {wrote:?}", table.name),
            nearness,
            origin: None,
        })
    }

    /// Whether what was looked for was written under the other id because a handler made that of the right
    /// one.
    fn misnamed(
        &self,
        table: Table,
        (wanted, wrote): (&str, &str),
        missed_by: &Handling<'r>,
    ) -> Option<Verdict> {
        let (by, _) = self.writes_of(table, wrote).next()?;
        // What came later was not to be found yet.
        if missed_by.started < by.started {
            return None;
        }
        let message = self.message_of(by)?;
        let field = message.field_with(wrote)?;
        let value = serde_json::Value::String(wrote.to_owned());
        let origin = self.origin_of(message, &field, &value);
        let Origin::Changed { said, .. } = &origin else {
            return None;
        };
        is_text(said, wanted).then(|| Verdict::WroteOther {
            at: self.place(by),
            wanted: format!("{} {wanted:?}", table.name),
            wrote: format!("{} {wrote:?}", table.name),
            nearness: Nearness::Other,
            origin: Some(origin),
        })
    }

    /// Whether a handler did not find what an event would have made that it is not told of.
    fn never_told(&self, handling: &Handling<'r>) -> Option<Verdict> {
        let (_, id) = handling.missed.first()?;
        let own = self.message_of(handling)?;
        let mut earlier = self.messages.iter().filter(|message| {
            message.is_event()
                && message.kept.is_some()
                && message.entry < own.entry
                && message.envelope.metadata.stream.id() == *id
                && (message.category() == own.category()
                    || self.reads(handling.handler, message.category()))
        });
        let first = earlier.next()?;
        let is_told = self.is_subscribed(handling.handler, first);
        (!is_told).then(|| self.not_told(first, Some(handling.handler)))
    }

    /// Who raised or issued the message that a handling could not read, if nobody else could either. Who
    /// fails on it alone reads it wrongly.
    fn unreadable_message(
        &self,
        handling: &Handling<'r>,
        what: &str,
        undone: &RolledBack,
    ) -> Option<Verdict> {
        let message = self.message_of(handling)?;
        let by = self.handling_of(message)?;
        let others: Vec<_> = self
            .handlings_of(message)
            .filter(|other| other.handler != handling.handler)
            .collect();
        let is_unreadable = |one: &&Handling<'r>| {
            let Some(Ended::Failed(undone) | Ended::Rejected(undone)) = one.ended else {
                return false;
            };
            matches!(&undone.kind, FailureKind::Codec(name) if name == what)
        };
        let is_meant = message.name == *what && !others.is_empty();
        (is_meant && others.iter().all(is_unreadable)).then(|| Verdict::Unreadable {
            at: self.place(by),
            subject: message.name.clone(),
            error: undone.reason.clone(),
        })
    }

    /// Who wrote what a handling could not read.
    fn unreadable(
        &self,
        handling: &Handling<'r>,
        what: &str,
        undone: &RolledBack,
    ) -> Option<Verdict> {
        let before = self.handlings.iter().rev();
        let mut before = before.filter(|one| one.started < handling.started);
        before.find_map(|one| {
            let mut writes = one.writes.iter();
            let written = writes.find(|written| written.table.name == what)?;
            Some(Verdict::Unreadable {
                at: self.place(one),
                subject: format!("{} {:?}", written.table.name, written.id),
                error: undone.reason.clone(),
            })
        })
    }

    /// Who wrote what cannot be read.
    pub(super) fn unreadable_kept(&self, sought: &SoughtKept, error: &str) -> Vec<Verdict> {
        let table = Self::table(sought);
        let is_it = |id: &str| sought.id.as_ref().is_none_or(|wanted| wanted == id);
        let handlings = self.handlings.iter().rev();
        let mut written = handlings.flat_map(|one| {
            let written = one.writes.iter().filter(|one| one.table == table);
            written.map(move |written| (one, &*written.id))
        });
        if let Some((by, id)) = written.find(|(_, id)| is_it(id)) {
            return vec![Verdict::Unreadable {
                at: self.place(by),
                subject: format!("{} {id:?}", table.name),
                error: error.to_owned(),
            }];
        }
        // It is folded from events, of which one is named.
        let messages = self.messages.iter().rev();
        let own = messages.filter(|one| {
            one.is_event()
                && one.kept.is_some()
                && sought.stream_category == Some(one.category())
                && is_it(one.envelope.metadata.stream.id())
        });
        let own: Vec<_> = own.collect();
        let named = own
            .iter()
            .find(|one| error.contains(&format!("`{}`", one.name)));
        let by = named.or(own.first()).and_then(|event| {
            let by = self.handling_of(event)?;
            Some(Verdict::Unreadable {
                at: self.place(by),
                subject: event.name.clone(),
                error: error.to_owned(),
            })
        });
        by.into_iter().collect()
    }

    /// The ids under which such things were ever kept.
    pub(super) fn ids_of(&self, table: Table) -> BTreeSet<String> {
        let writes = self.handlings.iter().flat_map(|one| one.writes.iter());
        let written = writes.filter(|one| one.table == table && one.after.is_some());
        let mut ids: BTreeSet<String> = written.map(|one| one.id.to_string()).collect();
        if table.kind == TableKind::Aggregate {
            let mut aggregates = self.wiring.aggregates.iter();
            let own = aggregates.find(|one| one.name == table.name && one.event_sourced);
            let category = own.map(|one| one.category);
            let events = self.messages.iter().filter(|message| {
                message.is_event() && message.kept.is_some() && Some(message.category()) == category
            });
            ids.extend(events.map(|event| event.envelope.metadata.stream.id().to_owned()));
        }
        ids
    }
}
