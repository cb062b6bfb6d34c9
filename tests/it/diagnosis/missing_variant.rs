//! A handler does not raise one variant of an enum of events.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::diagnosis::diagnosis_text::diagnosis_in_both_modes;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Join, EndLoan), events(MemberEvent))]
struct Member {
    id: String,
    loans: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Member, id = id)]
enum MemberEvent {
    Joined { id: String },
    LoanEnded { id: String },
    Left { id: String },
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Member, id = id)]
struct Join {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Member, id = id)]
struct EndLoan {
    id: String,
}

struct MemberHandler;

impl CommandHandler for MemberHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::join).raises::<MemberEvent>();
        on.command(Self::end_loan).raises::<MemberEvent>();
    }
}

impl MemberHandler {
    async fn join(&self, command: Join, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut member = Member {
            id: command.id.clone(),
            loans: 1,
            raised: PendingEvents::default(),
        };

        member.raise(MemberEvent::Joined { id: command.id });
        work.add(member)
    }

    /// Forgets to add the member.
    async fn end_loan(&self, command: EndLoan, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut member = work.load::<Member>(&command.id).await?;
        member.loans -= 1;
        member.raise(MemberEvent::LoanEnded { id: command.id });
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct LoanCount {
    id: String,
    loans: u32,
}

struct LoanCounter;

impl Projector for LoanCounter {
    type Projection = LoanCount;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_member_event);
    }
}

impl LoanCounter {
    async fn on_member_event(
        &self,
        event: MemberEvent,
        rows: &mut Rows<'_, LoanCount>,
    ) -> Result<(), Error> {
        match event {
            MemberEvent::Joined { id } => rows.put(LoanCount { id, loans: 1 }).await,
            MemberEvent::LoanEnded { id } | MemberEvent::Left { id } => {
                rows.change(id, |row| row.loans = 0).await
            }
        }
    }
}

/// The row needs one of the events that were never raised. `Joined` was raised before.
#[test]
fn missing_variant_is_one_that_was_never_raised() {
    let flow = |mode| {
        let library = || {
            Domain::builder("library")
                .aggregate::<Member>()
                .projection::<LoanCount>()
                .command_handler(MemberHandler)
                .projector(LoanCounter)
                .build()
        };

        FlowHarness::new(library)
            .mode(mode)
            .given_command(Join { id: "ada".into() })
            .when(EndLoan { id: "ada".into() })
            .then_projection::<LoanCount>("ada")
            .like(json!({ "loans": 0 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 3 MemberHandler handled EndLoan and raised no LoanEnded or Left
    do look for a missing `work.add(..)` in MemberHandler, or check the conditions that lead to LoanEnded or Left
    ");
}
