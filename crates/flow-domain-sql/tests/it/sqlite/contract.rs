//! The contract of a store, as every store has it.

use flow_domain::store_contract;
use flow_domain_sql::sqlite::SqliteStore;

use crate::sqlite::fixture::open_file;

store_contract!(memory, async { SqliteStore::in_memory().unwrap() });
store_contract!(file, async { open_file() });
