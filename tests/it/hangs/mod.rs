//! No test hangs: handlers that wait, messages that loop, and code that blocks its thread.

mod blocking;
mod long_runs;
mod loops;
mod real_time;
mod waits;
mod wheel;
