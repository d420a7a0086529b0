//! The scalar operations: the one table that both regimes, the printers and the rule table read.
//!
//! A scalar function is built from these operations, and so is the body of every fused tensor
//! kernel. Everything about an operation that is not its derivative stands in its row here; its
//! derivative stands in `autodiff::rules`. Composite functions (`silu`, `gelu`, ..) are not
//! operations: `ir::composite` expands them into rows of this table.

/// What an operation yields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// A floating-point number, the only kind that carries derivatives.
    Float,
    /// An integer: an exponent or an index.
    Int,
    /// The result of a comparison.
    Bool,
    /// The tangent of a float, in any number of directions: only an input is declared so, and
    /// what is computed from a tangent is one.
    Tangent,
}

/// How an operation is written in Rust and in CUDA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// `a + b`, the same in both languages.
    Infix,
    /// `-a` or `!a`.
    Prefix,
    /// A method of f32 and f64 in `std`: `a.sin()`.
    Inherent,
    /// A function of the runtime's `Real` trait that `std` does not have: `Real::sigmoid(a)`.
    Runtime,
    /// `if c { a } else { b }` without a branch: `select(c, a, b)`.
    Select,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident $name:literal $arity:literal $kind:ident $form:ident $cuda:literal;)*) => {
        /// A scalar operation.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub(crate) enum Op { $($(#[$doc])* $variant,)* }

        impl Op {
            /// Every operation, in the order of the table.
            pub(crate) const ALL: &'static [Op] = &[$(Op::$variant,)*];

            /// The name in the text form of the IR, which is the Rust method's or operator's name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Op::$variant => $name,)* }
            }

            /// How many operands it takes.
            pub(crate) const fn arity(self) -> usize {
                match self { $(Op::$variant => $arity,)* }
            }

            /// What it yields.
            pub(crate) const fn kind(self) -> Kind {
                match self { $(Op::$variant => Kind::$kind,)* }
            }

            /// How it is written.
            pub(crate) const fn form(self) -> Form {
                match self { $(Op::$variant => Form::$form,)* }
            }

            /// The CUDA operator, or the CUDA function without its `f` suffix.
            pub(crate) const fn cuda(self) -> &'static str {
                match self { $(Op::$variant => $cuda,)* }
            }
        }
    };
}

