//! The arguments of methods: how Python hands each kind over, and what the operation's constructor gets.

use pyo3::prelude::*;
use syntonic_core::describe::{Dims, Given, OpenSizes, Param, PerAxis, Places, Sizes};

use super::call::Call;
use crate::either::either;
use crate::list::{List, Whole};
use crate::resonant::ResonantTensor;
use crate::source::{open_sizes, places, sizes};
use crate::symbol;

/// A kind of argument.
pub(crate) trait Argument: Sized {
    /// What Python hands over.
    type Taken;
    /// What is kept until the numbers of the parameters are known.
    type Kept: Send;

    /// Reads it for the method `op`; inputs and parameters go to the call.
    fn keep(given: Self::Taken, op: &'static str, call: &mut Call) -> PyResult<Self::Kept>;

    /// Returns what the constructor gets; `numbers` are those of the call's parameters.
    fn make(kept: Self::Kept, numbers: &[usize]) -> Self;
}

/// Kinds that are handed on as they are.
macro_rules! plain {
    ($($kind:ty: $python:ty ),+ $(,)?) => {
        $(impl Argument for $kind {
            type Taken = $python;
            type Kept = Self;

            fn keep(given: $python, _: &'static str, _: &mut Call) -> PyResult<Self> {
                Ok(given)
            }

            fn make(kept: Self, _: &[usize]) -> Self {
                kept
            }
        })+
    };
}

plain! {
    bool: bool, f64: f64, isize: isize, String: String, Option<f64>: Option<f64>,
}

/// Kinds that are read by a type of ours.
macro_rules! lists {
    ($($kind:ty: $python:ty, |$given:ident| $value:expr;)+) => {
        $(impl Argument for $kind {
            type Taken = $python;
            type Kept = Self;

            fn keep($given: $python, _: &'static str, _: &mut Call) -> PyResult<Self> {
                Ok($value)
            }

            fn make(kept: Self, _: &[usize]) -> Self {
                kept
            }
        })+
    };
}

lists! {
    u32: Whole, |given| given.0;
    Vec<isize>: List<isize>, |given| given.0;
    Option<Vec<f64>>: Option<List<f64>>, |given| given.map(|given| given.0);
}

impl Argument for Given {
    type Taken = symbol::Given;
    type Kept = ();

    fn keep(given: symbol::Given, _: &'static str, call: &mut Call) -> PyResult<()> {
        call.inputs.push(given);
        Ok(())
    }

    fn make((): (), _: &[usize]) -> Self {
        Self
    }
}

impl Argument for Option<Given> {
    type Taken = Option<symbol::Given>;
    type Kept = bool;

    fn keep(given: Option<symbol::Given>, _: &'static str, call: &mut Call) -> PyResult<bool> {
        let there = given.is_some();
        call.inputs.extend(given);
        Ok(there)
    }

    fn make(there: bool, _: &[usize]) -> Self {
        there.then_some(Given)
    }
}

impl Argument for Vec<Given> {
    type Taken = List<symbol::Given>;
    type Kept = usize;

    fn keep(given: List<symbol::Given>, _: &'static str, call: &mut Call) -> PyResult<usize> {
        let count = given.len();
        call.inputs.extend(given);
        Ok(count)
    }

    fn make(count: usize, _: &[usize]) -> Self {
        vec![Given; count]
    }
}

impl Argument for Param {
    type Taken = Py<ResonantTensor>;
    type Kept = usize;

    fn keep(given: Py<ResonantTensor>, _: &'static str, call: &mut Call) -> PyResult<usize> {
        call.parameters.push(given.get().inner());
        Ok(call.parameters.len() - 1)
    }

    fn make(place: usize, numbers: &[usize]) -> Self {
        Self(numbers[place])
    }
}

impl Argument for Option<Param> {
    type Taken = Option<Py<ResonantTensor>>;
    type Kept = Option<usize>;

    fn keep(given: Self::Taken, op: &'static str, call: &mut Call) -> PyResult<Option<usize>> {
        given.map(|given| Param::keep(given, op, call)).transpose()
    }

    fn make(place: Option<usize>, numbers: &[usize]) -> Self {
        place.map(|place| Param::make(place, numbers))
    }
}

/// Kinds that are read from any object.
macro_rules! read {
    ($($kind:ident: |$given:ident, $op:ident| $value:expr),+ $(,)?) => {
        $(impl Argument for $kind {
            type Taken = Py<PyAny>;
            type Kept = Self;

            fn keep(given: Py<PyAny>, $op: &'static str, _: &mut Call) -> PyResult<Self> {
                let _ = $op;
                Python::attach(|py| {
                    let $given = given.bind(py);
                    $value.map(Self)
                })
            }

            fn make(kept: Self, _: &[usize]) -> Self {
                kept
            }
        })+
    };
}

read! {
    Sizes: |given, op| sizes(given),
    OpenSizes: |given, op| open_sizes(given),
    Places: |given, op| places(op, given),
}

/// A number, or one for each axis of positions.
pub(crate) struct Numbers(PerAxis);

impl<'py> FromPyObject<'_, 'py> for Numbers {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        sizes(&given).map(PerAxis).map(Self)
    }
}

impl From<PerAxis> for Numbers {
    fn from(numbers: PerAxis) -> Self {
        Self(numbers)
    }
}

impl Argument for PerAxis {
    type Taken = Numbers;
    type Kept = Self;

    fn keep(given: Numbers, _: &'static str, _: &mut Call) -> PyResult<Self> {
        Ok(given.0)
    }

    fn make(kept: Self, _: &[usize]) -> Self {
        kept
    }
}

impl Argument for Option<PerAxis> {
    type Taken = Option<Numbers>;
    type Kept = Self;

    fn keep(given: Option<Numbers>, _: &'static str, _: &mut Call) -> PyResult<Self> {
        Ok(given.map(|given| given.0))
    }

    fn make(kept: Self, _: &[usize]) -> Self {
        kept
    }
}

/// One axis or several.
pub(crate) enum Axes {
    One(isize),
    Several(List<isize>),
}

either!(Axes: One | Several, "an axis or a sequence of axes");

impl Argument for Option<Dims> {
    type Taken = Option<Axes>;
    type Kept = Self;

    fn keep(given: Option<Axes>, _: &'static str, _: &mut Call) -> PyResult<Self> {
        Ok(given.map(|given| match given {
            Axes::One(axis) => Dims(vec![axis]),
            Axes::Several(axes) => Dims(axes.0),
        }))
    }

    fn make(kept: Self, _: &[usize]) -> Self {
        kept
    }
}
