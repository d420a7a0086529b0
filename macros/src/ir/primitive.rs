//! The primitives: structural tensor operations that are one kernel of the runtime each.
//!
//! A row names the runtime's primitive and says how many operands it reads. What a primitive
//! computes, and how its shape follows, stands in the runtime (`primitive/`); its derivative stands
//! in `autodiff::primitive`. One more operand than it reads gives the shape of the result.
//!
//! Parameters (axes, strides, sizes) are no part of the graph: they are values of the host, given
//! with each instance of the region, and an adjoint gets those of its primal.

macro_rules! primitives {
    ($($(#[$doc:meta])* $variant:ident $symbol:ident $arity:literal $role:ident;)*) => {
        /// A primitive.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum Primitive { $($(#[$doc])* $variant,)* }

        impl Primitive {
            /// Every primitive, in the order of the table.
            pub(crate) const ALL: &'static [Primitive] = &[$(Primitive::$variant,)*];

            /// The name of the runtime's primitive.
            pub(crate) const fn symbol(self) -> &'static str {
                match self { $(Primitive::$variant => stringify!($symbol),)* }
            }

            /// How many operands it reads.
            pub(crate) const fn arity(self) -> usize {
                match self { $(Primitive::$variant => $arity,)* }
            }

            /// Whether it stands for a method, and not in adjoints only.
            pub(crate) fn is_method(self) -> bool {
                match self { $(Primitive::$variant => stringify!($role) == "Method",)* }
            }
        }
    };
}

primitives! {
    /// The nearest `f16`; the cotangent passes as it is. So for the next.
    RoundF16 ROUND_F16 1 Method;
    /// The nearest `bf16`.
    RoundBf16 ROUND_BF16 1 Method;
    /// A strided view, copied: `y[i] = x[offset + i . strides]`.
    View VIEW 1 Method;
    /// Elements put where a view would find them: `y[offset + i . strides] += x[i]`, elsewhere a fill value.
    Place PLACE 1 Method;
    /// The same over zeros: the adjoint of a view.
    PlaceZero PLACE_ZERO 1 Adjoint;
    /// Entries of an axis by labels: `y[.., k.., ..] = x[.., t[k..], ..]`.
    Take TAKE 2 Method;
    /// The adjoint of `Take`: entries added up by label.
    TakeAdd TAKE_ADD 2 Adjoint;
    /// Sums or means of rows by labels: `y[b] = sum_k x[t[b, k]]`.
    Bag BAG 2 Method;
    /// The adjoint of `Bag`.
    BagAdd BAG_ADD 2 Adjoint;
    /// One element per label: `y[i, k, j] = x[i, t[i, k, j], j]`.
    Gather GATHER 2 Method;
    /// The adjoint of `Gather`.
    GatherAdd GATHER_ADD 2 Adjoint;
    /// Entries of an axis by positions of the host.
    Select SELECT 1 Method;
    /// The adjoint of `Select`.
    SelectAdd SELECT_ADD 1 Adjoint;
    /// Weighted sums of entries of an axis.
    Mix MIX 1 Method;
    /// The adjoint of `Mix`.
    MixAdd MIX_ADD 1 Adjoint;
    /// Two tensors joined along an axis.
    Concat CONCAT 2 Method;
    /// The first entries of an axis, as many as the result has.
    Head HEAD 1 Adjoint;
    /// The last entries of an axis, as many as the result has.
    Tail TAIL 1 Adjoint;
    /// The adjoint of `Head`: zeros behind.
    HeadBack HEAD_BACK 1 Adjoint;
    /// The adjoint of `Tail`: zeros before.
    TailBack TAIL_BACK 1 Adjoint;
    /// A convolution.
    Conv CONV 2 Method;
    /// Its adjoint in the input, from the cotangent and the kernel.
    ConvInput CONV_INPUT 2 Adjoint;
    /// Its adjoint in the kernel, from the input and the cotangent.
    ConvKernel CONV_KERNEL 2 Adjoint;
    /// Attention.
    Attention ATTENTION 3 Method;
    /// The gradients of its operands one after another, from those and the cotangent.
    AttentionBack ATTENTION_BACK 4 Adjoint;
    /// The gradient of the queries among those.
    AttentionQueries ATTENTION_QUERIES 1 Adjoint;
    /// The gradient of the keys among those, which the queries say the place of.
    AttentionKeys ATTENTION_KEYS 2 Adjoint;
    /// The gradient of the values among those.
    AttentionValues ATTENTION_VALUES 1 Adjoint;
    /// Groups of elements without mean and deviation.
    Normalize NORMALIZE 1 Method;
    /// Its adjoint, from the operand, the result and the cotangent.
    NormalizeBack NORMALIZE_BACK 3 Adjoint;
    /// The states of an LSTM, which are constants for derivatives.
    Lstm LSTM 4 Method;
    /// Its hidden states, from the states and what they were computed from.
    LstmHidden LSTM_HIDDEN 5 Method;
    /// The cotangents of its gates.
    LstmFlows LSTM_FLOWS 4 Adjoint;
    /// The gradient of its recurrent weights, from states, initial hidden state and flows.
    LstmWeights LSTM_WEIGHTS 3 Adjoint;
    /// The flow to the initial hidden state of a recurrent layer.
    StartHidden START_HIDDEN 1 Adjoint;
    /// The flow to the initial cell.
    StartCell START_CELL 1 Adjoint;
    /// The states of a GRU, which are constants for derivatives.
    Gru GRU 4 Method;
    /// Its hidden states, from the states and what they were computed from.
    GruHidden GRU_HIDDEN 5 Method;
    /// The cotangents of its gates.
    GruFlows GRU_FLOWS 4 Adjoint;
    /// The gradient of its recurrent weights, from states, initial hidden state and flows.
    GruWeights GRU_WEIGHTS 3 Adjoint;
    /// The flows to the products of its inputs.
    GruInputs GRU_INPUTS 1 Adjoint;
    /// The flows to its recurrent products.
    GruProducts GRU_PRODUCTS 1 Adjoint;
    /// The largest element of each window.
    MaxPool MAX_POOL 1 Method;
    /// Its adjoint, from the operand, the result and the cotangent.
    MaxPoolBack MAX_POOL_BACK 3 Adjoint;
    /// Its tangent, from the operand, the result and the operand's tangent.
    MaxPoolTangent MAX_POOL_TANGENT 3 Adjoint;
    /// The mean of each window.
    MeanPool MEAN_POOL 1 Method;
    /// Its adjoint.
    MeanPoolBack MEAN_POOL_BACK 1 Adjoint;
    /// The part of each matrix on one side of a diagonal; 0 elsewhere.
    Triangle TRIANGLE 1 Method;
    /// 1 at each label's class, 0 elsewhere.
    OneHot ONE_HOT 1 Method;
    /// Labels as numbers.
    Floats FLOATS 1 Method;
    /// The position of the largest entry along an axis.
    ArgMax ARG_MAX 1 Method;
    /// The position of the smallest entry along an axis.
    ArgMin ARG_MIN 1 Method;
    /// Waves of positions.
    Waves WAVES 1 Method;
    /// Random numbers from a key.
    Uniform UNIFORM 1 Method;
    /// X with T X = B for a triangle T of the first operand.
    TriangularSolve TRIANGULAR_SOLVE 2 Method;
    /// X with T^T X = B.
    TriangularSolveTransposed TRIANGULAR_SOLVE_TRANSPOSED 2 Method;
    /// The triangle that those read.
    TriangleRead TRIANGLE_READ 1 Adjoint;
    /// The lower triangle mirrored.
    Mirrored MIRRORED 1 Adjoint;
    /// The adjoint of `Mirrored`: what is above the diagonal added below it.
    MirroredBack MIRRORED_BACK 1 Adjoint;
    /// The lower Cholesky factor.
    Cholesky CHOLESKY 1 Method;
    /// X with A X = B.
    Solve SOLVE 2 Method;
    /// The inverse.
    Inverse INVERSE 1 Method;
    /// The determinant.
    Determinant DETERMINANT 1 Method;
    /// The logarithm of the determinant's magnitude.
    LogDeterminant LOG_DETERMINANT 1 Method;
    /// The sign of the determinant.
    SignOfDeterminant SIGN_OF_DETERMINANT 1 Method;
    /// The cofactors.
    Cofactors COFACTORS 1 Adjoint;
    /// The eigenvectors of a symmetric matrix.
    Eigenvectors EIGENVECTORS 1 Method;
    /// The right singular vectors.
    SingularVectors SINGULAR_VECTORS 1 Method;
    /// The Q of QR.
    Orthogonal ORTHOGONAL 1 Method;
    /// The product over axes, which stay with size 1; so for the next three.
    Product PRODUCT 1 Method;
    /// For each element, the product of the others.
    ProductOthers PRODUCT_OTHERS 1 Adjoint;
    /// The adjoint of `ProductOthers`, from the operand and the cotangent.
    ProductOthersBack PRODUCT_OTHERS_BACK 2 Adjoint;
    /// The largest element.
    Maximum MAXIMUM 1 Method;
    /// The smallest element.
    Minimum MINIMUM 1 Method;
    /// `ln sum e^x`
    LogSumExp LOG_SUM_EXP 1 Method;
    /// Running sums along an axis.
    RunningSum RUNNING_SUM 1 Method;
    /// Running sums from the end.
    RunningSumBack RUNNING_SUM_BACK 1 Adjoint;
    /// Running products along an axis.
    RunningProduct RUNNING_PRODUCT 1 Method;
    /// The adjoint of running products, from the operand and the cotangent.
    RunningProductBack RUNNING_PRODUCT_BACK 2 Adjoint;
    /// The tangent of running products, from the operand and its tangent.
    RunningProductTangent RUNNING_PRODUCT_TANGENT 2 Adjoint;
    /// The second derivative of running products, from the operand, a tangent and a cotangent.
    RunningProductSecond RUNNING_PRODUCT_SECOND 3 Adjoint;
    /// Running maxima along an axis.
    RunningMax RUNNING_MAX 1 Method;
    /// The adjoint of running maxima, from the operand and the cotangent.
    RunningMaxBack RUNNING_MAX_BACK 2 Adjoint;
    /// The tangent of running maxima, from the operand and its tangent.
    RunningMaxTangent RUNNING_MAX_TANGENT 2 Adjoint;
    /// Running `ln sum e^x` along an axis.
    RunningLogSumExp RUNNING_LOG_SUM_EXP 1 Method;
    /// Their adjoint, from the operand, the result and the cotangent.
    RunningLogSumExpBack RUNNING_LOG_SUM_EXP_BACK 3 Adjoint;
    /// Their tangent, from the operand, the result and the operand's tangent.
    RunningLogSumExpTangent RUNNING_LOG_SUM_EXP_TANGENT 3 Adjoint;
    /// Sorted entries along an axis.
    Sort SORT 1 Method;
    /// Their adjoint, from the operand and the cotangent.
    SortBack SORT_BACK 2 Adjoint;
    /// The tangent of sorted entries, from the operand and its tangent.
    SortTangent SORT_TANGENT 2 Adjoint;
}
