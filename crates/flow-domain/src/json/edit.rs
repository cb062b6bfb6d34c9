use std::collections::BTreeMap;

use crate::{error::Error, json::Json};

/// Changes of an object, for [`Upcast`](crate::Upcast).
impl Json {
    /// Returns the field with this name, to change it, if this is an object that has it.
    ///
    /// # Examples
    ///
    /// A step of an [`Upcast`](crate::Upcast) changes parts further inside:
    ///
    /// ```
    /// use flow_domain::json::Json;
    ///
    /// let mut order: Json = r#"{"guest":{"tel":"7"},"lines":[{"sum":5}]}"#.parse()?;
    /// if let Some(guest) = order.get_mut("guest") {
    ///     guest.rename("tel", "phone")?;
    /// }
    /// if let Some(Json::Array(lines)) = order.get_mut("lines") {
    ///     for line in lines {
    ///         line.rename("sum", "total")?;
    ///     }
    /// }
    ///
    /// assert_eq!(order.to_string(), r#"{"guest":{"phone":"7"},"lines":[{"total":5}]}"#);
    /// # Ok::<(), flow_domain::Error>(())
    /// ```
    pub fn get_mut(&mut self, field: &str) -> Option<&mut Self> {
        match self {
            Self::Object(fields) => fields.get_mut(field),
            _ => None,
        }
    }

    /// Adds a field, or replaces its value.
    ///
    /// # Errors
    ///
    /// Returns an error if this is not an object.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_domain::json::Json;
    ///
    /// let mut order: Json = r#"{"sum":5}"#.parse()?;
    /// order.set("currency", "EUR")?;
    /// order.rename("sum", "total")?;
    ///
    /// assert_eq!(order.to_string(), r#"{"currency":"EUR","total":5}"#);
    /// # Ok::<(), flow_domain::Error>(())
    /// ```
    pub fn set(&mut self, field: &str, value: impl Into<Self>) -> Result<(), Error> {
        self.fields_mut("set", field)?
            .insert(field.to_owned(), value.into());
        Ok(())
    }

    /// Removes a field. Nothing happens if the object does not have it.
    ///
    /// # Errors
    ///
    /// Returns an error if this is not an object.
    pub fn remove(&mut self, field: &str) -> Result<(), Error> {
        self.fields_mut("remove", field)?.remove(field);
        Ok(())
    }

    /// Gives a field another name. Nothing happens if the object does not have it.
    ///
    /// # Errors
    ///
    /// Returns an error if this is not an object, or if it has a field `to` already.
    pub fn rename(&mut self, field: &str, to: &str) -> Result<(), Error> {
        let fields = self.fields_mut("rename", field)?;
        if field == to || !fields.contains_key(field) {
            return Ok(());
        }
        if fields.contains_key(to) {
            return Err(Error::setup(format!(
                "cannot rename the field `{field}`: the object has a field `{to}` already"
            )));
        }

        if let Some(value) = fields.remove(field) {
            fields.insert(to.to_owned(), value);
        }
        Ok(())
    }

    fn fields_mut(
        &mut self,
        verb: &str,
        field: &str,
    ) -> Result<&mut BTreeMap<String, Self>, Error> {
        let kind = match self {
            Self::Object(fields) => return Ok(fields),
            Self::Null => "`null`",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
        };

        Err(Error::setup(format!(
            "cannot {verb} the field `{field}`: the JSON is {kind}, not an object"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Json {
        r#"{"id":"1","sum":20000000000000000001}"#
            .parse()
            .expect("it is JSON")
    }

    #[test]
    fn rename_keeps_the_value() {
        let mut json = order();
        json.rename("sum", "total").expect("no such field yet");
        json.rename("note", "remark").expect("there is no note");

        assert_eq!(
            json.to_string(),
            r#"{"id":"1","total":20000000000000000001}"#
        );
    }

    #[test]
    fn rename_does_not_overwrite_a_field() {
        let err = order().rename("id", "sum").expect_err("`sum` exists");

        assert_eq!(
            err.to_string(),
            "cannot rename the field `id`: the object has a field `sum` already"
        );
    }

    #[test]
    fn edit_of_another_kind_is_an_error() {
        let err = Json::from("text").set("id", 1).expect_err("a string");

        assert_eq!(
            err.to_string(),
            "cannot set the field `id`: the JSON is a string, not an object"
        );
    }
}
