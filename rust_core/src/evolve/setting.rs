//! A setting is described once: its type, default, range and doc. Checks, parsing and what Python shows come from that.

use crate::tensor::DType;
use crate::{Error, Result};

/// The value of a setting, as a config has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: `null` in YAML, `None` in Python.
    None,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// One of several names.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Bool(x) => write!(f, "{x}"),
            Self::Integer(x) => write!(f, "{x}"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Text(x) => write!(f, "{x:?}"),
        }
    }
}

/// What a number must keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// x >= bound
    AtLeast(f64),
    /// x > bound
    Above(f64),
    /// x <= bound
    AtMost(f64),
    /// x < bound
    Below(f64),
    /// A multiple of two.
    Even,
}

impl Bound {
    fn holds(self, x: f64) -> bool {
        match self {
            Self::AtLeast(bound) => x >= bound,
            Self::Above(bound) => x > bound,
            Self::AtMost(bound) => x <= bound,
            Self::Below(bound) => x < bound,
            Self::Even => x % 2.0 == 0.0,
        }
    }
}

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A finite number.
    Number,
    /// One of these names.
    Choice(&'static [&'static str]),
}

/// All that is to be known of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub doc: String,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be none.
    pub optional: bool,
    /// What a number must keep.
    pub bounds: &'static [Bound],
    /// The value that it has if nothing is said.
    pub default: Value,
}

impl Setting {
    /// Returns what must hold, for a message.
    pub fn expected(&self) -> String {
        let name = self.name;
        let mut rule = match self.kind {
            Kind::Bool => format!("{name} true or false"),
            Kind::Choice(names) => format!("{name} {}", names.join(" or ")),
            Kind::Integer | Kind::Number => {
                let (mut low, mut high) = (String::new(), String::new());
                for bound in self.bounds {
                    match bound {
                        Bound::AtLeast(x) => low = format!("{x} <= "),
                        Bound::Above(x) => low = format!("{x} < "),
                        Bound::AtMost(x) => high = format!(" <= {x}"),
                        Bound::Below(x) => high = format!(" < {x}"),
                        Bound::Even => {}
                    }
                }
                match (low.trim().split_once(' '), high.is_empty()) {
                    // One bound stands behind the name, as people write it.
                    (Some((x, "<=")), true) => format!("{name} >= {x}"),
                    (Some((x, _)), true) => format!("{name} > {x}"),
                    _ => format!("{low}{name}{high}"),
                }
            }
        };
        if self.bounds.contains(&Bound::Even) {
            rule += ", even";
        }
        match self.kind {
            Kind::Integer => rule += ", a whole number",
            Kind::Number => rule += ", finite",
            _ => {}
        }
        if self.optional { rule + ", or none" } else { rule }
    }

    /// Checks a value of this setting.
    ///
    /// # Errors
    /// `Error::Value` when it is out of its range.
    pub fn check(&self, value: &Value) -> Result<()> {
        let number = match *value {
            Value::Integer(x) => x as f64,
            Value::Number(x) => x,
            _ => return Ok(()),
        };
        if number.is_finite() && self.bounds.iter().all(|bound| bound.holds(number)) {
            return Ok(());
        }
        Err(self.fault(value))
    }

    /// Returns the error for a value that this setting cannot have.
    pub fn fault(&self, value: &Value) -> Error {
        Error::Value { op: "trainer", expected: self.expected(), got: value.to_string() }
    }
}

/// A Rust type that settings have.
pub trait Type: Sized {
    /// What a config may write for it.
    const KIND: Kind;
    /// Whether it may be none.
    const OPTIONAL: bool = false;

    /// Returns it as a config has it.
    fn to_value(&self) -> Value;

    /// Reads it; none if `value` is of another type or too large.
    fn from_value(value: &Value) -> Option<Self>;
}

impl Type for bool {
    const KIND: Kind = Kind::Bool;

    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bool(x) = value { Some(*x) } else { None }
    }
}

impl Type for f64 {
    const KIND: Kind = Kind::Number;

