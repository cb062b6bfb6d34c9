use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use flow_harness::{
    SystemHarness, SystemUnderTest, WorkerStep, at, expect,
    flow_domain::clock::{Timestamp, VirtualClock},
};
use insta::assert_snapshot;

use crate::fixture::{failure, mask_line_numbers, mismatch, report};

#[derive(Debug)]
struct Send;

#[derive(Debug, Clone, PartialEq)]
struct Sent(u64);

/// Counts messages that two workers send to each other.
#[derive(Default)]
struct PingPong {
    n_sent: AtomicU64,
    limit: u64,
}

impl PingPong {
    fn send(&self) -> WorkerStep {
        let n_sent = self.n_sent.load(Ordering::Relaxed);
        if n_sent == 0 || self.limit <= n_sent {
            return WorkerStep::Idle;
        }
        self.n_sent.store(n_sent + 1, Ordering::Relaxed);
        WorkerStep::Worked
    }
}

fn ping_pong(limit: u64) -> SystemHarness {
    SystemHarness::new(
        SystemUnderTest::new("ping-pong", move |_| async move {
            PingPong {
                limit,
                ..PingPong::default()
            }
        })
        .command("player", |game, _, Send| async move {
            game.n_sent.store(1, Ordering::Relaxed);
            Ok::<(), ()>(())
        })
        .view(|game, _| async move { Some(Sent(game.n_sent.load(Ordering::Relaxed))) })
        .worker("ping", |game| async move { game.send() })
        .worker("pong", |game| async move { game.send() }),
    )
}

#[test]
fn system_workers_run_until_all_are_idle() {
    ping_pong(100)
        .when(at("game", Send))
        .then_projection::<Sent>("game")
        .is(Sent(100))
        .run();
}

#[test]
fn system_workers_that_never_end_are_named() {
    let flow = ping_pong(u64::MAX)
        .budget(20)
        .when(at("game", Send))
        .then_settled();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when at("game", Send)      tests/it/own_system/workers.rs:LINE

      expected  the flow settles
      found     the flow did not settle within 20 deliveries
                busy     ping, called 11 times
                busy     pong, called 10 times
                fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long

      1 later step was skipped

    story   1 when   at("game", Send)  DID NOT SETTLE
            2 then   settled           skipped

    chain  Send                                player  returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned
           pong                                returned
           ping                                returned

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_worker_that_panics_fails_the_flow() {
    let mailer = SystemUnderTest::new("shop", |_| async { Mutex::new(0) })
        .command("orders", |n_mails: Arc<Mutex<u32>>, _, Send| async move {
            *n_mails.lock().expect("nobody panics") += 1;
            Ok::<(), ()>(())
        })
        .worker("mailer", |n_mails| async move {
            match *n_mails.lock().expect("nobody panics") {
                0 => WorkerStep::Idle,
                _ => panic!("the mail server is down"),
            }
        });
    let flow = SystemHarness::new(mailer)
        .when(at("o-1", Send))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when at("o-1", Send)      tests/it/own_system/workers.rs:LINE

      expected  no problem, or a `then` that covers it
      found     mailer failed on a step: panicked at tests/it/own_system/workers.rs:LINE: the mail server is down
                If the test expects this, add `.then(expect::component_failed("mailer", ".."))`

    story   1 when   at("o-1", Send)  accepted, but a handler failed
            2 then   accepted         ok

    chain  Send                                orders  returned
           mailer                              FAILED: panicked at tests/it/own_system/workers.rs:LINE: the mail server is down   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[derive(Debug, Clone, PartialEq)]
struct Reminders(Vec<Timestamp>);

/// Sends a reminder each hour, three times.
struct Reminder {
    now: Mutex<Timestamp>,
    due: Mutex<Option<Timestamp>>,
    sent: Mutex<Vec<Timestamp>>,
}

const HOUR: Duration = Duration::from_secs(3_600);

impl Reminder {
    fn step(&self) -> WorkerStep {
        let (now, mut due) = (*self.now.lock().unwrap(), self.due.lock().unwrap());
        match *due {
            None => WorkerStep::Idle,
            Some(time) if now < time => WorkerStep::WaitingUntil(time),
            Some(time) => {
                let mut sent = self.sent.lock().unwrap();
                sent.push(now);
                *due = (sent.len() < 3).then(|| time + HOUR);
                WorkerStep::Worked
            }
        }
    }
}

#[test]
fn system_worker_waits_for_its_time() {
    let reminder = SystemUnderTest::new("reminders", |_| async {
        Reminder {
            now: Mutex::new(VirtualClock::START),
            due: Mutex::default(),
            sent: Mutex::default(),
        }
    })
    .clock(|reminder, now| *reminder.now.lock().unwrap() = now)
    .command("orders", |reminder, _, Send| async move {
        let now = *reminder.now.lock().unwrap();
        *reminder.due.lock().unwrap() = Some(now + HOUR);
        Ok::<(), ()>(())
    })
    .view(|reminder, _| async move { Some(Reminders(reminder.sent.lock().unwrap().clone())) })
    .worker("reminder", |reminder| async move { reminder.step() });

    let start = VirtualClock::START;
    SystemHarness::new(reminder)
        .when(at("o-1", Send))
        .then_settled()
        .when_time_passes(2 * HOUR)
        .then_projection::<Reminders>("o-1")
        .is(Reminders(vec![start + HOUR, start + 2 * HOUR]))
        .when_time_passes(24 * HOUR)
        .then_projection::<Reminders>("o-1")
        .has(|reminders| reminders.0.len() == 3)
        .run();
}

/// A read model that a spawned task updates each second.
struct Polled {
    queue: Arc<Mutex<Vec<u64>>>,
    total: Arc<AtomicU64>,
}

impl Polled {
    fn start() -> Self {
        let (queue, total) = (
            Arc::<Mutex<Vec<u64>>>::default(),
            Arc::<AtomicU64>::default(),
        );
        let (work, sum) = (Arc::clone(&queue), Arc::clone(&total));
        #[expect(
            clippy::disallowed_methods,
            reason = "this is production code, which knows no clock of the harness"
        )]
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if let Some(n) = work.lock().unwrap().pop() {
                    sum.fetch_add(n, Ordering::Relaxed);
                }
            }
        });

        Self { queue, total }
    }
}

