use flow_domain::{
    Aggregate, Event,
    model::{AnyEvent, MessageList, Written},
};

use crate::{
    expect::{Seen, compare, find_event, find_event_like, is_of},
    flow::Mismatch,
    unit::UnitOutcome,
};

const OTHERS: &str = "raised other events than expected";

#[allow(
    clippy::return_self_not_must_use,
    reason = "the last word ends the test"
)]
impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Expects exactly these events, in this order, raised by the method.
    #[track_caller]
    pub fn then_events(self, expected: impl MessageList<AnyEvent>) -> Self {
        let checked = self.compare_events(&expected);
        self.expect(OTHERS, checked)
    }

    /// Expects that the method raised no events.
    #[track_caller]
    pub fn then_no_events(self) -> Self {
        let checked = self.compare_events(&());
        self.expect(OTHERS, checked)
    }

    /// Expects an event that equals this one, raised by the method.
    #[track_caller]
    pub fn then_event<E: Event>(self, expected: E) -> Self {
        let expected = written(&expected);
        let checked = find_event(&expected[0], &self.raised());
        self.expect(OTHERS, checked)
    }

    /// Expects an event of type `E` for which the closure holds, raised by the method.
    #[track_caller]
    pub fn then_event_like<E: Event>(self, holds: impl Fn(&E) -> bool) -> Self {
        let of_type: Vec<Seen> = self.of_type::<E>().iter().map(Seen::from).collect();
        let checked = find_event_like(&of_type, || self.raised(), holds);
        self.expect(OTHERS, checked)
    }

    /// Expects that the method raised no event of type `E`, which is one of the aggregate's.
    #[track_caller]
    pub fn then_no_event<E: Event>(self) -> Self {
        let expected = format!("no {}", E::NAME);
        let known = A::EVENTS.iter().flat_map(|schemas| schemas.iter());
        let can_be = known
            .into_iter()
            .any(|known| E::SCHEMAS.iter().any(|own| own.name == known.name));
        let checked = if can_be {
            match self.of_type::<E>().first() {
                None => Ok(()),
                Some(found) => Err(Mismatch::new(expected, Seen::from(found).show())),
            }
        } else {
            let none = format!("no such event of `{}`, so none can ever be raised", A::NAME);
            Err(Mismatch::new(expected, none))
        };
        self.expect(OTHERS, checked)
    }

    #[track_caller]
    fn compare_events(&self, expected: &impl MessageList<AnyEvent>) -> Result<(), Mismatch> {
        compare(&written(expected), &self.raised())
    }

    /// The events that the method raised.
    #[track_caller]
    fn raised(&self) -> Vec<Seen> {
        self.written_events().iter().map(Seen::from).collect()
    }

    #[track_caller]
    fn of_type<E: Event>(&self) -> Vec<Written> {
        let mut events = self.written_events();
        events.retain(|event| is_of::<E>(event.category, |name| event.name == name));
        events
    }

    #[track_caller]
    fn written_events(&self) -> Vec<Written> {
        match self.aggregate.raised().written() {
            Ok(mut events) => events.split_off(self.n_before),
            Err(err) => panic!("{}", err.with_causes()),
        }
    }
}

#[track_caller]
fn written(expected: &impl MessageList<AnyEvent>) -> Vec<Seen> {
    let mut written = Vec::new();
    let all = expected.try_for_each(&mut |event| {
        let event: Written = event.write()?;
        written.push(Seen::from(&event));
        Ok(())
    });
    match all {
        Ok(()) => written,
        Err(err) => panic!("{}", err.with_causes()),
    }
}
