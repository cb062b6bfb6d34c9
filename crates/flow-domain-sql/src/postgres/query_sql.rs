//! Queries of views as SQL.

use flow_domain::{
    Error,
    json::{Json, SortKey},
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query},
    record::Table,
};

use crate::{SchemaName, encoding};

/// The length of the prefix of a key that an index has. An entry of an index has at most 2,704 bytes: 4 bytes
/// for each character, and 512 for the id.
pub(super) const PREFIX_LENGTH: usize = 500;

/// A statement that selects rows of a view. All its values are texts.
#[derive(Debug, PartialEq)]
pub(super) struct Select {
    pub(super) sql: String,
    pub(super) values: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum SelectKind {
    Rows,
    Count,
}

impl Select {
    /// Translates a query.
    ///
    /// The columns `missing_id` and `missing_field` name a row that has no key of a declared field. Then no
    /// row is selected.
    pub(super) fn new(
        schema: &SchemaName,
        table: Table,
        query: &Query,
        kind: SelectKind,
    ) -> Result<Self, Error> {
        let mut writer = Writer {
            from: from(table)?,
            values: Vec::new(),
        };

        let missing = writer.missing_keys(query);
        let conditions = query.conditions.iter();
        let conditions = conditions.map(|it| format!(" and ({})", writer.condition(it)));
        let conditions = conditions.collect::<Vec<String>>().concat();
        let from = &writer.from;
        let selected = match kind {
            SelectKind::Count => format!("select count(*) as n from {from}{conditions}"),
            SelectKind::Rows => {
                let rows = format!("select s.id, s.value::text as value from {from}{conditions}");
                format!(
                    "{rows} order by {}{}",
                    writer.order(&query.order),
                    writer.page(query)
                )
            }
        };

        Ok(Self {
            sql: schema.fill(&format!(
                "select m.id as missing_id, m.field as missing_field, r.* \
                 from (select null) x left join ({missing}) m on true \
                 left join lateral ({selected}) r on m.id is null"
            )),
            values: writer.values,
        })
    }
}

/// The rows of a table. The names are literals, so that the planner can use the indexes of the table.
pub(super) fn from(table: Table) -> Result<String, Error> {
    Ok(format!(
        ":\"schema\".state s where s.kind = {} and s.name = {} and s.value is not null",
        literal(encoding::kind_name(table.kind)?),
        literal(table.name)
    ))
}

/// The key of a declared field.
pub(super) fn key(field: &str) -> String {
    format!("(s.keys ->> {}) collate \"C\"", literal(field))
}

/// The part of a key that an index has.
pub(super) fn key_prefix(field: &str) -> String {
    format!(
        "\"left\"(s.keys ->> {}, {PREFIX_LENGTH}) collate \"C\"",
        literal(field)
    )
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

struct Writer {
    from: String,
    values: Vec<String>,
}

impl Writer {
    /// Adds a value, and returns its placeholder.
    fn value(&mut self, value: impl Into<String>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Selects a row that has no key of a declared field of the query.
    fn missing_keys(&mut self, query: &Query) -> String {
        let in_conditions = query
            .conditions
            .iter()
            .filter(|condition| matches!(condition.value, FieldValue::Key(_)))
            .map(|condition| &condition.field);
        let in_order = query
            .order
            .iter()
            .filter(|order_by| order_by.is_declared)
            .map(|order_by| &order_by.field);

        let mut fields: Vec<&String> = in_conditions.chain(in_order).collect();
        fields.sort_unstable();
        fields.dedup();
        let selects: Vec<String> = fields
            .into_iter()
            .map(|field| {
                let prefix = key_prefix(field);
                // The order is that of the index. Without it, the planner hopes to find such a row at once.
                format!(
                    "(select s.id, {} as field from {} and {prefix} is null \
                     order by {prefix}, s.id limit 1)",
                    literal(field),
                    self.from,
                )
            })
            .collect();

        match selects.as_slice() {
            [] => "select null::text as id, null::text as field where false".to_owned(),
            _ => format!("select * from ({}) a limit 1", selects.join(" union all ")),
        }
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match &condition.value {
            FieldValue::Key(value) => {
                self.key_condition(&condition.field, condition.comparison, value)
            }
            FieldValue::Json(value) => {
                self.json_condition(&condition.field, condition.comparison, value)
            }
        }
    }

    /// Compares a key with keys of its kind, which are a range.
    fn key_condition(&mut self, field: &str, comparison: Comparison, value: &SortKey) -> String {
        let (key, prefix) = (key(field), key_prefix(field));
        let (first, end) = kind_range(value);
        let value = self.value(value.as_str());
        let value_prefix = format!("\"left\"({value}, {PREFIX_LENGTH})");

        match comparison {
            Comparison::Equal => format!("{prefix} = {value_prefix} and {key} = {value}"),
            Comparison::NotEqual => format!("{key} <> {value}"),
            Comparison::Less => {
                format!("{prefix} >= {first} and {prefix} <= {value_prefix} and {key} < {value}")
            }
            Comparison::AtMost => {
                format!("{prefix} >= {first} and {prefix} <= {value_prefix} and {key} <= {value}")
            }
            Comparison::Greater => {
                format!("{prefix} >= {value_prefix} and {prefix} < {end} and {key} > {value}")
            }
            Comparison::AtLeast => {
                format!("{prefix} >= {value_prefix} and {prefix} < {end} and {key} >= {value}")
            }
        }
    }

    /// Compares the JSON of a field. A comparison with a value of another kind is null.
    fn json_condition(&mut self, field: &str, comparison: Comparison, value: &Json) -> String {
        let field = self.field(field);
        let rank = format!(":\"schema\".rank_1({field})");
        // The value is read like a field of a row, so that both have the same form.
        let json = self.value(format!("{{\"v\":{value}}}"));
        let value_field = format!(":\"schema\".field_1({json}::json, 'v')");
        let function = match value {
            Json::Null => None,
            Json::Bool(_) | Json::String(_) => Some("text_1"),
            Json::Number(_) => Some("number_1"),
            Json::Array(_) | Json::Object(_) => Some("nested_1"),
        };
        let compare = |operator: &str| match function {
            None => "true".to_owned(),
            Some(function) => format!(
                ":\"schema\".{function}({field}) {operator} :\"schema\".{function}({value_field})"
            ),
        };
        // An array has no order, and neither has an object. Null has one value.
        let has_order = !matches!(value, Json::Null | Json::Array(_) | Json::Object(_));
        let same_kind = format!("{rank} = :\"schema\".rank_1({value_field})");

        let operator = match comparison {
            Comparison::NotEqual => {
                return format!("({same_kind} and {}) is not true", compare("="));
            }
            Comparison::AtMost if has_order => "<=",
            Comparison::AtLeast if has_order => ">=",
            Comparison::Less if has_order => "<",
            Comparison::Greater if has_order => ">",
            Comparison::Equal | Comparison::AtMost | Comparison::AtLeast => "=",
            Comparison::Less | Comparison::Greater => return "false".to_owned(),
        };
        format!("{same_kind} and {}", compare(operator))
    }

    /// The JSON of a field that is not declared.
    fn field(&mut self, field: &str) -> String {
        // As in the JSON of a row: see `field_1`.
        let name = field
            .replace('\u{1}', "\u{1}\u{2}")
            .replace('\0', "\u{1}\u{1}");
        let name = self.value(name);
        format!(":\"schema\".field_1(s.value, {name})")
    }

    fn order(&mut self, order: &[OrderBy]) -> String {
        let mut columns = Vec::new();
        for order_by in order {
            let direction = match order_by.direction {
                Direction::Ascending => "asc",
                Direction::Descending => "desc",
            };
            let expressions = if order_by.is_declared {
                vec![key_prefix(&order_by.field), key(&order_by.field)]
            } else {
                let field = self.field(&order_by.field);
                let function = |name: &str| format!(":\"schema\".{name}({field})");
                vec![function("rank_1"), function("number_1"), function("text_1")]
            };
            columns.extend(expressions.iter().map(|it| format!("{it} {direction}")));
        }

        columns.push("s.id".to_owned());
        columns.join(", ")
    }

    /// The limit is a part of the statement, because the planner looks at it.
    fn page(&mut self, query: &Query) -> String {
        let limit = match query.limit {
            Some(limit) => format!(" limit {}", encoding::limit(limit)),
            None => String::new(),
        };
        let offset = match query.offset {
            0 => String::new(),
            offset => format!(
                " offset ({}::bigint)",
                self.value(encoding::limit(offset).to_string())
            ),
        };
        limit + &offset
    }
}

/// Returns the first key of a kind, and the end of the kind, as literals.
fn kind_range(key: &SortKey) -> (String, String) {
    let kind = key.as_str().chars().next().unwrap_or('0');
    let next = char::from_u32(u32::from(kind) + 1).unwrap_or(kind);
    (literal(&kind.to_string()), literal(&next.to_string()))
}
