//! Convolution without a copy of all windows: forward, and the gradients of input and kernel.
//!
//! An image is copied once into padded *planes*, so that neither padding nor stride nor dilation is a
//! special case: with a stride of s, coordinates that leave the same rest modulo s lie side by side.
//! There the elements that one tap of the kernel meets at successive places are contiguous, and a
//! convolution is a matrix product whose right operand is read at one offset for each tap (`tile`). A row of
//! results ends in places that belong to no result, where the kernel would overlap two rows; they
//! are computed and dropped.
//!
//! Everything here is over two spatial axes; one axis is two of which the first has size 1. Nothing
//! is allocated: callers lend a `Workspace` of `Geometry::scratch_bytes`.

mod input;
mod kernels;
mod output;
mod pack;
mod plane;
mod tile;
mod weight;

pub(crate) use kernels::Planes;

/// Elements beyond a plane and a result that whole tiles may touch.
const SLACK: usize = tile::MOST_LANES * tile::MOST_VECTORS;
/// Bytes of planes, and of results, that are worked on at once: both stay in a second-level cache.
const BLOCK_BYTES: usize = 128 * 1024;

/// The sizes of a convolution. Arrays hold rows, then columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Geometry {
    batch: usize,
    groups: usize,
    /// Channels of a group: of the input, and of the output.
    inputs: usize,
    outputs: usize,
    image: [usize; 2],
    kernel: [usize; 2],
    places: [usize; 2],
    stride: [usize; 2],
    /// Zeros before each axis.
    before: [usize; 2],
    dilation: [usize; 2],
}

impl Geometry {
    /// The sizes for an input `[N, C, L..]` and a kernel `[O, C / groups, K..]` with one or two spatial
    /// axes. Parameters: for each axis stride, zeros before, zeros after, dilation; then the groups.
    pub(crate) fn new(input: &[usize], kernel: &[usize], args: &[i64]) -> Result<Geometry, String> {
        let (axes, groups) = ((args.len() - 1) / 4, number(args[args.len() - 1]));
        let fits = (1..=2).contains(&axes)
            && input.len() == axes + 2
            && kernel.len() == axes + 2
            && groups > 0
            && input[1] == kernel[1] * groups
            && kernel[0].is_multiple_of(groups);
        if !fits {
            return Err(format!(
                "it needs [N, C, L..] and a kernel [O, C / {groups}, K..] with {axes} spatial axes; the kernel is {kernel:?}"
            ));
        }
        let mut geometry = Geometry {
            batch: input[0],
            groups,
            inputs: kernel[1],
            outputs: kernel[0] / groups,
            image: [1; 2],
            kernel: [1; 2],
            places: [1; 2],
            stride: [1; 2],
            before: [0; 2],
            dilation: [1; 2],
        };
        for (axis, given) in args[..4 * axes].chunks_exact(4).enumerate() {
            let [stride, before, after, dilation] = [0, 1, 2, 3].map(|k| number(given[k]));
            let (size, window) = (input[axis + 2], kernel[axis + 2]);
            let padded = size.saturating_add(before).saturating_add(after);
            let reach = (window.saturating_sub(1))
                .saturating_mul(dilation)
                .saturating_add(1);
            if stride == 0 || window == 0 || dilation == 0 || reach > padded {
                return Err(format!(
                    "a kernel of {window} with dilation {dilation} and stride {stride} does not fit an axis of size {padded}"
                ));
            }
            let at = axis + 2 - axes;
            geometry.image[at] = size;
            geometry.kernel[at] = window;
            geometry.places[at] = (padded - reach) / stride + 1;
            geometry.stride[at] = stride;
            geometry.before[at] = before;
            geometry.dilation[at] = dilation;
        }
        Ok(geometry)
    }

    /// The shape of the output for an input and a kernel.
    pub(crate) fn infer(shapes: &[&[usize]], args: &[i64]) -> Result<Vec<usize>, String> {
        let geometry = Geometry::new(shapes[0], shapes[1], args)?;
        let axes = shapes[0].len() - 2;
        let channels = geometry.groups * geometry.outputs;
        Ok([&[geometry.batch, channels], &geometry.places[2 - axes..]].concat())
    }

    /// Taps of the kernel for one pair of channels.
    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// How far the last tap of an axis lies from the first, in places.
    fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] / self.stride[axis]
    }

    /// The taps of an axis that meet a rest modulo the stride: the first, the step between them, and how
    /// many there are.
    fn taps_of(&self, axis: usize, rest: usize) -> (usize, usize, usize) {
        let (stride, dilation) = (self.stride[axis], self.dilation[axis]);
        let step = stride / gcd(stride, dilation);
        match (0..step).find(|&tap| self.tap(axis, tap).0 == rest) {
            Some(first) => (
                first,
                step,
                self.kernel[axis].saturating_sub(first).div_ceil(step),
            ),
            None => (0, step, 0),
        }
    }

    /// The rest modulo the stride that a tap meets, and how many places it lies from the first.
    fn tap(&self, axis: usize, tap: usize) -> (usize, usize) {
        let at = tap * self.dilation[axis];
        (at % self.stride[axis], at / self.stride[axis])
    }

    /// Whether there is nothing to sum.
    fn empty(&self) -> bool {
        self.batch == 0 || self.inputs == 0 || self.outputs == 0 || self.image.contains(&0)
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A parameter that is a size; negative ones count as 0, which no stride may be.
fn number(arg: i64) -> usize {
    usize::try_from(arg).unwrap_or(0)
}

#[cfg(test)]
mod tests;
