//! Randomness in whole numbers, for markets that are made up: the same seed makes the same numbers everywhere.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): a seed of any value will
/// do, and its numbers never change with a library's version.
#[derive(Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "an endless stream of numbers is more than an iterator says")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to `end`, which is small: the bias of the remainder is far below what a market would notice.
    pub fn below(&mut self, end: u32) -> i64 {
        i64::try_from(self.next() % u64::from(end)).unwrap_or_default()
    }

    /// From 0 up to 2^`bits`, mostly small: each size, as a power of two, is as likely as the next.
    pub fn rare(&mut self, bits: u32) -> i64 {
        let size = self.below(bits);
        i64::try_from(self.next() & ((1 << (size + 1)) - 1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_other_implementations_make() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers = [(); 3].map(|()| random.next());
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
