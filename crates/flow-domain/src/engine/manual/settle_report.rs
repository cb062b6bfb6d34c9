use std::{fmt, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::{HandlerFailure, Stall},
    runtime::ProcessResult,
};

/// What a run of an engine in test mode did, and what it left.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "it may be that something failed, or is left"]
pub struct SettleReport {
    /// How many messages were tried, each attempt counted.
    pub deliveries: usize,
    /// How often everything that could be read was read.
    pub cycles: usize,
    /// How much time passed.
    pub time: Duration,
    /// What was given up on, and what was refused although nobody waits for the answer.
    pub failures: Vec<HandlerFailure>,
    /// Set if it was stopped because it went over its budget of deliveries.
    pub stall: Option<Stall>,
    /// What is left.
    pub remaining: Remaining,
}

/// What an engine has not done with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remaining {
    /// What waits to be published, or to be published again.
    pub outbox: usize,
    /// The subscriptions for which messages wait.
    pub backlogs: Vec<SubscriptionBacklog>,
    /// The commands that are scheduled for later, the first to come first.
    pub scheduled: Vec<ScheduledCommand>,
    /// What was given up on and is kept.
    pub dead_letters: usize,
}

/// A subscription for which messages wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionBacklog {
    /// The subscription: the name of the handler, or `order:command`.
    pub subscription: Arc<str>,
    /// How many messages.
    pub n_messages: usize,
    /// How many of them failed and are tried again.
    pub n_retried: usize,
    /// When its circuit breaker closes, if it is open.
    pub paused_until: Option<Timestamp>,
}

/// A command that is scheduled for later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledCommand {
    /// The name of the command.
    pub name: String,
    /// The stream that it is for.
    pub stream: String,
    /// When it is sent.
    pub due: Timestamp,
}

impl From<SettleReport> for ProcessResult {
    fn from(settled: SettleReport) -> Self {
        let mut processed = Self::empty();
        processed.failures = settled.failures;
        processed.stall = settled.stall;
        processed
    }
}

impl Remaining {
    /// Returns true if there is nothing left to do now: nothing waits to be published, for a
    /// subscription or to be tried again. What is scheduled for later, and what was given up on, may be
    /// there.
    pub fn is_quiet(&self) -> bool {
        self.outbox == 0 && self.backlogs.is_empty()
    }
}

/// One line for each thing that is left; `nothing` if there is none.
impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if 0 < self.outbox {
            lines.push(format!("the outbox has {} to publish", self.outbox));
        }

        for one in &self.backlogs {
            let again = match one.n_retried {
                0 => String::new(),
                n => format!(", {n} of them again"),
            };
            let paused = one
                .paused_until
                .map(|until| format!(", and pauses until {until}"));
            let (name, n, paused) = (
                &one.subscription,
                one.n_messages,
                paused.unwrap_or_default(),
            );

            lines.push(format!("{name} has {n} to handle{again}{paused}"));
        }

        for one in &self.scheduled {
            let ScheduledCommand { name, stream, due } = one;
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
