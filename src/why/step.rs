use flow_domain::{
    message::Payload,
    record::{Ended, EntryId, HandlerKind, Law, TableKind, WrittenValue},
};

use crate::why::{
    Verdict,
    absent::NotTold,
    differs::Fold,
    facts::{Facts, Handling, Message},
    found::merge,
    sought::{Sought, SoughtKept, Want},
};

/// Why a step failed, by what it was about.
impl<'r> Facts<'r> {
    pub(super) fn verdicts(&self, sought: &Sought, fold: Fold<'_>) -> Vec<Verdict> {
        match sought {
            Sought::Kept(kept) => self.kept(kept, fold),
            Sought::Message { name, differs } => {
                let differs = differs.as_ref();
                let differs = differs.and_then(|(name, fields)| self.message_differs(name, fields));
                let mut missing = self.no_message(name).into_verdicts();
                // One like it came: nobody had to be told of anything else.
                missing.retain(|one| {
                    differs.is_none() || !matches!(one, Verdict::NoSubscriber { .. })
                });
                differs.into_iter().chain(missing).collect()
            }
            Sought::Messages { .. } => self.messages(sought),
            Sought::NoMessage(name) => {
                let mut messages = self.acted_messages();
                let found = messages.find(|one| one.name == *name && one.kept.is_some());
                found.map(|one| self.unexpected(one)).into_iter().collect()
            }
            Sought::Handled(handler) => self.not_handled(handler),
            Sought::Answer => self.answer(),
            Sought::Failure(handler) => {
                let mut handlings = self.acted().rev();
                match handlings.find(|one| one.handler == *handler) {
                    Some(found) => vec![self.trouble_of(found).unwrap_or_else(|| self.did(found))],
                    None => self.not_handled(handler),
                }
            }
            Sought::Given => {
                let troubles = self.acted().filter(|one| one.has_failed());
                let troubles = troubles.filter_map(|one| self.trouble_of(one));
                let fates = self.acted_messages().filter_map(|one| self.fate_of(one));
                troubles.chain(fates).collect()
            }
            Sought::Law(law, started) => self.broke(*law, *started),
            Sought::Trouble(handler) => self.trouble(*handler),
            Sought::Schedule(name) => self.not_scheduled(name),
            Sought::OfEngine { what, word, event } => self.of_engine(what, word, event.as_deref()),
            Sought::ReadWhileWaiting => self.waits().into_iter().collect(),
        }
    }

    fn kept(&self, kept: &SoughtKept, fold: Fold<'_>) -> Vec<Verdict> {
        match kept.want {
            Want::Present => self.absent(kept),
            Want::Fields(_) | Want::Otherwise if kept.id.is_some() => self.differs(kept, fold),
            Want::Fields(_) | Want::Otherwise => {
                let (mut verdicts, scheduled) = self.trouble_of_writers(kept);
                verdicts.extend(scheduled);
                verdicts.extend(self.last_written(kept));
                let NotTold { unheard, heard, .. } = self.not_subscribed(kept, false);
                verdicts.extend(unheard.into_iter().chain(heard));
                let (told, guessed) = self.missing_messages(kept);
                verdicts.extend(told.into_iter().chain(guessed));
                verdicts
            }
            Want::Row(ref row) => self.differs(&self.one_of(kept, row), fold),
            Want::NoRow(ref row) => {
                let row = self.one_of(kept, row);
                self.last_written(&row).into_iter().collect()
            }
            Want::Absent => self.last_written(kept).into_iter().collect(),
            Want::Readable { ref error } => self.unreadable_kept(kept, error),
        }
    }

    /// One of several rows: the one that is so.
    fn one_of(&self, sought: &SoughtKept, row: &Payload) -> SoughtKept {
        let table = Self::table(sought);
        let writes = self.handlings.iter().flat_map(|one| one.writes.iter());
        let mut writes = writes.filter(|one| one.table == table);
        let is_it = |one: &&&WrittenValue| one.after.as_ref() == Some(row);
        SoughtKept {
            id: writes.rfind(is_it).map(|written| written.id.to_string()),
            want: Want::Otherwise,
            ..sought.clone()
        }
    }

    /// Who broke a law.
    fn broke(&self, law: Law, started: EntryId) -> Vec<Verdict> {
        let mut handlings = self.handlings.iter();
        let by = handlings.find(|one| one.started == started);
        let verdict = by.map(|by| Verdict::BrokeLaw {
            at: self.place(by),
            law,
        });
        verdict.into_iter().collect()
    }

