//! What one side does in a turn: how many messages, when each is due, and the times of those that came.
//!
//! Owns when a message is due and how times get from a side to whoever compares them, which is as a line of text. A time is
//! taken from the moment at which its message was due, and not from when it left: what delays a sender is in the figures.
//! Never sends anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bench_desk::process::told;
use hdrhistogram::Histogram;

/// A turn of the side that sends.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) count: i64,
    /// How many requests are to be on their way at a time.
    pub(crate) in_flight: usize,
    /// The time from one message to the next; zero if each leaves as soon as it can.
    every: Duration,
    began: Duration,
}

impl Turn {
    /// The next turn; `None` if there is none any more.
    pub(crate) fn next() -> Option<Self> {
        told().map(|line| Self::read(&line))
    }

    /// The turn that a line is about.
    pub(crate) fn read(line: &str) -> Self {
        let numbers: Vec<u32> = line.split(' ').map(|number| number.parse().expect("a number")).collect();
        let [count, rate, in_flight] = numbers.as_slice() else { panic!("three numbers, not {line}") };
        let every = Duration::from_secs(1).checked_div(*rate).unwrap_or_default();
        // The first message is due when the sides have settled.
        let began = now() + Duration::from_millis(5);
        Self { count: i64::from(*count), in_flight: *in_flight as usize, every, began }
    }

    /// Whether each message has its time.
    pub(crate) fn is_paced(&self) -> bool {
        !self.every.is_zero()
    }

    /// Waits until the message with this number is due, and says when that was. It does not sleep: a sleep ends late.
    pub(crate) fn wait(&self, number: i64) -> Duration {
        if !self.is_paced() {
            return now();
        }
        let due = self.began + self.every * number as u32;
        while now() < due {
            std::hint::spin_loop();
        }
        due
    }
}

/// The time since 1970, which is the same for all sides.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970")
}

/// The times of messages, each to three digits.
#[derive(Clone)]
pub(crate) struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        // Digits are all that it may be refused for.
        Self(Histogram::new(3).expect("three digits"))
    }
}

impl Times {
    /// Notes that a message which was due then has come.
    pub(crate) fn note(&mut self, due: Duration) {
        self.add_nanoseconds(now().saturating_sub(due).as_nanos() as u64, 1);
    }

    fn add_nanoseconds(&mut self, nanoseconds: u64, count: u64) {
        // It grows with what is noted.
        self.0.record_n(nanoseconds.max(1), count).expect("a time of less than centuries");
    }

    /// The microseconds within which this share (0 to 1) of the messages came; NaN if there are none.
    pub(crate) fn within(&self, share: f64) -> f64 {
        if self.0.is_empty() { f64::NAN } else { self.0.value_at_quantile(share) as f64 / 1e3 }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("histograms that grow");
    }

    /// As a word without spaces.
    pub(crate) fn word(&self) -> String {
        let bars = self.0.iter_recorded().map(|bar| format!("{}:{}", bar.value_iterated_to(), bar.count_at_value()));
        format!("h{}", bars.collect::<Vec<_>>().join(","))
    }

    /// From such a word.
    pub(crate) fn read(word: &str) -> Self {
        let mut times = Self::default();
        let bars = word.strip_prefix('h').expect("a histogram");
        for bar in bars.split(',').filter(|bar| !bar.is_empty()) {
            let (value, count) = bar.split_once(':').expect("a value and how often it came");
            times.add_nanoseconds(value.parse().expect("a number"), count.parse().expect("a number"));
        }
        times
    }
}

/// What the side that notes times says of a turn.
pub(crate) struct Said {
    /// How many messages came.
    pub(crate) count: i64,
    /// From the first to the last.
    pub(crate) seconds: f64,
    pub(crate) times: Times,
}

impl Said {
    pub(crate) fn say(&self) {
        println!("{} {} {}", self.count, self.seconds, self.times.word());
    }

    pub(crate) fn read(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let [count, seconds, times] = words.as_slice() else { panic!("three words, not {line}") };
        let (count, seconds) = (count.parse().expect("a number"), seconds.parse().expect("a number"));
        Self { count, seconds, times: Times::read(times) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_same_after_a_way_as_text() {
        let mut times = Times::default();
        assert!(times.within(0.5).is_nan());
        for microseconds in 1..=1_000_u64 {
            times.add_nanoseconds(microseconds * 1_000, 1);
        }
        let read = Times::read(&times.word());
        for share in [0.5, 0.99, 0.999] {
            assert_eq!(read.within(share), times.within(share));
            assert!((read.within(share) / (share * 1_000.0) - 1.0).abs() < 0.002);
        }
    }
}
