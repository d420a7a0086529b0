//! Reductions over axes, and running ones along an axis.
//!
//! `name_axis(axes)` removes the axes and `name_axis_keep(axes)` leaves them with size 1; `axes` is
//! `1`, `-1`, `[0, 2]`, or `..` for all of them.

use super::both;
use crate::axes::{Over, position};
use crate::primitive::{
    ARG_MAX, ARG_MIN, LOG_SUM_EXP, MAXIMUM, MINIMUM, PRODUCT, RUNNING_LOG_SUM_EXP, RUNNING_MAX,
    RUNNING_PRODUCT, RUNNING_SUM, SORT,
};

fn signed(axes: &[usize]) -> Vec<i64> {
    axes.iter().map(|&axis| axis as i64).collect()
}

/// Gives each reduction its two forms: one that keeps the axes, from its body, and one that drops
/// them.
macro_rules! reductions {
    ($($doc:literal $name:ident $keep:ident |$x:ident $(, $extra:ident: $ty:ty)?| $axes:ident $body:expr;)*) => {
        both! {$(
            #[doc = concat!($doc, " over axes, which vanish.")]
            #[must_use]
            #[track_caller]
            pub fn $name(&self, axes: impl Into<Over> $(, $extra: $ty)?) -> Self {
                let $x = self;
                match axes.into().resolve($x.sizes().len()) {
                    Ok($axes) => {
                        let kept = $body;
                        kept.without(&$axes)
                    }
                    Err(why) => $x.refuse(stringify!($name), why),
                }
            }

            #[doc = concat!($doc, " over axes, which stay with size 1.")]
            #[must_use]
            #[track_caller]
            pub fn $keep(&self, axes: impl Into<Over> $(, $extra: $ty)?) -> Self {
                let $x = self;
                match axes.into().resolve($x.sizes().len()) {
                    Ok($axes) => $body,
                    Err(why) => $x.refuse(stringify!($keep), why),
                }
            }
        )*}
    };
}

reductions! {
    "The sum" sum_axis sum_axis_keep |x| axes x.sum_kept(&signed(&axes));
    "The mean; an error over an empty axis" mean_axis mean_axis_keep |x| axes
        x.filled_along("mean_axis", &axes).sum_kept(&signed(&axes)).times(x.share(&axes));
    "The product" prod_axis prod_axis_keep |x| axes
        x.call("prod_axis", &PRODUCT, &[], &signed(&axes));
    "The largest element, of which ties share the derivative evenly; an error over an empty axis"
        max_axis max_axis_keep |x| axes
        x.filled_along("max_axis", &axes).call("max_axis", &MAXIMUM, &[], &signed(&axes));
    "The smallest element, of which ties share the derivative evenly; an error over an empty axis"
        min_axis min_axis_keep |x| axes
        x.filled_along("min_axis", &axes).call("min_axis", &MINIMUM, &[], &signed(&axes));
    "1 where any element is not 0, else 0, without a derivative"
        any_axis any_axis_keep |x| axes match x.of_nothing(&axes, 0.0) {
            Some(none) => none,
            None => x.truth().call("any_axis", &MAXIMUM, &[], &signed(&axes)),
        };
    "1 where every element is not 0, else 0, without a derivative"
        all_axis all_axis_keep |x| axes match x.of_nothing(&axes, 1.0) {
            Some(all) => all,
            None => x.truth().call("all_axis", &MINIMUM, &[], &signed(&axes)),
        };
    "`ln sum e^x` without overflow" logsumexp_axis logsumexp_axis_keep |x| axes
        x.call("logsumexp_axis", &LOG_SUM_EXP, &[], &signed(&axes));
    "The variance `mean (x - mean)^2`, or with divisor `n - correction`; an error over an empty axis"
        var_axis var_axis_keep |x, correction: usize| axes {
            let x = &x.filled_along("var_axis", &axes);
            let count: usize = axes.iter().map(|&axis| x.sizes()[axis]).product();
            let centred = x - x.sum_kept(&signed(&axes)).times(x.share(&axes));
            let divisor = count as f64 - correction as f64;
            (&centred * &centred).sum_kept(&signed(&axes)).times(1.0 / divisor)
        };
    "The square root of the variance, with derivative 0 where it is 0"
        std_axis std_axis_keep |x, correction: usize| axes {
            let kept: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
            x.var_axis_keep(&kept, correction).safe_sqrt()
        };
    "The Euclidean norm `sqrt sum x^2`, without overflow and with derivative 0 at 0"
        norm_axis norm_axis_keep |x| axes match x.of_nothing(&axes, 0.0) {
            Some(zero) => zero,
            None => {
                let largest = x.abs().call("norm_axis", &MAXIMUM, &[], &signed(&axes));
                // A scale that is neither 0 nor infinite; its choice does not change the result.
                let scale = largest.scale();
                let scaled = x / &scale;
                (&scaled * &scaled).sum_kept(&signed(&axes)).safe_sqrt() * &scale
            }
        };
}

