use std::{
    collections::BTreeMap,
    error::Error as StdError,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use disintegrate::{
    DecisionError, EventListener, EventStore, PersistedEvent, StreamQuery, event_types, query,
};

use super::{
    decisions::{Decisions, EnrollmentError, OfferSeat},
    events::{CourseEvent, DomainEvent},
};

/// A process manager: a free seat goes to the first student that waits.
pub(crate) struct SeatOffers<ES>
where
    ES: EventStore<i64, DomainEvent> + Clone + Send + Sync,
{
    decisions: Decisions<ES>,
    query: StreamQuery<i64, CourseEvent>,
}

impl<ES> SeatOffers<ES>
where
    ES: EventStore<i64, DomainEvent> + Clone + Send + Sync,
{
    pub(crate) fn new(decisions: Decisions<ES>) -> Self {
        let others = event_types!(CourseEvent, [CourseOpened, StudentEnrolled, StudentQueued]);
        Self {
            decisions,
            query: query!(CourseEvent).exclude_events(others),
        }
    }
}

#[async_trait]
impl<ES> EventListener<i64, CourseEvent> for SeatOffers<ES>
where
    ES: EventStore<i64, DomainEvent> + Clone + Send + Sync + 'static,
    ES::Error: StdError + 'static,
{
    type Error = DecisionError<EnrollmentError>;

    fn id(&self) -> &'static str {
        "seat_offers"
    }

    fn query(&self) -> &StreamQuery<i64, CourseEvent> {
        &self.query
    }

    async fn handle(
        &self,
        event: PersistedEvent<i64, CourseEvent>,
    ) -> Result<(), DecisionError<EnrollmentError>> {
        let CourseEvent::StudentLeft { course_id, .. } = event.into_inner() else {
            return Ok(());
        };

        match self.decisions.make(OfferSeat { course_id }).await {
            Ok(_) | Err(DecisionError::Domain(EnrollmentError::NobodyToEnroll)) => Ok(()),
            Err(err) => Err(err),
        }
    }
}

/// A row of the read model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Roster {
    pub(crate) n_seats: usize,
    pub(crate) n_enrolled: usize,
}

#[derive(Debug, PartialEq)]
pub(crate) struct UnknownCourse;

/// A read model that a listener updates.
#[derive(Debug)]
pub(crate) struct Rosters {
    query: StreamQuery<i64, CourseEvent>,
    rows: Mutex<BTreeMap<String, Roster>>,
}

impl Rosters {
    pub(crate) fn new() -> Self {
        Self {
            query: query!(CourseEvent),
            rows: Mutex::default(),
        }
    }

    pub(crate) fn of(&self, course_id: &str) -> Option<Roster> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(course_id).cloned()
    }
}

#[async_trait]
impl EventListener<i64, CourseEvent> for Rosters {
    type Error = UnknownCourse;

    fn id(&self) -> &'static str {
        "rosters"
    }

    fn query(&self) -> &StreamQuery<i64, CourseEvent> {
        &self.query
    }

    async fn handle(&self, event: PersistedEvent<i64, CourseEvent>) -> Result<(), UnknownCourse> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        match event.into_inner() {
            CourseEvent::CourseOpened { course_id, n_seats } => {
                let n_enrolled = 0;
                let roster = Roster {
                    n_seats,
                    n_enrolled,
                };
                rows.insert(course_id, roster);
            }
            CourseEvent::StudentEnrolled { course_id, .. } => {
                rows.get_mut(&course_id).ok_or(UnknownCourse)?.n_enrolled += 1;
            }
            CourseEvent::StudentLeft { course_id, .. } => {
                rows.get_mut(&course_id).ok_or(UnknownCourse)?.n_enrolled -= 1;
            }
            CourseEvent::StudentQueued { .. } => {}
        }

        Ok(())
    }
}
