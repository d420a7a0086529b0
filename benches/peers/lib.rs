//! Cotangent beside other crates; the measurements are benches.
