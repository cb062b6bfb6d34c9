use std::{any::TypeId, error, fmt, ops::RangeInclusive, panic::Location, sync::Arc};

use flow_domain::{Error, handler::short_type_name};

use crate::system::{Resources, fault::Failable};

/// Something that is made to go wrong; see [`fault`](crate::fault).
pub struct Fault {
    pub(crate) location: &'static Location<'static>,
    pub(crate) injection_point: InjectionPoint,
    /// Which time that its place is met, from 1.
    pub(crate) nth: u32,
    /// How often, from there on.
    pub(crate) times: u32,
}

/// Where it goes wrong, and how.
#[derive(Clone)]
pub(crate) enum InjectionPoint {
    /// Before a handler is called.
    Handler {
        handler: HandlerRef,
        /// The attempts that count; all of them by default.
        attempts: RangeInclusive<u32>,
        effect: FaultEffect,
    },
    /// When something is appended to a stream.
    Append(String),
    /// When a message is published.
    Publish,
    /// After a handler has committed.
    Crash(Option<HandlerRef>),
    /// After a delivery.
    Restart,
    /// Before a fake does what it is called for.
    Resource {
        name: &'static str,
        fail: fn(&Resources, u32, u32) -> bool,
        n_failed: fn(&Resources) -> u32,
    },
}

/// A handler, by its Rust type; `None` stands for any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlerRef {
    pub(crate) type_id: Option<TypeId>,
    pub(crate) name: &'static str,
}

/// What becomes of a handler.
#[derive(Clone)]
pub(crate) enum FaultEffect {
    Fails(Arc<dyn Fn() -> Error + Send + Sync>),
    Panics(String),
}

impl HandlerRef {
    fn of<H: 'static>() -> Self {
        Self {
            type_id: Some(TypeId::of::<H>()),
            name: short_type_name::<H>(),
        }
    }

    pub(crate) const ANY: Self = Self {
        type_id: None,
        name: "any handler",
    };
}

impl Fault {
    #[track_caller]
    pub(crate) fn at(place: InjectionPoint) -> Self {
        Self {
            location: Location::caller(),
            injection_point: place,
            nth: 1,
            times: 1,
        }
    }

    /// The handler `H`, of whatever kind, is about to be called.
    #[track_caller]
    pub fn handler<H: 'static>() -> HandlerFault {
        HandlerFault {
            handler: HandlerRef::of::<H>(),
            location: Location::caller(),
        }
    }

    /// Something is about to be appended to the stream with this name: `inventory-prod-1`.
    #[track_caller]
    pub fn append(stream: &str) -> AppendFault {
        AppendFault(Self::at(InjectionPoint::Append(stream.to_owned())))
    }

    /// A message is about to be published.
    #[track_caller]
    pub fn publish() -> PublishFault {
        PublishFault(Self::at(InjectionPoint::Publish))
    }

    /// The engine dies after the handler `H` has committed, and before that is acknowledged: the
    /// message comes again, to handlers that are built anew.
    #[track_caller]
    pub fn crash_after<H: 'static>() -> CrashFault {
        CrashFault(Self::at(InjectionPoint::Crash(Some(HandlerRef::of::<H>()))))
    }

    /// The engine stops after so many deliveries, and starts again with handlers that are built anew.
    #[track_caller]
    pub fn restart_after(n_deliveries: u32) -> Self {
        Self {
            nth: n_deliveries,
            ..Self::at(InjectionPoint::Restart)
        }
    }

    /// A call of the fake `T` is about to be made.
    #[track_caller]
    pub fn resource<T: Failable>() -> ResourceFault {
        ResourceFault(Self::at(InjectionPoint::Resource {
            name: short_type_name::<T>(),
            fail: |resources, nth, times| match resources.find::<T>() {
                Some(fake) => {
                    fake.call_script().fail_calls(nth, times);
                    true
                }
                None => false,
            },
            n_failed: |resources| {
                let fake = resources.find::<T>();
                fake.map_or(0, |fake| fake.call_script().n_failed())
            },
        }))
    }

    /// Returns true if it can happen only where an engine is.
    pub(crate) fn needs_engine(&self) -> bool {
        matches!(
            self.injection_point,
            InjectionPoint::Publish | InjectionPoint::Crash(_) | InjectionPoint::Restart
        )
    }

    /// It happens so many times, one after the other, and not only once.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Not the first time, but the one with this number, from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth;
        self
    }
}

