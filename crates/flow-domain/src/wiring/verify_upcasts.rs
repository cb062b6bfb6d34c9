use crate::{
    handler::{FormerName, Upcast},
    message::MessageName,
    wiring::{UpcastMistake, WiringMistake, nearest, verify::Verifier},
};

/// Checks that each stored type leads to exactly one event of today.
impl Verifier<'_> {
    pub(super) fn check_upcasts(&mut self) {
        let parts = self.parts;
        let upcasts = parts.catalog.upcasts.declared();
        for (idx, upcast) in upcasts.iter().enumerate() {
            let Some(target) = upcast.target() else {
                self.push_upcast(upcast, missing_target(upcast));
                continue;
            };

            if !self.lists_event(upcast.category, target) {
                let event = target.to_string();
                self.push_upcast(upcast, UpcastMistake::UnlistedEvent { event });
            }
            if upcasts[..idx]
                .iter()
                .any(|other| leads_to_same(other, upcast))
            {
                let event = target.to_string();
                self.push_upcast(upcast, UpcastMistake::DeclaredTwice { event });
                continue;
            }

            self.check_steps(upcast, target);
            for former in &upcast.former_names {
                self.check_former_name(upcast, target, former);
            }
            self.check_claims(upcast, target, &upcasts[..idx]);
        }

        for name in parts.catalog.upcasts.retired() {
            if let Some(listed_in) = self.category_that_lists(name) {
                self.push_once(WiringMistake::RetiredEventIsCurrent {
                    event: name.clone(),
                    category: listed_in,
                });
            }
        }
    }

    fn push_upcast(&mut self, upcast: &Upcast, mistake: UpcastMistake) {
        self.push_once(WiringMistake::InvalidUpcast {
            upcast: upcast.start_text(),
            mistake,
        });
    }

    /// Checks that there is one step for each version before the current one, and no other.
    fn check_steps(&mut self, upcast: &Upcast, target: MessageName) {
        for (idx, (version, _)) in upcast.steps.iter().enumerate() {
            let version = *version;
            if upcast.steps[..idx]
                .iter()
                .any(|(other, _)| *other == version)
            {
                self.push_upcast(upcast, UpcastMistake::TwoSteps { version });
            }

            if version == 0 {
                self.push_upcast(upcast, UpcastMistake::StepFromZero);
            } else if target.version() <= version {
                let event = target.to_string();
                self.push_upcast(upcast, UpcastMistake::StepTooNew { event, version });
            }
        }

        let has_step = |version: &u32| upcast.steps.iter().any(|(from, _)| from == version);
        let versions: Vec<u32> = (1..target.version())
            .filter(|version| !has_step(version))
            .collect();
        if !versions.is_empty() {
            let event = target.to_string();
            self.push_upcast(upcast, UpcastMistake::MissingSteps { event, versions });
        }
    }

    fn check_former_name(&mut self, upcast: &Upcast, target: MessageName, former: &FormerName) {
        let FormerName { name, versions } = former;
        if versions.is_empty() || *versions.start() == 0 || target.version() < *versions.end() {
            let mistake = UpcastMistake::FormerVersions {
                event: target.to_string(),
                name: name.clone(),
                versions: versions.clone(),
            };
            self.push_upcast(upcast, mistake);
        }

        let name = name.clone();
        if self.parts.catalog.upcasts.retired().contains(&name) {
            self.push_upcast(upcast, UpcastMistake::FormerNameIsRetired { name });
        } else if let Some(names) = self.name_cycle(upcast, target, &name) {
            self.push_upcast(upcast, UpcastMistake::NameCycle { names });
        } else if self.lists_event_name(upcast.category, &name) {
            self.push_upcast(upcast, UpcastMistake::FormerNameIsCurrent { name });
        }
    }

    /// Returns the names from `target` over its former name `name` back to `target`, if they are a
    /// cycle.
    fn name_cycle(&self, upcast: &Upcast, target: MessageName, name: &str) -> Option<Vec<String>> {
        let mut names = vec![target.as_str().to_owned(), name.to_owned()];
        let upcasts = self.parts.catalog.upcasts.declared();

        // Follows the first former name of each event. A cycle has at most as many names as there are
        // upcasts.
        while names.len() <= upcasts.len() + 1 {
            let last = names.last()?.clone();
            if last == target.as_str() {
                return Some(names);
            }

            let next = upcasts.iter().find(|other| {
                other.category == upcast.category
                    && other.target().is_some_and(|name| name.as_str() == last)
            })?;
            names.push(next.former_names.first()?.name.clone());
        }

        None
    }

    /// Checks that nobody else has the stored types that the upcast changes.
    fn check_claims(&mut self, upcast: &Upcast, target: MessageName, earlier: &[Upcast]) {
        for version in 1..target.version() {
            let old = MessageName::new(target.as_str(), version);
            if self.lists_event(upcast.category, old) {
                let event = target.as_str().to_owned();
                self.push_upcast(upcast, UpcastMistake::VersionIsCurrent { event, version });
            }
        }

        for other in earlier {
            let Some(other_target) = other.target().filter(|_| other.category == upcast.category)
            else {
                continue;
            };
            let shared = upcast
                .claims(target)
                .find(|claim| other.claims(other_target).any(|other| other == *claim));
            if let Some((name, version)) = shared
                // A former name that is current is already reported.
                && !self.lists_event_name(upcast.category, name)
            {
                let mistake = UpcastMistake::SharedFormerName {
                    name: name.to_owned(),
                    version,
                    other: other.start_text(),
                };
                self.push_upcast(upcast, mistake);
            }
        }
    }

    fn lists_event_name(&self, category: &str, name: &str) -> bool {
        self.listed_events()
            .any(|(listed_in, event)| listed_in == category && event.as_str() == name)
    }

    fn category_that_lists(&self, name: &str) -> Option<&'static str> {
        self.listed_events()
            .find(|(_, event)| event.as_str() == name)
            .map(|(category, _)| category)
    }

    fn listed_events(&self) -> impl Iterator<Item = (&'static str, MessageName)> + '_ {
        self.parts
            .catalog
            .event_lists()
            .flat_map(|(category, lists)| {
                let schemas = lists.iter().copied().flatten();
                schemas.map(move |schema| (category, schema.name))
            })
    }
}

fn leads_to_same(first: &Upcast, second: &Upcast) -> bool {
    first.category == second.category && first.target() == second.target()
}

/// Returns why the upcast leads to no event.
fn missing_target(upcast: &Upcast) -> UpcastMistake {
    let events = upcast.schemas.iter().map(|schema| schema.name.as_str());
    match upcast.variant {
        Some(name) => UpcastMistake::UnknownVariant {
            name,
            nearest: nearest(name, events).map(str::to_owned),
        },
        None => UpcastMistake::SeveralEvents {
            events: events.map(str::to_owned).collect(),
        },
    }
}
