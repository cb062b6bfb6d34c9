//! An event whose optional key is empty is for no instance.

use flow_domain::{
    Domain, Error, Event, ProcessManager, ProcessManagerRoutes, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{mismatch, report},
    process_managers::library::{Loan, library, move_book, move_reference_book},
};

/// A typed id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, flow_domain::Id)]
struct GuestId(String);

/// A visit, of somebody who may be unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "visit", id = visit_id)]
enum Visit {
    Begun {
        visit_id: u32,
        table: Option<u16>,
        guest_id: Option<GuestId>,
    },
    Ended {
        visit_id: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<u16>,
        guest_id: GuestId,
    },
}

/// Counts the visits of a guest.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Loyalty {
    n_visits: u32,
}

impl ProcessManager for Loyalty {
    const KEY: &'static str = "guest_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_visit);
    }
}

impl Loyalty {
    async fn on_visit(&mut self, _: Visit, _: &mut UnitOfWork) -> Result<(), Error> {
        self.n_visits += 1;
        Ok(())
    }
}

/// Counts the visits at a table.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct TableUse {
    n_visits: u32,
}

impl ProcessManager for TableUse {
    const KEY: &'static str = "table";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_visit);
    }
}

impl TableUse {
    async fn on_visit(&mut self, _: Visit, _: &mut UnitOfWork) -> Result<(), Error> {
        self.n_visits += 1;
        Ok(())
    }
}

fn cafe() -> Result<Domain, WiringErrors> {
    Domain::builder("cafe")
        .event_from_outside::<Visit>()
        .process_manager::<Loyalty>()
        .process_manager::<TableUse>()
        .build()
}

fn begun(guest_id: Option<&str>, table: Option<u16>) -> Visit {
    Visit::Begun {
        visit_id: 1,
        table,
        guest_id: guest_id.map(|id| GuestId(id.into())),
    }
}

fn ended(guest_id: &str, table: Option<u16>) -> Visit {
    Visit::Ended {
        visit_id: 1,
        table,
        guest_id: GuestId(guest_id.into()),
    }
}

#[rstest]
#[case::both(begun(Some("ada"), Some(7)), 1, 1)]
#[case::no_guest(begun(None, Some(7)), 0, 1)]
#[case::no_table(begun(Some("ada"), None), 1, 0)]
#[case::neither(begun(None, None), 0, 0)]
#[case::variant_with_a_key_that_is_always_there(ended("ada", Some(7)), 1, 1)]
#[case::key_that_is_not_stored(ended("ada", None), 1, 0)]
fn event_without_a_key_is_for_nobody(
    #[case] event: Visit,
    #[case] n_guest_visits: u32,
    #[case] n_table_visits: u32,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let outcome = FlowHarness::new(cafe)
        .mode(mode)
        .when_event(event)
        .then_settled()
        .run();

    let loyalty = outcome.process_manager::<Loyalty>("ada");
    let table_use = outcome.process_manager::<TableUse>(7);
    assert_eq!(
        loyalty.map_or(0, |loyalty| loyalty.n_visits),
        n_guest_visits
    );
    assert_eq!(table_use.map_or(0, |table| table.n_visits), n_table_visits);
}

#[rstest]
fn command_that_raises_an_event_for_nobody_succeeds(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    library::<false, true>()
        .mode(mode)
        .given_command(move_book("l"))
        .when(move_reference_book("lnr"))
        .then_accepted()
        .then_process_manager::<Loan>("loan of Emma")
        .unchanged()
        .then_process_manager::<Loan>("loan of reference")
        .absent()
        .run();
}

#[test]
fn empty_text_is_still_a_failure() {
    let flow = FlowHarness::new(cafe)
        .when_event(begun(Some(""), None))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the flow settles without problems
    found     Loyalty failed on Begun: the key `guest_id` of Begun is invalid: a key must have 1 to 512 bytes, but this one is empty
    ");
}

#[test]
fn report_says_that_an_event_is_for_nobody() {
    let flow = FlowHarness::new(cafe)
        .mode(Mode::Engine)
        .when_event(begun(None, Some(7)))
        .then_process_manager::<Loyalty>("ada")
        .has(|loyalty| loyalty.n_visits == 1);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then Loyalty "ada" has      tests/it/process_managers/optional_key.rs:LINE

      expected  Loyalty "ada"
      found     nothing with this id; the flow stored no Loyalty

    why    perhaps: Ended was never sent; no handler of the domain sends it
    fix    send Ended from the test flow, if it comes from outside the domain: `.when_event(..)`

    story   1 when   Begun { visit_id: 1, table: 7, guest_id: null }  accepted
            2 then   Loyalty "ada" has                                FAILED

    chain  Begun                               visit-1 @1
           ├ Loyalty                           skipped: `guest_id` is empty, so no Loyalty gets the event
           └ TableUse                          stored TableUse "7"

    end    nothing pending · no handlers failed · no dead letters
    "#);
}
