//! Which pass of a function its generated code is compiled for.

/// Runs, and leaves on the tape what the reverse pass reads.
pub const FORWARD: u8 = 0;
/// Finds on the tape what the forward pass left, and hands cotangents on.
pub const REVERSE: u8 = 1;
/// Runs forwards and then backwards, in one frame.
pub const BOTH: u8 = 2;
/// [`FORWARD`] for a caller that does not want back what it has lent.
pub const FORWARD_LOSING: u8 = 3;
/// The [`REVERSE`] that belongs to it: what `&mut` parameters held comes back only if the function
/// reads it itself.
pub const REVERSE_LOSING: u8 = 4;

/// Whether a pass runs the function.
pub const fn runs(pass: u8) -> bool {
    matches!(pass, FORWARD | BOTH | FORWARD_LOSING)
}

/// Whether a pass goes backwards.
pub const fn reverses(pass: u8) -> bool {
    matches!(pass, REVERSE | BOTH | REVERSE_LOSING)
}

/// Whether what `&mut` parameters held comes back.
pub const fn keeps(pass: u8) -> bool {
    matches!(pass, FORWARD | REVERSE | BOTH)
}
