use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use flow_domain::{Error, message::Payload};
use serde_json::value::RawValue;

use crate::schema::lock::{Content, Lock};

/// The lock file and the stored samples of a domain.
#[derive(Debug)]
pub(super) struct SchemaFolder {
    folder: PathBuf,
}

/// The contents of messages of one type and version, as they are stored.
#[derive(Debug, Default, Clone)]
pub(super) struct Samples {
    pub(super) payloads: Vec<Payload>,
    pub(super) content: Content,
}

/// A file that cannot be read or written.
#[derive(Debug)]
pub(super) struct FileError {
    pub(super) path: PathBuf,
    pub(super) reason: String,
}

impl SchemaFolder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join("schema.lock.json")
    }

    /// Returns the file with the samples of a message of one version.
    pub(super) fn sample_file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// Reads the lock file. Returns `None` if there is none yet.
    pub(super) fn read_lock(&self) -> Result<Option<Lock>, FileError> {
        let path = self.lock_file();
        let Some(text) = read_file(&path)? else {
            return Ok(None);
        };
        let lock: Lock = serde_json::from_str(&text).map_err(|err| FileError::new(&path, &err))?;

        if lock.format == Lock::FORMAT {
            Ok(Some(lock))
        } else {
            let reason = format!(
                "it has the format {}, but this version of flow-harness reads only {}",
                lock.format,
                Lock::FORMAT
            );
            Err(FileError { path, reason })
        }
    }

    /// Returns the keys of all events that have a file with samples, sorted.
    pub(super) fn event_keys(&self) -> Result<BTreeSet<String>, FileError> {
        let folder = self.folder.join("events");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(err) => return Err(FileError::new(&folder, &err)),
        };

        let mut keys = BTreeSet::new();
        for entry in entries {
            let name = entry
                .map_err(|err| FileError::new(&folder, &err))?
                .file_name();
            if let Some(key) = name.to_string_lossy().strip_suffix(".json") {
                keys.insert(format!("events/{key}"));
            }
        }
        Ok(keys)
    }

    /// Reads the samples of a message of one version. Without a file there are none.
    pub(super) fn read_samples(&self, key: &str) -> Result<Samples, FileError> {
        let path = self.sample_file(key);
        let Some(text) = read_file(&path)? else {
            return Ok(Samples::default());
        };

        let values: Vec<Box<RawValue>> =
            serde_json::from_str(&text).map_err(|err| FileError::new(&path, &err))?;
        let mut samples = Samples::default();
        for value in values {
            samples
                .add(Payload::from_json(value.get()))
                .map_err(|err| FileError::new(&path, &err))?;
        }
        Ok(samples)
    }

    /// Writes the lock file, and the samples of each message.
    pub(super) fn write(
        &self,
        lock: &Lock,
        samples: &BTreeMap<String, Samples>,
    ) -> Result<(), FileError> {
        let path = self.lock_file();
        let text = serde_json::to_string_pretty(lock).map_err(|err| FileError::new(&path, &err))?;
        write_file(&path, &(text + "\n"))?;

        for (key, samples) in samples {
            if !samples.payloads.is_empty() {
                write_file(&self.sample_file(key), &samples.to_text())?;
            }
        }
        Ok(())
    }
}

impl Samples {
    /// Adds a sample from a file.
    fn add(&mut self, payload: Payload) -> Result<(), Error> {
        self.content.add(Content::of_sample(&payload.to_json()?));
        self.payloads.push(payload);
        Ok(())
    }

    /// Adds a sample if it shows a part that the others do not show.
    pub(super) fn add_if_new(&mut self, payload: Payload) -> Result<(), Error> {
        let added = self.content.add(Content::of_sample(&payload.to_json()?));
        if self.payloads.is_empty() || !added.is_empty() {
            self.payloads.push(payload);
        }
        Ok(())
    }

    /// Returns a JSON array with one sample in a line.
    fn to_text(&self) -> String {
        let lines: Vec<&str> = self.payloads.iter().map(Payload::as_json).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }
}

impl FileError {
    fn new(path: &Path, reason: &dyn std::error::Error) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

fn read_file(path: &Path) -> Result<Option<String>, FileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(FileError::new(path, &err)),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|err| FileError::new(path, &err))
}
