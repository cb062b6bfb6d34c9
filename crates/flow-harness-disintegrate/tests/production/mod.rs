//! A school on `disintegrate`, as production has it: nothing in it knows the harness.

mod decisions;
mod events;
mod listeners;
mod states;

pub(crate) use decisions::{
    Decisions, Enroll, EnrollmentError, JoinSchool, Leave, OpenCourse, decisions,
};
pub(crate) use events::DomainEvent;
pub(crate) use listeners::{Roster, Rosters, SeatOffers};
pub(crate) use states::{Course, Student};
