use disintegrate::Event;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[stream(CourseEvent, [CourseOpened, StudentEnrolled, StudentQueued, StudentLeft])]
#[stream(StudentEvent, [StudentJoined, StudentEnrolled, StudentLeft])]
pub(crate) enum DomainEvent {
    CourseOpened {
        #[id]
        course_id: String,
        n_seats: usize,
    },
    StudentJoined {
        #[id]
        student_id: String,
    },
    StudentEnrolled {
        #[id]
        course_id: String,
        #[id]
        student_id: String,
    },
    StudentQueued {
        #[id]
        course_id: String,
        #[id]
        student_id: String,
    },
    StudentLeft {
        #[id]
        course_id: String,
        #[id]
        student_id: String,
    },
}
