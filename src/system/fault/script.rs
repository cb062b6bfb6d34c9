use std::{any::TypeId, error, fmt, ops::RangeInclusive, panic::Location, sync::Arc};

use flow_domain::{
    Error,
    message::{InvalidStreamName, StreamName, short_type_name},
    testing::catch,
};

use crate::system::{Resources, fault::Failable};

/// A scripted fault; see [`fault`](crate::fault).
pub struct Fault {
    pub(crate) location: &'static Location<'static>,
    pub(crate) injection_point: InjectionPoint,
    /// The first hit of the injection point at which the fault happens, counted from 1.
    pub(crate) nth: u32,
    /// At how many hits in a row the fault happens, beginning at `nth`.
    pub(crate) times: u32,
    /// Whether the test has set the times.
    has_times: bool,
    /// Whether the test has set attempts, although the fault is not at a handler.
    pub(crate) has_idle_attempts: bool,
}

/// The point at which a fault is injected, and its effect.
pub(crate) enum InjectionPoint {
    /// Before a handler is called.
    Handler {
        handler: HandlerRef,
        /// The attempts at which the fault may happen. The default is all.
        attempts: RangeInclusive<u32>,
        effect: FaultEffect,
    },
    /// At an append to this stream.
    Append(Result<StreamName, InvalidStreamName>),
    /// At the publication of a message.
    Publish,
    /// After a commit of this handler.
    Crash(HandlerRef),
    /// After a delivery.
    Restart,
    /// At a call of a component of a system that is not built on `flow-domain`.
    Component {
        name: String,
        /// What the failure says.
        text: String,
    },
    /// At a call of a fake.
    Resource {
        name: &'static str,
        /// Calls `fail_calls(nth, times)` on the fake, and returns the index of the fault in its script.
        /// Returns `None` if there is no such fake.
        fail: fn(&Resources, u32, u32) -> Option<usize>,
        /// Returns how many calls of the fake the fault with this index has made fail.
        n_failed: fn(&Resources, usize) -> u32,
    },
}

/// A handler, by its Rust type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlerRef {
    pub(crate) type_id: TypeId,
    pub(crate) name: &'static str,
}

/// What a fault does to a handler.
#[derive(Clone)]
pub(crate) enum FaultEffect {
    Fails(Arc<dyn Fn() -> Error + Send + Sync>),
    Panics(String),
}

impl HandlerRef {
    fn of<H: 'static>() -> Self {
        Self {
            type_id: TypeId::of::<H>(),
            name: short_type_name::<H>(),
        }
    }
}

impl Fault {
    #[track_caller]
    pub(crate) fn at(injection_point: InjectionPoint) -> Self {
        Self {
            location: Location::caller(),
            injection_point,
            nth: 1,
            times: 1,
            has_times: false,
            has_idle_attempts: false,
        }
    }

    /// Returns a fault before a call of the handler `H`, of any kind.
    ///
    /// A message that the handler skips is no call.
    #[track_caller]
    pub fn handler<H: 'static>() -> HandlerFault {
        HandlerFault {
            handler: HandlerRef::of::<H>(),
            location: Location::caller(),
        }
    }

    /// Returns a fault at an append to the stream with this name: `inventory-prod-1`.
    #[track_caller]
    pub fn append(stream: &str) -> AppendFault {
        AppendFault(Self::at(InjectionPoint::Append(stream.parse())))
    }

    /// Returns a fault at the publication of a message.
    #[track_caller]
    pub fn publish() -> PublishFault {
        PublishFault(Self::at(InjectionPoint::Publish))
    }

    /// Returns a fault that crashes the engine after `H` commits, and before the acknowledgement.
    ///
    /// The engine redelivers the message, to newly built handlers. The clock does not move. A message
    /// that the handler skips is no commit.
    #[track_caller]
    pub fn crash_after<H: 'static>() -> CrashFault {
        CrashFault(Self::at(InjectionPoint::Crash(HandlerRef::of::<H>())))
    }

    /// Returns a fault that restarts the engine after `n_deliveries` deliveries.
    ///
    /// A message that its handler skips counts as a delivery. Everything after the restart goes to newly
    /// built handlers, also the commands of the test. The flow fails if no handler is called after it.
    #[track_caller]
    pub fn restart_after(n_deliveries: u32) -> Self {
        Self {
            nth: n_deliveries,
            ..Self::at(InjectionPoint::Restart)
        }
    }

    /// Returns a fault at a call of the fake `T`.
    #[track_caller]
    pub fn resource<T: Failable>() -> ResourceFault {
        ResourceFault(Self::at(InjectionPoint::Resource {
            name: short_type_name::<T>(),
            fail: |resources, nth, times| {
                let fake = resources.find::<T>()?;
                Some(fake.call_script().fail_calls(nth, times))
            },
            n_failed: |resources, fault_idx| {
                resources
                    .find::<T>()
                    .map_or(0, |fake| fake.call_script().n_failed(fault_idx))
            },
        }))
    }

    /// Returns the Rust type of the handler that the fault is about, if there is one.
    pub(crate) fn handler_type(&self) -> Option<TypeId> {
        match &self.injection_point {
            InjectionPoint::Handler { handler, .. } | InjectionPoint::Crash(handler) => {
                Some(handler.type_id)
            }
            _ => None,
        }
    }

    /// Returns the name of the component that the fault is about, if there is one.
    pub(crate) fn component(&self) -> Option<&str> {
        match &self.injection_point {
            InjectionPoint::Component { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Returns true if the fault never happens without an engine.
    pub(crate) fn needs_engine(&self) -> bool {
        matches!(
            self.injection_point,
            InjectionPoint::Publish | InjectionPoint::Crash(_) | InjectionPoint::Restart
        )
    }

    /// Sets how many times in a row the fault happens. The default is once.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self.has_times = true;
        self
    }

    /// Sets at which hit of its point the fault happens first, counted from 1. The default is 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth;
        self
    }

    /// Makes a fault at a handler happen on each of these attempts of every message: `1..=3`.
    ///
    /// [`times`](Self::times) limits that. The flow fails if the fault is not at a handler.
    #[must_use]
    pub fn on_attempts(mut self, range: RangeInclusive<u32>) -> Self {
        if let InjectionPoint::Handler { attempts, .. } = &mut self.injection_point {
            *attempts = range;
            if !self.has_times {
                self.times = u32::MAX;
            }
        } else {
            self.has_idle_attempts = true;
        }

        self
    }
}

