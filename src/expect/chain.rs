use flow_domain::{
    record::{EntryId, EntryKind},
    wiring::nearest,
};

use crate::{
    diagnosis::Subject,
    expect::MessageView,
    flow::{Expectation, Mismatch},
    report::rolled_back_by,
    run::Outcome,
};

/// Expects that these messages caused each other, each directly the next, from the last act on.
pub(crate) fn chain(expected: &[&str]) -> impl Expectation + use<> {
    MessageChain(expected.iter().map(|name| (*name).to_owned()).collect())
}

struct MessageChain(Vec<String>);

/// A message of the record, its name, and the message that caused it.
struct Link {
    entry: EntryId,
    name: String,
    /// The handler with whose work it was rolled back, if it was.
    rolled_back_by: Option<&'static str>,
}

impl Link {
    fn matches(&self, name: &str) -> bool {
        self.name == name && self.rolled_back_by.is_none()
    }

    fn show(self) -> String {
        match self.rolled_back_by {
            None => self.name,
            Some(handler) => format!("{}, which was rolled back with {handler}", self.name),
        }
    }
}

impl MessageChain {
    fn require_known_names(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        if self.0.is_empty() {
            return Err(Mismatch::new(
                "the names of messages, beginning with the last act",
                "none",
            ));
        }

        let known = outcome.system().message_names();
        match self.0.iter().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let near = nearest(name, known.iter().map(String::as_str));
                Err(Mismatch::new(
                    format!("a message {name} in the chain"),
                    match near {
                        Some(near) => {
                            format!("no such message in the domain; did you mean {near}?")
                        }
                        None => "no such message in the domain".to_owned(),
                    },
                ))
            }
        }
    }
}

impl Expectation for MessageChain {
    fn describe(&self) -> String {
        format!("chain {}", self.0.join(" -> "))
    }

    fn is_about_last_act(&self) -> bool {
        true
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self.require_known_names(outcome)?;
        // All paths that agree with what is expected so far.
        let mut ends: Vec<Link> = root_links(outcome);
        let mut reached = 0;
        let mut last: Vec<Link> = Vec::new();

        for name in &self.0 {
            let here: Vec<Link> = ends.into_iter().filter(|link| link.matches(name)).collect();
            if here.is_empty() {
                break;
            }

            reached += 1;
            ends = here
                .iter()
                .flat_map(|link| caused_by(link.entry, outcome))
                .collect();
            last = here;
        }

        if reached == self.0.len() {
            return Ok(());
        }

        let expected = self.0.join(" -> ");
        if reached == 0 {
            let roots: Vec<String> = root_links(outcome)
                .into_iter()
                .map(|link| link.name)
                .collect();
            let found = format!("the last act began with {}", roots.join(", "));
            return Err(Mismatch::new(expected, found).with_subject(Subject::CommandResult));
        }

        let mut caused: Vec<String> = last
            .iter()
            .flat_map(|link| caused_by(link.entry, outcome))
            .map(Link::show)
            .collect();

        caused.dedup();
        let next = if caused.is_empty() {
            "nothing".to_owned()
        } else {
            caused.join(", ")
        };

        Err(Mismatch::new(
            expected,
            format!("{}, which caused {next}", self.0[..reached].join(" -> ")),
        )
        .with_subject(Subject::for_message(&self.0[reached])))
    }
}

fn link_at(entry: EntryId, outcome: &Outcome) -> Option<Link> {
    let found = outcome.record().entry(entry);
    let envelope = match &found.kind {
        EntryKind::CommandReceived(envelope) => envelope,
        EntryKind::Appended(recorded) => &recorded.envelope,
        _ => return None,
    };

    Some(Link {
        entry,
        name: MessageView::from(&**envelope).name,
        rolled_back_by: rolled_back_by(found, outcome.record()),
    })
}

fn root_links(outcome: &Outcome) -> Vec<Link> {
    let entries = outcome.last_act_entries().iter();
    entries
        .filter(|entry| entry.cause.is_none())
        .filter_map(|entry| link_at(entry.id, outcome))
        .collect()
}

/// The messages that the handling of a message directly caused.
fn caused_by(entry: EntryId, outcome: &Outcome) -> Vec<Link> {
    let record = outcome.record();
    let mut found = Vec::new();

    for started in record.effects(entry) {
        for effect in record.effects(started.id) {
            match &effect.kind {
                EntryKind::CommandReceived(_) => found.extend(link_at(effect.id, outcome)),
                EntryKind::Raised(_) => {
                    let appended = record.effects(effect.id);
                    found.extend(appended.filter_map(|appended| link_at(appended.id, outcome)));
                }
                _ => {}
            }
        }
    }

    found
}
