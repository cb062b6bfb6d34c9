use std::fmt;

use crate::{
    handler::ProcessManager,
    message::{MessageLabels, MessageSchema, short_type_name},
    model::{Command, Event, Message, Projection},
    wiring::WiringWarning,
};

/// Selects warnings of [`Domain::check`](crate::Domain::check) by the types that they are about.
///
/// [`DomainBuilder::acknowledge`](crate::wiring::DomainBuilder::acknowledge) takes it. An enum selects the
/// warnings about any of its variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningSelector {
    selection: Selection,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Selection {
    UnhandledEvent(Messages),
    UnhandledCommand(Messages),
    ProjectionWithoutProjector {
        projection: &'static str,
        type_name: &'static str,
    },
    LanesForCommandsOnly,
    EventBeforeStart {
        process_manager: &'static str,
        type_name: &'static str,
        events: Messages,
    },
    CycleThrough(Messages),
}

/// The messages of a Rust type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Messages {
    type_name: &'static str,
    schemas: &'static [MessageSchema],
}

impl WarningSelector {
    /// Selects the warning that nobody handles the event.
    ///
    /// It selects [`WiringWarning::UnhandledEvent`] and [`WiringWarning::UnhandledOutsideEvent`].
    pub fn unhandled_event<E: Event>() -> Self {
        Selection::UnhandledEvent(Messages::of::<E>()).into()
    }

    /// Selects the warning that nobody handles the command: [`WiringWarning::UnhandledCommand`].
    pub fn unhandled_command<C: Command>() -> Self {
        Selection::UnhandledCommand(Messages::of::<C>()).into()
    }

    /// Selects [`WiringWarning::ProjectionWithoutProjector`].
    pub fn projection_without_projector<P: Projection>() -> Self {
        Selection::ProjectionWithoutProjector {
            projection: P::NAME,
            type_name: short_type_name::<P>(),
        }
        .into()
    }

    /// Selects [`WiringWarning::LanesForCommandsOnly`].
    pub fn lanes_for_commands_only() -> Self {
        Selection::LanesForCommandsOnly.into()
    }

    /// Selects the warning that the event may arrive before the process manager is started.
    ///
    /// It selects [`WiringWarning::EventBeforeStart`].
    pub fn event_before_start<M: ProcessManager, E: Event>() -> Self {
        Selection::EventBeforeStart {
            process_manager: M::name(),
            type_name: short_type_name::<M>(),
            events: Messages::of::<E>(),
        }
        .into()
    }

    /// Selects the warnings about cycles that contain the message: [`WiringWarning::Cycle`].
    pub fn cycle_through<M: Message>() -> Self {
        Selection::CycleThrough(Messages::of::<M>()).into()
    }

    fn selects(&self, warning: &WiringWarning, labels: &MessageLabels) -> bool {
        match (&self.selection, warning) {
            (
                Selection::UnhandledEvent(events),
                WiringWarning::UnhandledEvent { event, .. }
                | WiringWarning::UnhandledOutsideEvent { event },
            ) => events.has(event, labels),
            (
                Selection::UnhandledCommand(commands),
                WiringWarning::UnhandledCommand { command, .. },
            ) => commands.has(command, labels),
            (
                Selection::ProjectionWithoutProjector { projection, .. },
                WiringWarning::ProjectionWithoutProjector { projection: found },
            ) => projection == found,
            (Selection::LanesForCommandsOnly, WiringWarning::LanesForCommandsOnly { .. }) => true,
            (
                Selection::EventBeforeStart {
                    process_manager,
                    events,
                    ..
                },
                WiringWarning::EventBeforeStart {
                    process_manager: found,
                    event,
                    ..
                },
            ) => process_manager == found && events.has(event, labels),
            (Selection::CycleThrough(messages), WiringWarning::Cycle { path }) => {
                // A path lists message, handler, message, and so on.
                path.iter()
                    .step_by(2)
                    .any(|message| messages.has(message, labels))
            }
            _ => false,
        }
    }
}

impl From<Selection> for WarningSelector {
    fn from(selection: Selection) -> Self {
        Self { selection }
    }
}

impl Messages {
    fn of<M: Message>() -> Self {
        Self {
            type_name: short_type_name::<M>(),
            schemas: M::SCHEMAS,
        }
    }

    /// Returns true if one of the messages has this label. A label is unique in a domain.
    fn has(&self, label: &str, labels: &MessageLabels) -> bool {
        self.schemas
            .iter()
            .any(|schema| labels.label(schema.category, schema.name) == label)
    }
}

/// Writes the expression that creates the selector.
impl fmt::Display for WarningSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WarningSelector::")?;
        match &self.selection {
            Selection::UnhandledEvent(events) => {
                write!(f, "unhandled_event::<{}>()", events.type_name)
            }
            Selection::UnhandledCommand(commands) => {
                write!(f, "unhandled_command::<{}>()", commands.type_name)
            }
            Selection::ProjectionWithoutProjector { type_name, .. } => {
                write!(f, "projection_without_projector::<{type_name}>()")
            }
            Selection::LanesForCommandsOnly => f.write_str("lanes_for_commands_only()"),
            Selection::EventBeforeStart {
                type_name, events, ..
            } => write!(
                f,
                "event_before_start::<{type_name}, {}>()",
                events.type_name
            ),
            Selection::CycleThrough(messages) => {
                write!(f, "cycle_through::<{}>()", messages.type_name)
            }
        }
    }
}

/// Warnings that are known, and why they are no mistake.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledgement {
    pub(super) selector: WarningSelector,
    pub(super) reason: String,
}

/// Removes the acknowledged warnings. Adds one for each acknowledgement without a warning.
pub(super) fn without_acknowledged(
    warnings: Vec<WiringWarning>,
    acknowledgements: &[Acknowledgement],
    labels: &MessageLabels,
) -> Vec<WiringWarning> {
    let is_selected = |acknowledgement: &Acknowledgement, warning: &WiringWarning| {
        acknowledgement.selector.selects(warning, labels)
    };
    let unneeded: Vec<WiringWarning> = acknowledgements
        .iter()
        .filter(|known| !warnings.iter().any(|warning| is_selected(known, warning)))
        .map(|known| WiringWarning::UnneededAcknowledgement {
            selector: known.selector.clone(),
            reason: known.reason.clone(),
        })
        .collect();

    warnings
        .into_iter()
        .filter(|warning| {
            !acknowledgements
                .iter()
                .any(|known| is_selected(known, warning))
        })
        .chain(unneeded)
        .collect()
}
