use std::fmt;

use crate::{record::HandlerKind, wiring::WiringMistake};

impl fmt::Display for WiringMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidDomainName { .. }
            | Self::InvalidCategory { .. }
            | Self::RegisteredTwice { .. }
            | Self::SharedName { .. }
            | Self::SharedCategory { .. } => self.fmt_name_mistake(f),
            Self::SnapshotsOfState { aggregate } => write!(
                f,
                "`{aggregate}` is stored as state, so snapshots of it have no effect\n     \
                 write `.aggregate::<{aggregate}>()`"
            ),
            Self::SnapshotEveryZeroEvents { aggregate } => write!(
                f,
                "`{aggregate}` gets a snapshot after every 0 events, which is never\n     \
                 write `SnapshotPolicy::every(100)`, or `.aggregate::<{aggregate}>()`"
            ),
            Self::UnlistedCommand { .. }
            | Self::UnlistedEvent { .. }
            | Self::ListedByAnotherAggregate { .. }
            | Self::UnlistedRaisedEvent { .. }
            | Self::UnhandledIssuedCommand { .. } => self.fmt_unlisted_message(f),
            Self::UnregisteredAggregate {
                category,
                used_by,
                only_events,
            } => write_unregistered_aggregate(f, category, used_by, *only_events),
            Self::UnregisteredProjection {
                projection,
                projector,
            } => write!(
                f,
                "`{projector}` writes the projection `{projection}`, which is not registered\n     \
                 add `.projection::<{projection}>()` to the domain"
            ),
            Self::TwoHandlers { .. }
            | Self::TwoMethods { .. }
            | Self::NoRoutes { .. }
            | Self::NoStart { .. }
            | Self::KeyNotCarried { .. }
            | Self::KeyIsNotAnId { .. } => self.fmt_route_mistake(f),
            Self::WrongCategory {
                handler,
                event,
                reads,
                appears_in,
            } => write!(
                f,
                "`{handler}` handles `{event}` of the category `{appears_in}`, but reads only `{}`\n     \
                 add `on.category(\"{appears_in}\")` to `routes`, or name no category there: the handler then reads the categories of its events",
                reads.join("`, `")
            ),
            Self::UnknownCategory {
                handler,
                category,
                nearest,
            } => write_unknown_category(f, handler, category, nearest.as_deref()),
            Self::AcknowledgedWithoutReason { selector } => write!(
                f,
                "the warning of `{selector}` is acknowledged without a reason\n     \
                 write why it is no mistake: `.acknowledge({selector}, \"..\")`"
            ),
            Self::InvalidUpcast { upcast, mistake } => write!(f, "`{upcast}` {mistake}"),
            Self::RetiredEventIsCurrent { event, category } => write!(
                f,
                "`{event}` is retired, but an event of the category `{category}` has this name\n     \
                 remove `.retired(\"{event}\")`, or the event"
            ),
            Self::InvalidSubscription { .. }
            | Self::ConflictingReadOptions { .. }
            | Self::LanesWithoutBroker { .. } => self.fmt_subscription_mistake(f),
        }
    }
}

