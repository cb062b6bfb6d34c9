//! A macro for stores that are layers over another store.

/// Implements ports of a layer over the store in its field `store`, an `Arc<dyn Store>`.
///
/// Each call is passed on. With `|layer, method, call| answer`, the expression `answer` decides: `layer` is the
/// layer, `method` is the name of the method, and `call()` passes the call on.
///
/// ```
/// # use std::sync::Arc;
/// # use flow_domain::{forward_ports, port::Store};
/// #[derive(Debug)]
/// struct Logged {
///     store: Arc<dyn Store>,
/// }
///
/// forward_ports!(Logged: Ledger, Outbox);
/// forward_ports!(Logged: AggregateStore; |layer, method, call| {
///     println!("{method} of {:?}", layer.store);
///     call()
/// });
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! forward_ports {
    ($layer:ty: $($port:ident),+) => {
        $crate::forward_ports!($layer: $($port),+; |_layer, _method, call| call());
    };
    ($layer:ty: $($port:ident),+; |$this:ident, $name:ident, $call:ident| $answer:expr) => {
        $($crate::forward_ports!(@$port $layer, $this, $name, $call, $answer);)+
    };

    (@EventStore $($how:tt)*) => {
        $crate::forward_ports! { @impl EventStore $($how)*;
            read_stream(
                stream: &'a $crate::message::StreamName,
                after: $crate::message::Version,
                limit: usize
            ) -> Vec<$crate::message::Recorded>;
            read_partitions(
                categories: Option<&'a [&'static str]>,
                n_partitions: u32,
                cursors: &'a mut [$crate::port::Cursor],
                limit: usize
            ) -> Vec<$crate::message::Recorded>;
            read_category(
                category: Option<&'a str>,
                after: $crate::message::Position,
                limit: usize
            ) -> Vec<$crate::message::Recorded>;
            read_at(positions: &'a [$crate::message::Position]) -> Vec<$crate::message::Recorded>;
            last_position() -> $crate::message::Position;
        }
    };
    (@AggregateStore $($how:tt)*) => {
        $crate::forward_ports! { @impl AggregateStore $($how)*;
            load(table: $crate::record::Table, id: &'a str) -> Option<$crate::port::StoredState>;
            forget(age: ::std::time::Duration) -> usize;
        }
    };
    (@ProjectionStore $($how:tt)*) => {
        $crate::forward_ports! { @impl ProjectionStore $($how)*;
            get(table: $crate::record::Table, id: &'a str) -> Option<$crate::port::StoredState>;
            query(table: $crate::record::Table, query: &'a $crate::port::Query) -> Vec<$crate::port::Row>;
            count(table: $crate::record::Table, conditions: &'a [$crate::port::Condition]) -> usize;
            table_version(table: $crate::record::Table) -> $crate::message::Version;
        }
    };
    (@Outbox $($how:tt)*) => {
        $crate::forward_ports! { @impl Outbox $($how)*;
            claim(claim: &'a $crate::port::Claim<'a>) -> Vec<$crate::port::OutboxRow>;
            settle(
                worker: &'a str,
                now: $crate::clock::Timestamp,
                settlements: &'a [$crate::port::Settlement]
            ) -> ();
            rows(states: &'a [$crate::port::OutboxState], limit: usize) -> Vec<$crate::port::OutboxRow>;
            next_due(now: $crate::clock::Timestamp) -> $crate::port::OutboxDue;
            reopen(number: u64, now: $crate::clock::Timestamp) -> bool;
            clean_up(state: $crate::port::OutboxState, before: $crate::clock::Timestamp) -> usize;
        }
    };
    (@Ledger $($how:tt)*) => {
        $crate::forward_ports! { @impl Ledger $($how)*;
            turn(turn: &'a $crate::port::Turn<'a>) -> $crate::port::TurnResult;
            release(group: &'a ::std::sync::Arc<str>, held: &'a [$crate::port::HeldPartition]) -> ();
            leave(group: &'a ::std::sync::Arc<str>, member: &'a ::std::sync::Arc<str>) -> ();
            ledgers(group: &'a str) -> Vec<(u32, $crate::message::Payload)>;
        }
    };

    (@impl $port:ident $layer:ty, $this:ident, $name:ident, $call:ident, $answer:expr;
        $($method:ident($($arg:ident: $type:ty),*) -> $output:ty;)+) => {
        #[allow(clippy::elidable_lifetime_names, reason = "some arguments have the lifetime")]
        impl $crate::port::$port for $layer {
            $(fn $method<'a>(&'a self $(, $arg: $type)*) -> $crate::port::PortFuture<'a, $output> {
                let $this = self;
                let $name = stringify!($method);
                let $call = move || {
                    // The call takes its arguments with it, so it is made at most once.
                    $(let $arg = $arg;)*
                    $crate::port::$port::$method(&*self.store $(, $arg)*)
                };
                $answer
            })+
        }
    };
}
