use crate::{
    flow::{Mismatch, Step},
    report::Failed,
    run::{Warning, runner::Runner},
};

/// What handlers left to tasks that they spawned.
impl Runner<'_, '_> {
    /// Lets the tasks run that were spawned, and fails if one panicked and nobody could hear of it.
    pub(super) async fn let_tasks_run(&mut self, idx: usize, step: &Step<'_>) {
        if self.tasks.spawners().is_empty() {
            return;
        }
        // A handler that still runs may wait for its task, and hear of the panic.
        let n_while_handling = self.tasks.panics().len();
        self.tasks.let_run().await;
        let panics = self.tasks.panics();
        let whose = self.whose_task();
        for (nth, panic) in panics.iter().enumerate().skip(self.n_task_panics) {
            if n_while_handling <= nth {
                let found = format!(
                    "{whose} {panic}\n\
                     No handler waited for it: let it await the task, and fail with it, or let a handler \
                     of its own do that work"
                );
                let mismatch = Mismatch::new("nothing goes wrong in a task of a handler", found);
                self.steps.failed(idx);
                self.failed.push(Failed::new(idx, step.location, mismatch));
            } else if self.troubles.is_empty() {
                let text =
                    format!("{whose} {panic}\nNobody heard of it, unless the handler waited");
                self.outcome.warn(Warning::of_step(step.location, text));
            }
        }
        self.n_task_panics = panics.len();
    }

    /// Warns of tasks that are thrown away with the runtime, or go on after the sentence.
    pub(super) fn no_task_is_left(&mut self) {
        let spawners = self.tasks.spawners();
        let n_left = self.tasks.n_left();
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
            law: None,
            text,
        });
    }

    fn whose_task(&self) -> String {
        format!("a task that {} spawned", self.tasks.spawners().join(" or "))
    }
}
