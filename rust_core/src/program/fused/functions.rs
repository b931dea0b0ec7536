//! Steps as functions: layers of the same sizes share one, since compiling a long text takes seconds.

use std::collections::HashMap;
use std::fmt::Write;

/// The functions of a kernel.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Their text.
    pub text: String,
    names: HashMap<String, String>,
}

impl Functions {
    /// Returns the call of a function that does what a step says: the same function for steps that differ in their places alone.
    pub fn call(&mut self, step: &str) -> String {
        let (mut body, mut arguments) = (String::new(), Vec::<&str>::new());
        for (number, part) in step.split('@').enumerate() {
            // Every second part is a place.
            if number % 2 == 0 {
                body.push_str(part);
                continue;
            }
            let known = arguments.iter().position(|&other| other == part);
            let at = known.unwrap_or_else(|| {
                arguments.push(part);
                arguments.len() - 1
            });
            write!(body, "a{at}").ok();
        }
        let count = self.names.len();
        let types = arguments.iter().map(|argument| argument.chars().next());
        let parameters: Vec<String> = types
            .enumerate()
            .map(|(at, kind)| match kind {
                Some('p' | 'i') => format!("int a{at}"),
                Some('m') => format!("Mean& a{at}"),
                _ => format!("const real* a{at}"),
            })
            .collect();
        let parameters =
            [&["int first, bool is_centre, Staging& staging".to_owned()], parameters.as_slice()].concat().join(", ");
        let key = format!("({parameters}) {{\n    POOL;\n    {body}\n}}\n");
        let text = &mut self.text;
        let name = self.names.entry(key).or_insert_with_key(|key| {
            let name = format!("step{count}");
            write!(text, "__device__ __noinline__ void {name}{key}").ok();
            name
        });
        let values = arguments.iter().map(|argument| argument.strip_prefix(['p', 'i']).unwrap_or(argument));
        let values: Vec<&str> = ["first, is_centre, staging"].into_iter().chain(values).collect();
        format!("{name}({});", values.join(", "))
    }
}

/// Returns a text with its marks resolved in place.
pub(super) fn plain(text: &str) -> String {
    let parts = text.split('@').enumerate();
    parts
        .map(|(number, part)| if number % 2 == 0 { part } else { part.strip_prefix(['p', 'i']).unwrap_or(part) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_differ_in_their_places_alone_share_a_function() {
        let mut functions = Functions::default();
        let call = functions.call("f<8>(pool + @p16@, @w3@, @i4@, @w3@);");
        assert_eq!(call, "step0(first, is_centre, staging, 16, w3, 4);");
        assert_eq!(
            functions.call("f<8>(pool + @p0@, @w1@, @i2 + 2@, @w1@);"),
            "step0(first, is_centre, staging, 0, w1, 2 + 2);"
        );
        assert_eq!(
            functions.call("f<8>(pool + @p0@, @w1@, @i4@, @w2@);"),
            "step1(first, is_centre, staging, 0, w1, 4, w2);"
        );
        assert_eq!(functions.text.matches("void").count(), 2);
        assert_eq!(plain("Next{@w1@, @i32@}"), "Next{w1, 32}");
    }
}
