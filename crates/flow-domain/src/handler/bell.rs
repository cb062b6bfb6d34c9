use std::fmt;

use tokio::sync::watch;

/// Rings when there is something to do, so that who waits for it need not look again and again.
pub(crate) struct Bell(watch::Sender<u64>);

impl Bell {
    /// Rings. It costs nothing if nobody listens.
    pub(crate) fn ring(&self) {
        if 0 < self.0.receiver_count() {
            self.0.send_modify(|n_rings| *n_rings += 1);
        }
    }

    /// Listens from here on.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}
