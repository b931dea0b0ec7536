//! Values that Python hands over: buffers (NumPy, array, memoryview), DLPack (JAX, PyTorch), nested sequences, numbers.
//!
//! Everything is copied: a tensor is immutable, and nothing keeps an owner from writing to memory that it lent.

use pyo3::exceptions::{PyBufferError, PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PySequence, PyString, PyTuple};
use syntonic_core::tensor::afford::afford;
use syntonic_core::tensor::{self as core, DType, Real, Shape};

use crate::dlpack;
use crate::door::quick;
use crate::either::kind;
use crate::element::Element;
use crate::list::List;

/// Nesting that is surely a mistake (a list that holds itself) rather than data; also what a buffer can describe.
const MAX_RANK: usize = 64;

/// Reads the sizes of a shape: a sequence of integers, or one integer.
pub fn sizes(given: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    integers(given, "a shape needs whole numbers of at least 0")
}

/// Reads the sizes of a shape of which one may be -1.
pub fn open_sizes(given: &Bound<'_, PyAny>) -> PyResult<Vec<isize>> {
    integers(given, "a shape needs whole numbers of at least 0, or -1 once")
}

fn integers<'py, N: for<'a> FromPyObject<'a, 'py>>(given: &Bound<'py, PyAny>, expected: &str) -> PyResult<Vec<N>> {
    if given.is_exact_instance_of::<PyInt>() {
        return Ok(vec![given.extract::<N>().map_err(|_| refuse_size(given, expected))?]);
    }
    let list = match given.extract::<List<Bound<'_, PyAny>>>() {
        Err(error) if error.is_instance_of::<PyMemoryError>(given.py()) => return Err(error),
        list => list.map_or_else(|_| vec![given.clone()], |list| list.0),
    };
    let size = |item: &Bound<'py, PyAny>| item.extract::<N>().ok().filter(|_| !item.is_instance_of::<PyString>());
    list.iter().map(size).collect::<Option<Vec<_>>>().ok_or_else(|| refuse_size(given, expected))
}

fn refuse_size(given: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{expected}, got {}", shown(given)))
}

/// Reads numbers of rows or entries, for the operation `op`.
pub fn places(op: &str, given: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let refuse = |_| PyTypeError::new_err(format!("{op}() needs row numbers: a list, a range or an array of integers"));
    let rows = given.try_iter().and_then(|all| all.map(|row| row?.extract::<i64>()).collect::<PyResult<Vec<_>>>());
    let checked: Option<Vec<usize>> = rows.map_err(refuse)?.iter().map(|&row| usize::try_from(row).ok()).collect();
    checked.ok_or_else(|| PyValueError::new_err(format!("{op}() counts rows from 0; negative rows do not exist")))
}

/// Reads a tensor of `dtype` from anything that holds real numbers and is no tensor of ours.
pub fn read(data: &Bound<'_, PyAny>, dtype: DType) -> PyResult<core::Tensor> {
    if let Some((shape, element, bytes)) = lent(data)? {
        // What is lent may be much smaller than what it becomes.
        quick(|| afford::<f64>("tensor", bytes.len() / element.size))?;
        return match dtype {
            DType::F32 => quick(|| core::Tensor::new(shape, element.read::<f32>(&bytes))),
            DType::F64 => quick(|| core::Tensor::new(shape, element.read::<f64>(&bytes))),
        };
    }
    let mut nested = Nested::default();
    nested.visit(data, 0)?;
    let shape: Shape = nested.shape.into();
    match dtype {
        DType::F32 => {
            quick(|| core::Tensor::new(shape, nested.values.into_iter().map(f32::from_f64).collect::<Vec<_>>()))
        }
        DType::F64 => quick(|| core::Tensor::new(shape, nested.values)),
    }
}

/// What an array lends, copied: sizes, element format, row-major bytes.
type Lent = (Vec<usize>, Element, Vec<u8>);

/// Returns the memory that `data` lends by the buffer protocol or DLPack; `None` if it offers neither.
fn lent(data: &Bound<'_, PyAny>) -> PyResult<Option<Lent>> {
    let plain = data.is_exact_instance_of::<PyList>() || data.is_exact_instance_of::<PyTuple>();
    if plain || data.is_instance_of::<PyInt>() || data.is_instance_of::<PyString>() || data.is_instance_of::<PyBytes>()
    {
        return Ok(None);
    }
    let has_dlpack = data.hasattr("__dlpack__")?;
    let unreadable = match PyMemoryView::from(data) {
        Ok(view) => match format(&view) {
            Ok(element) => {
                let bytes = view.call_method0("tobytes")?;
                let bytes = bytes.cast::<PyBytes>()?.as_bytes();
                quick(|| afford::<u8>("tensor", bytes.len()))?;
                let bytes = bytes.to_vec();
                return Ok(Some((view.getattr("shape")?.extract()?, element, bytes)));
            }
            Err(unknown) if !has_dlpack => return Err(unknown),
            Err(unknown) => unknown,
        },
        Err(_) if !has_dlpack => return Ok(None),
        Err(_) => not_a_number(data),
    };
    // Formats that buffers have no letter for, such as bfloat16, may still go through DLPack.
    let lent = from_dlpack(data);
    lent.map(Some).map_err(|error| if error.is_instance_of::<PyBufferError>(data.py()) { unreadable } else { error })
}

