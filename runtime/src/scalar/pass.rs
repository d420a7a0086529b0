//! Which pass of a function its generated code is compiled for.

/// Runs, and leaves on the tape what the reverse pass reads.
pub const FORWARD: u8 = 0;
/// Finds on the tape what the forward pass left, and hands cotangents on.
pub const REVERSE: u8 = 1;
/// Runs forwards and then backwards, in one frame.
pub const BOTH: u8 = 2;
