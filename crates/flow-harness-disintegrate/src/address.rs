use std::fmt;

use disintegrate::Event;
use flow_harness::{At, at};

/// Returns the id that the harness records an event under.
///
/// An event has domain ids and no stream. So its address has the values of its domain ids, joined by `+`, in
/// the order of their declaration. An event without domain ids has its own name.
///
/// # Examples
///
/// ```
/// use disintegrate::Event;
/// use flow_harness_disintegrate::address_of;
///
/// #[derive(Clone, Event)]
/// enum DomainEvent {
///     StudentEnrolled { #[id] student_id: String, #[id] course_id: String },
///     YearClosed,
/// }
///
/// let enrolled = DomainEvent::StudentEnrolled { student_id: "ada".into(), course_id: "rust".into() };
/// assert_eq!(address_of(&enrolled), "ada+rust");
/// assert_eq!(address_of(&DomainEvent::YearClosed), "YearClosed");
/// ```
pub fn address_of<E: Event>(event: &E) -> String {
    let schema = E::SCHEMA;
    let Some(info) = schema.event_info(event.name()) else {
        return event.name().to_owned();
    };

    let values = event.domain_ids();
    let values = info.domain_ids.iter().filter_map(|ident| values.get(ident));
    let values: Vec<String> = values.map(ToString::to_string).collect();
    match values.as_slice() {
        [] => event.name().to_owned(),
        values => values.join("+"),
    }
}

/// Addresses an event by its domain ids, for `given_events` and `then_events`.
///
/// It is [`at`] with the id that [`address_of`] returns.
pub fn at_ids<E>(event: E) -> At<E>
where
    E: Event + fmt::Debug + Send + 'static,
{
    at(address_of(&event), event)
}
