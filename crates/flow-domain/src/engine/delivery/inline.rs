use crate::{
    engine::{
        delivery::attempt::{AttemptReport, AttemptResult},
        delivery::consumer::Target,
    },
    message::Processing,
    runtime::App,
};

impl Target {
    /// By whom that is handled what is raised here.
    pub(in crate::engine) fn processing(self, app: &App) -> Processing {
        match self {
            // What an event causes would wait for the end of a cascade that nobody waits for.
            Self::Events(_) => Processing::Async,
            Self::Commands(_) => app.event_processing(),
        }
    }
}

impl AttemptReport {
    /// Handles inline what a command caused, if it was raised to be handled so.
    pub(in crate::engine) async fn handle_events_inline(&mut self, app: &App, target: Target) {
        if target.processing(app) == Processing::Async {
            return;
        }
        if let AttemptResult::Handled(committed) = &mut self.result {
            let committed = std::mem::take(committed);
            self.inline = Some(app.handle_inline(committed).await);
        }
    }
}
