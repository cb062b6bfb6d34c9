use crate::testing::mutation::Mutation;

impl Mutation {
    /// Picks `n` mutations at random, or all if there are fewer. They keep their order.
    ///
    /// The same seed picks the same mutations.
    pub fn pick(mut all: Vec<Self>, n: usize, mut seed: u64) -> Vec<Self> {
        while n < all.len() {
            all.remove(random_below(all.len(), &mut seed));
        }
        all
    }
}

/// Returns a random number below `n`, and changes `seed` for the next one.
///
/// `SplitMix64` needs three lines and no dependency, and is the same on every platform.
fn random_below(n: usize, seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);

    let mut mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);

    usize::try_from((mixed ^ (mixed >> 31)) % n as u64)
        .expect("a number below `n` fits into a `usize`")
}