fn format(view: &Bound<'_, PyMemoryView>) -> PyResult<Element> {
    Element::from_format(&view.getattr("format")?.extract::<String>()?, view.getattr("itemsize")?.extract()?)
}

fn from_dlpack(data: &Bound<'_, PyAny>) -> PyResult<Lent> {
    let py = data.py();
    let (device, _): (i32, i32) = data.call_method0("__dlpack_device__")?.extract()?;
    if device != 1 {
        return Err(PyValueError::new_err(format!(
            "expected an array on the CPU (DLPack device 1), got one on device {device}; copy it to the CPU first"
        )));
    }
    let version = PyDict::new(py);
    version.set_item("max_version", (1, 0))?;
    let capsule = match data.call_method("__dlpack__", (), Some(&version)) {
        // Producers older than DLPack 1.0 do not know the keyword.
        Err(error) if error.is_instance_of::<PyTypeError>(py) => data.call_method0("__dlpack__")?,
        other => other?,
    };
    dlpack::import(&capsule)
}

/// Numbers collected from nested sequences; sequences of one depth must have one length.
#[derive(Default)]
struct Nested {
    shape: Vec<usize>,
    values: Vec<f64>,
    /// Depth of the numbers, once one was seen.
    leaf: Option<usize>,
}

impl Nested {
    fn visit(&mut self, item: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
        if let Ok(list) = item.cast_exact::<PyList>() {
            return self.children(list.iter(), list.len(), depth);
        }
        if let Ok(tuple) = item.cast_exact::<PyTuple>() {
            return self.children(tuple.iter(), tuple.len(), depth);
        }
        if let Ok(number) = item.cast_exact::<PyFloat>() {
            return self.number(number.value(), depth);
        }
        if item.is_instance_of::<PyString>() || item.is_instance_of::<PyBytes>() {
            return Err(not_a_number(item));
        }
        // Before asking for a float: an array of one element is an axis, though it converts to a number.
        if let Some((shape, element, bytes)) = lent(item)? {
            return self.block(&shape, &element.read(&bytes), depth);
        }
        if let Ok(number) = item.extract::<f64>() {
            return self.number(number, depth);
        }
        match item.cast::<PySequence>() {
            Ok(sequence) => {
                let list = sequence.to_list()?;
                self.children(list.iter(), list.len(), depth)
            }
            Err(_) => Err(not_a_number(item)),
        }
    }

    fn children<'py>(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        count: usize,
        depth: usize,
    ) -> PyResult<()> {
        self.axis(depth, count)?;
        for item in items {
            self.visit(&item, depth + 1)?;
        }
        Ok(())
    }

    fn number(&mut self, number: f64, depth: usize) -> PyResult<()> {
        self.leaf_at(depth)?;
        self.values.push(number);
        Ok(())
    }

    fn block(&mut self, shape: &[usize], values: &[f64], depth: usize) -> PyResult<()> {
        for (i, &count) in shape.iter().enumerate() {
            self.axis(depth + i, count)?;
        }
        if !values.is_empty() {
            self.leaf_at(depth + shape.len())?;
        }
        self.values.extend_from_slice(values);
        Ok(())
    }

    fn axis(&mut self, depth: usize, count: usize) -> PyResult<()> {
        if depth >= MAX_RANK {
            return Err(PyValueError::new_err(format!(
                "data is nested more than {MAX_RANK} deep; does a list hold itself?"
            )));
        }
        if self.leaf.is_some_and(|leaf| leaf <= depth) {
            return Err(ragged(&format!("a sequence of {count} where other entries are numbers")));
        }
        match self.shape.get(depth) {
            None => self.shape.push(count),
            Some(&first) if first == count => {}
            Some(&first) => return Err(ragged(&format!("lengths {first} and {count} on axis {depth}"))),
        }
        Ok(())
    }

    fn leaf_at(&mut self, depth: usize) -> PyResult<()> {
        if self.shape.len() != depth {
            return Err(ragged(&format!("a number on axis {depth} where other entries are sequences")));
        }
        self.leaf = Some(depth);
        Ok(())
    }
}

fn ragged(got: &str) -> PyErr {
    PyValueError::new_err(format!("nested sequences must form a full rectangle, got {got}"))
}

fn not_a_number(item: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("expected real numbers, nested sequences of them or an array, got {}", shown(item)))
}

/// Returns a short text for an error message: the value when it is short, and the type.
fn shown(item: &Bound<'_, PyAny>) -> String {
    let kind = kind(item);
    match item.repr() {
        Ok(text) if text.len().is_ok_and(|n| n <= 60) => format!("{text} ({kind})"),
        _ => kind,
    }
}
