use std::panic::Location;

use flow_domain::{
    Error, handler::short_type_name, message::Payload, record::Happening, runtime::Processed,
};

use crate::{
    expect::Seen,
    flow::{
        Expectation, Look, Message, Mismatch, Mode, Plan, ReplyName, Step, StepKind, Then, Trouble,
        shown_rows,
    },
    report::{Failed, FlowFailure, Steps, nothing_found},
    run::{ActOutcome, Outcome, act::FailureIdx, caught::caught},
    system::{Act, DomainSystem, System},
};

/// What is expected of a closure before it is looked at what it says.
const AN_ANSWER: &str = "the closure comes to an answer";

/// Runs a sentence in a world of its own.
pub(super) async fn run(plan: Plan<'_>) -> Result<Outcome, FlowFailure> {
    let resources = plan.setup.resources();
    let domain = match plan.setup.domain(&resources) {
        Ok(domain) => domain,
        Err(errors) => return Err(FlowFailure::of_wiring(&plan, &errors)),
    };
    let system: Box<dyn System> = match plan.setup.mode {
        Mode::Sync => Box::new(DomainSystem::start(domain, plan.setup.budget)),
    };
    let mut runner = Runner {
        plan: &plan,
        outcome: Outcome::new(system, resources),
        steps: Steps::default(),
        failed: Vec::new(),
        troubles: Vec::new(),
        has_acted: false,
    };
    let finished = runner.all_steps().await;
    let Runner {
        mut outcome,
        steps,
        failed,
        ..
    } = runner;
    outcome.set_story(steps.story(plan));
    match finished {
        Ok(()) => Ok(outcome),
        Err(Stop) => Err(FlowFailure::new(outcome, failed)),
    }
}

/// The sentence cannot go on, or has failed at its end.
struct Stop;

/// What the last act left behind that a `then` has to speak of.
struct Unspoken {
    step: usize,
    location: &'static Location<'static>,
    /// The handler that failed, and which failure of the act it is; `None` if the command was rejected.
    failed: Option<(&'static str, FailureIdx)>,
    /// The name of the command or event that the act was.
    act: String,
    /// Why it was refused, or why the handler failed.
    cause: String,
    text: String,
}

impl Unspoken {
    /// Returns true if this mismatch tells of it already, and who reads it need not be told twice.
    fn is_told_by(&self, mismatch: &Mismatch) -> bool {
        let found = &mismatch.found;
        let names_it = match self.failed {
            Some((handler, _)) if found.contains(handler) => true,
            Some((_, FailureIdx::Later(_))) => false,
            _ => found.contains(&self.act),
        };
        names_it && found.contains(&self.cause)
    }
}

struct Runner<'p, 't> {
    plan: &'p Plan<'t>,
    outcome: Outcome,
    steps: Steps,
    failed: Vec<Failed>,
    troubles: Vec<Unspoken>,
    has_acted: bool,
}

impl Runner<'_, '_> {
    async fn all_steps(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        for (idx, step) in plan.steps.iter().enumerate() {
            if step.kind.is_act() {
                self.nothing_wrong_so_far()?;
            }
            self.steps.reach(idx);
            match &step.kind {
                StepKind::Then(then) => self.then(idx, step, then).await,
                StepKind::When(..) | StepKind::WhenEvent(_) | StepKind::WhenWith(..) => {
                    self.when(idx, step).await?;
                }
                _ => self.given(idx, step).await?,
            }
        }
        if !plan.expects_something() {
            let last = plan.steps.len() - 1;
            let mismatch = Mismatch::new(
                "at least one `then`",
                "none: a sentence that expects nothing passes whatever happens.\n\
                 Say what is expected; `.then_settled()` if the point is that it ran and nothing went wrong",
            );
            self.failed
                .push(Failed::new(last, plan.steps[last].location, mismatch));
        }
        self.nothing_wrong_so_far()
    }

    /// Stops if an expectation was not met, or if no `then` spoke of what went wrong.
    fn nothing_wrong_so_far(&mut self) -> Result<(), Stop> {
        let first = self.failed.first().map(Failed::mismatch);
        self.troubles
            .retain(|unspoken| !first.is_some_and(|first| unspoken.is_told_by(first)));
        let troubles = self.troubles.drain(..).map(|unspoken| {
            let expected = "nothing goes wrong that no `then` speaks of";
            let mismatch = Mismatch::new(expected, unspoken.text);
            Failed::new(unspoken.step, unspoken.location, mismatch)
        });
        // What went wrong by itself is mostly why an expectation was not met: it comes first.
        self.failed.splice(0..0, troubles);
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    fn stop(&mut self, idx: usize, step: &Step<'_>, mismatch: Mismatch) -> Stop {
        self.steps.failed(idx);
        self.failed.push(Failed::new(idx, step.location, mismatch));
        Stop
    }

    async fn given(&mut self, idx: usize, step: &Step<'_>) -> Result<(), Stop> {
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
                return Err(self.stop(idx, step, written_wrongly(err)));
            }
            _ => return Ok(()),
        };
        let processed = self.outcome.system().act(act).await;
        self.outcome.update();
        match trouble_of(&processed) {
            None => {
                self.outcome.end_of_given();
                Ok(())
            }
            Some(trouble) => {
                let mismatch = Mismatch::new("what is given happens without trouble", trouble);
                Err(self.stop(idx, step, mismatch))
            }
        }
    }

