//! Two aggregates have a command `Create` and an event `Created`. Every step tells them apart.

use std::fmt;

use flow_domain::{
    Aggregate, Domain, Error, Event, EventHandler, EventRoutes, PendingEvents, UnitOfWork,
};
use flow_harness::{Flow, expect, flow::Acted, prelude::*, unit::unit};
use serde::{Deserialize, Serialize};

use crate::fixture::{
    InvoiceMaker, InvoiceRow, customer, customers_and_invoices, invoice, masked_panic_text,
    mismatch, report,
};

fn created(id: &str) -> Flow<'static, Acted> {
    created_in(Mode::Sync, id)
}

fn created_in(mode: Mode, id: &str) -> Flow<'static, Acted> {
    FlowHarness::new(customers_and_invoices)
        .mode(mode)
        .when(customer::Create { id: id.to_owned() })
}

fn customer_created(id: &str) -> customer::Created {
    customer::Created { id: id.to_owned() }
}

fn invoice_created(id: &str) -> invoice::Created {
    invoice::Created { id: id.to_owned() }
}

#[test]
fn own_event_is_found() {
    created("c-1")
        .then_events((customer_created("c-1"), customer_created("i-1")))
        .then_event(customer_created("i-1"))
        .then(expect::no_event::<invoice::Created>())
        .then(expect::event_matching(|event: &customer::Created| {
            event.id == "i-1"
        }))
        .then(expect::commands(customer::Create { id: "i-1".into() }))
        .then(expect::chain([
            "Customer.Create",
            "Customer.Created",
            "Customer.Create",
            "Customer.Created",
        ]))
        .then(expect::projections::<InvoiceRow>().count(0))
        .run();

    created_in(Mode::Engine, "c-1")
        .then(expect::published::<customer::Created>())
        .run();
}

