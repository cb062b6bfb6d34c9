use flow_domain::{message::short_type_name, testing::StateType};

use crate::{
    expect::{Claim, Mismatch},
    outcome::{Description, Outcome, Problem},
};

/// Something that a test expects, for [`Flow::then`](crate::Flow::then).
///
/// [`expect`](crate::expect) has a constructor for each common expectation. These are expectations,
/// too:
///
/// * a type of your own that implements [`check`](Self::check)
/// * a closure from the outcome to `Result<(), Mismatch>`
/// * a tuple of expectations
///
/// # Examples
///
/// ```
/// use flow_harness::prelude::*;
///
/// struct AtMostEvents(usize);
///
/// impl Expectation for AtMostEvents {
///     fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
///         let n_events = outcome.events().len();
///         if n_events <= self.0 {
///             return Ok(());
///         }
///         Err(Mismatch::new(format!("at most {} events", self.0), format!("{n_events} events")))
///     }
/// }
/// ```
///
/// An expectation may be made of others:
///
/// ```
/// # use flow_harness::prelude::*;
/// # use shop::{OrderDashboard, OrderPlaced, OrderStatus};
/// /// The order is placed, and its customer sees it.
/// struct Placed<'a>(&'a str);
///
/// impl Expectation for Placed<'_> {
///     fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
///         let placed = (
///             expect::event_matching::<OrderPlaced>(|event| event.order_id == self.0),
///             expect::projection::<OrderDashboard>(self.0)
///                 .has(|row| row.status == OrderStatus::Placed),
///         );
///         placed.check(outcome)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an expectation",
    label = "expected a value of `flow_harness::expect`, a tuple of up to 8, or a closure from `&Outcome`",
    note = "for more than 8, nest tuples: `((a, b), (c, d))`"
)]
pub trait Expectation: Send + Sync {
    /// Checks the outcome.
    ///
    /// The harness may call this method more than once for one step. It does so after it has read a
    /// stored state that the expectation needs.
    ///
    /// # Errors
    ///
    /// Returns a mismatch if the outcome is not as expected.
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch>;

    /// Describes in a few words what is expected. The story shows it.
    ///
    /// The default is the name of the type.
    fn describe(&self) -> String {
        short_type_name::<Self>().to_owned()
    }

    /// Returns true if this expectation covers the problem. A covered problem does not fail the flow.
    ///
    /// The harness calls this for each problem of the last act. The default is false.
    fn covers(&self, problem: &Problem<'_>, outcome: &Outcome) -> bool {
        let _ = (problem, outcome);
        false
    }

    /// Returns a warning about a probable mistake in the test.
    ///
    /// An example is an expectation that could never fail. The harness calls this method after the
    /// check passed, and adds the text to [`Outcome::warnings`]. The default is `None`.
    fn warning(&self, outcome: &Outcome) -> Option<String> {
        let _ = outcome;
        None
    }

    /// Returns true if this expectation checks only the last act before it.
    ///
    /// Its result then depends on its place in the flow. The default is false.
    fn is_about_last_act(&self) -> bool {
        false
    }

    /// Returns true if this expectation can be checked while messages are pending.
    ///
    /// Return true only if the effects of pending messages cannot change the result. The default is
    /// false: pending messages then fail the step.
    fn allows_pending(&self) -> bool {
        false
    }

    /// Returns true if this expectation is about the pending messages themselves.
    ///
    /// The flow may then end while messages are pending. The default is false.
    fn expects_pending(&self) -> bool {
        false
    }

    /// Returns true if the expectation can only become met: later acts cannot change that.
    ///
    /// An act since the last `then` step must then meet it.
    #[doc(hidden)]
    fn stays_met(&self) -> bool {
        false
    }

    /// Returns what the expectation says about acts that change nothing. It is called after the check passed.
    #[doc(hidden)]
    fn claim(&self, outcome: &Outcome) -> Claim {
        let _ = outcome;
        Claim::Effect
    }

    /// Returns as text what the expectation reads outside of the record, before the acts it is about.
    #[doc(hidden)]
    fn unrecorded(&self, outcome: &Outcome) -> Option<String> {
        let _ = outcome;
        None
    }

    /// Returns a warning if no act changed what the expectation reads outside of the record.
    ///
    /// `before` is the text of [`unrecorded`](Self::unrecorded). The harness calls this after the check
    /// passed, unless the command of the last act was rejected or failed.
    #[doc(hidden)]
    fn warning_if_unchanged(&self, before: &str, outcome: &Outcome) -> Option<String> {
        let _ = (before, outcome);
        None
    }

    /// Returns the state that this expectation reads, and its id; `None` instead of the id for all rows.
    #[doc(hidden)]
    fn watched_state(&self) -> Option<(StateType, Option<String>)> {
        None
    }

    /// Returns the description for a story that may never be read.
    #[doc(hidden)]
    fn description(&self) -> Description {
        Description::of_text(self.describe())
    }

    /// Splits a tuple into its expectations. Each becomes a step of its own.
    #[doc(hidden)]
    fn into_parts<'t>(self) -> Vec<Box<dyn Expectation + 't>>
    where
        Self: Sized + 't,
    {
        vec![Box::new(self)]
    }
}

impl<F> Expectation for F
where
    F: Fn(&Outcome) -> Result<(), Mismatch> + Send + Sync,
{
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self(outcome)
    }

    fn describe(&self) -> String {
        "closure".to_owned()
    }
}

macro_rules! tuple_expectation {
    ($($name:ident $idx:tt),+) => {
        /// All expectations of the tuple. `then` adds a step for each.
        impl<$($name: Expectation),+> Expectation for ($($name,)+) {
            fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
                $(self.$idx.check(outcome)?;)+
                Ok(())
            }

            fn describe(&self) -> String {
                [$(self.$idx.describe()),+].join(", ")
            }

            fn description(&self) -> Description {
                Description::of_all(vec![$(self.$idx.description()),+])
            }

            fn covers(&self, problem: &Problem<'_>, outcome: &Outcome) -> bool {
                $(self.$idx.covers(problem, outcome))||+
            }

            fn warning(&self, outcome: &Outcome) -> Option<String> {
                let warnings = [$(self.$idx.warning(outcome)),+];
                let warnings: Vec<String> = warnings.into_iter().flatten().collect();
                (!warnings.is_empty()).then(|| warnings.join("\n"))
            }

            fn is_about_last_act(&self) -> bool {
                $(self.$idx.is_about_last_act())||+
            }

            fn allows_pending(&self) -> bool {
                $(self.$idx.allows_pending())&&+
            }

            fn expects_pending(&self) -> bool {
                $(self.$idx.expects_pending())||+
            }

            fn into_parts<'t>(self) -> Vec<Box<dyn Expectation + 't>>
            where
                Self: Sized + 't,
            {
                let mut parts = Vec::new();
                $(parts.extend(self.$idx.into_parts());)+
                parts
            }
        }
    };
}

tuple_expectation!(A 0);
tuple_expectation!(A 0, B 1);
tuple_expectation!(A 0, B 1, C 2);
tuple_expectation!(A 0, B 1, C 2, D 3);
tuple_expectation!(A 0, B 1, C 2, D 3, E 4);
tuple_expectation!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_expectation!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_expectation!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
