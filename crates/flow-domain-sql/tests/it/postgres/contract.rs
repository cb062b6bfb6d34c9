//! The contract of a store, as every store has it.

use flow_domain::store_contract;

use crate::postgres::fixture::open_store;

store_contract!(postgres, async { open_store().await });
