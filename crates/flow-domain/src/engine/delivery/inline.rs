use crate::{
    engine::{
        delivery::attempt::{AttemptReport, AttemptResult},
        delivery::consumer::Target,
    },
    message::Processing,
    runtime::App,
};

impl Target {
    /// Returns how the events that this target raises are processed: inline, or by an engine.
    pub(in crate::engine) fn processing(self, app: &App) -> Processing {
        match self {
            // With inline processing, the incoming event would stay unsettled until its whole
            // cascade has ended. Nobody waits for the result of that cascade.
            Self::Events(_) => Processing::Async,
            Self::Commands(_) => app.event_processing(),
        }
    }
}

impl AttemptReport {
    /// Handles the committed events of a command inline, if the app processes events inline.
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
