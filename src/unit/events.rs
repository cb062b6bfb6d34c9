use flow_domain::{
    Aggregate, Event,
    model::{AnyEvent, IntoMessages, SerializedMessage},
};

use crate::{
    expect::{MessageView, compare_messages, find_event, find_event_like, matches_schema},
    flow::Mismatch,
    unit::UnitOutcome,
};

const WRONG_EVENTS: &str = "raised other events than expected";

#[allow(
    clippy::return_self_not_must_use,
    reason = "the last assertion ends the test"
)]
impl<A: Aggregate, R> UnitOutcome<A, R> {
    /// Expects that the method raised exactly these events, in this order.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoMessages<AnyEvent>) -> Self {
        let checked = self.compare_events(&expected);
        self.expect(WRONG_EVENTS, checked)
    }

    /// Expects that the method raised no events.
    #[track_caller]
    pub fn then_no_events(self) -> Self {
        let checked = self.compare_events(&());
        self.expect(WRONG_EVENTS, checked)
    }

    /// Expects that the method raised an event equal to this one.
    #[track_caller]
    pub fn then_event<E: Event>(self, expected: E) -> Self {
        let expected = message_views(&expected);
        let checked = find_event(&expected[0], &self.event_views());
        self.expect(WRONG_EVENTS, checked)
    }

    /// Expects that the method raised an event of type `E` for which `holds` returns true.
    #[track_caller]
    pub fn then_event_like<E: Event>(self, holds: impl Fn(&E) -> bool) -> Self {
        let views_of_type: Vec<MessageView> = self
            .events_of_type::<E>()
            .iter()
            .map(MessageView::from)
            .collect();
        let checked = find_event_like(&views_of_type, || self.event_views(), holds);
        self.expect(WRONG_EVENTS, checked)
    }

    /// Expects that the method raised no event of type `E`.
    ///
    /// This also fails if `E` is not an event of the aggregate: the aggregate could never raise it.
    #[track_caller]
    pub fn then_no_event<E: Event>(self) -> Self {
        let expected = format!("no {}", E::NAME);
        let is_known = A::EVENTS
            .iter()
            .flat_map(|schemas| schemas.iter())
            .any(|known| E::SCHEMAS.iter().any(|schema| schema.name == known.name));

        let checked = if is_known {
            match self.events_of_type::<E>().first() {
                None => Ok(()),
                Some(found) => Err(Mismatch::new(expected, MessageView::from(found).show())),
            }
        } else {
            let found = format!("`{}` has no such event, so it can never raise it", A::NAME);
            Err(Mismatch::new(expected, found))
        };

        self.expect(WRONG_EVENTS, checked)
    }

    #[track_caller]
    fn compare_events(&self, expected: &impl IntoMessages<AnyEvent>) -> Result<(), Mismatch> {
        compare_messages(&message_views(expected), &self.event_views())
    }

    /// Returns the events that the method raised.
    #[track_caller]
    fn event_views(&self) -> Vec<MessageView> {
        self.serialized_events()
            .iter()
            .map(MessageView::from)
            .collect()
    }

    #[track_caller]
    fn events_of_type<E: Event>(&self) -> Vec<SerializedMessage> {
        let mut events = self.serialized_events();
        events.retain(|event| matches_schema::<E>(event.category, |name| event.name == name));
        events
    }

    #[track_caller]
    fn serialized_events(&self) -> Vec<SerializedMessage> {
        match self.aggregate.raised().to_serialized() {
            Ok(mut events) => events.split_off(self.n_events_before),
            Err(err) => panic!("{}", err.with_causes()),
        }
    }
}

#[track_caller]
fn message_views(expected: &impl IntoMessages<AnyEvent>) -> Vec<MessageView> {
    let mut views = Vec::new();
    let result = expected.try_for_each(&mut |event| {
        let event: SerializedMessage = event.to_serialized()?;
        views.push(MessageView::from(&event));
        Ok(())
    });

    match result {
        Ok(()) => views,
        Err(err) => panic!("{}", err.with_causes()),
    }
}
