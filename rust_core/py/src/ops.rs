//! The operations of a forward pass, as methods that `Tensor` and `Symbol` share: each operation's file describes its own.
//!
//! A `Tensor` computes at once. As soon as one value of a call is a `Symbol` the operation is recorded; tensors and numbers
//! among the others become constants of its program.

mod arguments;
mod call;
mod operators;

use pyo3::prelude::*;
use syntonic_core::describe::{Broadcast, Count, Dims, Given, OpenSizes, Param, PerAxis, Places, Sizes};
use syntonic_core::ops::{self, Op};

use crate::symbol::Symbol;
use crate::tensor::Tensor;
use arguments::Argument;
use call::Call;

/// Writes a method that an operation's file describes, for tensors and for symbols.
macro_rules! bind_method {
    ($op:ident $(#[$doc:meta])+ fn $name:ident($($signature:tt)*) $(as $text:literal)?) => {
        bind_method! { Tensor $op ($(#[$doc])+ $(as $text)?) fn $name($($signature)*) }
        bind_method! { Symbol $op ($(#[$doc])+ $(as $text)?) fn $name($($signature)*) }
    };
    ($class:ident $op:ident ($(#[$doc:meta])+ $(as $text:literal)?)
        fn $name:ident($(@ $unread:ident)? $x:ident $(, $arg:ident: $kind:ty $(= $default:tt)?)*)) => {
        #[pymethods]
        impl $class {
            $(#[$doc])+
            #[pyo3(signature = ($($arg $(= $default)?),*) $(, text_signature = $text)?)]
            #[allow(clippy::too_many_arguments, reason = "these are the arguments in Python")]
            pub(crate) fn $name<'py>(
                &self,
                py: Python<'py>,
                $($arg: <$kind as Argument>::Taken),*
            ) -> PyResult<Bound<'py, PyAny>> {
                const UNREAD: &[&str] = &[$(stringify!($unread))?];
                #[allow(unused_mut, reason = "an operation of one input adds nothing")]
                let mut call = Call::new(self.into(), UNREAD.is_empty());
                $(let $arg = <$kind as Argument>::keep($arg, stringify!($name), &mut call)?;)*
                call.apply(py, |x, numbers| {
                    let _ = numbers;
                    <ops::$op>::$name(x, $(<$kind as Argument>::make($arg, numbers)),*).map(Op::from)
                })
            }
        }
    };
}

syntonic_core::bind_operations!();

/// Every method of tensors and symbols that applies an operation: (name, what the value is called, arguments as (name, type),
/// the formula in CUDA of those that map each element). The stub is written from it, and tests are.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a table for scripts")]
fn _operations() -> Vec<(&'static str, &'static str, Vec<(&'static str, &'static str)>, Option<&'static str>)> {
    let row = |(method, formula): (&'static syntonic_core::describe::Method, Option<&'static str>)| {
        (method.name, method.receiver, method.arguments.to_vec(), formula)
    };
    ops::methods().into_iter().map(row).collect()
}

/// Registers this file's functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(_operations, m)?)
}
