//! Snap to the golden lattice and back: kernels/snap.cu, with the tables of exact/table.rs on the device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use easy_ext::ext;
use syntonic_core::cuda::{Arg, Device, DeviceTensor, Format, Grid, Kernel, maybe, packs, rows_of, size};
use syntonic_core::exact::snap::{Bucket, Snapper};
use syntonic_core::tensor::DType;
use syntonic_core::{Error, Result};

/// The snap table of one precision on one device: buckets of 16 bytes, as snap.cu has them.
#[derive(Clone)]
struct Table {
    end: f64,
    buckets_per_unit: f64,
    buckets: DeviceTensor,
}

/// Tables that were uploaded, by device and precision.
static TABLES: Mutex<Option<HashMap<(usize, i64), Table>>> = Mutex::new(None);

impl Table {
    /// Returns the table of one precision; one that covers nothing where the precision is too fine for tables.
    fn get(device: &Arc<Device>, snapper: &Snapper) -> Result<Self> {
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = tables.get_or_insert_default();
        let key = (device.ordinal(), snapper.precision());
        if let Some(table) = tables.get(&key) {
            return Ok(table.clone());
        }
        let found = snapper.table();
        let words: Vec<i64> = found.iter().flat_map(|table| &table.buckets).copied().flat_map(words).collect();
        let table = Self {
            end: found.map_or(0.0, |table| table.end),
            buckets_per_unit: found.map_or(1.0, |table| table.buckets_per_unit),
            buckets: DeviceTensor::from_values(device, [words.len()].into(), Format::I64, &words)?,
        };
        tables.insert(key, table.clone());
        Ok(table)
    }
}

/// Returns a bucket as two words: a float, and four integers of 16 bits.
fn words(bucket: Bucket) -> [i64; 2] {
    let Bucket { border, points: [low, high] } = bucket;
    let points = [low.0, low.1, high.0, high.1].map(|n| i64::from(n.cast_unsigned()));
    [border.to_bits().cast_signed(), points.iter().rev().fold(0, |word, n| word << 16 | n)]
}

/// Snaps and what they change.
#[ext(Lattice)]
impl DeviceTensor {
    /// Returns the integers (a, b), |a|, |b| <= precision, of the lattice point a + b phi nearest to each number.
    ///
    /// # Errors
    /// `Error::Value` for NaN, infinity or a precision out of range.
    pub fn snap(&self, precision: i64) -> Result<(DeviceTensor, DeviceTensor)> {
        const OP: &str = "snap";
        let dtype = self.format().real(OP)?;
        let snapper = Snapper::new(precision)?;
        let device = self.device();
        let integers = || DeviceTensor::empty(OP, device, self.shape().clone(), Format::I64);
        let (a, b) = (integers()?, integers()?);
        let n = self.numel();
        if n == 0 {
            return Ok((a, b));
        }
        let table = Table::get(device, &snapper)?;
        let bad = DeviceTensor::zeros(OP, device, [1].into(), Format::I32)?;
        let packs = packs(&[self]);
        let args = [
            a.pointer(),
            b.pointer(),
            self.pointer(),
            size(packs),
            size(n),
            Arg::Size(precision),
            Arg::Real(table.end),
            Arg::Real(table.buckets_per_unit),
            table.buckets.pointer(),
            bad.pointer(),
        ];
        let grid = Grid::flat(if packs > 0 { n.div_ceil(2) } else { n });
        device.launch(&Kernel::plain(OP, OP, OP, dtype), grid, &args)?;
        if bad.values::<i32>(OP)? != [0] {
            return Err(Error::Value { op: OP, expected: "finite numbers".into(), got: "NaN or infinity".into() });
        }
        Ok((a, b))
    }

    /// Returns a + b phi as floats; this tensor holds a.
    ///
    /// # Errors
    /// `Error::DType` unless both hold integers of 64 bits, `Error::Shape` when the shapes differ.
    pub fn wake(&self, b: &DeviceTensor, dtype: DType) -> Result<DeviceTensor> {
        const OP: &str = "wake";
        self.lattice(OP, self, b)?;
        let out = DeviceTensor::empty(OP, self.device(), self.shape().clone(), Format::Real(dtype))?;
        let n = self.numel();
        if n > 0 {
            let args = [out.pointer(), self.pointer(), b.pointer(), size(n)];
            self.device().launch(&Kernel::plain(OP, "snap", OP, dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }

    /// Returns ((a + b phi) - x) w: what a snap of this tensor changed, weighted by feature if there are weights.
    ///
    /// # Errors
    /// `Error::Shape` and `Error::DType` when the operands do not fit.
    pub fn snap_gradient(
        &self,
        a: &DeviceTensor,
        b: &DeviceTensor,
        weights: Option<&DeviceTensor>,
    ) -> Result<DeviceTensor> {
        const OP: &str = "snap_gradient";
        let dtype = self.format().real(OP)?;
        self.lattice(OP, a, b)?;
        let (_, dim) = rows_of(OP, self.shape())?;
        if let Some(weights) = weights {
            self.matches(OP, weights, &[dim])?;
        }
        let out = self.like(OP, self.shape().clone())?;
        let n = self.numel();
        if n > 0 {
            let args = [out.pointer(), self.pointer(), a.pointer(), b.pointer(), maybe(weights), size(n), size(dim)];
            self.device().launch(&Kernel::plain(OP, "snap", OP, dtype), Grid::flat(n), &args)?;
        }
        Ok(out)
    }
}

#[ext(LatticeParts)]
impl DeviceTensor {
    fn lattice(&self, op: &'static str, a: &DeviceTensor, b: &DeviceTensor) -> Result<()> {
        if a.format() != Format::I64 {
            return Err(Error::DType { op, expected: "int64 coefficients".into(), got: a.format().name().into() });
        }
        a.matches(op, b, self.shape().dims())?;
        a.matches(op, a, self.shape().dims())?;
        if a.device().ordinal() == self.device().ordinal() {
            return Ok(());
        }
        Err(Error::Value {
            op,
            expected: format!("tensors on {:?}", self.device()),
            got: format!("one on {:?}", a.device()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_border_and_two_points() {
        let [border, word] = words(Bucket { border: 0.5, points: [(3, -4), (-1, 4096)] });
        assert_eq!(f64::from_bits(border.cast_unsigned()), 0.5);
        let short = |i: usize| (word >> (16 * i)) as i16;
        assert_eq!([short(0), short(1), short(2), short(3)], [3, -4, -1, 4096]);
    }
}