operations! {
    /// `-x`
    Neg "-" 1 Float Prefix "-";
    /// `|x|`
    Abs "abs" 1 Float Inherent "fabs";
    /// `e^x`
    Exp "exp" 1 Float Inherent "exp";
    /// `2^x`
    Exp2 "exp2" 1 Float Inherent "exp2";
    /// `e^x - 1`, accurate near 0
    ExpM1 "exp_m1" 1 Float Inherent "expm1";
    /// natural logarithm
    Ln "ln" 1 Float Inherent "log";
    /// logarithm to base 2
    Log2 "log2" 1 Float Inherent "log2";
    /// logarithm to base 10
    Log10 "log10" 1 Float Inherent "log10";
    /// `ln(1 + x)`, accurate near 0
    Ln1p "ln_1p" 1 Float Inherent "log1p";
    /// square root
    Sqrt "sqrt" 1 Float Inherent "sqrt";
    /// real cube root
    Cbrt "cbrt" 1 Float Inherent "cbrt";
    /// `1 / x`
    Recip "recip" 1 Float Inherent "ct_recip";
    /// sine
    Sin "sin" 1 Float Inherent "sin";
    /// cosine
    Cos "cos" 1 Float Inherent "cos";
    /// tangent
    Tan "tan" 1 Float Inherent "tan";
    /// arcsine
    Asin "asin" 1 Float Inherent "asin";
    /// arccosine
    Acos "acos" 1 Float Inherent "acos";
    /// arctangent
    Atan "atan" 1 Float Inherent "atan";
    /// hyperbolic sine
    Sinh "sinh" 1 Float Inherent "sinh";
    /// hyperbolic cosine
    Cosh "cosh" 1 Float Inherent "cosh";
    /// hyperbolic tangent
    Tanh "tanh" 1 Float Inherent "tanh";
    /// inverse hyperbolic sine
    Asinh "asinh" 1 Float Inherent "asinh";
    /// inverse hyperbolic cosine
    Acosh "acosh" 1 Float Inherent "acosh";
    /// inverse hyperbolic tangent
    Atanh "atanh" 1 Float Inherent "atanh";
    /// `1 / (1 + e^-x)`
    Sigmoid "sigmoid" 1 Float Runtime "ct_sigmoid";
    /// `ln(1 + e^x)` without overflow
    Softplus "softplus" 1 Float Runtime "ct_softplus";
    /// the error function
    Erf "erf" 1 Float Runtime "erf";
    /// `1 - erf(x)`, accurate in its tail
    Erfc "erfc" 1 Float Runtime "erfc";
    /// the inverse of the error function
    Erfinv "erfinv" 1 Float Runtime "erfinv";
    /// `ln |Gamma(x)|`
    Lgamma "lgamma" 1 Float Runtime "lgamma";
    /// the derivative of `ln Gamma(x)`
    Digamma "digamma" 1 Float Runtime "ct_digamma";
    /// `e^-|x| I0(x)`, the modified Bessel function of order 0
    BesselI0e "bessel_i0e" 1 Float Runtime "ct_bessel_i0e";
    /// `e^-|x| I1(x)`, the modified Bessel function of order 1
    BesselI1e "bessel_i1e" 1 Float Runtime "ct_bessel_i1e";
    /// `max(x, 0)`
    Relu "relu" 1 Float Runtime "ct_relu";
    /// largest integer not above x
    Floor "floor" 1 Float Inherent "floor";
    /// smallest integer not below x
    Ceil "ceil" 1 Float Inherent "ceil";
    /// nearest integer, ties away from zero
    Round "round" 1 Float Inherent "round";
    /// integer part
    Trunc "trunc" 1 Float Inherent "trunc";
    /// 1 or -1 by the sign bit
    Signum "signum" 1 Float Inherent "ct_signum";
    /// `a + b`
    Add "+" 2 Float Infix "+";
    /// `a - b`
    Sub "-" 2 Float Infix "-";
    /// `a * b`
    Mul "*" 2 Float Infix "*";
    /// `a / b`
    Div "/" 2 Float Infix "/";
    /// `a % b`: the remainder with the sign of a
    Rem "%" 2 Float Infix "fmod";
    /// `a^b`
    Powf "powf" 2 Float Inherent "pow";
    /// `a^n`, n an integer
    Powi "powi" 2 Float Inherent "ct_powi";
    /// derivative number n of `digamma`, n an integer from 1
    Polygamma "polygamma" 2 Float Runtime "ct_polygamma";
    /// the angle of the point (b, a)
    Atan2 "atan2" 2 Float Inherent "atan2";
    /// `sqrt(a^2 + b^2)` without overflow
    Hypot "hypot" 2 Float Inherent "hypot";
    /// the larger one; the other one if one is NaN
    Max "max" 2 Float Inherent "fmax";
    /// the smaller one; the other one if one is NaN
    Min "min" 2 Float Inherent "fmin";
    /// |a| with the sign of b
    Copysign "copysign" 2 Float Inherent "copysign";
    /// `a * b + c`, rounded once
    MulAdd "mul_add" 3 Float Inherent "fma";
    /// `if c { a } else { b }`, both evaluated
    Select "select" 3 Float Select "ct_select";
    /// `a < b`
    Lt "<" 2 Bool Infix "<";
    /// `a <= b`
    Le "<=" 2 Bool Infix "<=";
    /// `a > b`
    Gt ">" 2 Bool Infix ">";
    /// `a >= b`
    Ge ">=" 2 Bool Infix ">=";
    /// `a == b`
    Eq "==" 2 Bool Infix "==";
    /// `a != b`
    Ne "!=" 2 Bool Infix "!=";
    /// both, evaluated without short circuit
    And "&" 2 Bool Infix "&";
    /// either, evaluated without short circuit
    Or "|" 2 Bool Infix "|";
    /// negation of a boolean
    Not "!" 1 Bool Prefix "!";
    /// an integer as a float
    ToFloat "to_float" 1 Float Runtime "ct_float";
    /// an integer minus one: the exponent in the derivative of `powi`
    Decrement "decrement" 1 Int Runtime "ct_decrement";
}

impl Op {
    /// Whether the derivative is told by the result, which is worth keeping because it costs much
    /// more than a few products.
    pub(crate) fn is_worth_keeping(self) -> bool {
        matches!(
            self,
            Op::Exp | Op::Exp2 | Op::ExpM1 | Op::Tanh | Op::Sigmoid | Op::Tan | Op::Cbrt
        )
    }
}

/// Something that straight-line scalar code can be added to: a scalar `Body`, or a tensor `Graph`
/// whose elementwise nodes are scalar operations. Rules and composites are written against it, so
/// that one table serves both regimes and both modes.
pub(crate) trait Build {
    /// A value of the code being built.
    type Id: Copy + PartialEq;

    /// Adds an operation, or an equal value that is already there.
    fn op(&mut self, op: Op, operands: &[Self::Id]) -> Self::Id;

    /// Adds a float constant.
    fn constant(&mut self, value: f64) -> Self::Id;

    /// Adds an integer constant.
    fn integer(&mut self, value: i32) -> Self::Id;

    /// The integer, if the value is a known one.
    fn known_integer(&self, id: Self::Id) -> Option<i32>;
}
