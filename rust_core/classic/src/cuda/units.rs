//! The wing's kernel sources: kernels/classic, behind the core's headers.

use syntonic_core::cuda::Unit;
use syntonic_core::tensor::DType;

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../kernels/", $name)))
    };
}

macro_rules! unit {
    ($name:literal, [$($header:literal),*], $quick:expr) => {
        Unit {
            name: $name,
            headers: &[file!("constants.cuh"), file!("common.cuh") $(, file!($header))*],
            source: include_str!(concat!("../../../kernels/classic/", $name, ".cu")),
            quick: &$quick,
        }
    };
}

/// All of them, by name.
pub static UNITS: &[Unit] = &[
    unit!("attractor", [], []),
    unit!("complex", [], []),
    unit!("golden_batch_norm", [], []),
    unit!("noise", ["philox.cuh"], [("noise", Some(DType::F64), "min")]),
    unit!("phases", [], []),
    unit!("resonant", ["philox.cuh"], [("d_phase", None, "min"), ("h_phase", None, "min")]),
    unit!("snap", ["classic/lattice.cuh"], [("snap", None, "mid")]),
    unit!("winding", ["rows.cuh"], [("syntony_whole", None, "min")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_unit_and_units_are_sorted() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../kernels/classic");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|file| file.ends_with(".cu"));
        files.sort();
        let units: Vec<String> = UNITS.iter().map(|unit| format!("{}.cu", unit.name)).collect();
        assert_eq!(files, units);
    }
}
