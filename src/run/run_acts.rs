use flow_domain::{
    Error, HandlerFailure, Headers,
    handler::short_type_name,
    message::Recorded,
    model::SerializedMessage,
    record::{EntryId, EntryKind},
    runtime::ProcessResult,
};

use crate::{
    diagnosis::Subject,
    expect::MessageView,
    flow::{BuiltMessage, MessageResult, Mismatch, ReplyName, Step, StepKind},
    run::{
        ActOutcome, Outcome, Warning,
        act_outcome::{ActKind, FailureIdx},
        catch_closure::catch_closure,
        runner::{Runner, Stop, UnassertedProblem},
    },
    system::Act,
};

/// The `given_*` and `when_*` steps.
impl Runner<'_, '_> {
    /// Runs a `given_*` step. The run stops if the step causes a problem.
    pub(super) async fn run_given(&mut self, idx: usize, step: &Step<'_>) -> Result<(), Stop> {
        let not_serialized =
            |err: &Error| Mismatch::new("a value that can be given", err.with_causes().to_string());
        let act = match &step.kind {
            StepKind::GivenEvents(Ok(events)) => Act::Events(events),
            StepKind::GivenAggregate(Ok(aggregate)) => Act::Aggregate(aggregate),
            StepKind::GivenCommand(Ok(command)) => Act::Command(command),
            StepKind::GivenEvents(Err(err))
            | StepKind::GivenAggregate(Err((_, err)))
            | StepKind::GivenCommand(Err(err)) => {
                return Err(self.fail_step(idx, step, not_serialized(err)));
            }
            _ => return Ok(()),
        };

        let headers = Headers::default();
        let system = self.outcome.system_mut();
        let mut result = system.act(act, &headers).await;
        if system.is_paused() {
            // Given steps are in the past, so all their effects must have happened as well.
            let settled = system.act(Act::Engine(None), &headers).await;
            result = result.merge(Ok(settled));
        }
        self.outcome.update_record();

        match problem_text(&result) {
            None => {
                self.outcome.mark_end_of_given();
                Ok(())
            }
            Some(problem) => {
                let mismatch = Mismatch::new("the given step runs without problems", problem);
                let mismatch = mismatch.with_subject(Subject::Given);
                Err(self.fail_step(idx, step, mismatch))
            }
        }
    }

    /// Runs a `when` step.
    pub(super) async fn run_act(&mut self, idx: usize, step: &Step<'_>) -> Result<(), Stop> {
        self.begin_acts();

        match &step.kind {
            StepKind::When(command, reply_name, headers) => {
                self.run_message(idx, step, command, Some(*reply_name), headers)
                    .await
            }
            StepKind::WhenEvent(event, headers) | StepKind::WhenSubmitted(event, headers) => {
                self.run_message(idx, step, event, None, headers).await
            }
            StepKind::WhenWith(build, reply_name) => {
                let command = self.build_command(idx, step, build)?;
                let headers = Headers::default();
                self.run_message(idx, step, &command, Some(*reply_name), &headers)
                    .await
            }
            StepKind::WhenTime(advance) => {
                self.run_system_act(idx, step, "time", Act::Time(*advance))
                    .await
            }
            StepKind::WhenEngine(cycles) => {
                self.run_system_act(idx, step, "the engine", Act::Engine(*cycles))
                    .await?;
                self.warn_of_idle_engine(step);
                Ok(())
            }
            StepKind::WhenRedelivered(times) => self.redeliver(idx, step, *times).await,
            StepKind::WhenAll(commands) => self.run_overlapping(idx, step, commands).await,
            _ => Ok(()),
        }
    }

    /// At the first act, starts to count deliveries, and ends the given part of the record.
    fn begin_acts(&mut self) {
        if self.has_acted {
            return;
        }

        self.has_acted = true;
        if let Some(faults) = &self.faults {
            faults.start_counting();
        }
        self.outcome.mark_end_of_given();
    }

