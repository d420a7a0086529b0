//! Measurements; a package of its own, so that the examples never build `criterion`.
