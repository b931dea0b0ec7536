//! Number formats of memory that other libraries lend, and how to read each of them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use syntonic_core::tensor::Real;

/// The family of a number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two's complement.
    Signed,
    /// No sign.
    Unsigned,
    /// One byte, true unless 0.
    Bool,
    /// IEEE binary16, 32 or 64.
    Float,
    /// The upper half of a binary32.
    BFloat,
}

/// A number format: family, bytes of one element, and whether the bytes come in the other order than this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Family.
    pub kind: Kind,
    /// Bytes.
    pub size: usize,
    swapped: bool,
}

impl Element {
    /// Returns the format that a struct-module `format` string with items of `size` bytes describes.
    ///
    /// # Errors
    /// `TypeError` for anything but one real number.
    pub fn from_format(format: &str, size: usize) -> PyResult<Self> {
        let (order, code) = match format.as_bytes() {
            [order @ (b'@' | b'=' | b'<' | b'>' | b'!'), code] => (*order, *code),
            [code] => (b'@', *code),
            _ => (b'@', b'?' + 1),
        };
        let little = match order {
            b'<' => true,
            b'>' | b'!' => false,
            _ => cfg!(target_endian = "little"),
        };
        let kind = match code {
            b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => Kind::Signed,
            b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' => Kind::Unsigned,
            b'?' => Kind::Bool,
            b'e' | b'f' | b'd' => Kind::Float,
            _ => return Err(refuse(&format!("buffer format {format:?}"))),
        };
        Self::checked(kind, size, little != cfg!(target_endian = "little"))
            .ok_or_else(|| refuse(&format!("buffer format {format:?} of {size} bytes")))
    }

    /// Returns the format that a DLPack type describes.
    ///
    /// # Errors
    /// `TypeError` for anything but one real number of whole bytes.
    pub fn from_dlpack(code: u8, bits: u8, lanes: u16) -> PyResult<Self> {
        let kind = match code {
            0 => Some(Kind::Signed),
            1 => Some(Kind::Unsigned),
            2 => Some(Kind::Float),
            4 => Some(Kind::BFloat),
            6 => Some(Kind::Bool),
            _ => None,
        };
        kind.filter(|_| lanes == 1 && bits.is_multiple_of(8))
            .and_then(|kind| Self::checked(kind, usize::from(bits / 8), false))
            .ok_or_else(|| refuse(&format!("DLPack type code {code}, {bits} bits, {lanes} lanes")))
    }

    /// Reads row-major `bytes`; a trailing part of an element is left out.
    pub fn read<T: Real>(self, bytes: &[u8]) -> Vec<T> {
        match (self.kind, self.size) {
            (Kind::Float, 4) => self.decode(bytes, |b| T::from_f64(f64::from(f32::from_ne_bytes(b)))),
            (Kind::Float, 8) => self.decode(bytes, |b| T::from_f64(f64::from_ne_bytes(b))),
            (Kind::Float, _) => self.decode(bytes, |b| T::from_f64(half(u16::from_ne_bytes(b)))),
            (Kind::BFloat, _) => self.decode(bytes, |b| T::from_f64(bfloat(u16::from_ne_bytes(b)))),
            (Kind::Bool, _) => self.decode(bytes, |[b]| if b == 0 { T::ZERO } else { T::ONE }),
            (Kind::Signed, 1) => self.decode(bytes, |b| T::from_f64(f64::from(i8::from_ne_bytes(b)))),
            (Kind::Signed, 2) => self.decode(bytes, |b| T::from_f64(f64::from(i16::from_ne_bytes(b)))),
            (Kind::Signed, 4) => self.decode(bytes, |b| T::from_f64(f64::from(i32::from_ne_bytes(b)))),
            (Kind::Signed, _) => self.decode(bytes, |b| T::from_f64(i64::from_ne_bytes(b) as f64)),
            (Kind::Unsigned, 1) => self.decode(bytes, |[b]| T::from_f64(f64::from(b))),
            (Kind::Unsigned, 2) => self.decode(bytes, |b| T::from_f64(f64::from(u16::from_ne_bytes(b)))),
            (Kind::Unsigned, 4) => self.decode(bytes, |b| T::from_f64(f64::from(u32::from_ne_bytes(b)))),
            (Kind::Unsigned, _) => self.decode(bytes, |b| T::from_f64(u64::from_ne_bytes(b) as f64)),
        }
    }

    fn decode<T, const N: usize>(self, bytes: &[u8], one: impl Fn([u8; N]) -> T) -> Vec<T> {
        let (elements, _) = bytes.as_chunks::<N>();
        if self.swapped {
            let reversed = |mut b: [u8; N]| {
                b.reverse();
                b
            };
            return elements.iter().map(|&b| one(reversed(b))).collect();
        }
        elements.iter().map(|&b| one(b)).collect()
    }

    fn checked(kind: Kind, size: usize, swapped: bool) -> Option<Self> {
        let sizes: &[usize] = match kind {
            Kind::Signed | Kind::Unsigned => &[1, 2, 4, 8],
            Kind::Bool => &[1],
            Kind::Float => &[2, 4, 8],
            Kind::BFloat => &[2],
        };
        sizes.contains(&size).then_some(Self { kind, size, swapped })
    }
}

fn refuse(got: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "expected integers, booleans or floats of up to 64 bits, got {got}; convert them first"
    ))
}

/// Widens IEEE binary16: sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3FF);
    let magnitude = match bits >> 10 & 0x1F {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (fraction + 1024.0) * 2.0_f64.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

fn bfloat(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}
