//! CPU time of this process and its children, peak memory, medians.

use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeVal,
};

fn milliseconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3
}

fn cpu(usage: &Usage) -> f64 {
    milliseconds(usage.user_time()) + milliseconds(usage.system_time())
}

/// CPU time of all threads so far, user and system, in milliseconds.
pub fn cpu_ms() -> f64 {
    cpu(&getrusage(UsageWho::RUSAGE_SELF).expect("this process has a usage"))
}

/// CPU time of all children that ended, in milliseconds.
pub fn children_cpu_ms() -> f64 {
    cpu(&getrusage(UsageWho::RUSAGE_CHILDREN).expect("children have a usage"))
}

/// Does something and tells its CPU time in milliseconds.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu_ms();
    let result = work();
    (cpu_ms() - before, result)
}

/// The most resident memory so far, in megabytes.
pub fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

/// The value in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}
