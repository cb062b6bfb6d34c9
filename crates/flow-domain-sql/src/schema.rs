use std::fmt;

use flow_domain::Error;

/// The name of a database schema: the place of all data of one app.
///
/// Any name is quoted wherever it is used, so it may have capitals, spaces and quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct SchemaName {
    // Invariant: 1 to 63 bytes without U+0000.
    name: String,
}

/// The maximum length of a name in PostgreSQL. A longer name would be cut off.
const MAX_BYTES: usize = 63;

impl SchemaName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the name is empty, has more than 63
    /// bytes, has U+0000 in it, or begins with `pg_`.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_domain_sql::SchemaName;
    ///
    /// assert!(SchemaName::new("shop").is_ok());
    /// assert!(SchemaName::new("").is_err());
    /// ```
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();

        if name.is_empty() || MAX_BYTES < name.len() || name.contains('\0') {
            return Err(Error::setup(format!(
                "`{}` cannot name a schema: a name has 1 to {MAX_BYTES} bytes without U+0000",
                name.escape_debug()
            )));
        }
        if name.starts_with("pg_") {
            return Err(Error::setup(format!(
                "`{name}` cannot name a schema: PostgreSQL keeps the names with `pg_` for itself"
            )));
        }

        Ok(Self { name })
    }

    /// Returns the name without quotes.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Fills the name into the text of a statement.
    ///
    /// `:"schema"` becomes the quoted name. `:'schema'` becomes a literal with the quoted name in it, and
    /// `:'schema.event_position'` one with the name of this relation.
    pub(crate) fn fill(&self, text: &str) -> String {
        let quoted = format!("\"{}\"", self.name.replace('"', "\"\""));
        let literal = quoted.replace('\'', "''");

        text.replace(":\"schema\"", &quoted)
            .replace(":'schema'", &format!("'{literal}'"))
            .replace(":'schema.", &format!("'{literal}."))
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_name_is_quoted_everywhere() {
        let schema = SchemaName::new("it's \"my\" shop").unwrap();

        let filled = schema.fill(":\"schema\".event :'schema' :'schema.event_position'");

        assert_eq!(
            filled,
            "\"it's \"\"my\"\" shop\".event '\"it''s \"\"my\"\" shop\"' \
             '\"it''s \"\"my\"\" shop\".event_position'"
        );
    }

    #[test]
    fn schema_name_that_the_server_would_change_is_refused() {
        let refuse = |name: &str| {
            let err = SchemaName::new(name).expect_err("the name is refused");
            assert!(err.is_setup());
            err.to_string()
        };

        assert_eq!(
            refuse("a\0b"),
            "`a\\0b` cannot name a schema: a name has 1 to 63 bytes without U+0000"
        );
        assert_eq!(
            refuse(&"é".repeat(32)).chars().skip(34).collect::<String>(),
            " cannot name a schema: a name has 1 to 63 bytes without U+0000"
        );
        assert_eq!(
            refuse("pg_shop"),
            "`pg_shop` cannot name a schema: PostgreSQL keeps the names with `pg_` for itself"
        );
    }
}
