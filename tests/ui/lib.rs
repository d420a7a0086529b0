//! Error texts as users see them; a package of its own, so that the examples never build `trybuild`.
