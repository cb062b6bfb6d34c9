use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a round lasts, and how many rounds there are.
#[derive(Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) duration: Duration,
    pub(crate) n: usize,
}

impl Rounds {
    pub(crate) fn new(quick: bool) -> Self {
        if quick {
            Self {
                duration: Duration::from_millis(20),
                n: 1,
            }
        } else {
            Self {
                duration: Duration::from_secs(3),
                n: 5,
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns how often per second `n_writers` tasks complete `work`. It gets the number of the writer.
pub(crate) async fn rate<F, Work>(n_writers: u32, duration: Duration, work: Work) -> f64
where
    F: Future<Output = ()> + Send,
    Work: Fn(u32) -> F + Clone + Send + 'static,
{
    let n_done = Arc::new(AtomicU64::new(0));
    let start = now();

    let writers: Vec<_> = (0..n_writers)
        .map(|writer| {
            let (work, n_done) = (work.clone(), Arc::clone(&n_done));
            tokio::spawn(async move {
                while start.elapsed() < duration {
                    work(writer).await;
                    n_done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer does not panic");
    }

    per_second(n_done.load(Ordering::Relaxed), start.elapsed())
}

/// Like [`rate`], with a thread for each writer. `start_writer` makes the work of a writer.
pub(crate) fn blocking_rate<Work: FnMut() + Send + 'static>(
    n_writers: u32,
    duration: Duration,
    start_writer: impl Fn(u32) -> Work,
) -> f64 {
    let works: Vec<Work> = (0..n_writers).map(start_writer).collect();
    let start = now();

    let threads: Vec<_> = works
        .into_iter()
        .map(|mut work| {
            thread::spawn(move || {
                let mut n_done = 0;
                while start.elapsed() < duration {
                    work();
                    n_done += 1;
                }
                n_done
            })
        })
        .collect();
    let n_done = threads
        .into_iter()
        .map(|thread| thread.join().expect("a writer does not panic"));

    per_second(n_done.sum(), start.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "no count is that large")]
pub(crate) fn per_second(n: u64, elapsed: Duration) -> f64 {
    n as f64 / elapsed.as_secs_f64()
}

/// Returns the value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
pub(crate) fn print_figure(name: &str, value: f64, unit: &str) {
    println!("figure {name} {value:.2} {unit}");
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
pub(crate) fn print_ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}