// One function for each large group of mistakes. `fmt` lists the variants of each group.
impl WiringMistake {
    /// Writes a mistake about the name of a domain, a category or a registered part.
    fn fmt_name_mistake(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidDomainName { name } => write!(
                f,
                "`{name}` is not a valid name for a domain\n     \
                 write a name of letters, digits, `-` and `_` that begins with a letter"
            ),
            Self::InvalidCategory { owner, category } => write!(
                f,
                "`{owner}` has the category `{category}`: a category must not be empty and must not contain `-`\n     \
                 write for example `category = \"{}\"`",
                match category.as_str() {
                    "" => "order".to_owned(),
                    _ => category.replace('-', "_"),
                }
            ),
            Self::RegisteredTwice { what, name } => write!(
                f,
                "the {what} `{name}` is registered twice\n     remove one of the two lines"
            ),
            Self::SharedName {
                first,
                second,
                name,
            } => write!(
                f,
                "{} called `{name}`\n     give one of them another name: {}",
                if first == second {
                    format!("two {first}s are")
                } else {
                    format!("the {first} and the {second} are both")
                },
                rename_advice(second)
            ),
            Self::SharedCategory {
                category,
                first,
                second,
            } => write!(
                f,
                "`{first}` and `{second}` both have the category `{category}`, so their streams would mix\n     \
                 give one of them another category: `#[aggregate(.., category = \"..\")]`"
            ),
            _ => unreachable!("`fmt` passes no other mistakes to `fmt_name_mistake`"),
        }
    }

    /// Writes a mistake about a message that no aggregate lists or nobody handles.
    fn fmt_unlisted_message(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnlistedCommand {
                command,
                used_by,
                aggregate,
            } => write!(
                f,
                "`{used_by}` handles the command `{command}`, which is not registered\n     \
                 list it in `#[aggregate(.., commands({command}))]` of `{aggregate}`"
            ),
            Self::UnlistedEvent {
                event,
                used_by,
                aggregate,
            } => write!(
                f,
                "`{used_by}` handles the event `{event}`, which is not registered\n     \
                 list it in `#[aggregate(.., events({event}))]` of `{aggregate}`"
            ),
            Self::ListedByAnotherAggregate {
                what,
                message,
                category,
                part_of,
                listed_by,
            } => write!(
                f,
                "`{listed_by}` lists the {what} `{message}`, but `{message}` {}\n     \
                 write `part_of = {listed_by}` in the attribute of `{message}`",
                match part_of {
                    Some(part_of) => format!("is part of `{part_of}`"),
                    None => format!("has the category `{category}`"),
                }
            ),
            Self::UnlistedRaisedEvent { event, raised_by } => write!(
                f,
                "`{raised_by}` declares that it raises `{event}`, but no aggregate of the domain lists `{event}`\n     \
                 add the aggregate of the event with `.aggregate::<..>()`, and list the event in its `#[aggregate(.., events(..))]`"
            ),
            Self::UnhandledIssuedCommand { command, issued_by } => write!(
                f,
                "`{issued_by}` issues the command `{command}`, but there is no handler for `{command}`\n     \
                 add a `.command_handler(..)` with a route for `{command}`"
            ),
            _ => unreachable!("`fmt` passes no other mistakes to `fmt_unlisted_message`"),
        }
    }

    /// Writes a mistake about the routes of a handler.
    fn fmt_route_mistake(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoHandlers {
                command,
                first,
                second,
            } => write!(
                f,
                "two handlers for the command `{command}`: `{first}` and `{second}`\n     \
                 a command has one handler: remove `{command}` from the routes of one of them"
            ),
            Self::TwoMethods { handler, message } => write!(
                f,
                "`{handler}` names two methods for `{message}`\n     \
                 name one of them, and call the other from it"
            ),
            Self::NoRoutes { handler, kind } => write!(
                f,
                "the {kind} `{handler}` has no routes, so it is never called\n     \
                 name its methods in `routes`: `on.{}(Self::the_method)`",
                match kind {
                    HandlerKind::CommandHandler => "command",
                    HandlerKind::ProcessManager => "start",
                    HandlerKind::EventHandler | HandlerKind::Projector => "event",
                }
            ),
            Self::NoStart { process_manager } => write!(
                f,
                "the process manager `{process_manager}` is never started, so it skips every event\n     \
                 name the event that starts it: `on.start(Self::the_method)`"
            ),
            Self::KeyNotCarried {
                process_manager,
                key,
                events,
                advice,
            } => write!(
                f,
                "`{process_manager}` finds its instance by the field `{key}`, but {} not have this field\n     {advice}",
                match events.as_slice() {
                    [event] => format!("`{event}` does"),
                    events => format!("`{}` do", events.join("`, `")),
                }
            ),
            Self::KeyIsNotAnId {
                process_manager,
                key,
                events,
            } => write!(
                f,
                "`{process_manager}` finds its instance by the field `{key}`, but in `{}` its type is not an id\n     \
                 name a field whose type is an id or an option of one, for example a `String`, or write `#[derive(flow_domain::Id)]` on the type",
                events.join("`, `")
            ),
            _ => unreachable!("`fmt` passes no other mistakes to `fmt_route_mistake`"),
        }
    }

    /// Writes a mistake about the options of subscriptions.
    fn fmt_subscription_mistake(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidSubscription {
                declared_by,
                mistake,
            } => match declared_by {
                Some(handler) => write!(f, "`{handler}` {mistake}"),
                None => write!(f, "`.subscriptions(..)` {mistake}"),
            },
            Self::ConflictingReadOptions {
                category,
                first,
                second,
                differ_in,
            } => write!(
                f,
                "`{first}` and `{second}` read the commands of `{category}` together, but their options differ in `{}`\n     \
                 set each option in only one of them, or to the same value in both",
                differ_in.join("`, `")
            ),
            Self::LanesWithoutBroker { subscriptions } => write!(
                f,
                "`.lanes_below(..)` has no effect, because every handler reads from the event store, in the order of commit: `{}`\n     \
                 write `.source(Source::Broker)` in the handlers that must read urgent messages first, or remove `.lanes_below(..)`",
                subscriptions.join("`, `")
            ),
            _ => unreachable!("`fmt` passes no other mistakes to `fmt_subscription_mistake`"),
        }
    }
}

fn write_unregistered_aggregate(
    f: &mut fmt::Formatter<'_>,
    category: &str,
    used_by: &[(&str, Vec<String>)],
    only_events: bool,
) -> fmt::Result {
    write!(
        f,
        "the aggregate of the category `{category}` is not registered\n     \
         add `.aggregate::<..>()`"
    )?;

    if only_events {
        let event = match used_by {
            [(_, events)] if events.len() == 1 => events[0].as_str(),
            _ => "..",
        };
        write!(
            f,
            ", or `.event_from_outside::<{event}>()` if the event happens outside this domain"
        )?;
    }

    f.write_str("; used by ")?;
    for (idx, (handler, messages)) in used_by.iter().enumerate() {
        let comma = if idx == 0 { "" } else { ", " };
        write!(f, "{comma}`{handler}` (`{}`)", messages.join("`, `"))?;
    }
    Ok(())
}

fn write_unknown_category(
    f: &mut fmt::Formatter<'_>,
    handler: &str,
    category: &str,
    nearest: Option<&str>,
) -> fmt::Result {
    write!(
        f,
        "`{handler}` reads the category `{category}`, but no aggregate and no event from outside has this category\n     "
    )?;
    match nearest {
        Some(nearest) => write!(f, "did you mean `{nearest}`?"),
        None => f.write_str("register the aggregate that has it, or remove the category"),
    }
}

fn rename_advice(what: &str) -> &'static str {
    match what {
        "aggregate" => "`#[aggregate(.., name = \"..\")]`",
        "projection" => "`#[projection(.., name = \"..\")]`",
        _ => "`fn name() -> &'static str`",
    }
}
