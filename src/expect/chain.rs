use flow_domain::{
    record::{EntryId, EntryKind},
    wiring::nearest,
};

use crate::{
    chain::rolled_back_by,
    expect::{EmptyInput, Expectation, Mismatch, Subject, check::Check},
    outcome::Outcome,
};

/// Expects that each of these messages directly caused the next, beginning with the last act.
///
/// An example is `["PlaceOrder", "OrderPlaced", "StockReserved"]`. If messages of several aggregates
/// have the same name, the aggregate comes first: `"Customer.Created"`. A message that was rolled
/// back does not count. A chain has at least two names: one is only the name of the act.
pub fn chain<const N: usize>(expected: [&str; N]) -> impl Expectation + use<N> {
    let chain = MessageChain(expected.map(str::to_owned).to_vec());
    let description = format!("chain {}", chain.0.join(" -> "));

    Check::new(description, move |outcome| chain.check(outcome)).about_last_act()
}

struct MessageChain(Vec<String>);

/// A message of the record that may be part of the chain.
struct Link {
    entry: EntryId,
    name: String,
    /// The handler whose failure rolled this message back, if one did.
    rolled_back_by: Option<&'static str>,
}

impl Link {
    /// Returns true if the message has this name and was not rolled back.
    fn matches(&self, name: &str) -> bool {
        self.name == name && self.rolled_back_by.is_none()
    }

    fn show(self) -> String {
        match self.rolled_back_by {
            None => self.name,
            Some(handler) => format!(
                "{}, which was rolled back because {handler} did not succeed",
                self.name
            ),
        }
    }
}

impl MessageChain {
    fn require_known_names(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let known = outcome.system().message_names();
        let Some(name) = self.0.iter().find(|name| !known.contains(name)) else {
            return EmptyInput::ChainNames.require(self.0.len() < 2);
        };

        let same_name = outcome.record().labels().labels_with_name(name);
        let found = match nearest(name, known.iter().map(String::as_str)) {
            _ if !same_name.is_empty() => format!(
                "several messages have this name; write one of {}",
                same_name.join(", ")
            ),
            Some(near) => format!("no such message in the domain; did you mean {near}?"),
            None => "no such message in the domain".to_owned(),
        };
        Err(Mismatch::new(
            format!("a message {name} in the chain"),
            found,
        ))
    }

    /// Describes where the chain breaks off: after the first `n_matched` messages.
    ///
    /// `candidates` has the messages that came next instead.
    fn mismatch(&self, n_matched: usize, candidates: Vec<Link>) -> Mismatch {
        let expected = self.0.join(" -> ");
        if n_matched == 0 {
            let roots: Vec<String> = candidates.into_iter().map(|link| link.name).collect();
            let found = format!("the last act began with {}", roots.join(", "));
            return Mismatch::new(expected, found).with_subject(Subject::CommandResult);
        }

        let mut caused: Vec<String> = candidates.into_iter().map(Link::show).collect();
        caused.dedup();
        if caused.is_empty() {
            caused.push("nothing".to_owned());
        }

        let matched = self.0[..n_matched].join(" -> ");
        let found = format!("{matched}, which caused {}", caused.join(", "));
        Mismatch::new(expected, found).with_subject(Subject::for_message(&self.0[n_matched]))
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self.require_known_names(outcome)?;

        // A message may occur more than once, so the check follows all paths that match so far.
        let mut candidates = root_links(outcome);
        for (n_matched, name) in self.0.iter().enumerate() {
            if !candidates.iter().any(|link| link.matches(name)) {
                return Err(self.mismatch(n_matched, candidates));
            }

            candidates = candidates
                .iter()
                .filter(|link| link.matches(name))
                .flat_map(|link| caused_by(link.entry, outcome))
                .collect();
        }

        Ok(())
    }
}

/// Returns the link of the message at this entry, if a command or a stored event is there.
fn link_at(entry: EntryId, outcome: &Outcome) -> Option<Link> {
    let message_entry = outcome.record().entry(entry);
    let envelope = match &message_entry.kind {
        EntryKind::CommandReceived(envelope) => envelope,
        EntryKind::Appended(recorded) => &recorded.envelope,
        _ => return None,
    };

    Some(Link {
        entry,
        name: outcome.record().labels().label_of_envelope(envelope),
        rolled_back_by: rolled_back_by(message_entry, outcome.record()),
    })
}

/// Returns the messages with which the last act began.
fn root_links(outcome: &Outcome) -> Vec<Link> {
    outcome
        .last_act_entries()
        .iter()
        .filter(|entry| entry.cause.is_none())
        .filter_map(|entry| link_at(entry.id, outcome))
        .collect()
}

/// Returns the messages that the handlers of the message at `entry` directly caused.
///
/// An event has two entries: one when a handler raises it, and one when it is stored.
fn caused_by(entry: EntryId, outcome: &Outcome) -> Vec<Link> {
    let record = outcome.record();
    let mut links = Vec::new();

    for start_entry in record.effects(entry) {
        for effect in record.effects(start_entry.id) {
            match &effect.kind {
                EntryKind::CommandReceived(_) => links.extend(link_at(effect.id, outcome)),
                EntryKind::Raised(_) => {
                    let appended = record.effects(effect.id);
                    links.extend(appended.filter_map(|appended| link_at(appended.id, outcome)));
                }
                _ => {}
            }
        }
    }

    links
}
