use std::{fmt, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::PausedStream,
    error::{HandlerFailure, Stall},
    runtime::ProcessResult,
};

/// What a run of a [`TestEngine`](crate::testing::TestEngine) did, and what remains.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "a handler may have failed, and messages may be pending"]
pub struct SettleReport {
    /// The number of attempts, and of the inline deliveries that they caused.
    pub deliveries: usize,
    /// The number of cycles of publishing, reading and delivering.
    pub cycles: usize,
    /// How far the run advanced the clock.
    pub elapsed: Duration,
    /// The messages whose retries were exhausted, the commands that were rejected or expired, and the
    /// failures of events that were handled inline.
    pub failures: Vec<HandlerFailure>,
    /// Set if the run stopped because it exceeded its budget of deliveries.
    pub stall: Option<Box<Stall>>,
    /// What remains to be delivered.
    pub remaining: Remaining,
}

/// What an engine has not delivered or settled yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remaining {
    /// The number of messages that wait to be published, or to be published again.
    pub outbox: usize,
    /// The subscriptions with unsettled messages.
    pub backlogs: Vec<SubscriptionBacklog>,
    /// The commands that are scheduled for later, in the order of their due time.
    pub scheduled: Vec<ScheduledCommand>,
    /// The number of dead letters.
    pub dead_letters: usize,
}

/// The unsettled messages of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionBacklog {
    /// The name of the subscription: the name of the handler, or `order:command` for commands.
    pub subscription: Arc<str>,
    /// The number of unsettled messages.
    pub n_messages: usize,
    /// How many of these messages failed and wait for a retry.
    pub n_retried: usize,
    /// When the circuit breaker closes, if it is open.
    pub paused_until: Option<Timestamp>,
    /// The streams that wait for a newer program.
    pub paused_streams: Vec<PausedStream>,
}

/// A command that is scheduled for later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledCommand {
    /// The name of the command.
    pub name: String,
    /// The stream of its aggregate.
    pub stream: String,
    /// When the command is sent.
    pub due: Timestamp,
}

impl From<SettleReport> for ProcessResult {
    fn from(report: SettleReport) -> Self {
        let mut result = Self::empty();
        result.failures = report.failures;
        result.stall = report.stall;
        result
    }
}

impl Remaining {
    /// Returns true if nothing waits to be published, delivered or retried.
    ///
    /// Scheduled commands and dead letters may remain.
    pub fn is_quiet(&self) -> bool {
        self.outbox == 0 && self.backlogs.is_empty()
    }
}

/// Writes one line for each thing that remains, or `nothing`.
impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();

        if 0 < self.outbox {
            lines.push(format!(
                "the outbox has {} to publish",
                pluralized(self.outbox, "message", "messages")
            ));
        }

        for backlog in &self.backlogs {
            let name = &backlog.subscription;
            let messages = pluralized(backlog.n_messages, "message", "messages");
            let retries = match backlog.n_retried {
                0 => String::new(),
                n => format!(", including {}", pluralized(n, "retry", "retries")),
            };
            let paused = backlog
                .paused_until
                .map(|until| format!(", and pauses until {until}"))
                .unwrap_or_default();

            lines.push(format!("{name} has {messages} to handle{retries}{paused}"));
            lines.extend(backlog.paused_streams.iter().map(|paused| {
                let PausedStream {
                    stream,
                    message_type,
                    ..
                } = paused;
                format!("{name} waits in `{stream}` for a program that knows {message_type}")
            }));
        }

        for ScheduledCommand { name, stream, due } in &self.scheduled {
            lines.push(format!("{name} for {stream} is scheduled for {due}"));
        }

        if 0 < self.dead_letters {
            lines.push(format!("dead letters: {}", self.dead_letters));
        }

        if lines.is_empty() {
            return f.write_str("nothing");
        }

        f.write_str(&lines.join("\n"))
    }
}

fn pluralized(n: usize, singular: &str, plural: &str) -> String {
    let noun = if n == 1 { singular } else { plural };
    format!("{n} {noun}")
}
