//! Measurements, in a package of its own, so that the examples build none of its tools.
//!
//! A case is measured for all its peers in turn, round after round, so that a disturbance of the
//! machine hits them alike; what is printed is the median and the best over rounds, one line a
//! peer: `case peer threads median best`.

use std::hint::black_box;
use std::time::Instant;

use cotangent_runtime::cpu::set_threads;

/// Rounds in which every peer is measured once.
const ROUNDS: usize = 9;
/// Seconds of one measurement.
const SECONDS: f64 = 0.02;

/// Something that is measured: who, and one call of it.
pub type Peer<'p> = (&'p str, Box<dyn FnMut() + 'p>);

/// Sets and yields the number of threads of this run: one, unless `COTANGENT_THREADS` says
/// otherwise.
#[must_use]
pub fn threads() -> usize {
    if std::env::var_os("COTANGENT_THREADS").is_none() {
        set_threads(1);
    }
    cotangent_runtime::cpu::threads()
}

/// A peer of a case.
pub fn peer<'p, R>(name: &'p str, mut run: impl FnMut() -> R + 'p) -> Peer<'p> {
    (name, Box::new(move || drop(black_box(run()))))
}

/// Seconds of a call, for each peer: median and best over rounds.
pub fn seconds(peers: &mut [Peer<'_>]) -> Vec<(f64, f64)> {
    let calls: Vec<usize> = peers
        .iter_mut()
        .map(|(_, run)| {
            run();
            let start = Instant::now();
            run();
            let one = start.elapsed().as_secs_f64().max(1e-8);
            let few = (SECONDS / 10.0 / one).ceil() as usize;
            let start = Instant::now();
            (0..few).for_each(|_| run());
            let one = start.elapsed().as_secs_f64() / few as f64;
            (SECONDS / one).ceil() as usize
        })
        .collect();
    let mut rounds = vec![Vec::with_capacity(ROUNDS); peers.len()];
    for _ in 0..ROUNDS {
        for (((_, run), &calls), times) in peers.iter_mut().zip(&calls).zip(&mut rounds) {
            let start = Instant::now();
            (0..calls).for_each(|_| run());
            times.push(start.elapsed().as_secs_f64() / calls as f64);
        }
    }
    rounds
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            (times[ROUNDS / 2], times[0])
        })
        .collect()
}

/// Measures a case and prints microseconds of a call.
pub fn microseconds(case: &str, threads: usize, mut peers: Vec<Peer<'_>>) {
    let times = seconds(&mut peers);
    for ((name, _), (median, best)) in peers.iter().zip(times) {
        println!(
            "{case} {name} {threads} {:.3} {:.3}",
            median * 1e6,
            best * 1e6
        );
    }
}

/// Measures a case and prints nanoseconds for each of its elements.
pub fn nanoseconds_each(case: &str, threads: usize, elements: usize, mut peers: Vec<Peer<'_>>) {
    let times = seconds(&mut peers);
    let scale = 1e9 / elements as f64;
    for ((name, _), (median, best)) in peers.iter().zip(times) {
        println!(
            "{case} {name} {threads} {:.4} {:.4}",
            median * scale,
            best * scale
        );
    }
}

/// Measures a case and prints units of work in nanoseconds (as GFLOP/s or GB/s), and, where a peak
/// is given, percent of it.
pub fn rate(case: &str, threads: usize, work: f64, peak: Option<f64>, mut peers: Vec<Peer<'_>>) {
    let times = seconds(&mut peers);
    for ((name, _), (median, best)) in peers.iter().zip(times) {
        let (median, best) = (work / median / 1e9, work / best / 1e9);
        let share = peak.map_or(String::new(), |peak| {
            format!(" {:.0}%", 100.0 * median / peak)
        });
        println!("{case} {name} {threads} {median:.1} {best:.1}{share}");
    }
}
