use std::{borrow::Cow, mem, ops::Range};

use flow_domain::{
    Error, Headers, message::short_type_name, model::SerializedMessage, record::EntryKind,
    runtime::ProcessResult,
};

use crate::{
    expect::{Mismatch, Subject, catch_closure},
    outcome::{ActKind, ActOutcome, ReplyName},
    plan::{CommandBuilder, MessageAct, MessageResult, Sending, StepKind},
    run::runner::{Runner, Stop},
    system::Act,
};

/// The `given_*` and `when_*` steps.
impl Runner<'_, '_> {
    /// Runs a `given_*` step. The run stops if the step causes a problem.
    pub(super) async fn run_given(&mut self, idx: usize) -> Result<(), Stop> {
        let act = match &self.plan.steps[idx].kind {
            StepKind::GivenEvents(Ok(events)) => Act::History(events),
            StepKind::GivenStored(Ok(events)) => Act::Stored(events),
            StepKind::GivenAggregate(Ok(aggregate)) => Act::Aggregate(aggregate),
            StepKind::GivenCommand(Ok(command)) => Act::Command(command),
            StepKind::GivenStored(Err(err)) => {
                let mismatch = Mismatch::not_serialized("events that can be stored", err);
                return Err(self.fail_step(idx, mismatch));
            }
            StepKind::GivenEvents(Err(err))
            | StepKind::GivenAggregate(Err((_, err)))
            | StepKind::GivenCommand(Err(err)) => {
                let mismatch = Mismatch::not_serialized("a value that can be given", err);
                return Err(self.fail_step(idx, mismatch));
            }
            _ => return Ok(()),
        };

        let headers = Headers::default();
        let system = self.outcome.system_mut();
        let mut result = system.act(act, &headers).await;
        if system.is_paused() && !system.is_inline() {
            // Given steps are in the past, so all their effects must have happened as well.
            let settled = system.act(Act::Engine(None), &headers).await;
            result = result.merge(Ok(settled));
        }
        let failures = self.outcome.system().take_failures();
        result.failures.extend(failures);
        let entries = self.outcome.update_record();

        let Some(problem) = given_problem(&result) else {
            self.warn_of_idle_given_command(idx, entries);
            self.outcome.mark_end_of_given();
            return Ok(());
        };

        let handler = self.first_handler(entries.clone());
        let given = ActOutcome::new("the given step".to_owned(), result, handler, entries);
        let handlers = given.failures().iter().map(|failure| failure.handler);
        let mismatch = Mismatch::new("the given step runs without problems", problem)
            .with_subject(Subject::Given)
            .showing_failures_of(handlers);

        self.outcome.failed_given = Some(given);
        Err(self.fail_step(idx, mismatch))
    }

    /// Runs a `when` step.
    pub(super) async fn run_act(&mut self, idx: usize) -> Result<(), Stop> {
        self.begin_acts(idx);
        self.has_asserted_pending = false;

        match &self.plan.steps[idx].kind {
            StepKind::When(act) => self.run_message(idx, act).await,
            StepKind::WhenWith(build, reply_name) => {
                let message = self.build_command(idx, build)?;
                if let Ok(command) = &message {
                    self.steps.add_built_command(idx, command.clone());
                }

                let act = MessageAct {
                    message,
                    sending: Sending::Command(*reply_name),
                    headers: Headers::default(),
                    priority: None,
                    deadline: None,
                };
                self.run_message(idx, &act).await
            }
            StepKind::WhenTime(advance) => {
                self.require_future(idx, *advance)?;
                self.run_system_act(idx, "time", Act::Time(*advance))
                    .await?;
                self.warn_of_idle_time(idx);
                Ok(())
            }
            StepKind::WhenEngine(cycles) => {
                self.run_system_act(idx, "the engine", Act::Engine(*cycles))
                    .await?;
                self.warn_of_idle_engine(idx);
                Ok(())
            }
            StepKind::WhenRedelivered(times) => self.redeliver(idx, *times).await,
            StepKind::WhenAll(commands) => self.run_overlapping(idx, commands).await,
            _ => Ok(()),
        }
    }

    /// At the first act, starts to count deliveries, and ends the given part of the record.
    ///
    /// At the first act after a `then` step, notes what was so before.
    fn begin_acts(&mut self, idx: usize) {
        self.note_unread_fold();
        if self.outcome.acts().is_empty() {
            if let Some(faults) = &self.faults {
                faults.start_counting();
            }
            self.outcome.mark_end_of_given();
        }

        if mem::take(&mut self.has_checked) {
            self.outcome.begin_new_acts();
            self.look_before_acts(idx);
        }
    }

    /// Calls the closure that builds a command from the outcome so far.
    fn build_command(
        &mut self,
        idx: usize,
        build: &CommandBuilder<'_>,
    ) -> Result<MessageResult, Stop> {
        let build = || Ok(build(&self.outcome));
        let (command, violation) =
            catch_closure(build).map_err(|mismatch| self.fail_step(idx, mismatch))?;

        self.invariant_violations
            .extend(violation.map(|violation| (idx, violation)));
        Ok(command)
    }

