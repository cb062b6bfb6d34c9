use std::{env, sync::Arc};

use flow_domain::{Error, adapter::memory::MemoryStore, port::Store, testing::Backend};

use crate::system::backend::blocking_store::BlockingStore;

/// What opens the stores of the runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackendChoice {
    /// `None` for the store in memory.
    backend: Option<Arc<dyn Backend>>,
    /// The environment variable that made the choice, and its text without a password.
    from_env: Option<(&'static str, Arc<str>)>,
}

/// The backends that a feature of this crate adds.
struct Database {
    feature: &'static str,
    /// How an address of this database begins.
    prefixes: &'static [&'static str],
    /// `None` if the feature is off.
    backend: Option<NewBackend>,
}

/// Returns the backend with an address.
type NewBackend = fn(&str) -> Arc<dyn Backend>;

const DATABASES: [Database; 2] = [
    Database {
        feature: "sqlite",
        prefixes: &["sqlite:"],
        #[cfg(feature = "sqlite")]
        backend: Some(|address| {
            use flow_domain_sql::sqlite::SqliteBackend;
            match address.trim_start_matches("sqlite:") {
                ":memory:" => Arc::new(SqliteBackend::in_memory()),
                folder => Arc::new(SqliteBackend::in_folder(folder)),
            }
        }),
        #[cfg(not(feature = "sqlite"))]
        backend: None,
    },
    Database {
        feature: "postgres",
        prefixes: &["postgres://", "postgresql://"],
        #[cfg(feature = "postgres")]
        backend: Some(|address| Arc::new(flow_domain_sql::postgres::PostgresBackend::new(address))),
        #[cfg(not(feature = "postgres"))]
        backend: None,
    },
];

impl BackendChoice {
    /// The environment variable with the default backend of a harness.
    pub(crate) const ENV_VAR: &str = "FLOW_BACKEND";

    /// The environment variable with the backend that every harness compares with its own.
    pub(crate) const COMPARED_ENV_VAR: &str = "FLOW_COMPARE_BACKEND";

    /// Returns the default backend of a harness.
    ///
    /// # Panics
    ///
    /// Panics if [`ENV_VAR`](Self::ENV_VAR) names no backend. With a fallback, the tests would not run
    /// on the backend that the user asked for.
    pub(crate) fn from_env() -> Self {
        Self::from_variable(Self::ENV_VAR).unwrap_or_default()
    }

    /// Returns the backend that a harness compares with its own by default.
    ///
    /// # Panics
    ///
    /// Panics if [`COMPARED_ENV_VAR`](Self::COMPARED_ENV_VAR) names no backend.
    pub(crate) fn compared_from_env() -> Option<Self> {
        Self::from_variable(Self::COMPARED_ENV_VAR)
    }

    fn from_variable(variable: &'static str) -> Option<Self> {
        let text = env::var(variable).ok()?;

        match Self::parse(variable, &text, &DATABASES) {
            Ok(choice) => Some(choice),
            Err(reason) => panic!("{variable}: {reason}"),
        }
    }

    /// Chooses the backend of a test.
    pub(crate) fn explicit(backend: impl Backend + 'static) -> Self {
        Self {
            backend: Some(Arc::new(backend)),
            from_env: None,
        }
    }

    /// Returns the choice with this text of an environment variable.
    ///
    /// # Errors
    ///
    /// Returns what to write or to do instead.
    fn parse(variable: &'static str, text: &str, databases: &[Database]) -> Result<Self, String> {
        let shown = without_password(text);
        let database = databases.iter().find(|database| {
            let mut prefixes = database.prefixes.iter();
            prefixes.any(|prefix| {
                text.strip_prefix(prefix)
                    .is_some_and(|rest| !rest.is_empty())
            })
        });

        let backend = match (text, database) {
            ("memory", _) => None,
            (_, None) => {
                return Err(format!(
                    "`{shown}` is not a backend; expected `memory`, `sqlite::memory:`, `sqlite:` with a folder, \
                     or `postgres://user:password@host:5432/database`"
                ));
            }
            (
                _,
                Some(Database {
                    feature, backend, ..
                }),
            ) => {
                let backend = backend.ok_or_else(|| {
                    format!(
                        "`{shown}` needs the feature `{feature}` of flow-harness: add it with \
                         `cargo add --dev flow-harness --features {feature}`"
                    )
                })?;
                Some(backend(text))
            }
        };

        Ok(Self {
            backend,
            from_env: Some((variable, shown.into())),
        })
    }

