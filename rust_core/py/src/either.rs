//! An argument of one of several types: the first that fits, or an error that says what was expected.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// Returns the name of an argument's type.
pub(crate) fn kind(given: &Bound<'_, PyAny>) -> String {
    given.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

/// Returns the error for an argument of another type.
pub(crate) fn refused(given: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    PyTypeError::new_err(format!("expected {expected}, got {}", kind(given)))
}

/// Lets Python give an enum whose variants hold one value each: the first variant whose value it can be.
macro_rules! either {
    ($name:ident: $($variant:ident)|+, $expected:literal) => {
        impl<'py> pyo3::FromPyObject<'_, 'py> for $name {
            type Error = pyo3::PyErr;

            fn extract(given: pyo3::Borrowed<'_, 'py, pyo3::PyAny>) -> pyo3::PyResult<Self> {
                $(
                    match given.extract() {
                        Ok(value) => return Ok(Self::$variant(value)),
                        Err(error) => {
                            let error: pyo3::PyErr = error.into();
                            if error.is_instance_of::<pyo3::exceptions::PyMemoryError>(given.py()) {
                                return Err(error);
                            }
                        }
                    }
                )+
                Err($crate::either::refused(&given, $expected))
            }
        }
    };
}

pub(crate) use either;