/// A handler that something is to happen to.
#[derive(Debug)]
#[must_use = "say what happens to it: `.fails(..)` or `.panics(..)`"]
pub struct HandlerFault {
    handler: HandlerRef,
    location: &'static Location<'static>,
}

impl HandlerFault {
    /// It fails with this error, and is not called.
    pub fn fails(self, error: impl error::Error + Clone + Send + Sync + 'static) -> Fault {
        let make = move || Error::failed("the scripted attempt", error.clone());
        self.with_effect(FaultEffect::Fails(Arc::new(make)))
    }

    /// It panics with this text.
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
        }
    }
}

impl Fault {
    /// For a handler: on each of these attempts, of whatever message: `1..=3`.
    #[must_use]
    pub fn on_attempts(mut self, range: RangeInclusive<u32>) -> Self {
        if let InjectionPoint::Handler { attempts, .. } = &mut self.injection_point {
            *attempts = range;
            self.times = u32::MAX;
        }
        self
    }
}

/// A stream that something is to be appended to.
#[derive(Debug)]
#[must_use = "say what happens: `.conflicts()`"]
pub struct AppendFault(Fault);

impl AppendFault {
    /// The store says that another writer was first. Nothing is written.
    pub fn conflicts(self) -> Fault {
        self.0
    }
}

/// A message that is to be published.
#[derive(Debug)]
#[must_use = "say what happens: `.fails()`"]
pub struct PublishFault(Fault);

impl PublishFault {
    /// The broker does not take it.
    pub fn fails(self) -> Fault {
        self.0
    }
}

/// An engine that is to die.
#[derive(Debug)]
#[must_use = "say when: `.commits()`"]
pub struct CrashFault(Fault);

impl CrashFault {
    /// When the handler has committed.
    pub fn commits(self) -> Fault {
        self.0
    }
}

/// A fake that is to be called.
#[derive(Debug)]
#[must_use = "say which call fails: `.fails_at_call(1)`"]
pub struct ResourceFault(Fault);

impl ResourceFault {
    /// The call with this number fails, from 1, counted from this step of the sentence.
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
                    FaultEffect::Fails(make) => {
                        let err = make();
                        let cause = error::Error::source(&err).map(ToString::to_string);
                        write!(f, "{name} fails: {}", cause.unwrap_or_default())?;
                    }
                    FaultEffect::Panics(text) => write!(f, "{name} panics: {text}")?,
                }

                if *attempts != (1..=u32::MAX) {
                    let (first, last) = (attempts.start(), attempts.end());
                    return write!(f, ", on attempts {first} to {last}");
                }
            }
            InjectionPoint::Append(stream) => write!(f, "an append to {stream} conflicts")?,
            InjectionPoint::Publish => f.write_str("publishing fails")?,
            InjectionPoint::Crash(handler) => {
                let name = handler.unwrap_or(HandlerRef::ANY).name;
                write!(f, "the engine dies after {name} has committed")?;
            }
            InjectionPoint::Restart => {
                return write!(f, "the engine restarts after {} deliveries", self.nth);
            }
            InjectionPoint::Resource { name, .. } => write!(f, "a call of {name} fails")?,
        }

        match (self.nth, self.times) {
            (1, 1) => Ok(()),
            (1, times) => write!(f, ", {times} times"),
            (nth, 1) => write!(f, ", at the {nth}. time"),
            (nth, times) => write!(f, ", {times} times from the {nth}. time on"),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}
