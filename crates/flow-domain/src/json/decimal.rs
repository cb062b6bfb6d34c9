//! The exact value of a JSON number.

use std::cmp::Ordering;

/// A decimal number: `0.digits × 10^exponent`, with a sign.
///
/// Two numbers are equal exactly if their fields are equal. Zero has no digits, no sign and the
/// exponent 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) is_negative: bool,
    /// ASCII digits. Invariant: neither the first nor the last one is `0`.
    pub(super) digits: Vec<u8>,
    pub(super) exponent: i64,
}

impl Decimal {
    /// Reads the text of a JSON number: `-12.50e3`.
    ///
    /// An exponent beyond 64 bits becomes the greatest or the smallest one.
    pub(super) fn parse(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

        let all_digits = || whole.bytes().chain(fraction.bytes());
        let n_leading_zeros = all_digits().take_while(|digit| *digit == b'0').count();
        let mut digits: Vec<u8> = all_digits().skip(n_leading_zeros).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Self {
                is_negative: false,
                digits,
                exponent: 0,
            };
        }

        Self {
            is_negative,
            digits,
            exponent: exponent
                .saturating_add_unsigned(whole.len() as u64)
                .saturating_sub_unsigned(n_leading_zeros as u64),
        }
    }
}

fn parse_exponent(text: &str) -> i64 {
    text.parse().unwrap_or(if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    })
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |decimal: &Self| match (decimal.digits.is_empty(), decimal.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || {
            self.exponent
                .cmp(&other.exponent)
                .then_with(|| self.digits.cmp(&other.digits))
        };

        sign(self).cmp(&sign(other)).then_with(|| {
            if self.is_negative {
                size().reverse()
            } else {
                size()
            }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