    fn to_value(&self) -> Value {
        Value::Number(*self)
    }

    fn from_value(value: &Value) -> Option<Self> {
        match *value {
            Value::Number(x) => Some(x),
            Value::Integer(x) => Some(x as f64),
            _ => None,
        }
    }
}

macro_rules! integer {
    ($($type:ty)*) => { $(impl Type for $type {
        const KIND: Kind = Kind::Integer;

        fn to_value(&self) -> Value {
            Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
        }

        fn from_value(value: &Value) -> Option<Self> {
            if let Value::Integer(x) = value { Self::try_from(*x).ok() } else { None }
        }
    })* };
}

integer!(u32 u64 i64 usize);

impl<T: Type> Type for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::None, T::to_value)
    }

    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::None { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl Type for DType {
    const KIND: Kind = Kind::Choice(&["float32", "float64"]);

    fn to_value(&self) -> Value {
        Value::Text(self.name().into())
    }

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(name) = value { Self::from_name(name).ok() } else { None }
    }
}

/// A set of described settings.
pub trait Settings: Default {
    /// Returns their descriptions, in order.
    fn describe() -> Vec<Setting>;

    /// Returns the value of one; none if there is none of this name.
    fn value(&self, name: &str) -> Option<Value>;

    /// Sets one; false if there is none of this name.
    ///
    /// # Errors
    /// `Error::Value` for a value that it cannot have.
    fn set(&mut self, name: &str, value: &Value) -> Result<bool>;

    /// Checks each value against its description.
    ///
    /// # Errors
    /// `Error::Value` for the first that is out of its range.
    fn check_each(&self) -> Result<()> {
        Self::describe().iter().try_for_each(|setting| match self.value(setting.name) {
            Some(value) => setting.check(&value),
            None => Ok(()),
        })
    }
}

/// Makes a struct of settings from their descriptions: `name: type = default, bounds;` below a doc comment.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $struct:ident {
            $($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr $(, $bound:expr)*;)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $struct {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for $struct {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl $crate::evolve::setting::Settings for $struct {
            fn describe() -> Vec<$crate::evolve::setting::Setting> {
                use $crate::evolve::setting::{Bound, Type};
                let defaults = Self::default();
                vec![$($crate::evolve::setting::Setting {
                    name: stringify!($name),
                    doc: [$($doc.trim()),+].join(" "),
                    kind: <$type>::KIND,
                    optional: <$type>::OPTIONAL,
                    bounds: { const BOUNDS: &[Bound] = &[$($bound),*]; BOUNDS },
                    default: defaults.$name.to_value(),
                }),+]
            }

            fn value(&self, name: &str) -> Option<$crate::evolve::setting::Value> {
                use $crate::evolve::setting::Type;
                match name {
                    $(stringify!($name) => Some(self.$name.to_value()),)+
                    _ => None,
                }
            }

            fn set(&mut self, name: &str, value: &$crate::evolve::setting::Value) -> $crate::Result<bool> {
                use $crate::evolve::setting::Type;
                let fault = || {
                    let setting = Self::describe().into_iter().find(|setting| setting.name == name);
                    setting.map_or($crate::Error::Internal { what: format!("no setting {name}") }, |s| s.fault(value))
                };
                match name {
                    $(stringify!($name) => self.$name = <$type>::from_value(value).ok_or_else(fault)?,)+
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

/// Makes an enum whose variants a config names.
macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        pub enum $enum:ident { $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $enum { $($(#[doc = $doc])+ $variant,)+ }

        impl $crate::evolve::setting::Type for $enum {
            const KIND: $crate::evolve::setting::Kind = $crate::evolve::setting::Kind::Choice(&[$($name),+]);

            fn to_value(&self) -> $crate::evolve::setting::Value {
                let name = match self { $(Self::$variant => $name,)+ };
                $crate::evolve::setting::Value::Text(name.into())
            }

            fn from_value(value: &$crate::evolve::setting::Value) -> Option<Self> {
                match value {
                    $($crate::evolve::setting::Value::Text(text) if text == $name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {choice, settings};
