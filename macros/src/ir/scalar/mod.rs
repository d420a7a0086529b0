//! The IR of a scalar function: structured control flow over slots, in A-normal form.
//!
//! Every binding of the user is a slot of its own (shadowed names are told apart), calls and
//! control flow stand in statements, and what remains of an expression is straight-line code, a
//! [`Body`]. Code that cannot carry a derivative (indices, conditions, bounds) stays in the user's
//! own tokens, so that rustc reports on it as on the original.
//!
//! What the user writes in many ways is few kinds here. Iterator chains are index loops; `match`,
//! `if let` and `while let` are a discrete slot that holds the number of the arm, a chain of
//! [`StmtKind::If`] on it, and one [`Rhs::Bound`] per name that the pattern binds; `swap`, `fill`,
//! `extend_from_slice` and their kin are assignments and loops; a local reference (`&a[l..h]`) is
//! no slot but another name for a place, with its bounds in slots.

mod print;
mod shapes;
mod tokens;
mod visit;

use std::fmt;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

use super::body::{Body, ValueId};
pub(crate) use super::reversal::{Carried, Checkpoint, Element, Reversal, Selection};
pub(crate) use tokens::{is_float, is_range};
pub(crate) use visit::{for_each_flow, for_each_simple, for_each_simple_mut};

/// A slot of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct SlotId(pub(crate) u32);

/// A loop of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LoopId(pub(crate) u32);

/// A statement of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StmtId(pub(crate) u32);

/// A variable: a parameter, a binding, a temporary, or the result.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Its name in generated code, unique in the function.
    pub(crate) name: Ident,
    /// Known to hold only integers or booleans.
    pub(crate) discrete: bool,
    /// A parameter behind a reference: nothing is ever saved, and its shadow belongs to the caller.
    pub(crate) reference: bool,
    /// A parameter behind `&mut`: it is written in place, its shadow comes in with the cotangent
    /// of the final content and goes out with that of the initial content, and the reverse pass
    /// leaves the initial content behind.
    pub(crate) exclusive: bool,
    /// Bound with `mut`, or written after its binding: a name for a place must not outlive its
    /// value.
    pub(crate) mutable: bool,
    /// The type, where the user wrote one.
    pub(crate) ty: Option<TokenStream>,
    /// Carries a derivative from a parameter to the result; found by `activity`.
    pub(crate) active: bool,
    /// Read by the reverse pass, hence restored by it; found by `residuals`.
    pub(crate) needed: bool,
    /// Needed only if another function reads it in its reverse pass: the caller that lent it, or a
    /// function that it is lent to; found by `residuals`.
    pub(crate) doubtful: bool,
}

/// A scalar function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// All variables.
    pub(crate) slots: Vec<Slot>,
    /// The slots of the parameters.
    pub(crate) params: Vec<SlotId>,
    /// The slot of the result.
    pub(crate) result: SlotId,
    /// Constants that the user declared in the body.
    pub(crate) items: Vec<TokenStream>,
    /// The code.
    pub(crate) body: Block,
    /// Whether everything that the reverse pass needs comes from the tape.
    pub(crate) taped: bool,
    /// Whether everything active is accompanied by its tangent: then nothing is remembered instead
    /// of computed again, because its tangent is not.
    pub(crate) along: bool,
    /// Whether every active variable is restored: its shadows then follow its shape.
    pub(crate) whole: bool,
    /// Conversions to integers with the slots that they read: none of these may be active.
    pub(crate) conversions: Vec<(TokenStream, Vec<SlotId>)>,
}

impl Function {
    /// A slot.
    pub(crate) fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[id.0 as usize]
    }
}

/// Statements in order.
pub(crate) type Block = Vec<Stmt>;

/// A statement, with the place in the source that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Stmt {
    /// Its number.
    pub(crate) id: StmtId,
    /// Where errors about it point.
    pub(crate) span: Span,
    /// What it does.
    pub(crate) kind: StmtKind,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub(crate) enum StmtKind {
    /// Writes a place.
    Assign(Box<Assign>),
    /// `target.push(value)`: nothing is overwritten; the reverse pops the vector and its shadow.
    Push {
        /// The vector.
        target: Place,
        /// What is appended.
        value: Box<Value>,
    },
    /// `into = from.pop()`: the reverse pushes the popped value, and its cotangent, back.
    Pop {
        /// A slot that holds an `Option`.
        into: SlotId,
        /// The vector.
        from: Place,
    },
    /// Runs one of two blocks.
    If {
        condition: Inert,
        then: Block,
        otherwise: Block,
    },
    /// Runs a block some number of times.
    Loop(Loop),
    /// Leaves blocks early.
    Jump(Jump),
}

