//! How a product is computed: decided once, from its shape and the caches of a machine of today.

use super::super::threads::threads;
use super::kernels::{Kernels, Tiles, WIDE, WIDTH};
use super::pack::{Strip, crowded};
use super::product::Product;
use super::stored::Stored;

/// The deepest block, in bytes of a row, where both operands are read from end to end: a strip of 12 rows
/// of this depth is 48 KiB.
const DEEP_BYTES: usize = 4096;
/// The deepest block where one of them is read across its rows, each in another line or page.
const DEPTH_BYTES: usize = 1024;
/// Bytes of the packed blocks of the right operand, of all parts together. Panels are read from end to end,
/// which the machine foresees, so a block may exceed the second-level cache; what counts is how many
/// panels a strip serves.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a row within which competing cache lines are looked for.
const NEAR_BYTES: usize = 1024;
/// Bytes of a left operand that is expected to come from the third-level cache: its strips are copied,
/// and fetched while the one before is multiplied.
const FAR_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a right operand that is read in place.
const SMALL_BYTES: usize = 256 * 1024;
/// Bytes of a packed block of a right operand that few strips read: it stays in the second-level cache.
const NEAR_BLOCK_BYTES: usize = 256 * 1024;
/// So few strips don't repay packing the right operand.
const FEW_STRIPS: usize = 8;
/// Products and sums that repay waking a thread, some 20 microseconds of work.
const SHARE: usize = 2_000_000;
/// The most panels of wide tiles for which a far left operand is read in place.
const WIDE_PANELS: usize = 2;
/// The most rows for which tiles are always wide.
const FEW_ROWS: usize = 2;
/// The most rows for which dot products are taken when the right operand runs along k.
const DOT_ROWS: usize = 4;

/// How a product is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    /// Dot products along k.
    Dots,
    /// One tile in place.
    One,
    /// Tiles.
    Tiles { pack_a: bool, pack_b: bool },
}

/// The blocks of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Schedule {
    pub(super) way: Way,
    /// Groups of strips that threads may share.
    pub(super) parts: usize,
    /// Strips of rows.
    pub(super) strips: usize,
    /// Rows of a strip; so many of the first ones have one more.
    pub(super) height: usize,
    pub(super) higher: usize,
    /// Columns of a panel.
    pub(super) panel: usize,
    /// The depth of a block: k in equal parts.
    pub(super) depth: usize,
    /// Columns of a block of the right operand.
    pub(super) block: usize,
    /// The depth to which a block of the right operand is packed: all of k where that fits, so that
    /// rows of the left operand are read from end to end; else one block of the depth.
    pub(super) group: usize,
    /// Elements of a packed strip of the left operand, and of a packed block of the right one.
    pub(super) packed: (usize, usize),
}

impl Schedule {
    /// The schedule for one thread.
    pub(super) fn single<T: Tiles>(product: &Product) -> Schedule {
        Self::of::<T>(product, 1)
    }

    /// The schedule for as many threads as there are and the product is worth.
    pub(super) fn shared<T: Tiles>(product: &Product) -> Schedule {
        let single = Self::single::<T>(product);
        let Product { m, n, k, .. } = *product;
        let worth = m.saturating_mul(n).saturating_mul(k) / SHARE;
        match threads().min(single.strips).min(worth) {
            2.. if single.way == Way::Dots => single,
            parts @ 2.. => Self::of::<T>(product, parts),
            _ => single,
        }
    }

