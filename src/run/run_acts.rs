use flow_domain::{
    Error, Headers,
    handler::short_type_name,
    message::Recorded,
    model::SerializedMessage,
    record::{EntryId, EntryKind},
    runtime::ProcessResult,
};

use crate::{
    diagnosis::Subject,
    expect::MessageView,
    flow::{MessageResult, Mismatch, ReplyName, Step, StepKind},
    run::{
        ActOutcome, Warning,
        act_outcome::{ActKind, FailureIdx},
        catch_closure::catch_closure,
        runner::{Runner, Stop, UnassertedProblem},
    },
    system::Act,
};

/// What is given, and what happens.
impl Runner<'_, '_> {
    pub(super) async fn run_given(&mut self, idx: usize, step: &Step<'_>) -> Result<(), Stop> {
        let written_wrongly = |err: &Error| {
            Mismatch::new("something that can be given", err.with_causes().to_string())
        };
        let act = match &step.kind {
            StepKind::GivenEvents(Ok(events)) => Act::Events(events),
            StepKind::GivenAggregate(Ok(aggregate)) => Act::Aggregate(aggregate),
            StepKind::GivenCommand(Ok(command)) => Act::Command(command),
            StepKind::GivenEvents(Err(err))
            | StepKind::GivenAggregate(Err((_, err)))
            | StepKind::GivenCommand(Err(err)) => {
                return Err(self.fail_step(idx, step, written_wrongly(err)));
            }
            _ => return Ok(()),
        };
        let headers = Headers::default();
        let system = self.outcome.system_mut();
        let mut processed = system.act(act, &headers).await;

        if system.is_paused() {
            // What is given lies in the past: everything that it caused has happened.
            let settled = system.act(Act::Engine(None), &headers).await;
            processed = processed.merge(Ok(settled));
        }

        self.outcome.update_record();
        match problem_text(&processed) {
            None => {
                self.outcome.mark_end_of_given();
                Ok(())
            }
            Some(trouble) => {
                let mismatch = Mismatch::new("what is given happens without trouble", trouble);
                let mismatch = mismatch.with_subject(Subject::Given);
                Err(self.fail_step(idx, step, mismatch))
            }
        }
    }

    pub(super) async fn run_act(&mut self, idx: usize, step: &Step<'_>) -> Result<(), Stop> {
        if !self.has_acted {
            self.has_acted = true;
            if let Some(faults) = &self.faults {
                faults.start_counting();
            }
            self.outcome.mark_end_of_given();
        }

        let made: MessageResult;
        let (message, reply_name, headers): (&MessageResult, Option<ReplyName>, Headers) =
            match &step.kind {
                StepKind::When(command, reply_name, headers) => {
                    (command, Some(*reply_name), headers.clone())
                }
                StepKind::WhenEvent(event, headers) | StepKind::WhenSubmitted(event, headers) => {
                    (event, None, headers.clone())
                }
                StepKind::WhenWith(make, reply_name) => {
                    let make = || Ok(make(&self.outcome));
                    let (message, broken) = catch_closure("the closure makes a command", make)
                        .map_err(|mismatch| self.fail_step(idx, step, mismatch))?;
                    self.invariant_violations
                        .extend(broken.map(|broken| (idx, broken)));
                    made = message;
                    (&made, Some(*reply_name), Headers::default())
                }
                StepKind::WhenTime(pass) => {
                    return self
                        .run_system_act(idx, step, "time", Act::Time(*pass))
                        .await;
                }
                StepKind::WhenEngine(cycles) => {
                    self.run_system_act(idx, step, "the engine", Act::Engine(*cycles))
                        .await?;
                    self.warn_of_idle_engine(step);
                    return Ok(());
                }
                StepKind::WhenRedelivered(times) => return self.redeliver(idx, step, *times).await,
                StepKind::WhenAll(commands) => {
                    return self.run_overlapping(idx, step, commands).await;
                }
                _ => return Ok(()),
            };

        let message = match message {
            Ok(message) => message,
            Err(err) => {
                let mismatch = Mismatch::new(
                    "a message that has a JSON form",
                    err.with_causes().to_string(),
                );
                return Err(self.fail_step(idx, step, mismatch));
            }
        };

        let act = match reply_name {
            None if matches!(step.kind, StepKind::WhenSubmitted(..)) => Act::Submit(message),
            None => Act::Events(std::slice::from_ref(message)),
            Some(_) => Act::Command(message),
        };
        let processed = self.outcome.system_mut().act(act, &headers).await;

        if matches!(step.kind, StepKind::WhenWith(..)) {
            self.steps.add_built_command(idx, message.clone());
        }

        let name = MessageView::from(message).name;
        self.finish_act(idx, step, name, processed, reply_name)
    }

