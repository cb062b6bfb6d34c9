/// Returns the FNV-1a hash of some bytes. It is stored, so it never changes.
///
/// It takes a few lines and no dependency, and is the same on every platform.
pub(crate) fn stable_hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
