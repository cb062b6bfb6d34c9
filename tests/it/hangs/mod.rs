//! No test hangs: handlers that wait, messages that loop, and code that blocks its thread.

mod blocking;
mod blocking_code;
mod blocking_tasks;
mod busy;
mod clock;
mod fan_out;
mod long_runs;
mod loops;
mod real_time;
mod repeated;
mod waits;
mod wheel;