    /// Returns the name of the backend in reports: `memory`.
    pub(crate) fn name(&self) -> &'static str {
        self.backend
            .as_ref()
            .map_or("memory", |backend| backend.name())
    }

    /// Opens the store of one run.
    ///
    /// # Errors
    ///
    /// Returns the error of the backend.
    pub(crate) fn open(&self) -> Result<Arc<dyn Store>, Error> {
        match &self.backend {
            None => Ok(Arc::new(MemoryStore::default())),
            Some(backend) => Ok(Arc::new(BlockingStore::open(&**backend)?)),
        }
    }

    /// Returns the setting of the environment, if it made this choice and it is not the default.
    ///
    /// It has no password.
    pub(crate) fn environment(&self) -> Option<String> {
        let (variable, text) = self.from_env.as_ref()?;
        let is_default = self.backend.is_none() && *variable == Self::ENV_VAR;
        (!is_default).then(|| format!("{variable}={}", quoted(text)))
    }
}

/// Quotes a text for a shell, if it needs that.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@".contains(letter);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Returns the address with `***` in place of its password.
fn without_password(address: &str) -> String {
    let parts = address
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)));

    match parts {
        Some((scheme, (login, rest))) if login.contains(':') => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{rest}")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The databases of a build without features.
    fn without_features() -> [Database; 2] {
        DATABASES.map(|database| Database {
            backend: None,
            ..database
        })
    }

    fn refusal(text: &str) -> String {
        BackendChoice::parse(BackendChoice::ENV_VAR, text, &without_features())
            .expect_err("no backend of this build")
    }

    #[test]
    fn backend_without_its_feature_names_the_feature() {
        insta::assert_snapshot!(refusal("sqlite::memory:"), @"`sqlite::memory:` needs the feature `sqlite` of flow-harness: add it with `cargo add --dev flow-harness --features sqlite`");
        insta::assert_snapshot!(refusal("postgres://flow:geheim@localhost/flows"), @"`postgres://flow:***@localhost/flows` needs the feature `postgres` of flow-harness: add it with `cargo add --dev flow-harness --features postgres`");
    }

    #[test]
    fn backend_that_nobody_knows_is_refused() {
        insta::assert_snapshot!(refusal("mysql://flow:a@b@localhost"), @"`mysql://flow:***@localhost` is not a backend; expected `memory`, `sqlite::memory:`, `sqlite:` with a folder, or `postgres://user:password@host:5432/database`");
        assert!(refusal("sqlite:").starts_with("`sqlite:` is not a backend"));
        assert!(refusal("").starts_with("`` is not a backend"));
    }

    #[test]
    fn backend_of_the_environment_is_in_the_rerun_command() {
        let choice = |from_env: &str| BackendChoice {
            backend: Some(Arc::new(flow_domain::testing::MemoryBackend)),
            from_env: Some((BackendChoice::ENV_VAR, from_env.into())),
        };

        let setting = choice("sqlite:it's here").environment();
        assert_eq!(
            setting.as_deref(),
            Some(r"FLOW_BACKEND='sqlite:it'\''s here'")
        );
        let setting = choice("sqlite::memory:").environment();
        assert_eq!(setting.as_deref(), Some("FLOW_BACKEND=sqlite::memory:"));

        let memory = |variable| BackendChoice::parse(variable, "memory", &DATABASES);
        let default = memory(BackendChoice::ENV_VAR).expect("memory needs no feature");
        assert_eq!(default.environment(), None);
        let compared = memory(BackendChoice::COMPARED_ENV_VAR).expect("memory needs no feature");
        assert_eq!(
            compared.environment().as_deref(),
            Some("FLOW_COMPARE_BACKEND=memory")
        );
    }
}
