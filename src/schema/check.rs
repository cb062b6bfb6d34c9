use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::PathBuf,
};

use flow_domain::{
    Domain, Error,
    json::Json,
    message::{MessageType, Payload},
    model::{IntoMessages, ListKind},
    testing::{SerializedMessage, read_stored, stored_types},
};

use crate::{
    Outcome,
    expect::EmptyInput,
    schema::{
        lock::{Lock, LockedKind, LockedMessage},
        lost_part::{Step, has_same_parts, lost_part, path_text, replace},
        problem::{Advice, Problem, SampleId},
        samples::{Samples, SchemaFolder},
    },
};

/// The environment variable that makes a check update the files.
const UPDATE: &str = "UPDATE_SCHEMA";

/// Compares the messages of a domain with a lock file, and reads stored samples of all versions.
///
/// The folder has `schema.lock.json` with the names, versions, fields and content of all messages.
/// Beside it there is a file for each version of a message with samples of its stored JSON. Commit these
/// files.
///
/// The check fails if a sample cannot be read, or loses a part: after a rename without an upcast, for
/// example. It also fails if a sample is gone, or if the files are not up to date.
/// `UPDATE_SCHEMA=1 cargo test` updates them, but only if all samples can be read. An update never
/// changes or deletes a sample.
///
/// Every event needs a sample. A nested part is only compared if a sample shows it.
///
/// # Examples
///
/// ```no_run
/// use flow_harness::{FlowHarness, schema::SchemaCheck};
/// use shop::ReceiveStock;
///
/// let outcome = FlowHarness::new(shop::domain)
///     .when(ReceiveStock { product_id: "prod-1".into(), quantity: 100 })
///     .then_accepted()
///     .run();
///
/// let domain = shop::domain().expect("a domain that can work");
/// SchemaCheck::new(domain, "tests/schema")
///     .samples_from(&outcome)
///     .check();
/// ```
#[derive(Debug)]
#[must_use = "nothing is checked until `check` is called"]
pub struct SchemaCheck {
    domain: Domain,
    folder: SchemaFolder,
    samples: Vec<SampleOfTest>,
    problems: Vec<Problem>,
    updates: bool,
}

/// A sample that the test passes, of a current version.
#[derive(Debug)]
struct SampleOfTest {
    kind: LockedKind,
    category: String,
    name: String,
    version: u32,
    payload: Payload,
    /// Whether the domain may have a newer version of it.
    may_be_old: bool,
}

impl SchemaCheck {
    /// Checks the messages of `domain`. A relative `folder` begins at the folder of the crate.
    pub fn new(domain: Domain, folder: impl Into<PathBuf>) -> Self {
        Self {
            domain,
            folder: SchemaFolder::new(folder.into()),
            samples: Vec::new(),
            problems: Vec::new(),
            updates: env::var_os(UPDATE).is_some_and(|value| !value.is_empty() && value != "0"),
        }
    }

    /// Adds messages of the current version as samples: one message, a tuple, an array or a `Vec`.
    pub fn sample<Kind: ListKind>(mut self, messages: impl IntoMessages<Kind>) -> Self {
        let n_before = self.samples.len();
        let result = messages.try_for_each(&mut |message| {
            let SerializedMessage {
                name,
                category,
                payload,
                ..
            } = message.to_serialized()?;
            self.samples.push(SampleOfTest {
                kind: Kind::KIND.into(),
                category: category.to_owned(),
                name: name.as_str().to_owned(),
                version: name.version(),
                payload,
                may_be_old: false,
            });
            Ok(())
        });

        if let Err(err) = result {
            let reason = err.with_causes().to_string();
            self.problems.push(Problem::InvalidSample { reason });
        } else if self.samples.len() == n_before {
            self.problems
                .push(Problem::EmptySamples(EmptyInput::Samples));
        }
        self
    }

    /// Adds the events that a flow raised as samples.
    pub fn samples_from(mut self, outcome: &Outcome) -> Self {
        let events = outcome.events();
        if events.is_empty() {
            self.problems
                .push(Problem::EmptySamples(EmptyInput::RaisedSamples));
        }

        for event in events {
            let metadata = &event.envelope.metadata;
            self.samples.push(SampleOfTest {
                kind: LockedKind::Event,
                category: metadata.stream.category().to_owned(),
                name: metadata.message_type.name().to_owned(),
                version: metadata.message_type.version(),
                payload: event.envelope.message.clone(),
                may_be_old: false,
            });
        }
        self
    }

