//! The kernel sources, part of the crates: one unit per file, compiled on its own for each number format.

use std::sync::OnceLock;

use crate::tensor::DType;

/// One source file of kernels.
#[derive(Debug)]
pub struct Unit {
    /// Name of the file without its extension.
    pub name: &'static str,
    /// Texts in front of the source.
    pub headers: &'static [(&'static str, &'static str)],
    /// The file's text.
    pub source: &'static str,
    /// Kernels that run as fast, or faster, when the compiler does less, which takes it half the time: the kernel, the format
    /// if it is one alone, and the compiler's mode (measured on an H100; most others become slower by a tenth with `min`,
    /// several times with `mid`).
    pub quick: &'static [(&'static str, Option<DType>, &'static str)],
}

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/", $name)))
    };
}
pub(crate) use file;

/// The unit of a file of kernels; the headers that it needs beside `constants.cuh` and `common.cuh` follow its name.
macro_rules! unit {
    ($name:literal $(, $header:literal)*) => {
        $crate::cuda::Unit {
            name: $name,
            headers: &[
                $crate::cuda::file!("constants.cuh"),
                $crate::cuda::file!("common.cuh")
                $(, $crate::cuda::file!($header))*
            ],
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/", $name, ".cu")),
            quick: &[],
        }
    };
}
pub(crate) use unit;

/// The kernel sources of this crate that several operations share, by name; others stand in the file of their operation.
static UNITS: &[Unit] = &[
    unit!("binary"),
    unit!("convolution"),
    unit!("generation", "philox.cuh", "population.cuh"),
    unit!("layer_norm", "rows.cuh"),
    unit!("layout"),
    unit!("losses"),
    unit!("perturbation", "philox.cuh", "population.cuh"),
    unit!("phi_residual"),
    unit!("pooling"),
    unit!("reductions"),
    unit!("syntonic_softmax", "rows.cuh"),
    unit!("unary"),
];

/// What a kernel made from a model begins with; definitions and parts follow.
pub(super) const SHARED_PARTS: &[(&str, &str)] =
    &[file!("constants.cuh"), file!("common.cuh"), file!("philox.cuh"), file!("population.cuh")];
/// The parts that such a kernel is made of.
pub(super) const MODEL_PARTS: &[(&str, &str)] = &[
    file!("members.cuh"),
    file!("multiply_tile.cuh"),
    file!("tensor_cores.cuh"),
    file!("layers.cuh"),
    file!("losses.cuh"),
];

/// What a fused kernel begins with; its parts follow its definitions.
pub(super) const FUSED_HEADERS: &[(&str, &str)] = &[file!("constants.cuh"), file!("common.cuh")];
/// The parts that a fused kernel is made of.
pub(super) const FUSED_PARTS: &[(&str, &str)] =
    &[file!("multiply_tile.cuh"), file!("fused.cuh"), file!("fused_products.cuh")];

/// Returns a file with a mark that keeps the compiler's messages true to it.
pub(super) fn lines((name, text): &(&str, &str)) -> String {
    format!("#line 1 \"{name}\"\n{text}\n")
}

/// Those of another crate that stands on this one.
static MORE: OnceLock<&[Unit]> = OnceLock::new();

/// Adds the units of another crate, once and before the first of them is asked for.
pub fn add_units(units: &'static [Unit]) {
    MORE.get_or_init(|| units);
}

/// Returns all units: this crate's, and then those that were added.
pub fn units() -> impl Iterator<Item = &'static Unit> {
    UNITS.iter().chain(MORE.get().copied().unwrap_or_default())
}

impl Unit {
    /// Returns the unit called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        units().find(|unit| unit.name == name)
    }

    /// Returns the whole text for the compiler; `#line` keeps its messages true to the files.
    pub fn text(&self) -> String {
        let files = self.headers.iter().copied().chain([(self.name, self.source)]);
        files.map(|file| lines(&file)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::exact::constants;

    #[test]
    fn the_constants_are_those_of_the_exact_room() {
        let text = include_str!("../../kernels/constants.cuh");
        let names = [
            ("PHI", constants::PHI),
            ("PHI_LOW", constants::PHI_LOW),
            ("PHI_INVERSE", constants::PHI_INVERSE),
            ("PHI_INVERSE_SQUARED", constants::PHI_INVERSE_SQUARED),
            ("E_STAR", constants::E_STAR),
            ("Q_DEFICIT", constants::Q_DEFICIT),
            ("S_STAR", constants::S_STAR),
        ];
        for (name, value) in names {
            let start = format!("constexpr double {name} = ");
            let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
            assert_eq!(line.trim_end_matches(';').parse(), Ok(value), "{name}");
        }
        assert_eq!(text.matches("constexpr").count(), names.len());
    }
}