/// Code that carries no derivative: conditions, ranges, constants.
#[derive(Clone, Debug)]
pub(crate) struct Inert {
    /// The user's tokens with slots for names.
    pub(crate) tokens: TokenStream,
    /// Every slot that it reads.
    pub(crate) reads: Vec<SlotId>,
    /// Whether it calls something, so that it must not be evaluated again.
    pub(crate) impure: bool,
}

/// `once` marks what must not be evaluated again.
impl fmt::Display for Inert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let once = if self.impure { "once " } else { "" };
        write!(f, "{once}{}", self.tokens)
    }
}

impl ToTokens for Inert {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// A write.
#[derive(Clone, Debug)]
pub(crate) struct Assign {
    /// What is written.
    pub(crate) target: Place,
    /// `+=` and the like; the value then is that of the operator, and its tokens the operand's.
    pub(crate) operator: Option<TokenStream>,
    /// What is written to it.
    pub(crate) value: Rhs,
    /// The write of a declaration: the variable comes into being here, at every execution.
    pub(crate) declares: bool,
    /// The first write of its slot, and executed at most once: there is no old content.
    pub(crate) fresh: bool,
}

/// How a copy of a place is made that owns its elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Copying {
    /// `to_vec()` of a list.
    List,
    /// `to_owned()` of what a view of an array refers to.
    Array,
}

impl Copying {
    /// The method that copies.
    pub(crate) fn method(self) -> Ident {
        let name = match self {
            Copying::List => "to_vec",
            Copying::Array => "to_owned",
        };
        Ident::new(name, Span::call_site())
    }

    /// A reference to what can be written of such a place.
    pub(crate) fn content(self, place: TokenStream) -> TokenStream {
        match self {
            Copying::List => quote!(&mut #place[..]),
            Copying::Array => quote!(&mut #place),
        }
    }
}

/// A place that can be read and written: a slot and a path into it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The variable.
    pub(crate) root: SlotId,
    /// `[i][j]`, `.0`, .. A row or a column of an array ends in `.row(i)`, `.column(j)`.
    pub(crate) path: TokenStream,
    /// Whether it is what the reference refers to: `*x`.
    pub(crate) deref: bool,
    /// The slots that the path reads.
    pub(crate) reads: Vec<SlotId>,
}

impl Place {
    /// A whole slot.
    pub(crate) fn whole(root: SlotId) -> Place {
        Place {
            root,
            path: TokenStream::new(),
            deref: false,
            reads: Vec::new(),
        }
    }

    /// A row or a column of an array: the path to the array, the method that yields it, the index.
    pub(crate) fn line(&self) -> Option<(TokenStream, Ident, TokenStream)> {
        let mut trees: Vec<TokenTree> = self.path.clone().into_iter().collect();
        let (index, name, _dot) = (trees.pop()?, trees.pop()?, trees.pop()?);
        match (name, index) {
            (TokenTree::Ident(name), TokenTree::Group(index))
                if index.delimiter() == Delimiter::Parenthesis =>
            {
                Some((trees.into_iter().collect(), name, index.stream()))
            }
            _ => None,
        }
    }

