use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use flow_domain::{Delivery, Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork};

use crate::RoomReleased;

/// The reason why a mail could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail server is down")]
pub struct ServerDown;

/// Sends mails, and is notified of failed attempts.
pub trait Mailer: fmt::Debug + Send + Sync {
    /// Sends a mail.
    ///
    /// # Errors
    ///
    /// Returns an error if the mail server does not accept the mail.
    fn send(&self, guest: &str, text: &str) -> Result<(), ServerDown>;

    /// Called after each failed attempt. Does nothing by default.
    fn on_send_failure(&self, reason: &str, attempt: u32, is_last: bool) {
        let _ = (reason, attempt, is_last);
    }
}

/// A mailer that stores the recipients instead of sending mails.
#[derive(Debug, Default)]
pub struct InMemoryMailer {
    guests: Mutex<Vec<String>>,
}

impl InMemoryMailer {
    /// Returns the guests who got a mail, in order.
    pub fn guests(&self) -> Vec<String> {
        let guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.clone()
    }
}

impl Mailer for InMemoryMailer {
    fn send(&self, guest: &str, _text: &str) -> Result<(), ServerDown> {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.push(guest.to_owned());
        Ok(())
    }
}

/// Mails guests that their room is free again.
#[derive(Debug)]
pub struct GuestMailer {
    mailer: Arc<dyn Mailer>,
}

impl GuestMailer {
    /// Creates a handler that sends through `mailer`.
    pub fn new(mailer: Arc<dyn Mailer>) -> Self {
        Self { mailer }
    }
}

impl EventHandler for GuestMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_room_released);
        // No jitter, so that `examples/errors.rs` can print the exact times of all attempts.
        let retry_policy = RetryPolicy::attempts(5)
            .first_delay(Duration::from_secs(60))
            .jitter_percent(0);
        on.subscription().retry(retry_policy).once();
    }

    async fn handle_error(&self, error: &Error, delivery: &Delivery) -> Result<(), Error> {
        let reason = error.with_causes().to_string();
        let (attempt, is_last) = (delivery.attempt(), delivery.is_last());

        self.mailer.on_send_failure(&reason, attempt, is_last);
        Ok(())
    }
}

impl GuestMailer {
    async fn on_room_released(
        &self,
        event: RoomReleased,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let text = format!("Your booking {} was not paid in time.", event.booking_id);
        self.mailer
            .send(&event.guest, &text)
            .map_err(|err| Error::failed("sending the mail", err))
    }
}
