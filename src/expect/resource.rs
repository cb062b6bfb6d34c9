use std::{fmt, marker::PhantomData};

use flow_domain::handler::short_type_name;

use crate::{
    expect::{Expectation, Mismatch},
    outcome::Outcome,
};

/// Expects that `holds` returns true for the fake of type `T`.
pub fn resource<'t, T: fmt::Debug + Send + Sync + 'static>(
    holds: impl Fn(&T) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    ResourceIs {
        holds,
        resource: PhantomData::<fn(T)>,
    }
}

struct ResourceIs<T, F> {
    holds: F,
    resource: PhantomData<fn(T)>,
}

impl<T: fmt::Debug + Send + Sync + 'static, F: Fn(&T) -> bool + Send + Sync> Expectation
    for ResourceIs<T, F>
{
    fn describe(&self) -> String {
        format!("resource {}", short_type_name::<T>())
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = short_type_name::<T>();
        let expected = format!("a {name} for which the closure returns true");

        match outcome.find_resource::<T>() {
            None => Err(Mismatch::new(
                expected,
                format!("the harness has no resource `{name}`; add it with `.resource(|| ..)`"),
            )),
            Some(resource) if (self.holds)(resource) => Ok(()),
            Some(resource) => Err(Mismatch::new(expected, format!("{resource:?}"))),
        }
    }
}