    /// The place in a variable of that name; with `exclusive`, it is to be written.
    pub(crate) fn within(&self, name: &dyn ToTokens, exclusive: bool) -> TokenStream {
        let (name, path) = (name.to_token_stream(), &self.path);
        let name = if self.deref { quote!((*#name)) } else { name };
        match self.line() {
            Some((path, line, index)) => {
                let line = match exclusive {
                    true => format_ident!("{}_mut", line),
                    false => line,
                };
                quote!((*#name #path.#line(#index)))
            }
            None => quote!(#name #path),
        }
    }
}

/// The right side of an assignment.
#[derive(Clone, Debug)]
pub(crate) enum Rhs {
    /// Straight-line code.
    Value(Value),
    /// `[a, b, c]`, `(a, b)`, `Point { x, y }`, `Some(a)`: a value made of parts.
    Aggregate(Aggregate, Vec<Value>),
    /// `[value; count]` or `vec![value; count]`; the cotangent of the value is the sum of all.
    Repeat(Box<Value>, Aggregate, Inert),
    /// What a name of a pattern stands for; the pattern is known to match.
    Bound(Bound),
    /// `place.to_vec()`: an owned copy.
    Copied(Place, Copying),
    /// A value that carries no derivative.
    Constant(Inert),
    /// A value converted to another float type.
    Cast(Value, TokenStream),
    /// A call of another differentiable function.
    Call(Call),
}

/// How an aggregate is written.
#[derive(Clone, Debug)]
pub(crate) enum Aggregate {
    /// `[a, b]`
    Array,
    /// `vec![a, b]`
    Vec,
    /// `(a, b)`
    Tuple,
    /// `Point { x: a, y: b }`, with the fields in the order of the values.
    Struct(syn::Path, Vec<syn::Member>),
    /// `Some(a)`: a variant, or a structure with unnamed fields.
    Variant(syn::Path),
}

/// A name of a pattern that is matched against a place.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// What is matched.
    pub(crate) place: Place,
    /// The pattern, which binds only `name`.
    pub(crate) pattern: TokenStream,
    /// The pattern without what it asks of integers and other constants: in a shadow these are
    /// all zero.
    pub(crate) shadow: TokenStream,
    /// The name in both patterns.
    pub(crate) name: Ident,
}

/// Straight-line code, as the user wrote it and as a body over its leaves.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// The user's expression with slots for names.
    pub(crate) tokens: TokenStream,
    /// The same as operations; inputs are leaves by number.
    pub(crate) body: Body,
    /// The result in `body`.
    pub(crate) result: ValueId,
    /// What it reads.
    pub(crate) leaves: Vec<Leaf>,
    /// After differentiation: which leaf receives which value of `body`, where input number
    /// `leaves.len()` is the incoming cotangent.
    pub(crate) flows: Vec<(usize, ValueId)>,
}

/// Something that straight-line code reads.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// How it is read.
    pub(crate) tokens: TokenStream,
    /// The slots that reading it reads.
    pub(crate) reads: Vec<SlotId>,
    /// The place, if it can carry a derivative.
    pub(crate) place: Option<Place>,
}

/// A call of another differentiable function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Which function it is.
    pub(crate) callee: Callee,
    /// Arguments in order.
    pub(crate) args: Vec<Arg>,
    /// What is asked of the function.
    pub(crate) wanted: Wanted,
}

/// How the user named a function.
#[derive(Clone, Debug)]
pub(crate) enum Callee {
    /// A function by its path.
    Path(syn::Path),
    /// An associated function: the type, and the function.
    Associated(TokenStream, Ident),
    /// A method of the first argument.
    Method(Ident),
}

impl Callee {
    /// The name, if it is a bare one.
    pub(crate) fn bare(&self) -> Option<&Ident> {
        match self {
            Callee::Path(path) => path.get_ident(),
            Callee::Associated(..) | Callee::Method(_) => None,
        }
    }
}

impl ToTokens for Callee {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Callee::Path(path) => quote::quote!(#path),
            Callee::Associated(ty, name) => quote::quote!(#ty::#name),
            Callee::Method(name) => quote::quote!(_::#name),
        });
    }
}

/// What a call asks of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// `f(..)`
    Value,
    /// `f::grad(..)`
    Gradient,
    /// `f::value_and_grad(..)`
    ValueAndGradient,
    /// `f::jvp(..)`
    Directional,
}

impl Wanted {
    /// The entry point of the companion; `None` for the function itself.
    pub(crate) fn entry(self) -> Option<&'static str> {
        match self {
            Wanted::Value => None,
            Wanted::Gradient => Some("grad"),
            Wanted::ValueAndGradient => Some("value_and_grad"),
            Wanted::Directional => Some("jvp"),
        }
    }
}

/// An argument.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    /// Passed by value.
    Value(Value),
    /// `&place`, or a parameter that is itself a reference (then `borrow` is false). `view` says that
    /// the user hands over a view of an array by value.
    Shared {
        place: Place,
        borrow: bool,
        view: bool,
    },
    /// `&mut place`, or a parameter that is itself such a reference (then `borrow` is false): the
    /// callee's reverse restores the place and turns its shadow back.
    Exclusive {
        place: Place,
        borrow: bool,
        view: bool,
    },
}

/// A loop.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    /// Its number.
    pub(crate) id: LoopId,
    /// Where errors about it point.
    pub(crate) span: Span,
    /// What decides on another turn.
    pub(crate) head: Head,
    /// The code.
    pub(crate) body: Block,
    /// The states that the user wants kept of it, instead of everything.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// How the reverse pass goes through it; chosen by `reversal`.
    pub(crate) reversal: Reversal,
}

impl Loop {
    /// The variable and the range of a loop over one.
    pub(crate) fn over(&self) -> (Option<SlotId>, TokenStream) {
        match &self.head {
            Head::For { variable, range } => (*variable, range.tokens.clone()),
            Head::While(_) | Head::Forever => (None, TokenStream::new()),
        }
    }
}

/// The head of a loop.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// `for variable in range`
    For {
        variable: Option<SlotId>,
        range: Inert,
    },
    /// `while condition`
    While(Inert),
    /// `loop`
    Forever,
}

/// Where a jump goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Jump {
    /// Behind the loop.
    Break(LoopId),
    /// To the next turn of the loop.
    Continue(LoopId),
    /// Out of the function; the result has been written.
    Return,
}
