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
pub trait CanFail: Send + Sync + 'static {
    /// Its calls.
    fn calls(&self) -> &Calls;
}

/// Counts the calls of a fake, and says which of them fail.
#[derive(Debug, Default)]
pub struct Calls {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    n_calls: u32,
    /// The calls that fail: the number of the first, and how many.
    fails: Option<(u32, u32)>,
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

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call.
    ///
    /// # Errors
    ///
    /// Returns an error if this is a call that a fault lets fail.
    pub fn next(&self) -> Result<(), ScriptedFailure> {
        let mut state = self.state();
        state.n_calls += 1;
        let n_calls = state.n_calls;
        match state.fails {
            Some((first, times)) if (first..first.saturating_add(times)).contains(&n_calls) => {
                state.n_failed += 1;
                Err(ScriptedFailure)
            }
            _ => Ok(()),
        }
    }

    /// How many calls there were.
    pub fn count(&self) -> u32 {
        self.state().n_calls
    }

    /// Lets calls fail, counted from now on.
    pub(crate) fn fail(&self, nth: u32, times: u32) {
        let mut state = self.state();
        state.fails = Some((state.n_calls + nth, times));
    }

    pub(crate) fn n_failed(&self) -> u32 {
        self.state().n_failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_from_when_the_fault_is_set() {
        let calls = Calls::default();
        assert_eq!(calls.next(), Ok(()));

        calls.fail(2, 2);

        let results: Vec<bool> = (0..4).map(|_| calls.next().is_ok()).collect();
        assert_eq!(results, [true, false, false, true]);
        assert_eq!((calls.count(), calls.n_failed()), (5, 2));
    }
}