    async fn when(&mut self, idx: usize, step: &Step<'_>) -> Result<(), Stop> {
        if !self.has_acted {
            self.has_acted = true;
            self.outcome.end_of_given();
        }
        let made: Message;
        let (message, reply_name): (&Message, Option<ReplyName>) = match &step.kind {
            StepKind::When(command, reply_name) => (command, Some(*reply_name)),
            StepKind::WhenEvent(event) => (event, None),
            StepKind::WhenWith(make, reply_name) => {
                made = caught("the closure makes a command", || Ok(make(&self.outcome)))
                    .map_err(|mismatch| self.stop(idx, step, mismatch))?;
                (&made, Some(*reply_name))
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
                return Err(self.stop(idx, step, mismatch));
            }
        };
        let act = match reply_name {
            None => Act::Events(std::slice::from_ref(message)),
            Some(_) => Act::Command(message),
        };
        let processed = self.outcome.system().act(act).await;
        let entries = self.outcome.update();
        let handler = self.outcome.record().entries()[entries.clone()]
            .iter()
            .find_map(|entry| match entry.what {
                Happening::HandlerStarted { handler, .. } => Some(handler),
                _ => None,
            });
        let stalled = processed.stall.as_ref().map(ToString::to_string);
        let act = ActOutcome::new(Seen::from(message).name, processed, handler, entries)
            .answering(reply_name.unwrap_or(short_type_name::<()>));
        self.keep_troubles(idx, step, &act);
        let made = matches!(step.kind, StepKind::WhenWith(..)).then(|| message.clone());
        self.steps.acted(idx, made);
        self.outcome.add_act(act);
        match stalled {
            None => Ok(()),
            Some(stall) => {
                let mismatch = Mismatch::new("the flow settles", stall);
                Err(self.stop(idx, step, mismatch))
            }
        }
    }

    /// Remembers what went wrong, until a `then` speaks of it.
    fn keep_troubles(&mut self, idx: usize, step: &Step<'_>, act: &ActOutcome) {
        let mut keep = |failed, err: &Error, text| {
            self.troubles.push(Unspoken {
                step: idx,
                location: step.location,
                failed,
                act: act.name().to_owned(),
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
                    Some(handler) => format!("{text}\n{}", hint_at_failure(handler)),
                    None => text,
                };
                keep(Some((handler, FailureIdx::Own)), err, text);
            }
        }
        for (idx, failure) in act.failures().iter().enumerate() {
            let handler = failure.handler;
            let hint = hint_at_failure(handler);
            let failed = (handler, FailureIdx::Later(idx));
            keep(Some(failed), &failure.error, format!("{failure}\n{hint}"));
        }
    }

    async fn then(&mut self, idx: usize, step: &Step<'_>, then: &Then<'_>) {
        let checked = match then {
            Then::Of(expectation) => caught(AN_ANSWER, || {
                self.hear(&**expectation);
                expectation.check(&self.outcome)
            })
            .map_err(|mismatch| (step.location, mismatch)),
            Then::Handled(handled) => handled
                .check(&self.outcome)
                .map_err(|mismatch| (step.location, mismatch)),
            Then::Kept(look) => self.look(step, look).await,
        };
        if let Err((location, mismatch)) = checked {
            self.steps.failed(idx);
            self.failed.push(Failed::new(idx, location, mismatch));
        }
    }

    /// Forgets the troubles that the expectation speaks of.
    fn hear(&mut self, expectation: &dyn Expectation) {
        let Some(spoken) = expectation.speaks_of() else {
            return;
        };
        let Trouble::FailureOf(handler) = spoken else {
            self.troubles.retain(|unspoken| unspoken.failed.is_some());
            return;
        };
        let Some(name) = self.outcome.system().handler_name(handler) else {
            return;
        };
        // Troubles are those of the last act: an act with troubles that were not spoken of was the last.
        let act = self.outcome.last_act();
        self.troubles.retain(|unspoken| match unspoken.failed {
            Some((failed, idx)) if failed == name => {
                let failure = act.failure(idx);
                !failure.is_some_and(|failure| expectation.speaks_of_failure(failure))
            }
            _ => true,
        });
    }

    async fn look(
        &self,
        step: &Step<'_>,
        look: &Look<'_>,
    ) -> Result<(), (&'static Location<'static>, Mismatch)> {
        let found = self
            .found(look)
            .await
            .map_err(|mismatch| (step.location, mismatch))?;
        let wants_absence = look
            .checks
            .iter()
            .any(|(_, check)| check.word() == "absent");
        let is_bare = look.checks.is_empty();
        if found.is_empty() && (look.id.is_some() && !wants_absence || is_bare) {
            return Err((step.location, nothing_found(look, self.outcome.record())));
        }
        for (location, check) in &look.checks {
            let checked = caught(AN_ANSWER, || Ok(check.check(&found, look)));
            checked
                .map_err(|panic| panic.differing(shown_rows(&found)))
                .flatten()
                .map_err(|mismatch| (*location, mismatch))?;
        }
        Ok(())
    }

    async fn found(&self, look: &Look<'_>) -> Result<Vec<Payload>, Mismatch> {
        let system = self.outcome.system();
        let found = match &look.id {
            Some(id) => system
                .look_up(look.kept, id)
                .await
                .map(|one| one.into_iter().collect()),
            None => system.look_up_all(look.kept).await,
        };
        found.map_err(|err| Mismatch::new(look.subject(), err.with_causes().to_string()))
    }
}

fn hint_at_failure(handler: &str) -> String {
    format!("If that is the point, say so: `.then_handler_failed::<{handler}>(..)`")
}

/// What went wrong, if anything did.
fn trouble_of(processed: &Processed) -> Option<String> {
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
