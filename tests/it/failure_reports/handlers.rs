//! Reports of a handler that fails, panics, or never ends.

use ::shop::Inventory;
use flow_harness::expect;

use crate::fixture::{
    Brittle, FakeMailer, LabError, ask, counted, instructed, lab, payment_received, place_order,
    report, shop, shop_with_mail, stock_received,
};

#[test]
fn a_handler_that_fails() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_received())
        .then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 4: then settled      tests/it/failure_reports/handlers.rs:LINE

      expected  the flow settles without problems
      found     MailHandler failed on OrderConfirmed: sending the mail failed: the mail server is down

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            3 when   PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }  accepted, but a handler failed
            4 then   settled                                                         FAILED

    chain  PaymentReceived                     payment-pay-1 @1
           └ Fulfilment                        stored Fulfilment "ord-1"
             └ ConfirmOrder                    OrderCommandHandler  stored Order "ord-1"
               └ OrderConfirmed                order-ord-1 @2
                 ├ OrderDashboardProjector     wrote OrderDashboard "ord-1"
                 └ MailHandler                 FAILED: sending the mail failed: the mail server is down   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn unasserted_handler_failure() {
    let flow = lab().when_event(instructed("fail")).then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when Instructed { instruction_id: "inst-1", what: "fail" }      tests/it/failure_reports/handlers.rs:LINE

      expected  no problem, or a `then` that covers it
      found     Brittle failed on Instructed: the instruction failed: there was smoke
                If the test expects this, add `.then(expect::handler_failed::<Brittle>(..))`

    story   1 when   Instructed { instruction_id: "inst-1", what: "fail" }  accepted, but a handler failed
            2 then   no events                                              ok

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           FAILED: the instruction failed: there was smoke   <- here
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn handler_that_fails_with_another_error() {
    let flow = lab()
        .when_event(instructed("fail"))
        .then(expect::handler_failed::<Brittle>(LabError("fire")));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then handler Brittle failed with LabError("fire")      tests/it/failure_reports/handlers.rs:LINE

      expected  Brittle fails with LabError("fire")
      found     Brittle failed with LabError("smoke"): the instruction failed: there was smoke

    story   1 when   Instructed { instruction_id: "inst-1", what: "fail" }  accepted, but a handler failed
            2 then   handler Brittle failed with LabError("fire")           FAILED

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           FAILED: the instruction failed: there was smoke   <- here
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn a_handler_that_panics() {
    let flow = lab().when_event(instructed("panic")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then settled      tests/it/failure_reports/handlers.rs:LINE

      expected  the flow settles without problems
      found     Brittle failed on Instructed: panicked at tests/it/fixture/lab.rs:LINE: the beaker broke

    story   1 when   Instructed { instruction_id: "inst-1", what: "panic" }  accepted, but a handler failed
            2 then   settled                                                 FAILED

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           FAILED: panicked at tests/it/fixture/lab.rs:LINE: the beaker broke   <- here
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn a_command_handler_that_panics() {
    let flow = lab().when(ask("")).then_reply(0_usize);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then reply 0      tests/it/failure_reports/handlers.rs:LINE

      expected  the reply 0
      found     Ask failed: panicked at tests/it/fixture/lab.rs:LINE: nothing was asked, so there is no reply

    story   1 when   Ask { desk_id: "desk-1", question: "" }  FAILED: panicked at tests/it/fixture/lab.rs:LINE: nothing was asked, so there ..
            2 then   reply 0                                  FAILED

    chain  Ask                                 DeskHandler  FAILED: panicked at tests/it/fixture/lab.rs:LINE: nothing was asked, s ..   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn a_flow_that_does_not_settle() {
    let flow = lab().budget(10).when_event(counted(50)).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when Counted { counted_id: "count-1", left: 50 }      tests/it/failure_reports/handlers.rs:LINE

      expected  the flow settles
      found     the flow did not settle within 10 deliveries
                busy     Countdown, called 10 times
                cycle    Counted -> Countdown -> Counted, repeated 10 times
                pending  Countdown on Counted
                fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long

      1 later step was skipped

    story   1 when   Counted { counted_id: "count-1", left: 50 }  DID NOT SETTLE
            2 then   settled                                      skipped

    chain  Counted                                          count-count-1 @1
           └ Countdown                                      handled
             └ Counted                                      count-count-1 @2
               └ Countdown                                  handled
                 └ Counted                                  count-count-1 @3
                   └ Countdown                              handled
                     └ Counted                              count-count-1 @4
                       └ Countdown                          handled
                         └ Counted                          count-count-1 @5
                           └ Countdown                      handled
                             └ Counted                      count-count-1 @6
                               └ Countdown                  handled
                                 └ Counted                  count-count-1 @7
                                   └ Countdown              handled
                                     └ Counted              count-count-1 @8
                                       └ Countdown          handled
                                         └ Counted          count-count-1 @9
                                           └ Countdown      handled
                                             └ Counted      count-count-1 @10
                                               └ Countdown  handled
                                                 └ Counted  count-count-1 @11

    end    1 pending · no handlers failed
    "#);
}

#[test]
fn given_state_that_is_invalid() {
    let flow = shop()
        .given_aggregate(Inventory::empty("prod-1"))
        .when(place_order())
        .then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: given Inventory "prod-1"      tests/it/failure_reports/handlers.rs:LINE

      expected  a value that can be given
      found     `Inventory` is event-sourced and raised no events, so there is nothing to store

      2 later steps were skipped

    story   1 given  Inventory "prod-1"                                           FAILED
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  skipped
            3 then   settled                                                      skipped

    end    nothing pending · no handlers failed
    "#);
}
