use std::{
    error, fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A fake whose calls a [`Fault::resource`](crate::system::fault::Fault::resource) can let fail.
///
/// # Examples
///
/// ```
/// use flow_harness::fault::{Calls, CanFail};
/// use shop::{Mail, MailError, Mailer};
///
/// #[derive(Debug, Default)]
/// struct FakeMailer {
///     calls: Calls,
/// }
///
/// impl CanFail for FakeMailer {
///     fn calls(&self) -> &Calls {
///         &self.calls
///     }
/// }
///
/// impl Mailer for FakeMailer {
///     fn send(&self, _mail: Mail) -> Result<(), MailError> {
///         self.calls.next().map_err(|_scripted| MailError)
///     }
/// }
/// ```
pub trait Failable: Send + Sync + 'static {
    /// Its calls.
    fn call_script(&self) -> &CallScript;
}

/// Counts the calls of a fake, and says which of them fail.
#[derive(Debug, Default)]
pub struct CallScript {
    state: Mutex<CallState>,
}

#[derive(Debug, Default)]
struct CallState {
    n_calls: u32,
    /// The calls that fail: the number of the first, and how many.
    failing: Option<(u32, u32)>,
    n_failed: u32,
}

/// What a call fails with that was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptedFailure;

impl fmt::Display for ScriptedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scripted fault")
    }
}

impl error::Error for ScriptedFailure {}

impl CallScript {
    fn state(&self) -> MutexGuard<'_, CallState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call.
    ///
    /// # Errors
    ///
    /// Returns an error if this is a call that a fault lets fail.
    pub fn register_call(&self) -> Result<(), ScriptedFailure> {
        let mut state = self.state();
        state.n_calls += 1;
        let n_calls = state.n_calls;

        match state.failing {
            Some((first, times)) if (first..first.saturating_add(times)).contains(&n_calls) => {
                state.n_failed += 1;
                Err(ScriptedFailure)
            }
            _ => Ok(()),
        }
    }

    /// How many calls there were.
    pub fn n_calls(&self) -> u32 {
        self.state().n_calls
    }

    /// Lets calls fail, counted from now on.
    pub(crate) fn fail_calls(&self, nth: u32, times: u32) {
        let mut state = self.state();
        state.failing = Some((state.n_calls + nth, times));
    }

    pub(crate) fn n_failed(&self) -> u32 {
        self.state().n_failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_script_counts_from_when_fault_is_set() {
        let calls = CallScript::default();
        assert_eq!(calls.register_call(), Ok(()));

        calls.fail_calls(2, 2);

        let results: Vec<bool> = (0..4).map(|_| calls.register_call().is_ok()).collect();
        assert_eq!(results, [true, false, false, true]);
        assert_eq!((calls.n_calls(), calls.n_failed()), (5, 2));
    }
}
