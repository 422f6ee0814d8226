//! Figures as texts of a bounded width.

use std::time::Duration;

/// A count, in at most eight characters.
pub(super) fn count(number: u64) -> String {
    match number {
        0..10_000_000 => number.to_string(),
        10_000_000..10_000_000_000 => format!("{:.1} M", number as f64 / 1e6),
        _ => format!("{:.1} G", number as f64 / 1e9),
    }
}

/// Milliseconds of a stage or a frame, without the unit.
pub(super) fn millis(millis: f64) -> String {
    if millis < 100.0 { format!("{millis:.3}") } else { format!("{millis:.1}") }
}

/// Milliseconds where tenths are enough, without the unit.
#[cfg(feature = "priority")]
pub(super) fn tenths(millis: f64) -> String {
    format!("{millis:.1}")
}

/// A count and what is counted: `1 run`, `2 runs`.
#[cfg(feature = "priority")]
pub(super) fn times(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// How long, in seconds with tenths, later in minutes.
#[cfg(feature = "priority")]
pub(super) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 100.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.0} min", seconds / 60.0),
    }
}

/// About how long, in at most six characters.
#[cfg(feature = "priority")]
pub(super) fn rough(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds if seconds < 100.0 => format!("{seconds:.0} s"),
        seconds if seconds < 6000.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.0} h", seconds / 3600.0),
    }
}

/// A figure where there is one.
pub(super) fn measured(figure: Option<f64>, text: impl FnOnce(f64) -> String) -> String {
    figure.map_or_else(|| "–".into(), text)
}

/// How long ago.
pub(super) fn age(age: Duration) -> String {
    match age.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 100.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.0} min", seconds / 60.0),
    }
}

/// Counts by reason, the most frequent first: `3 superseded, 1 pool_full`.
pub(super) fn by_reason<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let mut counts: Vec<_> = counts.into_iter().filter(|&(_, count)| count > 0).collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let parts: Vec<_> = counts.iter().map(|(reason, number)| format!("{} {reason}", count(*number))).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_narrow() {
        assert_eq!(
            [0, 9_999_999, 12_345_678, u64::from(u32::MAX) * 4].map(count),
            ["0", "9999999", "12.3 M", "17.2 G"]
        );
        assert_eq!([0.0421, 16.666, 250.0].map(millis), ["0.042", "16.666", "250.0"]);
        assert_eq!([0.0123, 1.25, 600.0].map(|it| age(Duration::from_secs_f64(it))), ["12.3 ms", "1.2 s", "10 min"]);
        assert_eq!(measured(None, millis), "–");
    }

    #[test]
    fn the_most_frequent_reason_comes_first() {
        assert_eq!(by_reason([("corrupt", 1), ("unwanted", 0), ("ring_full", 7)]), "7 ring_full, 1 corrupt");
        assert_eq!(by_reason([("late", 0)]), "");
    }
}
