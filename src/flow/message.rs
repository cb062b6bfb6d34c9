//! The messages that a step takes. Their traits say which step takes another kind of value.

use flow_domain::{Command, Event};

/// A command that a `when` step dispatches: every [`Command`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "this step needs a command",
    note = "an event is published by `.when_event(event)`",
    note = "time passes in `.when_time_passes(duration)` and `.when_time_reaches(time)`",
    note = "several commands are dispatched at once by `.when_all((first, second))`",
    note = "a command needs `#[derive(Command)]` and `#[command(part_of = TheAggregate, id = the_field)]`"
)]
pub trait WhenCommand: Command {}

#[diagnostic::do_not_recommend]
impl<C: Command> WhenCommand for C {}

/// An event that a `when` step publishes: every [`Event`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "this step needs an event",
    note = "a command is dispatched by `.when(command)`",
    note = "time passes in `.when_time_passes(duration)` and `.when_time_reaches(time)`",
    note = "an event needs `#[derive(Event)]` and `#[event(part_of = TheAggregate, id = the_field)]`"
)]
pub trait WhenEvent: Event {}

#[diagnostic::do_not_recommend]
impl<E: Event> WhenEvent for E {}

/// A command that was processed before: every [`Command`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "this step needs a command",
    note = "events that happened before are given by `.given_events(events)`",
    note = "an aggregate that existed before is given by `.given_aggregate(aggregate)`",
    note = "a command needs `#[derive(Command)]` and `#[command(part_of = TheAggregate, id = the_field)]`"
)]
pub trait GivenCommand: Command {}

#[diagnostic::do_not_recommend]
impl<C: Command> GivenCommand for C {}
