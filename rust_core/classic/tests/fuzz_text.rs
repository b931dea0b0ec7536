//! Fuzzing of everything that reads a text: against a second reader, which is slow and plain.
//!
//! `make fuzz` does the same for hours: PROPTEST_CASES is how many texts of each kind are tried. A text that fails is
//! made smaller and kept beside this file, to be tried first from then on.

use proptest::prelude::*;
use syntonic_classic::exact::structures::structure_number;
use syntonic_classic::exact::{GoldenExact, Rational};
use syntonic_core::exact::BigInt;
use syntonic_core::{Error, Result};

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(5000);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

/// What the format is made of, what comes near it, and what breaks careless readers.
const PIECES: [&str; 36] = [
    "0",
    "1",
    "7",
    "10",
    "00",
    "99",
    "/",
    "*",
    "+",
    "-",
    " ",
    "phi",
    "φ",
    "3/2",
    "5*phi",
    " - ",
    " + ",
    "1/0",
    "/1",
    "ph",
    "hi",
    ".",
    "e9",
    "_",
    "\t",
    "\n",
    "\u{a0}",
    "\u{3000}",
    "\0",
    "−",
    "١",
    "²",
    "ﬁ",
    "φφ",
    "340282366920938463463374607431768211456",
    "-170141183460469231731687303715884105728",
];

fn spoilt() -> impl Strategy<Value = String> {
    let number =
        || (any::<i128>(), any::<i64>()).prop_filter_map("no fraction", |(n, d)| Rational::new(n, d.into()).ok());
    let text = (number(), number()).prop_map(|(a, b)| GoldenExact::new(a, b).to_string());
    let changes =
        prop::collection::vec((any::<prop::sample::Index>(), 0..4, prop::sample::select(PIECES.to_vec())), 0..4);
    (text, changes).prop_map(|(text, changes)| {
        let mut all: Vec<String> = text.chars().map(String::from).collect();
        for (place, kind, piece) in changes {
            let place = place.index(all.len() + 1);
            match kind {
                0 => all.truncate(place),
                1 if place < all.len() => drop(all.remove(place)),
                2 if place < all.len() => all[place] = piece.to_owned(),
                _ => all.insert(place, piece.to_owned()),
            }
        }
        all.concat()
    })
}

/// Reads characters one by one.
struct Reader<'a>(std::iter::Peekable<std::str::Chars<'a>>);

/// Why a text is no number.
enum Refusal {
    Form,
    ZeroBelow,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.0.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn digits(&mut self) -> Option<BigInt> {
        let mut number = None;
        while let Some(digit) = self.0.next_if(char::is_ascii_digit) {
            number = Some(number.unwrap_or(BigInt::ZERO) * 10 + (digit as u32 - '0' as u32));
        }
        number
    }

    fn phi(&mut self) -> bool {
        self.0.next_if_eq(&'φ').is_some() || ['p', 'h', 'i'].iter().all(|c| self.0.next_if_eq(c).is_some())
    }

    /// Returns (numerator, denominator, whether times phi).
    fn term(&mut self) -> std::result::Result<(BigInt, BigInt, bool), Refusal> {
        self.blanks();
        let Some(n) = self.digits() else {
            return if self.phi() { Ok((1.into(), 1.into(), true)) } else { Err(Refusal::Form) };
        };
        self.blanks();
        let mut d = BigInt::from(1);
        if self.0.next_if_eq(&'/').is_some() {
            self.blanks();
            d = self.digits().ok_or(Refusal::Form)?;
            self.blanks();
        }
        let star = self.0.next_if_eq(&'*').is_some();
        self.blanks();
        let golden = matches!(self.0.peek(), Some('p' | 'φ'));
        if golden != self.phi() || star && !golden { Err(Refusal::Form) } else { Ok((n, d, golden)) }
    }

    fn sum(mut self) -> std::result::Result<[(BigInt, BigInt); 2], Refusal> {
        let mut parts = [(BigInt::ZERO, BigInt::from(1)), (BigInt::ZERO, BigInt::from(1))];
        let mut zero_below = false;
        for i in 0.. {
            self.blanks();
            let sign = self.0.next_if(|c| matches!(c, '+' | '-'));
            match (self.0.peek(), sign) {
                (None, None) if i > 0 => break,
                (Some(_), None) if i > 0 => return Err(Refusal::Form),
                _ => (),
            }
            let (n, d, golden) = self.term()?;
            let n = if sign == Some('-') { -n } else { n };
            zero_below |= d == BigInt::ZERO;
            let (p, q) = &mut parts[usize::from(golden)];
            (*p, *q) = (&*p * &d + n * &*q, &*q * d);
        }
        if zero_below { Err(Refusal::ZeroBelow) } else { Ok(parts) }
    }
}

fn compare(text: &str) -> std::result::Result<(), TestCaseError> {
    let got: Result<GoldenExact> = text.parse();
    match (&got, Reader(text.chars().peekable()).sum()) {
        (Ok(x), Ok([(an, ad), (bn, bd)])) => {
            let part = |n, d| -> Result<Rational> { Rational::from_integer(n)? / Rational::from_integer(d)? };
            prop_assert_eq!(x, &GoldenExact::new(part(an, ad)?, part(bn, bd)?));
            prop_assert_eq!(&x.to_string().parse::<GoldenExact>()?, x);
        }
        // A zero below a line may be met before the fault in the form that follows it.
        (Err(Error::DivisionByZero { .. }), Err(_)) | (Err(Error::Value { .. }), Err(Refusal::Form)) => (),
        (_, wanted) => prop_assert!(false, "{:?}: {:?}, the plain reader accepts it: {}", text, got, wanted.is_ok()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text(text in any::<String>()) {
        compare(&text)?;
    }

    #[test]
    fn pieces(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12)) {
        compare(&pieces.concat())?;
    }

    #[test]
    fn numbers_with_faults(text in spoilt()) {
        compare(&text)?;
    }

    #[test]
    fn names(name in "[EDGl][0-9o][a-z0-9_]{0,12}|\\PC*") {
        match structure_number(&name) {
            Ok(number) => prop_assert!(number >= 1),
            Err(error) => prop_assert!(error.to_string().starts_with("structure: ")),
        }
    }
}
