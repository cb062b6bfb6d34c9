//! Queries of views as SQL.

use std::collections::BTreeSet;

use flow_domain::{
    Error,
    json::SortKey,
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query},
    record::Table,
};
use rusqlite::types::Value;

use crate::{encoding, sqlite::functions};

/// A statement with its values.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// Returns the rows of a query.
pub(super) fn rows(table: Table, query: &Query) -> Result<Select, Error> {
    let mut select = Select::new("s.id, s.value", table)?;
    select.add_conditions(&query.conditions);
    select.add_order(&query.order);

    // A limit below zero is none.
    let limit = query.limit.map_or(-1, encoding::limit);
    let limit = select.value(limit);
    let offset = select.value(encoding::limit(query.offset));
    select.sql += &[" limit ", &limit, " offset ", &offset].concat();
    Ok(select)
}

/// Counts rows.
pub(super) fn count(table: Table, conditions: &[Condition]) -> Result<Select, Error> {
    let mut select = Select::new("count(*)", table)?;
    select.add_conditions(conditions);
    Ok(select)
}

/// Selects the id of a row that has no key of a declared field.
pub(super) fn missing_key(table: Table, field: &str) -> Result<Select, Error> {
    let mut select = Select::new("s.id", table)?;
    select.sql += &[" and ", &key(field), " is null order by s.id limit 1"].concat();
    Ok(select)
}

/// The declared fields of a query, each once and by name. An error names the first one, as in other stores.
pub(super) fn declared_fields<'a>(
    conditions: &'a [Condition],
    order: &'a [OrderBy],
) -> BTreeSet<&'a str> {
    let in_conditions = conditions
        .iter()
        .filter(|condition| matches!(condition.value, FieldValue::Key(_)))
        .map(|condition| condition.field.as_str());
    let in_order = order
        .iter()
        .filter(|order_by| order_by.is_declared)
        .map(|order_by| order_by.field.as_str());

    in_conditions.chain(in_order).collect()
}

/// The key of a declared field. It is the expression of the index.
pub(super) fn key(field: &str) -> String {
    format!("(s.keys ->> {})", literal(field))
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Select {
    fn new(columns: &str, table: Table) -> Result<Self, Error> {
        // The names are literals, so that the planner can use the indexes of the table.
        let (kind, name) = (encoding::kind_name(table.kind)?, literal(table.name));
        Ok(Self {
            sql: format!(
                "select {columns} from state s \
                 where s.kind = '{kind}' and s.name = {name} and s.value is not null"
            ),
            values: Vec::new(),
        })
    }

    /// Adds a value, and returns its placeholder.
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn add_conditions(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            let sql = match &condition.value {
                FieldValue::Key(key) => self.key_condition(condition, key),
                FieldValue::Json(json) => {
                    let field = self.value(condition.field.clone());
                    let comparison = functions::comparison_number(condition.comparison);
                    let json = self.value(json.to_string());
                    format!("meets(s.id, s.value, {field}, {comparison}, {json})")
                }
            };
            self.sql += &[" and ", &sql].concat();
        }
    }

    /// Compares a key with keys of its kind, which are a range.
    fn key_condition(&mut self, condition: &Condition, value: &SortKey) -> String {
        let key = key(&condition.field);
        let kind = &value.as_str()[..1];
        let end = char::from(kind.as_bytes()[0] + 1);
        let value = self.value(value.as_str().to_owned());

        match condition.comparison {
            Comparison::Equal => format!("{key} = {value}"),
            Comparison::NotEqual => format!("{key} <> {value}"),
            Comparison::Less => format!("{key} >= '{kind}' and {key} < {value}"),
            Comparison::AtMost => format!("{key} >= '{kind}' and {key} <= {value}"),
            Comparison::Greater => format!("{key} > {value} and {key} < '{end}'"),
            Comparison::AtLeast => format!("{key} >= {value} and {key} < '{end}'"),
        }
    }

    fn add_order(&mut self, order: &[OrderBy]) {
        self.sql += " order by ";
        for order_by in order {
            let expression = if order_by.is_declared {
                key(&order_by.field)
            } else {
                let field = self.value(order_by.field.clone());
                format!("sort_key(s.id, s.value, {field})")
            };
            let direction = match order_by.direction {
                Direction::Ascending => " asc, ",
                Direction::Descending => " desc, ",
            };
            self.sql += &[&expression, direction].concat();
        }
        self.sql += "s.id";
    }
}