/// A fault at a handler, before its effect is set.
#[derive(Debug)]
#[must_use = "say what happens to it: `.fails(..)` or `.panics(..)`"]
pub struct HandlerFault {
    handler: HandlerRef,
    location: &'static Location<'static>,
}

impl HandlerFault {
    /// The handler is not called, and fails with this error.
    pub fn fails(self, error: impl error::Error + Clone + Send + Sync + 'static) -> Fault {
        let make_error = move || Error::failed("the scripted attempt", error.clone());
        self.with_effect(FaultEffect::Fails(Arc::new(make_error)))
    }

    /// The handler is not called, and panics with this text.
    pub fn panics(self, text: &str) -> Fault {
        self.with_effect(FaultEffect::Panics(text.to_owned()))
    }

    fn with_effect(self, effect: FaultEffect) -> Fault {
        Fault {
            location: self.location,
            injection_point: InjectionPoint::Handler {
                handler: self.handler,
                attempts: 1..=u32::MAX,
                effect,
            },
            nth: 1,
            times: 1,
            has_times: false,
            has_idle_attempts: false,
        }
    }
}

/// A fault at an append to a stream, before its effect is set.
#[derive(Debug)]
#[must_use = "say what happens: `.conflicts()`"]
pub struct AppendFault(Fault);

impl AppendFault {
    /// The append fails with a conflict, as if another writer had appended first. Nothing is written.
    ///
    /// A handler that has loaded what it writes has lost a race. It is called again within the same
    /// attempt, so the flow fails only if it cannot bear that. To make the handler lose each race, add as
    /// many [`times`](Fault::times) as it has tries: 10 in a command of the test, and 100 otherwise. A handler that
    /// adds something without loading it first fails at once.
    pub fn conflicts(self) -> Fault {
        self.0
    }
}

/// A fault at a publication, before its effect is set.
#[derive(Debug)]
#[must_use = "say what happens: `.fails()`"]
pub struct PublishFault(Fault);

impl PublishFault {
    /// The broker rejects the message.
    pub fn fails(self) -> Fault {
        self.0
    }
}

/// A crash of the engine, before its time is set.
#[derive(Debug)]
#[must_use = "say when: `.commits()`"]
pub struct CrashFault(Fault);

impl CrashFault {
    /// The engine crashes when the handler has committed.
    pub fn commits(self) -> Fault {
        self.0
    }
}

/// A fault at a call of a fake, before the number of the call is set.
#[derive(Debug)]
#[must_use = "say which call fails: `.fails_at_call(1)`"]
pub struct ResourceFault(Fault);

impl ResourceFault {
    /// The call with this number fails. Calls are counted from this step of the flow on, from 1.
    pub fn fails_at_call(self, nth: u32) -> Fault {
        self.0.nth(nth)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.injection_point {
            InjectionPoint::Handler {
                handler,
                attempts,
                effect,
            } => {
                let name = handler.name;
                match effect {
                    FaultEffect::Fails(make_error) => {
                        let err = make_error();
                        let cause = || error::Error::source(&err).map(ToString::to_string);
                        let text = catch(cause).unwrap_or_else(|panic| {
                            Some(format!("an error whose `Display` {panic}"))
                        });
                        write!(f, "{name} fails: {}", text.unwrap_or_default())?;
                    }
                    FaultEffect::Panics(text) => write!(f, "{name} panics: {text}")?,
                }

                if *attempts != (1..=u32::MAX) {
                    let (first, last) = (attempts.start(), attempts.end());
                    if first == last {
                        return write!(f, ", on attempt {first}");
                    }

                    return write!(f, ", on attempts {first} to {last}");
                }
            }
            InjectionPoint::Append(Ok(stream)) => write!(f, "an append to {stream} conflicts")?,
            InjectionPoint::Append(Err(_)) => f.write_str("an append conflicts")?,
            InjectionPoint::Publish => f.write_str("publishing fails")?,
            InjectionPoint::Component { name, text } => write!(f, "{name} fails: {text}")?,
            InjectionPoint::Crash(handler) => {
                write!(f, "the engine crashes after {} commits", handler.name)?;
            }
            InjectionPoint::Restart => {
                return match self.nth {
                    1 => f.write_str("the engine restarts after 1 delivery"),
                    n => write!(f, "the engine restarts after {n} deliveries"),
                };
            }
            InjectionPoint::Resource { name, .. } => write!(f, "a call of {name} fails")?,
        }

        match (self.nth, self.times) {
            (1, 1) => Ok(()),
            (1, times) => write!(f, ", {times} times"),
            (nth, 1) => write!(f, ", at occurrence {nth}"),
            (nth, times) => write!(f, ", {times} times from occurrence {nth} on"),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}
