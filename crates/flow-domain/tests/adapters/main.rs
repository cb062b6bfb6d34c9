//! Every adapter keeps the laws of the ports.

use flow_domain::{adapter::memory::MemoryStore, store_contract};

store_contract!(memory, async { MemoryStore::default() });
