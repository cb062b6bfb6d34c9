use std::fmt;

use crate::{record::HandlerKind, wiring::WiringMistake};

impl fmt::Display for WiringMistake {
    #[expect(
        clippy::too_many_lines,
        reason = "one text for each mistake, side by side"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidDomainName { name } => write!(
                f,
                "`{name}` cannot name a domain\n     \
                 write a name of letters, digits, `-` and `_` that begins with a letter"
            ),
            Self::InvalidCategory { owner, category } => write!(
                f,
                "`{owner}` has the category `{category}`, which must not be empty or contain `-`\n     \
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
                 give one of them another: `#[aggregate(.., category = \"..\")]`"
            ),
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
            Self::UnlistedCommand {
                command,
                used_by,
                aggregate,
            } => write!(
                f,
                "`{used_by}` handles the command `{command}`, which is not registered\n     \
                 list it with its aggregate: `#[aggregate(.., commands({command}))]` of `{aggregate}`"
            ),
            Self::UnlistedEvent {
                event,
                used_by,
                aggregate,
            } => write!(
                f,
                "`{used_by}` handles the event `{event}`, which is not registered\n     \
                 list it with its aggregate: `#[aggregate(.., events({event}))]` of `{aggregate}`"
            ),
            Self::ListedByAnotherAggregate {
                what,
                message,
                category,
                part_of,
                listed_by,
            } => write!(
                f,
                "the {what} `{message}` is not part of the aggregate that lists it\n     \
                 `{listed_by}` lists it, but it says that {}: write `part_of = {listed_by}` in its attribute",
                match part_of {
                    Some(part_of) => format!("it is part of `{part_of}`"),
                    None => format!("its category is `{category}`"),
                }
            ),
            Self::UnregisteredAggregate {
                category,
                used_by,
                only_events,
            } => {
                write!(
                    f,
                    "the aggregate of the category `{category}` is not registered\n     \
                     add `.aggregate::<..>()`"
                )?;

                if *only_events {
                    let event = match used_by.as_slice() {
                        [(_, events)] if events.len() == 1 => events[0].as_str(),
                        _ => "..",
                    };
                    write!(
                        f,
                        ", or `.event_from_outside::<{event}>()` if it happens elsewhere"
                    )?;
                }

                f.write_str("; used by ")?;
                for (idx, (handler, messages)) in used_by.iter().enumerate() {
                    let comma = if idx == 0 { "" } else { ", " };
                    write!(f, "{comma}`{handler}` (`{}`)", messages.join("`, `"))?;
                }

                Ok(())
            }
            Self::UnlistedRaisedEvent { event, raised_by } => write!(
                f,
                "`{raised_by}` says that it raises `{event}`, which no aggregate of the domain lists\n     \
                 add its aggregate with `.aggregate::<..>()`, and list its type there: `#[aggregate(.., events(..))]`"
            ),
            Self::UnregisteredProjection {
                projection,
                projector,
            } => write!(
                f,
                "`{projector}` keeps the projection `{projection}`, which is not registered\n     \
                 add `.projection::<{projection}>()` to the domain"
            ),
            Self::UnhandledIssuedCommand { command, issued_by } => write!(
                f,
                "`{issued_by}` issues the command `{command}`, which nobody handles\n     \
                 add a `.command_handler(..)` whose routes name it"
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
            Self::WrongCategory {
                handler,
                event,
                reads,
                appears_in,
            } => write!(
                f,
                "`{handler}` handles `{event}`, but reads only `{}`, where `{event}` never appears: it appears in `{appears_in}`\n     \
                 remove the category from `routes`, so that it is derived from the events, or name `{appears_in}`",
                reads.join("`, `")
            ),
            Self::UnknownCategory {
                handler,
                category,
                nearest,
            } => {
                write!(
                    f,
                    "`{handler}` reads the category `{category}`, which no aggregate and no event from outside has\n     "
                )?;

                match nearest {
                    Some(nearest) => write!(f, "did you mean `{nearest}`?"),
                    None => {
                        f.write_str("register the aggregate that has it, or remove the category")
                    }
                }
            }
            Self::NoStart { process_manager } => write!(
                f,
                "the process manager `{process_manager}` is never started, so it lets every event go\n     \
                 name the event that starts it: `on.start(Self::the_method)`"
            ),
            Self::KeyNotCarried {
                process_manager,
                key,
                events,
                advice,
            } => write!(
                f,
                "`{process_manager}` is found by `{key}`, which {} not carry\n     {advice}",
                match events.as_slice() {
                    [event] => format!("`{event}` does"),
                    events => format!("`{}` do", events.join("`, `")),
                }
            ),
            Self::InvalidSubscription {
                declared_by: said_by,
                mistake,
            } => match said_by {
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
                "`{first}` and `{second}` handle commands of `{category}`, which are read together, but differ in `{}`\n     \
                 say how to read in one of them, or the same in both",
                differ_in.join("`, `")
            ),
            Self::LanesWithoutBroker { subscriptions } => write!(
                f,
                "`.lanes_below(..)` changes nothing, for everybody reads from the event store, in the order of commit: `{}`\n     \
                 write `.source(Source::Broker)` in whoever is to read what is urgent first, or remove `.lanes_below(..)`",
                subscriptions.join("`, `")
            ),
        }
    }
}

fn rename_advice(what: &str) -> &'static str {
    match what {
        "aggregate" => "`#[aggregate(.., name = \"..\")]`",
        "projection" => "`#[projection(.., name = \"..\")]`",
        _ => "`fn name() -> &'static str`",
    }
}
