/// A linear congruential generator. It gives the same numbers on every platform.
#[derive(Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    /// Returns a number that is smaller than `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);

        (self.0 >> 33) % end
    }

    /// Returns one of these values.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let idx =
            usize::try_from(self.below(from.len() as u64)).expect("it is smaller than a length");
        from[idx]
    }
}
