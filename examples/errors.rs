//! Shows what happens when a handler fails, in the `booking` example: `cargo run --example errors`.
//!
//! A guest books a room and does not pay. After three days the room is free again, and the guest
//! should get a mail. But the mail server is down. All of this happens in virtual time.
#![expect(clippy::print_stdout, reason = "the example prints its result")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use booking::{BookRoom, GuestMailer, Mailer, PAYMENT_TERM, Room, ServerDown, Status};
use flow_domain::{
    App, Engine,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    message::Processing,
    record::EntryKind,
};
use flow_harness::prelude::*;

#[expect(clippy::disallowed_methods, reason = "it measures the real time")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();

    heading("The mail server fails four times: the fifth attempt succeeds");
    let outcome = mail_is_sent_after_retries();
    show(&outcome);

    let attempts = attempts(&outcome);
    assert_eq!(attempts[4], "2026-01-04T00:12:00Z  attempt 5");
    println!("\nThe attempts: the delay doubles, up to five minutes:");
    print_lines(&attempts);

    let failed_attempts = outcome.resource::<MailServer>().failed_attempts();
    assert_eq!(failed_attempts.len(), 4);
    println!("\nThe calls of `handle_error`:");
    print_lines(&failed_attempts);

    heading(
        "The mail server fails five times: the event becomes a dead letter, and everything else goes on",
    );
    show(&mail_becomes_dead_letter());

    heading("The mail server is repaired: the dead letter is inspected and replayed");
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(dead_letter_is_replayed())?;

    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(10));
    println!("\n\nThree flows of three days each took {elapsed:.1?}.");

    Ok(())
}

fn mail_is_sent_after_retries() -> Outcome {
    rooms(4)
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::attempts::<GuestMailer>(5))
        .then(expect::dead_letters().none())
        .then(expect::resource(|mail_server: &MailServer| {
            mail_server.sent() == ["ada"]
        }))
        .run()
}

fn mail_becomes_dead_letter() -> Outcome {
    rooms(5)
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .then(
            expect::dead_letters()
                .one()
                .because("the mail server is down"),
        )
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .then(expect::resource(|mail_server: &MailServer| {
            mail_server.sent().is_empty()
        }))
        .run()
}

/// Replays a dead letter as an operator would: with the app and its engine, without the harness.
async fn dead_letter_is_replayed() -> Result<(), Box<dyn std::error::Error>> {
    let mail_server = Arc::new(MailServer::down_for(5));
    let app = App::builder(booking::domain(Arc::<MailServer>::clone(&mail_server))?)
        .store(MemoryStore::default())
        .broker(MemoryBroker::default())
        .clock(Arc::new(VirtualClock::default()))
        .ids(Arc::new(VirtualIds::default()))
        .event_processing(Processing::Async)
        .start();
    let mut engine = Engine::test_mode(&app);

    app.process(book()).await?;
    let settled = engine.run_until(app.now() + PAYMENT_TERM).await?;
    assert_eq!(settled.failures.len(), 1);

    let dead_letters = app.dead_letters().all().await?;
    assert_eq!(dead_letters.len(), 1);
    let dead_letter = &dead_letters[0];
    println!(
        "{} failed on {}: dead letter at {}, after {} attempts:\n    {}",
        dead_letter.subscription,
        dead_letter.envelope.metadata.message_type.name(),
        dead_letter.failed_at,
        dead_letter.attempts,
        dead_letter.reason
    );

    // The server accepts every mail from the sixth on.
    assert!(app.dead_letters().replay(&dead_letter.id).await?);
    let settled = engine.run().await?;
    assert_eq!((settled.deliveries, settled.remaining.dead_letters), (1, 0));
    assert_eq!(mail_server.sent(), ["ada"]);

    println!("\nReplayed: one delivery, to GuestMailer alone, and the mail is sent.");
    println!(
        "Dead letters now: {}",
        app.dead_letters().all().await?.len()
    );

    Ok(())
}

/// A mail server that is down for the first mails.
#[derive(Debug, Default)]
struct MailServer {
    n_down: AtomicU32,
    sent: Mutex<Vec<String>>,
    failed_attempts: Mutex<Vec<String>>,
}

impl MailServer {
    fn down_for(n_mails: u32) -> Self {
        Self {
            n_down: n_mails.into(),
            ..Self::default()
        }
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().expect("no thread panicked").clone()
    }

    fn failed_attempts(&self) -> Vec<String> {
        self.failed_attempts
            .lock()
            .expect("no thread panicked")
            .clone()
    }
}

impl Mailer for MailServer {
    fn send(&self, guest: &str, _text: &str) -> Result<(), ServerDown> {
        let n_down = self.n_down.load(Ordering::Relaxed);
        if 0 < n_down {
            self.n_down.store(n_down - 1, Ordering::Relaxed);
            return Err(ServerDown);
        }

        let mut sent = self.sent.lock().expect("no thread panicked");
        sent.push(guest.to_owned());
        Ok(())
    }

    fn on_send_failure(&self, reason: &str, attempt: u32, is_last: bool) {
        let next_step = if is_last { "last" } else { "with retry" };
        let mut lines = self.failed_attempts.lock().expect("no thread panicked");
        lines.push(format!("attempt {attempt}, {next_step}: {reason}"));
    }
}

fn rooms(n_down: u32) -> FlowHarness {
    FlowHarness::new(|fakes: &Resources| booking::domain(fakes.get::<MailServer>()))
        .resource(move || MailServer::down_for(n_down))
        .mode(Mode::Engine)
}

fn book() -> BookRoom {
    BookRoom {
        booking_id: "b-1".into(),
        guest: "ada".into(),
    }
}

/// Returns the attempts of the mailer from the record.
fn attempts(outcome: &Outcome) -> Vec<String> {
    outcome
        .record()
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::HandlerStarted {
                handler: "GuestMailer",
                attempt,
                ..
            } => Some(format!("{}  attempt {attempt}", entry.time)),
            _ => None,
        })
        .collect()
}

fn show(outcome: &Outcome) {
    println!("{}\n\n{}", outcome.story(), outcome.chain());
}

fn print_lines(lines: &[String]) {
    for line in lines {
        println!("    {line}");
    }
}

fn heading(title: &str) {
    println!("\n\n{title}\n{}\n", "─".repeat(title.len()));
}
