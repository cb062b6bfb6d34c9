use std::fmt;

use crate::{
    handler::{Catalog, Source},
    record::HandlerKind,
    wiring::{Wiring, cycle::cycles},
};

/// Something in the wiring that is allowed but may be a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum WiringWarning {
    /// An aggregate that is kept as state lists an event that nobody handles. One that is event-sourced
    /// is folded from its events itself.
    UnhandledEvent { event: String, aggregate: String },
    /// Nobody handles an event from outside.
    UnhandledOutsideEvent { event: String },
    /// An aggregate lists a command that nobody handles.
    UnhandledCommand { command: String, aggregate: String },
    /// A projection that no projector keeps.
    ProjectionWithoutProjector { projection: String },
    /// There are lanes, and only commands are read from the broker.
    LanesForCommandsOnly { subscriptions: Vec<String> },
    /// Handlers say that they cause each other for ever: message, handler, message, and so on. Of the
    /// cycles that begin with the same message and handler this is the shortest.
    Cycle { path: Vec<String> },
}

impl fmt::Display for WiringWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnhandledEvent { event, aggregate } => {
                write!(f, "nobody handles the event `{event}` of `{aggregate}`")
            }
            Self::UnhandledOutsideEvent { event } => {
                write!(
                    f,
                    "nobody handles the event `{event}`, which comes from outside"
                )
            }
            Self::UnhandledCommand { command, aggregate } => write!(
                f,
                "nobody handles the command `{command}` of `{aggregate}`: processing it will fail"
            ),
            Self::ProjectionWithoutProjector { projection } => write!(
                f,
                "no projector keeps the projection `{projection}`: it will always be empty"
            ),
            Self::LanesForCommandsOnly { subscriptions } => write!(
                f,
                "the lanes are only for commands, for events are read from the event store, in the order of commit: `{}`",
                subscriptions.join("`, `")
            ),
            Self::Cycle { path } => write!(
                f,
                "a cycle, which ends only if one of its handlers stops: {} -> {}",
                path.join(" -> "),
                path.first().map_or("", String::as_str)
            ),
        }
    }
}

pub(super) fn warnings(wiring: &Wiring, catalog: &Catalog) -> Vec<WiringWarning> {
    let mut warnings = Vec::new();
    for aggregate in &wiring.aggregates {
        for event in &aggregate.events {
            let mut edges = wiring.subscriptions.iter();
            let is_handled =
                edges.any(|edge| edge.event == *event && edge.category == aggregate.category);

            if !aggregate.event_sourced && !is_handled {
                warnings.push(WiringWarning::UnhandledEvent {
                    event: event.clone(),
                    aggregate: aggregate.name.to_owned(),
                });
            }
        }

        for command in &aggregate.commands {
            if !wiring
                .commands
                .iter()
                .any(|edge| edge.command == *command && edge.category == aggregate.category)
            {
                warnings.push(WiringWarning::UnhandledCommand {
                    command: command.clone(),
                    aggregate: aggregate.name.to_owned(),
                });
            }
        }
    }

    for event in &wiring.events_from_outside {
        if !wiring.subscriptions.iter().any(|edge| edge.event == *event) {
            let event = event.clone();
            warnings.push(WiringWarning::UnhandledOutsideEvent { event });
        }
    }

    for projection in &wiring.projections {
        if !wiring
            .subscriptions
            .iter()
            .any(|edge| edge.projection == Some(projection))
        {
            warnings.push(WiringWarning::ProjectionWithoutProjector {
                projection: (*projection).to_owned(),
            });
        }
    }

    warnings.extend(lanes_for_commands_only(wiring, catalog));
    let cycles = cycles(catalog).into_iter();
    warnings.extend(cycles.map(|path| WiringWarning::Cycle { path }));

    warnings
}

/// That nobody at all reads from the broker is a mistake.
fn lanes_for_commands_only(wiring: &Wiring, catalog: &Catalog) -> Option<WiringWarning> {
    catalog.lane_threshold?;
    let mut of_events = wiring
        .handlers
        .iter()
        .filter(|one| one.kind != HandlerKind::CommandHandler);
    let subscriptions: Vec<String> = of_events
        .clone()
        .map(|one| one.handler.to_owned())
        .collect();
    let reads_broker = of_events.any(|one| one.source == Source::Broker);

    (!reads_broker && !subscriptions.is_empty())
        .then_some(WiringWarning::LanesForCommandsOnly { subscriptions })
}
