use std::panic::Location;

use crate::system::fault::{Fault, script::InjectionPoint};

/// Returns a fault at a component or a worker of a [`SystemUnderTest`](crate::SystemUnderTest).
///
/// `name` is its name in the description of the system.
#[track_caller]
pub fn component(name: &str) -> ComponentFaultPoint {
    ComponentFaultPoint {
        name: name.to_owned(),
        location: Location::caller(),
    }
}

/// A component or a worker, before it is said how it fails.
#[derive(Debug)]
#[must_use = "say what happens: `.fails(..)`"]
pub struct ComponentFaultPoint {
    name: String,
    location: &'static Location<'static>,
}

/// A fault at a component or a worker, from [`component`].
#[derive(Debug)]
pub struct ComponentFault(pub(crate) Fault);

impl ComponentFaultPoint {
    /// The component is not called, and fails with this text.
    ///
    /// The step of a worker counts as a call, even if there is nothing to do. A worker that has failed is called
    /// again in the next act.
    pub fn fails(self, text: &str) -> ComponentFault {
        let injection_point = InjectionPoint::Component {
            name: self.name,
            text: text.to_owned(),
        };
        let mut fault = Fault::at(injection_point);
        fault.location = self.location;

        ComponentFault(fault)
    }
}

impl ComponentFault {
    /// Sets how many times in a row the fault happens. The default is once.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(self.0.times(times))
    }

    /// Sets at which call the fault happens first, counted from 1. The default is 1.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self(self.0.nth(nth))
    }
}