    /// Hands over commands at the same time.
    async fn run_overlapping(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        commands: &Result<Vec<SerializedMessage>, Error>,
    ) -> Result<(), Stop> {
        let commands = commands.as_ref().map_err(|err| {
            let found = err.with_causes().to_string();
            self.fail_step(
                idx,
                step,
                Mismatch::new("messages that have a JSON form", found),
            )
        })?;
        let all = self.outcome.system_mut().act_all(commands).await;
        let (n_together, mut stalled) = (all.len(), None);

        for (command, processed) in commands.iter().zip(all) {
            // What happened cannot be told apart: the last of them has all of it.
            let is_last = self.steps.n_acts(idx) + 1 == n_together;
            let n_entries = self.outcome.record().entries().len();
            let entries = if is_last {
                self.outcome.update_record()
            } else {
                n_entries..n_entries
            };

            stalled = stalled.or(processed.stall.as_ref().map(ToString::to_string));
            let name = MessageView::from(command).name;
            let act =
                ActOutcome::new(name, processed, None, entries).with_n_overlapping(n_together);

            self.collect_problems(idx, step, &act);
            self.steps.add_act(idx);
            self.outcome.add_act(act);
        }

        self.has_asserted_pending = false;
        self.require_settled(idx, step, stalled)
    }

    fn require_settled(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        stalled: Option<String>,
    ) -> Result<(), Stop> {
        match stalled {
            None => Ok(()),
            Some(stall) => {
                let mismatch = Mismatch::new("the flow settles", stall);
                Err(self.fail_step(idx, step, mismatch))
            }
        }
    }

    /// Does what is no message.
    async fn run_system_act(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        name: &str,
        act: Act<'_>,
    ) -> Result<(), Stop> {
        let none = Headers::default();
        let processed = self.outcome.system_mut().act(act, &none).await;
        self.finish_act(idx, step, name.to_owned(), processed, None)
    }

    /// Warns of an engine that was let run and had nothing to do.
    fn warn_of_idle_engine(&mut self, step: &Step<'_>) {
        let outcome = &self.outcome;
        let is_idle = outcome.last_act_entries().is_empty() && outcome.remaining().is_quiet();

        if outcome.is_inline() || !is_idle {
            return;
        }

        let mut text = "the engine had nothing to do".to_owned();
        if !outcome.is_paused() {
            text.push_str(": it runs after every act, unless the harness is `.paused()`");
        }

        self.outcome.warn(Warning::at_step(step.location, text));
    }

