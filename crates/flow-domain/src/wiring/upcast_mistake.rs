use std::{fmt, ops::RangeInclusive};

/// An upcast that cannot work. Its text continues a sentence that begins with the upcast.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum UpcastMistake {
    /// The type is an enum, and the upcast names none of its events.
    SeveralEvents { events: Vec<String> },
    /// The enum has no event of this name.
    UnknownVariant {
        name: &'static str,
        nearest: Option<String>,
    },
    /// No aggregate lists the event, and it is no event from outside.
    UnlistedEvent { event: String },
    /// Another upcast leads to the same event.
    DeclaredTwice { event: String },
    /// Versions before the current one have no step.
    MissingSteps { event: String, versions: Vec<u32> },
    /// A step begins at the current version, or at a later one.
    StepTooNew { event: String, version: u32 },
    /// A step begins at version 0, which does not exist.
    StepFromZero,
    /// Two steps begin at the same version.
    TwoSteps { version: u32 },
    /// A former name is the name of an event of today.
    FormerNameIsCurrent { name: String },
    /// Events of today have exchanged their names.
    NameCycle { names: Vec<String> },
    /// A former name is also retired.
    FormerNameIsRetired { name: String },
    /// The versions of a former name are none, or not all of them exist.
    FormerVersions {
        event: String,
        name: String,
        versions: RangeInclusive<u32>,
    },
    /// Another upcast changes the same stored event.
    SharedFormerName {
        name: String,
        version: u32,
        other: String,
    },
    /// The upcast changes a version that the domain lists as an event of today.
    VersionIsCurrent { event: String, version: u32 },
}

impl fmt::Display for UpcastMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralEvents { events } => write!(
                f,
                "names an enum with {} events\n     \
                 name one of them: `Upcast::to_variant::<..>(\"{}\")`",
                events.len(),
                events.first().map_or("", String::as_str)
            ),
            Self::UnknownVariant { name, nearest } => {
                write!(
                    f,
                    "names `{name}`, which is not an event of the enum\n     "
                )?;
                match nearest {
                    Some(nearest) => write!(f, "did you mean `{nearest}`?"),
                    None => f.write_str("write the name of one of its variants"),
                }
            }
            Self::UnlistedEvent { event } => write!(
                f,
                "leads to `{event}`, which is not registered\n     \
                 list it in `#[aggregate(.., events(..))]`, or remove the upcast"
            ),
            Self::DeclaredTwice { event } => write!(
                f,
                "leads to `{event}`, as another upcast does\n     write all its steps in one upcast"
            ),
            Self::MissingSteps { event, versions } => {
                let steps: Vec<String> = versions
                    .iter()
                    .map(|version| format!("`.from({version}, |json| ..)`"))
                    .collect();
                write!(
                    f,
                    "leads to `{event}`, but has no step from {}\n     add {}",
                    list_versions(versions),
                    steps.join(" and ")
                )
            }
            Self::StepTooNew { event, version } => write!(
                f,
                "has a step from version {version}, but leads to `{event}`\n     \
                 write `#[event(.., version = {})]`, or remove the step",
                version.saturating_add(1)
            ),
            Self::StepFromZero => f.write_str(
                "has a step from version 0, but versions count from 1\n     \
                 write `.from(1, |json| ..)` for the first version",
            ),
            Self::TwoSteps { version } => write!(
                f,
                "has two steps from version {version}\n     remove one of them, or change its version"
            ),
            Self::FormerNameIsCurrent { name } => write!(
                f,
                "has the former name `{name}`, which is the name of an event of today\n     \
                 give the event of today another name, or remove `.was(\"{name}\", ..)`"
            ),
            Self::NameCycle { names } => write!(
                f,
                "leads back to itself by former names: `{}`\n     \
                 give the events of today names that no event had before",
                names.join("` was `")
            ),
            Self::FormerNameIsRetired { name } => write!(
                f,
                "has the former name `{name}`, which is retired\n     \
                 remove `.retired(\"{name}\")`, or `.was(\"{name}\", ..)`"
            ),
            Self::FormerVersions {
                event,
                name,
                versions,
            } => write!(
                f,
                "says that `{event}` was `{name}` in the versions {}..={}\n     \
                 write versions from 1 to the current one",
                versions.start(),
                versions.end()
            ),
            Self::SharedFormerName {
                name,
                version,
                other,
            } => write!(
                f,
                "changes stored events `{name}` of version {version}, as `{other}` does\n     \
                 remove the version from one of them"
            ),
            Self::VersionIsCurrent { event, version } => write!(
                f,
                "changes version {version} of `{event}`, but the domain lists this version as an event of today\n     \
                 remove it from `events(..)`, or give one of the two another name"
            ),
        }
    }
}

fn list_versions(versions: &[u32]) -> String {
    let noun = if versions.len() == 1 {
        "version"
    } else {
        "versions"
    };
    let numbers: Vec<String> = versions.iter().map(u32::to_string).collect();

    format!("{noun} {}", numbers.join(" and "))
}
