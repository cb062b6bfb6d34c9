use std::error::Error as StdError;

use disintegrate::{Decision, DecisionMaker, EventSourcedStateStore, EventStore, NoSnapshot};

use super::{
    events::DomainEvent,
    states::{Course, Student},
};

/// Makes the decisions of the school on any store.
pub(crate) type Decisions<ES> =
    DecisionMaker<EventSourcedStateStore<i64, DomainEvent, ES, NoSnapshot>>;

pub(crate) fn decisions<ES>(store: ES) -> Decisions<ES>
where
    ES: EventStore<i64, DomainEvent> + Clone + Send + Sync,
    ES::Error: StdError + 'static,
{
    DecisionMaker::new(EventSourcedStateStore::new(store, NoSnapshot))
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum EnrollmentError {
    #[error("there is no such course")]
    UnknownCourse,
    #[error("there is no such student")]
    UnknownStudent,
    #[error("a student takes at most two courses")]
    TooManyCourses,
    #[error("the student is not in the course")]
    NotEnrolled,
    #[error("nobody waits for a seat, or there is none")]
    NobodyToEnroll,
}

#[derive(Debug)]
pub(crate) struct OpenCourse {
    pub(crate) course_id: String,
    pub(crate) n_seats: usize,
}

#[derive(Debug)]
pub(crate) struct JoinSchool {
    pub(crate) student_id: String,
}

#[derive(Debug)]
pub(crate) struct Enroll {
    pub(crate) course_id: String,
    pub(crate) student_id: String,
}

#[derive(Debug)]
pub(crate) struct Leave {
    pub(crate) course_id: String,
    pub(crate) student_id: String,
}

/// Enrolls the first student that waits.
#[derive(Debug)]
pub(crate) struct OfferSeat {
    pub(crate) course_id: String,
}

impl Decision for OpenCourse {
    type Event = DomainEvent;
    type StateQuery = Course;
    type Error = EnrollmentError;

    fn state_query(&self) -> Course {
        Course::new(&self.course_id)
    }

    fn process(&self, course: &Course) -> Result<Vec<DomainEvent>, EnrollmentError> {
        let opened = DomainEvent::CourseOpened {
            course_id: self.course_id.clone(),
            n_seats: self.n_seats,
        };

        match course.n_seats {
            None => Ok(vec![opened]),
            // The store in PostgreSQL panics when it gets no events.
            Some(_) => Ok(vec![]),
        }
    }
}

impl Decision for JoinSchool {
    type Event = DomainEvent;
    type StateQuery = Student;
    type Error = EnrollmentError;

    fn state_query(&self) -> Student {
        Student::new(&self.student_id)
    }

    fn process(&self, _student: &Student) -> Result<Vec<DomainEvent>, EnrollmentError> {
        Ok(vec![DomainEvent::StudentJoined {
            student_id: self.student_id.clone(),
        }])
    }
}

impl Decision for Enroll {
    type Event = DomainEvent;
    type StateQuery = (Course, Student);
    type Error = EnrollmentError;

    fn state_query(&self) -> (Course, Student) {
        (Course::new(&self.course_id), Student::new(&self.student_id))
    }

    fn process(
        &self,
        (course, student): &(Course, Student),
    ) -> Result<Vec<DomainEvent>, EnrollmentError> {
        let (course_id, student_id) = (self.course_id.clone(), self.student_id.clone());
        match course {
            Course { n_seats: None, .. } => Err(EnrollmentError::UnknownCourse),
            _ if !student.has_joined => Err(EnrollmentError::UnknownStudent),
            _ if 2 <= student.n_courses => Err(EnrollmentError::TooManyCourses),
            course if course.has_free_seat() => Ok(vec![DomainEvent::StudentEnrolled {
                course_id,
                student_id,
            }]),
            _ => Ok(vec![DomainEvent::StudentQueued {
                course_id,
                student_id,
            }]),
        }
    }
}

impl Decision for Leave {
    type Event = DomainEvent;
    type StateQuery = Course;
    type Error = EnrollmentError;

    fn state_query(&self) -> Course {
        Course::new(&self.course_id)
    }

    fn process(&self, course: &Course) -> Result<Vec<DomainEvent>, EnrollmentError> {
        if !course.enrolled.contains(&self.student_id) {
            return Err(EnrollmentError::NotEnrolled);
        }

        Ok(vec![DomainEvent::StudentLeft {
            course_id: self.course_id.clone(),
            student_id: self.student_id.clone(),
        }])
    }
}

impl Decision for OfferSeat {
    type Event = DomainEvent;
    type StateQuery = Course;
    type Error = EnrollmentError;

    fn state_query(&self) -> Course {
        Course::new(&self.course_id)
    }

    fn process(&self, course: &Course) -> Result<Vec<DomainEvent>, EnrollmentError> {
        match course.queue.first() {
            Some(first) if course.has_free_seat() => Ok(vec![DomainEvent::StudentEnrolled {
                course_id: self.course_id.clone(),
                student_id: first.clone(),
            }]),
            _ => Err(EnrollmentError::NobodyToEnroll),
        }
    }
}
