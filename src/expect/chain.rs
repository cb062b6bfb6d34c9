use flow_domain::{
    record::{EntryId, Happening},
    wiring::nearest,
};

use crate::{
    expect::Seen,
    flow::{Expectation, Mismatch},
    report::undone_with,
    run::Outcome,
    why::Sought,
};

/// Expects that these messages caused each other, each directly the next, from the last act on.
pub(crate) fn chain(expected: &[&str]) -> impl Expectation + use<> {
    Chain(expected.iter().map(|name| (*name).to_owned()).collect())
}

struct Chain(Vec<String>);

/// A message of the record, its name, and the message that caused it.
struct Link {
    entry: EntryId,
    name: String,
    /// The handler with whose work it was rolled back, if it was.
    undone_with: Option<&'static str>,
}

impl Link {
    fn is(&self, name: &str) -> bool {
        self.name == name && self.undone_with.is_none()
    }

    fn show(self) -> String {
        match self.undone_with {
            None => self.name,
            Some(handler) => format!("{}, which was rolled back with {handler}", self.name),
        }
    }
}

impl Chain {
    fn check_names(&self, outcome: &Outcome) -> Result<(), Mismatch> {
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

impl Expectation for Chain {
    fn describe(&self) -> String {
        format!("chain {}", self.0.join(" -> "))
    }

    fn is_of_last_act(&self) -> bool {
        true
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self.check_names(outcome)?;
        // All paths that agree with what is expected so far.
        let mut ends: Vec<Link> = roots(outcome);
        let mut reached = 0;
        let mut last: Vec<Link> = Vec::new();
        for name in &self.0 {
            let here: Vec<Link> = ends.into_iter().filter(|link| link.is(name)).collect();
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
            let roots: Vec<String> = roots(outcome).into_iter().map(|link| link.name).collect();
            let found = format!("the last act began with {}", roots.join(", "));
            return Err(Mismatch::new(expected, found).about(Sought::Answer));
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
        .about(Sought::of_message(&self.0[reached])))
    }
}

fn link(entry: EntryId, outcome: &Outcome) -> Option<Link> {
    let found = outcome.record().entry(entry);
    let envelope = match &found.what {
        Happening::CommandReceived(envelope) => envelope,
        Happening::Appended(recorded) => &recorded.envelope,
        _ => return None,
    };
    Some(Link {
        entry,
        name: Seen::from(&**envelope).name,
        undone_with: undone_with(found, outcome.record()),
    })
}

fn roots(outcome: &Outcome) -> Vec<Link> {
    let entries = outcome.last_entries().iter();
    entries
        .filter(|entry| entry.cause.is_none())
        .filter_map(|entry| link(entry.id, outcome))
        .collect()
}

/// The messages that the handling of a message directly caused.
fn caused_by(entry: EntryId, outcome: &Outcome) -> Vec<Link> {
    let record = outcome.record();
    let mut found = Vec::new();
    for started in record.effects(entry) {
        for effect in record.effects(started.id) {
            match &effect.what {
                Happening::CommandReceived(_) => found.extend(link(effect.id, outcome)),
                Happening::Raised(_) => {
                    let appended = record.effects(effect.id);
                    found.extend(appended.filter_map(|appended| link(appended.id, outcome)));
                }
                _ => {}
            }
        }
    }
    found
}