#[derive(Debug, PartialEq)]
struct Total(u64);

#[test]
fn system_polling_task_costs_no_real_time() {
    let polled = SystemUnderTest::new("polled", |_| async { Polled::start() })
        .command("adder", |polled: Arc<Polled>, _, Send| async move {
            polled.queue.lock().unwrap().extend([1, 2, 3]);
            Ok::<(), ()>(())
        })
        .view(|polled, _| async move { Some(Total(polled.total.load(Ordering::Relaxed))) })
        .polling_worker("poller", Duration::from_secs(1));

    SystemHarness::new(polled)
        .when(at("sum", Send))
        .then_projection::<Total>("sum")
        .is(Total(6))
        .run();
}

#[test]
fn system_worker_failure_can_be_expected() {
    let mailer = SystemUnderTest::new("shop", |_| async { AtomicU64::new(0) })
        .command("orders", |n_mails: Arc<AtomicU64>, _, Send| async move {
            n_mails.fetch_add(1, Ordering::Relaxed);
            Ok::<(), ()>(())
        })
        .fallible_worker("mailer", |n_mails| async move {
            match n_mails.load(Ordering::Relaxed) {
                1 => Err("the mail server is down"),
                _ => Ok(WorkerStep::Idle),
            }
        });

    SystemHarness::new(mailer)
        .when(at("o-1", Send))
        .then(expect::component_failed(
            "mailer",
            "the mail server is down",
        ))
        // The worker is called again.
        .when(at("o-2", Send))
        .then_settled()
        .run();
}

#[derive(Debug)]
struct Wait;

/// A system whose component waits for a message that nobody sends.
fn waiting() -> SystemUnderTest<()> {
    SystemUnderTest::new("waiting", |_| async {}).command("waiter", |_, _, Wait| async {
        std::future::pending::<()>().await;
        Ok::<(), ()>(())
    })
}

#[test]
fn system_call_that_waits_for_ever_fails() {
    let flow = SystemHarness::new(waiting())
        .when(at("w", Wait))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then accepted      tests/it/own_system/workers.rs:LINE

      expected  Wait is accepted
      found     Wait failed: the call failed: it waits for something that does not come within 30s
                If this is a socket or another thread, run the flow in an async test and end it with `.await`

    story   1 when   at("w", Wait)  FAILED: the call failed: it waits for something that does not come within 30s
            2 then   accepted       FAILED

    chain  Wait                                waiter  FAILED: the call failed: it waits for something that does not come within 30 ..   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn system_worker_that_never_waits_fails() {
    let looping = SystemUnderTest::new("looping", |_| async {})
        .command("starter", |_, _, Wait| async { Ok::<(), ()>(()) })
        .worker("looper", |_| async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    let flow = SystemHarness::new(looping)
        .when(at("w", Wait))
        .then_settled();

    assert_snapshot!(mismatch(flow), @r#"
    expected  the flow settles without problems
    found     looper failed on a step: the call failed: it goes on without waiting for anything
    "#);
}

#[test]
fn system_time_with_too_many_polls_fails() {
    let polled = SystemUnderTest::new("polled", |_| async { Polled::start() })
        .command("adder", |_: Arc<Polled>, _, Send| async {
            Ok::<(), ()>(())
        })
        .polling_worker("poller", Duration::from_secs(1));
    let flow = SystemHarness::new(polled)
        .given_nothing()
        .when_time_passes(24 * HOUR)
        .then_settled();

    assert_snapshot!(mismatch(flow), @r#"
    expected  the flow settles without problems
    found     time failed: poller would poll 86400 times meanwhile, and the budget is 10000: raise it with `.budget(..)`, or describe poller with `.worker(..)`
    "#);
}

#[test]
fn system_without_a_clock_gives_a_warning() {
    let outcome = ping_pong(3)
        .when(at("game", Send))
        .then_settled()
        .when_time_passes(HOUR)
        .then_settled()
        .run();

    let warnings = outcome.warnings();
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_snapshot!(mask_line_numbers(&warnings.join("\n")), @"tests/it/own_system/workers.rs:LINE: the system does not notice that time passes: describe its `.clock(..)`, or a worker that waits for a time");
}

#[test]
#[should_panic(expected = "the description of the system has two `.command(..)` for Wait")]
fn system_with_two_components_for_one_type_panics() {
    SystemHarness::new(waiting().command("other", |_, _, Wait| async { Ok::<(), ()>(()) }));
}

#[test]
fn system_report_prints_the_seed_of_the_workers() {
    let fail = || {
        let flow = ping_pong(3)
            .shuffle_workers(7)
            .when(at("game", Send))
            .then_projection::<Sent>("game")
            .is(Sent(4));
        failure(flow).to_string()
    };

    // The hint needs a thread with the name of a test.
    let named = thread::Builder::new().name("a_game".to_owned());
    let text = named.spawn(fail).unwrap().join().unwrap();
    let rerun = text.lines().find(|line| line.starts_with("rerun"));
    assert_eq!(rerun, Some("rerun  FLOW_WORKER_SEED=7 cargo test a_game"));
}
