//! What an operation tells of itself: the methods of Python that apply it, with their arguments and documentation.
//!
//! `methods!` stands once in each operation's file. From it come the constructor that a method calls, an entry of
//! `ops::methods()`, and a macro by which the bindings write the method for tensors and for symbols.

/// A tensor, a symbol or a number beside the value whose method is called: one more input of the operation.
#[derive(Clone, Copy, Debug)]
pub struct Given;
/// The same, of an operation whose inputs repeat along axes of size 1: a number is as good as a tensor.
pub type Broadcast = Given;
/// A parameter of the model, by its number in the program.
#[derive(Clone, Copy, Debug)]
pub struct Param(pub usize);
/// One axis or several, counted from the end where negative.
#[derive(Clone, Debug)]
pub struct Dims(pub Vec<isize>);
/// The sizes of a shape.
#[derive(Clone, Debug)]
pub struct Sizes(pub Vec<usize>);
/// The sizes of a shape of which one may be -1: what is left.
#[derive(Clone, Debug)]
pub struct OpenSizes(pub Vec<isize>);
/// Numbers of entries, from 0.
#[derive(Clone, Debug)]
pub struct Places(pub Vec<usize>);
/// A number for each axis of positions, or one for all of them.
#[derive(Clone, Debug)]
pub struct PerAxis(pub Vec<usize>);
/// One number, for which a sequence of one may stand.
pub type Count = PerAxis;

impl PerAxis {
    /// The same number for every axis.
    pub fn all(number: usize) -> Self {
        Self(vec![number])
    }

    /// Returns (down, across) for two axes, two numbers of which the second counts for one.
    ///
    /// # Errors
    /// `Error::Value` for another count of numbers.
    pub fn read(&self, op: &'static str, what: &str, axes: usize) -> crate::Result<[usize; 2]> {
        match (axes, self.0.as_slice()) {
            (_, [all]) => Ok([*all, *all]),
            (2, [down, across]) => Ok([*down, *across]),
            (_, other) => Err(crate::Error::Value {
                op,
                expected: match axes {
                    1 => format!("one {what}"),
                    _ => format!("{what} (down, across) or one for both"),
                },
                got: format!("{other:?}"),
            }),
        }
    }
}

/// A method of tensors and symbols.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What the value is called whose method it is, as the first argument of a function.
    pub receiver: &'static str,
    /// Its documentation.
    pub doc: &'static str,
    /// Its other arguments: (name, type as it stands in the operation's file).
    pub arguments: &'static [(&'static str, &'static str)],
}

/// Describes the methods that apply an operation: documentation, name, arguments with their defaults, and the value of the
/// operation. A default of several tokens stands in parentheses; what Python shows then follows `as`. `@unread` stands
/// before a receiver that is no input.
macro_rules! methods {
    ($op:ident { $(
        $(#[doc = $doc:literal])+
        fn $name:ident($(@ $unread:ident)? $x:ident $(, $arg:ident: $kind:ty $(= $default:tt)?)*) $(as $text:literal)?
            => $value:expr;
    )+ }) => {
        #[allow(unused_variables, clippy::self_named_constructors, reason = "an argument may be there for its place alone")]
        impl $op {
            /// The methods that apply this operation.
            pub const METHODS: &'static [$crate::describe::Method] = &[$($crate::describe::Method {
                name: stringify!($name),
                receiver: stringify!($x),
                doc: ::core::concat!($($doc, "\n"),+),
                arguments: &[$((stringify!($arg), stringify!($kind))),*],
            }),+];

            $(
                /// Returns the operation that the method of this name applies.
                ///
                /// # Errors
                /// What an argument must not be; what does not fit the inputs' shapes is found by `shape`.
                pub fn $name($x: &$crate::tensor::Shape $(, $arg: $kind)*) -> $crate::Result<Self> {
                    $value
                }
            )+
        }

        #[macro_export]
        #[doc(hidden)]
        macro_rules! $op {
            () => { $(
                bind_method! {
                    $op $(#[doc = $doc])+ fn $name($(@ $unread)? $x $(, $arg: $kind $(= $default)?)*) $(as $text)?
                }
            )+ };
        }
    };
}
pub(crate) use methods;
