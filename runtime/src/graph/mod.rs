//! Static regions and what is made of them at run time.

pub mod region;