    /// Calls the closure that builds a command from the outcome so far.
    fn build_command(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        build: &(dyn Fn(&Outcome) -> BuiltMessage + Send + Sync + '_),
    ) -> Result<MessageResult, Stop> {
        let build = || Ok(build(&self.outcome));
        let (command, violation) =
            catch_closure("the closure returns a command without a panic", build)
                .map_err(|mismatch| self.fail_step(idx, step, mismatch))?;

        self.invariant_violations
            .extend(violation.map(|violation| (idx, violation)));
        Ok(command)
    }

    /// Runs a command or an event. `reply_name` is set if the act has a reply.
    async fn run_message(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        message: &MessageResult,
        reply_name: Option<ReplyName>,
        headers: &Headers,
    ) -> Result<(), Stop> {
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
        let result = self.outcome.system_mut().act(act, headers).await;

        if matches!(step.kind, StepKind::WhenWith(..)) {
            self.steps.add_built_command(idx, message.clone());
        }
        let name = MessageView::from(message).name;
        self.finish_act(idx, step, name, result, reply_name)
    }

    /// Runs commands concurrently. Each command is an act of its own.
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

        let results = self.outcome.system_mut().act_all(commands).await;
        let (n_overlapping, mut stall) = (results.len(), None);
        for (command, result) in commands.iter().zip(results) {
            // Concurrent commands mix their entries in the record. The last act gets all of them.
            let is_last = self.steps.n_acts(idx) + 1 == n_overlapping;
            let n_entries = self.outcome.record().entries().len();
            let entries = if is_last {
                self.outcome.update_record()
            } else {
                n_entries..n_entries
            };

            stall = stall.or(result.stall.as_ref().map(ToString::to_string));
            let name = MessageView::from(command).name;
            let act =
                ActOutcome::new(name, result, None, entries).with_n_overlapping(n_overlapping);
            self.collect_problems(idx, step, &act);
            self.steps.add_act(idx);
            self.outcome.add_act(act);
        }

        self.has_asserted_pending = false;
        self.require_settled(idx, step, stall)
    }

    /// Stops the run if there was a stall: the effects of the act did not end within the budget.
    fn require_settled(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        stall: Option<String>,
    ) -> Result<(), Stop> {
        match stall {
            None => Ok(()),
            Some(stall) => {
                let mismatch = Mismatch::new("the flow settles", stall);
                Err(self.fail_step(idx, step, mismatch))
            }
        }
    }

    /// Runs an act that is not a message: a clock advance or a run of the engine.
    async fn run_system_act(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        name: &str,
        act: Act<'_>,
    ) -> Result<(), Stop> {
        let headers = Headers::default();
        let result = self.outcome.system_mut().act(act, &headers).await;
        self.finish_act(idx, step, name.to_owned(), result, None)
    }

    /// Warns if an explicit run of the engine had nothing to do.
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

