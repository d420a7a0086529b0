//! Calls of other differentiable functions.

use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall, PathArguments};

use super::Lowerer;
use super::aggregate::{constructor, memory_function};
use super::expr::{Builder, Term};
use super::opaque::Opaque;
use super::scope::View;
use crate::diag::Code;
use crate::ir::scalar::{Arg, Call, Callee, Place, Rhs, SlotId, Wanted};

impl Lowerer<'_> {
    /// Lowers a call to a term: the operation, a temporary that holds the result, or opaque code
    /// if no argument can carry a derivative.
    pub(super) fn call_term(&mut self, builder: &mut Builder, call: &ExprCall) -> Option<Term> {
        if let Some((name, at)) = self.float_function(&call.func) {
            let mut terms = Vec::new();
            for argument in &call.args {
                terms.push(self.term(builder, argument)?);
            }
            if let ("of", [Term::Literal(tokens, value)]) = (name.as_str(), terms.as_slice()) {
                let func = &call.func;
                return Some(Term::Literal(quote!(#func(#tokens)), *value));
            }
            if terms.iter().all(Term::is_opaque) {
                return Some(Term::Opaque(self.opaque(&Expr::Call(call.clone()))));
            }
            let tokens = terms.iter().map(|term| term.clone().into_opaque().tokens);
            let func = &call.func;
            let tokens = quote!(#func(#(#tokens),*));
            let id = self.function(builder, &name, terms, &at)?;
            return Some(Term::Node(tokens, id));
        }
        if constructor(call) || matches!(memory_function(call).as_deref(), Some("replace" | "take"))
        {
            return Some(self.hoisted(builder, &Expr::Call(call.clone())));
        }
        let mark = self.mark();
        let called = self.call(call)?;
        self.unchanged_since(mark, builder, call);
        match called {
            // What is read behind the call is read after it; what was read before must not change.
            Rhs::Call(inner) if inner.written().any(|place| builder.has_read(place.root)) => {
                let message = "bind the value of a call that writes to its arguments with `let`";
                self.error(call, Code::Expression, message);
                None
            }
            Rhs::Constant(code) => {
                let opaque = self.opaque(&Expr::Call(call.clone()));
                let tokens = code.tokens;
                Some(Term::Opaque(Opaque { tokens, ..opaque }))
            }
            value => Some(self.through_slot(builder, "call", call.span(), value)),
        }
    }

    /// Lowers a call to the right side of an assignment.
    pub(super) fn call(&mut self, call: &ExprCall) -> Option<Rhs> {
        let Expr::Path(path) = &*call.func else {
            self.error(
                &call.func,
                Code::Callee,
                "only a function can be called by its path",
            );
            return None;
        };
        if let Some(name) = path.path.get_ident()
            && self.lookup(name).is_some()
        {
            let message = format!("`{name}` is a variable, not a function");
            self.error(name, Code::Callee, message);
            return None;
        }
        let mut args = Vec::new();
        let mut complete = true;
        for argument in &call.args {
            match self.argument(argument) {
                Some(argument) => args.push(argument),
                None => complete = false,
            }
        }
        if !complete {
            return None;
        }
        let written: Vec<SlotId> = args
            .iter()
            .filter_map(|arg| match arg {
                Arg::Exclusive { place, .. } => Some(place.root),
                Arg::Shared { .. } | Arg::Value(_) => None,
            })
            .collect();
        if written.is_empty() && args.iter().all(|argument| self.is_constant(argument)) {
            let opaque = self.opaque(&Expr::Call(call.clone()));
            return Some(Rhs::Constant(opaque.into()));
        }
        for (at, (argument, expr)) in args.iter().zip(&call.args).enumerate() {
            let root = |arg: &Arg| match arg {
                Arg::Shared { place, .. } | Arg::Exclusive { place, .. } => Some(place.root),
                Arg::Value(_) => None,
            };
            let shares = |other: &Arg| root(other).is_some() && root(other) == root(argument);
            let both = args[..at].iter().any(shares);
            if both && root(argument).is_some_and(|root| written.contains(&root)) {
                let message = "another part of the same variable is an argument already, and one of \
                               them is written: the gradient would have to borrow the variable twice; \
                               pass a copy of one of them";
                self.error(expr, Code::Callee, message);
                return None;
            }
        }
        for (argument, expr) in args.iter_mut().zip(&call.args) {
            self.settle_argument(argument, &written, expr)?;
        }
        if let Some(callee) = associated(&path.path) {
            let wanted = Wanted::Value;
            return Some(Rhs::Call(Call {
                callee,
                args,
                wanted,
            }));
        }
        if let Some(entry) = second_order(&path.path) {
            let message = format!(
                "`{entry}` inside of a differentiable function: what it returns has no derivative here"
            );
            self.error(&call.func, Code::Order, message);
            return None;
        }
        let (callee, wanted) = nested(&path.path);
        let last = callee.segments.last()?;
        let plain = matches!(last.arguments, PathArguments::None) && path.qself.is_none();
        let made = last.ident.to_string().starts_with(char::is_uppercase);
        if !plain || made {
            let name = path.to_token_stream().to_string().replace(' ', "");
            let message = format!("`{name}` cannot be called with a value that is differentiated");
            self.error(&call.func, Code::Callee, message);
            return None;
        }
        let callee = Callee::Path(callee);
        Some(Rhs::Call(Call {
            callee,
            args,
            wanted,
        }))
    }

    /// A method of the user's, called on a place. `written` says that it may change it.
    pub(super) fn method_call(&mut self, call: &ExprMethodCall, written: bool) -> Option<Rhs> {
        let Some(View { place, by_ref, .. }) = self.view(&call.receiver)? else {
            let message = "a method can be called on a variable only; bind the value with `let`";
            self.error(&call.receiver, Code::Callee, message);
            return None;
        };
        let whole = place.path.is_empty() && !place.deref;
        let borrow = !(by_ref && whole && self.slots[place.root.0 as usize].reference);
        let mut args = vec![reference_to(place, written, borrow)];
        for argument in &call.args {
            args.push(self.argument(argument)?);
        }
        let roots: Vec<SlotId> = args
            .iter()
            .filter_map(|arg| match arg {
                Arg::Exclusive { place, .. } => Some(place.root),
                Arg::Shared { .. } | Arg::Value(_) => None,
            })
            .collect();
        for (argument, expr) in args[1..].iter_mut().zip(&call.args) {
            self.settle_argument(argument, &roots, expr)?;
        }
        Some(Rhs::Call(Call {
            callee: Callee::Method(call.method.clone()),
            args,
            wanted: Wanted::Value,
        }))
    }

    /// The reverse of a call runs when what it wrote still has its new content; what was read of
    /// that before the call must be kept.
    fn settle_argument(&mut self, arg: &mut Arg, written: &[SlotId], expr: &Expr) -> Option<()> {
        match arg {
            Arg::Value(value) => {
                let reads = value.leaves.iter().flat_map(|leaf| &leaf.reads);
                if reads.into_iter().any(|slot| written.contains(slot)) {
                    let slot = self.temporary("argument", expr.span(), Rhs::Value(value.clone()));
                    *value = self.whole_value(slot);
                }
            }
            Arg::Shared { place, .. } | Arg::Exclusive { place, .. } => {
                if place.reads.iter().any(|slot| written.contains(slot)) {
                    let message = "this index is changed by the call itself; bind it with `let`";
                    self.error(expr, Code::Callee, message);
                    return None;
                }
            }
        }
        Some(())
    }

    fn argument(&mut self, expr: &Expr) -> Option<Arg> {
        if let Expr::Reference(reference) = expr {
            let exclusive = reference.mutability.is_some();
            if let Some(place) = self.place(&reference.expr)? {
                return Some(reference_to(place, exclusive, true));
            }
            // A value behind a reference, such as `&[x, y]`: it becomes a variable.
            let name = syn::Ident::new("argument", reference.span());
            let slot = self.hidden(&name, None);
            let discrete = self.expr_into(&reference.expr, slot);
            self.slots[slot.0 as usize].discrete = discrete;
            return Some(reference_to(Place::whole(slot), exclusive, true));
        }
        let by_value = self.is_view_by_value(expr);
        if (by_value || self.is_place(expr))
            && let Some(view) = self.view(expr)?
            && view.by_ref
        {
            let whole = view.place.path.is_empty() && !view.place.deref;
            let bare = whole && self.slots[view.place.root.0 as usize].reference;
            let mut argument = reference_to(view.place, view.exclusive, !bare);
            if let Arg::Shared { view, .. } | Arg::Exclusive { view, .. } = &mut argument {
                *view = by_value;
            }
            return Some(argument);
        }
        self.value(expr).map(Arg::Value)
    }

    /// `f64::max` and its kin: the name of the operation.
    pub(super) fn float_function(&self, func: &Expr) -> Option<(String, syn::Ident)> {
        let Expr::Path(path) = func else { return None };
        let mut segments = path.path.segments.iter().rev();
        let (last, ty) = (segments.next()?, segments.next()?);
        (segments.next().is_none() && self.floats.is_name(&ty.ident.to_string()))
            .then(|| (last.ident.to_string(), last.ident.clone()))
    }

    /// Whether an argument can carry no derivative.
    fn is_constant(&self, argument: &Arg) -> bool {
        match argument {
            Arg::Value(value) => value.leaves.iter().all(|leaf| leaf.place.is_none()),
            Arg::Shared { place, .. } | Arg::Exclusive { place, .. } => {
                self.slots[place.root.0 as usize].discrete
            }
        }
    }
}

fn reference_to(place: Place, exclusive: bool, borrow: bool) -> Arg {
    if exclusive {
        Arg::Exclusive {
            place,
            borrow,
            view: false,
        }
    } else {
        Arg::Shared {
            place,
            borrow,
            view: false,
        }
    }
}

/// `Type::function`: the last name but one begins with a capital, and the last does not.
fn associated(path: &syn::Path) -> Option<Callee> {
    let capital = |name: &syn::Ident| name.to_string().starts_with(char::is_uppercase);
    let mut segments = path.segments.iter().rev();
    let (last, of) = (segments.next()?, segments.next()?);
    if capital(&last.ident) || !capital(&of.ident) || !last.arguments.is_none() {
        return None;
    }
    let mut ty = path.clone();
    ty.segments.pop();
    ty.segments.pop_punct();
    Some(Callee::Associated(quote!(#ty), last.ident.clone()))
}

/// The entry point of a companion that takes more than one derivative or yields more than one.
fn second_order(path: &syn::Path) -> Option<&syn::Ident> {
    const ENTRIES: [&str; 6] = [
        "vjp",
        "hvp",
        "hessian",
        "jacobian",
        "value_grad_and_hvp",
        "value_and_grad_into",
    ];
    let last = &path.segments.last()?.ident;
    (path.segments.len() > 1 && ENTRIES.contains(&last.to_string().as_str())).then_some(last)
}

/// Tells `f::grad`, an entry point of the companion of `f`, from a function in a module.
fn nested(path: &syn::Path) -> (syn::Path, Wanted) {
    let wanted = match path.segments.last().map(|last| last.ident.to_string()) {
        Some(name) if name == "grad" => Wanted::Gradient,
        Some(name) if name == "value_and_grad" => Wanted::ValueAndGradient,
        Some(name) if name == "jvp" => Wanted::Directional,
        _ => Wanted::Value,
    };
    if wanted == Wanted::Value || path.segments.len() < 2 {
        return (path.clone(), Wanted::Value);
    }
    let mut companion = path.clone();
    companion.segments.pop();
    companion.segments.pop_punct();
    (companion, wanted)
}
