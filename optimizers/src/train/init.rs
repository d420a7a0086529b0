//! Initialisation by seed over a structure of leaves, by leaf path.
//!
//! Every leaf draws from a stream of its own, named by its path: adding a layer changes no other.
//! A leaf of rank 2 is `[fan_in, fan_out]`, as in `x.matmul(w)`; one of higher rank is a
//! convolution kernel `[out, in, ..]`, whose fans are multiplied by the size of its window.

use cotangent_runtime::{LeafViewMut, Leaves, Path};
use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::random::Random;
use crate::{Error, LeafInfo};

/// How the elements of a leaf are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Init {
    /// This value everywhere.
    Constant(f64),
    /// Normal with this deviation.
    Normal(f64),
    /// Uniform from minus this bound to the bound.
    Uniform(f64),
    /// Normal, cut at two of its deviations and scaled so that the result has this deviation.
    TruncatedNormal(f64),
    /// Normal with deviation `sqrt(2 / fan_in)` (He et al. 2015), for relu.
    He,
    /// Uniform with the deviation of [`Init::He`].
    HeUniform,
    /// Normal with deviation `sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio 2010), for tanh.
    Xavier,
    /// Uniform with the deviation of [`Init::Xavier`].
    XavierUniform,
    /// Normal with deviation `sqrt(1 / fan_in)` (LeCun et al. 1998).
    LeCun,
    /// Uniform with the deviation of [`Init::LeCun`].
    LeCunUniform,
    /// Rows or columns, whichever are fewer, orthogonal and of this length (Saxe et al. 2014); axes
    /// after the first count as one.
    Orthogonal(f64),
}

/// The deviation of a standard normal variable that is cut at -2 and 2.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Fills leaves of rank 2 and more by `scheme`, and all others with 0.
///
/// ```
/// use cotangent_optimizers::{Init, init};
/// let mut biases = vec![1.0_f32; 3];
/// init(&mut biases, Init::He, 42);
/// assert_eq!(biases, [0.0; 3]);
/// ```
pub fn init(model: &mut impl Leaves, scheme: Init, seed: u64) {
    Initializer::new(seed).weights(scheme).fill(model);
}

/// Initialises a model by rules over leaf paths.
///
/// ```
/// use cotangent_optimizers::train::{Init, Initializer};
/// let mut model = vec![vec![0.0_f64; 2]; 3];
/// Initializer::new(7).set("1", Init::Constant(0.5)).apply(&mut model)?;
/// assert_eq!(model, [[0.0; 2], [0.5; 2], [0.0; 2]]);
/// let wrong = Initializer::new(7).set("head.*", Init::He).apply(&mut model);
/// assert!(wrong.unwrap_err().to_string().contains("matches no leaf"));
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Debug)]
pub struct Initializer {
    seed: u64,
    weights: Init,
    vectors: Init,
    rules: Vec<(Filter, Init)>,
}

impl Initializer {
    /// He for leaves of rank 2 and more, 0 for all others.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            weights: Init::He,
            vectors: Init::Constant(0.0),
            rules: Vec::new(),
        }
    }

    /// The scheme of leaves of rank 2 and more for which no rule is set.
    #[must_use]
    pub fn weights(mut self, scheme: Init) -> Self {
        self.weights = scheme;
        self
    }

    /// The scheme of leaves of rank 0 and 1 for which no rule is set.
    #[must_use]
    pub fn vectors(mut self, scheme: Init) -> Self {
        self.vectors = scheme;
        self
    }

    /// The scheme of leaves whose path matches; `*` stands for any text, and a later rule wins.
    #[must_use]
    pub fn set(mut self, pattern: &str, scheme: Init) -> Self {
        self.rules
            .push((Filter::Pattern(pattern.to_owned()), scheme));
        self
    }

    /// Fills every leaf.
    ///
    /// # Errors
    /// When a scheme has a negative or undefined number, or the pattern of a rule matches no leaf;
    /// nothing is changed then.
    pub fn apply(&self, model: &mut impl Leaves) -> Result<(), Error> {
        for scheme in self.schemes() {
            scheme.validate()?;
        }
        let mut paths: Vec<(String, Vec<usize>)> = Vec::new();
        model.leaves(&Path::Root, &mut |path, leaf| {
            paths.push((path.to_string(), leaf.shape.to_vec()));
        });
        for (filter, _) in &self.rules {
            let mut leaves = paths.iter();
            if !leaves.any(|(path, shape)| filter.matches(&LeafInfo { path, shape })) {
                let paths: Vec<&str> = paths.iter().map(|(path, _)| path.as_str()).collect();
                return Err(filter.unmatched("initialisation", &paths));
            }
        }
        self.fill(model);
        Ok(())
    }

    fn schemes(&self) -> impl Iterator<Item = Init> {
        let set = self.rules.iter().map(|(_, scheme)| *scheme);
        set.chain([self.weights, self.vectors])
    }

    fn fill(&self, model: &mut impl Leaves) {
        model.leaves_mut(&Path::Root, &mut |path, leaf| {
            let path = path.to_string();
            let info = LeafInfo {
                path: &path,
                shape: leaf.shape,
            };
            let rule = self.rules.iter().rfind(|(filter, _)| filter.matches(&info));
            let default = if leaf.shape.len() < 2 {
                self.vectors
            } else {
                self.weights
            };
            let scheme = rule.map_or(default, |(_, scheme)| *scheme);
            scheme.fill(leaf, &mut Random::named(self.seed, &path));
        });
    }
}

