use std::{
    error, fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A fake whose calls a [`Fault::resource`](crate::system::fault::Fault::resource) can make fail.
///
/// # Examples
///
/// ```
/// use flow_harness::fault::{CallScript, Failable};
/// use shop::{Mail, MailError, Mailer};
///
/// #[derive(Debug, Default)]
/// struct FakeMailer {
///     call_script: CallScript,
/// }
///
/// impl Failable for FakeMailer {
///     fn call_script(&self) -> &CallScript {
///         &self.call_script
///     }
/// }
///
/// impl Mailer for FakeMailer {
///     fn send(&self, _mail: Mail) -> Result<(), MailError> {
///         self.call_script.register_call().map_err(|_scripted| MailError)
///     }
/// }
/// ```
pub trait Failable: Send + Sync + 'static {
    /// Returns the script of this fake.
    fn call_script(&self) -> &CallScript;
}

/// Counts the calls of a fake, and decides which of them fail.
#[derive(Default)]
pub struct CallScript {
    state: Mutex<CallState>,
}

#[derive(Debug, Default)]
struct CallState {
    n_calls: u32,
    faults: Vec<CallFault>,
}

/// A fault at calls of a fake.
#[derive(Debug)]
struct CallFault {
    /// The number of the first call that fails.
    first: u32,
    /// How many calls fail.
    times: u32,
    /// How many calls have failed.
    n_failed: u32,
}

/// The error of a call that a fault makes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptedFailure;

impl fmt::Display for ScriptedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scripted fault")
    }
}

impl error::Error for ScriptedFailure {}

/// Hides the calls: a call that fails changes nothing in the fake that derives `Debug`.
impl fmt::Debug for CallScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallScript").finish_non_exhaustive()
    }
}

impl CallScript {
    fn state(&self) -> MutexGuard<'_, CallState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call.
    ///
    /// # Errors
    ///
    /// Returns an error if a fault makes this call fail.
    pub fn register_call(&self) -> Result<(), ScriptedFailure> {
        let mut state = self.state();
        state.n_calls += 1;
        let n_calls = state.n_calls;

        let is_due = |fault: &&mut CallFault| {
            let last = fault.first.saturating_add(fault.times);
            (fault.first..last).contains(&n_calls)
        };
        match state.faults.iter_mut().find(is_due) {
            Some(fault) => {
                fault.n_failed += 1;
                Err(ScriptedFailure)
            }
            None => Ok(()),
        }
    }

    /// Returns how many calls there were, including those that failed.
    pub fn n_calls(&self) -> u32 {
        self.state().n_calls
    }

    /// Makes `times` calls fail, beginning with the `nth` call from now on. Returns the index of this fault.
    pub(crate) fn fail_calls(&self, nth: u32, times: u32) -> usize {
        let mut state = self.state();
        let first = state.n_calls.saturating_add(nth);
        state.faults.push(CallFault {
            first,
            times,
            n_failed: 0,
        });

        state.faults.len() - 1
    }

    /// Returns how many calls the fault with this index has made fail.
    pub(crate) fn n_failed(&self, fault_idx: usize) -> u32 {
        self.state().faults[fault_idx].n_failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_script_counts_from_when_fault_is_set() {
        let script = CallScript::default();
        assert_eq!(script.register_call(), Ok(()));

        let fault_idx = script.fail_calls(2, 2);

        let results: Vec<bool> = (0..4).map(|_| script.register_call().is_ok()).collect();
        assert_eq!(results, [true, false, false, true]);
        assert_eq!((script.n_calls(), script.n_failed(fault_idx)), (5, 2));
    }

    #[test]
    fn call_script_looks_the_same_after_a_call() {
        let script = CallScript::default();
        let before = format!("{script:?}");

        script.register_call().expect("no fault is set");
        assert_eq!(format!("{script:?}"), before);
    }

    #[test]
    fn call_script_has_several_faults() {
        let script = CallScript::default();
        let faults = [script.fail_calls(1, 1), script.fail_calls(3, 9)];

        let results: Vec<bool> = (0..4).map(|_| script.register_call().is_ok()).collect();
        assert_eq!(results, [false, true, false, false]);
        assert_eq!(faults.map(|idx| script.n_failed(idx)), [1, 2]);
    }
}
