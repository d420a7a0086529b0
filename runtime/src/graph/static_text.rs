//! Text built while a constant is evaluated: the words of a compile-time shape error.

use super::dims::Dim;
use super::static_dim::StaticDim;
use super::static_shape::StaticShape;

/// As much as an error ever says; what is longer is cut.
const BYTES: usize = 512;

/// A text under construction.
pub(super) struct Text {
    bytes: [u8; BYTES],
    len: usize,
}

impl Text {
    pub(super) const fn new() -> Text {
        Text {
            bytes: [0; BYTES],
            len: 0,
        }
    }

    pub(super) const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut k = 0;
        // A name that is cut in the middle of a character would not be a text any more.
        if self.len + text.len() > BYTES {
            return;
        }
        while k < text.len() {
            self.bytes[self.len] = text[k];
            self.len += 1;
            k += 1;
        }
    }

    pub(super) const fn number(&mut self, number: isize) {
        if number < 0 {
            self.push("-");
        }
        let mut rest = number.unsigned_abs();
        let mut digits = [0_u8; 20];
        let mut count = 0;
        loop {
            #[allow(clippy::cast_possible_truncation, reason = "a digit")]
            {
                digits[count] = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        while count > 0 && self.len < BYTES {
            count -= 1;
            self.bytes[self.len] = digits[count];
            self.len += 1;
        }
    }

    /// `2 * H + 1`, without the tensor it comes from.
    const fn bare_dim(&mut self, dim: Option<StaticDim>) {
        let Some(dim) = dim else {
            self.push("_");
            return;
        };
        match dim.dim {
            #[allow(clippy::cast_possible_wrap, reason = "a size")]
            Dim::Size(size) => self.number(size as isize),
            Dim::Rest => self.push(".."),
            Dim::Name {
                name,
                factor,
                offset,
            } => {
                if factor != 1 {
                    self.number(factor);
                    self.push(" * ");
                }
                self.push(name);
                if offset > 0 {
                    self.push(" + ");
                    self.number(offset);
                } else if offset < 0 {
                    self.push(" - ");
                    self.number(-offset);
                }
            }
        }
    }

    /// A dimension and the tensor that brought it in.
    pub(super) const fn dim(&mut self, dim: Option<StaticDim>) {
        self.bare_dim(dim);
        if let Some(dim) = dim
            && !dim.of.is_empty()
        {
            self.push(" (of `");
            self.push(dim.of);
            self.push("`)");
        }
    }

    pub(super) const fn shape(&mut self, shape: &StaticShape) {
        let Some(rank) = shape.rank else {
            self.push("[..]");
            return;
        };
        self.push("[");
        let mut axis = 0;
        while axis < rank {
            if axis > 0 {
                self.push(", ");
            }
            self.bare_dim(shape.dims[axis]);
            axis += 1;
        }
        self.push("]");
    }

    /// "`matmul` of [B, 784] and [H, 10]"
    pub(super) const fn operands(&mut self, what: &str, operands: &[StaticShape]) {
        self.push("`");
        self.push(what);
        self.push("`");
        let mut k = 0;
        while k < operands.len() {
            self.push(if k == 0 { " of " } else { " and " });
            self.shape(&operands[k]);
            k += 1;
        }
    }

    pub(super) const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "shapes do not fit",
        }
    }
}