    /// Delivers the events of the last act again, `times` times.
    async fn redeliver(&mut self, idx: usize, step: &Step<'_>, times: u32) -> Result<(), Stop> {
        let events: Vec<(Recorded, EntryId)> = self
            .outcome
            .last_act_entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Appended(event) => Some((event.clone(), entry.id)),
                _ => None,
            })
            .collect();
        if events.is_empty() {
            let expected = "events of the last act, to be redelivered";
            let mismatch = Mismatch::new(expected, "the last act stored no events");
            return Err(self.fail_step(idx, step, mismatch));
        }

        let headers = Headers::default();
        let mut result = ProcessResult::empty();
        for nth in 1..=times {
            let act = Act::Redeliver(&events, nth);
            let redelivery = self.outcome.system_mut().act(act, &headers).await;
            result = result.merge(Ok(redelivery));
        }

        self.finish_act(idx, step, "the redelivery".to_owned(), result, None)
    }

    /// Adds the outcome of an act, and stops the run if there was a stall.
    fn finish_act(
        &mut self,
        idx: usize,
        step: &Step<'_>,
        name: String,
        result: ProcessResult,
        reply_name: Option<ReplyName>,
    ) -> Result<(), Stop> {
        let entries = self.outcome.update_record();
        let handler = self.outcome.record().entries()[entries.clone()]
            .iter()
            .find_map(|entry| match entry.kind {
                EntryKind::HandlerStarted { handler, .. } => Some(handler),
                _ => None,
            });
        let kind = match step.kind {
            StepKind::When(..) | StepKind::WhenEvent(..) | StepKind::WhenWith(..) => {
                ActKind::Message
            }
            StepKind::WhenSubmitted(..) => ActKind::Submitted,
            _ => ActKind::Other,
        };

        let stall = result.stall.as_ref().map(ToString::to_string);
        let act = ActOutcome::new(name, result, handler, entries)
            .with_reply_name(reply_name.unwrap_or(short_type_name::<()>))
            .with_kind(kind);

        self.collect_problems(idx, step, &act);
        self.steps.add_act(idx);
        self.outcome.add_act(act);
        self.has_asserted_pending = false;
        self.require_settled(idx, step, stall)
    }

    /// Collects the problems of an act. A later `then_*` step may cover them.
    fn collect_problems(&mut self, idx: usize, step: &Step<'_>, act: &ActOutcome) {
        let mut push = |failure, err: &Error, text| {
            self.problems.push(UnassertedProblem {
                step: idx,
                location: step.location,
                failure,
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
                let hint = "If the test expects this, add `.then_rejected(..)`";
                let text = format!("{} was rejected: {err}\n{hint}", act.name());
                push(None, err, text);
            } else {
                let text = format!("{} failed: {}", act.name(), err.with_causes());
                let text = match act.handler() {
                    Some(handler) => format!("{text}\n{}", failure_hint(handler, err)),
                    None => text,
                };
                push(Some((act.handler(), FailureIdx::Command)), err, text);
            }
        }

        for (failure_idx, failure) in act.failures().iter().enumerate() {
            let text = match downstream_hint(failure, self.outcome.is_inline()) {
                Some(hint) => format!("{failure}\n{hint}"),
                None => failure.to_string(),
            };
            push(
                Some((failure.handler, FailureIdx::Downstream(failure_idx))),
                &failure.error,
                text,
            );
        }
    }
}

/// Returns the hint that names the expectations of a failure after the commit, if there are any.
fn downstream_hint(failure: &HandlerFailure, is_inline: bool) -> Option<String> {
    let can_be_dead_letter = !is_inline && !failure.error.is_rejection();

    match (failure.handler, can_be_dead_letter) {
        (Some(handler), false) => Some(failure_hint(handler, &failure.error)),
        (Some(handler), true) => {
            let hint = failure_hint(handler, &failure.error);
            Some(format!("{hint}, or `.then_dead_letters()`"))
        }
        (None, true) => Some("If the test expects this, add `.then_dead_letters()`".to_owned()),
        (None, false) => None,
    }
}

/// Returns the hint that names the expectation of this failure.
fn failure_hint(handler: &str, err: &Error) -> String {
    // Only an error type of the user can be compared with an expected value.
    let is_comparable = err.is_rejection() || std::error::Error::source(err).is_some();
    let method = if is_comparable {
        format!("`.then_handler_failed::<{handler}>(..)`")
    } else {
        format!("`.then_handler_failed_saying::<{handler}>(\"..\")`")
    };
    format!("If the test expects this, add {method}")
}

/// Returns the error, stall or failures of a result as text, if it has any.
fn problem_text(result: &ProcessResult) -> Option<String> {
    if let Err(err) = &result.reply {
        return Some(if err.is_rejection() {
            format!(
                "the command was rejected: {err}\nIf the test expects this, use `.when(..)` instead"
            )
        } else {
            err.with_causes().to_string()
        });
    }

    if let Some(stall) = &result.stall {
        return Some(stall.to_string());
    }

    let failures: Vec<String> = result.failures.iter().map(ToString::to_string).collect();
    (!failures.is_empty()).then(|| failures.join("\n"))
}
