//! The one rule for keys, wherever a key is written or looked up.