    /// Adds an event of an older version as a sample, as the store has it: with its type
    /// `Shop.OrderPlaced.v1` and its JSON.
    ///
    /// A project that starts to use this check needs it once for each older version. An update then
    /// writes the samples into files.
    pub fn stored_sample(mut self, category: &str, message_type: &str, json: &str) -> Self {
        match message_type.parse::<MessageType>() {
            Ok(message_type) => self.samples.push(SampleOfTest {
                kind: LockedKind::Event,
                category: category.to_owned(),
                name: message_type.name().to_owned(),
                version: message_type.version(),
                payload: Payload::from_json(json),
                may_be_old: true,
            }),
            Err(err) => {
                let reason = err.to_string();
                self.problems.push(Problem::InvalidSample { reason });
            }
        }
        self
    }

    /// Sets whether the check updates the files, in place of the variable `UPDATE_SCHEMA`.
    pub fn update(mut self, update: bool) -> Self {
        self.updates = update;
        self
    }

    /// Runs the check.
    ///
    /// # Panics
    ///
    /// Panics with a list of all problems, if there are any.
    #[track_caller]
    pub fn check(self) {
        if let Err(report) = self.try_check() {
            panic!("{report}");
        }
    }

    /// Runs the check, and returns the list of problems as a text.
    ///
    /// # Errors
    ///
    /// Returns the text that [`check`](Self::check) panics with.
    pub fn try_check(mut self) -> Result<(), String> {
        let folder = self.folder.path().display().to_string();
        if let Err(problem) = self.find_problems() {
            self.problems.push(problem);
        }
        if self.updates {
            self.problems
                .retain(|problem| !problem.is_solved_by_update());
        }
        if self.problems.is_empty() {
            return Ok(());
        }

        let problems: Vec<String> = self
            .problems
            .iter()
            .map(|problem| format!("- {}\n", problem.to_string().replace('\n', "\n  ")))
            .collect();
        let advice: BTreeSet<Advice> = self.problems.iter().map(Problem::advice).collect();
        let advice: Vec<&str> = advice.into_iter().map(Advice::text).collect();
        Err(format!(
            "The stored messages of {folder} do not fit the domain:\n\n{}\n{}\n",
            problems.concat(),
            advice.join("\n\n")
        ))
    }

    /// Compares everything, and writes the files if that is wanted and possible.
    fn find_problems(&mut self) -> Result<(), Problem> {
        let locked = self.folder.read_lock().map_err(Problem::File)?;
        let locked = locked.unwrap_or_default().messages;
        let current: BTreeMap<String, LockedMessage> = stored_types(&self.domain)
            .iter()
            .map(LockedMessage::of_type)
            .map(|message| (message.key(), message))
            .collect();

        // An old version of an event stays stored, and a command is forgotten.
        let mut messages = current.clone();
        for (key, message) in &locked {
            if message.kind == LockedKind::Event {
                messages.entry(key.clone()).or_insert(message.clone());
            } else if !current.contains_key(key) {
                let command = key.clone();
                self.problems.push(Problem::CommandGone { command });
            }
        }

        for sample in self.samples.iter().filter(|sample| sample.may_be_old) {
            let message =
                LockedMessage::of_old_event(&sample.category, &sample.name, sample.version);
            messages.entry(message.key()).or_insert(message);
        }

        for key in self.folder.event_keys().map_err(Problem::File)? {
            if !messages.contains_key(&key) {
                let file = self.folder.sample_file(&key);
                self.problems.push(Problem::UnknownSamples { file });
            }
        }

        let mut samples = BTreeMap::new();
        for key in messages.keys() {
            let stored = self.folder.read_samples(key).map_err(Problem::File)?;
            samples.insert(key.clone(), stored);
        }
        self.add_samples_of_test(&current, &messages, &mut samples);

        for (key, message) in &mut messages {
            message.content = samples[key].content.clone();
            self.check_samples(key, message, locked.get(key), &samples[key]);
            self.compare(key, message, locked.get(key));
        }

        if self.updates && self.problems.iter().all(Problem::is_solved_by_update) {
            let lock = Lock::new(messages);
            self.folder.write(&lock, &samples).map_err(Problem::File)?;
        }
        Ok(())
    }