    async fn run_message(&mut self, idx: usize, act: &MessageAct) -> Result<(), Stop> {
        let message = act.message.as_ref().map_err(|err| {
            let mismatch = Mismatch::not_serialized("a message that has a JSON form", err);
            self.fail_step(idx, mismatch)
        })?;

        self.warn_of_idle_priority(act);
        let (system_act, kind, reply_name) = match act.sending {
            Sending::Command(reply_name) => {
                (Act::Command(message), ActKind::Message, Some(reply_name))
            }
            Sending::Submitted => (Act::Submit(message), ActKind::Submitted, None),
            Sending::Event => {
                let events = std::slice::from_ref(message);
                (Act::Events(events), ActKind::Message, None)
            }
        };
        let system = self.outcome.system_mut();
        let result = system.act(system_act, &act.headers).await;

        let name = self.label_of(message);
        self.finish_act(idx, name.clone(), result, (kind, reply_name))?;
        match act.sending {
            Sending::Event => self.note_unreceived_event(idx, &name),
            Sending::Submitted => {
                self.note_idle_deadline(act);
                self.warn_of_unloaded_events(idx, message);
            }
            Sending::Command(_) => self.warn_of_unloaded_events(idx, message),
        }

        Ok(())
    }

    /// Runs commands concurrently. Each command is an act of its own.
    async fn run_overlapping(
        &mut self,
        idx: usize,
        commands: &Result<Vec<SerializedMessage>, Error>,
    ) -> Result<(), Stop> {
        let commands = commands.as_ref().map_err(|err| {
            let mismatch = Mismatch::not_serialized("messages that have a JSON form", err);
            self.fail_step(idx, mismatch)
        })?;

        let results = self.outcome.system_mut().act_all(commands).await;
        let n_overlapping = results.len();
        for (command, mut result) in commands.iter().zip(results) {
            // Concurrent commands mix their entries in the record. The last act gets all of them.
            let is_last = self.steps.n_acts(idx) + 1 == n_overlapping;
            let n_entries = self.outcome.record().entries().len();
            let entries = if is_last {
                let failures = self.outcome.system().take_failures();
                result.failures.extend(failures);
                self.outcome.update_record()
            } else {
                n_entries..n_entries
            };

            let name = self.label_of(command);
            let handler = self.handler_of(command);
            let act =
                ActOutcome::new(name, result, handler, entries).with_n_concurrent(n_overlapping);
            self.add_act(idx, act);
        }

        self.require_settled(idx)
    }

    /// Returns the label of a message of the test.
    pub(super) fn label_of(&self, message: &SerializedMessage) -> Cow<'static, str> {
        let labels = self.outcome.record().labels();
        labels.label(message.category, message.name)
    }

    fn add_act(&mut self, idx: usize, act: ActOutcome) {
        self.steps.add_act(idx);
        self.outcome.add_act(act);
    }

    /// Stops the run if there was a stall: the effects of the act did not end within the budget.
    fn require_settled(&mut self, idx: usize) -> Result<(), Stop> {
        let acts = self.outcome.overlapping_acts();
        let Some(stall) = acts.iter().find_map(ActOutcome::stall) else {
            return Ok(());
        };

        let mismatch = Mismatch::new("the flow settles", stall.to_string());
        Err(self.fail_step(idx, mismatch))
    }

    /// Runs an act that is not a message: a clock advance or a run of the engine.
    async fn run_system_act(
        &mut self,
        idx: usize,
        name: &'static str,
        act: Act<'_>,
    ) -> Result<(), Stop> {
        let headers = Headers::default();
        let result = self.outcome.system_mut().act(act, &headers).await;
        self.finish_act(idx, name.into(), result, (ActKind::Other, None))
    }

    /// Adds the outcome of an act, and stops the run if there was a stall.
    pub(super) fn finish_act(
        &mut self,
        idx: usize,
        name: Cow<'static, str>,
        mut result: ProcessResult,
        (kind, reply_name): (ActKind, Option<ReplyName>),
    ) -> Result<(), Stop> {
        let failures = self.outcome.system().take_failures();
        result.failures.extend(failures);
        let entries = self.outcome.update_record();
        let handler = self.first_handler(entries.clone());

        let act = ActOutcome::new(name, result, handler, entries)
            .with_reply_name(reply_name.unwrap_or(short_type_name::<()>))
            .with_kind(kind);

        self.add_act(idx, act);
        self.require_settled(idx)
    }

    /// Returns the handler that was called first.
    fn first_handler(&self, entries: Range<usize>) -> Option<&'static str> {
        self.outcome.record().entries()[entries]
            .iter()
            .find_map(|entry| match entry.kind {
                EntryKind::HandlerStarted { handler, .. } => Some(handler),
                _ => None,
            })
    }

    /// Returns the handler of a command, as the wiring says.
    fn handler_of(&self, command: &SerializedMessage) -> Option<&'static str> {
        let name = self.label_of(command);
        let wiring = self.outcome.system().wiring();

        wiring
            .commands
            .iter()
            .find(|route| route.category == command.category && route.command == name)
            .map(|route| route.handler)
    }
}

/// Returns the error, stall or failures of a result as text, if it has any.
fn given_problem(result: &ProcessResult) -> Option<String> {
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
