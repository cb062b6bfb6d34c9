use crate::mutation::Mutation;

impl Mutation {
    /// Takes `n` of them, or all if there are no more; the same ones for the same seed, in the order in
    /// which they are listed.
    pub fn pick(mut all: Vec<Self>, n: usize, mut seed: u64) -> Vec<Self> {
        while n < all.len() {
            all.remove(random_below(all.len(), &mut seed));
        }
        all
    }
}

/// `SplitMix64`: three lines, no dependency, and the same on every platform.
fn random_below(n: usize, seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) % n as u64).expect("it is below a `usize`")
}