#[test]
fn event_of_another_aggregate_is_missing() {
    insta::assert_snapshot!(report(created("c-1").then_event(invoice_created("i-1"))), @r#"
    flow failed at step 2: then event Invoice.Created      tests/it/assertions/shared_names.rs:LINE

      expected  Invoice.Created { id: "i-1" }
      found     only Customer.Created, Customer.Created

    why    perhaps: Invoice.Create was never sent; no handler of the domain sends it
    fix    send Invoice.Create from the test flow, if it comes from outside the domain: `.when(..)`

    story   1 when   Customer.Create { id: "c-1" }  accepted
            2 then   event Invoice.Created          FAILED

    chain  Customer.Create                     CustomerHandler  stored Customer "c-1"
           └ Customer.Created                  customer-c-1 @1
             └ InvoiceMaker                    handled
               └ Customer.Create               CustomerHandler  stored Customer "i-1"
                 └ Customer.Created            customer-i-1 @1
                   └ InvoiceMaker              handled, stored nothing

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn events_of_another_aggregate_differ() {
    let flow = created("c-1").then_events((customer_created("c-1"), invoice_created("i-1")));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then events Customer.Created, Invoice.Created      tests/it/assertions/shared_names.rs:LINE

      expected  Customer.Created, Invoice.Created
      found     Customer.Created, Customer.Created
                as expected  Customer.Created
                missing      Invoice.Created { id: "i-1" }
                unexpected   Customer.Created { id: "i-1" }

    why    perhaps: Invoice.Create was never sent; no handler of the domain sends it
    fix    send Invoice.Create from the test flow, if it comes from outside the domain: `.when(..)`

    story   1 when   Customer.Create { id: "c-1" }             accepted
            2 then   events Customer.Created, Invoice.Created  FAILED

    chain  Customer.Create                     CustomerHandler  stored Customer "c-1"
           └ Customer.Created                  customer-c-1 @1
             └ InvoiceMaker                    handled
               └ Customer.Create               CustomerHandler  stored Customer "i-1"
                 └ Customer.Created            customer-i-1 @1
                   └ InvoiceMaker              handled, stored nothing

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn event_that_matches_is_of_the_right_aggregate() {
    let flow = created("c-1").then(expect::event_matching(|event: &invoice::Created| {
        event.id == "i-1"
    }));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Invoice.Created for which the closure returns true
    found     only Customer.Created, Customer.Created
    ");
}

#[test]
fn no_event_is_about_one_aggregate() {
    let flow = created("c-1").then(expect::no_event::<customer::Created>());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no Customer.Created
    found     Customer.Created { id: "c-1" }
    "#);
}

#[test]
fn commands_of_another_aggregate_differ() {
    let flow = created("c-1").then(expect::commands(invoice::Create { id: "i-1".into() }));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Invoice.Create
    found     Customer.Create
              missing      Invoice.Create { id: "i-1" }
              unexpected   Customer.Create { id: "i-1" }
    "#);
}

#[test]
fn published_event_is_of_the_right_aggregate() {
    let flow = created_in(Mode::Engine, "c-1").then(expect::published::<invoice::Created>());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Invoice.Created is published
    found     no Invoice.Created was raised
    ");
}

#[test]
fn chain_needs_the_name_of_the_aggregate() {
    let flow = created("c-1").then(expect::chain(["Customer.Create", "Created"]));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  a message Created in the chain
    found     several messages have this name; write one of Customer.Created, Invoice.Created
    ");

    let flow = created("c-1").then(expect::chain(["Customer.Create", "Invoice.Created"]));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  Customer.Create -> Invoice.Created
    found     Customer.Create, which caused Customer.Created
    ");

    let flow = created("c-1").then(expect::chain(["Customer.Crate"]));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  a message Customer.Crate in the chain
    found     no such message in the domain; did you mean Customer.Create?
    ");
}

#[test]
fn scheduled_command_is_of_the_right_aggregate() {
    created("late")
        .then(expect::scheduled::<customer::Create>())
        .run();

    let flow = created("late").then(expect::not_scheduled::<invoice::Create>());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  an expectation that can fail
    found     no handler declares that it issues Invoice.Create
              If a handler issues it, declare it in the routes: `.issues::<Create>()`
    ");

    let flow = created("late").then(expect::scheduled::<invoice::Create>());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  Invoice.Create is scheduled
    found     no Invoice.Create was scheduled
              Customer.Create for customer-i-1 is scheduled for 2026-01-01T00:01:00Z
    ");
}

#[test]
fn failure_names_the_message_of_the_aggregate() {
    insta::assert_snapshot!(report(created("broken").then_accepted()), @r#"
    flow failed at step 1: when Customer.Create { id: "broken" }      tests/it/assertions/shared_names.rs:LINE

      expected  no problem, or a `then` that covers it
      found     InvoiceMaker failed on Customer.Created: panicked at tests/it/fixture/customers.rs:LINE: there is no invoice
                If the test expects this, add `.then(expect::handler_failed_with_message::<InvoiceMaker>(".."))`

    story   1 when   Customer.Create { id: "broken" }  accepted, but a handler failed
            2 then   accepted                          ok

    chain  Customer.Create                     CustomerHandler  stored Customer "broken"
           └ Customer.Created                  customer-broken @1
             └ InvoiceMaker                    FAILED: panicked at tests/it/fixture/customers.rs:LINE: there is no invoice   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn rolled_back_event_of_another_aggregate_is_no_cause() {
    let flow = created("undone")
        .then(expect::handler_failed::<InvoiceMaker>(fmt::Error))
        .then_event(invoice_created("i-1"));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then event Invoice.Created      tests/it/assertions/shared_names.rs:LINE

      expected  Invoice.Created { id: "i-1" }
      found     only Customer.Created

    why    perhaps: Invoice.Create was never sent; no handler of the domain sends it
    fix    send Invoice.Create from the test flow, if it comes from outside the domain: `.when(..)`

    story   1 when   Customer.Create { id: "undone" }        accepted, but a handler failed
            2 then   handler InvoiceMaker failed with Error  ok
            3 then   event Invoice.Created                   FAILED

    chain  Customer.Create                     CustomerHandler  stored Customer "undone"
           └ Customer.Created                  customer-undone @1
             └ InvoiceMaker                    FAILED: making the invoice failed: an error occurred when formatting an argument; rolled back ..
               └ Customer.Create               CustomerHandler  rolled back
                 └ Customer.Created            rolled back

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn dead_letter_names_the_message_of_the_aggregate() {
    let flow = created_in(Mode::Engine, "broken").then(expect::dead_letters().none());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no dead letters
    found     1 dead letter
              InvoiceMaker failed on Customer.Created after 4 attempts: panicked at tests/it/fixture/customers.rs:LINE: there is no invoice
    ");
}

#[test]
fn given_events_are_told_apart() {
    FlowHarness::new(customers_and_invoices)
        .given_events(invoice_created("i-1"))
        .when(customer::Create { id: "i-1".into() })
        .then_events(customer_created("i-1"))
        .then(expect::no_event::<invoice::Created>())
        .then_projection::<InvoiceRow>("i-1")
        .unchanged()
        .run();

    let flow = FlowHarness::new(customers_and_invoices)
        .mode(Mode::Sync)
        .given_events(customer_created("broken"))
        .when(invoice::Create { id: "i-1".into() })
        .then_accepted();
    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: given Customer.Created { id: "broken" }      tests/it/assertions/shared_names.rs:LINE

      expected  the given step runs without problems
      found     InvoiceMaker failed on Customer.Created: panicked at tests/it/fixture/customers.rs:LINE: there is no invoice

      2 later steps were skipped

    story   1 given  Customer.Created { id: "broken" }  FAILED
            2 when   Invoice.Create { id: "i-1" }       skipped
            3 then   accepted                           skipped

    chain  Customer.Created                    customer-broken @1
           └ InvoiceMaker                      FAILED: panicked at tests/it/fixture/customers.rs:LINE: there is no invoice   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn missing_row_names_the_event_of_the_right_aggregate() {
    let flow = created("c-1").then_projection::<InvoiceRow>("i-1");

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then InvoiceRow "i-1"      tests/it/assertions/shared_names.rs:LINE

      expected  InvoiceRow "i-1"
      found     nothing with this id; the flow stored no InvoiceRow

    why    perhaps: Invoice.Create was never sent; no handler of the domain sends it
    fix    send Invoice.Create from the test flow, if it comes from outside the domain: `.when(..)`

    story   1 when   Customer.Create { id: "c-1" }  accepted
            2 then   InvoiceRow "i-1"               FAILED

    chain  Customer.Create                     CustomerHandler  stored Customer "c-1"
           └ Customer.Created                  customer-c-1 @1
             └ InvoiceMaker                    handled
               └ Customer.Create               CustomerHandler  stored Customer "i-1"
                 └ Customer.Created            customer-i-1 @1
                   └ InvoiceMaker              handled, stored nothing

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn unit_test_knows_the_aggregate() {
    let create = |customer: &mut customer::Customer| customer.raise(customer_created("c-1"));
    let given = || {
        unit::<customer::Customer>().given_aggregate(customer::Customer {
            id: "c-1".into(),
            raised: PendingEvents::default(),
        })
    };
    given().when(create).then_events(customer_created("c-1"));

    let text = masked_panic_text(|| given().when(create).then_event(invoice_created("c-1")));
    insta::assert_snapshot!(text, @r#"
    unit test of Customer failed: then event invoice.Created      tests/it/assertions/shared_names.rs:LINE

      expected  invoice.Created { id: "c-1" }
      found     only Created
    "#);
}

/// An event whose content is compared by a `PartialEq` that ignores the note.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(category = "memo", id = id)]
struct Noted {
    id: String,
    note: String,
}

impl PartialEq for Noted {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

#[derive(Debug)]
struct Echo;

impl EventHandler for Echo {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_created).raises::<Noted>();
    }
}

impl Echo {
    async fn on_created(
        &self,
        event: customer::Created,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        work.raise(Noted {
            id: event.id,
            note: "created".into(),
        })
    }
}

#[test]
fn expected_event_is_compared_by_its_partial_eq() {
    let harness = FlowHarness::new(|| {
        Domain::builder("shop")
            .aggregate::<customer::Customer>()
            .event_from_outside::<Noted>()
            .command_handler(customer::CustomerHandler)
            .event_handler(Echo)
            .build()
    });
    let noted = |id: &str| Noted {
        id: id.to_owned(),
        note: "any".into(),
    };

    let flow = || harness.when(customer::Create { id: "c-1".into() });
    flow()
        .then_events((customer_created("c-1"), noted("c-1")))
        .then_event(noted("c-1"))
        .run();

    insta::assert_snapshot!(mismatch(flow().then_event(noted("c-2"))), @r#"
    expected  Noted { id: "c-2", note: "any" }
    found     Noted { id: "c-1", note: "created" }
              id    expected "c-2", found "c-1"
              note  expected "any", found "created"
    "#);
}
