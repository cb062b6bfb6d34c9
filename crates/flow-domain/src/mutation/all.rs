use crate::{
    message::{Envelope, Payload},
    mutation::{Change, Edit, Mutation},
    record::{Entry, Happening, Record, TableKind},
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
            let routes = subscription.routes.iter();
            routes.map(|route| (subscription.handler, route.event.name))
        });
        let mut all = Vec::new();
        for (handler, message) in commands.chain(events) {
            let message = message.as_str();
            let mut add = |change| {
                let mutation = Self {
                    handler: handler.to_owned(),
                    message: message.to_owned(),
                    change,
                };
                if !all.contains(&mutation) {
                    all.push(mutation);
                }
            };
            add(Change::Unrouted);
            add(Change::Fails);
            add(Change::Panics);
            for record in seen {
                for change in changes_seen(record, handler, message) {
                    add(change);
                }
            }
        }
        all
    }
}

/// What could have been read and written differently by `handler` when it handled `message`.
fn changes_seen(record: &Record, handler: &str, message: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    for entry in record.entries() {
        if let Happening::HandlerStarted { handler: who, .. } = entry.what
            && who == handler
            && let Some(read) = handled_by(entry, record)
            && name_of(read) == message
        {
            let edits = Edit::all_of(message, &read.message, None);
            changes.extend(edits.into_iter().map(Change::Misreads));
            for effect in record.effects(entry.id) {
                changes.extend(miswritings(effect));
            }
        }
    }
    changes
}

/// The message whose handling started at this entry.
fn handled_by<'a>(started: &Entry, record: &'a Record) -> Option<&'a Envelope> {
    record
        .causes(started.id)
        .find_map(|cause| message_of(&cause.what))
}

fn message_of(what: &Happening) -> Option<&Envelope> {
    match what {
        Happening::Appended(event) => Some(&event.envelope),
        Happening::CommandReceived(message)
        | Happening::Scheduled {
            command: message, ..
        }
        | Happening::Raised(message) => Some(message),
        _ => None,
    }
}

fn name_of(message: &Envelope) -> &str {
    message.metadata.message_type.name()
}

/// How an effect of a handling could have come out differently.
fn miswritings(effect: &Entry) -> Vec<Change> {
    let (name, content, id): (&str, &Payload, Option<&str>) = match &effect.what {
        Happening::Written(written) => match &written.after {
            Some(after) => (written.table.name, after, Some(&written.id)),
            None => return Vec::new(),
        },
        what => match message_of(what) {
            Some(message) => (name_of(message), &message.message, None),
            None => return Vec::new(),
        },
    };
    let mut edits = Edit::all_of(name, content, id);
    if let Happening::Written(written) = &effect.what
        && written.table.kind == TableKind::Aggregate
    {
        // The id of an aggregate is that of its events, which are there to be changed.
        edits.retain(|edit| matches!(edit, Edit::Swap(..)));
    }
    let miswritten = edits.into_iter();
    miswritten
        .map(|edit| Change::Miswrites(name.to_owned(), edit))
        .collect()
}
