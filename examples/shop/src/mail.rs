use std::{fmt, sync::Arc};

use flow_domain::{Error, EventHandler, EventRoutes, UnitOfWork};

use crate::OrderConfirmed;

/// A mail to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The id of the customer.
    pub customer_id: String,
    /// The text of the mail.
    pub text: String,
}

/// The reason why a mail could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail server is down")]
pub struct MailError;

/// Sends mails.
pub trait Mailer: fmt::Debug + Send + Sync {
    /// Sends a mail.
    ///
    /// # Errors
    ///
    /// Returns an error if the mail server does not accept the mail.
    fn send(&self, mail: Mail) -> Result<(), MailError>;
}

/// Mails customers about their orders.
#[derive(Debug)]
pub struct MailHandler {
    mailer: Arc<dyn Mailer>,
}

impl MailHandler {
    /// Creates a handler that sends through `mailer`.
    pub fn new(mailer: Arc<dyn Mailer>) -> Self {
        Self { mailer }
    }
}

impl EventHandler for MailHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_confirmed);
    }
}

impl MailHandler {
    async fn on_order_confirmed(
        &self,
        event: OrderConfirmed,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mail = Mail {
            customer_id: event.customer_id,
            text: format!("Your order {} is confirmed.", event.order_id),
        };
        self.mailer
            .send(mail)
            .map_err(|err| Error::failed("sending the mail", err))
    }
}