both! {
    /// This tensor, where there is something along the axes: nothing has neither a mean nor an extreme.
    #[track_caller]
    fn filled_along(&self, what: &'static str, axes: &[usize]) -> Self {
        let sizes = self.sizes();
        match axes.iter().find(|&&axis| sizes[axis] == 0) {
            Some(axis) => self.refuse(what, format!("axis {axis} is empty, and nothing has no such value")),
            None => self.clone(),
        }
    }

    /// The reduction over axes of which one is empty, by the value that nothing has.
    #[track_caller]
    fn of_nothing(&self, axes: &[usize], value: f64) -> Option<Self> {
        let mut kept = self.sizes();
        let empty = axes.iter().any(|&axis| kept[axis] == 0);
        axes.iter().for_each(|&axis| kept[axis] = 1);
        empty.then(|| self.filled(&kept, value))
    }

    /// 1 over the number of elements along axes.
    fn share(&self, axes: &[usize]) -> f64 {
        let sizes = self.sizes();
        1.0 / axes.iter().map(|&axis| sizes[axis]).product::<usize>() as f64
    }

    #[track_caller]
    fn scanned(
        &self,
        what: &'static str,
        op: &'static crate::primitive::Primitive,
        axis: isize,
    ) -> Self {
        match position(axis, self.sizes().len()) {
            Ok(axis) => self.call(what, op, &[], &[axis as i64]),
            Err(why) => self.refuse(what, why),
        }
    }

    /// The running sum along an axis.
    #[must_use]
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        self.scanned("cumsum", &RUNNING_SUM, axis)
    }

    /// The running product along an axis.
    #[must_use]
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Self {
        self.scanned("cumprod", &RUNNING_PRODUCT, axis)
    }

    /// The running maximum along an axis; the derivative of a tie goes to its first element.
    #[must_use]
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> Self {
        self.scanned("cummax", &RUNNING_MAX, axis)
    }

    /// The running `ln sum e^x` along an axis.
    #[must_use]
    #[track_caller]
    pub fn cumlogsumexp(&self, axis: isize) -> Self {
        self.scanned("cumlogsumexp", &RUNNING_LOG_SUM_EXP, axis)
    }

    /// The entries of each line along an axis in ascending order, NaN last.
    #[must_use]
    #[track_caller]
    pub fn sort(&self, axis: isize) -> Self {
        self.scanned("sort", &SORT, axis)
    }

    /// The k largest entries of each line along an axis, in descending order.
    #[must_use]
    #[track_caller]
    pub fn top_k(&self, axis: isize, k: usize) -> Self {
        self.sort(axis).flip(axis).slice(axis, ..k)
    }

    /// The value below which the share q of the entries of each line lies, interpolated linearly at
    /// position `q (n - 1)` of the sorted entries; the axis vanishes.
    #[must_use]
    #[track_caller]
    pub fn quantile_axis(&self, axis: isize, q: f64) -> Self {
        let sizes = self.sizes();
        let size = match position(axis, sizes.len()) {
            Ok(axis) => sizes[axis],
            Err(why) => return self.refuse("quantile_axis", why),
        };
        if size == 0 || !(0.0..=1.0).contains(&q) {
            let why = format!("there is no quantile {q} of {size} entries");
            return self.refuse("quantile_axis", why);
        }
        let place = q * (size - 1) as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        let sorted = self.sort(axis);
        let below = sorted.index_axis(axis, low);
        if part == 0.0 {
            return below;
        }
        let above = sorted.index_axis(axis, low + 1);
        below.times(1.0 - part) + above.times(part)
    }

    /// The middle of the sorted entries of each line, or the mean of the two; the axis vanishes.
    #[must_use]
    #[track_caller]
    pub fn median_axis(&self, axis: isize) -> Self {
        self.quantile_axis(axis, 0.5)
    }

    /// The position of the largest entry of each line along an axis, which vanishes: the first one of
    /// a tie, the first NaN if there is one. A number that carries no derivative; compare it with
    /// labels by `labels.to_float()`.
    #[must_use]
    #[track_caller]
    pub fn argmax_axis(&self, axis: isize) -> Self {
        self.extreme("argmax_axis", &ARG_MAX, axis)
    }

    /// As [`argmax_axis`](Self::argmax_axis), of the smallest entry.
    #[must_use]
    #[track_caller]
    pub fn argmin_axis(&self, axis: isize) -> Self {
        self.extreme("argmin_axis", &ARG_MIN, axis)
    }

    #[track_caller]
    fn extreme(
        &self,
        what: &'static str,
        op: &'static crate::primitive::Primitive,
        axis: isize,
    ) -> Self {
        match position(axis, self.sizes().len()) {
            Ok(axis) => self.call(what, op, &[], &[axis as i64]).without(&[axis]),
            Err(why) => self.refuse(what, why),
        }
    }
}
