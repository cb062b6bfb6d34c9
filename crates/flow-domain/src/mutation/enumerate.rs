use crate::{
    message::{Envelope, Payload},
    mutation::{Edit, Mutation, MutationKind},
    record::{Entry, EntryKind, Record, TableKind},
    wiring::Domain,
};

impl Mutation {
    /// Lists the mistakes that the routes of `domain` can have, in their order.
    ///
    /// What can be read and written differently is known of messages that were handled before: `seen`
    /// is what happened in runs of the domain.
    pub fn all(domain: &Domain, seen: &[&Record]) -> Vec<Self> {
        let catalog = domain.catalog();
        let commands = catalog.commands.iter();
        let commands = commands.map(|route| (route.handler, route.command));
        let events = catalog.subscriptions.iter().flat_map(|subscription| {
            subscription
                .routes
                .iter()
                .map(|route| (subscription.handler, route.event.name))
        });
        let mut all = Vec::new();

        for (handler, message) in commands.chain(events) {
            let message = message.as_str();
            let mut add = |change| {
                let mutation = Self {
                    handler: handler.to_owned(),
                    message: message.to_owned(),
                    kind: change,
                };

                if !all.contains(&mutation) {
                    all.push(mutation);
                }
            };

            add(MutationKind::Unrouted);
            add(MutationKind::Fails);
            add(MutationKind::Panics);

            for record in seen {
                for change in kinds_in_record(record, handler, message) {
                    add(change);
                }
            }
        }

        all
    }
}

/// What could have been read and written differently by `handler` when it handled `message`.
fn kinds_in_record(record: &Record, handler: &str, message: &str) -> Vec<MutationKind> {
    let mut changes = Vec::new();
    for entry in record.entries() {
        if let EntryKind::HandlerStarted { handler: who, .. } = entry.kind
            && who == handler
            && let Some(read) = handled_message(entry, record)
            && name_of(read) == message
        {
            let edits = Edit::all_of(message, &read.message, None);
            changes.extend(edits.into_iter().map(MutationKind::Misreads));
            for effect in record.effects(entry.id) {
                changes.extend(miswrites_of(effect));
            }
        }
    }

    changes
}

/// The message whose handling started at this entry.
fn handled_message<'a>(started: &Entry, record: &'a Record) -> Option<&'a Envelope> {
    record
        .causes(started.id)
        .find_map(|cause| message_of(&cause.kind))
}

fn message_of(what: &EntryKind) -> Option<&Envelope> {
    match what {
        EntryKind::Appended(event) => Some(&event.envelope),
        EntryKind::CommandReceived(message)
        | EntryKind::Scheduled {
            command: message, ..
        }
        | EntryKind::Raised(message) => Some(message),
        _ => None,
    }
}

fn name_of(message: &Envelope) -> &str {
    message.metadata.message_type.name()
}

/// How an effect of a handling could have come out differently.
fn miswrites_of(effect: &Entry) -> Vec<MutationKind> {
    let (name, content, id): (&str, &Payload, Option<&str>) = match &effect.kind {
        EntryKind::StateChanged(written) => match &written.after {
            Some(after) => (written.table.name, after, Some(&written.id)),
            None => return Vec::new(),
        },
        what => match message_of(what) {
            Some(message) => (name_of(message), &message.message, None),
            None => return Vec::new(),
        },
    };
    let mut edits = Edit::all_of(name, content, id);

    if let EntryKind::StateChanged(written) = &effect.kind
        && written.table.kind == TableKind::Aggregate
    {
        // The id of an aggregate is that of its events, which are there to be changed.
        edits.retain(|edit| matches!(edit, Edit::Swap(..)));
    }

    let miswritten = edits.into_iter();
    miswritten
        .map(|edit| MutationKind::Miswrites(name.to_owned(), edit))
        .collect()
}
