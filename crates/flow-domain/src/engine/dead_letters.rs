use std::sync::Arc;

use crate::{
    engine::dead_letter::{DeadLetter, StoredDeadLetter, TABLE, equals, find, read, write},
    error::Error,
    handler::Ports,
    json::SortKey,
    runtime::App,
};

/// The dead letters of an app, to list, replay or purge.
///
/// The store of the app keeps them.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::app;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let app = app()?;
/// for letter in app.dead_letters().all().await? {
///     println!("{} failed on {}: {}", letter.subscription, letter.id, letter.reason);
/// }
/// app.dead_letters().replay_all().await?;
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeadLetters {
    ports: Arc<Ports>,
}

impl App {
    /// Returns the dead letters of all subscriptions.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters {
            ports: Arc::clone(&self.ports),
        }
    }
}

impl DeadLetters {
    /// Lists all dead letters, in the order in which they failed.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, or if a dead letter cannot be decoded.
    pub async fn all(&self) -> Result<Vec<DeadLetter>, Error> {
        let letters = find(&self.ports, Vec::new()).await?;
        Ok(to_dead_letters(letters))
    }

    /// Lists the dead letters of one subscription.
    ///
    /// `subscription` is the name of a handler, or `order:command` for commands.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn of_subscription(&self, subscription: &str) -> Result<Vec<DeadLetter>, Error> {
        let conditions = vec![equals("subscription", SortKey::text(subscription))];
        let letters = find(&self.ports, conditions).await?;
        Ok(to_dead_letters(letters))
    }

    /// Marks a dead letter for replay; returns false if there is none with this id.
    ///
    /// The next engine that reads the dead letter delivers its message again, only to the handler
    /// that failed. The attempts count from 1 again. If the retries are exhausted again, the
    /// message becomes a dead letter again.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn replay(&self, id: &str) -> Result<bool, Error> {
        let Some(mut letter) = read(&self.ports, id).await? else {
            return Ok(false);
        };

        letter.is_replayed = true;
        letter.attempt = 1;
        letter.due = self.ports.clock.now();

        write(&self.ports, &id.into(), Some(&letter)).await?;
        self.ports.wake_signal.notify();

        Ok(true)
    }

    /// Marks all dead letters for replay, and returns their number.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn replay_all(&self) -> Result<usize, Error> {
        let all = self.all().await?;
        for letter in &all {
            self.replay(&letter.id).await?;
        }

        Ok(all.len())
    }

    /// Deletes a dead letter; returns false if there is none with this id.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn purge(&self, id: &str) -> Result<bool, Error> {
        let exists = self.ports.store.load(TABLE, id).await?.is_some();
        if exists {
            write(&self.ports, &id.into(), None).await?;
        }

        Ok(exists)
    }

    /// Deletes all dead letters, and returns their number.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn purge_all(&self) -> Result<usize, Error> {
        let all = self.all().await?;
        for letter in &all {
            write(&self.ports, &letter.id, None).await?;
        }

        Ok(all.len())
    }
}

fn to_dead_letters(letters: Vec<(Arc<str>, StoredDeadLetter)>) -> Vec<DeadLetter> {
    letters
        .into_iter()
        .map(|(id, letter)| letter.into_dead_letter(id))
        .collect()
}
