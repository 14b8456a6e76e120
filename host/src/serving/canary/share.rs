//! Which operations are on the canary: a hash of the canary's id and the operation's key, compared with the share.
//!
//! The same key is on the same side for as long as a canary runs; another canary draws again, so that not always the same callers
//! get what is new first.

use mayfly_config::Percent;
use sha2::{Digest, Sha256};

/// What a share is counted in: hundredths of a percent.
const PARTS: u64 = 10_000;

/// Whether operations with this key run on the canary.
#[must_use]
pub fn is_on_canary(canary: u64, key: &str, share: Percent) -> bool {
    let mut hash = Sha256::new();
    hash.update(canary.to_be_bytes());
    hash.update(key.as_bytes());
    let first = hash
        .finalize()
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // 2^64 is no multiple of ten thousand; what that tilts is far below what anybody could count.
    first % PARTS < u64::from(share.parts())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(parts: u32) -> Percent {
        Percent::of_ten_thousand(parts)
    }

    proptest! {
        #[test]
        fn a_key_stays_on_its_side_and_a_larger_share_only_adds_keys(canary: u64, key: String, less in 0..5_000_u32, more in 0..5_000_u32) {
            let on = is_on_canary(canary, &key, share(less));
            prop_assert_eq!(on, is_on_canary(canary, &key, share(less)));
            prop_assert!(!on || is_on_canary(canary, &key, share(less + more)));
            prop_assert!(!is_on_canary(canary, &key, share(0)));
            prop_assert!(is_on_canary(canary, &key, share(10_000)));
        }

        #[test]
        fn of_many_keys_about_the_share_is_on_the_canary(canary: u64, parts in 1..=5_000_u32) {
            let keys = 20_000_u32;
            let on = (0..keys).filter(|key| is_on_canary(canary, &format!("caller-{key}"), share(parts))).count();
            let expected = f64::from(keys) * f64::from(parts) / 10_000.0;
            // Six standard deviations: one in 500 million draws is outside.
            let most = 6.0 * (expected * (1.0 - f64::from(parts) / 10_000.0)).sqrt() + 1.0;
            #[expect(clippy::cast_precision_loss, reason = "at most 20,000")]
            let off = (on as f64 - expected).abs();
            prop_assert!(off <= most, "{on} of {keys} at {parts} of ten thousand");
        }
    }

    #[test]
    fn another_canary_draws_anew() {
        let chosen = |canary: u64| {
            (0..1_000)
                .filter(|key| is_on_canary(canary, &key.to_string(), share(5_000)))
                .collect::<Vec<_>>()
        };
        let (first, second) = (chosen(1), chosen(2));
        let both = first.iter().filter(|key| second.contains(key)).count();
        assert!(
            (150..350).contains(&both),
            "{both} of 1,000 keys are on both canaries, where a quarter should be"
        );
    }
}
