use std::{fmt, sync::OnceLock};

use tokio::sync::watch;

/// Rings when there is something to do, so that who waits for it need not look again and again.
///
/// It is made when somebody listens: most apps are run without an engine.
#[derive(Default)]
pub(crate) struct WakeSignal(OnceLock<watch::Sender<u64>>);

impl WakeSignal {
    /// Rings. It costs nothing if nobody listens.
    pub(crate) fn notify(&self) {
        if let Some(rings) = self.0.get() {
            rings.send_modify(|n_rings| *n_rings += 1);
        }
    }

    /// Listens from here on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.get_or_init(|| watch::Sender::new(0)).subscribe()
    }
}

impl fmt::Debug for WakeSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}
