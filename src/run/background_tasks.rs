use crate::{expect::Mismatch, outcome::Warning, run::runner::Runner};

/// The tasks that handlers spawn.
impl Runner<'_, '_> {
    /// Runs the spawned tasks until they block, and fails the step if one of them panics.
    ///
    /// A panic that happened earlier, while a handler was running, is only a warning.
    pub(super) async fn run_spawned_tasks(&mut self, idx: usize) {
        if self.tasks.spawners().is_empty() {
            return;
        }

        // Panics up to here happened while handlers were running. Such a handler may have awaited
        // its task, and got the panic as an error.
        let n_during_handlers = self.tasks.panics().len();
        self.tasks.run_until_blocked().await;
        let panics = self.tasks.panics();
        let task = self.task_with_spawner();
        for (panic_idx, panic) in panics.iter().enumerate().skip(self.n_reported_panics) {
            if n_during_handlers <= panic_idx {
                let found = format!(
                    "{task} {panic}\n\
                     No handler awaits the task. Await it in the handler and return its error, or move \
                     the work to another handler"
                );
                let mismatch = Mismatch::new("no panic in a task that a handler spawned", found);

                self.add_failure(idx, mismatch);
            } else if self.unasserted_problems().next().is_none() {
                let text = format!(
                    "{task} {panic}\nThe panic is lost, unless the handler awaited the task"
                );
                self.outcome
                    .warn(Warning::at_step(self.plan.steps[idx].location, text));
            }
        }

        self.n_reported_panics = panics.len();
    }

    /// Warns of tasks that are not finished at the end of the flow.
    pub(super) fn warn_of_unfinished_tasks(&mut self) {
        let spawners = self.tasks.spawners();
        let n_unfinished = self.tasks.n_unfinished();
        if n_unfinished == 0 || spawners.is_empty() {
            return;
        }

        let tasks = match n_unfinished {
            1 => "a task".to_owned(),
            n => format!("{n} tasks"),
        };
        let verb = if n_unfinished == 1 { "has" } else { "have" };
        let text = format!(
            "{tasks} that {} spawned {verb} not ended at the end of the flow: the test does not see the result",
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