    /// Has the events of the last act delivered again.
    async fn redeliver(&mut self, idx: usize, step: &Step<'_>, times: u32) -> Result<(), Stop> {
        let events = self
            .outcome
            .last_act_entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Appended(event) => Some((event.clone(), entry.id)),
                _ => None,
            });
        let events: Vec<(Recorded, EntryId)> = events.collect();

        if events.is_empty() {
            let expected = "events of the last act, to be delivered again";
            let mismatch = Mismatch::new(expected, "it left none");
            return Err(self.fail_step(idx, step, mismatch));
        }

        let mut processed = ProcessResult::empty();
        for nth in 1..=times {
            let headers = Headers::default();
            let act = Act::Redeliver(&events, nth);
            let one = self.outcome.system_mut().act(act, &headers).await;
            processed = processed.merge(Ok(one));
        }

        self.finish_act(idx, step, "the redelivery".to_owned(), processed, None)
    }

    /// Keeps what became of an act.
    fn finish_act(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        name: String,
        processed: ProcessResult,
        reply_name: Option<ReplyName>,
    ) -> Result<(), Stop> {
        let entries = self.outcome.update_record();
        let handler = self.outcome.record().entries()[entries.clone()]
            .iter()
            .find_map(|entry| match entry.kind {
                EntryKind::HandlerStarted { handler, .. } => Some(handler),
                _ => None,
            });
        let stalled = processed.stall.as_ref().map(ToString::to_string);
        let act = ActOutcome::new(name, processed, handler, entries)
            .with_reply_name(reply_name.unwrap_or(short_type_name::<()>));
        let act = act.with_kind(match step.kind {
            StepKind::When(..) | StepKind::WhenEvent(..) | StepKind::WhenWith(..) => {
                ActKind::Message
            }
            StepKind::WhenSubmitted(..) => ActKind::Submitted,
            _ => ActKind::Other,
        });

        self.collect_problems(idx, step, &act);
        self.steps.add_act(idx);
        self.outcome.add_act(act);
        self.has_asserted_pending = false;

        self.require_settled(idx, step, stalled)
    }

    /// Remembers what went wrong, until a `then` speaks of it.
    fn collect_problems(&mut self, idx: usize, step: &Step<'_>, act: &ActOutcome) {
        let mut keep = |failed, err: &Error, text| {
            self.problems.push(UnassertedProblem {
                step: idx,
                location: step.location,
                failure: failed,
                is_conflict: err.is_conflict(),
                act_name: act.name().to_owned(),
                cause: if err.is_rejection() {
                    err.to_string()
                } else {
                    err.with_causes().to_string()
                },
                text,
            });
        };

        if let Some(err) = act.error() {
            if err.is_rejection() {
                let hint = "If that is the point, say so: `.then_rejected(..)`";
                keep(
                    None,
                    err,
                    format!("{} was rejected: {err}\n{hint}", act.name()),
                );
            } else {
                let handler = act.handler().unwrap_or("nobody");
                let text = format!("{} failed: {}", act.name(), err.with_causes());
                let text = match act.handler() {
                    Some(handler) => format!("{text}\n{}", failure_hint(handler, err)),
                    None => text,
                };
                keep(Some((handler, FailureIdx::Command)), err, text);
            }
        }

        for (idx, failure) in act.failures().iter().enumerate() {
            let handler = failure.handler;
            let mut hint = failure_hint(handler, &failure.error);
            if !self.outcome.is_inline() && !failure.error.is_rejection() {
                hint.push_str(", or `.then_dead_letters()`");
            }
            let failed = (handler, FailureIdx::Downstream(idx));
            keep(Some(failed), &failure.error, format!("{failure}\n{hint}"));
        }
    }
}

fn failure_hint(handler: &str, err: &Error) -> String {
    // Only an error of the user's own can be compared.
    let is_own = err.is_rejection() || std::error::Error::source(err).is_some();
    let word = if is_own {
        format!("`.then_handler_failed::<{handler}>(..)`")
    } else {
        format!("`.then_handler_failed_saying::<{handler}>(\"..\")`")
    };

    format!("If that is the point, say so: {word}")
}

/// What went wrong, if anything did.
fn problem_text(processed: &ProcessResult) -> Option<String> {
    if let Err(err) = &processed.reply {
        return Some(if err.is_rejection() {
            format!("it was rejected: {err}\nIf that is the point, `.when(..)` is the word")
        } else {
            err.with_causes().to_string()
        });
    }

    if let Some(stall) = &processed.stall {
        return Some(stall.to_string());
    }

    let failures: Vec<String> = processed.failures.iter().map(ToString::to_string).collect();
    (!failures.is_empty()).then(|| failures.join("\n"))
}