    /// Who wrote it last, although it should not be there.
    fn last_written(&self, sought: &SoughtKept) -> Option<Verdict> {
        let table = Self::table(sought);
        let is_it = |id: &str| sought.id.as_ref().is_none_or(|wanted| wanted == id);
        let in_stream = |message: &&Message<'r>| {
            sought.stream_category == Some(message.category())
                && message.is_event()
                && is_it(message.envelope.metadata.stream.id())
        };
        let mut handlings = self.handlings.iter().rev();
        let by = handlings.find(|one| {
            let mut writes = one.writes.iter();
            let raised = one.caused.iter().map(|place| &self.messages[*place]);
            writes.any(|written| written.table == table && is_it(&written.id))
                || raised.filter(in_stream).any(|event| event.kept.is_some())
        });
        let Some(by) = by else {
            let mut messages = self.messages.iter().rev();
            let event = messages.find(|one| in_stream(one))?;
            return Some(self.unexpected(event));
        };
        let mut written = by.writes.iter().rev();
        let written = written.find(|written| written.table == table && is_it(&written.id));
        let did = match written {
            Some(written) => format!("wrote {} {:?}", sought.kept.name, written.id),
            None => format!("raised events of {}", sought.subject()),
        };
        Some(Verdict::Unexpected {
            did,
            at: Some(self.place(by)),
        })
    }

    fn unexpected(&self, message: &Message<'r>) -> Verdict {
        Verdict::Unexpected {
            did: format!("{} {}", message.verb(), message.name),
            at: self.handling_of(message).map(|by| self.place(by)),
        }
    }

    fn messages(&self, sought: &Sought) -> Vec<Verdict> {
        let Sought::Messages {
            missing,
            unexpected,
            expected,
            found,
        } = sought
        else {
            return Vec::new();
        };
        if missing.is_empty() && unexpected.is_empty() {
            let first = expected.iter().zip(found).find(|(one, other)| one != other);
            let early = first.and_then(|(_, early)| {
                let mut messages = self.acted_messages();
                messages.find(|one| one.name == *early)
            });
            return vec![Verdict::OrderDiffers {
                expected: expected.clone(),
                found: found.clone(),
                at: early.and_then(|early| self.handling_of(early).map(|by| self.place(by))),
            }];
        }
        let mut verdicts = Vec::new();
        for (name, differences) in missing {
            if differences.is_empty() {
                verdicts.extend(self.no_message(name).into_verdicts());
            } else {
                verdicts.extend(self.message_differs(name, differences));
            }
        }
        for name in unexpected {
            let mut messages = self.acted_messages().rev();
            let one = messages.find(|one| one.name == *name && one.kept.is_some());
            let by = one.and_then(|one| self.handling_of(one));
            verdicts.extend(by.and_then(|by| self.handled_again(by)));
            verdicts.extend(one.map(|one| self.unexpected(one)));
        }
        verdicts
    }

    /// Why a handler did not handle what it was expected to.
    fn not_handled(&self, handler: &'static str) -> Vec<Verdict> {
        let commands = self.wiring.commands.iter();
        let commands = commands.filter(|one| one.handler == handler);
        let subscriptions = self.wiring.subscriptions.iter();
        let subscriptions = subscriptions.filter(|one| one.handler == handler);
        let names: Vec<&String> = commands
            .map(|one| &one.command)
            .chain(subscriptions.map(|one| &one.event))
            .collect();
        let handlings = self.acted().rev().filter(|one| one.handler == handler);
        let mut verdicts: Vec<Verdict> = handlings
            .filter_map(|handling| self.trouble_of(handling))
            .collect();
        let mut missing = Vec::new();
        for name in names {
            let mut came = self.acted_messages().filter(|one| one.name == *name);
            let first = came.next();
            for message in first.into_iter().chain(came) {
                let mut handlings = self.handlings_of(message);
                if message.kept.is_some() && handlings.all(|one| one.handler != handler) {
                    verdicts.extend(self.not_delivered(handler, message));
                }
            }
            if first.is_none() {
                missing.push(self.no_message(name));
            }
        }
        let mut handled = self.acted().rev().filter(|one| one.handler == handler);
        let last = handled.find(|one| one.is_handled());
        verdicts.extend(last.map(|one| self.did(one)));
        if last.is_none() {
            verdicts.extend(merge(missing).into_verdicts());
        }
        verdicts
    }

    /// The messages of the last act that came from outside.
    fn last_acts(&self) -> impl Iterator<Item = &Message<'r>> {
        let n_before = self.n_before_last_act;
        self.acted_messages()
            .filter(move |one| one.by.is_none() && n_before <= one.entry.index())
    }

    /// What became of the last act.
    fn answer(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for message in self.last_acts() {
            let handlings: Vec<_> = self.handlings_of(message).collect();
            let troubles = handlings.iter().filter_map(|one| self.trouble_of(one));
            verdicts.extend(troubles);
            if handlings.is_empty() {
                verdicts.extend(self.fate_of(message));
            }
        }
        let failed = self.acted().filter(|one| one.is_of_last_act(self));
        let failed = failed.filter(|one| matches!(one.ended, Some(Ended::Failed(_))));
        verdicts.extend(failed.filter_map(|one| self.trouble_of(one)));
        if !verdicts.is_empty() {
            return verdicts;
        }
        let own = self
            .last_acts()
            .flat_map(|message| self.handlings_of(message));
        own.map(|one| self.did(one)).take(1).collect()
    }

    /// What a handling did that went well.
    fn did(&self, handling: &Handling<'r>) -> Verdict {
        let writes = handling.writes.iter();
        let writes = writes.filter(|one| one.table.kind != TableKind::Inbox);
        let written = writes.map(|one| format!("{} {:?}", one.table.name, one.id));
        Verdict::Accepted {
            at: self.place(handling),
            did: self
                .caused_by(handling)
                .into_iter()
                .chain(written)
                .collect(),
        }
    }

    /// Something that went wrong in the last act.
    fn trouble(&self, handler: Option<&'static str>) -> Vec<Verdict> {
        let went_wrong = |one: &&Handling<'r>| match one.ended {
            Some(Ended::Failed(_)) => handler.is_none_or(|name| name == one.handler),
            Some(Ended::Rejected(_)) => match handler {
                Some(name) => name == one.handler,
                None => one.kind == HandlerKind::CommandHandler,
            },
            _ => false,
        };
        // The first: what failed after it may have failed because of it.
        let failed = self
            .acted()
            .filter(|one| one.is_of_last_act(self) && self.is_last_attempt(one))
            .find(went_wrong);
        if let Some(verdict) = failed.and_then(|failed| self.trouble_of(failed)) {
            return vec![verdict];
        }
        let fates = self.last_acts().filter_map(|message| self.fate_of(message));
        fates.collect()
    }

    fn not_scheduled(&self, name: &str) -> Vec<Verdict> {
        let mut came = self.acted_messages().rev();
        let Some(message) = came.find(|one| one.name == name && one.kept.is_some()) else {
            return self.no_message(name).into_verdicts();
        };
        let mut handlings = self.handlings_of(message);
        match handlings.next() {
            Some(handling) => vec![self.did(handling)],
            None => self.fate_of(message).into_iter().collect(),
        }
    }

    fn of_engine(&self, what: &str, word: &'static str, event: Option<&str>) -> Vec<Verdict> {
        if self.is_inline {
            return vec![Verdict::NotInMode {
                what: what.to_owned(),
                word: word.to_owned(),
            }];
        }
        let Some(event) = event else {
            let failed = self.acted().rev().filter_map(|one| self.trouble_of(one));
            return failed.chain([self.all_went_well()]).take(1).collect();
        };
        let mut came = self.acted_messages();
        match came.find(|one| one.name == *event && one.kept.is_some()) {
            Some(message) => self
                .handling_of(message)
                .map(|by| self.did(by))
                .into_iter()
                .collect(),
            None => self.no_message(event).into_verdicts(),
        }
    }

    /// What is left to say if nothing is known.
    pub(super) fn all_went_well(&self) -> Verdict {
        let handled = self.acted().filter(|one| one.is_handled());
        let n_handled = handled.count();
        Verdict::AllWentWell { n_handled }
    }

    /// The first message that waits.
    fn waits(&self) -> Option<Verdict> {
        let Some(first) = self.left.waiting.first() else {
            let mut messages = self.messages.iter().rev();
            let last = messages.find(|one| one.kept.is_some() && one.is_handled_later())?;
            return Some(Verdict::Waits {
                message: last.name.clone(),
                waits_for: "in the outbox, to be published".to_owned(),
                entry: Some(last.entry),
            });
        };
        let mut messages = self.messages.iter().filter(|message| {
            let is_for_it = self.is_subscribed(&first.subscription, message);
            let mut handlings = self.handlings_of(message);
            is_for_it && handlings.all(|one| *one.handler != *first.subscription)
        });
        let message = messages.next();
        Some(Verdict::Waits {
            message: message.map_or_else(|| "a message".to_owned(), |one| one.name.clone()),
            waits_for: format!("for {}", first.subscription),
            entry: message.map(|one| one.entry),
        })
    }
}