    /// Adds the samples that show a new part to the stored samples. They are of the current version,
    /// unless they may be old.
    fn add_samples_of_test(
        &mut self,
        current: &BTreeMap<String, LockedMessage>,
        all: &BTreeMap<String, LockedMessage>,
        samples: &mut BTreeMap<String, Samples>,
    ) {
        for sample in std::mem::take(&mut self.samples) {
            let allowed = if sample.may_be_old { all } else { current };
            let found = allowed.iter().find(|(_, message)| {
                message.kind == sample.kind
                    && message.category == sample.category
                    && message.name == sample.name
                    && message.version == sample.version
            });
            let stored = found.and_then(|(key, _)| samples.get_mut(key));

            let Some(stored) = stored else {
                let reason = format!("{} is no message of the domain", sample.name);
                self.problems.push(Problem::InvalidSample { reason });
                continue;
            };
            if let Err(err) = stored.add_if_new(sample.payload) {
                let reason = err.with_causes().to_string();
                self.problems.push(Problem::InvalidSample { reason });
            }
        }
    }

    /// Reads all samples of a message with today's domain.
    fn check_samples(
        &mut self,
        key: &str,
        message: &LockedMessage,
        locked: Option<&LockedMessage>,
        samples: &Samples,
    ) {
        let file = self.folder.sample_file(key);
        if samples.payloads.is_empty() && message.kind == LockedKind::Event {
            let event = key.to_owned();
            self.problems.push(Problem::NoSample { event, file });
            return;
        }
        if let Some(locked) = locked {
            let paths = message.content.clone().add(locked.content.clone());
            if !paths.is_empty() {
                self.problems.push(Problem::PartsGone {
                    message: key.to_owned(),
                    file: file.clone(),
                    paths,
                });
            }
        }

        for (payload, number) in samples.payloads.iter().zip(1..) {
            let sample = || SampleId {
                file: file.clone(),
                number,
                json: payload.as_json().to_owned(),
            };
            match self.read(message, payload) {
                Ok(None) => {}
                Ok(Some(path)) => self.problems.push(Problem::PartLost {
                    message: key.to_owned(),
                    sample: sample(),
                    path,
                }),
                Err(reason) => self.problems.push(Problem::Unreadable {
                    message: key.to_owned(),
                    sample: sample(),
                    reason,
                }),
            }
        }
    }

    /// Reads a sample. Returns the path of a part that is lost.
    fn read(&self, message: &LockedMessage, sample: &Payload) -> Result<Option<String>, Error> {
        let content = read_stored(
            &self.domain,
            message.kind.into(),
            &message.category,
            (&message.name, message.version),
            sample,
        )?;
        // Nobody reads a retired event.
        let Some(content) = content else {
            return Ok(None);
        };

        let (current, reencoded) = (content.current.to_json()?, content.reencoded.to_json()?);
        // The type reads a field under another name if the value of the field matters.
        let is_read = |path: &[Step]| {
            let mut changed = current.clone();
            replace(&mut changed, path, unusual_value());
            let result = content.reencode(&Payload::from_json(changed.to_string()));
            let result = result.and_then(|payload| payload.to_json());
            !matches!(result, Ok(json) if has_same_parts(&json, &reencoded))
        };
        let path = lost_part(&current, &reencoded, &is_read);
        Ok(path.map(|path| path_text(&path)))
    }

    /// Compares a message with the lock file.
    fn compare(&mut self, key: &str, found: &LockedMessage, locked: Option<&LockedMessage>) {
        let message = key.to_owned();
        let Some(locked) = locked else {
            self.problems.push(Problem::New { message });
            return;
        };

        if found.fields != locked.fields {
            self.problems.push(Problem::OtherFields {
                message: message.clone(),
                locked: locked.fields.clone(),
                found: found.fields.clone(),
            });
        }
        let paths = locked.content.clone().add(found.content.clone());
        if !paths.is_empty() {
            self.problems.push(Problem::NewParts { message, paths });
        }
    }
}

/// Returns a value that no field has. A type that reads it fails, or gets another value.
fn unusual_value() -> Json {
    let field = ("flow-harness".to_owned(), Json::from("unusual"));
    Json::Array(vec![Json::Object([field].into())])
}
