use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

use crate::clock::{IdContext, IdSource};

/// Ids that are a function of their context: UUID version 8.
///
/// Two runs give the same ids, even if they deliver independent messages in another order.
/// An id depends on its cause, its handler and the ids that the handler made before. It never
/// depends on the number of ids that other handlers made.
///
/// The number of earlier commits is part of the id. Otherwise both deliveries of one message would
/// give their effects the same ids. Then nobody would see that there are two effects.
#[derive(Debug, Default)]
pub struct VirtualIds {
    /// The number of ids made so far for messages from outside.
    n_roots: AtomicU64,
}

impl IdSource for VirtualIds {
    fn make(&self, context: IdContext<'_>) -> Uuid {
        let mut mixer = Mixer::default();
        match context.cause {
            Some(cause) => {
                let (high, low) = cause.as_u64_pair();
                mixer.add(high);
                mixer.add(low);
            }
            None => mixer.add(self.n_roots.fetch_add(1, Ordering::AcqRel)),
        }

        for chunk in context.handler.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mixer.add(u64::from_le_bytes(word));
        }

        mixer.add(u64::from(context.n_commits) << 32 | u64::from(context.idx));
        mixer.finish()
    }

    /// A test needs no real secret, but the same one in each run.
    #[cfg(feature = "personal")]
    fn secret(&self, context: IdContext<'_>) -> Result<[u8; 64], crate::error::Error> {
        let mut secret = [0; 64];
        for (idx, part) in (0..).zip(secret.chunks_mut(16)) {
            let mut mixer = Mixer::default();
            let (high, low) = self.make(context).as_u64_pair();
            for word in [high, low, idx] {
                mixer.add(word);
            }
            part.copy_from_slice(mixer.finish().as_bytes());
        }
        Ok(secret)
    }

    fn fork(&self) -> Option<Arc<dyn IdSource>> {
        Some(Arc::new(Self {
            n_roots: AtomicU64::new(self.n_roots.load(Ordering::Acquire)),
        }))
    }
}

/// Two `SplitMix64` generators, one for each half of an id (Steele, Lea, Flood: "Fast splittable
/// pseudorandom number generators", 2014).
///
/// Do not use it for secrets. It gives the same values on every platform and in every release.
struct Mixer {
    halves: [u64; 2],
}

impl Default for Mixer {
    fn default() -> Self {
        Self {
            halves: [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03],
        }
    }
}

impl Mixer {
    fn add(&mut self, word: u64) {
        for half in &mut self.halves {
            *half = scramble(half.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word);
        }
    }

    fn finish(&self) -> Uuid {
        let [high, low] = self.halves;
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

fn scramble(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn id(cause: Option<Uuid>, handler: &str, n_commits: u32, idx: u32) -> Uuid {
        VirtualIds::default().make(IdContext::new(cause, handler, n_commits, idx))
    }

    #[test]
    fn virtual_id_is_the_same_for_the_same_context() {
        let root = id(None, "", 0, 0);

        assert_eq!(root, id(None, "", 0, 0));
        assert_eq!(root.to_string(), "46b73e79-f0c3-8c00-98bc-9b3a9f64da94");
    }

    #[test]
    fn virtual_id_depends_on_every_context_field() {
        let root = id(None, "", 0, 0);

        let ids = BTreeSet::from([
            root,
            id(Some(root), "OrderHandler", 0, 0),
            id(Some(root), "OrderHandler", 0, 1),
            id(Some(root), "OrderHandler", 1, 0),
            id(Some(root), "StockHandler", 0, 0),
            id(Some(Uuid::nil()), "OrderHandler", 0, 0),
        ]);

        assert_eq!(ids.len(), 6);
    }

    #[test]
    fn virtual_ids_without_cause_are_counted() {
        let ids = VirtualIds::default();

        assert_ne!(
            ids.make(IdContext::new(None, "", 0, 0)),
            ids.make(IdContext::new(None, "", 0, 0))
        );
    }
}
