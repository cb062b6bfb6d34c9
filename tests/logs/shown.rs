//! Where nobody else listens.

use std::thread;

use flow_harness::prelude::*;

use crate::{
    fixture::told,
    talker::{chain_of, talk},
};

#[test]
fn a_log_stands_under_the_handling_that_wrote_it() {
    insta::assert_snapshot!(chain_of(Mode::Sync, "hello"), @r#"
    Told                                talk-told-1 @1
    ├ Talker                            handled
    │ │ · INFO before what="hello"
    │ │ · DEBUG after
    │ └ Say                             Speaker  handled, changed nothing
    │     · INFO saying nth=1
    └ Listener                          handled, changed nothing
        · WARN heard
    "#);
}

#[test]
fn a_log_is_shown_through_the_engine_too() {
    insta::assert_snapshot!(chain_of(Mode::Engine, "fail"), @r#"
    Told                                talk-told-1 @1
    ├ Talker                            FAILED: talking failed: no breath
    │ │ · INFO before what="fail"
    │ │ · DEBUG after
    │ │ · ERROR it broke code=7
    │ └ Say                             Speaker  rolled back
    │     · INFO saying nth=1
    ├ Listener                          handled, changed nothing
    │   · WARN heard
    ├ Talker                            FAILED: talking failed: no breath (attempt 2)
    │ │ · INFO before what="fail"
    │ │ · DEBUG after
    │ │ · ERROR it broke code=7
    │ └ Say                             Speaker  rolled back
    │     · INFO saying nth=1
    ├ Talker                            FAILED: talking failed: no breath (attempt 3)
    │ │ · INFO before what="fail"
    │ │ · DEBUG after
    │ │ · ERROR it broke code=7
    │ └ Say                             Speaker  rolled back
    │     · INFO saying nth=1
    └ Talker                            FAILED: talking failed: no breath (attempt 4); given up, a dead letter
      │ · INFO before what="fail"
      │ · DEBUG after
      │ · ERROR it broke code=7
      └ Say                             Speaker  rolled back
          · INFO saying nth=1
    "#);
}

#[test]
fn of_many_logs_a_few_are_shown() {
    insta::assert_snapshot!(chain_of(Mode::Sync, "a lot"), @r#"
    Told                                talk-told-1 @1
    ├ Talker                            handled
    │ │ · INFO before what="a lot"
    │ │ · DEBUG after
    │ └ Say                             Speaker  handled, changed nothing
    │     · INFO saying nth=1
    │     · INFO saying nth=2
    │     · INFO saying nth=3
    │     · INFO saying nth=4
    │     · INFO saying nth=5
    │     · and 3 more
    └ Listener                          handled, changed nothing
        · WARN heard
    "#);
}

#[test]
fn logs_are_data() {
    let outcome = talk(Mode::Sync)
        .when_event(told("hello"))
        .then_settled()
        .run();

    let logs = outcome.logs();
    let texts: Vec<String> = logs.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            r#"INFO before what="hello""#,
            "INFO saying nth=1",
            "DEBUG after",
            "WARN heard"
        ]
    );
    assert_eq!(logs[0].target, "logs::talker");
    assert_eq!(logs[0].entry, logs[2].entry);
}

#[test]
fn a_run_has_its_own_logs_and_no_other() {
    let run = |what: &'static str| {
        move || {
            let flow = talk(Mode::Engine).when_event(told(what)).then_settled();
            let logs = flow.run().logs();
            logs.first().map(ToString::to_string)
        }
    };

    let (one, other) = (thread::spawn(run("one")), thread::spawn(run("other")));
    let texts = (one.join().unwrap(), other.join().unwrap());

    assert_eq!(texts.0.unwrap(), r#"INFO before what="one""#);
    assert_eq!(texts.1.unwrap(), r#"INFO before what="other""#);
}

#[test]
fn what_is_logged_outside_of_a_run_belongs_to_none() {
    let outcome = talk(Mode::Sync)
        .when_event(told("hello"))
        .then(|_: &Outcome| {
            tracing::error!("this is the test's own");
            Ok(())
        })
        .then_settled()
        .run();

    assert_eq!(outcome.logs().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_kept_on_a_runtime_with_several_threads() {
    let flow = talk(Mode::Sync).when_event(told("hello")).then_settled();
    let running = tokio::spawn(flow.into_future());

    assert_eq!(running.await.unwrap().logs().len(), 4);
}

#[test]
fn logs_are_no_part_of_the_record() {
    let run = || {
        let flow = talk(Mode::Sync).when_event(told("hello")).then_settled();
        flow.run().record().to_string()
    };

    let record = run();

    assert_eq!(record, run());
    assert!(!record.contains("before"), "{record}");
}

#[test]
fn a_thousand_lines_are_kept() {
    let mut flow = talk(Mode::Sync).when_event(told("a lot"));
    for _ in 0..120 {
        flow = flow.when_event(told("a lot"));
    }

    assert_eq!(flow.then_settled().run().logs().len(), 1_000);
}
