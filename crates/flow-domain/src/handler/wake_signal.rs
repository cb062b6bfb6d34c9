use std::{fmt, sync::OnceLock};

use tokio::sync::watch;

/// Wakes the engines that wait for work, so that they need not poll for it.
///
/// The channel is created by the first subscriber, because most apps run without an engine.
#[derive(Default)]
pub(crate) struct WakeSignal(OnceLock<watch::Sender<u64>>);

impl WakeSignal {
    /// Wakes all subscribers. This is cheap if there are none.
    pub(crate) fn notify(&self) {
        if let Some(sender) = self.0.get() {
            sender.send_modify(|n_signals| *n_signals += 1);
        }
    }

    /// Returns a receiver for every signal from here on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.get_or_init(|| watch::Sender::new(0)).subscribe()
    }
}

impl fmt::Debug for WakeSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakeSignal")
    }
}