    /// The schedule for `parts` threads.
    pub(super) fn of<T: Tiles>(product: &Product, parts: usize) -> Schedule {
        let kernels = T::kernels(product.isa, product.pairs);
        let Product { m, n, .. } = *product;
        let k = product.steps();
        let element = size_of::<T>();
        let wide = takes_wide_tiles(product, kernels);
        let (vectors, height) = if wide {
            (WIDE, kernels.wide.len())
        } else {
            (WIDTH, kernels.tiles.len())
        };
        let panel = kernels.lanes * vectors;
        let [converts_a, converts_b] = product
            .stored
            .map(|stored| product.pairs || stored != Stored::Own);
        // What is only packed to be converted changes nothing about the depth, and so about the digits.
        let repays = packs_right(product, kernels);
        let deepest = if product.pairs || (repays && product.a.1 == 1) {
            DEEP_BYTES
        } else {
            DEPTH_BYTES
        };
        let depth = k.div_ceil(k.div_ceil(deepest / element).max(1)).max(1);
        let bytes = if converts_b && m <= FEW_STRIPS * kernels.tiles.len() {
            NEAR_BLOCK_BYTES
        } else {
            BLOCK_BYTES / parts
        };
        let most = bytes / element / depth / panel * panel;
        let block = most.max(panel).min(n.max(1));
        let group = if block * k * element <= bytes {
            k.max(1)
        } else {
            depth
        };
        let way = if takes_dots(product) {
            Way::Dots
        } else {
            let pack_a = converts_a || (n > panel && !wide && packs_left(product, kernels));
            let pack_b = converts_b || repays;
            Way::Tiles { pack_a, pack_b }
        };
        let copied = |copied: bool, elements: usize| if copied { elements } else { 0 };
        let packed = match way {
            Way::One => (0, 0),
            Way::Dots => (copied(converts_a, k.next_multiple_of(kernels.lanes)), 0),
            Way::Tiles { pack_a, pack_b } => (
                copied(pack_a, Strip::elements(kernels, depth)),
                copied(pack_b, group * block.next_multiple_of(panel)),
            ),
        };
        let strips = m.div_ceil(height);
        let alone = strips == 1 && n <= panel && k <= depth && packed == (0, 0);
        let way = if alone && way != Way::Dots {
            Way::One
        } else {
            way
        };
        Schedule {
            way,
            parts,
            strips,
            height: m.checked_div(strips).unwrap_or(0),
            higher: m.checked_rem(strips).unwrap_or(0),
            panel,
            depth,
            block,
            group,
            packed,
        }
    }

    /// The first row of a strip.
    pub(super) fn row(&self, strip: usize) -> usize {
        strip * self.height + strip.min(self.higher)
    }

    /// Whether the right operand is packed as one block.
    pub(super) fn packs_right_whole(&self, product: &Product) -> bool {
        self.packed.1 > 0 && self.block >= product.n && self.group >= product.k
    }

    /// Elements of scratch space that the product needs.
    pub(super) fn scratch(&self) -> usize {
        (self.packed.0 + self.packed.1) * self.parts
    }
}

/// Few rows by columns that run along k.
fn takes_dots(product: &Product) -> bool {
    let Product { m, k, a, b, .. } = *product;
    let along_k = |stride: usize| stride == 1 || k == 1;
    !product.pairs && m <= DOT_ROWS && along_k(b.0) && b.1 != 1 && along_k(a.1)
}

/// Whether tiles are wide: for few rows, and where a few panels of them span all columns beside a left operand
/// that is far away: it is read in place then.
fn takes_wide_tiles<T>(product: &Product, kernels: &Kernels<T>) -> bool {
    let Product { m, n, k, .. } = *product;
    let spans = n > WIDTH * kernels.lanes && n <= WIDE_PANELS * WIDE * kernels.lanes;
    let far = m * k * size_of::<T>() > FAR_BYTES;
    m <= FEW_ROWS || (kernels.wide.len() > FEW_ROWS && spans && far && product.a.1 == 1)
}

/// Whether blocks of the right operand are copied.
fn packs_right<T>(product: &Product, kernels: &Kernels<T>) -> bool {
    let Product { m, n, k, b, .. } = *product;
    b.1 != 1
        || product.b_stays
        || (!kernels.masked && !n.is_multiple_of(kernels.lanes))
        || (n * k * size_of::<T>() > SMALL_BYTES && m > FEW_STRIPS * kernels.tiles.len())
}

/// Whether strips of the left operand are copied. A strip is read once for each panel: from where it is,
/// unless that is far away or its lines would compete.
fn packs_left<T>(product: &Product, kernels: &Kernels<T>) -> bool {
    let Product { m, k, a, .. } = *product;
    let (height, element) = (kernels.tiles.len(), size_of::<T>());
    let near = k.min(NEAR_BYTES / element);
    let (runs, run, apart) = if a.1 == 1 {
        (height, near, a.0)
    } else {
        (near, height, a.1)
    };
    m * k * element > FAR_BYTES || crowded(runs, run * element, apart * element)
}
