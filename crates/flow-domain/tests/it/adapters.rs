//! Every adapter passes the contract tests of its ports.

use flow_domain::{
    adapter::memory::{MemoryBroker, MemoryStore},
    broker_contract, store_contract,
};

store_contract!(memory, async { MemoryStore::default() });

broker_contract!(memory_broker, async { MemoryBroker::default() });
