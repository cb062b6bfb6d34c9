use std::fmt;

use crate::{
    handler::{Catalog, Source},
    record::HandlerKind,
    wiring::{WarningSelector, Wiring, cycle::cycles, early_events::early_events},
};

/// Something in the wiring that is allowed but may be a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum WiringWarning {
    /// An aggregate lists an event that nobody handles.
    ///
    /// An event-sourced aggregate gets no such warning: it is folded from its events itself.
    UnhandledEvent { event: String, aggregate: String },
    /// Nobody handles an event from outside.
    UnhandledOutsideEvent { event: String },
    /// An aggregate lists a command that nobody handles.
    UnhandledCommand { command: String, aggregate: String },
    /// No projector maintains a projection.
    ProjectionWithoutProjector { projection: String },
    /// The domain has lanes, but reads only commands from the broker.
    LanesForCommandsOnly { subscriptions: Vec<String> },
    /// Handlers declare messages that cause each other without end. `path` lists message, handler,
    /// message, and so on.
    ///
    /// It is the shortest of the cycles that begin with the same message and handler.
    Cycle { path: Vec<String> },
    /// An event of another stream may reach a process manager before the events that start it.
    ///
    /// Events of two streams may arrive in either order. There is no warning if handlers declare that only
    /// the process manager itself brings the event about.
    EventBeforeStart {
        process_manager: String,
        event: String,
        starts: Vec<String>,
    },
    /// An acknowledgement selects no warning.
    UnneededAcknowledgement {
        selector: WarningSelector,
        reason: String,
    },
}

impl WiringWarning {
    /// Returns the selector with which a known warning is acknowledged.
    ///
    /// The other variants say themselves what to do.
    fn selector(&self) -> Option<&'static str> {
        match self {
            Self::UnhandledEvent { .. } | Self::UnhandledOutsideEvent { .. } => {
                Some("unhandled_event::<..>()")
            }
            Self::UnhandledCommand { .. } => Some("unhandled_command::<..>()"),
            Self::ProjectionWithoutProjector { .. } => Some("projection_without_projector::<..>()"),
            Self::LanesForCommandsOnly { .. } => Some("lanes_for_commands_only()"),
            Self::Cycle { .. } => Some("cycle_through::<..>()"),
            Self::EventBeforeStart { .. } | Self::UnneededAcknowledgement { .. } => None,
        }
    }
}

impl fmt::Display for WiringWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnhandledEvent { event, aggregate } => {
                write!(
                    f,
                    "no handler is subscribed to the event `{event}` of `{aggregate}`"
                )
            }
            Self::UnhandledOutsideEvent { event } => {
                write!(
                    f,
                    "no handler is subscribed to the event `{event}`, which comes from outside"
                )
            }
            Self::UnhandledCommand { command, aggregate } => write!(
                f,
                "no handler for the command `{command}` of `{aggregate}`: processing the command will fail"
            ),
            Self::ProjectionWithoutProjector { projection } => write!(
                f,
                "no projector writes the projection `{projection}`: the projection will always be empty"
            ),
            Self::LanesForCommandsOnly { subscriptions } => write!(
                f,
                "the lanes apply only to commands, because every other handler reads from the event store, in the order of commit: `{}`",
                subscriptions.join("`, `")
            ),
            Self::Cycle { path } => write!(
                f,
                "the handlers form a cycle, which ends only if one of them sends no message: {} -> {}",
                path.join(" -> "),
                path.first().map_or("", String::as_str)
            ),
            Self::EventBeforeStart {
                process_manager,
                event,
                starts,
            } => write!(
                f,
                "`{process_manager}` may get `{event}` before it starts, and skips it then: it starts by \
                 `{}`, and events of two streams have no promised order. Start it by `{event}`, too: \
                 `on.start(Self::the_method)`. If `{event}` only follows from what the process manager \
                 does, declare this with `.issues::<..>()` and `.raises::<..>()`. If something else keeps \
                 the order, say what: `.acknowledge(WarningSelector::event_before_start::<.., ..>(), \"..\")`",
                starts.join("` or `")
            ),
            Self::UnneededAcknowledgement { selector, reason } => write!(
                f,
                "the acknowledged warning does not occur: remove `.acknowledge({selector}, {reason:?})`"
            ),
        }?;

        match self.selector() {
            Some(selector) => write!(
                f,
                ". If this is known, say why: `.acknowledge(WarningSelector::{selector}, \"..\")`"
            ),
            None => Ok(()),
        }
    }
}

pub(super) fn warnings(wiring: &Wiring, catalog: &Catalog) -> Vec<WiringWarning> {
    let mut warnings = Vec::new();
    for aggregate in &wiring.aggregates {
        for event in &aggregate.events {
            let is_handled = wiring
                .subscriptions
                .iter()
                .any(|edge| edge.event == *event && edge.category == aggregate.category);
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
    for path in cycles(catalog) {
        warnings.push(WiringWarning::Cycle { path });
    }
    warnings.extend(early_events(catalog));

    warnings
}

/// Returns a warning if the domain has lanes and no event handler reads from the broker.
///
/// If the domain handles no commands either, `verify` reports a mistake instead.
fn lanes_for_commands_only(wiring: &Wiring, catalog: &Catalog) -> Option<WiringWarning> {
    catalog.lane_threshold?;
    let mut subscribers = wiring
        .handlers
        .iter()
        .filter(|handler| handler.kind != HandlerKind::CommandHandler);
    let subscriptions: Vec<String> = subscribers
        .clone()
        .map(|handler| handler.handler.to_owned())
        .collect();
    let reads_broker = subscribers.any(|handler| handler.source == Source::Broker);

    (!reads_broker && !subscriptions.is_empty())
        .then_some(WiringWarning::LanesForCommandsOnly { subscriptions })
}
