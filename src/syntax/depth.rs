//! How deep a text nests, told before it is parsed: the parser recurses, and its time grows with the square of the
//! depth. A hostile text must neither overflow a stack nor hang.

use rnix::SyntaxKind::*;

/// The deepest nesting that is parsed. Generated package sets stay below 100.
const MAX_DEPTH: usize = 4_000;

/// The stack that a thread needs to parse what [`is_safe`] lets through. Only what is used of it is ever backed by
/// memory.
pub const STACK_SIZE: usize = 64 << 20;

/// Whether `text` can be parsed in reasonable time on a stack of [`STACK_SIZE`].
pub fn is_safe(text: &str) -> bool {
    text.len() <= MAX_DEPTH || nesting(text) <= MAX_DEPTH
}

/// What is open: a bracket, and the tokens in it that may each nest one deeper (`a b c …`, `!!!…`, `a ++ b ++ …`).
struct Group {
    is_list: bool,
    run: usize,
}

/// An upper bound of the depth of the tree.
fn nesting(text: &str) -> usize {
    let mut open = vec![Group {
        is_list: false,
        run: 0,
    }];
    let (mut depth, mut deepest) = (0usize, 0usize);
    for (kind, _) in rnix::tokenize(text) {
        match kind {
            TOKEN_WHITESPACE | TOKEN_COMMENT | TOKEN_STRING_CONTENT | TOKEN_DOT => {}
            TOKEN_L_BRACE | TOKEN_L_BRACK | TOKEN_L_PAREN | TOKEN_INTERPOL_START
            | TOKEN_STRING_START => {
                open.push(Group {
                    is_list: kind == TOKEN_L_BRACK,
                    run: 1,
                });
                depth += 1;
            }
            TOKEN_R_BRACE | TOKEN_R_BRACK | TOKEN_R_PAREN | TOKEN_INTERPOL_END
            | TOKEN_STRING_END => {
                if open.len() > 1
                    && let Some(group) = open.pop()
                {
                    depth -= group.run;
                }
                count(&mut open, kind, &mut depth);
            }
            // A new binding or argument starts over; chains of `with a;` the parser limits itself.
            TOKEN_SEMICOLON | TOKEN_COMMA => {
                if let Some(group) = open.last_mut() {
                    depth -= group.run - group.run.min(1);
                    group.run = group.run.min(1);
                }
            }
            _ => count(&mut open, kind, &mut depth),
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Elements of a list stand side by side; everywhere else a further token may nest.
fn count(open: &mut [Group], kind: rnix::SyntaxKind, depth: &mut usize) {
    if let Some(group) = open.last_mut()
        && (!group.is_list || kind == TOKEN_OR)
    {
        group.run += 1;
        *depth += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_is_safe_and_deep_is_not() {
        let wide = "{ ".to_owned()
            + &"a = [ (x: x) { b = \"${c}\"; } \"s\" f.g ];\n".repeat(20_000)
            + "b = [ "
            + &"x y.z ".repeat(20_000)
            + "]; }";
        assert!(is_safe(&wide), "{}", nesting(&wide));
        for opener in [
            "[", "(", "{a=", "!", "- ", "a ", "a.b or ", "a -> ", "\"${", "[ a or ", "\"\" ",
        ] {
            assert!(!is_safe(&opener.repeat(50_000)), "{opener}");
        }
    }
}
