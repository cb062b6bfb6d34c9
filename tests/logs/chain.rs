//! Logs in a test without its own subscriber.

use std::thread;

use flow_harness::prelude::*;

use crate::{
    instructed::instructed,
    talker::{chain_of, talk},
};

#[test]
fn log_is_shown_under_its_handler_call() {
    insta::assert_snapshot!(chain_of(Mode::Sync, "hello"), @r#"
    Instructed                          talk-inst-1 @1
    ├ Talker                            handled
    │ │ · INFO before what="hello"
    │ │ · DEBUG after
    │ └ Say                             Speaker  handled, stored nothing
    │     · INFO saying nth=1
    └ Listener                          handled, stored nothing
        · WARN heard
    "#);
}

#[test]
fn log_is_shown_in_engine_mode() {
    insta::assert_snapshot!(chain_of(Mode::Engine, "fail"), @r#"
    Instructed                          talk-inst-1 @1
    ├ Talker                            FAILED: talking failed: no breath
    │ │ · INFO before what="fail"
    │ │ · DEBUG after
    │ │ · ERROR it broke code=7
    │ └ Say                             Speaker  rolled back
    │     · INFO saying nth=1
    ├ Listener                          handled, stored nothing
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
    └ Talker                            FAILED: talking failed: no breath (attempt 4); retries exhausted, dead letter
      │ · INFO before what="fail"
      │ · DEBUG after
      │ · ERROR it broke code=7
      └ Say                             Speaker  rolled back
          · INFO saying nth=1
    "#);
}

#[test]
fn log_list_is_shortened() {
    insta::assert_snapshot!(chain_of(Mode::Sync, "a lot"), @r#"
    Instructed                          talk-inst-1 @1
    ├ Talker                            handled
    │ │ · INFO before what="a lot"
    │ │ · DEBUG after
    │ └ Say                             Speaker  handled, stored nothing
    │     · INFO saying nth=1
    │     · INFO saying nth=2
    │     · INFO saying nth=3
    │     · INFO saying nth=4
    │     · INFO saying nth=5
    │     · and 3 more
    └ Listener                          handled, stored nothing
        · WARN heard
    "#);
}

#[test]
fn logs_are_data() {
    let outcome = talk(Mode::Sync)
        .when_event(instructed("hello"))
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
fn log_belongs_to_one_run() {
    let run = |what: &'static str| {
        move || {
            let outcome = talk(Mode::Engine)
                .when_event(instructed(what))
                .then_settled()
                .run();
            outcome.logs().first().map(ToString::to_string)
        }
    };

    let (first, second) = (thread::spawn(run("one")), thread::spawn(run("other")));
    let (first, second) = (first.join().unwrap(), second.join().unwrap());

    assert_eq!(first.unwrap(), r#"INFO before what="one""#);
    assert_eq!(second.unwrap(), r#"INFO before what="other""#);
}

#[test]
fn log_outside_of_a_run_is_not_captured() {
    let outcome = talk(Mode::Sync)
        .when_event(instructed("hello"))
        .then(|_: &Outcome| {
            tracing::error!("this is the test's own");
            Ok(())
        })
        .then_settled()
        .run();

    assert_eq!(outcome.logs().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_is_captured_on_a_multi_threaded_runtime() {
    let flow = talk(Mode::Sync)
        .when_event(instructed("hello"))
        .then_settled();
    let task = tokio::spawn(flow.into_future());

    assert_eq!(task.await.unwrap().logs().len(), 4);
}

#[test]
fn log_is_not_in_the_record() {
    let run = || {
        let flow = talk(Mode::Sync)
            .when_event(instructed("hello"))
            .then_settled();
        flow.run().record().to_string()
    };

    let record = run();

    assert_eq!(record, run());
    assert!(!record.contains("before"), "{record}");
}

#[test]
fn log_capture_stores_at_most_1000_lines() {
    let mut flow = talk(Mode::Sync).when_event(instructed("a lot"));
    for _ in 0..120 {
        flow = flow.when_event(instructed("a lot"));
    }

    assert_eq!(flow.then_settled().run().logs().len(), 1_000);
}