impl Init {
    fn validate(self) -> Result<(), Error> {
        let fault = match self {
            Init::Constant(value) if !value.is_finite() => value,
            Init::Normal(x) | Init::Uniform(x) | Init::TruncatedNormal(x) | Init::Orthogonal(x)
                if !x.is_finite() || x < 0.0 =>
            {
                x
            }
            _ => return Ok(()),
        };
        Err(Error::configuration(format!(
            "the initialisation {self:?} can't be used: {fault} must be finite, and at least 0 where \
             it is a scale"
        )))
    }

    fn fill(self, leaf: LeafViewMut<'_>, random: &mut Random) {
        let (fan_in, fan_out) = fans(leaf.shape);
        let (he, xavier, lecun) = (
            (2.0 / fan_in).sqrt(),
            (2.0 / (fan_in + fan_out)).sqrt(),
            fan_in.recip().sqrt(),
        );
        let normal = |random: &mut Random, deviation: f64| deviation * random.normal();
        let uniform = |random: &mut Random, bound: f64| bound * (2.0 * random.unit() - 1.0);
        // A uniform variable over (-b, b) has the deviation b / sqrt(3).
        let wide = f64::sqrt(3.0);
        match self {
            Init::Constant(value) => write(leaf, || value),
            Init::Normal(deviation) => write(leaf, || normal(random, deviation)),
            Init::Uniform(bound) => write(leaf, || uniform(random, bound)),
            Init::TruncatedNormal(deviation) => {
                write(leaf, || truncated(random) * deviation / TRUNCATED_DEVIATION);
            }
            Init::He => write(leaf, || normal(random, he)),
            Init::HeUniform => write(leaf, || uniform(random, wide * he)),
            Init::Xavier => write(leaf, || normal(random, xavier)),
            Init::XavierUniform => write(leaf, || uniform(random, wide * xavier)),
            Init::LeCun => write(leaf, || normal(random, lecun)),
            Init::LeCunUniform => write(leaf, || uniform(random, wide * lecun)),
            Init::Orthogonal(gain) => {
                let rows = leaf.shape.first().copied().unwrap_or(1);
                let columns = leaf.shape.iter().skip(1).product();
                let mut values = orthogonal(rows, columns, random).into_iter();
                write(leaf, || gain * values.next().unwrap_or_default());
            }
        }
    }
}

/// `(fan_in, fan_out)` of a leaf; 1 where a leaf has no such axis.
fn fans(shape: &[usize]) -> (f64, f64) {
    let (fan_in, fan_out) = match shape {
        [] => (1, 1),
        [only] => (*only, *only),
        [rows, columns] => (*rows, *columns),
        [out, inputs, window @ ..] => {
            let window: usize = window.iter().product();
            (inputs * window, out * window)
        }
    };
    (fan_in.max(1) as f64, fan_out.max(1) as f64)
}

fn write(mut leaf: LeafViewMut<'_>, mut draw: impl FnMut() -> f64) {
    leaf.data.update(|_| draw());
}

/// A standard normal number between -2 and 2; one draw in 22 is thrown away.
fn truncated(random: &mut Random) -> f64 {
    loop {
        let draw = random.normal();
        if draw.abs() <= 2.0 {
            return draw;
        }
    }
}

/// A row-major matrix whose rows (or columns, if they are fewer) are orthonormal, uniform over all
/// such: Gram and Schmidt on normal vectors, done twice because once loses digits.
fn orthogonal(rows: usize, columns: usize, random: &mut Random) -> Vec<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut vector: Vec<f64> = (0..length).map(|_| random.normal()).collect();
        for known in basis.iter().chain(&basis) {
            let overlap: f64 = known.iter().zip(&vector).map(|(a, b)| a * b).sum();
            for (x, k) in vector.iter_mut().zip(known) {
                *x -= overlap * k;
            }
        }
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        basis.push(vector);
    }
    let at = |row: usize, column: usize| {
        if rows <= columns {
            basis[row][column]
        } else {
            basis[column][row]
        }
    };
    (0..rows * columns)
        .map(|index| at(index / columns, index % columns))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fans_follow_the_conventions() {
        // The golden table of torch has `[out, in]` for matrices, hence our shape is the reverse.
        assert_eq!(fans(&[32, 64]), (32.0, 64.0));
        assert_eq!(fans(&[16, 8, 3, 3]), (72.0, 144.0));
        assert_eq!(fans(&[1, 10]), (1.0, 10.0));
        assert_eq!(fans(&[0, 4]), (1.0, 4.0));
    }

    #[test]
    fn orthogonal_matrices_are_orthogonal_on_their_shorter_side() {
        for (rows, columns) in [(5, 5), (3, 8), (8, 3), (1, 4), (4, 1)] {
            let matrix = orthogonal(rows, columns, &mut Random::new(1));
            let short = rows.min(columns);
            let long = rows.max(columns);
            let (step, stride) = if rows <= columns {
                (columns, 1)
            } else {
                (1, columns)
            };
            for i in 0..short {
                for j in 0..short {
                    let dot: f64 = (0..long)
                        .map(|k| matrix[i * step + k * stride] * matrix[j * step + k * stride])
                        .sum();
                    let want = f64::from(u8::from(i == j));
                    assert!((dot - want).abs() < 1e-14, "{rows}x{columns}: {dot}");
                }
            }
        }
    }
}
