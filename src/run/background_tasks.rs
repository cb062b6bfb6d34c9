use crate::{
    flow::{Mismatch, Step},
    report::StepMismatch,
    run::{Warning, runner::Runner},
};

/// What handlers left to tasks that they spawned.
impl Runner<'_, '_> {
    /// Lets the tasks run that were spawned, and fails if one panicked and nobody could hear of it.
    pub(super) async fn run_spawned_tasks(&mut self, idx: usize, step: &Step<'_>) {
        if self.tasks.spawners().is_empty() {
            return;
        }

        // A handler that still runs may wait for its task, and hear of the panic.
        let n_while_handling = self.tasks.panics().len();
        self.tasks.run_until_blocked().await;
        let panics = self.tasks.panics();
        let whose = self.task_with_spawner();

        for (nth, panic) in panics.iter().enumerate().skip(self.n_reported_panics) {
            if n_while_handling <= nth {
                let found = format!(
                    "{whose} {panic}\n\
                     No handler waited for it: let it await the task, and fail with it, or let a handler \
                     of its own do that work"
                );
                let mismatch = Mismatch::new("nothing goes wrong in a task of a handler", found);

                self.steps.mark_failed(idx);
                self.failures
                    .push(StepMismatch::new(idx, step.location, mismatch));
            } else if self.problems.is_empty() {
                let text =
                    format!("{whose} {panic}\nNobody heard of it, unless the handler waited");
                self.outcome.warn(Warning::at_step(step.location, text));
            }
        }

        self.n_reported_panics = panics.len();
    }

    /// Warns of tasks that are thrown away with the runtime, or go on after the sentence.
    pub(super) fn warn_of_unfinished_tasks(&mut self) {
        let spawners = self.tasks.spawners();
        let n_left = self.tasks.n_unfinished();

        if n_left == 0 || spawners.is_empty() {
            return;
        }

        let tasks = match n_left {
            1 => "a task".to_owned(),
            n => format!("{n} tasks"),
        };
        let is = if n_left == 1 { "is" } else { "are" };
        let text = format!(
            "{tasks} that {} spawned {is} not over at the end: what comes of it no test sees",
            spawners.join(" or ")
        );

        self.outcome.warn(Warning {
            location: None,
            invariant: None,
            text,
        });
    }

    fn task_with_spawner(&self) -> String {
        format!("a task that {} spawned", self.tasks.spawners().join(" or "))
    }
}
