//! Threads with a connection each, which run the calls of the store.

use std::{
    collections::VecDeque,
    io, iter,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use flow_domain::Error;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::sqlite::errors::{self, ADAPTER};

/// The maximum number of calls that are committed together.
const MAX_GROUP: usize = 64;

/// What a call says once it is known whether its group was committed.
type Reply = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// A call. It gets no connection if there is no transaction for it.
type Call = Box<dyn FnOnce(Result<&Connection, &str>) -> Done + Send>;

/// A call that has run.
struct Done {
    /// Why its changes are not to be kept.
    error: Option<Error>,
    reply: Reply,
}

enum Message {
    Call(Call),
    /// Ends the thread, which closes its connection. The sender is dropped after that.
    Stop(oneshot::Sender<()>),
}

/// One or more threads with the same queue.
#[derive(Debug)]
pub(super) struct Workers {
    queue: Sender<Message>,
    n_threads: usize,
}

impl Workers {
    /// Starts a thread that commits the calls that wait for it in one transaction.
    pub(super) fn start_writer(connection: Connection) -> io::Result<Self> {
        let (queue, messages) = channel();
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write(connection, &messages))?;

        Ok(Self {
            queue,
            n_threads: 1,
        })
    }

    /// Starts a thread for each connection. They run one call at a time, without a transaction.
    pub(super) fn start_readers(connections: Vec<Connection>) -> io::Result<Self> {
        let (queue, messages) = channel();
        let messages = Arc::new(Mutex::new(messages));
        let n_threads = connections.len();
        for connection in connections {
            let messages = Arc::clone(&messages);
            thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || read(connection, &messages))?;
        }

        Ok(Self { queue, n_threads })
    }

    /// Runs a call on a thread, and returns its result after it was committed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        let failed = move |text: &str| Error::adapter(ADAPTER, operation, text.to_owned());
        let call: Call = Box::new(move |connection| {
            let result = connection.map_err(failed).and_then(call);
            let error = result.as_ref().err().cloned();
            let reply: Reply = Box::new(move |committed| {
                let result = result.and_then(|value| committed.map(|()| value).map_err(failed));
                // The caller may have gone.
                let _ = sender.send(result);
            });
            Done { error, reply }
        });

        self.queue
            .send(Message::Call(call))
            .map_err(|_call| errors::closed(operation))?;
        receiver
            .await
            .unwrap_or_else(|_stopped| Err(errors::closed(operation)))
    }

    /// Ends the threads after the calls that wait already.
    pub(super) async fn stop(&self) {
        for _ in 0..self.n_threads {
            let (sender, receiver) = oneshot::channel();
            if self.queue.send(Message::Stop(sender)).is_ok() {
                // An error says that the thread has ended.
                let _ = receiver.await;
            }
        }
    }
}

fn write(connection: Connection, messages: &Receiver<Message>) {
    let mut stop = None;

    while stop.is_none() {
        let mut calls = VecDeque::new();
        let next = messages.recv().ok();
        let waiting = iter::from_fn(|| messages.try_recv().ok()).take(MAX_GROUP - 1);
        for message in next.into_iter().chain(waiting) {
            match message {
                Message::Call(call) => calls.push_back(call),
                Message::Stop(sender) => {
                    stop = Some(sender);
                    break;
                }
            }
        }

        // All handles of the store are gone.
        if calls.is_empty() {
            break;
        }
        while !calls.is_empty() {
            run_group(&connection, &mut calls);
        }
    }

    drop(connection);
    drop(stop);
}

/// Runs calls in one transaction, each in a savepoint of its own.
///
/// If a call loses the transaction, the calls after it stay for another group.
fn run_group(connection: &Connection, calls: &mut VecDeque<Call>) {
    let begun = connection.execute_batch("begin immediate");
    let mut replies = Vec::new();
    let mut lost = None;

    while let Some(call) = calls.pop_front() {
        let done = match &begun {
            Ok(()) => in_savepoint(connection, call),
            Err(err) => call(Err(&err.to_string())),
        };
        replies.push(done.reply);
        // Some errors end the transaction, for example that of a full disk.
        if begun.is_ok() && connection.is_autocommit() {
            lost = done.error;
            break;
        }
    }

    let committed = begun.and_then(|()| connection.execute_batch("commit"));
    if committed.is_err() && !connection.is_autocommit() {
        // If this fails, too, the next call says so.
        let _ = connection.execute_batch("rollback");
    }
    let committed = committed.map_err(|err| match lost {
        Some(lost) => format!("another commit of its group failed: {}", lost.with_causes()),
        None => err.to_string(),
    });
    for reply in replies {
        reply(committed.as_ref().copied().map_err(String::as_str));
    }
}

fn in_savepoint(connection: &Connection, call: Call) -> Done {
    if let Err(err) = connection.execute_batch("savepoint call") {
        return call(Err(&err.to_string()));
    }

    let done = call(Ok(connection));
    let end = if done.error.is_none() {
        "release call"
    } else {
        "rollback to call; release call"
    };
    // An error has ended the whole transaction, and the commit will say so.
    let _ = connection.execute_batch(end);
    done
}

fn read(connection: Connection, messages: &Mutex<Receiver<Message>>) {
    let next = || {
        let messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.recv().ok()
    };

    let stop = loop {
        match next() {
            Some(Message::Call(call)) => {
                let done = call(Ok(&connection));
                (done.reply)(Ok(()));
            }
            Some(Message::Stop(sender)) => break Some(sender),
            // All handles of the store are gone.
            None => break None,
        }
    };

    drop(connection);
    drop(stop);
}
