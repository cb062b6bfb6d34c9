use std::{fmt, path::PathBuf};

use flow_domain::Error;

use crate::schema::samples::FileError;

/// A reason why a check of the schema fails.
#[derive(Debug)]
pub(super) enum Problem {
    /// The lock file or a sample file cannot be read or written.
    File(FileError),
    /// A sample of the test is no message of the domain, or has no JSON form.
    InvalidSample { reason: String },
    /// No sample shows what is stored for an event.
    NoSample { event: String, file: PathBuf },
    /// The lock file has parts of a message that no sample shows.
    PartsGone {
        message: String,
        file: PathBuf,
        paths: Vec<String>,
    },
    /// A file has samples of an event that neither the domain nor the lock file has.
    UnknownSamples { file: PathBuf },
    /// The domain cannot read a stored message.
    Unreadable {
        message: String,
        sample: SampleId,
        reason: Error,
    },
    /// The domain reads a stored message, but loses a part of it.
    PartLost {
        message: String,
        sample: SampleId,
        path: String,
    },
    /// The lock file does not have this message.
    New { message: String },
    /// The message has other fields than the lock file says.
    OtherFields {
        message: String,
        locked: Vec<String>,
        found: Vec<String>,
    },
    /// A sample shows parts that the lock file does not have.
    NewParts { message: String, paths: Vec<String> },
    /// The lock file has a command that the domain does not have.
    CommandGone { command: String },
}

/// One of the samples in a file.
#[derive(Debug)]
pub(super) struct SampleId {
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) number: usize,
    pub(super) json: String,
}

impl Problem {
    /// Returns true if an update of the lock file solves the problem.
    pub(super) fn is_solved_by_update(&self) -> bool {
        match self {
            Self::New { .. }
            | Self::OtherFields { .. }
            | Self::NewParts { .. }
            | Self::CommandGone { .. } => true,
            Self::File(_)
            | Self::InvalidSample { .. }
            | Self::NoSample { .. }
            | Self::PartsGone { .. }
            | Self::UnknownSamples { .. }
            | Self::Unreadable { .. }
            | Self::PartLost { .. } => false,
        }
    }

    /// Returns what to do.
    pub(super) fn advice(&self) -> Advice {
        match self {
            Self::File(_) | Self::PartsGone { .. } => Advice::RestoreFile,
            Self::UnknownSamples { .. } => Advice::RestoreLock,
            Self::InvalidSample { .. } => Advice::PassOtherSample,
            Self::NoSample { .. } => Advice::PassSample,
            Self::Unreadable { .. } | Self::PartLost { .. } => Advice::Upcast,
            Self::New { .. }
            | Self::OtherFields { .. }
            | Self::NewParts { .. }
            | Self::CommandGone { .. } => Advice::Update,
        }
    }
}

/// What to do about a problem. A report prints it once for all problems that need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Advice {
    RestoreFile,
    RestoreLock,
    PassOtherSample,
    PassSample,
    Upcast,
    Update,
}

impl Advice {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::RestoreFile => "Restore the file from version control.",
            Self::RestoreLock => "Restore `schema.lock.json` from version control.",
            Self::PassOtherSample => "Pass only messages of this domain that have a JSON form.",
            Self::PassSample => {
                "Pass a sample with `.sample(..)`, or the outcome of a flow with `.samples_from(&outcome)`.\n\
                 If a file was deleted, restore it from version control."
            }
            Self::Upcast => {
                "Messages like these samples are stored, and the domain must read them.\n\
                 Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.\n\
                 Or accept both forms with `#[serde(alias = \"..\")]` or `#[serde(default)]`.\n\
                 For an event that nobody needs any more, add `.retired(\"..\")`."
            }
            Self::Update => {
                "If the changes are intended, update the files: `UPDATE_SCHEMA=1 cargo test`."
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(FileError { path, reason }) => write!(f, "{}: {reason}", path.display()),
            Self::InvalidSample { reason } => write!(f, "a sample of the test: {reason}"),
            Self::NoSample { event, file } => {
                write!(f, "{event} has no sample in {}", file.display())
            }
            Self::PartsGone {
                message,
                file,
                paths,
            } => write!(
                f,
                "{message} has no sample with `{}` any more in {}",
                paths.join("`, `"),
                file.display()
            ),
            Self::UnknownSamples { file } => write!(
                f,
                "{} has samples, but neither the lock file nor the domain has the event",
                file.display()
            ),
            Self::Unreadable {
                message,
                sample,
                reason,
            } => write!(
                f,
                "{message} cannot be read any more\n{}\n{sample}",
                reason.with_causes()
            ),
            Self::PartLost {
                message,
                sample,
                path,
            } => write!(
                f,
                "{message} is read without `{path}`, or with another value of it\n{sample}"
            ),
            Self::New { message } => write!(f, "{message} is new"),
            Self::OtherFields {
                message,
                locked,
                found,
            } => write!(
                f,
                "{message} has the fields `{}`, and had `{}`",
                found.join("`, `"),
                locked.join("`, `")
            ),
            Self::NewParts { message, paths } => {
                write!(f, "{message} has new content: `{}`", paths.join("`, `"))
            }
            Self::CommandGone { command } => write!(f, "{command} is gone"),
        }
    }
}

impl fmt::Display for SampleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, number, json } = self;
        write!(f, "sample {number} in {}: {json}", file.display())
    }
}
