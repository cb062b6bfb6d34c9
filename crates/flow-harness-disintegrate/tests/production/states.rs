use disintegrate::{StateMutate, StateQuery};
use serde::{Deserialize, Serialize};

use super::events::{CourseEvent, StudentEvent};

#[derive(Debug, Clone, Default, PartialEq, StateQuery, Serialize, Deserialize)]
#[state_query(CourseEvent)]
#[expect(
    clippy::struct_field_names,
    reason = "a state has the name of the id in its events"
)]
pub(crate) struct Course {
    #[id]
    pub(crate) course_id: String,
    /// `None` before the course is opened.
    pub(crate) n_seats: Option<usize>,
    pub(crate) enrolled: Vec<String>,
    pub(crate) queue: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, StateQuery, Serialize, Deserialize)]
#[state_query(StudentEvent)]
#[expect(
    clippy::struct_field_names,
    reason = "a state has the name of the id in its events"
)]
pub(crate) struct Student {
    #[id]
    pub(crate) student_id: String,
    pub(crate) has_joined: bool,
    pub(crate) n_courses: usize,
}

impl Course {
    pub(crate) fn new(course_id: &str) -> Self {
        Self {
            course_id: course_id.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn has_free_seat(&self) -> bool {
        Some(self.enrolled.len()) < self.n_seats
    }
}

impl Student {
    pub(crate) fn new(student_id: &str) -> Self {
        Self {
            student_id: student_id.to_owned(),
            ..Self::default()
        }
    }
}

impl StateMutate for Course {
    fn mutate(&mut self, event: CourseEvent) {
        match event {
            CourseEvent::CourseOpened { n_seats, .. } => self.n_seats = Some(n_seats),
            CourseEvent::StudentEnrolled { student_id, .. } => {
                self.queue.retain(|queued| *queued != student_id);
                self.enrolled.push(student_id);
            }
            CourseEvent::StudentQueued { student_id, .. } => self.queue.push(student_id),
            CourseEvent::StudentLeft { student_id, .. } => {
                self.enrolled.retain(|enrolled| *enrolled != student_id);
            }
        }
    }
}

impl StateMutate for Student {
    fn mutate(&mut self, event: StudentEvent) {
        match event {
            StudentEvent::StudentJoined { .. } => self.has_joined = true,
            StudentEvent::StudentEnrolled { .. } => self.n_courses += 1,
            StudentEvent::StudentLeft { .. } => self.n_courses -= 1,
        }
    }
}
